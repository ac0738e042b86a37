"""HardKernel's Odroid-C4 (Amlogic S905X3, GIC-400). The device tree is that of the distribution's kernel; it states
1 GiB of the board's 4, which the firmware would mend for Linux, and which is enough here."""

LOAD = 0x20000000

# Far above the image, below 1 GiB; the secure monitor's memory lies below both (0x05000000..0x07300000).
DMA = (0x30000000, 0x0800_0000)

# Its GMAC does not look into the CPU's caches.
DMA_COHERENT = False

CONSOLE = "uart"

DEVICES = {
    "uart": {"node": "/soc/bus@ff800000/serial@3000"},          # UART_AO, on the board's 4-pin header
    "timer": {"node": "/timer", "interrupt": 1},
    # Timers A to E, which the tree does not have: ISA_TIMER_MUX is word 0x3c50 of the bus at 0xffd00000 (Fuchsia,
    # aml-hrtimer-regs.h), in the watchdog's page. Timer A's interrupt as on the S905 (seL4's util_libs, TIMER_A_IRQ of
    # the ODROID-C2).
    "timer_a": {"base": 0xffd0f140, "size": 0x64, "irq": 42, "trigger": "edge"},
    "rng": {"node": "/soc/bus@ff600000/bus@30000/rng@218"},
    "gmac": {"node": "/soc/ethernet@ff3f0000"},
    "gmac_glue": {"node": "/soc/ethernet@ff3f0000", "reg": 1},  # PRG_ETH0
}

GIC = "/soc/interrupt-controller@ffc01000"

DRIVERS = {
    "serial": ("serial_driver_meson", "uart"),
    "timer": ("timer_driver_arm", "timer"),
    "net": ("net_driver_dwmac", "gmac"),
    "entropy": ("entropy_meson", "rng"),
}

# seL4 gives EL0 the physical counter of this board, but no timer.
DRIVERS_OFFICIAL_SDK = {
    "timer": ("timer_driver_meson", "timer_a"),
}

# PRG_ETH0 and PRG_ETH1, the GMAC's surroundings (bits: Linux, drivers/net/ethernet/stmicro/stmmac/dwmac-meson8b.c;
# HardKernel's U-Boot, board/hardkernel/odroidc4/odroidc4.c, ends with the same 0x1621 in the first). RGMII; 125 MHz
# from 1000 MHz (fclk_div2) by 4 and by 2; 2 ns of transmit delay (amlogic,tx-delay-ns); no receive delay and no
# adjustment of its timing.
RGMII, TX_DELAY_2_NS, CLOCK_1000_MHZ_BY_4, TX_CLOCK, REFERENCE_CLOCK = 1 << 0, 1 << 5, 4 << 7, 1 << 10, 1 << 12
MODE_MASK, SOURCE_MASK, TX_DELAY_MASK, DIVIDER_MASK, INVERTED_MASK = 7 << 0, 1 << 4, 3 << 5, 7 << 7, 1 << 11
RX_ADJUST_MASK, RX_DELAY_MASK = 0xfff << 13, 0xf << 16
SET_UP_MASK = MODE_MASK | SOURCE_MASK | TX_DELAY_MASK | DIVIDER_MASK | INVERTED_MASK | RX_ADJUST_MASK

# struct net_dwmac_config (net/dwmac.h). The transmit clock stands still while its source and divider change. The PHY
# is an RTL8211F whose interrupt goes to a GPIO: it is asked instead. It adds no delay of its own (phy-mode "rgmii"):
# TXDLY and RXDLY off (Linux, drivers/net/phy/realtek.c). MDIO's clock: clk81, 166 MHz, by 102.
DWMAC = {
    "phy": 0,
    "mdc": 4,
    "phy_page": 31,
    "phy_writes": [(0xd08, 0x11, 1 << 8, 0), (0xd08, 0x15, 1 << 3, 0)],
    "glue": [
        ("gmac_glue", 0, TX_CLOCK, 0),
        ("gmac_glue", 0, SET_UP_MASK, RGMII | TX_DELAY_2_NS | CLOCK_1000_MHZ_BY_4),
        ("gmac_glue", 4, RX_DELAY_MASK, 0),
        ("gmac_glue", 0, TX_CLOCK, TX_CLOCK),
        ("gmac_glue", 0, REFERENCE_CLOCK, REFERENCE_CLOCK),
    ],
}

IRQS = 256
