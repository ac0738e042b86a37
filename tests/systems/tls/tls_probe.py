"""tls_probe.py: PDs tls and keys, and a program in the front's place that says a client's hello, and what cannot be."""

import datetime

from compose import System
from compose.entropy import Entropy
from compose.self_signed import certificate, key_from
from compose.serial import Serial
from compose.supervisor import Rule, Supervisor
from compose.timer import Timer
from compose.tls import Tls

BEGINS = datetime.datetime(2026, 11, 1, tzinfo=datetime.timezone.utc)
DEATHS = 100
KEY, OTHER = key_from(0x5ee5ee), key_from(0x5ee5ef)     # anybody knows them: this image is no secret

s = System.from_args()
timer, serial = Timer(s), Serial(s)
entropy = Entropy(s, serial)
probe = s.pd("probe", program="tls_probe", priority=70)
serial.client(probe)
timer.client(probe)
tls = Tls(s, timer, entropy, front=probe, keys=[KEY], hybrid=True)
supervisor = Supervisor(s, serial, {pd.name: Rule(settled_ms=50, pause_ms=20) for pd in s.pds}, killer=probe)
probe.config("tests/systems/tls/config.h", "struct probe_config", "probe_config", {
    "right": certificate(KEY, ["serval.test"], BEGINS), "wrong": certificate(OTHER, ["serval.test"], BEGINS),
    "unix_s": int(BEGINS.timestamp()) + 86400, "supervisor": supervisor.to_supervisor,
    "tls": supervisor.numbers["tls"], "keys": supervisor.numbers["keys"],
    "entropy": supervisor.numbers["entropy"], "deaths": DEATHS})
s.write()
