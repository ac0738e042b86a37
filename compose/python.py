"""compose/python.py: a protection domain that runs MicroPython.

    python = Python(s, serial, timer, net=net, mac="52:54:01:00:00:11", files=nfs,
                    name="micropython", program="webserver_python", app="webserver", arguments=["/site"])
    prompt = Python(s, serial, timer, program="python_prompt", raw_console=True)       # the interactive prompt

`program` is what a component file made with python_program (python/python.mk); `app` the module to run, frozen in the
program or a file of the mount; without one the prompt runs. files: a file service, with client(pd). raw_console: the
prompt's bytes pass as they are, and the UART's input comes here. fresh_ms: how long the native front takes what the
file service said of a file for true.
"""

from . import Ptr
from .errors import ComposeError

APP_MAX = 63
ARGUMENTS_MAX = 8       # PYTHON_ARGUMENTS_MAX


class Python:
    def __init__(self, system, serial, timer, net=None, mac=None, files=None, name="micropython", program="micropython",
                 priority=50, app="", arguments=(), heap=8 << 20, stack=0x2_0000, raw_console=False, hostname="",
                 fresh_ms=2000):
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
            # Python computes for long: what comes meanwhile waits in its ring, else a lost SYN costs its sender
            # seconds; and of sixteen clients' files there are 700 acknowledgements at a time. Files' bytes leave from where they lie in the share.
            net.ip(self.pd, mac, timer, hostname=hostname or name, wait_for_start=True, connections=1216,
                   segments=1536, memory=0xa_0000, rx_buffers=160, rx_small=864, tx_slots=96,
                   tx_regions=[(client.share, client.share_at)] if client else [])
        self.pd.config("python/config.h", "struct python_config", "python_config", {
            "heap": self._memory("heap", heap),
            "stack": self._memory("stack", stack),
            "raw_console": raw_console,
            "app": app,
            "clock": Ptr(self._clock()),
            "fresh_ms": fresh_ms,
            "argument_count": len(arguments),
            "arguments": list(arguments),
        })

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
