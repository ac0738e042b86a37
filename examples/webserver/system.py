"""system.py: the web server's protection domains, and who of them talks to whom.

Priorities, from above:
  254  supervisor: whoever runs, a fault is looked at first; it runs for nothing else
  200  timer driver: short and rare; a deadline must not wait for anybody's work
  190  entropy: clients call it, and it answers at once
  120  serial driver, 110 its virtualisers: a few characters at a time
  112  network driver, 111 transmit, 110 receive virtualiser: a batch is complete before a client runs, and answers
       leave before more questions come in; what they do per frame is bounded
   95  chaos, with CHAOS=1: it has others die, also while one of those below spins
   90  nfs, or memfs with files in the image: who serves them waits for it
   70  http, where there is no application: never below what computes
  65  keys, 60 tls, with HTTPS: connections that stand come first; tls has four fifths of the CPU at most, so that a flood of
       handshakes leaves the application something
   50  micropython: the only one that computes at length, so nothing waits for it
"""

import ipaddress
import os
import re

from compose import ComposeError, System
from compose.chaos import Chaos
from compose.entropy import Entropy
from compose.fs import MemFs, Nfs
from compose.http import AccessLog, Http, Https, Site
from compose.net import Net
from compose.pem import keys_of
from compose.python import Python
from compose.serial import Serial
from compose.status import Status
from compose.supervisor import Rule, Supervisor
from compose.time_of_day import TimeOfDay
from compose.timer import Timer
from compose.tls import Tls

NFS_STATION, WEB_STATION = 0x10, 0x11
APP_STATION = 0x12      # of Python's own sockets; the site is not there
CHAOS_STATION = 0x13
PORT, TLS_PORT = 80, 443
CACHE_BYTES = 32 << 20  # for files: in memory that the network device reads, and the index of that
CACHE_LEAST = 4 << 20   # of a site in the image, which is small: twice its size is enough
# Who dies is restarted, alone where nobody is named beside it: at once, or after a pause that grows where it had not run
# for a second.
RULES = {
    "timer_driver": Rule(),
    "entropy": Rule(),
    "serial_driver": Rule(),
    "serial_virt_tx": Rule(),
    "serial_virt_rx": Rule(),
    "eth_driver": Rule(),
    "net_virt_tx": Rule(),
    "net_virt_rx": Rule(group="eth_driver"),    # the device has its buffers
    "nfs": Rule(),
    "memfs": Rule(),
    "http": Rule(),
    "tls": Rule(),
    "keys": Rule(),
    # A program may compute for as long as it likes; a mistake in it that ends it is made again.
    "micropython": Rule(pause_ms=100, watchdog_ms=None),
    "chaos": Rule(),
}
HEAP_BYTES = 5 << 18    # of Python: webserver.py keeps 60 KiB, the rest is for 64 requests with bodies of 16 KiB
                        # and app.py


def mac(station):
    """Of several machines in one network each has its number in it."""
    number = s.number("MACHINE_NUMBER")
    return f"52:54:01:00:{number:02x}:{station:02x}"


def check_server(server):
    if re.match(r"localhost$|127\.", server):
        raise ComposeError(f"NFS_SERVER='{server}' is the guest itself; the machine that runs QEMU is 10.0.2.2")
    if re.fullmatch(r"[0-9.]+", server):
        try:
            ipaddress.IPv4Address(server)
        except ValueError:
            raise ComposeError(f"NFS_SERVER='{server}' is no IPv4 address: four numbers from 0 to 255") from None


def mount():
    """Server, directory, ports, and as whom."""
    server, directory = s.var("NFS_SERVER", example="10.0.2.2"), s.var("NFS_DIRECTORY", example="/srv/site")
    check_server(server)
    nfs_port, mount_port = s.number("NFS_PORT", 0), s.number("MOUNT_PORT", 0)
    if bool(nfs_port) != bool(mount_port):
        raise ComposeError("NFS_PORT and MOUNT_PORT go together: both, or neither "
                           "(then the server's portmapper is asked)")
    return {"server": server, "directory": directory, "nfs_port": nfs_port, "mount_port": mount_port,
            "uid": s.number("NFS_UID"), "gid": s.number("NFS_GID")}


def website():
    """The site's folder below the mount, as the user says it."""
    folder = s.var("WEBSITE_DIR")
    if ".." in folder.split("/"):
        raise ComposeError(f"WEBSITE_DIR='{folder}' leaves NFS_DIRECTORY")
    return folder


def lifetimes():
    """Cache-Control by pattern, as the user says it: PATTERN=VALUE, with a semicolon between two."""
    cache = {}
    for part in filter(None, (part.strip() for part in s.var("WEBSITE_CACHE", "").split(";"))):
        pattern, equals, value = (word.strip() for word in part.partition("="))
        if not pattern or not equals:
            raise ComposeError(f"WEBSITE_CACHE: '{part}' is not PATTERN=VALUE")
        cache[pattern] = int(value) if value.isascii() and value.isdigit() else value
    return cache


def absolute(folder):
    """The same as the file service has it."""
    return "/" + "/".join(part for part in folder.split("/") if part not in ("", "."))


def size_of(folder):
    """Bytes of all files below it."""
    return sum(os.path.getsize(os.path.join(place, name)) for place, _, names in os.walk(folder) for name in names)


def file_service():
    """An NFS server's files, or those of a folder of this machine, in the image."""
    folder = s.var("WEBSITE_FILES", "")
    if not folder:
        return Nfs(s, serial, timer, net, mac=mac(NFS_STATION), priority=90, cache=CACHE_BYTES, **mount())
    if s.var("NFS_SERVER", "") and not s.picture:
        raise ComposeError("WEBSITE_FILES and NFS_SERVER: the site's files come from one of them")
    cache = min(max(2 * size_of(folder), CACHE_LEAST), CACHE_BYTES)
    return MemFs(s, directory=folder, priority=90, cache=cache)


def certificate():
    """The chain: a file of this machine, which goes into the image; or where it lies among the files."""
    file, path = s.var("TLS_CERT_FILE", ""), s.var("TLS_CERT", "")
    if file and path:
        raise ComposeError("TLS_CERT and TLS_CERT_FILE: the certificate comes from one of them")
    if not file and not path:
        raise ComposeError("TLS_KEY needs a certificate: TLS_CERT, a file on the export, or TLS_CERT_FILE, one of this machine")
    if path:
        return absolute(path)
    try:
        with open(file, encoding="ascii") as pem:
            return pem.read()
    except (OSError, UnicodeDecodeError) as error:
        raise ComposeError(f"TLS_CERT_FILE='{file}': {getattr(error, 'strerror', None) or 'this is no PEM'}") from None


def check_no_https():
    """Who says more of HTTPS than where it is reached wants it."""
    for name, silent in (("HTTPS", "0"), ("TLS_CERT", ""), ("TLS_CERT_FILE", ""), ("HTTPS_REDIRECT", "no"), ("HTTPS_HSTS_S", "0")):
        value = s.var(name, silent)
        if value != silent:
            raise ComposeError(f"{name}={value} without TLS_KEY, the private key's file: there would be no HTTPS "
                               "(make run HTTPS=1 makes a key of its own)")


def https():
    """None: without TLS_KEY there is none. In QEMU clients come by a port of the machine that runs it."""
    if not s.var("TLS_KEY", ""):
        check_no_https()
        return None
    return Https(chains=[certificate()], port=TLS_PORT, told_port=s.number("HTTPS_PORT") if s.board.is_emulated else TLS_PORT,
                 redirect=s.var("HTTPS_REDIRECT") == "yes", hsts_s=s.number("HTTPS_HSTS_S"))


def access_log():
    """None: nobody wants one."""
    console, file, syslog = s.number("ACCESS_LOG_CONSOLE"), s.var("ACCESS_LOG_FILE", ""), s.var("ACCESS_LOG_SYSLOG", "")
    if file and s.var("WEBSITE_FILES", ""):
        raise ComposeError(f"ACCESS_LOG_FILE={file} and WEBSITE_FILES: files in the image are not written")
    return AccessLog(console, file, syslog) if console or file or syslog else None


s = System.from_args()
timer = Timer(s)
serial = Serial(s)
entropy = Entropy(s, serial)
net = Net(s, entropy=entropy)
chaos = Chaos(s, serial, timer, net, mac=mac(CHAOS_STATION)) if s.number("CHAOS") else None
files = file_service()
time = TimeOfDay(s, server=s.var("NTP_SERVER", ""), port=s.number("NTP_PORT"))
http = Http(s, serial, timer, net, mac=mac(WEB_STATION), files=files, sites=[Site(absolute(website()), cache=lifetimes())], port=PORT,
            fresh_ms=s.number("WEBSITE_FRESH_MS"), wait_s=s.number("WEBSITE_WAIT_S"),
            stale_s=s.number("WEBSITE_STALE_S") if s.var("WEBSITE_STALE_S", "") else None, time=time, https=https(),
            access_log=access_log())
if s.var("TLS_KEY", ""):
    Tls(s, timer, entropy, front=http.pd, keys=keys_of(s.var("TLS_KEY")), hybrid=s.var("TLS_HYBRID") == "yes")
if s.var("APPLICATION") != "none":
    sockets = {"net": net, "mac": mac(APP_STATION)} if s.var("APPLICATION_SOCKETS") == "yes" else {}
    Python(s, serial, timer, **sockets, files=files, site=http, program="python_webserver", priority=50,
           app="webserver", heap=HEAP_BYTES, console_input=s.number("WEBSITE_CONSOLE") == 1,
           arguments=[website(), s.var("WEBSITE_DEBUG"), s.var("WEBSITE_FRESH_MS"), s.var("WEBSITE_CONSOLE")],
           entropy=entropy, time=time)
rules = {name: rule for name, rule in RULES.items() if any(pd.name == name for pd in s.pds)}
supervisor = Supervisor(s, serial, rules, killer=chaos.pd if chaos else None)
if chaos:
    chaos.kills_by(supervisor)
if s.number("STATUS_PORT", 0):
    Status(s, http, supervisor, port=s.number("STATUS_PORT"))
s.write()
