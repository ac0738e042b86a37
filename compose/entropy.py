"""compose/entropy.py: the entropy service: the driver of the board's source of random numbers, a seed for each client.

    entropy = Entropy(s, serial)
    net = Net(s, entropy=entropy)   # every PD with a TCP/IP stack is a client
    entropy.client(pd)              # and this one; its priority must be below the service's

On a board of which we know no source there is no such PD, and clients are told so.
"""

from .c import Ptr
from .errors import ComposeError

HEADER = "entropy/config.h"
CLIENTS_MAX = 16        # ENTROPY_CLIENTS_MAX
MEMORY_SIZE = 0x1000    # for a virtio device: queue and buffer
STACK = 0x1000
PRIORITY = 190          # above every client: they call it. It works for as long as they ask, some microseconds each


class Entropy:
    """pd: None where the board has no source."""

    def __init__(self, system, serial, priority=PRIORITY):
        self.system, self.pd = system, None
        if "entropy" not in system.board.drivers:
            return
        program, name = system.board.driver("entropy")
        self.pd = system.pd("entropy", program=program, priority=priority, stack=STACK, small=True)
        device = system.board.device(name)
        memory = system.region("entropy_memory", MEMORY_SIZE, dma=True,
                               cached=getattr(system.board.facts, "DMA_COHERENT", True))
        self.config = {
            "registers": Ptr(self.pd.device(name)),
            "has_irq": device.irq is not None,
            "irq": self.pd.device_irq(name) if device.irq is not None else 0,
            "memory": {"base": Ptr(self.pd.map(memory, "rw")), "size": memory.size, "bus": memory.phys},
            "client_count": 0,
            "clients": [],
        }
        self.pd.config(HEADER, "struct entropy_config", "entropy_config", self.config)
        serial.client(self.pd, tx_capacity=2048)     # one page

    def client(self, pd):
        """Gives pd the struct entropy_client_config that entropy/client.h wants."""
        config = {"has_service": self.pd is not None, "channel": 0}
        if self.pd is not None:
            if len(self.config["clients"]) == CLIENTS_MAX:
                raise ComposeError(f"PD '{pd.name}': the entropy service has {CLIENTS_MAX} clients already")
            to_client, config["channel"] = self.system.channel(self.pd, pd, pp="b")
            self.config["clients"].append(to_client)
            self.config["client_count"] += 1
        pd.config(HEADER, "struct entropy_client_config", "entropy_client_config", config)
