"""tests/isolation: three ways to want all of the processor, each with a tenth or a twentieth of it,
and below them a meter.

The spinner has 10 %. The caller has 10 %, too, and burns it inside a passive server of higher priority. The passive one
is notified and runs on the budget that is bound to it, 5 %.
"""

from compose import Ptr, System

PERIOD_US = 10_000

system = System.from_args()
meter = system.pd("meter", "isolation_meter", priority=10)
spinner = system.pd("spinner", "isolation_burner", priority=100, budget_us=PERIOD_US // 10, period_us=PERIOD_US)
caller = system.pd("caller", "isolation_burner", priority=100, budget_us=PERIOD_US // 10, period_us=PERIOD_US)
server = system.pd("server", "isolation_burner", priority=150, passive=True, budget_us=PERIOD_US // 20,
                   period_us=PERIOD_US)

stop = system.region("stop", 0x1000)
to_server, _ = system.channel(caller, server, pp="a")
burners = []
for pd in (spinner, caller, server):
    channel, told = system.channel(meter, pd)
    pd.config("tests/isolation/shares.h", "struct burner_config", "burner_config", {
        "stop": Ptr(pd.map(stop, "r")),
        "meter": told,
        "calls": int(pd is caller),
        "server": to_server,
    })
    burners.append({"name": pd.name, "channel": channel})
meter.config("tests/isolation/shares.h", "struct meter_config", "meter_config", {
    "uart": Ptr(meter.device("uart")),
    "stop": Ptr(meter.map(stop, "rw")),
    "count": len(burners),
    "burners": burners,
})
system.write()
