"""compose/net.py: the network service: the NIC's driver, the two virtualisers, and each client's regions and rings.

    net = Net(s)
    net.ip(pd, "52:54:01:00:00:10", timer, hostname="nfs")            # a client with a TCP/IP stack (net/ip)
    net.client(pd, "52:54:01:00:00:11", tx_regions=[(share, address)])   # or frames alone (net/client)

A transmit region is a region(dma=True) that the client has mapped already: payload in it leaves without a copy.
Priorities: the driver above the virtualisers, so that a full batch is waiting when they run; receive below transmit, so
that answers leave before more questions come in; clients below all three.
"""

import re

from . import dwmac
from .c import Expr, Ptr
from .counters import Counters
from .dwmac import Dwmac
from .errors import ComposeError
from .ring import ring_bytes

BUFFER_SIZE = 1536      # NET_BUFFER_SIZE
BUFFER_SMALL = 64       # NET_BUFFER_SMALL
REGIONS_MAX = 4         # NET_REGIONS_MAX
CLIENTS_MAX = 8         # NET_CLIENTS_MAX
BUFFERS_MAX = 1024      # NET_CLIENT_BUFFERS_MAX
SLOTS_MAX = 256         # NET_CLIENT_SLOTS_MAX
LAZY = 32               # NET_LAZY
MEMORY_MIN = 0x1_7e00   # IP_MEMORY_MIN
DATAGRAM_BYTES = 0x1_0200   # IP_DATAGRAM_BYTES
POOLS_BYTES = 0x1800    # IP_POOLS_BYTES
CONNECTION_BYTES = 280  # IP_CONNECTION_BYTES
SEGMENT_BYTES = 56      # IP_SEGMENT_BYTES
BUFFER_BYTES = 40       # IP_BUFFER_BYTES
SLOT_BYTES = 72         # IP_SLOT_BYTES
CONNECTIONS_MAX = 1536  # MEMP_NUM_TCP_PCB
SEGMENTS_MIN = 176      # TCP_SND_QUEUELEN
SEGMENTS_MAX = 0x1_0000
TX_FRAMES = 256         # on their way at once: FRAMES in net/virt_tx.c, the device's queue in net/driver_virtio.c
TX_PIECES = 1024        # of them, four for each: with more than that, as large segments have, fewer wait for the driver
DESCRIPTORS_SIZE = 0x1_8000
ELEMENT = 16            # struct net_desc, struct net_dma_desc


def mac_bytes(text):
    if not re.fullmatch(r"[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}", text):
        raise ComposeError(f"'{text}' is no MAC address; one looks like 52:54:01:00:00:10")
    octets = [int(part, 16) for part in text.split(":")]
    if octets[0] & 1:
        raise ComposeError(f"MAC address {text} is a group address; the first byte of one station's is even")
    return octets


def power_of_two(count):
    return 1 << (count - 1).bit_length()


class Rings:
    """Rings in one region, mapped by two PDs; config(pd, which) is one end's struct ring_config."""

    def __init__(self, system, name, pds, **capacities):
        self.capacities = {which: power_of_two(capacity) for which, capacity in capacities.items()}
        self.offsets, size = {}, 0
        for which, capacity in self.capacities.items():
            self.offsets[which] = size
            size += ring_bytes(capacity, ELEMENT)
        region = system.region(name, size)
        self.addresses = {pd.name: pd.map(region, "rw") for pd in pds}

    def config(self, pd, which):
        return {"shared": Ptr(self.addresses[pd.name] + self.offsets[which]), "capacity": self.capacities[which]}


def region_config(address, region):
    """struct region; an address of None: not mapped there."""
    return {"base": Ptr(address or 0), "size": region.size, "bus": region.phys or 0}


class Net:
    """Whether devices see the CPU's caches is the board's to say (DMA_COHERENT); where they do not the virtualisers
    maintain them, and the driver's descriptors are mapped uncached. entropy: a service (compose/entropy.py), whose client
    each PD with a TCP/IP stack becomes."""

    def __init__(self, system, rx_buffers=176, priority=112, entropy=None):
        self.entropy = entropy
        self.system, self.coherent = system, getattr(system.board.facts, "DMA_COHERENT", True)
        self.macs = {}
        program, device = system.board.driver("net")
        self.driver = system.pd("eth_driver", program=program, priority=priority, small=True)
        self.virt_tx = system.pd("net_virt_tx", program="net_virt_tx", priority=priority - 1, small=True)
        self.virt_rx = system.pd("net_virt_rx", program="net_virt_rx", priority=priority - 2, small=True)
        self.virt_rx.restarts_with.append(self.driver)  # the device has its buffers
        for pd, name in ((self.driver, "net_driver"), (self.virt_tx, "net_virt_tx"), (self.virt_rx, "net_virt_rx")):
            pd.counters = Counters(pd, "net/counters.h", name)
        self.rx_rings = Rings(system, "net_rx_rings", (self.driver, self.virt_rx),
                              free=rx_buffers, filled=rx_buffers)
        self.tx_rings = Rings(system, "net_tx_rings", (self.driver, self.virt_tx),
                              filled=TX_PIECES, free=TX_FRAMES)
        self.device = system.region("net_device", 0x1000)
        self.rx_clients, self.tx_clients = [], []
        driver_rx, virt_rx = system.channel(self.driver, self.virt_rx)
        driver_tx, virt_tx = system.channel(self.driver, self.virt_tx)
        self._driver_config(device, driver_rx, driver_tx)
        self.dwmac = Dwmac(system, self.driver) if program == dwmac.PROGRAM else None
        self._virt_rx_config(virt_rx, rx_buffers)
        self._virt_tx_config(virt_tx)

    def client(self, pd, mac, tx_regions=(), rx_buffers=256, rx_small=0, tx_slots=128):
        """Makes pd a client with this address.
        tx_regions: [(region, its address in pd)], named 1, 2, .. in descriptors. rx_small: receive buffers beside the
        whole ones, for frames of 60 bytes; a frame that finds no buffer is lost."""
        octets = mac_bytes(mac)
        if mac.lower() in self.macs:
            raise ComposeError(f"MAC address {mac} of PD '{pd.name}' is that of PD '{self.macs[mac.lower()]}' already")
        if len(self.rx_clients) == CLIENTS_MAX:
            raise ComposeError(f"PD '{pd.name}' is one network client too many: {CLIENTS_MAX} is all there can be")
        if len(tx_regions) >= REGIONS_MAX:
            raise ComposeError(f"PD '{pd.name}': {len(tx_regions)} transmit regions; "
                               f"at most {REGIONS_MAX - 1} beside the slots")
        for region, _ in tx_regions:
            if region.phys is None:
                raise ComposeError(f"PD '{pd.name}': transmit region '{region.name}' has no fixed address; "
                                   "give it dma=True")
        if not 0 < rx_buffers <= BUFFERS_MAX - rx_small:
            raise ComposeError(f"PD '{pd.name}': {rx_buffers} receive buffers and {rx_small} small ones; "
                               f"1 to {BUFFERS_MAX} there must be")
        if not LAZY < tx_slots <= SLOTS_MAX:
            raise ComposeError(f"PD '{pd.name}': {tx_slots} transmit slots; {LAZY + 1} to {SLOTS_MAX} there must be")
        self.macs[mac.lower()] = pd.name
        if self.dwmac:
            self.dwmac.station(octets)
        config = {"mac": octets}
        config.update(self._receive_side(pd, octets, rx_buffers, rx_small))
        config.update(self._transmit_side(pd, octets, tx_regions, tx_slots))
        pd.config("net/config.h", "struct net_client_config", "net_client_config", config)

    def ip(self, pd, mac, timer, hostname="", wait_for_start=False, connections=1536, segments=4096, memory=0x10_0000,
           large_datagrams=True, **client):
        """A client with lwIP: at most so many TCP connections, segments that are not acknowledged yet, and bytes of
        packets that are not on the wire. pd becomes a client of timer where it is not one; wait_for_start: DHCP only at
        ip_start(); large_datagrams: 64 KiB of memory are for one that pd sends and that does not fit in a frame."""
        if len(hostname.encode()) > 31:
            raise ComposeError(f"PD '{pd.name}': hostname '{hostname}' has more than 31 bytes")
        least = MEMORY_MIN + (DATAGRAM_BYTES if large_datagrams else 0)
        if memory < least:
            raise ComposeError(f"PD '{pd.name}': {memory:#x} bytes of packet memory; a stack needs {least:#x}")
        if not 0 < connections <= CONNECTIONS_MAX:
            raise ComposeError(f"PD '{pd.name}': {connections} TCP connections; 1 to {CONNECTIONS_MAX} there can be")
        if not SEGMENTS_MIN <= segments <= SEGMENTS_MAX:
            raise ComposeError(f"PD '{pd.name}': {segments} TCP segments; "
                               f"{SEGMENTS_MIN} to {SEGMENTS_MAX} there can be")
        self.client(pd, mac, **client)
        if not any(c[2] == "timer_client_config" for c in pd.configs):
            timer.client(pd)
        if self.dwmac:
            self.dwmac.use_timer(timer)
        if self.entropy:
            self.entropy.client(pd)
        pools = POOLS_BYTES + connections * CONNECTION_BYTES + segments * SEGMENT_BYTES
        region = self.system.region(f"ip_memory_{pd.name}", memory + pools + self._table_bytes(pd))
        pd.config("net/ip/ip.h", "struct ip_config", "ip_config", {
            "hostname": hostname or pd.name.replace("_", "-")[:31],
            "wait_for_start": wait_for_start,
            "large_datagrams": large_datagrams,
            "connections": connections,
            "segments": segments,
            "memory": region_config(pd.map(region, "rw"), region),
            "rtc": Ptr(self.clock(pd)),
            "entropy": Expr("&entropy_client_config") if self.entropy else Ptr(0),
        })

    @staticmethod
    def _table_bytes(pd):
        """Of net/ip, for what the client has of buffers and slots."""
        config = next(values for *_, name, values in pd.configs if name == "net_client_config")
        slots = min(config["regions"][0]["size"] // BUFFER_SIZE, SLOTS_MAX)
        return (config["rx_buffer_count"] + config["rx_small_count"]) * BUFFER_BYTES + slots * SLOT_BYTES

    def clock(self, pd):
        """Where pd has the board's clock, for a seed and for the time of day; 0: there is none."""
        if "rtc" not in self.system.board.facts.DEVICES:
            return 0
        device = self.system.board.device("rtc")
        for mapped in pd.maps:
            if mapped.region.phys == device.base:
                return mapped.vaddr
        return pd.device("rtc", "r")

    def _driver_config(self, device, to_rx, to_tx):
        descriptors = self.system.region("net_descriptors", DESCRIPTORS_SIZE, dma=True, cached=self.coherent)
        self.driver.config("net/config.h", "struct net_driver_config", "net_driver_config", {
            "registers": Ptr(self.driver.device(device)),
            "irq": self.driver.device_irq(device),
            "rx_virt": to_rx,
            "tx_virt": to_tx,
            "descriptors": region_config(self.driver.map(descriptors, "rw"), descriptors),
            "device": Ptr(self.driver.map(self.device, "rw")),
            "rx_free": self.rx_rings.config(self.driver, "free"),
            "rx_filled": self.rx_rings.config(self.driver, "filled"),
            "tx_filled": self.tx_rings.config(self.driver, "filled"),
            "tx_free": self.tx_rings.config(self.driver, "free"),
        })

    def _virt_rx_config(self, to_driver, buffers):
        dma = self.system.region("net_rx_dma", buffers * BUFFER_SIZE, dma=True)
        self.virt_rx.config("net/config.h", "struct net_virt_rx_config", "net_virt_rx_config",
                            Counted(self.rx_clients, {
            "driver": to_driver,
            "coherent": self.coherent,
            "dma": region_config(self.virt_rx.map(dma, "r"), dma),
            "buffer_count": buffers,
            "driver_free": self.rx_rings.config(self.virt_rx, "free"),
            "driver_filled": self.rx_rings.config(self.virt_rx, "filled"),
        }))

    def _virt_tx_config(self, to_driver):
        self.virt_tx.config("net/config.h", "struct net_virt_tx_config", "net_virt_tx_config",
                            Counted(self.tx_clients, {
            "driver": to_driver,
            "coherent": self.coherent,
            "device": Ptr(self.virt_tx.map(self.device, "r")),
            "driver_filled": self.tx_rings.config(self.virt_tx, "filled"),
            "driver_free": self.tx_rings.config(self.virt_tx, "free"),
        }))

    def _receive_side(self, pd, octets, buffers, small):
        region = self.system.region(f"net_rx_{pd.name}", buffers * BUFFER_SIZE + small * BUFFER_SMALL)
        more = {"small": small} if small else {}
        rings = Rings(self.system, f"net_rx_rings_{pd.name}", (self.virt_rx, pd), free=buffers, filled=buffers + small,
                      **more)
        to_client, to_virt = self.system.channel(self.virt_rx, pd)
        self.rx_clients.append({
            "mac": octets,
            "channel": to_client,
            "buffers": region_config(self.virt_rx.map(region, "rw"), region),
            "free": rings.config(self.virt_rx, "free"),
            "filled": rings.config(self.virt_rx, "filled"),
            **{which: rings.config(self.virt_rx, which) for which in more},
        })
        return {
            "rx_channel": to_virt,
            "rx_buffers": region_config(pd.map(region, "rw"), region),
            "rx_buffer_count": buffers,
            "rx_small_count": small,
            "device": Ptr(pd.map(self.device, "r")),
            "rx_free": rings.config(pd, "free"),
            "rx_filled": rings.config(pd, "filled"),
            **{f"rx_{which}": rings.config(pd, which) for which in more},
        }

    def _transmit_side(self, pd, octets, tx_regions, slots):
        region = self.system.region(f"net_tx_{pd.name}", slots * BUFFER_SIZE, dma=True)
        rings = Rings(self.system, f"net_tx_rings_{pd.name}", (self.virt_tx, pd), filled=4 * slots, free=slots)
        to_client, to_virt = self.system.channel(self.virt_tx, pd)
        regions = [(region, pd.map(region, "rw")), *tx_regions]
        self.tx_clients.append({
            "mac": octets,
            "channel": to_client,
            "region_count": len(regions),
            "regions": [region_config(self._at_virt_tx(i, r), r) for i, (r, _) in enumerate(regions)],
            "filled": rings.config(self.virt_tx, "filled"),
            "free": rings.config(self.virt_tx, "free"),
        })
        return {
            "tx_channel": to_virt,
            "region_count": len(regions),
            "regions": [region_config(address, r) for r, address in regions],
            "tx_filled": rings.config(pd, "filled"),
            "tx_free": rings.config(pd, "free"),
        }

    def _at_virt_tx(self, index, region):
        """Only the slots are mapped there, for the Ethernet header;
        the payload as well where caches must be cleaned."""
        return self.virt_tx.map(region, "r") if index == 0 or not self.coherent else None


class Counted(dict):
    """A configuration whose clients are still being added: their number is known when it is written."""

    def __init__(self, clients, fields):
        super().__init__(fields)
        self.clients = clients

    def items(self):
        return [*super().items(), ("client_count", len(self.clients)), ("clients", self.clients)]
