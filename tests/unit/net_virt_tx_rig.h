/* tests/unit/net_virt_tx_rig.h: what net/virt_tx.c runs in on the host, once for its test and its fuzz target: the
 * configuration, with a driver and two clients, and their ends of all rings. Who includes it says before how many SLOTS
 * a client has, and how many elements its rings (CLIENT_RING).
 */
#ifndef NET_VIRT_TX_RIG_H
#define NET_VIRT_TX_RIG_H

#include <string.h>

#include "net/config.h"
#include "tests/unit/fake_microkit.h"

#define DRIVER 1
#define CLIENT(i) (2 + (i))
#define BUS(c, r) (0x60000000ul + 0x1000000ul * (c) + 0x100000ul * (r))
#define SECOND 0x10000 /* bytes of a second region, which the virtualiser does not look into */

static struct net_device device = {.offloads = NET_CHECKSUM | NET_TSO};
static uint8_t slots[2][SLOTS * NET_BUFFER_SIZE];
static _Alignas(64) uint8_t driver_rings[2][RING_BYTES(1024, 16)];
static _Alignas(64) uint8_t rings[4][RING_BYTES(CLIENT_RING, 16)];

#define RING(i)                                     \
    {                                               \
        .shared = rings[i], .capacity = CLIENT_RING \
    }
#define REGIONS(c)     \
    .region_count = 2, \
    .regions = {{.base = slots[c], .size = sizeof(slots[c]), .bus = BUS(c, 0)}, {.size = SECOND, .bus = BUS(c, 1)}}

const struct net_virt_tx_config net_virt_tx_config = {
    .driver = DRIVER,
    .coherent = true,
    .device = &device,
    .driver_filled = {.shared = driver_rings[0], .capacity = 1024},
    .driver_free = {.shared = driver_rings[1], .capacity = 256},
    .client_count = 2,
    .clients = {{.mac = {0x52, 0, 0, 0, 0, 1}, .channel = CLIENT(0), REGIONS(0), .filled = RING(0), .free = RING(1)},
                {.mac = {0x52, 0, 0, 0, 0, 2}, .channel = CLIENT(1), REGIONS(1), .filled = RING(2), .free = RING(3)}},
};

void cache_clean(const void *start, size_t length)
{
    CHECK(!"coherent");
}

static struct ring driver_filled, driver_free, filled[2], returned[2];

/* Each slot holds a frame from its client. */
static void attach_ends(void)
{
    ring_attach_consumer(&driver_filled, &net_virt_tx_config.driver_filled, 16);
    ring_attach_producer(&driver_free, &net_virt_tx_config.driver_free, 16);
    for (int i = 0; i < 2; i++) {
        ring_attach_producer(&filled[i], &net_virt_tx_config.clients[i].filled, 16);
        ring_attach_consumer(&returned[i], &net_virt_tx_config.clients[i].free, 16);
        for (int slot = 0; slot < SLOTS; slot++) {
            memcpy(slots[i] + slot * NET_BUFFER_SIZE + 6, net_virt_tx_config.clients[i].mac, 6);
        }
    }
}

#endif
