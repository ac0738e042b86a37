/* tso.c: TCP segments larger than a frame, for a device that cuts them (TCP segmentation offload); see tso.h.
 *   consumes  what a program (http/) writes from its transmit regions; what peers acknowledge, NOT trusted: lwIP has
 *             checked the numbers, windows may be anything
 *   produces  segments of up to TSO_MAX bytes among lwIP's, which knows nothing of it: its windows, timers and
 *             sequence numbers count bytes. The size of what goes over the wire stays pcb->mss
 *   invariant what does not lie in a transmit region lies in a segment's first pcb->mss bytes; a segment has at most
 *             PIECES_MAX pieces before more is added: so it fits a chain of descriptors and one slot, and can be cut
 *             without a copy
 *   when full no memory to cut with: nothing is changed, the next turn of TCP's timers goes on. When it is short just
 *             what leaves next is cut
 * A large segment is at most half of the window, so that two are under way. Lost in part it is sent again whole after
 * three duplicate acknowledgements, and cut into ordinary ones after a timeout, when the window is one segment
 * (RFC 5681 3.1).
 */
#include "net/ip/tso.h"

#include "lwip/memp.h"
#include "lwip/priv/tcp_priv.h"
#include "net/client.h"
#include "net/ip/internal.h"

#define TSO_MAX (44 * TCP_MSS) /* an IPv4 datagram has 65535 bytes */
#define PIECES_MAX 6
#define PROBE 48 /* bytes */

_Static_assert(LWIP_MEM_ALIGN_SIZE(sizeof(struct pbuf)) + LWIP_MEM_ALIGN_SIZE(PBUF_TRANSPORT) + PROBE <= MEMORY_SMALL,
               "a probe takes a small block");

static struct {
    const struct net_client *client; /* NULL: the device does not cut */
} self;

void ip_tso_init(const struct net_client *client)
{
    self.client = client;
}

void ip_tso_goes_out(const struct tcp_pcb *pcb, struct tcp_hdr *header)
{
    if (self.client && pcb) {
        header->chksum = lwip_htons(pcb->mss);
    }
}

uint16_t ip_tso_segment(const struct tcp_hdr *header)
{
    return self.client ? lwip_ntohs(header->chksum) : 0;
}

static uint32_t window(const struct tcp_pcb *pcb)
{
    return LWIP_MIN(pcb->cwnd, pcb->snd_wnd);
}

/* A multiple of the ordinary size. */
static uint16_t segment_size(const struct tcp_pcb *pcb)
{
    uint32_t half = window(pcb) / 2, most = LWIP_MIN(half, TSO_MAX);
    return most < 2u * pcb->mss || pcb->mss < NET_SEGMENT_MIN ? pcb->mss : (uint16_t)(most - most % pcb->mss);
}

static struct tcp_seg *last_unsent(const struct tcp_pcb *pcb)
{
    struct tcp_seg *last = pcb->unsent;
    while (last && last->next) {
        last = last->next;
    }
    return last;
}

/* lwIP adds to the last segment what it has room for, and takes none to be larger than `mss`: it is shown an empty
 * queue. */
static err_t write_behind(struct tcp_pcb *pcb, struct tcp_seg *last, const void *data, u16_t length, u8_t flags)
{
    struct tcp_seg *first = pcb->unsent;
    u16_t queued = pcb->unacked ? 0 : pcb->snd_queuelen; /* with nothing in any queue there is no length */
    pcb->unsent = NULL;
    pcb->unsent_oversize = 0;
    pcb->snd_queuelen = (u16_t)(pcb->snd_queuelen - queued);
    err_t result = tcp_write(pcb, data, length, flags);
    last->next = pcb->unsent;
    pcb->unsent = first;
    pcb->snd_queuelen = (u16_t)(pcb->snd_queuelen + queued);
    return result;
}

err_t ip_tcp_write(struct tcp_pcb *pcb, const void *data, u16_t length, u8_t flags)
{
    struct net_desc piece;
    if (!self.client) {
        return tcp_write(pcb, data, length, flags);
    }
    struct tcp_seg *last = last_unsent(pcb);
    u16_t mss = pcb->mss;
    bool by_reference = !(flags & TCP_WRITE_FLAG_COPY) && net_client_locate(self.client, data, length, &piece);
    u16_t size = by_reference ? segment_size(pcb) : mss;
    bool full = last && (last->len > size || (by_reference && pbuf_clen(last->p) > PIECES_MAX));
    pcb->mss = size;
    err_t result = full ? write_behind(pcb, last, data, length, flags) : tcp_write(pcb, data, length, flags);
    pcb->mss = mss;
    return result;
}

/* Packet buffers that the connection may still have queued: a segment takes two, what is added to the last one, one. */
static uint32_t queue_room(const struct tcp_pcb *pcb)
{
    return pcb->snd_queuelen < TCP_SND_QUEUELEN ? TCP_SND_QUEUELEN - 1 - pcb->snd_queuelen : 0;
}

/* What may be queued when memory is short: two segments, if the peer takes them. Else as much as lwIP needs to ask
 * again and again whether the peer takes more: the program hears of the acknowledgement then. */
static uint32_t least(const struct tcp_pcb *pcb, bool by_reference, uint32_t size)
{
    uint32_t probe = by_reference ? pcb->mss : PROBE;
    return LWIP_MIN(2 * size, LWIP_MAX(pcb->snd_wnd, probe));
}

uint32_t ip_tcp_room(const struct tcp_pcb *pcb, bool by_reference)
{
    uint32_t left = pcb->snd_buf /* tcp_sndbuf() has 16 bits */, queued = TCP_SND_BUF - left;
    uint32_t size = by_reference && self.client ? segment_size(pcb) : pcb->mss;
    uint32_t share = ip_memory_send_share(by_reference) * size, few = least(pcb, by_reference, size);
    uint32_t most = LWIP_MAX(share, few);
    uint32_t allowed = most > queued ? most - queued : 0, fits = queue_room(pcb) / 2 * size;
    return LWIP_MIN(LWIP_MIN(left, allowed), fits);
}

uint32_t ip_tcp_window(const struct tcp_pcb *pcb)
{
    uint32_t queued = TCP_SND_BUF - pcb->snd_buf, most = window(pcb);
    return most > queued ? most - queued : 0;
}

/* -- cutting -- */

/* References to the segment's bytes from `offset` in its chain on, behind room for headers. NULL: no memory. */
static struct pbuf *refer_to(const struct pbuf *p, u16_t offset, u16_t length)
{
    struct pbuf *head = pbuf_alloc(PBUF_TRANSPORT, 0, PBUF_RAM);
    for (; head && length > 0; p = p->next) {
        if (offset >= p->len) {
            offset = (u16_t)(offset - p->len);
            continue;
        }
        u16_t count = LWIP_MIN((u16_t)(p->len - offset), length);
        struct pbuf *data = pbuf_alloc(PBUF_RAW, count, PBUF_ROM);
        if (!data) {
            pbuf_free(head);
            return NULL;
        }
        data->payload = (uint8_t *)p->payload + offset;
        pbuf_cat(head, data);
        length = (u16_t)(length - count);
        offset = 0;
    }
    return head;
}

/* As lwIP's tcp_create_segment: what tcp_output does not fill in. */
static struct tcp_seg *segment_on(struct pbuf *p, const struct tcp_pcb *pcb, u32_t sequence, u16_t flags)
{
    struct tcp_seg *seg = memp_malloc(MEMP_TCP_SEG);
    if (!seg) {
        return NULL;
    }
    *seg = (struct tcp_seg){.p = p, .len = p->tot_len};
    pbuf_add_header(p, TCP_HLEN);
    seg->tcphdr = p->payload;
    seg->tcphdr->src = lwip_htons(pcb->local_port);
    seg->tcphdr->dest = lwip_htons(pcb->remote_port);
    seg->tcphdr->seqno = lwip_htonl(sequence);
    TCPH_HDRLEN_FLAGS_SET(seg->tcphdr, TCP_HLEN / 4, flags);
    seg->tcphdr->urgp = 0;
    return seg;
}

/* Leaves `first` bytes in the segment, and makes a segment of the rest behind it. False: no memory, nothing is
 * changed. */
static bool cut(struct tcp_pcb *pcb, struct tcp_seg *seg, u16_t first)
{
    u16_t rest = (u16_t)(seg->len - first), flags = TCPH_FLAGS(seg->tcphdr);
    struct pbuf *p = refer_to(seg->p, (u16_t)(seg->p->tot_len - rest), rest);
    u32_t next = lwip_ntohl(seg->tcphdr->seqno) + first;
    struct tcp_seg *behind = p ? segment_on(p, pcb, next, flags & (TCP_PSH | TCP_FIN)) : NULL;
    if (!behind) {
        if (p) {
            pbuf_free(p);
        }
        return false;
    }
    u16_t pieces = pbuf_clen(seg->p);
    pbuf_realloc(seg->p, (u16_t)(seg->p->tot_len - rest));
    seg->len = first;
    TCPH_FLAGS_SET(seg->tcphdr, flags & ~(TCP_PSH | TCP_FIN));
    pcb->snd_queuelen = (u16_t)(pcb->snd_queuelen + pbuf_clen(seg->p) + pbuf_clen(p) - pieces);
    behind->next = seg->next;
    seg->next = behind;
    return true;
}

/* The first that waits is the next that the peer expects, and the window is too small for it: nothing will come that
 * makes it larger. */
static bool blocked(const struct tcp_pcb *pcb)
{
    const struct tcp_seg *seg = pcb->unsent;
    return seg && seg->len > pcb->mss && lwip_ntohl(seg->tcphdr->seqno) - pcb->lastack + seg->len > window(pcb) &&
           (!pcb->unacked || TCP_SEQ_LT(lwip_ntohl(seg->tcphdr->seqno), lwip_ntohl(pcb->unacked->tcphdr->seqno)));
}

/* What the peer has already of a segment that was sent. Less than an ordinary segment does not count: it may be copied
 * bytes, which a segment of the rest cannot refer to. */
static u16_t known(const struct tcp_pcb *pcb, const struct tcp_seg *seg)
{
    u32_t known = pcb->lastack - lwip_ntohl(seg->tcphdr->seqno);
    return known < pcb->mss || known >= seg->len /* lies before it */ ? 0 : (u16_t)known;
}

/* All of the first that waits: the persist timer has split a segment of which the peer had a part already. */
static bool is_known(const struct tcp_pcb *pcb)
{
    const struct tcp_seg *seg = pcb->unsent;
    return seg && seg->len > 0 && !(TCPH_FLAGS(seg->tcphdr) & TCP_FIN) &&
           TCP_SEQ_LEQ(lwip_ntohl(seg->tcphdr->seqno) + seg->len, pcb->lastack);
}

/* Takes the first segment away, as an acknowledgement does: one that ends at what is acknowledged must not stay, lwIP
 * would never send it. */
static u16_t drop_first(struct tcp_pcb *pcb)
{
    struct tcp_seg *seg = pcb->unsent;
    u16_t length = seg->len;
    pcb->unsent = seg->next;
    pcb->snd_queuelen = (u16_t)(pcb->snd_queuelen - pbuf_clen(seg->p));
    pcb->snd_buf += length;
    tcp_seg_free(seg);
    return length;
}

/* Bytes that were taken off the first segment. *failed: no memory. */
static u16_t drop_known(struct tcp_pcb *pcb, bool *failed)
{
    if (is_known(pcb)) {
        pcb->persist_backoff = 0; /* it has stood before what may leave */
        return drop_first(pcb);
    }
    u16_t front = known(pcb, pcb->unsent);
    *failed = front > 0 && !cut(pcb, pcb->unsent, front);
    return front > 0 && !*failed ? drop_first(pcb) : 0;
}

/* All, so that acknowledgements have the rest sent. When memory is short just what leaves now, or what asks whether
 * the peer takes more: a hundred clients that do not read must not have a hundred times 64 KB cut up. */
static void cut_waiting(struct tcp_pcb *pcb)
{
    uint32_t before = 0, leaves = LWIP_MAX(window(pcb), pcb->mss);
    for (struct tcp_seg *seg = pcb->unsent; seg; seg = seg->next) {
        bool wanted = before < leaves || ip_memory_send_share(true) > 0;
        if (!wanted || (seg->len > pcb->mss && !cut(pcb, seg, pcb->mss))) {
            return; /* the next turn goes on */
        }
        before += seg->len;
    }
}

bool ip_tso_may_split(struct tcp_pcb *pcb)
{
    struct tcp_seg *seg = pcb->unsent;
    bool ends = seg->len > 0 && (TCPH_FLAGS(seg->tcphdr) & TCP_FIN);
    return seg->len <= pcb->mss && (!ends || cut(pcb, seg, seg->len));
}

/* False: the program was told of what is acknowledged, and has closed or opened connections. */
static bool unblock(struct tcp_pcb *pcb)
{
    err_t result;
    bool failed = false;
    u16_t front = drop_known(pcb, &failed);
    if (failed) {
        return true; /* the next turn tries again */
    }
    cut_waiting(pcb);
    tcp_output(pcb);
    tcp_active_pcbs_changed = 0;
    if (front > 0) {
        TCP_EVENT_SENT(pcb, front, result);
        (void)result; /* ERR_ABRT: it is gone, and the list has changed */
    }
    return !tcp_active_pcbs_changed;
}

void ip_tso_unblock(void)
{
    struct tcp_pcb *pcb = tcp_active_pcbs;
    while (pcb) {
        bool stands = is_known(pcb) || (self.client && blocked(pcb));
        pcb = !stands || unblock(pcb) ? pcb->next : tcp_active_pcbs;
    }
}
