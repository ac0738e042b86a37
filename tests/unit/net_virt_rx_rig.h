/* tests/unit/net_virt_rx_rig.h: what net/virt_rx.c runs in on the host, once for its test and its fuzz target: the
 * configuration, with a driver and two clients, the second without small buffers, and their ends of all rings.
 */
#ifndef NET_VIRT_RX_RIG_H
#define NET_VIRT_RX_RIG_H

#include "net/config.h"
#include "tests/unit/fake_microkit.h"

#define DRIVER 1
#define CLIENT(i) (2 + (i))
#define BUFFERS 8
#define BUS 0x60000000ul

static uint8_t dma[BUFFERS * NET_BUFFER_SIZE];
static uint8_t buffers[2][4 * NET_BUFFER_SIZE];
static _Alignas(64) uint8_t rings[7][RING_BYTES(16, 16)];

#define RING(i)                            \
    {                                      \
        .shared = rings[i], .capacity = 16 \
    }

const struct net_virt_rx_config net_virt_rx_config = {
    .driver = DRIVER,
    .coherent = true,
    .dma = {.base = dma, .size = sizeof(dma), .bus = BUS},
    .buffer_count = BUFFERS,
    .driver_free = RING(0),
    .driver_filled = RING(1),
    .client_count = 2,
    .clients = {{.mac = {0x52, 0, 0, 0, 0, 1},
                 .channel = CLIENT(0),
                 .buffers = {.base = buffers[0], .size = sizeof(buffers[0])},
                 .free = RING(2),
                 .small = RING(6),
                 .filled = RING(3)},
                {.mac = {0x52, 0, 0, 0, 0, 2},
                 .channel = CLIENT(1),
                 .buffers = {.base = buffers[1], .size = sizeof(buffers[1])},
                 .free = RING(4),
                 .filled = RING(5)}},
};

void cache_invalidate(const void *start, size_t length)
{
    CHECK(!"coherent");
}

static struct ring driver_free, driver_filled, client_free[2], client_filled[2], client_small;

static void attach_ends(void)
{
    ring_attach_consumer(&driver_free, &net_virt_rx_config.driver_free, 16);
    ring_attach_producer(&driver_filled, &net_virt_rx_config.driver_filled, 16);
    for (int i = 0; i < 2; i++) {
        ring_attach_producer(&client_free[i], &net_virt_rx_config.clients[i].free, 16);
        ring_attach_consumer(&client_filled[i], &net_virt_rx_config.clients[i].filled, 16);
    }
    ring_attach_producer(&client_small, &net_virt_rx_config.clients[0].small, 16);
}

#endif
