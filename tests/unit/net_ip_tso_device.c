/* net_ip_tso_device.c: the device of net_ip_tso.c, and the virtualisers' ends of its queues. It cuts what it is
 * asked to, as a network card does (TCP segmentation offload), completes checksums, checks both, and keeps frames for a
 * while.
 */
#include "net_ip_tso.h"

#include <string.h>

#include "lwip/tcp.h"
#include "net/ip/internal.h"

#define BUFFERS 512

WIRE_CARD(BUFFERS, 0, SLOTS, 2048, {.base = content, .size = sizeof(content)});
struct net_device *const device = &card_device;

static struct frame {
    uint32_t cookie, count;
    struct {
        const uint8_t *at;
        uint16_t length;
    } pieces[NET_CHAIN_MAX];
} out[SLOTS];
uint32_t out_count;
uint64_t cuts;
static uint64_t address_at = ~0ull; /* when the guest is told our hardware address */

/* RFC 5681 3.1: after a timeout the window is one segment. */
static void check_timed_out(const uint8_t *tcp, uint32_t payload)
{
    for (struct stream *s = streams; s < streams + STREAMS; s++) {
        if (s->port == get16(tcp + 2) && s->timed_out) {
            CHECK((int32_t)(s->limit - (get32(tcp + 4) + payload)) >= 0);
        }
    }
}

/* `segment`: bytes of payload of each, 0: the frame is one already. */
static void cut(uint8_t *frame, uint32_t length, uint32_t segment)
{
    uint8_t wire[NET_FRAME_MAX], *ip = wire + 14, *tcp = wire + 34;
    uint32_t payload = length - HEADERS, flags = frame[47];
    CHECK(segment >= NET_SEGMENT_MIN && payload > segment && (frame[46] >> 4) == 5 && !(flags & (SYN | RST)));
    for (uint32_t at = 0; at < payload; at += segment) {
        uint32_t count = LWIP_MIN(segment, payload - at), last = at + count == payload;
        CHECK(HEADERS + count <= sizeof(wire));
        memcpy(wire, frame, HEADERS);
        memcpy(wire + HEADERS, frame + HEADERS + at, count);
        put16(ip + 2, 40 + count);
        put16(ip + 4, get16(ip + 4) + at / segment);
        put16(ip + 10, 0);
        put16(ip + 10, ~sum16(ip, 20, 0));
        put32(tcp + 4, get32(tcp + 4) + at);
        tcp[13] = (uint8_t)(last ? flags : flags & ~(uint32_t)(PSH | FIN));
        put16(tcp + 16, 0);
        put16(tcp + 16, ~sum16(tcp, 20 + count, pseudo_sum(ip, 20 + count)));
        to_peer(wire, HEADERS + count);
    }
    cuts++;
}

static void at_device(uint8_t *frame, uint32_t length, const struct net_desc *first)
{
    uint8_t *ip = frame + 14, *tcp = frame + 34;
    CHECK(memcmp(frame + 6, net_client_config.mac, 6) == 0);
    if (get16(frame + 12) == 0x0806) {
        address_at = frame[21] == 1 && address_at == ~0ull ? now + (fair ? 1 : between(1, 60)) * MS : address_at;
        return;
    }
    uint32_t size = get16(ip + 2) - 20, header = (tcp[12] >> 4) * 4u;
    CHECK(get16(frame + 12) == 0x0800 && ip[0] == 0x45 && ip[9] == 6 && size == length - 34);
    CHECK(first->flags & NET_CHECKSUM);
    CHECK_EQUAL(sum16(ip, 20, 0), 0xffff);
    CHECK_EQUAL(get16(tcp + NET_CHECKSUM_OFFSET), pseudo_sum(ip, size));
    check_timed_out(tcp, size - header);
    if (first->flags & NET_TSO) {
        cut(frame, length, first->segment);
        return;
    }
    CHECK(length <= NET_FRAME_MAX);
    put16(tcp + NET_CHECKSUM_OFFSET, ~sum16(tcp, size, 0));
    to_peer(frame, length);
}

void take_output(void)
{
    static uint8_t frame[NET_TSO_MAX];
    uint32_t length = 0;
    struct net_desc piece, first = {0};
    struct frame *f = &out[out_count];
    while (ring_get(&tx_filled, &piece)) {
        if (length == 0) {
            CHECK(out_count < SLOTS);
            f = &out[out_count];
            f->count = 0;
            first = piece;
        }
        const uint8_t *at = region_at(&net_client_config.regions[piece.region], piece.offset, piece.length);
        CHECK(at && piece.length > 0 && length + piece.length <= sizeof(frame) && f->count < NET_CHAIN_MAX);
        f->pieces[f->count].at = at;
        f->pieces[f->count++].length = piece.region == 0 ? 0 : piece.length;
        memcpy(frame + length, at, piece.length);
        length += piece.length;
        if (!(piece.flags & NET_MORE)) {
            f->cookie = piece.cookie;
            out_count++;
            at_device(frame, length, &first);
            length = 0;
        }
    }
    CHECK_EQUAL(length, 0);
}

void return_output(uint32_t keep)
{
    while (out_count > keep) {
        struct frame *f = &out[--out_count];
        for (uint32_t i = 0; i < f->count; i++) {
            CHECK(f->pieces[i].length == 0 ||
                  (ip_sends_from(f->pieces[i].at, 1) && ip_sends_from(f->pieces[i].at + f->pieces[i].length - 1, 1)));
        }
        CHECK(ring_put(&tx_free, &(struct net_desc){.cookie = f->cookie}));
    }
    if (ring_wake_consumer(&tx_free)) {
        fake_wake(FAKE_BIT(TX));
    }
}

void put_in(const uint8_t *frame, uint32_t length)
{
    struct net_desc desc;
    if (ring_get(&rx_free, &desc)) {
        memcpy(card_buffers + desc.offset, frame, length);
        desc.length = (uint16_t)length;
        desc.flags = NET_CHECKED;
        CHECK(ring_put(&rx_filled, &desc));
    }
}

bool tell_address(void)
{
    uint8_t arp[ARP_BYTES];
    if (now < address_at) {
        return false;
    }
    put_arp_answer(arp);
    put_in(arp, sizeof(arp));
    address_at = ~0ull;
    return true;
}
