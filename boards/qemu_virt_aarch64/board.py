"""QEMU's virt machine with 2 GiB: what its device tree does not say."""

# Where the official SDK's images for this board go, and ours.
LOAD = 0x70000000

# Where DMA regions go: behind the image and all that is allocated after it. The official SDK's kernel and everything
# that it lays out begin at 0x60000000 (below is no memory to it), its first objects end at the end of RAM, 0xc0000000.
DMA = (0xb0000000, 0x0800_0000)

# Who prints the kernel's and the loader's words.
CONSOLE = "uart"

# Our name -> node of the device tree, and which of its interrupts is meant where it has several.
DEVICES = {
    "uart": {"node": "/pl011@9000000"},
    "rtc": {"node": "/pl031@9010000"},
    # arm,armv8-timer (Linux: Documentation/devicetree/bindings/timer): secure, non-secure, virtual, hypervisor.
    # The timer driver has the non-secure physical one.
    "timer": {"node": "/timer", "interrupt": 1},
    # The machine gives its first virtio device the last of 32 slots.
    "virtio_net": {"node": "/virtio_mmio@a003e00"},
    # A slot has 512 bytes: this one is the first of a page of its own, as long as nothing else is put into 16 to 23.
    "virtio_rng": {"node": "/virtio_mmio@a002000"},
}

GIC = "/intc@8000000"

# Service -> the program of its driver here, and the device that it drives.
DRIVERS = {
    "serial": ("serial_driver_pl011", "uart"),
    "timer": ("timer_driver_arm", "timer"),
    "net": ("net_driver_virtio", "virtio_net"),
    "entropy": ("entropy_virtio", "virtio_rng"),
}

# Interrupt numbers below this exist: GICD_TYPER of this machine says 9 words of 32.
IRQS = 288
