/* tcp_hooks.c: where TCP is not as lwIP 2.2.1 has it, through its own hooks.
 *   consumes  headers of segments, from anybody, NOT trusted: lwIP has checked lengths, checksum and ports, no numbers
 *             yet
 *   produces  changes of lwIP's state before it looks at a segment; initial sequence numbers
 *   invariant a segment is dropped here only when its peer sends it again, or no honest peer sends such a one
 *   when full the backlog: 6, below. Memory is low: ip_tcp_hooks_release() frees what comes again, then resets
 *
 * 1. A new SYN for a port pair in TIME_WAIT opens a new connection when its sequence number lies beyond the old one's
 *    (RFC 1122 4.2.2.13, RFC 9293 3.6.1). lwIP would answer with an ACK and the peer would retry for half a minute.
 * 2. Initial sequence numbers after RFC 6528: a clock plus a keyed hash of the connection's addresses.
 * 3. A peer cannot make the segment size shrink under a segment that is queued already, which lwIP asserts: it takes
 *    the MSS option from any segment, where RFC 9293 3.7.1 has it in a SYN only; and it limits segments to half of the
 *    largest window seen, but not while that is 0 or 1.
 * 4. An acknowledgement that stands for several (acks.h, tso.h) opens the congestion window as far as they would
 *    have, one by one.
 * 5. Few connections stay in TIME_WAIT. lwIP looks through all of them for each SYN, one by one: a thousand cost more
 *    than the connection itself. What the state is for, an old segment in a new connection, 1 and 2 prevent as far as
 *    they can.
 * 6. When the backlog is full the oldest handshake under way is evicted for a new one. lwIP would drop each new SYN
 *    until old ones end, which for addresses that were made up takes 20 s. The peer of a handshake that was evicted may
 *    be a true one: the segment that ends it is known by its number (RFC 4987 3.6), and the handshake is made again.
 *    The number tells the peer's window scale, too: our answer has agreed to it, and all its windows are meant so from
 *    then on. Its segment size is forgotten: 536 bytes.
 * 7. A second SYN of a handshake under way is answered as the first was; its options count for nothing.
 */
#include "net/ip/tcp_hooks.h"

#include <string.h>

#include "lib/pd.h"
#include "lwip/ip.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/prot/tcp.h"
#include "net/ip/internal.h"

#define ISN_CLOCK_NS 4000          /* RFC 6528 3: M advances each 4 microseconds */
#define ISN_STEP 0x10000           /* beyond the old connection's last number, as far as a window may reach */
#define ISN_MAC 0xffu              /* the bits of it that tell the peer's */
#define ISN_SCALE 0xf00u           /* and those for the peer's window scale, */
#define ISN_SCALE_BIT 8            /* from here on */
#define SCALE_MAX 14               /* RFC 7323 2.3 */
#define SCALE_NONE 15              /* the SYN had no such option */
#define HANDSHAKE_NS 3000000000ull /* from our answer to the segment that ends it */
#define TIME_WAIT_KEPT 64          /* the youngest */
#define SLOW_START_LIMIT 8         /* segments for one acknowledgement */
#define GIVEN_UP_TIMES 2           /* so often was a segment sent again, or the peer asked whether it takes more */
#define TRIM_EVERY 16              /* calls */
#define RELEASE_EVERY_NS 100000000ull

static struct {
    bool floor_set; /* only while a SYN for a port pair in TIME_WAIT is looked at anew, */
    u32_t floor;
    bool number_set; /* or one that was evicted is made again */
    u32_t number;
    u32_t peer_number;   /* in the SYN that is looked at */
    u32_t peer_scale;    /* of its windows, or SCALE_NONE */
    uint64_t evicted_ns; /* when a handshake was, pd_now_ns(); 0: never */
    u32_t contained;     /* acknowledgements in the packet, beside itself */
    u32_t trims;
    bool (*spares_buffers)(void);
    bool scarce; /* the frame that is taken may be kept only by who holds nothing */
    uint64_t dropped;
    uint64_t released_ns; /* when ip_tcp_hooks_release() last did so, pd_now_ns() */
} self;

void ip_tcp_hooks_init(bool (*spares_buffers)(void))
{
    self.spares_buffers = spares_buffers;
}

void ip_tcp_hooks_frame(bool scarce)
{
    self.scarce = scarce;
}

uint64_t ip_tcp_hooks_dropped(void)
{
    return self.dropped;
}

void ip_tcp_hooks_contained(u32_t count)
{
    self.contained = count;
}

/* The lowest bits tell the number of the peer's SYN, by a product with what only we know of this pair of ports; the
 * next ones are its window scale, made unknown in the same way. */
static u32_t sequence_at(uint64_t ns, uint64_t hash, u32_t peer_number, u32_t peer_scale)
{
    u32_t number = (u32_t)(hash + ns / ISN_CLOCK_NS);
    return (number & ~(ISN_MAC | ISN_SCALE)) | ((u32_t)((hash >> 32) * peer_number >> 24) & ISN_MAC) |
           ((peer_scale << ISN_SCALE_BIT ^ (u32_t)(hash >> 32)) & ISN_SCALE);
}

static u32_t scale_of(u32_t number, uint64_t hash)
{
    return ((number ^ (u32_t)(hash >> 32)) & ISN_SCALE) >> ISN_SCALE_BIT;
}

u32_t ip_tcp_hooks_initial_sequence(const ip_addr_t *local, u16_t local_port, const ip_addr_t *remote,
                                    u16_t remote_port)
{
    uint64_t addresses = (uint64_t)ip4_addr_get_u32(ip_2_ip4(local)) << 32 | ip4_addr_get_u32(ip_2_ip4(remote));
    uint64_t ports = (uint64_t)local_port << 16 | remote_port;
    if (self.number_set) {
        return self.number;
    }
    u32_t number = sequence_at(pd_now_ns(), ip_random_keyed_hash(addresses, ports), self.peer_number, self.peer_scale);
    if (self.floor_set && TCP_SEQ_LT(number, self.floor)) {
        number = self.floor;
    }
    return number;
}

/* Undoes what tcp_input has done to the packet before it called us: host order, and the header cut off. */
static void restore(struct tcp_hdr *header, u16_t options, struct pbuf *p)
{
    header->src = lwip_htons(header->src);
    header->dest = lwip_htons(header->dest);
    header->seqno = lwip_htonl(header->seqno);
    header->ackno = lwip_htonl(header->ackno);
    header->wnd = lwip_htons(header->wnd);
    pbuf_add_header_force(p, TCP_HLEN + (size_t)options);
}

static bool listened_to(u16_t port)
{
    for (struct tcp_pcb_listen *pcb = tcp_listen_pcbs.listen_pcbs; pcb; pcb = pcb->next) {
        if (pcb->local_port == port) {
            return true;
        }
    }
    return false;
}

/* What the peer's SYN says of its windows. */
static u32_t scale_in(const u8_t *options, u16_t length)
{
    for (u16_t i = 0; i + 2 < length && options[i] != LWIP_TCP_OPT_EOL;) {
        if (options[i] == LWIP_TCP_OPT_NOP) {
            i++;
            continue;
        }
        u8_t size = options[i + 1];
        if (options[i] == LWIP_TCP_OPT_WS && size == LWIP_TCP_OPT_LEN_WS) {
            return LWIP_MIN(options[i + 2], SCALE_MAX);
        }
        if (size < 2) {
            break;
        }
        i = (u16_t)(i + size);
    }
    return SCALE_NONE;
}

/* Overwrites the option and its length and value with no-operations (RFC 9293 3.2). Stops at what is malformed, as lwIP
 * does. */
static void erase_option(u8_t *options, u16_t length, u8_t kind)
{
    for (u16_t i = 0; i < length && options[i] != LWIP_TCP_OPT_EOL;) {
        if (options[i] == LWIP_TCP_OPT_NOP) {
            i++;
            continue;
        }
        if (i + 1 >= length || options[i + 1] < 2 || i + options[i + 1] > length) {
            memset(options + i, LWIP_TCP_OPT_NOP, length - i);
            return;
        }
        u8_t size = options[i + 1];
        if (options[i] == kind) {
            memset(options + i, LWIP_TCP_OPT_NOP, size);
        }
        i = (u16_t)(i + size);
    }
}

/* Of a connection that is there already. */
static void keep_segment_size(struct tcp_pcb *pcb, struct tcp_hdr *header, u16_t options)
{
    if (options > 0 && !(TCPH_FLAGS(header) & TCP_SYN)) {
        erase_option((u8_t *)(header + 1), options, LWIP_TCP_OPT_MSS);
    }
    if (pcb->snd_wnd_max < 2 * (tcpwnd_size_t)pcb->mss) {
        pcb->snd_wnd_max = 2 * (tcpwnd_size_t)pcb->mss;
    }
}

/* In slow start lwIP adds what is acknowledged, at most two segments for each acknowledgement (RFC 3465 2.2, 2.3). A
 * peer that gets large segments answers each once, so up to eight here (RFC 9406 4.2), and as many for each that
 * never reached lwIP. Not after a timeout; and beyond slow start lwIP counts bytes, so nothing is missing. */
static void grow(struct tcp_pcb *pcb, const struct tcp_hdr *header)
{
    u32_t acknowledged = header->ackno - pcb->lastack, counted = 2 * (u32_t)pcb->mss;
    if (pcb->state != ESTABLISHED || pcb->cwnd >= pcb->ssthresh || pcb->flags & TF_RTO ||
        !TCP_SEQ_BETWEEN(header->ackno, pcb->lastack + 1, pcb->snd_nxt) || acknowledged <= counted) {
        return;
    }
    u32_t grown = pcb->cwnd + LWIP_MIN(acknowledged, (1 + self.contained) * SLOW_START_LIMIT * pcb->mss) - counted;
    pcb->cwnd = (tcpwnd_size_t)LWIP_MIN(grown, pcb->ssthresh);
}

/* lwIP's list begins with the connection heard from last. */
static void make_room(const struct tcp_pcb_listen *listener)
{
    struct tcp_pcb *oldest = NULL;
    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next) {
        if (pcb->state == SYN_RCVD && pcb->listener == listener) {
            oldest = pcb;
        }
    }
    if (oldest) {
        tcp_abandon(oldest, 0);
        self.evicted_ns = pd_now_ns();
    }
}

/* Whether the segment ends a handshake that we have answered a short while ago, and may have forgotten. Leaves the
 * peer's window scale in self.peer_scale. */
static bool ends_handshake(const struct tcp_hdr *header)
{
    uint64_t addresses = (uint64_t)ip4_addr_get_u32(ip4_current_dest_addr()) << 32 |
                         ip4_addr_get_u32(ip4_current_src_addr());
    uint64_t ports = (uint64_t)header->dest << 16 | header->src, now = pd_now_ns();
    if (self.evicted_ns == 0 || now - self.evicted_ns > HANDSHAKE_NS ||
        (TCPH_FLAGS(header) & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_ACK) {
        return false;
    }
    uint64_t hash = ip_random_keyed_hash(addresses, ports);
    u32_t number = header->ackno - 1;
    self.peer_scale = scale_of(number, hash);
    u32_t latest = sequence_at(now, hash, header->seqno - 1, self.peer_scale);
    return ((number ^ latest) & ISN_MAC) == 0 && latest - number <= HANDSHAKE_NS / ISN_CLOCK_NS;
}

/* Hands in a SYN as the peer's must have been, which makes a connection and answers once more; then the segment
 * itself. */
static void make_again(struct tcp_hdr *header, u16_t options, struct pbuf *p)
{
    const u8_t scale[] = {LWIP_TCP_OPT_NOP, LWIP_TCP_OPT_WS, LWIP_TCP_OPT_LEN_WS, (u8_t)self.peer_scale};
    u16_t length = TCP_HLEN + (self.peer_scale == SCALE_NONE ? 0 : sizeof(scale));
    struct netif *netif = ip_current_input_netif();
    struct pbuf *syn = pbuf_alloc(PBUF_RAW, length, PBUF_RAM);
    if (!syn) {
        return; /* the peer sends its segment again */
    }
    struct tcp_hdr *made = syn->payload;
    *made = (struct tcp_hdr){.src = lwip_htons(header->src),
                             .dest = lwip_htons(header->dest),
                             .seqno = lwip_htonl(header->seqno - 1),
                             .wnd = lwip_htons(header->wnd)};
    TCPH_HDRLEN_FLAGS_SET(made, length / 4, TCP_SYN);
    memcpy(made + 1, scale, length - TCP_HLEN);
    self.number = header->ackno - 1;
    restore(header, options, p);
    u16_t checks = netif->chksum_flags;
    NETIF_SET_CHECKSUM_CTRL(netif, checks & ~NETIF_CHECKSUM_CHECK_TCP);
    self.number_set = true;
    tcp_input(syn, netif);
    self.number_set = false;
    NETIF_SET_CHECKSUM_CTRL(netif, checks);
    struct tcp_pcb *pcb = tcp_active_pcbs;
    if (pcb && pcb->state == SYN_RCVD && pcb->lastack == self.number && pcb->remote_port == lwip_ntohs(header->src)) {
        pcb->snd_nxt = self.number + 1; /* also if there was no slot for the answer */
        pbuf_ref(p);                    /* tcp_input gives one up each time */
        tcp_input(p, netif);
    }
}

static err_t listen_packet(const struct tcp_pcb_listen *listener, struct tcp_hdr *header, u16_t options,
                           const u8_t *more_options, struct pbuf *p)
{
    if ((TCPH_FLAGS(header) & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN) {
        self.peer_number = header->seqno;
        self.peer_scale = more_options ? SCALE_NONE : scale_in((const u8_t *)(header + 1), options);
        if (listener->accepts_pending >= listener->backlog) {
            make_room(listener);
        }
    } else if (!more_options && ends_handshake(header)) {
        make_again(header, options, p);
        return ERR_USE;
    }
    return ERR_OK;
}

u16_t ip_tcp_hooks_out_of_order(void)
{
    return self.spares_buffers() && ip_pools_have_segments(2) ? TCP_OOSEQ_MAX_PBUFS : 0;
}

/* Received data that its program has not taken. */
static bool holds_data(const struct tcp_pcb *pcb)
{
    return pcb->rcv_wnd < TCP_WND_MAX(pcb) || pcb->refused_data;
}

/* An answer whose client has not acknowledged for about 3 s what was sent to it, or has taken no more for 4 s. `full`:
 * that was copied. */
static bool holds_answer(const struct tcp_pcb *pcb, bool full)
{
    const struct tcp_seg *first = pcb->unacked ? pcb->unacked : pcb->unsent;
    return first && (pcb->nrtx >= GIVEN_UP_TIMES || pcb->persist_backoff > GIVEN_UP_TIMES) && pcb->state != SYN_RCVD &&
           (!full || first->p->len > MEMORY_SMALL) && listened_to(pcb->local_port);
}

/* lwIP's list ends with the connection that has been silent longest. */
void ip_tcp_hooks_release(bool resets)
{
    struct tcp_pcb *silent = NULL;
    bool low = ip_memory_is_low(), full = ip_memory_lacks_full();
    if (pd_now_ns() - self.released_ns < RELEASE_EVERY_NS) {
        return;
    }
    self.released_ns = pd_now_ns();
    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next) {
        if (pcb->ooseq) {
            tcp_free_ooseq(pcb);
        }
        if ((resets && holds_data(pcb)) || ((low || full) && holds_answer(pcb, !low))) {
            silent = pcb;
        }
    }
    if (silent) {
        tcp_abort(silent);
    }
}

/* Whether the connection would have more of ours with this packet than its first data. */
static bool holds_more(const struct tcp_pcb *pcb, const struct tcp_hdr *header, const struct pbuf *p)
{
    return p->tot_len > 0 && (holds_data(pcb) || header->seqno != pcb->rcv_nxt);
}

/* The peer has not had our answer: it gets the same one again (RFC 9293 3.10.7.4). The options of the first SYN hold:
 * lwIP would take this one's, too, and asserts that nothing has changed the window since. */
static err_t another_syn(struct tcp_pcb *pcb, const struct tcp_hdr *header)
{
    if (!(TCPH_FLAGS(header) & TCP_RST) && header->seqno == pcb->rcv_nxt - 1) {
        tcp_rexmit(pcb);
        tcp_output(pcb);
    }
    return ERR_USE;
}

/* Called with the pcb that tcp_input has found; its checksum is right. For one in TIME_WAIT, or that listens, tcp_input
 * touches neither list nor pcb after we refuse the packet, so that we may change both and hand the packet in again. */
err_t ip_tcp_hooks_packet(struct tcp_pcb *pcb, struct tcp_hdr *header, u16_t options, const u8_t *more_options,
                          struct pbuf *p)
{
    if (pcb->state != TIME_WAIT && pcb->state != LISTEN) {
        if (pcb->state == SYN_RCVD && TCPH_FLAGS(header) & TCP_SYN) {
            return another_syn(pcb, header);
        }
        if (more_options && !(TCPH_FLAGS(header) & TCP_SYN)) {
            return ERR_BUF; /* its options are in two pieces, as no peer sends them: the packet is dropped */
        }
        if (self.scarce && holds_more(pcb, header, p)) {
            self.dropped++;
            return ERR_BUF; /* the peer sends it again */
        }
        keep_segment_size(pcb, header, options);
        grow(pcb, header);
        return ERR_OK;
    }
    if (pcb->state == LISTEN) {
        return listen_packet((struct tcp_pcb_listen *)pcb, header, options, more_options, p);
    }
    if (more_options || (TCPH_FLAGS(header) & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) != TCP_SYN ||
        TCP_SEQ_LT(header->seqno, pcb->rcv_nxt) || !listened_to(header->dest)) {
        return ERR_OK;
    }
    self.floor = pcb->snd_nxt + ISN_STEP;
    tcp_pcb_remove(&tcp_tw_pcbs, pcb);
    tcp_free(pcb);
    restore(header, options, p);
    pbuf_ref(p); /* tcp_input gives one up each time */
    self.floor_set = true;
    tcp_input(p, ip_current_input_netif());
    self.floor_set = false;
    return ERR_USE;
}

/* The list's first is its youngest. */
void ip_tcp_hooks_trim_time_wait(void)
{
    struct tcp_pcb *pcb = tcp_tw_pcbs;
    if (!pcb || ++self.trims % TRIM_EVERY != 0) {
        return;
    }
    for (u32_t kept = 1; pcb && kept < TIME_WAIT_KEPT; kept++) {
        pcb = pcb->next;
    }
    struct tcp_pcb *rest = pcb ? pcb->next : NULL;
    if (pcb) {
        pcb->next = NULL;
    }
    while (rest) {
        struct tcp_pcb *next = rest->next;
        tcp_free(rest); /* what it held was freed when it came here */
        rest = next;
    }
}
