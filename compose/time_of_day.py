"""compose/time_of_day.py: what time it is, once for a system: one PD finds out, others read a word of memory.

    time = TimeOfDay(s, server="time.example")      # "": the board's clock, or NTP servers that DHCP names
    Http(s, .., time=time)                          # finds out, by its network stack (net/ip/time_of_day.h)
    Python(s, .., time=time)                        # reads
    at = time.reader(pd)                            # so does this one: pd_follow_unix_time()
"""

from .c import Expr, Ptr
from .errors import ComposeError

SERVER_MAX = 63         # IP_TIME_SERVER_MAX, without its end
PORT = 123              # of NTP


class TimeOfDay:
    def __init__(self, system, server="", port=PORT):
        if len(server.encode()) > SERVER_MAX:
            raise ComposeError(f"NTP server '{server}' has more than {SERVER_MAX} bytes")
        if not 0 < port <= 65535:
            raise ComposeError(f"NTP server '{server}': port {port} is not in 1..65535")
        self.system, self.server, self.port, self.owner = system, server, port, None
        self.region = system.region("time_of_day", 0x1000)

    def writer(self, pd, clock):
        """pd, a client of the network with a stack, finds out; clock: where it has the board's, 0: there is none."""
        if self.owner is not None:
            raise ComposeError(f"PD '{pd.name}': the time of day is found out by PD '{self.owner.name}' already")
        self.owner = pd
        pd.config("net/ip/time_of_day.h", "struct ip_time_config", "ip_time_config", {
            "clock": Ptr(clock), "server": self.server, "port": self.port, "word": Ptr(pd.map(self.region, "rw"))})
        return Expr("&ip_time_config")

    def reader(self, pd):
        """Where pd has the word."""
        return pd.map(self.region, "r")
