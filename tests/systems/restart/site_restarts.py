"""site_restarts.py: a web server with a supervisor, and somebody who has its parts die."""

import datetime

from compose import System
from compose.entropy import Entropy
from compose.fs import Nfs
from compose.http import Http, Https, Site
from compose.net import Net
from compose.python import Python
from compose.self_signed import certificate, key_from
from compose.serial import Serial
from compose.supervisor import Rule, Supervisor
from compose.timer import Timer
from compose.tls import Tls

KEY = key_from(0x5ee5ee)        # anybody knows it: this image is no secret
TODAY = datetime.datetime.combine(datetime.date.today(), datetime.time(), datetime.timezone.utc)

s = System.from_args()
timer = Timer(s)
serial = Serial(s)
entropy = Entropy(s, serial)
net = Net(s, entropy=entropy)
nfs = Nfs(s, serial, timer, net, mac="52:54:01:00:00:10", server=s.var("NFS_SERVER"), directory=s.var("NFS_DIRECTORY"),
          nfs_port=s.number("NFS_PORT", 0), mount_port=s.number("MOUNT_PORT", 0), cache=8 << 20)
http = Http(s, serial, timer, net, mac="52:54:01:00:00:11", files=nfs, sites=[Site("/www")],
            https=Https(chains=[certificate(KEY, ["localhost"], TODAY - datetime.timedelta(days=2))]))
Tls(s, timer, entropy, front=http.pd, keys=[KEY])
Python(s, serial, timer, net=net, mac="52:54:01:00:00:12", files=nfs, site=http, program="python_webserver",
       app="webserver", heap=5 << 18, arguments=["www"])

killer = s.pd("killer", program="restart_killer", priority=90)
timer.client(killer)
serial.client(killer, input=True, colour=0)
net.client(killer, "52:54:01:00:00:21")

QUICK = {"settled_ms": 50, "pause_ms": 20, "pause_max_ms": 200}
rules = {pd.name: Rule(**QUICK) for pd in s.pds}
rules["net_virt_rx"] = Rule(group=["eth_driver"], **QUICK)
rules["micropython"] = Rule(watchdog_ms=None, **QUICK)      # it may compute
supervisor = Supervisor(s, serial, rules, killer=killer)
killer.config("tests/systems/restart/config.h", "struct killer_config", "killer_config", {
    "supervisor": supervisor.to_supervisor,
    "says_lines": False,
    "victim_count": len(supervisor.numbers),
    "victims": [{"name": name, "child": child} for name, child in supervisor.numbers.items()],
})
s.write()
