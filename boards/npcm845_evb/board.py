"""Nuvoton's NPCM845 evaluation board with 1 GiB, as QEMU 11 models it. Neither QEMU nor the distribution has a device
tree with this board's Ethernet, so the tree is ours (npcm845_evb.dts): addresses and interrupts as QEMU's machine has
them."""

LOAD = 0x10000000

# Above the image, far from it; below 4 GiB, since the GMAC has 32 address bits.
DMA = (0x30000000, 0x0800_0000)

# Its devices do not look into the CPU's caches (QEMU has none, but the maintenance is done).
DMA_COHERENT = False

CONSOLE = "uart"

DEVICES = {
    "uart": {"node": "/serial@f0000000"},
    "timer": {"node": "/timer", "interrupt": 1},
    "gmac": {"node": "/ethernet@f0802000"},
}

GIC = "/interrupt-controller@dfff9000"

DRIVERS = {
    "serial": ("serial_driver_ns16550", "uart"),
    "timer": ("timer_driver_arm", "timer"),
    "net": ("net_driver_dwmac", "gmac"),
}

# The GMAC's surroundings: struct net_dwmac_config (net/dwmac.h). The PHY has no interrupt line here.
DWMAC = {"phy": 0, "mdc": 4}

IRQS = 288
