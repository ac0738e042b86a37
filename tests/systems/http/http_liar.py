"""http_liar.py: the web server's front, and a file service that lies."""

from compose import Ptr, System
from compose.fs import BLOCK, CAPACITY, INDEX_UNIT, MESSAGE_BYTES
from compose.http import Http, Site
from compose.net import Net
from compose.ring import Ring
from compose.serial import Serial
from compose.timer import Timer

BLOCKS = 64


class Liar:
    """What the front knows a file service by."""

    def __init__(self, system, serial):
        self.system, self.pd = system, system.pd("liar", program="http_liar", priority=90)
        self.rings = {end: Ring(system, f"liar_{end}", CAPACITY, MESSAGE_BYTES) for end in ("commands", "completions")}
        self.share = system.region("liar_share", BLOCKS * BLOCK, dma=True)
        serial.client(self.pd)

    def client(self, pd, caches, beside, changes):
        index = self.system.region("liar_index", BLOCKS * INDEX_UNIT + beside)
        at_liar, at_client = self.system.channel(self.pd, pd)
        self.pd.config("tests/systems/http/config.h", "struct liar_config", "liar_config",
                       {"client": at_liar, **self._end(self.pd)})
        pd.config("fs/config.h", "struct fs_client_config", "fs_client_config",
                  {"server": at_client, **self._end(pd), "block": BLOCK,
                   "index": {"base": Ptr(pd.map(index, "rw")), "size": index.size}})
        self.share_at = next(m.vaddr for m in pd.maps if m.region is self.share)
        return self

    def _end(self, pd):
        return {**{end: ring.end(pd) for end, ring in self.rings.items()},
                "share": {"base": Ptr(pd.map(self.share, "rw")), "size": self.share.size, "bus": self.share.phys}}


s = System.from_args()
timer, serial, net = Timer(s), Serial(s), Net(s)
Http(s, serial, timer, net, mac="52:54:01:00:00:11", files=Liar(s, serial), sites=[Site("/")])
s.write()
