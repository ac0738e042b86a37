"""echo.py: a TCP and UDP echo service, the smallest system with a network."""

from compose import System
from compose.net import Net
from compose.serial import Serial
from compose.timer import Timer

s = System.from_args()

# Drivers above all, so that devices never wait; the network's virtualisers above its client, so that a batch is
# complete when the client runs; console output last: it may take its time.
timer = Timer(s)
serial = Serial(s)
net = Net(s)

echo = s.pd("echo", program="echo", priority=80)
timer.client(echo)
serial.client(echo)

# What the character generator sends lies in memory that the NIC may read: it leaves without a copy.
pattern = s.region("pattern", 0x1_0000, dma=True)
at_echo = echo.map(pattern, "rw")
net.ip(echo, "52:54:01:00:00:20", timer, hostname="echo", tx_regions=[(pattern, at_echo)])

s.write()
