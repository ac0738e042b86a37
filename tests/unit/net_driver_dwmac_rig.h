/* tests/unit/net_driver_dwmac_rig.h: what net/driver_dwmac.c and net/dwmac_phy.c run in on the host, once for their
 * test and their fuzz target: both configurations. The device and the virtualisers' ends are theirs.
 */
#ifndef NET_DRIVER_DWMAC_RIG_H
#define NET_DRIVER_DWMAC_RIG_H

#include "lib/ring.h"
#include "net/config.h"
#include "net/dwmac.h"

enum { IRQ = 1, RX_VIRT = 2, TX_VIRT = 3, TIMER = 4, PHY_IRQ = 5 };

#define BUS 0x30000000ul
#define WORDS (0x4000 / 4)
#define RX_CAPACITY 256
#define FILLED_CAPACITY 128 /* smaller than the device's ring: it can be full */

static _Alignas(4096) uint32_t memory[WORDS];
static _Alignas(64) uint8_t rings[4][RING_BYTES(4096, 16)];
static uint8_t registers; /* only its address */
static volatile uint32_t glue[2] = {0xffff0000, 0x1};
static struct net_device offered;

const struct net_driver_config net_driver_config = {
    .registers = &registers,
    .irq = IRQ,
    .rx_virt = RX_VIRT,
    .tx_virt = TX_VIRT,
    .descriptors = {.base = memory, .size = sizeof(memory), .bus = BUS},
    .device = &offered,
    .rx_free = {.shared = rings[0], .capacity = RX_CAPACITY},
    .rx_filled = {.shared = rings[1], .capacity = FILLED_CAPACITY},
    .tx_filled = {.shared = rings[2], .capacity = 4096},
    .tx_free = {.shared = rings[3], .capacity = 256},
};

static struct timer_page timer_page;
const struct net_dwmac_config net_dwmac_config = {
    .phy = 3,
    .mdc = 4,
    .phy_page = 31,
    .phy_irq = PHY_IRQ,
    .timer = TIMER,
    .timer_page = &timer_page,
    .phy_clear_page = 0xa43,
    .phy_clear_reg = 29,
    .mac_count = 2,
    .macs = {{0x52, 0x54, 1, 0, 0, 0x10}, {0x52, 0x54, 1, 0, 0, 0x11}},
    .glue_count = 2,
    .glue = {{&glue[0], 0xf0, 0x50}, {&glue[1], 0x3, 0x2}},
    .phy_write_count = 1,
    .phy_writes = {{0xd08, 0x11, 0x100, 0x100}},
};

#endif
