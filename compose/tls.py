"""compose/tls.py: HTTPS's two protection domains: tls makes the handshakes, keys has the private keys and signs.

    tls = Tls(s, timer, entropy, front=http.pd, keys=keys_of("www.pem"), hybrid=True)      # compose/pem.py
    tls.pd, tls.keys

front: the PD that has the connections (tls/proto.h): it gets a struct tls_client_config. The keys' bytes go into the
program of PD keys, through the file BUILD_DIR/NAME/keys.config.c, which nobody else may read, and nowhere else. tls runs
below the front: connections that stand are served first, and handshakes have what that leaves. Its budget keeps a part of
the CPU for those below it.
"""

from .c import Ptr
from .counters import Counters
from .errors import ComposeError
from .ring import Ring

CAPACITY = 256          # TLS_QUEUE_CAPACITY
MESSAGE = 32            # struct tls_message
REQUESTS = 0xc000       # TLS_REQUESTS_BYTES
ANSWERS = 0xc000        # TLS_ANSWERS_BYTES
KEYS_PAGE = 0x1000      # KEYS_PAGE_BYTES
KEYS_MAX = 8            # KEYS_MAX
HEAP = 0x6e200          # TLS_HEAP_BYTES
CHAIN_HEAP = 0x3000     # for each chain but the first: TLS_CHAIN_MAX of PEM
KEYS_HEAP = 0x4000      # P-256 takes a few numbers, and gives them back
STACK = 0x8000          # of tls: ML-KEM keeps its vectors there, 21 KiB were used
KEYS_STACK = 0x4000
BUDGET_US, PERIOD_US = 8_000, 10_000   # of tls: the rest is for what is below it, also in a flood of handshakes
PRIORITY = 60           # below the front's 70, above an application's 50
KEYS_PRIORITY = 65      # tls calls it


class Tls:
    def __init__(self, system, timer, entropy, front, keys, hybrid=False, name="tls", priority=PRIORITY, budget_us=BUDGET_US,
                 period_us=PERIOD_US, keys_priority=KEYS_PRIORITY):
        if not 1 <= len(keys) <= KEYS_MAX:
            raise ComposeError(f"PD '{name}': {len(keys)} keys; 1 to {KEYS_MAX} there can be")
        self.system = system
        self.keys = system.pd("keys", program="keys", priority=keys_priority, stack=KEYS_STACK, heap=KEYS_HEAP)
        self.pd = system.pd(name, program="tls", priority=priority, stack=STACK, budget_us=budget_us, period_us=period_us)
        self.pd.counters = Counters(self.pd, "tls/counters.h", "tls")
        timer.client(self.pd)
        entropy.client(self.pd)
        entropy.client(self.keys)
        self._keys(keys)
        self._front(front)
        self.config["hybrid"] = bool(hybrid)
        self.pd.config("tls/config.h", "struct tls_config", "tls_config", self.config)
        system.secrets.append(f"the private keys of its certificates, in PD {self.keys.name}")

    def _keys(self, keys):
        """The channel, the page, and the keys themselves."""
        page = self.system.region("keys_page", KEYS_PAGE)
        to_keys, to_tls = self.system.channel(self.pd, self.keys, pp="a")
        self.keys.config("keys/config.h", "struct keys_config", "keys_config", {
            "tls": to_tls, "key_count": len(keys),
            "page": {"base": Ptr(self.keys.map(page, "rw")), "size": page.size},
            "keys": [{"scalar": key.scalar, "point": key.point} for key in keys],
        })
        self.keys.secret = True
        self.config = {
            "keys": to_keys, "key_count": len(keys), "keys_page": {"base": Ptr(self.pd.map(page, "rw")), "size": page.size},
        }

    def _front(self, front):
        """Two rings and two shares, of which each side can write one."""
        rings = [Ring(self.system, f"tls_{what}_{front.name}", CAPACITY, MESSAGE) for what in ("to", "from")]
        shares = [self.system.region(f"tls_{what}_{front.name}", size)
                  for what, size in (("requests", REQUESTS), ("answers", ANSWERS))]
        channels = self.system.channel(front, self.pd)
        ends = [self._end(*end) for end in ((front, channels[0], *rings, *shares),
                                            (self.pd, channels[1], *rings[::-1], *shares[::-1]))]
        front.config("tls/config.h", "struct tls_client_config", "tls_client_config", ends[0])
        heap = self.system.region("tls_heap", HEAP + (self.config["key_count"] - 1) * CHAIN_HEAP)
        self.config |= {"client": ends[1], "heap": {"base": Ptr(self.pd.map(heap, "rw")), "size": heap.size}}

    @staticmethod
    def _end(pd, peer, to, back, out, into):
        return {"peer": peer, "to": to.end(pd), "from": back.end(pd),
                "out": {"base": Ptr(pd.map(out, "rw")), "size": out.size},
                "in": {"base": Ptr(pd.map(into, "r")), "size": into.size}}
