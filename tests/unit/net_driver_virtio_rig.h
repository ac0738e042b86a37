/* tests/unit/net_driver_virtio_rig.h: what net/driver_virtio.c runs in on the host, once for its test and its fuzz
 * target: the configuration, and the virtualisers' ends of all rings. The device is theirs.
 */
#ifndef NET_DRIVER_VIRTIO_RIG_H
#define NET_DRIVER_VIRTIO_RIG_H

#include "net/config.h"
#include "lib/mmio.h"
#include "net/virtio_net.h"
#include "virtio/virtio.h"
#include "tests/unit/fake_microkit.h"

enum { IRQ = 1, RX_VIRT = 2, TX_VIRT = 3 };
#define BUS 0x60000000ul

static _Alignas(4096) uint8_t dma[0x20000];
static struct net_device shown;
static _Alignas(64) uint8_t rings[4][RING_BYTES(4096, 16)];

const struct net_driver_config net_driver_config = {
    .registers = dma, /* any address: mmio_read and mmio_write are a model's */
    .irq = IRQ,
    .rx_virt = RX_VIRT,
    .tx_virt = TX_VIRT,
    .descriptors = {.base = dma, .size = sizeof(dma), .bus = BUS},
    .device = &shown,
    .rx_free = {.shared = rings[0], .capacity = 256},
    .rx_filled = {.shared = rings[1], .capacity = 256},
    .tx_filled = {.shared = rings[2], .capacity = 4096},
    .tx_free = {.shared = rings[3], .capacity = 256},
};

static struct ring rx_free, rx_filled, tx_filled, tx_free;

static void attach_ends(void)
{
    ring_attach_producer(&rx_free, &net_driver_config.rx_free, 16);
    ring_attach_consumer(&rx_filled, &net_driver_config.rx_filled, 16);
    ring_attach_producer(&tx_filled, &net_driver_config.tx_filled, 16);
    ring_attach_consumer(&tx_free, &net_driver_config.tx_free, 16);
}

#endif
