/* net_driver_dwmac_odroidc4.c: net/driver_dwmac.c and net/dwmac_phy.c with the configuration that compose made for the
 * Odroid-C4, against what lies around the GMAC there: PRG_ETH0 and PRG_ETH1, the clocks that they make, and an RTL8211F
 * on a cable.
 *
 * Linked with the system's own eth_driver.config.c (tests/test_odroidc4.py, which also takes entries away from it:
 * this must then fail). Its addresses are those of the protection domain: memory is mapped there, registers are known
 * by them.
 *
 * Bits of PRG_ETH0 and PRG_ETH1: Linux, drivers/net/ethernet/stmicro/stmmac/dwmac-meson8b.c. Of the RTL8211F: Linux,
 * drivers/net/phy/realtek.c; U-Boot, drivers/net/phy/realtek.c; IEEE 802.3, 22.2.4 and 40.5.1.
 */
#include <string.h>
#include <sys/mman.h>

#include "gmac_model.h"

#define CLK81_HZ 166666667u
#define MDC_HZ_MAX 2500000u

static uint64_t seconds(uint64_t count)
{
    return count * 1000000000;
}

/* -- PRG_ETH0, PRG_ETH1 -- */

#define MODE(eth0) ((eth0)&7)
#define MODE_RGMII 1
#define SOURCE_MPLL2 (1u << 4) /* not fclk_div2 */
#define TX_DELAY_NS(eth0) (((eth0) >> 5 & 3) * 2)
#define DIVIDER(eth0) ((eth0) >> 7 & 7)
#define TX_CLOCK (1u << 10)
#define INVERTED (1u << 11)
#define REFERENCE_CLOCK (1u << 12)
#define ADJUST (1u << 13)
#define TX_CLOCK_BITS (SOURCE_MPLL2 | 7u << 7)
#define RX_DELAY(eth1) ((eth1) >> 16 & 15)

static struct {
    uint32_t eth0, eth1;
    bool clock_missing; /* the gate of the MAC's bus clock or its memory's power is off: U-Boot has never set it up */
    unsigned writes;
} glue;

/* Both lie in the page that the configuration maps for them. */
static uint32_t *glue_register(volatile void *at)
{
    uintptr_t offset = (uintptr_t)at & 0xfff;

    CHECK(offset == 0x540 || offset == 0x544);
    return offset == 0x540 ? &glue.eth0 : &glue.eth1;
}

uint32_t glue_read(volatile void *at)
{
    return *glue_register(at);
}

/* A clock that runs while its source or divider changes may glitch, and the MAC's state machines with it. */
void glue_write(volatile void *at, uint32_t value)
{
    uint32_t *reg = glue_register(at);

    if (reg == &glue.eth0 && (*reg ^ value) & TX_CLOCK_BITS) {
        CHECK(!(*reg & TX_CLOCK) && !(value & TX_CLOCK));
    }
    *reg = value;
    glue.writes++;
}

static uint32_t tx_clock_mhz(void)
{
    uint32_t divider = DIVIDER(glue.eth0);

    if (glue.eth0 & SOURCE_MPLL2 || divider < 2 || !(glue.eth0 & TX_CLOCK) || !(glue.eth0 & REFERENCE_CLOCK)) {
        return 0;
    }
    return 1000 / divider / 2;
}

/* -- the RTL8211F -- */

enum { BMCR = 0, BMSR = 1, PHYID1 = 2, PHYID2 = 3, ANAR = 4, ANLPAR = 5, CTRL1000 = 9, STAT1000 = 10, PAGE = 31 };

#define BMCR_RESTART (1u << 9)
#define BMCR_POWER_DOWN (1u << 11)
#define BMCR_AUTONEGOTIATION (1u << 12)
#define BMSR_LINK (1u << 2)
#define BMSR_CAPABILITIES 0x7949u
#define TX_DELAY (1u << 8)      /* page 0xd08, register 0x11 */
#define RX_DELAY_2_NS (1u << 3) /* page 0xd08, register 0x15 */

static struct {
    uint16_t bmcr, anar, ctrl1000, page, tx, rx;
    uint64_t linked_at;           /* ns; 0: never */
    bool latched;                 /* a loss of the link that nobody has read of */
    uint16_t theirs, theirs_1000; /* what the other end of the cable offers; 0: no cable */
} phy;

static bool link_is_up(void)
{
    return phy.linked_at && gmac.now >= phy.linked_at && !(phy.bmcr & BMCR_POWER_DOWN);
}

static void negotiate(void)
{
    phy.latched |= link_is_up();
    phy.linked_at = phy.theirs ? gmac.now + seconds(2) : 0;
}

static uint16_t status(void)
{
    uint16_t value = BMSR_CAPABILITIES | (link_is_up() && !phy.latched ? BMSR_LINK : 0);

    phy.latched = false;
    return value;
}

static uint16_t read_standard(uint32_t reg)
{
    switch (reg) {
    case BMCR: return phy.bmcr;
    case BMSR: return status();
    case PHYID1: return 0x001c;
    case PHYID2: return 0xc916;
    case ANAR: return phy.anar;
    case ANLPAR: return link_is_up() ? phy.theirs : 0;
    case CTRL1000: return phy.ctrl1000;
    case STAT1000: return link_is_up() ? phy.theirs_1000 : 0;
    default: CHECK(!"a register of the PHY that the driver need not read"); return 0;
    }
}

static uint16_t *delays(uint32_t reg)
{
    CHECK(phy.page == 0xd08 && (reg == 0x11 || reg == 0x15));
    return reg == 0x11 ? &phy.tx : &phy.rx;
}

/* Others on the bus, the broadcast address among them, do not answer. */
uint16_t phy_read_register(uint32_t address, uint32_t reg)
{
    CHECK_EQUAL(address, 0);
    if (reg < 16) {
        CHECK_EQUAL(phy.page, 0); /* U-Boot's driver leaves the standard registers on that page, too */
        return read_standard(reg);
    }
    return *delays(reg);
}

void phy_write_register(uint32_t address, uint32_t reg, uint16_t value)
{
    CHECK_EQUAL(address, 0);
    if (reg == PAGE) {
        phy.page = value;
    } else if (reg == BMCR) {
        CHECK_EQUAL(phy.page, 0);
        phy.bmcr = value & (uint16_t)~BMCR_RESTART;
        if (value & BMCR_RESTART) {
            negotiate();
        }
    } else {
        *delays(reg) = value;
    }
}

/* -- cable and frames -- */

enum { AT_1000, AT_100, AT_10 };

static void plug(int speed)
{
    static const uint16_t theirs[] = {0x45e1, 0x45e1, 0x4461}, theirs_1000[] = {0x0800, 0, 0};

    phy.theirs = theirs[speed];
    phy.theirs_1000 = theirs_1000[speed];
    negotiate();
}

static void unplug(void)
{
    phy.theirs = 0;
    negotiate();
}

static uint32_t line_speed(void)
{
    return phy.theirs_1000 ? 1000 : phy.theirs & 0x0180 ? 100 : 10;
}

static uint32_t mac_speed(void)
{
    return !(gmac.config & GMAC_CONFIG_PS) ? 1000 : gmac.config & GMAC_CONFIG_FES ? 100 : 10;
}

/* What the tree says that this board's wires want: 2 ns on the way out, from the MAC; none in, from neither. The MAC
 * makes 25 and 2.5 MHz out of the 125 by itself. */
static bool frames_arrive_whole(void)
{
    uint32_t tx_ns = TX_DELAY_NS(glue.eth0) + (phy.tx & TX_DELAY ? 2 : 0);
    bool rx_delayed = phy.rx & RX_DELAY_2_NS || glue.eth0 & ADJUST || RX_DELAY(glue.eth1);

    return link_is_up() && MODE(glue.eth0) == MODE_RGMII && tx_clock_mhz() == 125 && !(glue.eth0 & INVERTED) &&
           tx_ns == 2 && !rx_delayed && mac_speed() == line_speed() && gmac.config & GMAC_CONFIG_DM;
}

/* The reset ends when all clocks are there: the bus's, the transmitter's, and the receiver's, which the PHY makes. */
void gmac_is_reset(void)
{
    bool transmit = MODE(glue.eth0) == MODE_RGMII && tx_clock_mhz() == 125, receive = !(phy.bmcr & BMCR_POWER_DOWN);

    gmac.reset_reads = !glue.clock_missing && transmit && receive ? 2 : FOREVER;
}

/* -- the tests -- */

static void map(const void *start, uint64_t size)
{
    uintptr_t begin = (uintptr_t)start & ~0xffful, end = ((uintptr_t)start + size + 0xfff) & ~0xffful;

    /* Two rings may share a page: what is there stays. */
    for (; begin < end; begin += 0x1000) {
        void *at = mmap((void *)begin, 0x1000, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        CHECK(at == (void *)begin || at == MAP_FAILED);
    }
}

static void map_ring(const struct ring_config *ring)
{
    map(ring->shared, RING_BYTES(ring->capacity, 16));
}

/* Of U-Boot there is what its board_eth_init() leaves; of the PHY, power-on values with every strap the other way. */
static void prepare(void)
{
    const struct net_driver_config *config = &net_driver_config;

    map(config->descriptors.base, config->descriptors.size);
    map(config->device, sizeof(*config->device));
    map(net_dwmac_config.timer_page, sizeof(*net_dwmac_config.timer_page));
    map_ring(&config->rx_free);
    map_ring(&config->rx_filled);
    map_ring(&config->tx_filled);
    map_ring(&config->tx_free);
    gmac_prepare();
    glue.eth0 = 0x1621;
    phy.bmcr = 0x1140;
    phy.anar = 0x0de1;
    phy.ctrl1000 = 0x0200;
    phy.tx = 0x0109;
    phy.rx = 0x0019;
    plug(AT_1000);
}

/* The cable has been in for long, or the link comes while the driver asks each second. */
static void await_link(void)
{
    for (unsigned asked = 0; !strstr(fake_console(), "link up"); asked++) {
        CHECK(asked < 4);
        gmac_timer();
    }
}

static void exchange(void)
{
    CHECK(frames_arrive_whole());
    give_buffers(4);
    CHECK(gmac_arrive(64, GOOD));
    gmac_interrupt();
    CHECK(received(0, 60));
    put_frame(7, 2);
    kick();
    CHECK_EQUAL(gmac.sent_count, 1);
}

static void test_as_uboot_leaves_it(void)
{
    prepare();
    init();
    await_link();
    exchange();
    CHECK(glue.eth0 == 0x1621 && phy.page == 0);
    CHECK(phy.tx == 0x0009 && phy.rx == 0x0011); /* the neighbours of the delays' bits as they were */
}

/* Nothing but the gates and the pins is set up, all else is wrong. */
static void test_after_anything(void)
{
    prepare();
    glue.eth0 = 0xfe001000u | 4 | SOURCE_MPLL2 | 3u << 5 | 6u << 7 | TX_CLOCK | INVERTED | ADJUST | 0x1ffc000u;
    glue.eth1 = 0xffffffff;
    init();
    await_link();
    exchange();
    CHECK_EQUAL(glue.eth0, 0xfe001621);
    CHECK_EQUAL(glue.eth1, 0xfff0ffff);
}

static void test_clocks_off(void)
{
    prepare();
    glue.eth0 = 0;
    init();
    await_link();
    exchange();
}

static void test_phy_powered_down(void)
{
    prepare();
    phy.bmcr |= BMCR_POWER_DOWN; /* and with it the receive clock, without which no reset ends */
    init();
    CHECK(!strstr(fake_console(), "does not end"));
    await_link();
    exchange();
}

static void test_gate_closed(void)
{
    prepare();
    glue.clock_missing = true;
    init();
    CHECK(strstr(fake_console(), "a clock is missing") && gmac.operation == 0);
    gmac_timer();
    CHECK(gmac.operation == 0 && gmac.resets == 2);
    glue.clock_missing = false;
    gmac_timer();
    await_link();
    exchange();
}

static void test_mdio_clock(void)
{
    static const uint32_t dividers[] = {42, 62, 16, 26, 102, 124}; /* CR of GMII_ADDR, in the databook's order */

    CHECK(net_dwmac_config.mdc < 6 && CLK81_HZ / dividers[net_dwmac_config.mdc] <= MDC_HZ_MAX);
}

/* Each speed, with the cable out in between; the link is noticed within the driver's second. The glue is left alone. */
static void test_speeds(void)
{
    prepare();
    init();
    await_link();
    unsigned writes = glue.writes;
    for (int speed = AT_10; speed >= AT_1000; speed--) {
        unplug();
        gmac_timer();
        CHECK(!frames_arrive_whole() && net_dwmac_config.timer_page->deadline - gmac.now <= seconds(1));
        plug(speed);
        for (unsigned asked = 0; !frames_arrive_whole(); asked++) {
            CHECK(asked < 4);
            gmac_timer();
        }
        CHECK(line_speed() == mac_speed());
    }
    exchange();
    CHECK(glue.writes == writes && gmac.resets == 1);
}

/* The cable changes hands between two looks: down is latched, and what counts is what is there now. */
static void test_quick_change(void)
{
    prepare();
    init();
    await_link();
    unplug();
    plug(AT_100);
    gmac.now = phy.linked_at;
    gmac_timer();
    CHECK(frames_arrive_whole() && mac_speed() == 100);
}

/* The reset of a driver that recovers does not undo the board's settings. */
static void test_bus_error(void)
{
    prepare();
    init();
    await_link();
    gmac.status |= GMAC_INT_FBI;
    gmac_interrupt();
    CHECK_EQUAL(gmac.resets, 2);
    exchange();
}

int main(void)
{
    run_alone(test_as_uboot_leaves_it);
    run_alone(test_after_anything);
    run_alone(test_clocks_off);
    run_alone(test_phy_powered_down);
    run_alone(test_gate_closed);
    run_alone(test_mdio_clock);
    run_alone(test_speeds);
    run_alone(test_quick_change);
    run_alone(test_bus_error);
    return 0;
}
