"""compose/timer.py: the timer service: one driver, and a deadline for each client.

    timer = Timer(s)
    timer.client(pd)                    # pd's priority must be below the driver's
"""

from .c import Ptr
from .errors import ComposeError

HEADER = "timer/config.h"
CLIENTS_MAX = 32    # TIMER_CLIENTS_MAX of timer/proto.h; the compiler refuses more
PRIORITY = 200      # above every client: they call it, and a deadline should not wait for anybody's work


class Timer:
    def __init__(self, system, priority=PRIORITY):
        program, device = system.board.driver("timer")
        self.system = system
        self.driver = system.pd("timer_driver", program=program, priority=priority, small=True)
        registers = self.driver.device(device) if system.board.device(device).base is not None else 0
        self.config = {"registers": Ptr(registers), "irq": self.driver.device_irq(device)}
        self.config |= {"client_count": 0, "clients": []}
        self.driver.config(HEADER, "struct timer_driver_config", "timer_driver_config", self.config)

    def client(self, pd):
        """Makes pd a client; returns its channel to the driver."""
        if len(self.config["clients"]) == CLIENTS_MAX:
            raise ComposeError(f"PD '{pd.name}': the timer has {CLIENTS_MAX} clients already")
        to_client, to_driver = self.system.channel(self.driver, pd, pp="b")
        self.config["clients"].append(to_client)
        self.config["client_count"] += 1
        pd.config(HEADER, "struct timer_client_config", "timer_client_config", {"channel": to_driver})
        return to_driver
