"""compose/chaos.py: a part of a system that has any other die, for whoever asks over the network.

    chaos = Chaos(s, serial, timer, net, mac="52:54:01:00:00:13")
    supervisor = Supervisor(s, serial, rules, killer=chaos.pd)
    chaos.kills_by(supervisor)

For systems that are built to be broken: `make chaos`, `make run CHAOS=1`. It is a child of the supervisor as all others
are. Its priority is above that of all that computes, so that it is there while one of those spins.
"""

from .c import Ptr
from .errors import ComposeError

PARTS_MAX = 30      # CHAOS_PARTS_MAX
PRIORITY = 95
# A few connections of one browser or of one test.
IP = {"connections": 16, "segments": 176, "memory": 0x2_0000, "large_datagrams": False, "rx_buffers": 32,
      "rx_small": 32, "tx_slots": 40}


class Chaos:
    def __init__(self, system, serial, timer, net, mac, priority=PRIORITY):
        self.pd = system.pd("chaos", program="chaos", priority=priority)
        serial.client(self.pd, input=True)
        timer.client(self.pd)
        net.ip(self.pd, mac, timer, hostname="chaos", **IP)

    def kills_by(self, supervisor):
        """It may name each of the supervisor's children but itself."""
        parts = [(name, child) for name, child in supervisor.numbers.items() if name != self.pd.name]
        if len(parts) > PARTS_MAX:
            raise ComposeError(f"PD '{self.pd.name}': {len(parts)} parts to kill are more than {PARTS_MAX}")
        self.pd.config("chaos/config.h", "struct chaos_config", "chaos_config", {
            "notes": Ptr(self.pd.map(supervisor.notes, "r")),
            "supervisor": supervisor.to_supervisor,
            "part_count": len(parts),
            "parts": [{"name": name, "child": child} for name, child in parts],
        })
