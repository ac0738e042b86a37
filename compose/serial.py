"""compose/serial.py: the serial service: UART driver, two virtualisers, a ring for each client.

    serial = Serial(s)
    serial.client(pd)                                   # lines `pd| ...`, in a colour of its own
    serial.client(pd, raw=True, input=True)             # the console: byte for byte, and what is typed goes there
"""

import os

from .c import Ptr
from .errors import ComposeError
from .ring import Ring
from .top import TOP

HEADER = "serial/config.h"
CLIENTS_MAX = 16        # of serial/proto.h; the compiler refuses more
NAME_MAX = 24
TX_CAPACITY = 4096
RX_CAPACITY = 1024
COLOURS = (36, 32, 33, 35, 34, 31)  # ANSI: cyan, green, yellow, magenta, blue, red


def greeting(system):
    with open(os.path.join(TOP, "VERSION"), encoding="utf-8") as f:
        return f"Serval {f.read().strip()}: {system.name[:40]} on {system.board.name[:40]}\n"


class Serial:
    def __init__(self, system, driver_priority=120, virt_priority=110):
        program, device = system.board.driver("serial")
        self.system = system
        self.driver = system.pd("serial_driver", program=program, priority=driver_priority, small=True)
        self.virt_tx = system.pd("serial_virt_tx", program="serial_virt_tx", priority=virt_priority, small=True)
        self.virt_rx = system.pd("serial_virt_rx", program="serial_virt_rx", priority=virt_priority, small=True)
        self._connect(device)

    def _connect(self, device):
        tx = Ring(self.system, "serial_driver_tx", TX_CAPACITY, 1)
        rx = Ring(self.system, "serial_driver_rx", RX_CAPACITY, 1)
        to_tx, tx_to_driver = self.system.channel(self.driver, self.virt_tx)
        to_rx, rx_to_driver = self.system.channel(self.driver, self.virt_rx)
        self.driver.config(HEADER, "struct serial_driver_config", "serial_driver_config", {
            "registers": Ptr(self.driver.device(device)),
            "irq": self.driver.device_irq(device),
            "tx_virt": to_tx,
            "rx_virt": to_rx,
            "tx": tx.end(self.driver),
            "rx": rx.end(self.driver),
        })
        self.tx_config = {"driver": tx_to_driver, "driver_tx": tx.end(self.virt_tx),
                          "greeting": greeting(self.system), "client_count": 0, "clients": []}
        self.virt_tx.config(HEADER, "struct serial_virt_tx_config", "serial_virt_tx_config", self.tx_config)
        self.rx_config = {"driver": rx_to_driver, "driver_rx": rx.end(self.virt_rx), "has_client": False}
        self.virt_rx.config(HEADER, "struct serial_virt_rx_config", "serial_virt_rx_config", self.rx_config)

    def client(self, pd, name=None, colour=None, raw=False, input=False, tx_capacity=TX_CAPACITY):
        """colour: 31..36, 0 for none, None for the next one."""
        clients = self.tx_config["clients"]
        name = pd.name if name is None else name
        if len(clients) == CLIENTS_MAX:
            raise ComposeError(f"PD '{pd.name}': the console has {CLIENTS_MAX} clients already")
        if not 0 < len(name.encode()) < NAME_MAX:
            raise ComposeError(f"PD '{pd.name}': console name '{name}' has not 1..{NAME_MAX - 1} bytes")
        if colour is None:
            colour = COLOURS[len(clients) % len(COLOURS)]
        tx = Ring(self.system, f"serial_tx_{pd.name}", tx_capacity, 1)
        to_client, to_virt = self.system.channel(self.virt_tx, pd)
        clients.append({"name": name, "channel": to_client, "colour": colour, "raw": raw, "tx": tx.end(self.virt_tx)})
        self.tx_config["client_count"] += 1
        config = {"tx_channel": to_virt, "tx": tx.end(pd), "has_input": input}
        if input:
            config |= self._input(pd)
        pd.config(HEADER, "struct serial_client_config", "serial_client_config", config)

    def _input(self, pd):
        if self.rx_config["has_client"]:
            raise ComposeError(f"PD '{pd.name}': the console's input goes to another PD already")
        rx = Ring(self.system, f"serial_rx_{pd.name}", RX_CAPACITY, 1)
        to_client, to_virt = self.system.channel(self.virt_rx, pd)
        self.rx_config |= {"has_client": True, "client": to_client, "client_rx": rx.end(self.virt_rx)}
        return {"rx_channel": to_virt, "rx": rx.end(pd)}
