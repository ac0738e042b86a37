/* tests/unit/wire.h: the other end of the cable, for tests that run net/ip and lwIP on the host: net_ip_storm.c,
 * net_ip_tso.c. What they share: the fields and sums of frames, both ends' addresses, the rings that the virtualisers
 * hold, time, packet memory that fails, noise that a seed repeats. A test defines WIRE_CARD(..) and
 * init(); most use wire_stack.h as well.
 */
#ifndef WIRE_H
#define WIRE_H

#include "fake_microkit.h"
#include "net/client.h"
#include "timer/client.h"

#define TIMER 1
#define RX 2
#define TX 3
#define MS 1000000ull

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

/* lwIP looks for the length of a TCP option that is cut off one byte behind the header, and refuses it then. That byte
 * is always there: buffers and blocks are longer than any frame. */
#define KNOWN_OVERREAD 1

/* The card, and the configuration that compose/ would have made for it; the timer's, too. Behind the rings' capacity:
 * more regions to send from, as initialisers. */
#define WIRE_CARD(buffer_count, small_count, slot_count, ring_capacity, ...)                                           \
    static _Alignas(4096) uint8_t card_buffers[(buffer_count)*NET_BUFFER_SIZE + (small_count)*NET_BUFFER_SMALL];       \
    static _Alignas(4096) uint8_t card_slots[(slot_count)*NET_BUFFER_SIZE];                                            \
    static _Alignas(64) uint8_t card_rings[5][RING_BYTES(ring_capacity, 16)];                                          \
    static struct net_device card_device;                                                                              \
    const struct net_client_config net_client_config = {                                                               \
        .mac = {0x52, 0x54, 1, 0, 0, 0x20},                                                                            \
        .rx_channel = RX,                                                                                              \
        .tx_channel = TX,                                                                                              \
        .rx_buffers = {.base = card_buffers, .size = sizeof(card_buffers)},                                            \
        .rx_buffer_count = (buffer_count),                                                                             \
        .rx_small_count = (small_count),                                                                               \
        .device = &card_device,                                                                                        \
        .region_count = 1 + sizeof((struct region[]){__VA_ARGS__}) / sizeof(struct region),                            \
        .regions = {{.base = card_slots, .size = sizeof(card_slots)}, __VA_ARGS__},                                    \
        .rx_free = {.shared = card_rings[0], .capacity = (ring_capacity)},                                             \
        .rx_small = {.shared = (small_count) ? card_rings[4] : NULL, .capacity = (small_count) ? (ring_capacity) : 0}, \
        .rx_filled = {.shared = card_rings[1], .capacity = (ring_capacity)},                                           \
        .tx_filled = {.shared = card_rings[2], .capacity = (ring_capacity)},                                           \
        .tx_free = {.shared = card_rings[3], .capacity = (ring_capacity)},                                             \
    };                                                                                                                 \
    const struct timer_client_config timer_client_config = {.page = &timer_page, .channel = TIMER}

/* Randomness: the test's own, so that a seed repeats. */
void noise_begin(uint64_t seed);
uint32_t noise(void);
bool one_in(uint32_t n); /* 0: never */

/* Memory: malloc, which fails at times. */
extern struct wire_memory {
    uint64_t taken, given;
    uint32_t fails; /* one in so many */
} memory;

/* Time; the timer driver's next alarm. */
extern uint64_t now;
extern struct timer_page timer_page; /* what the timer driver was asked for */

/* The virtualisers' ends of the rings. */
extern struct ring rx_free, rx_filled, tx_filled, tx_free;

/* Before init(): a fresh protection domain, its rings and its timer. */
void wire_begin(void);

extern const uint8_t host_mac[6], host_ip[4], guest_ip[4];

void put16(uint8_t *at, uint32_t value);
void put32(uint8_t *at, uint32_t value);
uint32_t get16(const uint8_t *at);
uint32_t get32(const uint8_t *at);

/* RFC 1071, not complemented: 0xffff over what holds its own checksum. */
uint32_t sum16(const uint8_t *data, size_t length, uint32_t sum);
/* Of the pseudo-header, for `length` bytes behind this IPv4 header. */
uint32_t pseudo_sum(const uint8_t *ip, uint32_t length);

/* To the guest: Ethernet and IPv4 in front of `length` bytes at frame + 34. */
void put_headers(uint8_t *frame, uint8_t protocol, uint32_t length, uint32_t fragment, uint32_t ident);

/* Another address in the frame's header: of whom it is from (26) or for (30). */
void put_address(uint8_t *frame, uint32_t at, const uint8_t *address);

/* TCP in IPv4 in Ethernet, to the guest. */
struct segment {
    const uint8_t *from, *to; /* IPv4 addresses; NULL: host_ip, guest_ip */
    uint32_t port, guest_port, number, acknowledged, window;
    uint8_t flags;
    const void *options, *data;
    uint32_t option_bytes, length;
};
/* Into a frame of NET_FRAME_MAX, right in all its sums; returns its length. */
uint32_t wire_segment(uint8_t *frame, const struct segment *segment);

/* The host's answer to ARP: RFC 826. */
#define ARP_BYTES 42
void put_arp_answer(uint8_t *frame);

#endif
