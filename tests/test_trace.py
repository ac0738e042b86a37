"""lib/trace: free where nobody asks for it; rings that are whole, cut, torn or somebody else's; what Perfetto is given;
and `make NAME.trace` as a person uses it: one request, seen through all protection domains on its way."""

import json
import os
import re
import shlex
import struct
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from serval import build, paths
from serval.ports import free_port
from serval.qemu import needs_machine
from serval.terminal import Terminal

sys.path.insert(0, str(paths.TOP / "mk" / "run"))
import trace_events as te  # noqa: E402
import trace_svg  # noqa: E402
import trace_views as tv  # noqa: E402
from compose import trace as composed  # noqa: E402

pytestmark = pytest.mark.makes
RING, EVENT = te.RING, te.EVENT
KINDS = composed.events()
NUMBER = {row[0]: number for number, row in enumerate(KINDS)}
CALL = re.compile(r"^[ \t]+trace(_text)?\((\w+)[^;]*;$", re.MULTILINE)
START_S = 600


def sources():
    """Components with events: file -> text."""
    folders = ("lib", "serial", "timer", "entropy", "net", "fs", "http", "python")
    found = {p: p.read_text() for folder in folders for p in sorted((paths.TOP / folder).rglob("*.c"))
             if p.parent != paths.TOP / "lib" / "trace"}
    return {path: text for path, text in found.items() if CALL.search(text)}


# -- the table and what uses it ---------------------------------------------------------------------------------------

def test_every_event_is_in_the_table_and_used():
    named = {match[2] for text in sources().values() for match in CALL.finditer(text)}
    general = {"init", "notified", "protected", "fault", "call", "end", "notify"}      # lib/trace's own
    assert named <= set(NUMBER)
    assert set(NUMBER) - general - named == set()


def test_the_table_is_read_whole():
    header = (paths.TOP / composed.EVENTS).read_text()
    assert len(KINDS) == header.count("    X(") and len(NUMBER) == len(KINDS)
    for name, kind, family, first, second in KINDS:
        assert (family == "NONE") == (kind not in ("OPEN", "CLOSE")) or family == "frame", name
        assert family == "NONE" or first != "_", name
        for word in (first, second):
            assert word.islower() or word in ("CHANNEL", "CHILD", "OBJECT", "_"), name


def test_enumerators_are_the_compilers(tmp_path):
    for name, (header, prefix) in composed.ENUMS.items():
        if header.startswith("http/cache/"):
            continue            # stands on headers of a third party
        known = composed.enumerators(name, header, prefix)
        checks = "".join(f"_Static_assert({prefix}{word.upper()} == {value}, \"\");\n" for value, word in known.items())
        program = tmp_path / f"{name}.c"
        program.write_text(f'#include <stdbool.h>\n#include <stdint.h>\n#include "{header}"\n{checks}')
        subprocess.run(["clang", "-fsyntax-only", f"-I{paths.TOP}", program], check=True)


# -- free -------------------------------------------------------------------------------------------------------------

MADE_ELSEWHERE = "pd"    # the flags of a driver of another board are those of any component


def flags_of(path):
    """How the build has compiled a component, but without optimisation across files."""
    key = f"{Path(os.environ.get('MICROKIT_SDK') or 'own').name}-{paths.BOARD}-release"
    objects, name = paths.CACHE / "obj" / key, path.relative_to(paths.TOP)
    if name.parts[0] == "python":
        own = [f"-I{objects}/micropython", "-Ipython", "-Ithird_party/src/micropython", "-DNDEBUG",
               '-DMP_CONFIGFILE="python/mpconfigport.h"']
        return [*shlex.split((objects / "micropython.flags").read_text()), *own]
    folder = next((o for o in objects.glob("*") if (o / f"{name}.o").exists()), objects / MADE_ELSEWHERE)
    return shlex.split((folder / "flags").read_text())[1:]


def code(flags, source, objects):
    """All that an image gets of it: no debugger's tables, nothing that names a file."""
    made = objects / "object.o"
    subprocess.run(["clang", *flags, "-g0", "-fno-lto", "-c", "-x", "c", "-o", made, "-"], input=source, text=True,
                   check=True, cwd=paths.TOP)
    return made.read_bytes()


def test_without_trace_not_a_byte(tmp_path):
    image = build.system("webserver", NFS_SERVER="10.0.2.2", NFS_DIRECTORY="/srv")
    for path, text in sources().items():
        blanked, flags = CALL.sub("", text), flags_of(path)
        assert len(blanked) < len(text) and "-DTRACED" not in flags
        assert code(flags, text, tmp_path) == code(flags, blanked, tmp_path), f"{path} is not the same without events"
    path = paths.TOP / "net" / "virt_rx.c"
    assert b"trace_put" in code([*flags_of(path), "-DTRACED"], path.read_text(), tmp_path)     # the test can fail
    assert "trace" not in image.with_suffix("").joinpath("webserver.system").read_text()
    for program in image.with_suffix("").glob("*.elf"):
        assert b"trace_" not in program.read_bytes().replace(b"backtrace_", b""), program


# -- rings ------------------------------------------------------------------------------------------------------------

def domain(name, priority=10, capacity=8, channels=None):
    return {"name": name, "priority": priority, "address": 0x1000, "capacity": capacity, "children": [],
            "size": RING.size + capacity * EVENT.size, "channels": channels or {}}


def system_of(*pds):
    enums = {name: composed.enumerators(name, *where) for name, where in composed.ENUMS.items()}
    return {"system": "made", "board": "none", "events": KINDS, "enums": enums, "pds": list(pds)}


def ring(pd, events, head=None, starts=1, frequency=1_000_000, magic=te.MAGIC):
    """events: (ticks, name, a, b), from number 0 on."""
    head = len(events) if head is None else head
    data = bytearray(RING.pack(magic, te.VERSION, pd["capacity"], starts, frequency, head) + bytes(pd["size"] - RING.size))
    for number, (ticks, name, *words) in enumerate(events):
        EVENT.pack_into(data, RING.size + number % pd["capacity"] * EVENT.size, ticks, NUMBER[name], number,
                        *(words + [0, 0])[:2])
    return data


PROGRAM = paths.CACHE / "obj" / "host" / "lib_trace" / "lib_trace"


@pytest.mark.needs(PROGRAM)
def test_a_ring_that_the_program_wrote(tmp_path):
    subprocess.run([PROGRAM, tmp_path / "ring"], check=True)
    pd = domain("a")
    events, notes, frequency = te.read_ring(pd, (tmp_path / "ring").read_bytes(), KINDS)
    assert frequency == 1_000_000_000 and notes == ["a: 4 older events are lost"]
    assert [(e.ticks, e.name, *e.words) for e in events] == \
        [(1000 * n, "cache_miss", 100 + n, 0x123456789abcdef0 + n) for n in range(4, 11)]


def test_merged_in_time():
    a, b = domain("a"), domain("b")
    trace = te.read(system_of(a, b), {"a": ring(a, [(10, "cache_hit", 1), (30, "cache_hit", 3)]),
                                      "b": ring(b, [(20, "cache_hit", 2), (40, "cache_hit", 4)])})
    assert [(e.pd["name"], e.us, e.words[0]) for e in trace.events] == [
        ("a", 0, 1), ("b", 10, 2), ("a", 20, 3), ("b", 30, 4)]
    assert [e.us for e in trace.after(20).events] == [0, 10]


def test_a_full_ring_leaves_out_what_may_be_half_written():
    a = domain("a")
    data = ring(a, [(n, "cache_hit", n) for n in range(16)])
    EVENT.pack_into(data, RING.size, 99, 0xffffffff, 77, 1, 2)      # where number 16 is being written, over number 8
    events, notes, _ = te.read_ring(a, data, KINDS)
    assert [e.words[0] for e in events] == list(range(9, 16)) and notes == ["a: 9 older events are lost"]


@pytest.mark.parametrize("what", ["number", "event", "time"])
def test_an_event_that_cannot_be_is_counted_and_left_out(what):
    a = domain("a")
    data = ring(a, [(10 * n, "cache_hit", n) for n in range(5)])
    ticks, event, number = {"number": (20, NUMBER["cache_hit"], 9), "event": (20, len(KINDS), 2),
                            "time": (3, NUMBER["cache_hit"], 2)}[what]
    EVENT.pack_into(data, RING.size + 2 * EVENT.size, ticks, event, number, 0, 0)
    events, notes, _ = te.read_ring(a, data, KINDS)
    assert [e.words[0] for e in events] == [0, 1, 3, 4] and notes == ["a: 1 events are not in their place and left out"]


def test_an_empty_ring_and_one_that_has_not_begun():
    a, b = domain("a"), domain("b")
    trace = te.read(system_of(a, b), {"a": ring(a, []), "b": bytes(b["size"])})
    assert trace.events == [] and trace.notes == ["b: nothing, it has not started"]
    assert tv.text(trace) == []
    check_format(json.loads(tv.perfetto(trace)))


@pytest.mark.parametrize("spoil, message", [
    (lambda d: d[:100], r"trace of PD 'a': 100 bytes, its ring has 320"),
    (lambda d: d[:-1], r"trace of PD 'a': 319 bytes, its ring has 320"),
    (lambda d: b"\x7fELF" + d[4:], r"trace of PD 'a': no ring at 0x1000 \(it begins 0x464c457f, version 1\): another image "
                                   r"than the map's\?"),
    (lambda d: d[:8] + struct.pack("<I", 16) + d[12:], r"trace of PD 'a': its ring says 16 events at 1000000 ticks a "
                                                       r"second; the map says 8 events"),
    (lambda d: d[:16] + bytes(8) + d[24:], r"trace of PD 'a': its ring says 8 events at 0 ticks .*"),
    (lambda d: None, r"trace of PD 'a': its ring is missing"),
])
def test_a_ring_that_cannot_be_is_one_line(spoil, message):
    a = domain("a")
    data = spoil(bytes(ring(a, [(1, "cache_hit", 1)])))
    with pytest.raises(te.TraceError) as error:
        te.read(system_of(a), {"a": data} if data is not None else {})
    assert re.fullmatch(message, str(error.value))


def test_garbage_never_does_more_than_that():
    a = domain("a", capacity=64)
    for seed in range(300):
        data = ring(a, [(n, "cache_hit", n) for n in range(90)])
        for n in range(20):
            data[(seed * 7919 + n * 104729) % len(data)] = (seed * 31 + n) % 256
        try:
            trace = te.read(system_of(a), {"a": data})
        except te.TraceError as error:
            assert "\n" not in str(error)
            continue
        tv.text(trace)
        trace_svg.svg(trace)
        check_format(json.loads(tv.perfetto(trace)))


# -- what belongs together, and what Perfetto is given ----------------------------------------------------------------

def check_format(document):
    """The Trace Event Format, and what Perfetto's importer drops in silence: stretches of a thread that overlap, arrows
    that begin or end outside of every stretch, ends without a begin."""
    assert document["displayTimeUnit"] == "ns"
    slices, spans, flows = {}, {}, {}
    for row in document["traceEvents"]:
        assert row["ph"] in "MXibesf" and row["pid"] == tv.PROCESS and isinstance(row["tid"], int)
        assert isinstance(row["name"], str)
        if row["ph"] == "M":
            continue
        assert row["ts"] >= 0
        if row["ph"] == "X":
            assert row["dur"] >= 0
            slices.setdefault(row["tid"], []).append((row["ts"], row["ts"] + row["dur"]))
        if row["ph"] in "be":
            spans.setdefault((row["cat"], row["id"], row["name"]), []).append((row["ph"], row["ts"]))
        if row["ph"] in "sf":
            assert row["ph"] == "s" or row["bp"] == "e"
            flows.setdefault(row["id"], []).append(row)
    for own in slices.values():
        open_ends = []
        for start, end in sorted(own, key=lambda s: (s[0], -s[1])):
            while open_ends and open_ends[-1] <= start + 5e-4:
                open_ends.pop()
            assert not open_ends or end <= open_ends[-1] + 5e-4
            open_ends.append(end)
    for pair in spans.values():
        assert [phase for phase, _ in pair] == ["b", "e"] and pair[0][1] <= pair[1][1]
    for pair in flows.values():
        assert [row["ph"] for row in pair] == ["s", "f"] and pair[0]["ts"] <= pair[1]["ts"]
        assert (pair[0]["cat"], pair[0]["name"]) == (pair[1]["cat"], pair[1]["name"])
    return slices, spans, flows


def two_that_talk():
    a, b = domain("a", 5, 32, {"3": ["b", 4]}), domain("b", 9, 32, {"4": ["a", 3], "0": ["interrupt", 79]})
    return te.read(system_of(a, b), {
        "a": ring(a, [(0, "init", 1), (1, "notify", 3), (9, "file_asked", 77, 7), (10, "end"), (20, "notified", 3),
                      (21, "file_answered", 77, 5), (22, "end")]),
        "b": ring(b, [(2, "notified", 4), (3, "file_taken", 77, 7), (4, "notified", 0), (5, "end"), (6, "notify", 4),
                      (7, "died", int.from_bytes(b"oh no", "little")), (30, "init", 2)], starts=2)})


def test_who_woke_whom():
    trace = two_that_talk()
    shown = [(first.pd["name"], first.name, second.pd["name"], second.name, what)
             for first, second, what in te.arrows(trace)]
    assert shown == [("a", "notify", "b", "notified", "notify"), ("b", "file_taken", "a", "file_asked", "file"),
                     ("b", "notify", "a", "notified", "notify")]


def test_as_text():
    lines = tv.text(two_that_talk())
    assert lines[0] == "       0.000    +0.000  a  init start=1 {"
    assert "       3.000    +1.000  b    file_taken id=77 type=read" in lines
    assert "       4.000    +1.000  b    notified by interrupt 79 {" in lines
    assert "       5.000    +1.000  b    } 1.000 us notified by interrupt 79" in lines
    assert "       7.000    +1.000  b    died text=oh no" in lines
    assert "      21.000    +1.000  a    file_answered id=77 status=not_found" in lines
    assert lines[-1] == "      30.000    +8.000  b  init start=2 {"


def test_as_perfetto_takes_it():
    document = json.loads(tv.perfetto(two_that_talk()))
    slices, spans, flows = check_format(document)
    assert {tid: len(own) for tid, own in slices.items()} == {1: 3, 2: 2}       # b is above a
    assert len(spans) == 2 and len(flows) == 3
    cut_short = [row for row in document["traceEvents"] if row.get("args", {}).get("end") == "restarted"]
    assert [(row["name"], row["ts"], row["dur"]) for row in cut_short] == [("notified by a", 2, 28)]
    names = [row["args"]["name"] for row in document["traceEvents"] if row["name"] == "thread_name"]
    assert names == ["b", "a"] and document["otherData"]["notes"] == ["b: has started 2 times"]


def test_as_a_picture():
    trace = two_that_talk()
    picture = ElementTree.fromstring(trace_svg.svg(trace))
    shown = [text for text in picture.itertext() if text.strip()]
    lanes = [text for text in shown if text in ("a", "b")]
    assert lanes == ["b", "a"]                              # by priority
    assert "4.000 us  b: notified by interrupt 79 peer=interrupt 79, 1.000 us" in shown
    assert "7.000 us  b: died text=oh no" in shown and "30.000 us  b: init start=2, not ended yet" in shown
    assert len(picture.findall(".//{*}line[@stroke='#7b8794']")) == 2     # the two wake-ups


def test_idle_time_takes_no_room():
    a = domain("a", capacity=16)
    near, far = (te.read(system_of(a), {"a": ring(a, [(0, "init", 1), (100, "end"), (100 + gap, "notified", 3),
                                                       (200 + gap, "end")])}) for gap in (1000, 50_000_000))
    boxes = [[(rect.get("x"), rect.get("width")) for rect in ElementTree.fromstring(trace_svg.svg(trace)).iter("{*}rect")]
             for trace in (near, far)]
    assert boxes[0] == boxes[1] and "idle 50000.0 ms" in trace_svg.svg(far)


def test_too_much_for_a_picture():
    a = domain("a", capacity=8192)
    many = te.read(system_of(a), {"a": ring(a, [(n, "cache_hit", n) for n in range(trace_svg.EVENTS_MOST + 1)])})
    assert trace_svg.svg(many) == "" and trace_svg.svg(many.after(0)) != "" and trace_svg.svg(many.after(10 ** 6)) == ""


# -- the goal ---------------------------------------------------------------------------------------------------------

def command(goal, *variables):
    return ["make", "-C", paths.TOP, "--no-print-directory", goal, f"CACHE_DIR={paths.CACHE}", f"BUILD_DIR={out()}",
            *variables]


def environment():
    return {k: v for k, v in os.environ.items()
            if not k.startswith(("MAKE", "MFLAGS", "SERVAL_", "NFS_", "WEBSITE_", "TRACE", "BUILD_DIR"))}


def make(goal, *variables, timeout=START_S):
    return subprocess.run(command(goal, *variables), stdin=subprocess.DEVNULL, text=True, capture_output=True,
                          check=False, env=environment(), timeout=timeout)


def out():
    return paths.CACHE / "test" / "make-trace"


@needs_machine
@pytest.mark.parametrize("goal, variables, message", [
    ("hello.trace", ["TRACE_SECONDS=soon"], r".*: \*\*\* TRACE_SECONDS='soon' is no number from 1 to 86400\.  Stop\."),
    ("hello.trace", ["TRACE_SECONDS=0"], r".*: \*\*\* TRACE_SECONDS='0' is no number from 1 to 86400\.  Stop\."),
    ("hello.trace", ["TRACE_GET=/"], r".*: \*\*\* TRACE_GET is for webserver\.trace; hello has no such server\.  Stop\."),
    ("hello.trace", ["TRACE=adder,nobody"], r".*hello\.py:\d+: error: TRACE='adder,nobody': there is no PD 'nobody'; "
                                            r"there are: adder, greeter, .*, or 1 for all, 0 for none"),
    ("webserver.trace", ["TRACE_GET='/"], r"make webserver\.trace: TRACE_GET=''/': No closing quotation"),
    ("hello", ["TRACES=1"], r".*TRACES is no variable of this build \(a misspelling of TRACE\?\).*"),
])
def test_mistakes_are_one_line(goal, variables, message):
    done = make(goal, *variables)
    assert done.returncode != 0
    assert [line for line in done.stderr.splitlines() if re.fullmatch(message, line)], done.stderr


def trace_of_files(folder, *words):
    return subprocess.run(["python3", paths.TOP / "mk" / "run" / "trace.py", "made", *words], cwd=folder, text=True,
                          capture_output=True, check=False, env={**os.environ, "BUILD_DIR": str(folder)})


def test_rings_that_somebody_saved(tmp_path):
    """As a debugger leaves them: no machine."""
    a, b = domain("a", channels={"3": ["b", 4]}), domain("b", channels={"4": ["a", 3]})
    (tmp_path / "trace" / "made").mkdir(parents=True)
    (tmp_path / "trace" / "made" / "made.trace-map.json").write_text(json.dumps(system_of(a, b)))
    (tmp_path / "one").write_bytes(ring(a, [(5, "notify", 3)]))
    (tmp_path / "two").write_bytes(ring(b, [(7, "notified", 4), (8, "end")]))
    done = trace_of_files(tmp_path, "a:one", "b:two")
    assert (done.returncode, done.stderr) == (0, "")
    assert "       2.000    +2.000  b  notified by a {\n" in done.stdout
    assert (tmp_path / "made.trace.txt").read_text() in done.stdout
    check_format(json.loads((tmp_path / "made.trace.json").read_text()))
    for words, message in ((["a:nowhere"], "nowhere: No such file or directory"), (["one"], "'one' is not PD:FILE"),
                           (["c:one"], "made has no traced PD 'c'; there are: a, b"),
                           (["a:two", "b:made.trace.txt"], "trace of PD 'b': 142 bytes, its ring has 320")):
        done = trace_of_files(tmp_path, *words)
        assert done.returncode == 1 and done.stderr == f"make made.trace: {message}\n", done.stderr


def spoilt_maps():
    whole = system_of(domain("a"))
    yield "{"
    yield "[]"
    yield json.dumps({**whole, "pds": []})
    yield json.dumps({**whole, "events": [["cache_hit", "INSTANT"]]})
    yield json.dumps({**whole, "pds": [{**whole["pds"][0], "capacity": 1 << 20}]})
    for key in whole["pds"][0]:
        yield json.dumps({**whole, "pds": [{k: v for k, v in whole["pds"][0].items() if k != key}]})


@pytest.mark.parametrize("content", spoilt_maps())
def test_a_map_that_is_none_is_one_line(tmp_path, content):
    folder = tmp_path / "trace" / "made"
    folder.mkdir(parents=True)
    (tmp_path / "one").write_bytes(ring(domain("a"), [(5, "cache_hit", 3)]))
    (folder / "made.trace-map.json").write_text(content)
    done = trace_of_files(tmp_path, "a:one")
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1, done.stderr
    assert "/made.trace-map.json: no map of a trace: " in done.stderr


@needs_machine
def test_some_only():
    """Who is not named is as without TRACE; the names are taken in any order."""
    done = make("hello.trace", "TRACE=greeter", "TRACE_SECONDS=5")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = (out() / "hello.trace.txt").read_text().splitlines()
    assert {row.split()[2] for row in rows} == {"greeter"} and any("call adder" in row for row in rows)


@needs_machine
def test_ctrl_c_at_a_terminal():
    """What reads the terminal is in nobody's way at the end."""
    terminal = Terminal(command("hello.trace", "TRACE=greeter"), environment())
    terminal.expect(r"adder says \d+", START_S)
    terminal.type(b"\x03")
    status = terminal.end()
    assert "hello.trace.svg: a picture" in terminal.seen, terminal.seen
    assert not re.search(r"\*\*\*|rror", terminal.seen), (status, terminal.seen)


@needs_machine
def test_one_request_through_all_on_its_way():
    done = make("webserver.trace", "TRACE_GET=/index.html", f"HTTP_PORT={free_port()}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^GET /index.html: 200, \d+ bytes", done.stdout, re.M)
    text = (out() / "webserver.trace.txt").read_text()
    way = [r"eth_driver +notified by interrupt \d+", r"eth_driver +nic_received", r"eth_driver +notify net_virt_rx",
           r"net_virt_rx +notified by eth_driver", r"net_virt_rx +frame_in peer=http",
           r"http +notified by net_virt_rx", r"http +http_accepted",
           r"http +file_asked id=(?P<id>\d+) type=(open|stat)", r"http +notify nfs",
           r"nfs +notified by http", r"nfs +file_taken id=(?P=id) ", r"nfs +nfs_called",
           r"net_virt_tx +notified by nfs", r"net_virt_tx +frame_out .*peer=nfs", r"eth_driver +nic_send",
           r"net_virt_rx +frame_in peer=nfs", r"nfs +nfs_replied .*status=0", r"nfs +file_done id=(?P=id) status=ok",
           r"nfs +notify http", r"http +notified by nfs", r"http +file_answered id=(?P=id) status=ok",
           r"http +http_request .*get", r"http +http_target text=/index.html", r"http +cache_hit",
           r"http +http_file", r"http +http_answered", r"net_virt_tx +notified by http",
           r"net_virt_tx +frame_out .*peer=http", r"eth_driver +notified by net_virt_tx", r"eth_driver +nic_send"]
    assert re.search("[^§]*?".join(way), text), text
    times = [float(line.split()[0]) for line in text.splitlines()]
    assert times == sorted(times) and times[0] == 0
    _, spans, flows = check_format(json.loads((out() / "webserver.trace.json").read_text()))
    assert any(name == "http: GET /index.html" for _, _, name in spans) and flows
    picture = [text for text in ElementTree.parse(out() / "webserver.trace.svg").getroot().itertext() if text.strip()]
    assert "http: GET /index.html" in picture
