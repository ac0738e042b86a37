/* window.c: how much a peer may send before the program reads, out of receive memory that all connections share.
 *   consumes  what the program has read (ip_tcp_recved); what room there is in receive buffers and packet memory
 *   produces  lwIP's receive windows, as large as room allows now and never beyond TCP_WND
 *   invariant the right edge that a peer was told of never moves back: a window becomes smaller only as it is read
 *             a window that the program has read all of is at least WINDOW_MIN: nobody is shut out
 *             what was read is told to lwIP a segment's worth at a time, or at once where the window is small
 *   when full windows become WINDOW_MIN, as they are read. What exceeds the room all the same (more connections than it
 *             has segments, or many with large windows that stop to be read at once) netif.c drops
 * A connection that is read has half of the room that is left, and one that begins a sixteenth: so the many together
 * leave some for the next. Only of connections that peers opened: the others' windows are complete at first.
 * What is withheld of TCP_WND lies in the pcb (lwIP's ext_args), with what was read and not told yet; to lwIP the rest is
 * the whole window (TCP_WND_MAX).
 */
#include <string.h>

#include "lwip/priv/tcp_priv.h"
#include "lwip/prot/tcp.h"
#include "net/ip/internal.h"
#include "net/ip/tcp_hooks.h"

#define ACCOUNT 1 /* of ext_args; turns.c has the other */
#define WINDOW_MIN (2 * TCP_MSS)
#define WINDOW_FIRST (10 * TCP_MSS) /* RFC 6928 */

struct account {
    uint32_t withheld, read; /* bytes: of TCP_WND; by the program since lwIP was told */
};
_Static_assert(sizeof(struct account) == sizeof(void *), "it takes one of lwIP's words");

static struct account account_of(const struct tcp_pcb *pcb)
{
    struct account account;
    memcpy(&account, &pcb->ext_args[ACCOUNT].data, sizeof account);
    return account;
}

static void set_account(struct tcp_pcb *pcb, uint32_t withheld, uint32_t read)
{
    struct account account = {.withheld = withheld, .read = read};
    memcpy(&pcb->ext_args[ACCOUNT].data, &account, sizeof account);
}

static uint32_t complete(const struct tcp_pcb *pcb)
{
    return pcb->flags & TF_WND_SCALE ? TCP_WND : LWIP_MIN(TCP_WND, 0xffff);
}

/* lwIP takes what is missing of it for bytes that the program has not read: a close is a reset then. */
u32_t tcp_hooks_window(const struct tcp_pcb *pcb)
{
    struct account account = account_of(pcb);
    return complete(pcb) - account.withheld - account.read;
}

static uint32_t share(const struct tcp_pcb *pcb, uint32_t part)
{
    uint32_t room = netif_receive_room() / part * TCP_MSS;
    return LWIP_MIN(LWIP_MAX(room, WINDOW_MIN), complete(pcb));
}

/* What our answer to a SYN offers. It may be sent again: nothing more has been read then. */
static void open_window(struct tcp_pcb *pcb, struct tcp_hdr *header)
{
    if (account_of(pcb).withheld == 0) {
        set_account(pcb, complete(pcb) - LWIP_MIN(share(pcb, 16), WINDOW_FIRST), 0);
    }
    pcb->rcv_wnd = pcb->rcv_ann_wnd = tcp_hooks_window(pcb);
    pcb->rcv_ann_right_edge = pcb->rcv_nxt + pcb->rcv_wnd;
    header->wnd = lwip_htons((u16_t)pcb->rcv_wnd); /* not scaled in a SYN (RFC 7323 2.2) */
}

void tcp_hooks_goes_out(struct tcp_pcb *pcb, struct tcp_hdr *header)
{
    if (pcb && pcb->state == SYN_RCVD && TCPH_FLAGS(header) & TCP_SYN) {
        open_window(pcb, header);
    }
    large_goes_out(pcb, header);
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

/* So many bytes have been read, at most 0xffff: the window follows what there is room for. */
static void open_again(struct tcp_pcb *pcb, uint32_t withheld, uint32_t read, uint32_t later)
{
    uint32_t now = complete(pcb) - withheld, wanted = share(pcb, 2), count = read;
    if (wanted > now) {
        uint32_t more = LWIP_MIN(LWIP_MIN(wanted - now, read), 0xffff - read);
        withheld -= more;
        count += more;
    } else {
        uint32_t less = LWIP_MIN(now - wanted, read);
        withheld += less;
        count -= less;
    }
    set_account(pcb, withheld, later);
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
        set_account(pcb, account.withheld, read);
    } else {
        open_again(pcb, account.withheld, most, read - most);
    }
}
