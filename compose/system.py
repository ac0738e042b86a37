"""compose/system.py: protection domains, memory regions, channels;
checked as they are named, written out at the end."""

import argparse
import os
import re
import sys

from . import output
from .board import PAGE, Board, page_down, page_up
from .c import IDENTIFIER
from .errors import ComposeError, report

LARGE_PAGE = 0x20_0000
PDS_MAX = 63
CHANNELS_MAX = 62
PRIORITY_MAX = 254
STACK_DEFAULT = 0x2000
HEAP_MAX = 0x1000_0000  # lies in the program, below VADDR_FIRST
NAME_MAX = {"1.": 16, "2.": 63}

# Where mappings go that name no address: above the program, whose linker script starts at 2 MiB, in the same GiB (one
# page table less), and below the 2^39 of our address spaces. A guard page follows each.
VADDR_FIRST = 0x2000_0000

# Of a small program: behind it, in the page table that it has anyway, as long as there is room. The rest of that table
# is for its stack and IPC buffer, which the image tool puts there.
NEAR_FIRST, NEAR_END = 0x28_0000, 0x3c_0000
VADDR_END = 0x70_0000_0000


def alignment(size, page_size):
    """Where a region may begin whose address is ours to say: a large one so that our image tool maps it in large pages,
    and in small ones what is left at its end."""
    return LARGE_PAGE if size >= LARGE_PAGE else page_size


class Region:
    """A memory region. `phys` is an int where the address is fixed (DMA, devices), else None."""

    def __init__(self, name, size, page_size, phys, cached, kind):
        self.name, self.size, self.page_size, self.phys, self.cached, self.kind = (
            name, size, page_size, phys, cached, kind)
        self.alignment = alignment(size, page_size)


class Map:
    def __init__(self, region, vaddr, permissions, cached):
        self.region, self.vaddr, self.permissions, self.cached = region, vaddr, permissions, cached
        self.end = vaddr + region.size


class Irq:
    def __init__(self, number, trigger, channel):
        self.number, self.trigger, self.channel = number, trigger, channel


class Channel:
    """a and b may notify each other; `pp` names the end ("a", "b") that may make protected calls."""

    def __init__(self, a, a_id, b, b_id, pp):
        self.a, self.a_id, self.b, self.b_id, self.pp = a, a_id, b, b_id, pp


class Pd:
    """A protection domain. Made by System.pd()."""

    def __init__(self, system, name, program, priority, budget_us, period_us, passive, stack, heap, small):
        self.system, self.name, self.program, self.priority = system, name, program, priority
        self.budget_us, self.period_us, self.passive, self.stack, self.heap = budget_us, period_us, passive, stack, heap
        self.maps, self.irqs, self.configs = [], [], []
        self.parent, self.children = None, []
        self.smc = False            # it may call the firmware
        self.counters = None        # what it counts: compose/counters.py
        self.secret = False         # its configuration is one: only the owner may read what is written of it
        self.watchdog_us = None     # a child's, on our own kernel (docs/kernel.md)
        self.restarts_with = []     # PDs that cannot go on when this one has died: compose/supervisor.py
        self.next_vaddr, self.next_near = VADDR_FIRST, NEAR_FIRST if small else NEAR_END
        self.next_channel = 0

    def map(self, region, permissions="rw", vaddr=None, cached=None):
        """Maps a region; returns its address in this PD."""
        if not isinstance(region, Region):
            raise ComposeError(f"PD '{self.name}': map() wants a region, not {region!r}")
        if permissions not in ("r", "rw", "rx"):
            raise ComposeError(f"PD '{self.name}': permissions '{permissions}' of region '{region.name}'; "
                               "there are: r, rw, rx")
        if any(m.region is region for m in self.maps):
            raise ComposeError(f"PD '{self.name}' maps region '{region.name}' twice")
        if vaddr is None:
            vaddr = self._free_address(region)
        mapped = Map(region, vaddr, permissions, region.cached if cached is None else cached)
        if vaddr % region.page_size:
            raise ComposeError(f"PD '{self.name}': address {vaddr:#x} of region '{region.name}' is not a multiple of "
                               f"its page size {region.page_size:#x}")
        if vaddr == 0 or mapped.end > VADDR_END:
            raise ComposeError(f"PD '{self.name}': region '{region.name}' at {vaddr:#x} lies outside "
                               f"0x1000..{VADDR_END:#x}")
        for other in self.maps:
            if vaddr < other.end and other.vaddr < mapped.end:
                raise ComposeError(f"PD '{self.name}': region '{region.name}' at {vaddr:#x}..{mapped.end:#x} overlaps "
                                   f"region '{other.region.name}' at {other.vaddr:#x}..{other.end:#x}")
        self.maps.append(mapped)
        return vaddr

    def _free_address(self, region):
        if region.page_size == PAGE and self.next_near + region.size <= NEAR_END:
            vaddr = self.next_near
            self.next_near += region.size + PAGE
            return vaddr
        vaddr = (self.next_vaddr + region.alignment - 1) & -region.alignment
        self.next_vaddr = vaddr + region.size + PAGE
        return vaddr

    def device(self, name, permissions="rw"):
        """Maps a device's registers, uncached; returns the address of the first, which need not start a page."""
        device = self.system.board.device(name)
        if device.base is None:
            raise ComposeError(f"PD '{self.name}': device '{name}' has no registers to map")
        region = self.system._device_region(device)
        return self.map(region, permissions) + device.base - region.phys

    def irq(self, number, trigger="level"):
        """Makes this PD the receiver of an interrupt; returns the channel."""
        if trigger not in ("level", "edge"):
            raise ComposeError(f"PD '{self.name}': trigger '{trigger}' of interrupt {number}; there are: level, edge")
        if not isinstance(number, int) or not 16 <= number < self.system.board.facts.IRQS:
            raise ComposeError(f"PD '{self.name}': interrupt {number} does not exist; board {self.system.board.name} "
                               f"has 16..{self.system.board.facts.IRQS - 1}")
        for pd in self.system.pds:
            if any(i.number == number for i in pd.irqs):
                raise ComposeError(f"PD '{self.name}': interrupt {number} belongs to PD '{pd.name}' already")
        channel = self._channel()
        self.irqs.append(Irq(number, trigger, channel))
        return channel

    def device_irq(self, name):
        """The interrupt of a device, with number and trigger from the board; returns the channel."""
        device = self.system.board.device(name)
        if device.irq is None:
            raise ComposeError(f"PD '{self.name}': device '{name}' has no interrupt")
        return self.irq(device.irq, device.trigger)

    def child(self, pd):
        """Makes `pd` a child: its faults come to this PD, which may stop and restart it. Returns the child's number."""
        ancestor = self
        while ancestor is not None:
            if ancestor is pd:
                raise ComposeError(f"PD '{pd.name}' cannot be a child of '{self.name}', "
                                   "which is itself or its own descendant")
            ancestor = ancestor.parent
        if pd.parent is not None:
            raise ComposeError(f"PD '{pd.name}' is a child of '{pd.parent.name}' already")
        if len(self.children) == CHANNELS_MAX:
            raise ComposeError(f"PD '{self.name}' has {CHANNELS_MAX} children already")
        pd.parent = self
        self.children.append(pd)
        return len(self.children) - 1

    def config(self, header, kind, symbol, value):
        """Defines `const kind symbol = value` in this PD's program; `header` declares it."""
        if not IDENTIFIER.match(symbol):
            raise ComposeError(f"PD '{self.name}': '{symbol}' is no name of a C object")
        if any(c[2] == symbol for c in self.configs):
            raise ComposeError(f"PD '{self.name}': configuration '{symbol}' is given twice")
        if not isinstance(value, dict):
            raise ComposeError(f"PD '{self.name}': configuration '{symbol}' is a {type(value).__name__}, not a dict")
        self.configs.append((header, kind, symbol, value))

    def _channel(self):
        if self.next_channel == CHANNELS_MAX:
            raise ComposeError(f"PD '{self.name}' has used up its {CHANNELS_MAX} channels")
        self.next_channel += 1
        return self.next_channel - 1


class System:
    def __init__(self, name, board, output_dir, config="release", dialect="2.0.1", variables=None, picture=False,
                 trace=""):
        self.name, self.board, self.output_dir, self.config = name, board, output_dir, config
        self.dialect, self.variables, self.picture, self.trace = dialect, variables or {}, picture, trace
        self.script = sys.argv[0]
        self.pds, self.regions, self.channels = [], [], []
        self.checks = []        # called when all is named, before anything is written
        self.secrets = []       # what the image holds that nobody else may have; the report says it
        self.next_dma = board.dma_base
        if not any(dialect.startswith(v) for v in NAME_MAX):
            raise ComposeError(f"SDK version '{dialect}' is unknown; there are: 1.4.1, 2.x")

    @classmethod
    def from_args(cls):
        """The system that the command line asks for; the makefiles give it (mk/rules.mk, system)."""
        sys.excepthook = report
        parser = argparse.ArgumentParser(description=f"composes {sys.argv[0]}")
        for option in ("name", "board", "dtb", "output"):
            parser.add_argument(f"--{option}", required=True)
        parser.add_argument("--config", default="release", help="debug, release or benchmark")
        parser.add_argument("--dialect", default="2.0.1", help="version of the SDK that reads the .system file")
        parser.add_argument("--official-sdk", action="store_true", help="that SDK is not ours")
        parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE",
                            help="a variable of the description")
        parser.add_argument("--trace", default="", metavar="PDS", help="those that keep a trace: 1 for all, or names with"
                            " commas between them")
        parser.add_argument("--picture", action="store_true", help="write NAME.dot alone; variables may be unset")
        args = parser.parse_args()
        variables = dict(v.split("=", 1) for v in args.set)
        return cls(args.name, Board(args.board, args.dtb, args.official_sdk), args.output, args.config, args.dialect,
                   variables, args.picture, args.trace)

    def calls_firmware(self):
        """Whether this SDK's programs may do so where the description says it: of official ones since 2.1."""
        return not self.board.official_sdk or not self.dialect.startswith(("1.", "2.0"))

    def var(self, name, default=None, example=None):
        """A variable that mk/variables.mk declares and the description names; `default` where it is empty; without one
        it must be set. `example` (or the name) stands in where only a picture is drawn."""
        if name not in self.variables:
            raise ComposeError(f"variable '{name}' is not handed over: mk/variables.mk has to declare it, and the "
                               "description to name it in double quotes; there are: "
                               f"{', '.join(sorted(self.variables)) or 'none'}")
        value = self.variables[name]
        try:
            value.encode()
        except UnicodeEncodeError:
            shown = os.fsencode(value).decode(errors="backslashreplace")
            raise ComposeError(f"{name}='{shown}' is not UTF-8") from None
        if value == "" and default is None and self.picture:
            return example if example is not None else name
        if value == "" and default is None:
            raise ComposeError(f"variable {name} is not set")
        return value if value != "" else default

    def number(self, name, default=None):
        """The same where mk/variables.mk declares a port or a range of numbers."""
        text = self.var(name, None if default is None else str(default), example="0")
        if not (text.isascii() and text.isdecimal()):
            raise ComposeError(f"{name}='{text}' is no number")
        return int(text)

    def pd(self, name, program, priority, budget_us=None, period_us=None, passive=False, stack=STACK_DEFAULT,
           heap=None, small=False):
        """small: the program takes less than half a MiB, all its variables included."""
        longest = next(n for version, n in NAME_MAX.items() if self.dialect.startswith(version))
        if not re.match(r"[A-Za-z_][A-Za-z0-9_.-]*\Z", name):
            raise ComposeError(f"'{name}' is no name for a PD: letters, digits, '_', '-', '.'")
        if len(name) > longest:
            raise ComposeError(f"PD name '{name}' has {len(name)} characters; SDK {self.dialect} takes {longest}")
        if any(p.name == name for p in self.pds):
            raise ComposeError(f"there are two PDs named '{name}'")
        if len(self.pds) == PDS_MAX:
            raise ComposeError(f"PD '{name}' is one too many: {PDS_MAX} is all there can be")
        if not 0 <= priority <= PRIORITY_MAX:
            raise ComposeError(f"PD '{name}': priority {priority} is not in 0..{PRIORITY_MAX}")
        if (budget_us is None) != (period_us is None):
            raise ComposeError(f"PD '{name}': budget_us and period_us go together")
        if budget_us is not None and not 0 < budget_us <= period_us:
            raise ComposeError(f"PD '{name}': budget of {budget_us} us is not in 1..{period_us}, its period")
        if stack % PAGE or not PAGE <= stack <= 0x100_0000:
            raise ComposeError(f"PD '{name}': stack size {stack:#x} is not a multiple of {PAGE:#x} up to 16 MiB")
        if heap is not None and not 0 <= heap <= HEAP_MAX:
            raise ComposeError(f"PD '{name}': heap of {heap:#x} bytes is not in 0..{HEAP_MAX:#x}")
        pd = Pd(self, name, program, priority, budget_us, period_us, passive, stack, heap, small)
        self.pds.append(pd)
        return pd

    def region(self, name, size, dma=False, phys=None, cached=True, page_size=None):
        """A memory region. Its size is rounded up to pages; dma=True gives it an address in the board's DMA window."""
        if page_size is None:
            page_size = LARGE_PAGE if size >= LARGE_PAGE and size % LARGE_PAGE == 0 else PAGE
        if page_size not in (PAGE, LARGE_PAGE):
            raise ComposeError(f"region '{name}': page size {page_size:#x}; there are: {PAGE:#x}, {LARGE_PAGE:#x}")
        if size <= 0:
            raise ComposeError(f"region '{name}': size {size} is not positive")
        size = (size + page_size - 1) & -page_size
        if dma and phys is not None:
            raise ComposeError(f"region '{name}': either dma or phys, not both")
        if dma:
            phys = self._dma_address(name, size, alignment(size, page_size))
        return self._add_region(Region(name, size, page_size, phys, cached, "dma" if dma else "memory"))

    def channel(self, a, b, pp=None):
        """Connects two PDs; returns (a's channel, b's channel).
        pp="a": a may make protected calls to b, "b": b to a."""
        if a is b:
            raise ComposeError(f"PD '{a.name}': a channel to itself")
        if pp not in (None, "a", "b"):
            raise ComposeError(f"channel '{a.name}'-'{b.name}': pp is '{pp}'; there are: 'a', 'b', None")
        caller, callee = (a, b) if pp == "a" else (b, a)
        if pp and callee.priority <= caller.priority:
            raise ComposeError(f"channel '{a.name}'-'{b.name}': '{caller.name}' (priority {caller.priority}) calls "
                               f"'{callee.name}' (priority {callee.priority}), whose priority must be higher")
        channel = Channel(a, a._channel(), b, b._channel(), pp)
        self.channels.append(channel)
        return channel.a_id, channel.b_id

    def write(self):
        if not self.pds:
            raise ComposeError(f"system '{self.name}' has no PD")
        for check in self.checks:
            check()
        if self.picture:
            output.write_picture(self)
        else:
            output.write(self)

    def _dma_address(self, name, size, aligned):
        phys = (self.next_dma + aligned - 1) & -aligned
        end = self.board.dma_base + self.board.dma_size
        if phys + size > end:
            raise ComposeError(f"region '{name}': {size:#x} bytes do not fit what is left of the board's DMA window, "
                               f"{phys:#x}..{end:#x}")
        self.next_dma = phys + size
        return phys

    def _device_region(self, device):
        base, end = page_down(device.base), page_up(device.base + device.size)
        for region in self.regions:
            if region.kind == "device" and region.phys == base and region.size == end - base:
                return region
        return self._add_region(
            Region(device.name.strip("/").replace("/", "_"), end - base, PAGE, base, False, "device"))

    def _add_region(self, region):
        if any(r.name == region.name for r in self.regions):
            raise ComposeError(f"there are two regions named '{region.name}'")
        if region.phys is not None:
            if region.phys % region.page_size:
                raise ComposeError(f"region '{region.name}': physical address {region.phys:#x} is not a multiple of "
                                   f"its page size {region.page_size:#x}")
            for other in self.regions:
                if (other.phys is not None and region.phys < other.phys + other.size
                        and other.phys < region.phys + region.size):
                    raise ComposeError(f"region '{region.name}' at {region.phys:#x} overlaps region '{other.name}' at "
                                       f"{other.phys:#x}")
        self.regions.append(region)
        return region
