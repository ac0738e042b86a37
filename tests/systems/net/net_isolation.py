"""net_isolation.py: the echo service beside a client of the network that lies."""

from compose import System
from compose.net import Net
from compose.serial import Serial
from compose.timer import Timer

s = System.from_args()
timer, serial, net = Timer(s), Serial(s), Net(s)

echo = s.pd("echo", program="echo", priority=80)
serial.client(echo)
pattern = s.region("pattern", 0x1_0000, dma=True)
net.ip(echo, "52:54:01:00:00:20", timer, tx_regions=[(pattern, echo.map(pattern, "rw"))])

liar = s.pd("liar", program="net_liar", priority=10)
serial.client(liar)
net.client(liar, "52:54:01:00:00:66")

s.write()
