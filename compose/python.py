"""compose/python.py: a protection domain that runs MicroPython.

    python = Python(s, serial, timer, net=net, mac="52:54:01:00:00:11", files=nfs,
                    name="micropython", program="webserver_python", app="webserver", arguments=["/site"])
    prompt = Python(s, serial, timer, program="python_prompt", raw_console=True)       # the interactive prompt

`program` is what a component file made with python_program (python/python.mk); `app` the module to run, frozen in the
program or a file of the mount; without one the prompt runs. files: a file service, with client(pd). raw_console: the
prompt's bytes pass as they are, and the UART's input comes here. With net and files the PD has the native front, too:
sites, port and fresh_ms are what compose/http.py says of them. What is not given (sites, a port) is the program's to
say.
"""

from . import http
from .c import Expr, Ptr
from .errors import ComposeError

APP_MAX = 63
ARGUMENTS_MAX = 8       # PYTHON_ARGUMENTS_MAX
FILES_BLOCKS = 5        # of python/files.h


class Python:
    def __init__(self, system, serial, timer, net=None, mac=None, files=None, name="micropython", program="micropython",
                 priority=50, app="", arguments=(), heap=8 << 20, stack=0x2_0000, raw_console=False, hostname="",
                 sites=(), port=0, fresh_ms=2000):
        if len(app) > APP_MAX:
            raise ComposeError(f"PD '{name}': app '{app}' has more than {APP_MAX} characters")
        if len(arguments) > ARGUMENTS_MAX:
            raise ComposeError(f"PD '{name}': {len(arguments)} arguments; at most {ARGUMENTS_MAX}")
        self.pd = system.pd(name, program=program, priority=priority)
        self.system = system
        serial.client(self.pd, raw=raw_console, input=raw_console)
        timer.client(self.pd)
        client = files.client(self.pd, caches=net is not None) if files else None
        if net:
            # Python computes for long: what comes meanwhile waits in its ring. Files' bytes leave from where they lie
            # in the share.
            net.ip(self.pd, mac, timer, hostname=hostname or name, wait_for_start=True,
                   tx_regions=[(client.share, client.share_at)] if client else [], **http.IP)
        if net and files:
            http.front(self.pd, files, sites, port, fresh_ms, reserve=FILES_BLOCKS)
        elif sites or port:
            raise ComposeError(f"PD '{name}': a site is served with net and files, or not at all")
        self.pd.config("python/config.h", "struct python_config", "python_config", {
            "heap": self._memory("heap", heap),
            "stack": self._memory("stack", stack),
            "raw_console": raw_console,
            "app": app,
            "clock": Ptr(self._clock()),
            "files": self._given("fs_client_config"),
            "ip": self._given("ip_config"),
            "net": self._given("net_client_config"),
            "front": self._given("http_config"),
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
