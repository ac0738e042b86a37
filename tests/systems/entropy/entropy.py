"""entropy.py: two clients of the entropy service, a third by its network stack, and somebody who has each of them die."""

from compose import System
from compose.entropy import Entropy
from compose.net import Net
from compose.serial import Serial
from compose.supervisor import Rule, Supervisor
from compose.timer import Timer

s = System.from_args()
timer = Timer(s)
serial = Serial(s)
entropy = Entropy(s, serial)
net = Net(s, entropy=entropy)

for name in ("drawer_a", "drawer_b"):
    pd = s.pd(name, program="entropy_drawer", priority=80)
    timer.client(pd)
    serial.client(pd)
    entropy.client(pd)
echo = s.pd("echo", program="echo", priority=70)
timer.client(echo)
serial.client(echo)
pattern = s.region("pattern", 0x1_0000, dma=True)
at_echo = echo.map(pattern, "rw")
net.ip(echo, "52:54:01:00:00:20", timer, hostname="echo", tx_regions=[(pattern, at_echo)])

killer = s.pd("killer", program="restart_killer", priority=90)
timer.client(killer)
serial.client(killer, input=True, colour=0)
net.client(killer, "52:54:01:00:00:21")

QUICK = {"settled_ms": 50, "pause_ms": 20, "pause_max_ms": 200}
rules = {pd.name: Rule(**QUICK) for pd in s.pds}
rules["net_virt_rx"] = Rule(group=["eth_driver"], **QUICK)
supervisor = Supervisor(s, serial, rules, killer=killer)
killer.config("tests/systems/restart/config.h", "struct killer_config", "killer_config", {
    "supervisor": supervisor.to_supervisor,
    "says_lines": False,
    "victim_count": len(supervisor.numbers),
    "victims": [{"name": name, "child": child} for name, child in supervisor.numbers.items()],
})
s.write()
