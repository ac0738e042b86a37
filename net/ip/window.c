/* window.c: how much a peer may send before the program reads, out of receive memory that all connections share.
 *   consumes  what the program has read (ip_tcp_recved); what room there is in receive buffers and packet memory
 *   produces  lwIP's receive windows, as large as room allows now and never beyond TCP_WND
 *   invariant the right edge that a peer was told of never moves back: a window becomes smaller only as it is read
 *             a window that the program has read all of is at least WINDOW_MIN: nobody is shut out
 *             what was read is told to lwIP a segment's worth at a time, or at once where the window is small
 *   when full windows become WINDOW_MIN, as they are read. What exceeds the room all the same (more connections than it
 *             has segments, or many with large windows that stop to be read at once) netif.c drops
 * A connection that is read has half of the room that is left, and one that begins a sixteenth: so the many together
 * leave some for the next. It has no more than an even share among those that were read in the last two to four
 * seconds: what all of them may send at once finds room, and is not lost. A segment that is lost again each time it is
 * sent again makes its sender wait twice as long each time (RFC 6298 5.5), a minute in the end. Only of connections
 * that peers opened: the others' windows are complete at first.
 * What is withheld of TCP_WND lies in the pcb (lwIP's ext_args), with what was read and not told yet; to lwIP the rest is
 * the whole window (TCP_WND_MAX).
 */
#include <string.h>

#include "lib/pd.h"

#include "lwip/priv/tcp_priv.h"
#include "lwip/prot/tcp.h"
#include "net/ip/internal.h"
#include "net/ip/tcp_hooks.h"

#define ACCOUNT 1 /* of ext_args; turns.c has the other */
#define WINDOW_MIN (2 * TCP_MSS)
#define WINDOW_FIRST (10 * TCP_MSS) /* RFC 6928 */

#define PERIOD_BIT 31 /* of nanoseconds: two seconds */
#define PERIODS 0x7fu

struct account {
    uint32_t withheld;   /* bytes of TCP_WND */
    uint32_t read : 24;  /* bytes: by the program since lwIP was told */
    uint32_t period : 8; /* in which it was counted among the readers, modulo PERIODS + 1, plus 1; 0: in none */
};
_Static_assert(sizeof(struct account) == sizeof(void *), "it takes one of lwIP's words");

static struct {
    uint64_t period;
    uint32_t now, before; /* connections that were read in it, and in the one before */
} self;

static struct account account_of(const struct tcp_pcb *pcb)
{
    struct account account;
    memcpy(&account, &pcb->ext_args[ACCOUNT].data, sizeof(account));
    return account;
}

static void set_account(struct tcp_pcb *pcb, struct account account)
{
    memcpy(&pcb->ext_args[ACCOUNT].data, &account, sizeof(account));
}

static uint32_t complete(const struct tcp_pcb *pcb)
{
    return pcb->flags & TF_WND_SCALE ? TCP_WND : LWIP_MIN(TCP_WND, 0xffff);
}

/* lwIP takes what is missing of it for bytes that the program has not read: a close is a reset then. */
u32_t ip_tcp_hooks_window(const struct tcp_pcb *pcb)
{
    struct account account = account_of(pcb);
    return complete(pcb) - account.withheld - account.read;
}

static uint32_t share(const struct tcp_pcb *pcb, uint32_t segments)
{
    return LWIP_MIN(LWIP_MAX(segments * TCP_MSS, WINDOW_MIN), complete(pcb));
}

/* How many share the room, with this one. */
static uint32_t count_reader(struct account *account)
{
    uint64_t period = pd_now_ns() >> PERIOD_BIT;
    if (period != self.period) {
        self.before = period == self.period + 1 ? self.now : 0;
        self.now = 0;
        self.period = period;
    }
    if (account->period != 1 + (period & PERIODS)) {
        account->period = 1 + (period & PERIODS);
        self.now++;
    }
    return LWIP_MAX(LWIP_MAX(self.now, self.before), 1);
}

/* What our answer to a SYN offers. It may be sent again: nothing more has been read then. */
static void open_window(struct tcp_pcb *pcb, struct tcp_hdr *header)
{
    if (account_of(pcb).withheld == 0) {
        uint32_t window = share(pcb, ip_netif_receive_room() / 16);
        set_account(pcb, (struct account){.withheld = complete(pcb) - LWIP_MIN(window, WINDOW_FIRST)});
    }
    pcb->rcv_wnd = pcb->rcv_ann_wnd = ip_tcp_hooks_window(pcb);
    pcb->rcv_ann_right_edge = pcb->rcv_nxt + pcb->rcv_wnd;
    header->wnd = lwip_htons((u16_t)pcb->rcv_wnd); /* not scaled in a SYN (RFC 7323 2.2) */
}

void ip_tcp_hooks_goes_out(struct tcp_pcb *pcb, struct tcp_hdr *header)
{
    if (pcb && pcb->state == SYN_RCVD && TCPH_FLAGS(header) & TCP_SYN) {
        open_window(pcb, header);
    }
    ip_tso_goes_out(pcb, header);
}

/* lwIP tells of room when it is four segments, which a small window never has. */
static void tell_early(struct tcp_pcb *pcb)
{
    uint32_t open = pcb->rcv_ann_right_edge - pcb->rcv_nxt;
    if (pcb->rcv_ann_wnd > open && pcb->rcv_ann_wnd - open >= TCP_MSS && open < WINDOW_MIN) {
        tcp_ack_now(pcb);
        tcp_output(pcb);
    }
}

/* account.read of the bytes have been read, at most 0xffff, and `later` more: the window follows what there is room
 * for. */
static void open_again(struct tcp_pcb *pcb, struct account account, uint32_t later)
{
    uint32_t now = complete(pcb) - account.withheld, read = account.read, count = read;
    uint32_t even = ip_netif_receive_capacity() / count_reader(&account);
    uint32_t wanted = share(pcb, LWIP_MIN(ip_netif_receive_room() / 2, even));
    if (wanted > now) {
        uint32_t more = LWIP_MIN(LWIP_MIN(wanted - now, read), 0xffff - read);
        account.withheld -= more;
        count += more;
    } else {
        uint32_t less = LWIP_MIN(now - wanted, read);
        account.withheld += less;
        count -= less;
    }
    account.read = later;
    set_account(pcb, account);
    if (count > 0) {
        tcp_recved(pcb, (u16_t)count);
        tell_early(pcb);
    }
}

void ip_tcp_recved(struct tcp_pcb *pcb, uint16_t length)
{
    struct account account = account_of(pcb);
    uint32_t read = account.read + length, most = LWIP_MIN(read, 0xffff);
    if (read < TCP_MSS && pcb->rcv_wnd >= WINDOW_MIN) {
        account.read = read;
        set_account(pcb, account);
    } else {
        account.read = most;
        open_again(pcb, account, read - most);
    }
}
