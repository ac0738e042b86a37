/* wire_stack.c: see the header. */
#include "wire_stack.h"

#include <string.h>

#include "lwip/netif.h"
#include "net/ip/internal.h"

struct ring rx_small;
uint32_t wire_alarms;

void wire_start(bool has_address, uint16_t port, uint8_t backlog, tcp_accept_fn on_accept)
{
    ip4_addr_t address, mask, gateway;

    if (net_client_config.rx_small_count > 0) {
        ring_attach_consumer(&rx_small, &net_client_config.rx_small, 16);
    }
    timer_client_init(&timer_client_config);
    ip_init(&ip_config, &net_client_config);
    if (has_address) {
        IP4_ADDR(&address, 10, 0, 2, 15);
        IP4_ADDR(&mask, 255, 255, 255, 0);
        IP4_ADDR(&gateway, 10, 0, 2, 2);
        netif_set_addr(netif_default, &address, &mask, &gateway);
    }
    struct tcp_pcb *pcb = tcp_new();
    CHECK(pcb && tcp_bind(pcb, IP_ADDR_ANY, port) == ERR_OK);
    tcp_accept(tcp_listen_with_backlog(pcb, backlog), on_accept);
    pd_flush();
}

/* -- frames -- */

bool wire_put(const uint8_t *frame, uint32_t length)
{
    struct net_desc desc;
    bool small = length <= NET_SMALL_MAX && net_client_config.rx_small_count > 0 && ring_get(&rx_small, &desc);

    if (!small && !ring_get(&rx_free, &desc)) {
        return false;
    }
    memcpy((uint8_t *)net_client_config.rx_buffers.base + desc.offset, frame, length);
    desc.length = (uint16_t)length;
    CHECK(ring_put(&rx_filled, &desc));
    return true;
}

void wire_deliver(const uint8_t *frame, uint32_t length)
{
    CHECK(wire_put(frame, length));
    fake_wake(FAKE_BIT(RX));
}

void wire_take(void)
{
    uint8_t frame[NET_FRAME_MAX];
    uint32_t length = 0;
    struct net_desc piece;

    do {
        while (ring_get(&tx_filled, &piece)) {
            const uint8_t *at = region_at(&net_client_config.regions[piece.region], piece.offset, piece.length);
            CHECK(at && length + piece.length <= sizeof(frame));
            memcpy(frame + length, at, piece.length);
            length += piece.length;
            if (!(piece.flags & NET_MORE)) {
                uint32_t whole = length;
                length = 0;
                CHECK(ring_put(&tx_free, &(struct net_desc){.cookie = piece.cookie}));
                at_peer(frame, whole);
            }
        }
        if (ring_wake_consumer(&tx_free)) {
            fake_wake(FAKE_BIT(TX));
        }
    } while (ring_count(&tx_filled) > 0);
}

void wire_pass(uint64_t ns)
{
    uint64_t end = now + ns;

    while (timer_page.deadline <= end) {
        now = timer_page.deadline > now ? timer_page.deadline : now;
        timer_page.deadline = ~0ull;
        fake_set_now_ns(now);
        fake_wake(FAKE_BIT(TIMER));
        wire_alarms++;
        wire_take();
    }
    now = end;
    fake_set_now_ns(now);
}

/* -- TCP, ARP -- */

void wire_send(const struct segment *segment)
{
    uint8_t frame[NET_FRAME_MAX];

    wire_deliver(frame, wire_segment(frame, segment));
    wire_take();
}

bool wire_answers_arp(const uint8_t *frame)
{
    uint8_t arp[ARP_BYTES];

    if (get16(frame + 12) != 0x0806) {
        return false;
    }
    if (frame[21] == 1 && memcmp(frame + 38, host_ip, 4) == 0) {
        put_arp_answer(arp);
        wire_deliver(arp, sizeof(arp));
    }
    return true;
}
