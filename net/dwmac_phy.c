/* dwmac_phy.c: MDIO through the MAC, and what a PHY's standard registers say of the link. Vendors' own registers
 * (delays, interrupts; with the RTL8211F on pages, of which 0 has the standard ones: U-Boot,
 * drivers/net/phy/realtek.c) are data of the board.
 *   consumes  the PHY's registers, by MDIO: trusted to tell of the link, not to answer. All ones are no answer
 *   produces  up, speed and duplex for driver_dwmac.c; the board's writes, once at the start
 *   invariant page 0 is selected between calls, as far as the PHY answers
 *   waits     for each transaction, since MDIO has no interrupt: 64 clocks, 26 us at 2.5 MHz, with a bound; then: false
 */
#include "net/dwmac_phy.h"

#include "lib/pd.h"
#include "net/dwmac.h"
#include "lib/mmio.h"

#define MDIO_NS_MAX 1000000ull

/* IEEE 802.3, 22.2.4 and 40.5.1 */
enum {
    BMCR = 0,
    BMSR = 1,
    PHYID1 = 2,
    ANAR = 4,   /* what we offer */
    ANLPAR = 5, /* what the other end does */
    CTRL1000 = 9,
    STAT1000 = 10,
};

enum {
    BMCR_RESTART = 1 << 9,
    BMCR_ISOLATE = 1 << 10,
    BMCR_POWER_DOWN = 1 << 11,
    BMCR_AUTONEGOTIATION = 1 << 12,
    BMSR_LINK = 1 << 2,
    BMSR_EXTENDED = 1 << 8, /* CTRL1000 and STAT1000 exist */
    AN_10_FULL = 1 << 6,
    AN_100_HALF = 1 << 7,
    AN_100_FULL = 1 << 8,
    CTRL1000_FULL = 1 << 9, /* STAT1000 has the other end's two bits further up */
};

static bool mdio(volatile void *registers, uint32_t reg, uint32_t flags)
{
    uint64_t begin = pd_now_ns();

    mmio_write(registers, GMAC_GMII_ADDR,
               (uint32_t)net_dwmac_config.phy << GMAC_GMII_PHY_BIT | reg << GMAC_GMII_REGISTER_BIT |
                   (uint32_t)net_dwmac_config.mdc << GMAC_GMII_CLOCK_BIT | flags | GMAC_GMII_BUSY);
    while (mmio_read(registers, GMAC_GMII_ADDR) & GMAC_GMII_BUSY) {
        if (pd_now_ns() - begin > MDIO_NS_MAX) {
            return false;
        }
    }
    return true;
}

static bool phy_read(volatile void *registers, uint32_t reg, uint16_t *value)
{
    if (!mdio(registers, reg, 0)) {
        return false;
    }
    *value = (uint16_t)mmio_read(registers, GMAC_GMII_DATA);
    return true;
}

static bool phy_write(volatile void *registers, uint32_t reg, uint16_t value)
{
    mmio_write(registers, GMAC_GMII_DATA, value);
    return mdio(registers, reg, GMAC_GMII_WRITE);
}

static bool select_page(volatile void *registers, uint16_t page)
{
    return net_dwmac_config.phy_page == 0 || phy_write(registers, net_dwmac_config.phy_page, page);
}

static bool write_board_values(volatile void *registers)
{
    uint16_t value;

    for (uint32_t i = 0; i < net_dwmac_config.phy_write_count; i++) {
        const struct dwmac_phy_write *w = &net_dwmac_config.phy_writes[i];
        if (!select_page(registers, w->page) || !phy_read(registers, w->reg, &value) ||
            !phy_write(registers, w->reg, (uint16_t)((value & ~w->mask) | w->value))) {
            return false;
        }
    }
    return net_dwmac_config.phy_write_count == 0 || select_page(registers, 0);
}

bool dwmac_phy_start(volatile void *registers)
{
    uint16_t value;

    if (net_dwmac_config.phy == DWMAC_NONE) {
        return true;
    }
    /* All ones: nobody drives the line. */
    if (!phy_read(registers, PHYID1, &value) || value == 0xffff || !write_board_values(registers) ||
        !phy_read(registers, BMCR, &value)) {
        return false;
    }
    if ((value & (BMCR_AUTONEGOTIATION | BMCR_POWER_DOWN | BMCR_ISOLATE)) != BMCR_AUTONEGOTIATION) {
        return phy_write(registers, BMCR, BMCR_AUTONEGOTIATION | BMCR_RESTART);
    }
    return true;
}

/* The best of what both ends can: 1000 full first, then 100 full, 100 half, 10 full, 10 half (28B.3). */
static void resolve(uint16_t gigabit, uint16_t common, struct dwmac_link *link)
{
    link->speed = gigabit ? 1000 : common & (AN_100_FULL | AN_100_HALF) ? 100 : 10;
    link->full_duplex = gigabit || (common & AN_100_FULL) || (!(common & AN_100_HALF) && (common & AN_10_FULL));
}

/* Link down is latched until it is read (22.2.4.2.13): the second read says what is now. */
static bool read_status(volatile void *registers, uint16_t *status)
{
    uint16_t latched;

    return phy_read(registers, BMSR, &latched) && phy_read(registers, BMSR, status) && *status != 0xffff;
}

bool dwmac_phy_link(volatile void *registers, struct dwmac_link *link)
{
    uint16_t status, ours, theirs, ctrl1000 = 0, stat1000 = 0;

    if (net_dwmac_config.phy == DWMAC_NONE) {
        *link = (struct dwmac_link){.up = true, .speed = 1000, .full_duplex = true};
        return true;
    }
    if (!read_status(registers, &status)) {
        return false;
    }
    if (!(status & BMSR_LINK)) {
        link->up = false;
        return true;
    }
    if (!phy_read(registers, ANAR, &ours) || !phy_read(registers, ANLPAR, &theirs)) {
        return false;
    }
    if ((status & BMSR_EXTENDED) &&
        (!phy_read(registers, CTRL1000, &ctrl1000) || !phy_read(registers, STAT1000, &stat1000))) {
        return false;
    }
    resolve((uint16_t)(ctrl1000 & (stat1000 >> 2) & CTRL1000_FULL), (uint16_t)(ours & theirs), link);
    link->up = true;
    return true;
}

void dwmac_phy_clear_interrupt(volatile void *registers)
{
    uint16_t ignored;

    (void)(select_page(registers, net_dwmac_config.phy_clear_page) &&
           phy_read(registers, net_dwmac_config.phy_clear_reg, &ignored) && select_page(registers, 0));
}
