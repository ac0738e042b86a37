/* net/dwmac_phy.h: the PHY behind the GMAC, over MDIO (IEEE 802.3 clause 22). */
#ifndef NET_DWMAC_PHY_H
#define NET_DWMAC_PHY_H

#include <stdbool.h>
#include <stdint.h>

struct dwmac_link {
    bool up;
    uint16_t speed; /* Mbit/s; what it was last while the link is down */
    bool full_duplex;
};

/* The board's writes, and autonegotiation where the firmware left the PHY off. False: no PHY answers. */
bool dwmac_phy_start(volatile void *registers);

/* What the two ends of the cable have agreed on. False: the PHY does not answer; *link is as it was. */
bool dwmac_phy_link(volatile void *registers, struct dwmac_link *link);

/* Ends the PHY's interrupt, where the board has connected it. */
void dwmac_phy_clear_interrupt(volatile void *registers);

#endif
