"""compose/board.py: the machine, from its device tree and the few facts that the tree lacks (boards/BOARD/board.py)."""

import importlib.util
import os

from . import tree
from .errors import ComposeError

PAGE = 0x1000
BOARDS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "boards")

FACTS = ("LOAD", "DMA", "DEVICES", "DRIVERS", "CONSOLE", "GIC", "IRQS")    # what a board.py has to say

# Interrupt specifier of the GIC: Linux, Documentation/devicetree/bindings/interrupt-controller/arm,gic.yaml.
GIC_SPI, GIC_PPI = 0, 1
FIRST_PPI, FIRST_SPI = 16, 32
FLAGS_EDGE = 0x3


def page_down(address):
    return address & ~(PAGE - 1)


def page_up(address):
    return page_down(address + PAGE - 1)


class Device:
    """name; base and size of its registers (None: it has none); irq (None: none) and trigger ("level", "edge")."""

    def __init__(self, name, base, size, irq, trigger):
        self.name, self.base, self.size, self.irq, self.trigger = name, base, size, irq, trigger


class Board:
    """official_sdk: for a system on seL4, whose kernel may give programs less of the machine (DRIVERS_OFFICIAL_SDK)."""

    def __init__(self, name, dtb, official_sdk=False):
        path = os.path.join(BOARDS, name, "board.py")
        if not os.path.isfile(path):
            known = sorted(d for d in os.listdir(BOARDS) if os.path.isfile(os.path.join(BOARDS, d, "board.py")))
            raise ComposeError(f"unknown board '{name}'; there are: {', '.join(known)}")
        spec = importlib.util.spec_from_file_location(f"board_{name}", path)
        self.facts = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.facts)
        self.name, self.path = name, path
        missing = [fact for fact in FACTS if not hasattr(self.facts, fact)]
        if missing:
            raise ComposeError(f"boards/{name}/board.py has no {missing[0]} (docs/porting.md)")
        self.load = self.facts.LOAD
        self.dma_base, self.dma_size = self.facts.DMA
        self.official_sdk = official_sdk
        self.is_emulated = os.path.isfile(os.path.join(BOARDS, name, "qemu.args"))
        self.drivers = dict(self.facts.DRIVERS)
        if official_sdk:
            self.drivers.update(getattr(self.facts, "DRIVERS_OFFICIAL_SDK", {}))
        self.tree = tree.read(dtb)
        self.ram = tree.memory(self.tree)
        if self.ram is None:
            raise ComposeError(f"board {name}'s device tree has no memory node")

    def device(self, name):
        """A device by our name for it, or by its node's path in the device tree."""
        fact = self.facts.DEVICES.get(name, {"node": name} if name.startswith("/") else None)
        if fact is None:
            known = ", ".join(sorted(self.facts.DEVICES))
            raise ComposeError(f"unknown device '{name}'; board {self.name} has: {known}")
        if "node" not in fact:      # the tree does not have it
            return Device(name, fact["base"], fact["size"], fact["irq"], fact["trigger"])
        node = self._node(fact["node"], f"device '{name}'")
        blocks, index = tree.registers(node) or [(None, None)], fact.get("reg", 0)
        if index >= len(blocks):
            tree.fail(node, f"it has {len(blocks)} register blocks; block {index} is wanted for '{name}'")
        base, size = blocks[index]
        irq, trigger = self._interrupt(node, fact.get("interrupt", 0))
        return Device(name, base, size, irq, trigger)

    def driver(self, service):
        """(program, device name) of a service's driver on this board."""
        if service not in self.drivers:
            known = ", ".join(sorted(self.drivers))
            raise ComposeError(f"board {self.name} has no driver for '{service}'; it has: {known}")
        return self.drivers[service]

    def conf(self):
        """What the SDK's image tool needs to know, one fact a line."""
        node = self._node(self.facts.GIC, "GIC")
        addresses = [base for base, _ in tree.registers(node)[:2]]
        if len(addresses) < 2 or None in addresses:
            tree.fail(node, "a GIC has two register blocks that the CPU can reach")
        console = self.device(self.facts.CONSOLE)
        if console.base is None:
            raise ComposeError(f"device '{console.name}': a console has registers that the CPU can reach")
        return "".join(f"{line}\n" for line in (
            f"# {self.name}: made from its device tree and boards/{self.name}/board.py",
            f"ram {self.ram[0]:#x} {self.ram[1]:#x}",
            f"load {self.load:#x}",
            f"uart {console.base:#x}",
            f"gicd {addresses[0]:#x}",
            f"gicc {addresses[1]:#x}",
            f"irqs {self.facts.IRQS}",
            *(["smc 1"] if self.takes_smc() else []),
        ))

    def takes_smc(self):
        """Whether firmware is there for PSCI calls (DEN 0022), reached by `smc`."""
        node = self.tree.find("/psci")
        return node is not None and node.properties.get("method") == b"smc\0"

    def _node(self, path, what):
        node = self.tree.find(path)
        if node is None:
            raise ComposeError(f"{what}: board {self.name}'s device tree has no node {path}")
        return node

    def _interrupt(self, node, index):
        if "interrupts" not in node.properties:
            return None, None
        specifiers = tree.rows(node, "interrupts", 1, 1, 1)
        if index >= len(specifiers):
            tree.fail(node, f"it has {len(specifiers)} interrupts; number {index} is wanted")
        kind, number, flags = specifiers[index]
        first = {GIC_SPI: FIRST_SPI, GIC_PPI: FIRST_PPI}.get(kind)
        if first is None:
            tree.fail(node, f"an interrupt of kind {kind}; there are: {GIC_SPI}, {GIC_PPI}")
        return first + number, "edge" if flags & FLAGS_EDGE else "level"
