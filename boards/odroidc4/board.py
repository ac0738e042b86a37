"""HardKernel's Odroid-C4 (Amlogic S905X3, GIC-400). The device tree is that of the distribution's kernel (tree.py makes it plain);
it states 1 GiB of the board's 4, which the firmware would mend for Linux, and which is enough here."""

LOAD = 0x20000000

# Far above the image, below 1 GiB; the secure monitor's memory lies below both (0x05000000..0x07300000).
DMA = (0x30000000, 0x0800_0000)

# Its GMAC does not look into the CPU's caches.
DMA_COHERENT = False

CONSOLE = "uart"

DEVICES = {
    "uart": {"node": "/soc/bus@ff800000/serial@3000"},          # UART_AO, on the board's 4-pin header
    "timer": {"node": "/timer", "interrupt": 1},
    "gmac": {"node": "/soc/ethernet@ff3f0000"},
    "gmac_glue": {"node": "/soc/ethernet@ff3f0000", "reg": 1},  # PRG_ETH0
}

GIC = "/soc/interrupt-controller@ffc01000"

DRIVERS = {
    "serial": ("serial_driver_meson", "uart"),
    "timer": ("timer_driver_arm", "timer"),
    "net": ("net_driver_dwmac", "gmac"),
}

# PRG_ETH0 (Linux, drivers/net/ethernet/stmicro/stmmac/dwmac-meson8b.c has its bits): RGMII; the 125 MHz clock from 1000 MHz
# by 4 and 2; 2 ns of transmit delay (amlogic,tx-delay-ns); the clock of RGMII on; the reference clock on. No receive delay.
RGMII, TX_DELAY_2_NS, CLOCK_1000_MHZ_BY_4, TX_CLOCK, REFERENCE_CLOCK = 1 << 0, 1 << 5, 4 << 7, 1 << 10, 1 << 12
PRG_ETH0_MASK = 0x7 | 1 << 4 | 3 << 5 | 7 << 7 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13

# struct net_dwmac_config (net/dwmac.h). The PHY is an RTL8211F whose interrupt goes to a GPIO: it is asked instead. It adds
# no delay of its own (phy-mode "rgmii"): TXDLY and RXDLY off. MDIO's clock: clk81, 166 MHz, by 102.
DWMAC = {
    "phy": 0,
    "mdc": 4,
    "phy_page": 31,
    "phy_writes": [(0xd08, 0x11, 1 << 8, 0), (0xd08, 0x15, 1 << 3, 0)],
    "glue": [("gmac_glue", 0, PRG_ETH0_MASK, RGMII | TX_DELAY_2_NS | CLOCK_1000_MHZ_BY_4 | TX_CLOCK | REFERENCE_CLOCK)],
}

IRQS = 256
