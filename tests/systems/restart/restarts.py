"""restarts.py: the echo example with a supervisor, and somebody who has its services die."""

from compose import System
from compose.net import Net
from compose.serial import Serial
from compose.supervisor import Rule, Supervisor
from compose.timer import Timer

s = System.from_args()
timer = Timer(s)
serial = Serial(s)
net = Net(s)

echo = s.pd("echo", program="echo", priority=80)
timer.client(echo)
serial.client(echo)
pattern = s.region("pattern", 0x1_0000, dma=True)
at_echo = echo.map(pattern, "rw")
net.ip(echo, "52:54:01:00:00:20", timer, hostname="echo", tx_regions=[(pattern, at_echo)])

killer = s.pd("killer", program="restart_killer", priority=90)
timer.client(killer)
serial.client(killer, input=True, colour=0)
net.client(killer, "52:54:01:00:00:21")

spinner = s.pd("spinner", program="restart_spinner", priority=200)
to_spinner, from_spinner = s.channel(killer, spinner, pp="a")
spinner.config("tests/systems/restart/config.h", "struct spinner_config", "spinner_config", {"killer": from_spinner})

QUICK = {"settled_ms": 50, "pause_ms": 20, "pause_max_ms": 200}
rules = {pd.name: Rule(**QUICK) for pd in s.pds}
rules["net_virt_rx"] = Rule(group=["eth_driver"], **QUICK)
if s.calls_firmware():
    rules["spinner"] = Rule(settled_ms=60_000, pause_ms=1, pause_max_ms=1, reset_after=6)
supervisor = Supervisor(s, serial, rules, killer=killer)
killer.config("tests/systems/restart/config.h", "struct killer_config", "killer_config", {
    "supervisor": supervisor.to_supervisor,
    "spinner": to_spinner,
    "has_spinner": True,
    "says_lines": True,
    "victim_count": len(supervisor.numbers),
    "victims": [{"name": name, "child": child} for name, child in supervisor.numbers.items()],
})
s.write()
