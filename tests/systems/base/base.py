"""base.py: what every system stands on, and nothing else:
the console, deadlines, a worker that waits, an assertion, restarts."""

from compose import System
from compose.serial import Serial
from compose.timer import Timer

s = System.from_args()
serial = Serial(s)
timer = Timer(s)

# Three of one program: two are lower than the console's virtualisers,
# one is above and fills its ring without them running.
for name, priority in (("ann", 50), ("bob", 50), ("max", 115)):
    talker = s.pd(name, program="base_talker", priority=priority)
    serial.client(talker)

keeper = s.pd("keeper", program="base_keeper", priority=60)
serial.client(keeper)
timer.client(keeper)

worker = s.pd("worker", program="base_worker", priority=40, heap=0x4000)
serial.client(worker)
timer.client(worker)

console = s.pd("console", program="base_console", priority=45)
serial.client(console, raw=True, input=True)

asserter = s.pd("asserter", program="base_asserter", priority=30)
serial.client(asserter)

supervisor = s.pd("supervisor", program="base_supervisor", priority=80)
serial.client(supervisor)
phoenix = s.pd("phoenix", program="base_phoenix", priority=35)
serial.client(phoenix)
supervisor.child(phoenix)

s.write()
