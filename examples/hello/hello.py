"""hello.py: two protection domains that call and notify each other, and a console to see it on."""

from compose import System
from compose.serial import Serial

s = System.from_args()

# The one that is called needs the higher priority.
adder = s.pd("adder", program="hello_adder", priority=20)
greeter = s.pd("greeter", program="hello_greeter", priority=10)

serial = Serial(s)
serial.client(adder)
serial.client(greeter)

at_greeter, at_adder = s.channel(greeter, adder, pp="a")

greeter.config("examples/hello/config.h", "struct hello_config", "hello_config", {"peer": at_greeter})
adder.config("examples/hello/config.h", "struct hello_config", "hello_config", {"peer": at_adder})

s.write()
