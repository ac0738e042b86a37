/* timers.c: lwIP's timers, each called only while it has something to do (in place of lwIP's core/timeouts.c).
 *
 * lwIP counts in calls: "once per 250 ms" and the like. Here each job runs while its condition holds and its clock
 * stands still otherwise; a job that only lets long times pass is called rarely, several counts at once.
 *   tcp      250 ms   something is unacknowledged, unsent, out of order, opening, closing, delayed or polled
 *            5 s      connections in TIME_WAIT or with keepalive: nothing but long times
 *   dhcp     500 ms   a request is out
 *   lease    at its half, at 7/8, at its end, and between them where a request had no answer
 *   resolver 1 s      for some seconds after an ARP or DNS request for another was seen to leave
 *            30 s     entries of the ARP table and the DNS cache age
 *   fragment 1 s      for as long as a fragment can wait
 * The conditions are looked at before each flush, that is, after each batch of work.
 *
 * Serves lwIP, in its PD; trusts it, and the clock. No peer can make it run more often than the table says.
 */
#include "lib/pd.h"

#include <string.h>

#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/etharp.h"
#include "lwip/ip4_frag.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/prot/dhcp.h"
#include "lwip/prot/dns.h"
#include "lwip/sys.h"
#include "lwip/timeouts.h"
#include "net/ip/internal.h"
#include "net/ip/tcp_hooks.h"
#include "net/ip/turns.h"
#include "timer/client.h"

#define MS 1000000ull
#define S (1000 * MS)

#define TCP_SLOW_PERIOD (5 * S)
#define TCP_SLOW_COUNTS (5000 / TCP_SLOW_INTERVAL)
#define TCP_RTO_MAX (60000 / TCP_SLOW_INTERVAL) /* calls of tcp_slowtmr */
#define RESOLVER_BUSY (12 * S) /* a request is repeated for less long than that without a new one leaving */
#define RESOLVER_SLOW_COUNTS 30
#define FRAGMENT_BUSY ((IP_REASS_MAXAGE + 2) * S)

enum tcp_pace { TCP_IDLE, TCP_SLOW, TCP_FAST };

static struct {
    struct netif *netif;
    bool dhcp_waited;     /* a request was out when this was last looked at */
    uint32_t lease_ticks; /* of lwIP's, that will have passed when the timer rings */
    struct timer tcp, dhcp, lease, resolver, ageing, fragment;
    enum tcp_pace tcp_pace;                  /* as the timer is armed */
    uint64_t resolver_until, fragment_until; /* pd_now_ns() */
} self;

static void start(struct timer *timer, uint64_t period, void (*handler)(void *))
{
    timer_start(timer, pd_now_ns() + period, handler, NULL);
}

/* -- TCP -- */

static bool busy(const struct tcp_pcb *pcb)
{
    return pcb->unacked || pcb->unsent || pcb->refused_data || pcb->ooseq || pcb->poll || pcb->persist_backoff ||
           (pcb->flags & (TF_ACK_DELAY | TF_CLOSEPEND | TF_NAGLEMEMERR)) || pcb->state == SYN_SENT ||
           pcb->state == SYN_RCVD;
}

static bool passes_time(const struct tcp_pcb *pcb)
{
    return (pcb->state != ESTABLISHED && pcb->state != CLOSE_WAIT) || ip_get_option(pcb, SOF_KEEPALIVE);
}

static enum tcp_pace tcp_pace(void)
{
    enum tcp_pace pace = tcp_tw_pcbs ? TCP_SLOW : TCP_IDLE;
    for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next) {
        if (busy(pcb)) {
            return TCP_FAST;
        }
        if (passes_time(pcb)) {
            pace = TCP_SLOW;
        }
    }
    return pace;
}

static void on_tcp(void *context);

static void pace_tcp(void)
{
    enum tcp_pace pace = tcp_pace();
    if (pace > self.tcp_pace) {
        start(&self.tcp, pace == TCP_FAST ? TCP_TMR_INTERVAL * MS : TCP_SLOW_PERIOD, on_tcp);
        self.tcp_pace = pace;
    }
}

static bool lies_before(const struct tcp_seg *a, const struct tcp_seg *b)
{
    return TCP_SEQ_LT(lwip_ntohl(a->tcphdr->seqno), lwip_ntohl(b->tcphdr->seqno));
}

/* Puts what was to be sent again, and has not left since, back before the rest that is unacknowledged. */
static void order_queues(struct tcp_pcb *pcb)
{
    struct tcp_seg *first = pcb->unsent, *last = first;
    if (!first || !pcb->unacked || !lies_before(first, pcb->unacked)) {
        return;
    }
    while (last->next && lies_before(last->next, pcb->unacked)) {
        last = last->next;
    }
    pcb->unsent = last->next;
    pcb->unsent_oversize = pcb->unsent ? pcb->unsent_oversize : 0;
    last->next = pcb->unacked;
    pcb->unacked = first;
}

/* Five things that are to be set right before lwIP 2.2.1's slow timer runs.
 * - A segment that waits for a slot (turns.h) has not been sent: nothing is lost, and no round trip is measured. lwIP
 *   starts both clocks before it tries.
 * - A segment that is sent again lies among the unsent ones. When its acknowledgement comes with a closed window, lwIP
 *   forgets to stop the persist timer although nothing is left to send (RFC 9293 3.8.6.1), and its slow timer asserts
 *   that there is.
 * - The retransmission timeout has no upper limit: a peer that answered late at first and then vanished would hold its
 *   connection for hours. The least limit that RFC 6298 2.5 allows is 60 s.
 * - For a small window the persist timer splits the segment that waits, which it must not do with each (tso.h). It
 *   starts anew while there is no memory to change that.
 * - At a timeout lwIP puts all that is unacknowledged before all that is unsent, also before a fast retransmission that
 *   found neither window nor memory: what the peer waits for would be last. */
static void correct_pcbs(void)
{
    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next) {
        if (pcb->persist_backoff && (!pcb->unsent || pcb->unacked)) {
            pcb->persist_backoff = 0;
        } else if (pcb->persist_backoff && !ip_tso_may_split(pcb)) {
            pcb->persist_cnt = 0;
        }
        if (!pcb->unacked && ip_turns_waits(pcb)) {
            pcb->rtime = -1;
            pcb->rttest = 0;
        }
        if (pcb->rto > TCP_RTO_MAX) {
            pcb->rto = TCP_RTO_MAX;
        }
        if (pcb->rtime + 1 >= pcb->rto) {
            order_queues(pcb);
        }
    }
}

/* tcp_ticks is advanced for the slow turns that were left out. At that pace no round trip is being measured. */
static void on_tcp(void *context)
{
    correct_pcbs();
    if (self.tcp_pace == TCP_FAST) {
        tcp_tmr();
    } else {
        tcp_ticks += TCP_SLOW_COUNTS - 1;
        tcp_slowtmr();
    }
    ip_tso_unblock();
    self.tcp_pace = TCP_IDLE;
    pace_tcp();
}

/* lwIP says so when a connection is new; before_flush looks anyway. */
void tcp_timer_needed(void) {}

/* -- DHCP -- */

static bool dhcp_waits(void)
{
    const struct dhcp *dhcp = netif_dhcp_data(self.netif);
    return dhcp && dhcp->request_timeout > 0;
}

static void on_dhcp(void *context)
{
    dhcp_fine_tmr();
}

/* Ticks until lwIP has something to do about its lease; 0: it has no lease that ends. */
static uint32_t lease_ticks(void)
{
    const struct dhcp *dhcp = netif_dhcp_data(self.netif);
    if (!dhcp || dhcp->state == DHCP_STATE_OFF || !dhcp->t0_timeout) {
        return 0;
    }
    uint32_t ticks = dhcp->t0_timeout - dhcp->lease_used;
    if (dhcp->t2_rebind_time) {
        ticks = LWIP_MIN(ticks, dhcp->t2_rebind_time);
    }
    return dhcp->t1_renew_time ? LWIP_MIN(ticks, dhcp->t1_renew_time) : ticks;
}

static void on_lease(void *context)
{
    for (uint32_t i = 0; i < self.lease_ticks; i++) {
        dhcp_coarse_tmr();
    }
}

/* Anew when a request was answered: then nothing of the lease has been used. */
static void pace_lease(bool request_ended)
{
    bool begins = request_ended && netif_dhcp_data(self.netif)->lease_used == 0;
    if (begins) {
        ip_lease_keep(self.netif);
    }
    uint32_t ticks = begins || !self.lease.armed ? lease_ticks() : 0;
    if (ticks > 0) {
        self.lease_ticks = ticks;
        start(&self.lease, (uint64_t)ticks * DHCP_COARSE_TIMER_MSECS * MS, on_lease);
    }
}

/* -- ARP and DNS -- */

static void on_resolver(void *context)
{
    etharp_tmr();
    dns_tmr();
}

/* Not where a request has left in this very wake-up: its time would be over before an answer could come. */
static void on_ageing(void *context)
{
    bool asks = pd_now_ns() < self.resolver_until;
    for (int i = 0; i < RESOLVER_SLOW_COUNTS && !asks && !self.resolver.armed; i++) {
        on_resolver(NULL);
    }
}

static bool is_udp(const uint8_t *frame)
{
    return frame[12] == 0x08 && frame[13] == 0x00 && frame[14] == 0x45 && frame[23] == IP_PROTO_UDP;
}

/* Asks for another's address; one for our own only tells that we have it. Operation at 20, sender at 28, target at 38. */
static bool is_arp_request(const uint8_t *frame)
{
    return frame[12] == 0x08 && frame[13] == 0x06 && frame[21] == 1 && memcmp(frame + 28, frame + 38, 4) != 0;
}

/* Offsets: Ethernet type at 12; IPv4 header at 14 (protocol 9, fragment 6), UDP after it. */
void ip_timers_saw_output(const uint8_t *frame)
{
    if (is_arp_request(frame) || (is_udp(frame) && frame[36] == 0 && frame[37] == DNS_SERVER_PORT)) {
        self.resolver_until = pd_now_ns() + RESOLVER_BUSY;
    }
}

/* -- fragments -- */

static void on_fragment(void *context)
{
    ip_reass_tmr();
}

void ip_timers_saw_input(const uint8_t *frame)
{
    bool fragment = frame[12] == 0x08 && frame[13] == 0x00 && ((frame[20] & 0x3f) | frame[21]);
    if (fragment) {
        self.fragment_until = pd_now_ns() + FRAGMENT_BUSY;
    }
}

/* -- all -- */

static void before_flush(void *context)
{
    ip_tcp_hooks_trim_time_wait();
    if (self.tcp_pace != TCP_FAST) {
        pace_tcp();
    }
    bool waits = dhcp_waits();
    if (!self.dhcp.armed && waits) {
        start(&self.dhcp, DHCP_FINE_TIMER_MSECS * MS, on_dhcp);
    }
    pace_lease(self.dhcp_waited && !waits);
    self.dhcp_waited = waits;
    if (!self.resolver.armed && self.resolver_until && pd_now_ns() < self.resolver_until) {
        start(&self.resolver, ARP_TMR_INTERVAL * MS, on_resolver);
    }
    if (!self.ageing.armed) {
        start(&self.ageing, RESOLVER_SLOW_COUNTS * ARP_TMR_INTERVAL * MS, on_ageing);
    }
    if (!self.fragment.armed && self.fragment_until && pd_now_ns() < self.fragment_until) {
        start(&self.fragment, IP_TMR_INTERVAL * MS, on_fragment);
    }
}

void ip_timers_init(struct netif *netif)
{
    self.netif = netif;
    pd_before_flush(before_flush, NULL);
}

void sys_timeouts_init(void) {}

u32_t sys_now(void)
{
    return (u32_t)(pd_now_ns() / MS);
}
