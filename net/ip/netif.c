/* netif.c: lwIP's interface `e0` on a client of the network service.
 *   consumes  received frames   from net_virt_rx; whoever sent them is NOT trusted: lwIP checks them
 *   produces  frames to send
 *   restart   of a virtualiser: buffers and slots are settled as net/client.h says; what was lost is as if lost on the
 *             wire
 *   invariant a receive buffer is with the virtualiser, or in exactly one custom pbuf
 *   when full no slot: the frame is refused to lwIP (ERR_MEM). Its connection waits in a queue and sends TURN frames
 *             when it is first; nobody sends past those who wait. The last RESERVED slots are for what nobody sends
 *             again: resets, ARP, ICMP, datagrams. Those used up: a connection's reset is kept (turns.c); a datagram's
 *             sender has ERR_MEM, anything else is dropped, both counted.
 *             Half of the receive buffers out: frames are copied out of them. No memory for that either: segments out
 *             of order are given up, and the rest of the buffers, but an eighth, is for the first data of connections
 *             that hold none. These used up, too: the connection that holds data and was silent longest is reset, ten
 *             a second at most; so is one that does not take its answer when little is left to send with. What is not
 *             kept still passes by; the rest is dropped, counted, and comes again
 *   ends      an event takes FRAMES_MAX frames, then what it made is sent and timers and others of this program have
 *             their turn; the rest is taken at the next event, which a timer brings at once. The virtualiser's
 *             wake-up is armed only when nothing is left
 * A frame goes in without a copy, as a custom pbuf on the receive buffer. To send it, headers and what lies anywhere
 * else are copied into one slot; payload in a transmit region is named by descriptors, and held until the device has
 * read it. A segment larger than a frame is the device's to cut (tso.c).
 */
#include <stddef.h>
#include <string.h>

#include "lib/copy.h"
#include "lib/pd.h"
#include "lib/random.h"

#include "lwip/etharp.h"
#include "lwip/ip4_frag.h"
#include "lwip/pbuf.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/prot/dns.h"
#include "lwip/prot/iana.h"
#include "lwip/prot/ip4.h"
#include "lwip/prot/tcp.h"
#include "net/client.h"
#include "net/ip/acks.h"
#include "net/ip/internal.h"
#include "net/ip/sums.h"
#include "net/ip/tcp_hooks.h"
#include "net/ip/turns.h"
#include "netif/ethernet.h"
#include "timer/client.h"

#define WAITERS_MAX 8
#define HELD_RANGES 4
#define MTU 1500
#define TURN 16        /* frames that a connection sends at a time while others wait */
#define RESERVED 4     /* slots */
#define FRAMES_MAX 256 /* taken in one event */
#define CHECKS_OF_FRAMES (NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP) /* what NET_CHECKED stands for */

struct buffer_pbuf {
    struct pbuf_custom custom; /* first: lwIP hands back a pointer to it */
    uint16_t buffer;
};

/* Where a frame's payload is read from by the device. The last range spans what more there is. */
struct held {
    uint32_t count;
    struct {
        uintptr_t from, to;
    } ranges[HELD_RANGES];
};

_Static_assert(sizeof(struct buffer_pbuf) == IP_BUFFER_BYTES && sizeof(struct held) == IP_SLOT_BYTES,
               "what compose/net.py gives the tables");

static struct {
    struct net_client client;
    struct netif netif;
    struct buffer_pbuf *buffers; /* by receive buffer */
    struct held *held;           /* by slot: payload of its frame in transmit regions */
    uint32_t held_count;         /* frames that have such */
    uint32_t lent, lent_small;   /* receive buffers in lwIP's hands */
    struct timer rest;           /* frames that an event did not come to */
    uint32_t reserved;           /* slots that TCP's segments leave free */
    struct tcp_pcb *turn;        /* sends although others wait, */
    uint32_t turn_left;          /* so many frames more */
    bool ring_full;
    struct {
        void (*handler)(void *);
        void *context;
    } waiters[WAITERS_MAX];
    uint32_t waiter_count;
    bool hurries;         /* one of them */
    struct eth_addr from; /* the station that sent the frame that is taken */
    uint32_t offloads;    /* enum net_flags: what the device does */
    uint16_t checks;      /* lwIP's NETIF_CHECKSUM_*: what it leaves to the stack */
    struct ip_counters counters;
} self;

static void on_sent(void *context);

/* -- receive -- */

static uint32_t *lent_of(uint16_t buffer)
{
    return buffer < self.client.config->rx_buffer_count ? &self.lent : &self.lent_small;
}

uint32_t ip_netif_receive_room(void)
{
    uint32_t half = self.client.config->rx_buffer_count / 2;
    return (self.lent < half ? half - self.lent : 0) + ip_memory_receive_room();
}

uint32_t ip_netif_receive_capacity(void)
{
    return self.client.config->rx_buffer_count / 2 + ip_memory_receive_capacity();
}

static void give_buffer_back(struct pbuf *p)
{
    struct buffer_pbuf *buffer = (struct buffer_pbuf *)p;
    --*lent_of(buffer->buffer);
    net_client_provide(&self.client, buffer->buffer);
}

static struct pbuf *pbuf_on_buffer(const struct net_received *frame)
{
    struct buffer_pbuf *buffer = &self.buffers[frame->buffer];
    buffer->buffer = frame->buffer;
    buffer->custom.custom_free_function = give_buffer_back;
    ++*lent_of(frame->buffer);
    return pbuf_alloced_custom(PBUF_RAW, frame->length, PBUF_REF, &buffer->custom, frame->data, frame->capacity);
}

static struct pbuf *pbuf_by_copy(const struct net_received *frame)
{
    struct pbuf *p = ip_memory_for_received(frame->length) ? pbuf_alloc(PBUF_RAW, frame->length, PBUF_RAM) : NULL;
    if (p) {
        memcpy(p->payload, frame->data, frame->length);
        self.counters.copied_in++;
        net_client_provide(&self.client, frame->buffer);
    }
    return p;
}

enum fate { PASSES, MAY_STAY, STAYS };

/* What becomes of a frame: it is answered at once; TCP's data, of which tcp_hooks.c lets in a connection's first; or it
 * lies in queues: fragments, datagrams but those of the servers of addresses and names. At least 54 bytes of a buffer
 * are readable. */
static enum fate fate_of(const uint8_t *frame)
{
    if (frame[12] != 0x08 || frame[13] != 0x00 || frame[14] != 0x45 || ((frame[20] & 0x3f) | frame[21])) {
        return frame[12] == 0x08 && frame[13] == 0x06 ? PASSES : STAYS;
    }
    uint32_t size = (uint32_t)frame[16] << 8 | frame[17], from = (uint32_t)frame[34] << 8 | frame[35];
    switch (frame[23]) {
    case IP_PROTO_TCP: return size <= IP_HLEN + (frame[46] >> 4) * 4u ? PASSES : MAY_STAY;
    case IP_PROTO_ICMP: return PASSES;
    case IP_PROTO_UDP: return from == LWIP_IANA_PORT_DHCP_SERVER || from == DNS_SERVER_PORT ? PASSES : STAYS;
    default: return STAYS;
    }
}

/* When half the buffers lie in queues, a connection that reads slowly, or sends single bytes, must not get the rest. */
static struct pbuf *pbuf_for(const struct net_received *frame)
{
    const struct net_client_config *config = self.client.config;
    uint32_t count = frame->buffer >= config->rx_buffer_count ? config->rx_small_count : config->rx_buffer_count;
    uint32_t lent = *lent_of(frame->buffer);
    ip_tcp_hooks_frame(false);
    if (lent < count / 2) {
        return pbuf_on_buffer(frame);
    }
    struct pbuf *p = pbuf_by_copy(frame);
    if (p) {
        return p;
    }
    enum fate fate = fate_of(frame->data);
    bool room = lent < count - count / 8;
    ip_tcp_hooks_frame(true);
    ip_tcp_hooks_release(!room && fate == MAY_STAY);
    if (fate == PASSES || (fate == MAY_STAY && room)) {
        return pbuf_on_buffer(frame);
    }
    self.counters.dropped_in++;
    net_client_provide(&self.client, frame->buffer);
    return NULL;
}

static bool spares_buffers(void)
{
    const struct net_client_config *config = self.client.config;
    return self.lent < config->rx_buffer_count / 2 && self.lent_small <= config->rx_small_count / 2;
}

static void take_frame(const struct net_received *frame)
{
    self.counters.frames_in++;
    ip_timers_saw_input(frame->data);
    memcpy(&self.from, frame->data + sizeof(self.from), sizeof(self.from));
    NETIF_SET_CHECKSUM_CTRL(&self.netif, frame->checked ? self.checks & ~CHECKS_OF_FRAMES : self.checks);
    struct pbuf *p = pbuf_for(frame);
    if (p && self.netif.input(p, &self.netif) != ERR_OK) {
        pbuf_free(p);
    }
}

/* An acknowledgement waits here for the batch's next frame, which may contain it (acks.h). */
struct batch {
    struct net_received ack;
    bool waiting;
    uint32_t contained; /* in the one that waits */
};

static void take_waiting(struct batch *batch)
{
    if (batch->waiting) {
        ip_tcp_hooks_contained(batch->contained);
        take_frame(&batch->ack);
        ip_tcp_hooks_contained(0);
        batch->waiting = false;
    }
}

static void sort_frame(struct batch *batch, const struct net_received *frame)
{
    bool alone = ip_acks_alone(frame->data, frame->length);
    if (alone && batch->waiting && ip_acks_contain(frame->data, batch->ack.data)) {
        net_client_provide(&self.client, batch->ack.buffer);
        self.counters.acks_contained++;
        batch->contained++;
        batch->ack = *frame;
        return;
    }
    take_waiting(batch);
    if (alone) {
        *batch = (struct batch){.ack = *frame, .waiting = true};
    } else {
        take_frame(frame);
    }
}

/* All but those that lie in lwIP's hands, which come back one by one. */
static void provide_again(void)
{
    const struct net_client_config *config = self.client.config;
    for (uint32_t i = 0; i < config->rx_buffer_count + config->rx_small_count; i++) {
        if (self.buffers[i].custom.pbuf.ref == 0) {
            net_client_provide(&self.client, (uint16_t)i);
        }
    }
}

static void on_received(void *context)
{
    struct net_received frame;
    uint32_t left = FRAMES_MAX;
    if (net_client_lost_buffers(&self.client)) {
        provide_again();
    }
    random_stir(pd_now_ticks());
    if (ip_turns_any()) {
        on_sent(NULL); /* before what is received lets others send */
    }
    if (ip_memory_is_low() || ip_memory_lacks_full()) {
        ip_tcp_hooks_release(false);
    }
    do {
        struct batch batch = {.waiting = false};
        while (left > 0 && net_client_receive(&self.client, &frame)) {
            sort_frame(&batch, &frame);
            left--;
        }
        take_waiting(&batch);
    } while (left > 0 && !net_client_arm_receive(&self.client));
    if (left == 0) {
        timer_start(&self.rest, pd_now_ns(), on_received, NULL); /* with the next event, by the timer driver's word */
    }
}

/* -- send -- */

static void call_waiters(void)
{
    if (self.held_count > 0) {
        return;
    }
    self.hurries = false;
    while (self.waiter_count > 0) {
        self.waiter_count--;
        self.waiters[self.waiter_count].handler(self.waiters[self.waiter_count].context);
    }
}

static void take_slots_back(void)
{
    uint16_t slot;
    while (net_client_sent(&self.client, &slot)) {
        if (self.held[slot].count > 0) {
            self.held[slot].count = 0;
            self.held_count--;
        }
    }
    if (self.waiter_count > 0 || self.hurries) {
        call_waiters();
    }
}

void ip_hurry_sent(void)
{
    self.hurries = self.held_count > 0;
}

bool ip_when_sent(void (*handler)(void *context), void *context)
{
    take_slots_back();
    if (self.held_count > 0 && self.waiter_count == WAITERS_MAX) {
        return false;
    }
    self.waiters[self.waiter_count].handler = handler;
    self.waiters[self.waiter_count].context = context;
    self.waiter_count++;
    call_waiters();
    return true;
}

static bool overlaps(const struct held *held, uintptr_t from, uintptr_t to)
{
    for (uint32_t i = 0; i < held->count; i++) {
        if (held->ranges[i].from < to && held->ranges[i].to > from) {
            return true;
        }
    }
    return false;
}

static void hold(struct held *held, uintptr_t from, uintptr_t to)
{
    if (held->count < HELD_RANGES) {
        held->ranges[held->count].from = from;
        held->ranges[held->count++].to = to;
        return;
    }
    uint32_t last = HELD_RANGES - 1;
    held->ranges[last].from = LWIP_MIN(held->ranges[last].from, from);
    held->ranges[last].to = LWIP_MAX(held->ranges[last].to, to);
}

bool ip_sends_from(const void *memory, size_t size)
{
    uintptr_t from = (uintptr_t)memory;
    uint32_t left = self.held_count;
    for (uint32_t slot = 0; left > 0; slot++) {
        if (self.held[slot].count > 0) {
            left--;
            if (overlaps(&self.held[slot], from, from + size)) {
                return true;
            }
        }
    }
    return false;
}

/* A frame under construction: what is copied lies in the slot, in order; pieces say where the frame's bytes are. */
struct building {
    uint8_t *slot_memory;
    uint32_t slot_offset; /* of the slot in region 0 */
    uint32_t copied;      /* bytes in the slot */
    bool overflows;       /* more would have to be copied than the slot holds */
    struct net_desc pieces[NET_CHAIN_MAX];
    uint32_t count;
    struct held *held; /* the slot's */
};

static void add_copy(struct building *b, const struct pbuf *p)
{
    if (b->copied + p->len > NET_BUFFER_SIZE) {
        b->overflows = true;
        return;
    }
    copy_long(b->slot_memory + b->copied, p->payload, p->len);
    if (b->count > 0 && b->pieces[b->count - 1].region == 0) {
        struct net_desc *last = &b->pieces[b->count - 1];
        last->length = (uint16_t)(last->length + p->len);
    } else {
        b->pieces[b->count++] = (struct net_desc){.offset = b->slot_offset + b->copied, .length = p->len};
    }
    b->copied += p->len;
}

/* By reference where the bytes lie in a transmit region and the header is in the slot already. Two pieces are kept
 * free for what may have to be copied after it. */
static bool add_reference(struct building *b, const struct pbuf *p)
{
    if (b->count == 0 || b->count > NET_CHAIN_MAX - 2 ||
        !net_client_locate(&self.client, p->payload, p->len, &b->pieces[b->count])) {
        return false;
    }
    b->count++;
    hold(b->held, (uintptr_t)p->payload, (uintptr_t)p->payload + p->len);
    return true;
}

static void build(struct building *b, const struct pbuf *p)
{
    for (const struct pbuf *q = p; q; q = q->next) {
        if (q->len > 0 && !add_reference(b, q)) {
            add_copy(b, q);
        }
    }
}

/* The connection that is to be asked for this frame again when it does not leave now. NULL: nobody sends it again soon
 * enough. A probe of a closed window is one of these: it counts as sent. */
static struct tcp_pcb *asked_again(const struct netif *netif, const struct pbuf *p)
{
    const struct eth_hdr *eth = p->payload;
    const struct ip_hdr *ip = (const struct ip_hdr *)(eth + 1);
    if (!netif->hints || p->len < NET_CHECKSUM_HEADERS || eth->type != PP_HTONS(ETHTYPE_IP) ||
        IPH_PROTO(ip) != IP_PROTO_TCP || TCPH_FLAGS((const struct tcp_hdr *)(ip + 1)) & TCP_RST) {
        return NULL;
    }
    struct tcp_pcb *pcb = (struct tcp_pcb *)((char *)netif->hints - offsetof(struct tcp_pcb, netif_hints));
    return pcb->persist_backoff ? NULL : pcb;
}

/* Whose frame it is matters only where slots are few, or others wait for one. */
static bool may_take(const struct netif *netif, const struct pbuf *p)
{
    bool plenty = self.client.free_count > self.reserved;
    if (plenty && !self.turn && !ip_turns_connections()) {
        return true;
    }
    const struct tcp_pcb *pcb = asked_again(netif, p);
    if (!pcb) {
        return true;
    }
    if (pcb != self.turn) {
        return plenty && !ip_turns_connections();
    }
    return plenty && self.turn_left > 0 && self.turn_left--;
}

static uint8_t *take_slot(const struct netif *netif, const struct pbuf *p, uint16_t *slot)
{
    if (self.client.free_count < self.client.slot_count / 2) {
        take_slots_back();
    }
    return may_take(netif, p) ? net_client_slot(&self.client, slot) : NULL;
}

/* A connection's last word: who hears nothing of it waits for ever. A reset that answers a stray segment is none: the
 * segment comes again. */
static bool is_last_word(const struct netif *netif, const struct pbuf *p)
{
    const uint8_t *frame = p->payload;
    return netif->hints && p->len == NET_CHECKSUM_HEADERS && p->tot_len == p->len &&
           frame[NET_CHECKSUM_START - IP_HLEN + 9] == IP_PROTO_TCP &&
           TCPH_FLAGS((const struct tcp_hdr *)(frame + NET_CHECKSUM_START)) & TCP_RST;
}

static err_t refuse(const struct netif *netif, struct pbuf *p)
{
    struct tcp_pcb *pcb = asked_again(netif, p);
    self.counters.no_slot++;
    if (pcb) {
        ip_turns_wait(pcb);
    } else if (is_last_word(netif, p)) {
        self.counters.lost_out += !ip_turns_keep(p);
        return ERR_OK;
    } else {
        self.counters.lost_out++;
    }
    return ERR_MEM;
}

/* Leaves a TCP segment's checksum to the device: its field gets the sum of the pseudo-header (RFC 9293 3.1). The
 * cutting, too, if it is larger than the peer takes (tso.c). The headers lie in the slot, as lwIP makes them: IPv4
 * without options, never a fragment. */
static void ask_device(struct building *b)
{
    struct ip_hdr *ip = (struct ip_hdr *)(b->slot_memory + SIZEOF_ETH_HDR);
    struct tcp_hdr *tcp = (struct tcp_hdr *)(ip + 1);
    if (b->pieces[0].length < NET_CHECKSUM_HEADERS ||
        ((struct eth_hdr *)b->slot_memory)->type != PP_HTONS(ETHTYPE_IP) || IPH_PROTO(ip) != IP_PROTO_TCP) {
        return;
    }
    uint16_t size = (uint16_t)(lwip_ntohs(IPH_LEN(ip)) - IP_HLEN), segment = ip_tso_segment(tcp);
    bool cut = segment > 0 && size > TCPH_HDRLEN_BYTES(tcp) + segment;
    b->pieces[0].flags = cut ? NET_CHECKSUM | NET_TSO : NET_CHECKSUM;
    b->pieces[0].segment = cut ? segment : 0;
    uint32_t sum = lwip_htons(size) + PP_HTONS(IP_PROTO_TCP);
    sum += (ip->src.addr & 0xffff) + (ip->src.addr >> 16) + (ip->dest.addr & 0xffff) + (ip->dest.addr >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    tcp->chksum = (uint16_t)(sum + (sum >> 16));
}

static void give_up(uint16_t slot)
{
    self.held[slot].count = 0;
    net_client_slot_back(&self.client, slot);
}

static err_t send_frame(struct netif *netif, struct pbuf *p)
{
    uint16_t slot;
    struct building b; /* pieces are not looked at before they are made */
    b.copied = b.count = 0;
    b.overflows = false;
    if (p->len < NET_FRAME_MIN) {
        return ERR_BUF;
    }
    b.slot_memory = take_slot(netif, p, &slot);
    if (!b.slot_memory) {
        if (p->len >= TIMERS_HEAD_BYTES) {
            ip_timers_saw_output(p->payload); /* a question that does not leave is asked again, too */
        }
        return refuse(netif, p);
    }
    b.slot_offset = net_client_slot_offset(slot);
    b.held = &self.held[slot];
    build(&b, p);
    if (!b.overflows && !(self.checks & NETIF_CHECKSUM_GEN_TCP)) {
        ask_device(&b);
    }
    if (b.overflows || (p->tot_len > NET_FRAME_MAX && !(b.pieces[0].flags & NET_TSO))) {
        give_up(slot);
        return ERR_BUF;
    }
    ip_timers_saw_output(b.slot_memory);
    if (!net_client_send(&self.client, slot, b.pieces, b.count)) {
        give_up(slot);
        self.ring_full = true;
        return refuse(netif, p);
    }
    self.held_count += b.held->count > 0;
    self.counters.frames_out++;
    return ERR_OK;
}

static void send_kept(void)
{
    struct pbuf *p;
    while (self.client.free_count > 0 && !self.ring_full && (p = ip_turns_kept()) != NULL) {
        self.counters.lost_out += send_frame(&self.netif, p) != ERR_OK;
        pbuf_free(p);
    }
}

/* Slots are back. Resets leave first, they are short and few; then the connections that wait, one after the other.
 * Who has more to send than its turn allows is refused the next one, and so waits again. */
static void give_turns(void)
{
    self.ring_full = false;
    send_kept();
    while (ip_turns_connections() && self.client.free_count > self.reserved && !self.ring_full) {
        self.turn = ip_turns_next();
        self.turn_left = TURN;
        tcp_output(self.turn);
        self.turn = NULL;
    }
}

static void on_sent(void *context)
{
    net_client_follow(&self.client);
    take_slots_back();
    if (ip_turns_any() && self.client.free_count > 0) {
        give_turns();
    }
}

/* At the end of each batch of work. Whoever is out of slots, or is in a hurry for payload, asks to be woken. */
static void before_flush(void *context)
{
    if (self.held_count > 0 || ip_turns_any()) {
        on_sent(NULL); /* a slot taken back without a word to who waits would be the last that anybody hears of */
    }
    net_client_flush(&self.client);
    while ((ip_turns_any() || self.waiter_count > 0) && !net_client_arm_sent(&self.client, self.hurries)) {
        on_sent(NULL);
        net_client_flush(&self.client);
    }
}

/* -- life -- */

/* lwIP cuts what is larger than this into fragments: not TCP's large segments. */
static uint16_t mtu(void)
{
    return self.offloads & NET_TSO ? UINT16_MAX : MTU;
}

static bool is_known(struct netif *netif, const ip4_addr_t *to)
{
    struct eth_addr *station;
    const ip4_addr_t *address;
    return !ip4_addr_net_eq(to, netif_ip4_addr(netif), netif_ip4_netmask(netif)) ||
           etharp_find_addr(netif, to, &station, &address) >= 0;
}

/* What anybody can make us send to any address of this network: the answer to a handshake, a reset, an echo. Where ARP
 * does not know that address the answer goes to the station that the question came from, and nobody is asked: addresses
 * that were made up must not push those of true clients out of ARP's table. A handshake's answer that leaves later has
 * no such station, and is left out: a true client asks again. True: this is done. */
static bool answer_stranger(struct netif *netif, struct pbuf *p, const ip4_addr_t *to, err_t *result)
{
    const struct ip_hdr *ip = p->payload;
    uint8_t flags = IPH_PROTO(ip) == IP_PROTO_TCP ? TCPH_FLAGS((const struct tcp_hdr *)(ip + 1)) : 0;
    if (!(flags & (TCP_SYN | TCP_RST)) && IPH_PROTO(ip) != IP_PROTO_ICMP) {
        return false;
    }
    bool handshake = (flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK);
    bool asked = ip4_addr_eq(to, ip4_current_src_addr());
    if (!(handshake || (asked && (flags & TCP_RST || IPH_PROTO(ip) == IP_PROTO_ICMP))) || p->tot_len > MTU ||
        is_known(netif, to)) {
        return false;
    }
    const struct eth_addr *us = (const struct eth_addr *)netif->hwaddr;
    *result = asked ? ethernet_output(netif, p, us, &self.from, ETHTYPE_IP) : ERR_OK;
    return true;
}

static err_t output(struct netif *netif, struct pbuf *p, const ip4_addr_t *to)
{
    err_t result;
    if (answer_stranger(netif, p, to, &result)) {
        return result;
    }
    if (p->tot_len <= MTU || IPH_PROTO((struct ip_hdr *)p->payload) == IP_PROTO_TCP) {
        return etharp_output(netif, p, to);
    }
    netif->mtu = MTU;
    result = ip4_frag(p, netif, to);
    netif->mtu = mtu();
    return result;
}

static err_t set_up(struct netif *netif)
{
    const struct net_client_config *config = netif->state;
    memcpy(netif->name, "e0", 2);
    memcpy(netif->hwaddr, config->mac, sizeof(config->mac));
    netif->hwaddr_len = sizeof(config->mac);
    self.offloads = config->device->offloads;
    self.checks = self.offloads & NET_CHECKSUM ? NETIF_CHECKSUM_ENABLE_ALL & ~NETIF_CHECKSUM_GEN_TCP
                                               : NETIF_CHECKSUM_ENABLE_ALL;
    NETIF_SET_CHECKSUM_CTRL(netif, self.checks);
    netif->mtu = mtu();
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
    netif->output = output;
    netif->linkoutput = send_frame;
    return ERR_OK;
}

size_t ip_netif_table_bytes(const struct net_client_config *config)
{
    size_t buffers = config->rx_buffer_count + config->rx_small_count;
    return buffers * sizeof(*self.buffers) + net_client_slots(config) * sizeof(*self.held);
}

/* Frames of a former life may be read from anywhere until all slots are back. */
static void hold_everything(void)
{
    for (uint32_t slot = 0; slot < self.client.slot_count; slot++) {
        hold(&self.held[slot], 0, UINTPTR_MAX);
    }
    self.held_count = self.client.slot_count;
}

struct netif *ip_netif_up(const struct net_client_config *config, void *tables)
{
    net_client_init(&self.client, config);
    self.buffers = tables;
    memset(tables, 0, ip_netif_table_bytes(config)); /* of a former life */
    self.held = (struct held *)(self.buffers + config->rx_buffer_count + config->rx_small_count);
    if (pd_generation() > 1) {
        hold_everything();
    }
    /* so many out that somebody is woken when they are back */
    self.reserved = LWIP_MIN(RESERVED, self.client.slot_count - NET_LAZY);
    if (config->region_count > 1) {
        ip_sums_init(&config->regions[1]);
    }
    netif_add_noaddr(&self.netif, (void *)(uintptr_t)config, set_up, ethernet_input);
    ip_tcp_hooks_init(spares_buffers);
    ip_tso_init(self.offloads & NET_TSO ? &self.client : NULL);
    netif_set_default(&self.netif);
    netif_set_up(&self.netif);
    pd_on_channel(config->rx_channel, on_received, NULL);
    pd_on_channel(config->tx_channel, on_sent, NULL);
    pd_before_flush(before_flush, NULL);
    on_received(NULL); /* arms */
    return &self.netif;
}

void ip_netif_counters(struct ip_counters *counters)
{
    *counters = self.counters;
    counters->dropped_in += ip_tcp_hooks_dropped();
    counters->refused = self.client.refused;
}
