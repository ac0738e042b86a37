#!/usr/bin/env python3
"""make stages: what each stage of a request costs, in guest instructions: a table whose lines make up the whole; one more
for HTTPS.

Each instruction of the image belongs to one stage: by the protection domain whose text it is in, in the larger ones by
the source that it was compiled from (bench/source.py). What is inlined belongs to its own source's stage where a rule
names that, else to the stage of who has it inlined. Some functions' first instructions are counted apart: how often
they are entered. tests/test_fast.py holds the table in docs/benchmarks.md.
"""

import re
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

TOP = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TOP / "tests"), str(TOP / "mk" / "run"), str(TOP / "bench")]

import child  # noqa: E402
import measure  # noqa: E402
import network  # noqa: E402
import profile  # noqa: E402
import secured  # noqa: E402
import site_files  # noqa: E402
import source  # noqa: E402
from machines import Running, Serval  # noqa: E402
from measure import Cell  # noqa: E402
from nfs_server import NfsServer  # noqa: E402
from peer_tls import Identity  # noqa: E402

FRONT, APP, FILES, SHAKER, SIGNER = "http", "micropython", "nfs", "tls", "keys"


class Stage(NamedTuple):
    title: str
    expected: str   # of a warm request for 1 KiB, before it was measured
    domain: str     # whose text
    own: str        # a regular expression: "path function" of a frame, the innermost that any stage names
    other: str      # the same for what no stage names in the first place: helpers that were not inlined


KERNEL = "PD switches, interrupts"
REST = "the rest"
STAGES = [
    Stage(KERNEL, "3,000", "kernel", "", ""),
    Stage("driver", "700", "eth_driver", "", ""),
    Stage("virtualiser, in", "", "net_virt_rx", "", ""),
    Stage("virtualiser, out", "", "net_virt_tx", "", ""),
    Stage("event loop, rings", "", FRONT, r"^http/pd\.c|^sdk/libmicrokit/", r"^lib/"),
    Stage("frames to packets and back", "", FRONT, r"^net/client\.c|^net/ip/(netif|acks)\.c", ""),
    Stage("lwIP in", "2,200", FRONT,
          r"/(tcp_in|tcp_hooks|udp)\.c|(ethernet|ip4|etharp)_input|tcp_recved|tcp_update_rcv_ann_wnd", ""),
    Stage("lwIP out", "1,400", FRONT, r"/tcp_out\.c|(ethernet|ip4|etharp)_(output|query|route|raw)", ""),
    Stage("lwIP, packets and timers", "", FRONT, "", r"lwip/|^net/ip/|^timer/"),
    Stage("checksum", "400", FRONT, r"^net/ip/(checksum|sums)|/inet_chksum\.c", ""),
    Stage("copies", "", FRONT, r"^lib/copy\.h", r"newlib/.*/(mem|str)\w+\.S"),
    Stage("messages to Python and back", "", FRONT, r"^http/(content/)?app_", ""),
    Stage("request parsed", "1,000-1,500", FRONT, r"^http/parse/request\.c", r"^http/parse/text"),
    Stage("which file", "", FRONT, r"^http/(site/|parse/(path|select|codings|date)\.)", ""),
    Stage("file cache", "", FRONT, r"^http/cache", ""),
    Stage("answer", "", FRONT, r"^http/", ""),
    Stage("file commands", "", FRONT, r"^fs/", ""),
    Stage("Python: event loop, rings, messages", "", APP, r"^http/app_|^lib/ring|^sdk/libmicrokit/", r"^lib/"),
    Stage("Python", "", APP, r"micropython/|^python/", r"."),
    Stage("NFS: its network", "", FILES, r"lwip/|^net/", ""),
    Stage("NFS: calls", "", FILES, r"libnfs/|^fs/nfs/(zdr|connection|socket)\.c|^fs/nfs/compat", ""),
    Stage("NFS: files", "", FILES, r"^fs/", r"."),
]

# More of HTTPS.
SECURED_STAGES = [
    Stage("records", "", FRONT, r"^http/tls/(record|opened|sealed|packets|starved|outgoing|tls_conn|incoming|transport)", ""),
    Stage("ciphers, keys of the traffic", "", FRONT, r"^http/tls/crypto|/awslc/", ""),
    Stage("handshakes, handed on", "", FRONT, r"^http/tls/", ""),
    Stage("tls: event loop, rings", "", SHAKER, r"^tls/(link|pd)\.c|^sdk/libmicrokit/|^timer/", r"^lib/"),
    Stage("tls: libssl, C++", "", SHAKER, r"/aws-lc/ssl/", ""),
    Stage("tls: key exchange", "", SHAKER, r"s2n-bignum|/curve25519|/p256|/ec/|/evp_extra/", ""),
    Stage("tls: hashes, ciphers", "", SHAKER, r"/fipsmodule/(sha|digest|hmac|hkdf|aes|modes|cipher|tls|md5|kdf)|sha\w+-armv8|"
                                            r"aes\w*-armv8|/hkdf/|/chacha|/cipher_extra/", ""),
    Stage("tls: memory", "", SHAKER, r"^tls/(heap|malloc)", r"/mem\.c|newlib/.*/(mem|str)\w+\.S"),
    Stage("tls: the rest", "", SHAKER, "", r"."),
    Stage("keys: the signature", "", SIGNER, "", ""),
]
# How often: the function that is entered each time.
EVENTS = {
    "PD switches": ("kernel", "pd_load_other"),
    "TCP segments in": (FRONT, "tcp_input"),
    "frames out": (FRONT, "send_frame"),
    "file commands issued": (FRONT, "fs_client_issue"),
    "requests to Python": (APP, "app_client_end"),
    "NFS calls made": (FILES, "rpc_queue_pdu"),
}

SECURED_EVENTS = {"records sealed": (FRONT, "record_seal"), "records opened": (FRONT, "record_open"),
                  "memory taken": (SHAKER, "tls_heap_take"), "calls to keys": (SIGNER, "protected")}

COLUMNS = {"warm": "1 KiB, warm", "browser": "with a browser's head", "cold": "1 KiB, cold",
           "python": "a handler in Python"}
SECURED_COLUMNS = {"kept": "1 KiB, kept alive", "large": "1 MiB", "full": "handshake and 1 KiB", "resumed": "resumed and 1 KiB"}
SECURED_CELLS = {"kept": (Cell("1 KiB"), 300), "large": (Cell("1 MiB"), 10), "full": (Cell("1 KiB", 1, True), 100),
                 "resumed": (Cell("1 KiB", 1, True, True), 100)}
REQUESTS = 300
COLD_FIRST = 200    # test_fast.py takes those before


def stage_of(domain, frames):
    """The title of a stage."""
    here = [stage for stage in SECURED_STAGES + STAGES if stage.domain == domain]
    for field in ("own", "other"):
        for frame in frames:
            for stage in here:
                if getattr(stage, field) and re.search(getattr(stage, field), frame):
                    return stage.title
    return next((stage.title for stage in here if not stage.own + stage.other), REST)


def entries(domain, functions, parts):
    """First instructions of EVENTS' functions: counters of their own, "STAGE@EVENT"."""
    at = {name: address for address, _, name in functions}
    return [(at[function], source.INSTRUCTION,
             next(f"{title}@{event}" for pa, size, title in parts if pa <= at[function] < pa + size))
            for event, (where, function) in (EVENTS | SECURED_EVENTS).items() if where == domain and function in at]


def ranges(image):
    """For bench/count.py: events first, since the first range that holds an instruction counts it."""
    known = {stage.domain for stage in STAGES + SECURED_STAGES}
    events, stages = [], []
    for elf, va, pa, size, domain in profile.texts(image):
        if domain in known:
            parts = source.parts(elf, va, pa, size, lambda frames, domain=domain: stage_of(domain, frames))
            events += entries(domain, profile.functions(elf, va, pa, size), parts)
            stages += parts
    return events + stages


def measured(running, path, requests, *more, root=None, known=STAGES, asked=EVENTS):
    """({stage: instructions}, {event: times}) per request; the stages make up the whole."""
    result = measure.per_request(running, "Serval", path, requests, *more, idle={}, root=root)
    assert "total" in result, result["errors"]
    stages, events = dict.fromkeys([stage.title for stage in known] + [REST], 0), dict.fromkeys(asked, 0)
    for name, value in result["split"].items():
        title, _, event = name.partition("@")
        stages[title if title in stages else REST] += value
        if event in events:
            events[event] += value
    stages[REST] += result["total"] - sum(stages.values())
    return stages, events


def columns(running, root):
    """{column: as of measured()}"""
    path, fields = site_files.path("1 KiB"), ("--fields", measure.BROWSER_FIELDS)
    measure.load(running, "Serval", path, "--requests", measure.WARM_UP, *fields, root=root)
    measure.load(running, "Serval", "/bench/hello", "--requests", measure.WARM_UP)
    measured(running, path, REQUESTS, root=root)    # the first one after a boot has 400 more in the kernel, and no switches
    return {"warm": measured(running, path, REQUESTS, root=root),
            "browser": measured(running, path, REQUESTS, *fields, root=root),
            "cold": measured(running, site_files.cold_path("1 KiB"), site_files.COLD["1 KiB"] - COLD_FIRST, "--cold",
                             "--first", COLD_FIRST, root=root),
            "python": measured(running, "/bench/hello", REQUESTS)}


def secured_columns(running, root, how):
    """As columns()."""
    results = {}
    for column, (cell, requests) in SECURED_CELLS.items():
        more, path = [*how, *measure.shape(cell)], site_files.path(cell.size)
        measure.load(running, "Serval", path, "--requests", measure.WARM_UP, *more, root=root)
        results[column] = measured(running, path, requests, *more, root=root, known=STAGES + SECURED_STAGES,
                                   asked=EVENTS | SECURED_EVENTS)
    return results


def secured_lines(results):
    """The table, in Markdown, without what HTTPS has no part in."""
    yield f"| stage | {' | '.join(SECURED_COLUMNS.values())} |"
    yield "|---|" + "---|" * len(SECURED_COLUMNS)
    columns = [results[column] for column in SECURED_COLUMNS]
    for title in columns[0][0]:
        if any(stages[title] >= 0.5 for stages, _ in columns):
            yield f"| {title} | {' | '.join(f'{stages[title]:,.0f}' for stages, _ in columns)} |"
    yield f"| all | {' | '.join(f'{sum(stages.values()):,.0f}' for stages, _ in columns)} |"
    for event in columns[0][1]:
        if any(events[event] >= 0.05 for _, events in columns):
            yield f"| *{event}* | {' | '.join(f'{events[event]:.1f}' for _, events in columns)} |"


def lines(results):
    """The table, in Markdown."""
    yield f"| stage | expected | {' | '.join(COLUMNS.values())} |"
    yield "|---|---|" + "---|" * len(COLUMNS)
    for title, expected in [(stage.title, stage.expected) for stage in STAGES] + [(REST, "")]:
        cells = [f"{results[column][0][title]:,.0f}" for column in COLUMNS]
        yield f"| {title} | {expected} | {' | '.join(cells)} |"
    totals = [f"{sum(results[column][0].values()):,.0f}" for column in COLUMNS]
    yield f"| all | 11,000 | {' | '.join(totals)} |"
    for event in EVENTS:
        cells = [f"{results[column][1][event]:.1f}" for column in COLUMNS]
        yield f"| *{event}* | {'10-12' if event == 'PD switches' else ''} | {' | '.join(cells)} |"


def one_of_each(results):
    """[(what, expected, instructions, how that is obtained)]: what a request needs several times, or not always."""
    warm, times = results["warm"]
    more = {title: value - warm[title] for title, value in results["cold"][0].items()}
    asked = {event: value - times[event] for event, value in results["cold"][1].items()}
    whole = {column: sum(stages.values()) for column, (stages, _) in results.items()}
    frames_in, frames_out = times["TCP segments in"], times["frames out"]
    return [
        ("PD switch", "300", warm[KERNEL] / times["PD switches"], "warm: the kernel, by switches"),
        ("frame in the driver", "350", warm["driver"] / (frames_in + frames_out), "warm: by frames in both directions"),
        ("frame in", "", warm["virtualiser, in"] / frames_in, "warm: its virtualiser"),
        ("frame out", "", warm["virtualiser, out"] / frames_out, "warm: its virtualiser"),
        ("TCP segment in", "2,200", warm["lwIP in"] / frames_in, "warm: without its checksum"),
        ("TCP segment out", "1,400", warm["lwIP out"] / frames_out, "warm: without its checksum"),
        ("request parsed", "1,000-1,500", results["browser"][0]["request parsed"], "560 bytes of a browser"),
        ("file command", "", sum(more[title] for title in ("file cache", "file commands", "NFS: files"))
         / asked["file commands issued"], "cold less warm: both ends of it"),
        ("NFS call", "", (more["NFS: calls"] + more["NFS: its network"]) / asked["NFS calls made"],
         "cold less warm: calls and their network"),
        ("handler in Python", "", whole["python"] - whole["warm"], "less a warm file"),
    ]


def print_all(results):
    print("\n".join(lines(results)))
    print("\n| one | expected | instructions | counted as |\n|---|---|---|---|")
    for what, expected, value, how in one_of_each(results):
        print(f"| {what} | {expected} | {value:,.0f} | {how} |")


def main():
    with network.UserNetwork() as net, tempfile.TemporaryDirectory(prefix="serval-stages-") as folder:
        export = Path(folder, "export")
        root = site_files.make(export)
        with NfsServer(export, Path(folder, "nfs"), read_only=True) as server:
            machine = Serval(net, server, site_files.FOLDER)
            machine.ranges = ranges(machine.image)
            with Running(machine, counted=True) as running:
                running.wait_ready()
                print_all(columns(running, root))
            identity = Identity(Path(folder, "identity"))
            machine = Serval(net, server, site_files.FOLDER, identity)
            machine.ranges = ranges(machine.image)
            with Running(machine, counted=True) as running:
                running.wait_ready()
                time.sleep(measure.SETTLE_S)
                how = secured.client(identity, "AES-128-GCM")
                print("\n" + "\n".join(secured_lines(secured_columns(running, root, how))))


if __name__ == "__main__":
    child.unwind_when_told()
    main()
