"""Who may include whom. Dependencies point one way:

    examples -> python -> http, fs/nfs -> fs, net/ip -> net -> serial, timer, entropy -> virtio -> lib -> microkit.h
    kernel, loader, libmicrokit and tool see only sdk/abi

Nothing above the SDK's line uses seL4's own names, and only lib/pd.h includes microkit.h. What a protection domain
starts is said by its description: no symbol is weak, but for the events that lib/pd hands out itself. The front's own
protection domain is made of http and what is below it: no Python.

Inside a folder of ORDERS the files stand in an order, too: each includes and calls what stands before it, and hears of
events by handlers.

What a library makes global carries the library's prefix, or is what another one calls by a name of its own.
"""

import os
import re
import subprocess
from pathlib import Path

import pytest
from serval import paths

# Folder -> the folders, beside itself, whose headers it may include. The longest prefix of a file's path counts.
BASE = {"lib"}
SERVICES = BASE | {"serial", "timer", "entropy", "net"}
LAYERS = {
    "sdk/abi": set(),
    "sdk/kernel": {"sdk/abi"},
    "sdk/loader": {"sdk/abi"},
    "sdk/libmicrokit": {"sdk/abi"},
    "sdk/tool": {"sdk/abi"},
    "lib": set(),
    "serial": BASE,
    "timer": BASE,
    "virtio": BASE,
    "entropy": BASE | {"serial", "virtio"},
    "supervisor": BASE | {"serial"},
    "net": BASE | {"timer", "virtio"},
    "net/ip": SERVICES,
    "fs": BASE | {"timer"},
    "fs/mem": BASE | {"fs"},
    "fs/nfs": SERVICES | {"fs", "net/ip"},
    "keys": BASE | {"entropy"},
    "tls": BASE | {"timer", "keys", "entropy"},
    "http": SERVICES | {"fs", "net/ip", "tls"},
    "http/status": SERVICES | {"fs", "net/ip", "http", "supervisor"},
    "python": SERVICES | {"fs", "net/ip", "http"},
    "chaos": SERVICES | {"supervisor", "net/ip"},
    "examples": SERVICES | {"fs", "net/ip", "http", "python"},
}
# Test systems are programs like the examples; what they attack, they may name.
TESTS = {"tests/isolation": SERVICES | {"sdk/abi"}}

# Folder -> its files, lowest first: `name` is name.c and name.h; with a dot one file, as `cache.h`, the contract that
# its implementors include, too; `name/` all of a folder in it. Several names in one string may know each other.
ORDERS = {
    "http": ["secured.h", "parse/", "response/", "app_proto.h app_config.h", "app_link", "app_client app_front", "cache/", "site/",
             "access/config.h", "config.h", "conn/", "access/", "content/", "front/", "tls/", "status.h", "status/", "no_status.c plain.c pd.c"],
    "http/cache": ["cache.h", "waiters.h", "index", "queue", "pages", "files", "blocks", "reads", "entries",
                   "revalidate", "names", "cache.c"],
    "http/conn": ["limits.h counters.h", "transport.h", "conn.h", "watch", "pool", "timeouts", "waiting", "output", "unread", "head_buffer",
                  "connection", "accept", "transport_tcp"],
    "http/access": ["config.h", "line", "buffer", "file", "syslog", "access"],
    "http/content": ["app_head", "content", "app_state.h", "app_queue", "app_long", "app_body", "app_answer", "app_request", "parts", "file", "error_page", "listing_page", "listing"],
    "http/front": ["routes", "listeners", "dispatch", "described", "app_site", "server", "start"],
    "http/status": ["config.h", "measures", "parts", "figures", "report", "page.S page.h", "connection", "paths", "port"],
    "http/tls": ["config.h", "crypto", "schedules", "record", "sealed", "opened", "tls_peer", "tls_control", "handshake.h", "slots", "handshake.c",
                 "packets", "tls_conn.h", "starved", "outgoing", "tls_conn.c",
                 "incoming", "transport_tls", "chains", "start"],
    "http/parse": ["request.h", "text", "path", "codings", "accept", "date", "select", "chunk", "request.c"],
    "net/ip": ["arch/", "ip.h", "time_of_day.h", "checksum_blocks.S", "checksum_blocks.c checksum.h", "checksum.c", "sums", "lwipopts.h",
               "internal.h", "acks", "turns", "pools", "memory", "random", "tso", "tcp_hooks", "lease", "timers", "netif",
               "window", "again.c", "ip.c", "time_of_day.c"],
    "http/response": ["writer.h", "reason", "lines", "head", "page"],
    "python": ["config.h", "counters.h", "mphalport.h", "qstrdefsport.h", "modos_impl.h", "modtime_impl.h", "port.h mpconfigport.h",
               "port", "port_memory", "qstr_cache", "console", "time", "reader", "hash", "modhashlib", "changes", "control",
               "files", "vfs_file vfs_files", "asyncio_wait", "fs_operation", "modfs_async", "endpoint.h",
               "incoming incoming_reply", "incoming_text",
               "endpoint endpoint_internal.h endpoint_tcp endpoint_udp endpoint_http", "builtins", "modsocket",
               "modwebsite.h", "gzip", "request request_head", "acceptor", "asyncio_start", "modwebsite.c", "interpreter",
               "pd"],
    "tls": ["proto.h", "config.h", "counters.h", "heap", "malloc.c", "keys", "pem", "certificate", "chains", "link", "traffic", "handshake", "pd.c"],
    "http/site": ["rules", "site.h", "types", "fingerprint", "head", "resolutions", "changes", "hidden", "try_files", "mounts", "find locks"],
}

# Library -> what its global symbols begin with, and the names that others give: lwIP, and libc's users.
PREFIXES = {
    "pd": ("pd_ fiber_ ring_ region_ heap_ trace_ random_ mmio_",
           "_exit __assert_func abort gettimeofday microkit_data_is_copied notified sbrk stderr stdin stdout"),
    "log": ("log_", ""),
    "serial": ("serial_client_", ""),
    "timer": ("timer_", ""),
    "virtio": ("virtio_device_ virtq_", ""),
    "entropy": ("entropy_client_", ""),
    "net_client": ("net_client_", ""),
    "ip": ("ip_", "dhcp_set_ntp_servers memp_free memp_init memp_malloc sys_now sys_timeouts_init tcp_timer_needed"),
    "ip_time": ("ip_time_", "sys_timeout sys_untimeout"),
    "fs_client": ("fs_client_", ""),
    "fs_mount": ("fs_mount_", ""),
    "fs_server": ("fs_server_", ""),
    "fs_conformance": ("fs_conformance_ trial", ""),
}
LIBRARIES = {Path(path).stem.removeprefix("lib"): path for path in os.environ.get("SERVAL_LIBRARIES", "").split()}

OWN = sorted((LAYERS | TESTS), key=len, reverse=True)
WEAK = re.compile(r"^[ \t]*#[ \t]*pragma[ \t]+weak\b|__attribute__\(\(weak\b", re.MULTILINE)
WITH_WEAK = ("sdk/", "lib/pd/dispatch.c")
FUNCTION = re.compile(r"^(?!static\b|typedef\b)\w[\w \t*]*\b(\w+)\([^;{}]*\)\s*\{", re.MULTILINE)
NAME = re.compile(r"(?<!struct )(?<!enum )(?<!union )\b[a-z]\w+")
INCLUDE = re.compile(r'^[ \t]*#\s*include\s*[<"]([^">]+)[">]', re.MULTILINE)


def folder_of(path):
    """The layer that a path from the top belongs to, None where it is nobody's (a third party's header, say)."""
    return next((f for f in OWN if path.startswith(f + "/")), None)


def sources():
    for folder in {f.split("/")[0] for f in LAYERS} | set(TESTS):
        for path in sorted((paths.TOP / folder).rglob("*")):
            if path.suffix in (".c", ".h", ".S") and "build" not in path.relative_to(paths.TOP).parts:
                yield path.relative_to(paths.TOP).as_posix()


def code_of(text):
    """Without comments and strings; with as many lines."""
    return re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"', lambda match: "\n" * match[0].count("\n"), text, flags=re.DOTALL)


def place(folder, order, name):
    """The line of the order that a file stands in; None: it has no place."""
    inside = name.removeprefix(f"{folder}/")
    for n, words in enumerate(order):
        for word in words.split():
            if inside.startswith(word) if word.endswith("/") else inside in (word, f"{word}.c", f"{word}.h"):
                return n
    return None


def order_violations(folder, order, files):
    """files: {path from the top: text} of the folder."""
    places = {name: place(folder, order, name) for name in files}
    for word in " ".join(order).split():
        if not any(place(folder, [word], name) is not None for name in files):
            yield f"{folder}: there is no {word}"
    yield from (f"{name}: has no place in the order of {folder}" for name, n in places.items() if n is None)
    placed = {name: code_of(files[name]) for name, n in places.items() if n is not None}
    defined = {match[1]: name for name, text in placed.items() for match in FUNCTION.finditer(text)}
    for name, text in placed.items():
        for match in INCLUDE.finditer(files[name]):
            if match[1].startswith(f"{folder}/") and (place(folder, order, match[1]) or 0) > places[name]:
                yield f"{name}:{files[name].count(chr(10), 0, match.start()) + 1}: {match[1]} stands above it"
        for match in NAME.finditer(text) if name.endswith(".c") else ():
            if match[0] in defined and places[defined[match[0]]] > places[name]:
                line = text.count("\n", 0, match.start()) + 1
                yield f"{name}:{line}: {match[0]} of {defined[match[0]]} stands above it"


def violations(name, text):
    own = folder_of(name)
    allowed = (LAYERS | TESTS)[own] | {own}
    for match in INCLUDE.finditer(text):
        target = folder_of(match[1])
        line = text.count("\n", 0, match.start()) + 1
        if target and target not in allowed:
            yield f"{name}:{line}: {own} may not include {match[1]}"
        if match[1] == "microkit.h" and not name.startswith("sdk/") and name != "lib/pd.h":
            yield f"{name}:{line}: only lib/pd.h includes microkit.h"
    for match in () if name.startswith(WITH_WEAK) else WEAK.finditer(text):
        yield f"{name}:{text.count(chr(10), 0, match.start()) + 1}: a weak symbol: the description says what is started"
    if not name.startswith("sdk/"):
        for match in re.finditer(r"\bseL4_(?!ARM_SMCContext)\w+", text):   # microkit.h has that one in a call
            yield f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]} is below the SDK's line"


def test_dependencies_point_one_way():
    names = list(sources())
    assert len(names) > 50
    found = [v for name in names for v in violations(name, (paths.TOP / name).read_text(errors="replace"))]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name, text, message", [
    ("lib/a.c", '#include "net/proto.h"', "lib/a.c:1: lib may not include net/proto.h"),
    ("net/a.c", '\n#include "net/ip/ip.h"', "net/a.c:2: net may not include net/ip/ip.h"),
    ("serial/a.c", '# include <timer/client.h>', "serial/a.c:1: serial may not include timer/client.h"),
    ("sdk/kernel/a.c", '#include "lib/ring.h"', "sdk/kernel/a.c:1: sdk/kernel may not include lib/ring.h"),
    ("sdk/tool/a.c", '#include "sdk/kernel/pd.h"', "sdk/tool/a.c:1: sdk/tool may not include sdk/kernel/pd.h"),
    ("fs/a.c", '#include "fs/nfs/nfs.h"', "fs/a.c:1: fs may not include fs/nfs/nfs.h"),
    ("http/a.c", '#include "python/files.h"', "http/a.c:1: http may not include python/files.h"),
    ("net/a.c", "#include <microkit.h>", "net/a.c:1: only lib/pd.h includes microkit.h"),
    ("python/pd.c", "\n#pragma weak fs_client_config",
     "python/pd.c:2: a weak symbol: the description says what is started"),
    ("http/a.c", "__attribute__((weak)) void init(void);",
     "http/a.c:1: a weak symbol: the description says what is started"),
    ("net/a.c", "x\nseL4_Yield();", "net/a.c:2: seL4_Yield is below the SDK's line"),
])
def test_a_violation_is_found(name, text, message):
    assert list(violations(name, text)) == [message]


@pytest.mark.parametrize("name, text", [
    ("lib/pd.h", "#include <microkit.h>"), ("net/ip/a.c", '#include "net/proto.h"\n#include "lwip/tcp.h"'),
    ("fs/nfs/a.c", '#include "net/ip/ip.h"'), ("examples/echo/a.c", '#include "examples/echo/config.h"'),
])
def test_what_is_allowed_passes(name, text):
    assert not list(violations(name, text))


def lwip_names(text):
    """Of TCP, and of packets."""
    return re.findall(r"\b(?:ip_)?tcp_(?!pcb;)\w+|\bTCP_[A-Z]+|\bpbuf_\w+|->payload\b|lwip/\w+\.h|net/ip/\w+\.h",
                      "\n".join(re.findall(r".*#\s*include.*", text)) + code_of(text))


def test_only_the_transport_knows_tcp():
    """Connections and contents have a table of operations; packets are those of one more file."""
    named = {name: set(lwip_names((paths.TOP / name).read_text())) for name in sources()
             if name.startswith(("http/conn/", "http/content/"))}
    assert len(named) > 20 and named["http/conn/transport_tcp.c"]
    assert {name for name, found in named.items() if found} == {
        "http/conn/transport_tcp.c", "http/conn/transport_tcp.h", "http/conn/unread.c", "http/conn/unread.h",
        "http/conn/transport.h"}
    assert named["http/conn/transport.h"] == {"tcp_pcb"}
    assert named["http/conn/unread.h"] | named["http/conn/unread.c"] == {
        "lwip/pbuf.h", "pbuf_free", "pbuf_remove_header", "->payload"}


@pytest.mark.parametrize("folder", ORDERS)
def test_a_folders_files_stand_in_order(folder):
    files = {name: (paths.TOP / name).read_text() for name in sources() if name.startswith(folder + "/")}
    assert not (found := list(order_violations(folder, ORDERS[folder], files))), "\n".join(found)


LOW, HIGH = "a/b/low.c", "a/b/high.c"
HAS_HIGH = {HIGH: 'struct x *b_high(int of,\n    int more)\n{\n}\nstatic int own(void)\n{\n}\n'}


@pytest.mark.parametrize("order, files, messages", [
    (["low", "high"], {LOW: '\n#include "a/b/high.h"', **HAS_HIGH}, [f"{LOW}:2: a/b/high.h stands above it"]),
    (["low", "high"], {LOW: "void f(void)\n{\n    b_high(1, 2);\n}", **HAS_HIGH},
     [f"{LOW}:3: b_high of {HIGH} stands above it"]),
    (["low", "high"], {LOW: "struct x handler = {b_high};", **HAS_HIGH},
     [f"{LOW}:1: b_high of {HIGH} stands above it"]),
    (["b.h", "low", "b.c"], {"a/b/b.h": "int b_ask(void);", "a/b/b.c": "int b_ask(void)\n{", LOW: "b_ask()"},
     [f"{LOW}:1: b_ask of a/b/b.c stands above it"]),
    (["in/", "low"], {"a/b/in/it.c": '#include "a/b/low.h"', LOW: ""}, ["a/b/in/it.c:1: a/b/low.h stands above it"]),
    (["high"], {LOW: "", **HAS_HIGH}, [f"{LOW}: has no place in the order of a/b"]),
    (["low", "high", "gone"], {LOW: "", **HAS_HIGH}, ["a/b: there is no gone"]),
    (["low", "high"], {LOW: '/* b_high(),\n#include */\nstatic void own(struct b_high *x)\n{\n"b_high"}', **HAS_HIGH},
     []),
    (["high", "low"], {LOW: '#include "a/b/high.h"\nb_high()', **HAS_HIGH}, []),
    (["low high"], {LOW: '#include "a/b/high.h"\nb_high()', HIGH: '#include "a/b/low.h"'}, []),
    (["low"], {LOW: '#include "a/b/low.h"\n#include "c/high.h"'}, []),
])
def test_what_is_out_of_order_is_found(order, files, messages):
    assert list(order_violations("a/b", order, files)) == messages


def without_prefix(prefixes, names, symbols):
    return [s for s in symbols if not s.startswith(tuple(prefixes.split())) and s not in names.split()]


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.needs(LIBRARIES[name]))
                                  for name in PREFIXES if LIBRARIES])
def test_a_librarys_globals_carry_its_prefix(name):
    said = subprocess.run(["llvm-nm", "--extern-only", "--defined-only", "--format=just-symbols", LIBRARIES[name]],
                          check=True, text=True, capture_output=True).stdout
    symbols = [line for line in said.split("\n") if line and not line.endswith(":")]
    assert any(symbol.startswith(tuple(PREFIXES[name][0].split())) for symbol in symbols)
    assert without_prefix(*PREFIXES[name], symbols) == []


def test_a_global_without_a_prefix_is_found():
    assert without_prefix("ip_", "sys_now", ["ip_init", "memory_init", "sys_now", "ip_random"]) == ["memory_init"]


def test_the_front_alone_links_no_python():
    """Libraries of the program http_front, and what they need (mk/rules.mk)."""
    needs = {}
    for path in paths.TOP.glob("**/*.mk"):
        text = path.read_text().replace("\\\n", " ")
        for _, name, libraries in re.findall(r"\$\(eval \$\(call (library|archive|program),(\w+),[^,]*,([^,)]*)", text):
            needs[name] = libraries.split()
    found, left = set(), list(needs["http_front"])
    while left:
        library = left.pop()
        found.add(library)
        left += [name for name in needs.get(library, []) if name not in found]
    assert {"http", "ip", "fs_client", "serial"} <= found and not found & {"micropython", "nfs", "fs_server"}
