"""compose/python.py: a protection domain that runs MicroPython.

    python = Python(s, serial, timer, net=net, mac="52:54:01:00:00:12", files=nfs, site=http,
                    name="micropython", program="webserver_python", app="webserver", arguments=["/site"])
    prompt = Python(s, serial, timer, program="python_prompt", raw_console=True)       # the interactive prompt

`program` is what a component file made with python_program (python/python.mk); `app` the module to run, frozen in the
program or a file of the mount; without one the prompt runs. raw_console: the prompt's bytes pass as they are, and the
UART's input comes here; console_input: the input alone. Each of these may be left out, and the modules that need it then say so:
net, mac: a TCP/IP stack of its own, for the sockets that the program opens
files: a file service, whose client it becomes
site: a front (compose/http.py), whose application it becomes: module website, and what listens on the site's port
"""

from . import http
from .c import Expr, Ptr
from .counters import Counters
from .errors import ComposeError

APP_MAX = 63
ARGUMENTS_MAX = 8       # PYTHON_ARGUMENTS_MAX
FILES_BLOCKS = 4        # of python/files.h
FILES_BLOCK = 32 << 10  # FILE_DATA_MAX
FILES_JOBS = 5          # kept for it at the file server: as many as it has blocks, and one that has none
# Beside a site: a few servers and clients of the program's own. Alone, its sockets are all there is: as a front's.
IP_BESIDE_SITE = {"connections": 64, "segments": 256, "memory": 0x2_8000, "rx_buffers": 40, "rx_small": 64, "tx_slots": 40}


class Python:
    def __init__(self, system, serial, timer, net=None, mac=None, files=None, name="micropython", program="micropython",
                 priority=50, app="", arguments=(), heap=8 << 20, stack=0x2_0000, raw_console=False, console_input=False, hostname="",
                 site=None, entropy=None, time=None):
        if len(app.encode()) > APP_MAX:
            raise ComposeError(f"PD '{name}': app '{app}' has more than {APP_MAX} bytes")
        if len(arguments) > ARGUMENTS_MAX:
            raise ComposeError(f"PD '{name}': {len(arguments)} arguments; at most {ARGUMENTS_MAX}")
        self.pd = system.pd(name, program=program, priority=priority)
        self.pd.counters = Counters(self.pd, "python/counters.h", "python")
        self.system = system
        serial.client(self.pd, raw=raw_console, input=raw_console or console_input)
        timer.client(self.pd)
        if files:
            files.client(self.pd, cache=0, blocks=FILES_BLOCKS, block=FILES_BLOCK,
                         jobs=FILES_JOBS if len(files.clients) else None)
        if net:
            # With files it asks DHCP when their mount is known, as the front does, who runs before it: so it is the last.
            net.ip(self.pd, mac, timer, hostname=hostname or name, wait_for_start=bool(files),
                   **(IP_BESIDE_SITE if site else http.IP))
        elif entropy:
            entropy.client(self.pd)
        if site:
            site.application(self.pd)
        self.pd.config("python/config.h", "struct python_config", "python_config", {
            "heap": self._memory("heap", heap),
            "stack": self._memory("stack", stack),
            "raw_console": raw_console,
            "app": app,
            "time": Ptr(time.reader(self.pd) if time else 0),
            "clock": Ptr(0 if time else self._clock()),
            "entropy": self._given("entropy_client_config"),
            "files": self._given("fs_client_config"),
            "ip": self._given("ip_config"),
            "net": self._given("net_client_config"),
            "site": self._given("app_config"),
            "site_port": site.port if site else 0,
            "argument_count": len(arguments),
            "arguments": list(arguments),
        })

    def _given(self, symbol):
        """The address of a configuration that this PD has, or none."""
        return Expr(f"&{symbol}") if any(c[2] == symbol for c in self.pd.configs) else Ptr(0)

    def _memory(self, what, size):
        region = self.system.region(f"python_{what}_{self.pd.name}", size)
        return {"base": Ptr(self.pd.map(region, "rw")), "size": region.size}

    def _clock(self):
        """The board's clock; the network stack may have it mapped already."""
        if "rtc" not in self.system.board.facts.DEVICES:
            return 0
        device = self.system.board.device("rtc")
        for mapped in self.pd.maps:
            if mapped.region.phys == device.base:
                return mapped.vaddr
        return self.pd.device("rtc", "r")
