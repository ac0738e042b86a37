/* turns.c: connections that were refused a transmit slot, first come first served, and resets that found none.
 *   consumes  connections and frames that netif.c could not send
 *   invariant a connection is in the queue at most once, and leaves it when it is freed
 *   when full each connection has its place. Of resets RESETS_MAX are kept; then the oldest is dropped, and netif.c
 *             counts it
 * A connection's link lies in its pcb (lwIP's ext_args): NULL, the next one, or for the last the queue itself.
 */
#include "net/ip/turns.h"

#include <stddef.h>

#include "lwip/pbuf.h"
#include "lwip/priv/tcp_priv.h"

#define RESETS_MAX 512 /* each is a small block of packet memory */
#define LINK 0         /* of ext_args */

static struct {
    struct tcp_pcb *first, *last;
    struct pbuf *kept, *kept_last; /* linked by pbuf.next; each is a frame of its own */
    uint32_t kept_count;
} self;

static bool is_last(void *link)
{
    return link == &self;
}

/* lwIP frees the pcb whose link this is; no other has the same. */
static void on_freed(u8_t id, void *link)
{
    struct tcp_pcb *before = NULL, *pcb = link ? self.first : NULL;
    while (pcb && pcb->ext_args[LINK].data != link) {
        before = pcb;
        pcb = pcb->ext_args[LINK].data;
    }
    if (!pcb) {
        return;
    }
    if (before) {
        before->ext_args[LINK].data = link;
    } else {
        self.first = is_last(link) ? NULL : link;
    }
    if (is_last(link)) {
        self.last = before;
    }
}

static const struct tcp_ext_arg_callbacks callbacks = {.destroy = on_freed};

void ip_turns_wait(struct tcp_pcb *pcb)
{
    if (ip_turns_waits(pcb)) {
        return;
    }
    pcb->ext_args[LINK].callbacks = &callbacks;
    pcb->ext_args[LINK].data = &self;
    if (self.first) {
        self.last->ext_args[LINK].data = pcb;
    } else {
        self.first = pcb;
    }
    self.last = pcb;
}

bool ip_turns_waits(const struct tcp_pcb *pcb)
{
    return pcb->ext_args[LINK].data != NULL;
}

struct tcp_pcb *ip_turns_next(void)
{
    struct tcp_pcb *pcb = self.first;
    if (pcb) {
        void *next = pcb->ext_args[LINK].data;
        self.first = is_last(next) ? NULL : next;
        pcb->ext_args[LINK].data = NULL;
    }
    return pcb;
}

bool ip_turns_keep(struct pbuf *p)
{
    bool room = self.kept_count < RESETS_MAX;
    if (!room) {
        pbuf_free(ip_turns_kept());
    }
    pbuf_ref(p);
    if (self.kept) {
        self.kept_last->next = p;
    } else {
        self.kept = p;
    }
    self.kept_last = p;
    self.kept_count++;
    return room;
}

struct pbuf *ip_turns_kept(void)
{
    struct pbuf *p = self.kept;
    if (p) {
        self.kept = p->next;
        p->next = NULL;
        self.kept_count--;
    }
    return p;
}

bool ip_turns_connections(void)
{
    return self.first != NULL;
}

bool ip_turns_any(void)
{
    return self.first || self.kept;
}
