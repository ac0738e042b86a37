/* net/dwmac.h: Synopsys DesignWare Ethernet MAC Universal ("GMAC"), releases 3.x with normal descriptors, as NPCM8xx,
 * Amlogic and many others have it: registers, descriptors, and what a board says about the surroundings of its own.
 *
 * Source: the databook of release 3.70a as printed in vendors' manuals. Registers: Intel Agilex HPS address map,
 * gmacgrp and dmagrp; STMicroelectronics RM0090, chapter 33. Normal descriptors: STMicroelectronics RM0082 (SPEAr300),
 * chapter 24.
 */
#ifndef NET_DWMAC_H
#define NET_DWMAC_H

#include <stdbool.h>
#include <stdint.h>
#include "net/proto.h"
#include "timer/proto.h"

/* -- the board: boards/BOARD/board.py, DWMAC; compose/dwmac.py writes the values -- */

#define DWMAC_NONE 0xff /* no such channel, no such PHY */
#define DWMAC_GLUE_MAX 16
#define DWMAC_PHY_WRITES_MAX 16

struct dwmac_glue { /* *at = (*at & ~mask) | value */
    volatile uint32_t *at;
    uint32_t mask, value;
};

struct dwmac_phy_write { /* the same for a register of the PHY */
    uint16_t page;       /* of a PHY with pages (RTL8211F), else 0 */
    uint16_t reg, mask, value;
};

struct net_dwmac_config {
    uint8_t phy;                            /* address on MDIO; DWMAC_NONE: no PHY to ask, 1000 Mbit/s full duplex */
    uint8_t mdc;                            /* MDIO clock: the CR field of GMII_ADDR, by the clock of the bus */
    uint8_t phy_page;                       /* the PHY's register that selects its page; 0: it has no pages */
    uint8_t phy_irq;                        /* channel; DWMAC_NONE: the PHY's interrupt is not connected */
    uint8_t timer;                          /* channel to the timer driver; DWMAC_NONE: none */
    struct timer_page *timer_page;          /* shared with it */
    uint16_t phy_clear_page, phy_clear_reg; /* a read of this register ends the PHY's interrupt */
    uint8_t mac_count;
    uint8_t macs[NET_CLIENTS_MAX][6]; /* the stations here: what the filter lets in, beside group addresses */
    uint8_t glue_count;
    struct dwmac_glue glue[DWMAC_GLUE_MAX]; /* clocks, RGMII delays: written in this order before anything else */
    uint8_t phy_write_count;
    struct dwmac_phy_write phy_writes[DWMAC_PHY_WRITES_MAX]; /* at each start of the device */
};
extern const struct net_dwmac_config net_dwmac_config;

/* -- registers: offsets -- */

enum {
    GMAC_CONFIG = 0x0000,
    GMAC_FRAME_FILTER = 0x0004,
    GMAC_GMII_ADDR = 0x0010,
    GMAC_GMII_DATA = 0x0014,
    GMAC_FLOW_CONTROL = 0x0018,
    GMAC_VERSION = 0x0020,
    GMAC_INT_MASK = 0x003c,
    GMAC_ADDRESS_HIGH = 0x0040, /* 8 apart */
    GMAC_ADDRESS_LOW = 0x0044,
    GMAC_MMC_RX_INT_MASK = 0x010c,
    GMAC_MMC_TX_INT_MASK = 0x0110,
    GMAC_MMC_IPC_INT_MASK = 0x0200,
    GMAC_BUS_MODE = 0x1000,
    GMAC_TX_POLL = 0x1004,
    GMAC_RX_POLL = 0x1008,
    GMAC_RX_BASE = 0x100c,
    GMAC_TX_BASE = 0x1010,
    GMAC_STATUS = 0x1014,
    GMAC_OPERATION = 0x1018,
    GMAC_INT_ENABLE = 0x101c,
    GMAC_MISSED = 0x1020,
    GMAC_HW_FEATURE = 0x1058, /* reads as 0 before release 3.5 */
};

/* -- their bits -- */

#define GMAC_CONFIG_RE (1u << 2)
#define GMAC_CONFIG_TE (1u << 3)
#define GMAC_CONFIG_DM (1u << 11)  /* full duplex */
#define GMAC_CONFIG_FES (1u << 14) /* 100, not 10 Mbit/s */
#define GMAC_CONFIG_PS (1u << 15)  /* 10 or 100, not 1000 Mbit/s */

#define GMAC_FILTER_PR (1u << 0) /* everything */
#define GMAC_FILTER_PM (1u << 4) /* every group address */
#define GMAC_ADDRESS_ENABLE (1u << 31)

#define GMAC_GMII_BUSY (1u << 0)
#define GMAC_GMII_WRITE (1u << 1)
#define GMAC_GMII_CLOCK_BIT 2
#define GMAC_GMII_REGISTER_BIT 6
#define GMAC_GMII_PHY_BIT 11

#define GMAC_BUS_RESET (1u << 0)
#define GMAC_BUS_PBL_8 (8u << 8) /* words in a burst */
#define GMAC_BUS_ADDRESS_ALIGNED (1u << 25)

#define GMAC_OPERATION_SR (1u << 1)   /* receive runs */
#define GMAC_OPERATION_OSF (1u << 2)  /* fetch a second frame while the first leaves */
#define GMAC_OPERATION_ST (1u << 13)  /* transmit runs */
#define GMAC_OPERATION_TSF (1u << 21) /* store and forward, transmit: a slow bus cannot starve a frame under way */
#define GMAC_OPERATION_RSF (1u << 25) /* and receive: a frame with a wrong check sequence does not reach memory */

/* GMAC_STATUS and GMAC_INT_ENABLE have the same layout; status bits are cleared by writing them. */
#define GMAC_INT_TI (1u << 0)  /* a frame marked so has left */
#define GMAC_INT_TPS (1u << 1) /* transmit has stopped */
#define GMAC_INT_TU (1u << 2)  /* no frame to send: transmit waits for a poll demand */
#define GMAC_INT_TJT (1u << 3) /* jabber: transmit has stopped */
#define GMAC_INT_OVF (1u << 4)
#define GMAC_INT_UNF (1u << 5)  /* underrun: transmit waits for a poll demand */
#define GMAC_INT_RI (1u << 6)   /* a frame has come */
#define GMAC_INT_RU (1u << 7)   /* no buffer: receive waits for a poll demand */
#define GMAC_INT_RPS (1u << 8)  /* receive has stopped */
#define GMAC_INT_FBI (1u << 13) /* bus error: both have stopped */
#define GMAC_INT_AIS (1u << 15)
#define GMAC_INT_NIS (1u << 16)
#define GMAC_STATUS_CLEAR 0x1e7ffu /* the bits that a write clears */

#define GMAC_FEATURE_TX_CHECKSUM (1u << 16) /* TXCOESEL: it can put checksums into what it sends */

/* -- normal descriptors, ring mode; addresses are the device's, 32 bits -- */

struct dwmac_desc {
    uint32_t status, control, buffer, buffer2;
};

#define DESC_OWN (1u << 31) /* the device's */

/* receive: status (RDES0), control (RDES1) */
#define RX_LENGTH(status) ((status) >> 16 & 0x3fff) /* with the frame check sequence; in the last one */
#define RX_ERROR (1u << 15)
#define RX_OVERFLOW (1u << 11)
#define RX_FIRST (1u << 9)
#define RX_LAST (1u << 8)
#define RX_END_OF_RING (1u << 25)
#define RX_BUFFER_MAX 2032u /* the size's 11 bits, a multiple of the widest bus */

/* transmit: status (TDES0), control (TDES1) */
#define TX_ERROR (1u << 15)
#define TX_UNDERRUN (1u << 1)
#define TX_INTERRUPT (1u << 31)
#define TX_LAST (1u << 30)
#define TX_FIRST (1u << 29)
#define TX_CHECKSUM (3u << 27) /* in the first one: IPv4's and TCP's or UDP's, whatever lies there; needs TSF */
#define TX_END_OF_RING (1u << 25)

#endif
