"""Who may include whom. Dependencies point one way:

    examples -> python -> http, fs/nfs -> fs, net/ip -> net -> serial, timer -> lib -> microkit.h
    kernel, loader, libmicrokit and tool see only sdk/abi

Nothing above the SDK's line uses seL4's own names, and only lib/pd.h includes microkit.h. What a protection domain
starts is said by its description: no symbol is weak, but for the events that lib/pd hands out itself. The front's own
protection domain is made of http and what is below it: no Python.
"""

import re

import pytest
from serval import paths

# Folder -> the folders, beside itself, whose headers it may include. The longest prefix of a file's path counts.
BASE = {"lib"}
SERVICES = BASE | {"serial", "timer", "net"}
LAYERS = {
    "sdk/abi": set(),
    "sdk/kernel": {"sdk/abi"},
    "sdk/loader": {"sdk/abi"},
    "sdk/libmicrokit": {"sdk/abi"},
    "sdk/tool": {"sdk/abi"},
    "lib": set(),
    "serial": BASE,
    "timer": BASE,
    "net": BASE | {"timer"},
    "net/ip": SERVICES,
    "fs": BASE | {"timer"},
    "fs/mem": BASE | {"fs"},
    "fs/nfs": SERVICES | {"fs", "net/ip"},
    "http": SERVICES | {"fs", "net/ip"},
    "python": SERVICES | {"fs", "net/ip", "http"},
    "examples": SERVICES | {"fs", "net/ip", "http", "python"},
}
# Test systems are programs like the examples; what they attack, they may name.
TESTS = {"tests/isolation": SERVICES | {"sdk/abi"}}

OWN = sorted((LAYERS | TESTS), key=len, reverse=True)
WEAK = re.compile(r"^[ \t]*#[ \t]*pragma[ \t]+weak\b|__attribute__\(\(weak\b", re.MULTILINE)
WITH_WEAK = ("sdk/", "lib/pd/dispatch.c")
INCLUDE = re.compile(r'^[ \t]*#\s*include\s*[<"]([^">]+)[">]', re.MULTILINE)


def folder_of(path):
    """The layer that a path from the top belongs to, None where it is nobody's (a third party's header, say)."""
    return next((f for f in OWN if path.startswith(f + "/")), None)


def sources():
    for folder in {f.split("/")[0] for f in LAYERS} | set(TESTS):
        for path in sorted((paths.TOP / folder).rglob("*")):
            if path.suffix in (".c", ".h", ".S") and "build" not in path.relative_to(paths.TOP).parts:
                yield path.relative_to(paths.TOP).as_posix()


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
        for match in re.finditer(r"\bseL4_\w+", text):
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
