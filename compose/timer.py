"""compose/timer.py: the timer service: one driver, and a deadline for each client.

    timer = Timer(s)
    timer.client(pd)                    # pd's priority must be below the driver's
"""

from .board import PAGE
from .c import Ptr
from .counters import Counters
from .errors import ComposeError

HEADER = "timer/config.h"
CLIENTS_MAX = 32    # TIMER_CLIENTS_MAX of timer/proto.h; the compiler refuses more
PRIORITY = 200      # above every client: a deadline should not wait for anybody's work


class Timer:
    def __init__(self, system, priority=PRIORITY):
        program, device = system.board.driver("timer")
        self.system = system
        self.driver = system.pd("timer_driver", program=program, priority=priority, small=True)
        registers = self.driver.device(device) if system.board.device(device).base is not None else 0
        self.config = {"registers": Ptr(registers), "irq": self.driver.device_irq(device)}
        self.config |= {"client_count": 0, "clients": []}
        self.driver.config(HEADER, "struct timer_driver_config", "timer_driver_config", self.config)
        self.driver.counters = Counters(self.driver, "timer/counters.h", "timer")

    def client(self, pd):
        """Makes pd a client; returns its channel to the driver and where it has the page that it shares with it."""
        if len(self.config["clients"]) == CLIENTS_MAX:
            raise ComposeError(f"PD '{pd.name}': the timer has {CLIENTS_MAX} clients already")
        if pd.priority >= self.driver.priority:
            raise ComposeError(f"PD '{pd.name}' (priority {pd.priority}) is a client of '{self.driver.name}' (priority "
                               f"{self.driver.priority}), whose priority must be higher")
        to_client, to_driver = self.system.channel(self.driver, pd)
        region = self.system.region(f"timer_{pd.name}", PAGE)
        page = pd.map(region, "rw")
        self.config["clients"].append({"page": Ptr(self.driver.map(region, "r")), "channel": to_client})
        self.config["client_count"] += 1
        pd.config(HEADER, "struct timer_client_config", "timer_client_config", {"page": Ptr(page), "channel": to_driver})
        return to_driver, page
