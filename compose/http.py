"""compose/http.py: the native front of a web server, what it serves from the first moment on, and its application.

    http = Http(s, serial, timer, net, mac="52:54:01:00:00:11", files=nfs, sites=[Site("/www")])
    Site("/manuals", prefix="/docs/", headers={"Content-Security-Policy": "default-src 'self'"})
    http.application(pd)        # pd answers what the application claims (http/app_proto.h); compose/python.py does this
    Http(.., access_log=AccessLog(console=True))
    Http(.., https=Https(chains=["/certificates/www.pem"]))     # and compose/tls.py's Tls(.., front=http.pd)

Http makes a protection domain that serves files. Without an application what no file answers is 404. files: a file
service, whose client it becomes. fresh_ms: how long it takes what the file service said of a file for true; stale_s: how
long it goes on with that while it cannot ask, None: for ever; wait_s: how long a request for what is not here waits for
the file service before it is told 503. The site's folder is named as the file service has it.
"""

import ipaddress
import re

from . import website_policy
from .c import Expr, Ptr
from .errors import ComposeError
from .ring import Ring

SITES_MAX = 16          # SITE_MOUNTS_MAX
PORT_MAX = 65535
FRESH_MAX_MS = 3_600_000
NEVER_STALE = 0xffffffff     # CACHE_NEVER_STALE
STALE_MAX_S = 1_000_000_000
WAIT_MAX_S = 60
CHAINS_MAX = 8          # TLS_CHAINS_MAX
CHAIN_MAX = 16384       # TLS_CHAIN_MAX
HSTS_MAX_S = 10 * 366 * 86400
SEALED = 0x6_e400      # SEALED_BYTES
SITE_MEMORY = 0x9_0000 # SITE_MEMORY_BYTES: of the cache's, for what the site knows of paths
# So many connections (HTTP_CONNECTIONS_MAX, and some that are ending); of sixteen clients' files there are 700
# acknowledgements at a time, and a lost SYN costs its sender seconds: they wait in the ring.
IP = {"connections": 1216, "segments": 1536, "memory": 0x9_0000, "rx_buffers": 144, "rx_small": 864, "tx_slots": 96}
STACK = 0x4000
APP_CAPACITY = 512      # APP_QUEUE_CAPACITY
APP_MESSAGE = 32        # struct app_message
APP_REQUESTS = 0x6_0200 # APP_REQUESTS_BYTES
APP_ANSWERS = 0x5_8000  # APP_ANSWERS_BYTES
ACCESS_RECORDS = 0x10_0000  # ACCESS_RECORDS_BYTES
ACCESS_BUFFER = 0x4_0000    # lines that wait while the files are away: 1000 to 2500
ACCESS_FILE_MAX = 255       # with the time in it, below FS_PATH_MAX
SYSLOG_PORT = 514


class Site:
    """A folder of the file service that answers what begins with `prefix`; of several the longest has a path.

    host: for requests that name this host, "example.org"; such a host has only the sites that name it
    cache: Cache-Control by pattern, {"*.pdf": 3600, "img/*": "no-store"}; a number: max-age, in seconds; "": no such field
    pages, others: the same of html, css, js, and of all else, where no pattern fits. What nothing is said of is "no-cache",
    and immutable where there is a fingerprint of the content in the name (app-3f9a1c2b.js)
    headers: more fields for each answer, a dict
    types: media types by extension, {"foo": "application/x-foo"}, or by pattern
    charset: that of texts; None: it is not told
    hide, show: patterns of what is not for clients, beside names that begin with a dot, __pycache__ and the program; of what is
    users: who may see it, {"name": "password"} (HTTP's basic authentication): the image has them then
    listing: folders without an index are shown as a page
    fallback: the file of the folder for pages that are not there, "index.html": for GET and HEAD that ask for a page
    precompressed: name.br or name.gz beside a file goes to clients that take it
    """

    def __init__(self, folder, prefix="/", host=None, cache=None, pages=None, others=None, headers=None, types=None,
                 charset="utf-8", hide=(), show=(), users=None, listing=False, fallback=None, precompressed=True):
        self.folder, self.prefix, self.host, self.precompressed = folder, prefix, host, precompressed
        self.policy = {"headers": headers, "types": types, "charset": charset, "hide": hide, "show": show, "users": users,
                       "listing": listing, "fallback": fallback, "cache": cache, "pages": pages, "others": others}

    def config(self, pd):
        """struct http_site_config; what it cannot be is a mistake of that PD's."""
        try:
            self._check()
            name = website_policy.mount_name(self.prefix, self.host)
            fields, rules = website_policy.policy(**self.policy)
        except ValueError as error:
            raise ComposeError(f"PD '{pd.name}': site '{self.prefix}': {error}") from None
        return {"name": name, "folder": self.folder, "fields": fields, "rules": rules,
                "precompressed": bool(self.precompressed)}

    def _check(self):
        if not self.prefix.startswith("/") or not self.prefix.endswith("/"):
            raise ValueError("a prefix begins and ends with '/'")
        if not self.folder.startswith("/"):
            raise ValueError(f"folder '{self.folder}' is not absolute: it begins with '/'")
        for what, path in (("prefix", self.prefix), ("folder", self.folder)):
            if path != "/" and any(part in ("", ".", "..") for part in path[1:].removesuffix("/").split("/")):
                raise ValueError(f"{what} '{path}' has an empty name, '.' or '..' in it")
            website_policy.text(what, path, allowed=path)    # a file's name may have any character


def is_file(path):
    """An absolute path of a file, as the front compares it with names."""
    first, *names = path.split("/")
    return first == "" and names and all(name not in ("", ".", "..") for name in names)


class AccessLog:
    """A line for each request (http/access/line.h): on the console, in a file of the file service, to a syslog server.

    file: its path, with %Y, %m, %d, %H for parts of the time (UTC), so that each day, say, has a file of its own
    syslog: "ADDRESS" or "ADDRESS:PORT"
    """

    def __init__(self, console=False, file="", syslog=""):
        self.console, self.file, self.syslog = console, file, syslog

    def config(self, pd):
        """struct access_config"""
        self._check_file(pd)
        address, port = self._server(pd)
        memory = pd.system.region(f"access_log_{pd.name}", ACCESS_RECORDS + (ACCESS_BUFFER if self.file else 0))
        return {"memory": {"base": Ptr(pd.map(memory, "rw")), "size": memory.size}, "console": bool(self.console),
                "file": self.file, "syslog": address, "syslog_port": port}

    def _check_file(self, pd):
        file = self.file
        if not file:
            return
        if not is_file(file):
            raise ComposeError(f"PD '{pd.name}': the access log's file '{file}' is no absolute path of a file")
        if len(file.encode()) > ACCESS_FILE_MAX:
            raise ComposeError(f"PD '{pd.name}': the access log's file '{file}' has more than {ACCESS_FILE_MAX} bytes")
        if unknown := re.search(r"%(?![YmdH]).?", file):
            raise ComposeError(f"PD '{pd.name}': the access log's file '{file}': '{unknown[0]}' is none of %Y %m %d %H")

    def _server(self, pd):
        if not self.syslog:
            return [0, 0, 0, 0], 0
        address, _, port = self.syslog.partition(":")
        try:
            octets = list(ipaddress.IPv4Address(address).packed)
        except ValueError:
            octets = None
        port = port if ":" in self.syslog else str(SYSLOG_PORT)
        if octets is None or not (port.isascii() and port.isdigit() and 1 <= int(port) <= PORT_MAX):
            raise ComposeError(f"PD '{pd.name}': the access log's syslog server '{self.syslog}' is neither ADDRESS nor "
                               "ADDRESS:PORT, with an IPv4 address")
        return octets, int(port)


class Https:
    """HTTPS beside the plain port.

    chains: for each name a certificate chain: a file of the file service (an absolute path), or its PEM
    told_port: under which clients reach `port`; redirect: what comes without TLS is sent there; hsts_s: how long clients
    remember that, 0: not at all
    """

    def __init__(self, chains, port=443, told_port=None, redirect=False, hsts_s=0):
        self.chains, self.port, self.told_port = chains, port, told_port or port
        self.redirect, self.hsts_s = redirect, hsts_s

    def config(self, pd, sealed):
        """struct http_secured_config"""
        if not 1 <= len(self.chains) <= CHAINS_MAX:
            raise ComposeError(f"PD '{pd.name}': {len(self.chains)} certificate chains; 1 to {CHAINS_MAX} there can be")
        for what, port in (("port", self.port), ("told_port", self.told_port)):
            if not 1 <= port <= PORT_MAX:
                raise ComposeError(f"PD '{pd.name}': HTTPS's {what} {port} is not in 1..{PORT_MAX}")
        if not 0 <= self.hsts_s <= HSTS_MAX_S:
            raise ComposeError(f"PD '{pd.name}': hsts_s {self.hsts_s} is not in 0..{HSTS_MAX_S}")
        return {
            "tls": Expr("&tls_client_config"),
            "sealed": {"base": Ptr(pd.map(sealed, "rw")), "size": sealed.size, "bus": sealed.phys},
            "port": self.port,
            "told_port": self.told_port,
            "redirect": bool(self.redirect),
            "hsts_s": self.hsts_s,
            "chain_count": len(self.chains),
            "chains": [self._chain(pd, chain) for chain in self.chains],
        }

    @staticmethod
    def _chain(pd, chain):
        if chain.startswith("/"):
            if not is_file(chain):
                raise ComposeError(f"PD '{pd.name}': the certificate chain's file '{chain}' is no absolute path of a file")
            return {"path": chain, "pem": Ptr(0)}
        size = len(chain.encode())
        if size > CHAIN_MAX:
            raise ComposeError(f"PD '{pd.name}': a certificate chain has {size} bytes; at most {CHAIN_MAX}")
        return {"path": Ptr(0), "pem": chain}


class Http:
    """The front as a protection domain."""

    def __init__(self, system, serial, timer, net, mac, files, sites=(), port=80, name="http", priority=70, hostname="",
                 fresh_ms=2000, stale_s=None, wait_s=5, time=None, https=None, access_log=None):
        if not files:
            raise ComposeError(f"PD '{name}': a front without a file service has nothing to serve")
        self.system, self.port, self.app = system, port, None
        self.pd = system.pd(name, program="http_https" if https else "http_front", priority=priority, stack=STACK)
        self._check(files, sites, port, fresh_ms)
        self._check_times(stale_s, wait_s)
        serial.client(self.pd)
        timer.client(self.pd)
        client = files.client(self.pd, caches=True, beside=SITE_MEMORY, changes=bool(access_log and access_log.file))
        # Files' bytes leave from where they lie in the share, or sealed from where they are sealed.
        regions = [(client.share, client.share_at)] + ([self._sealed(https)] if https else [])
        net.ip(self.pd, mac, timer, hostname=hostname or name, wait_for_start=True, tx_regions=regions, **IP)
        self.config = {
            "files": Expr("&fs_client_config"),
            "app": Ptr(0),
            "time": time.writer(self.pd, net.clock(self.pd)) if time else Ptr(0),
            "access": self._access(access_log) if access_log else Ptr(0),
            "port": port,
            "fresh_ms": fresh_ms,
            "stale_s": NEVER_STALE if stale_s is None else stale_s,
            "wait_s": wait_s,
            "site_count": len(sites),
            "sites": [site.config(self.pd) for site in sites],
        }
        self.pd.config("http/config.h", "struct http_config", "http_config", self.config)
        self.https = https
        system.checks.append(self._check_alone)

    def _sealed(self, https):
        """The memory in which bytes are sealed, and where it is."""
        if https.port == self.port:
            raise ComposeError(f"PD '{self.pd.name}': port {self.port} is for HTTP and for HTTPS")
        sealed = self.system.region(f"sealed_{self.pd.name}", SEALED, dma=True)
        config = https.config(self.pd, sealed)
        self.pd.config("http/tls/config.h", "struct http_secured_config", "http_secured_config", config)
        return sealed, int(config["sealed"]["base"])

    def _access(self, log):
        self.pd.config("http/access/config.h", "struct access_config", "access_config", log.config(self.pd))
        return Expr("&access_config")

    def application(self, pd):
        """Makes `pd` the one that answers what no file does: two rings and two shares, of which each side can write
        one."""
        if self.app is not None:
            raise ComposeError(f"PD '{pd.name}': front '{self.pd.name}' has an application already: '{self.app.name}'")
        if pd.priority > self.pd.priority:
            raise ComposeError(f"PD '{pd.name}': priority {pd.priority} of an application is above that of its front "
                               f"'{self.pd.name}' ({self.pd.priority}), which must not wait while it computes")
        self.app = pd
        front = self.pd
        rings = [Ring(self.system, f"app_{what}_{front.name}", APP_CAPACITY, APP_MESSAGE)
                 for what in ("to", "from")]
        shares = [self.system.region(f"app_{what}_{front.name}", size)
                  for what, size in (("requests", APP_REQUESTS), ("answers", APP_ANSWERS))]
        channels = self.system.channel(front, pd)
        for end, peer, (to, back), (out, into) in ((front, channels[0], rings, shares),
                                                   (pd, channels[1], rings[::-1], shares[::-1])):
            end.config("http/app_config.h", "struct app_config", "app_config", {
                "peer": peer,
                "to": to.end(end),
                "from": back.end(end),
                "out": {"base": Ptr(end.map(out, "rw")), "size": out.size},
                "in": {"base": Ptr(end.map(into, "r")), "size": into.size},
            })
        self.config["app"] = Expr("&app_config")

    def _check(self, files, sites, port, fresh_ms):
        pd = self.pd
        if not 0 <= port <= PORT_MAX:
            raise ComposeError(f"PD '{pd.name}': port {port} is not in 0..{PORT_MAX}")
        if not 0 <= fresh_ms <= FRESH_MAX_MS:
            raise ComposeError(f"PD '{pd.name}': fresh_ms {fresh_ms} is not in 0..{FRESH_MAX_MS}")
        if len(sites) > SITES_MAX:
            raise ComposeError(f"PD '{pd.name}': {len(sites)} sites; at most {SITES_MAX}")
        names = [(site.host or "").lower() + site.prefix for site in sites]
        for name in names:
            if names.count(name) > 1:
                raise ComposeError(f"PD '{pd.name}': two sites have the prefix '{name}'")
        for other in self.system.pds:
            if port and any(symbol == "http_config" and value["port"] == port for _, _, symbol, value in other.configs):
                raise ComposeError(f"PD '{pd.name}': port {port} is that of the front in PD '{other.name}' already")
        if pd.priority > files.pd.priority:
            raise ComposeError(f"PD '{pd.name}': priority {pd.priority} is above that of its files' PD "
                               f"'{files.pd.name}' ({files.pd.priority}), which it waits for")

    def _check_times(self, stale_s, wait_s):
        if stale_s is not None and not 0 <= stale_s <= STALE_MAX_S:
            raise ComposeError(f"PD '{self.pd.name}': stale_s {stale_s} is not in 0..{STALE_MAX_S}")
        if not 1 <= wait_s <= WAIT_MAX_S:
            raise ComposeError(f"PD '{self.pd.name}': wait_s {wait_s} is not in 1..{WAIT_MAX_S}")

    def _check_alone(self):
        """Who could say more of the site, and make handshakes, is known now."""
        if self.app is None and not self.config["sites"]:
            raise ComposeError(f"PD '{self.pd.name}': a front without an application needs a site")
        if self.app is None and not self.port:
            raise ComposeError(f"PD '{self.pd.name}': a front without an application needs a port")
        if self.https and not any(symbol == "tls_client_config" for _, _, symbol, _ in self.pd.configs):
            raise ComposeError(f"PD '{self.pd.name}': https=.. without Tls(.., front=..) of compose/tls.py: nobody makes "
                               "its handshakes")
