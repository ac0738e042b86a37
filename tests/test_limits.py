"""Numbers that Python repeats from the C sources: each is what C says, and no new one goes unnoticed.

PAIRS: a module of compose, its constant, where C has it, as what. WRITTEN: a number in the text of a Python file, found
by a pattern. An expression of C may name VALUE, Python's number: it then has to be true. A name with a file before it
(fs/client.c#BLOCKS_MAX) is a #define that no header has. OWN: compose's numbers that no C source repeats, and why.
"""

import ast
import importlib
import re
import subprocess
import sys

import pytest
from serval import paths

sys.path.insert(0, str(paths.TOP))

LWIP = paths.TOP / "third_party" / "src" / "lwip" / "src" / "include"
# lib/trace.h describes a ring with TRACED alone, and stands on lib/pd.h; that on microkit.h, here the unit tests' one.
COMPILE = ["clang", "-std=gnu11", "-DTRACED", "-I", paths.TOP, "-I", paths.TOP / "net" / "ip", "-I", paths.TOP / "tests" / "unit",
           "-isystem", LWIP, "-include", "lib/pd.h", "-include", "stdio.h", "-w"]

PAIRS = [
    ("board", "PAGE", "sdk/abi/mmu.h", "MMU_PAGE_SIZE"),
    ("chaos", "PARTS_MAX", "chaos/config.h", "CHAOS_PARTS_MAX"),
    ("status", "PARTS_MAX", "http/status/config.h", "STATUS_PARTS_MAX"),
    ("status", "NO_CHILD", "http/status/config.h", "STATUS_NO_CHILD"),
    ("status", "COUNTERS_MAX", "http/status/config.h", "STATUS_COUNTERS_MAX"),
    ("status", "COUNTED_BYTES", "http/status/report.h", "STATUS_REPORT_MAX / 2"),
    ("counters", "PAGE", "lib/counters.h", "COUNTERS_BYTES"),
    ("dwmac", "NONE", "net/dwmac.h", "DWMAC_NONE"),
    ("dwmac", "GLUE_MAX", "net/dwmac.h", "DWMAC_GLUE_MAX"),
    ("dwmac", "PHY_WRITES_MAX", "net/dwmac.h", "DWMAC_PHY_WRITES_MAX"),
    ("entropy", "CLIENTS_MAX", "entropy/proto.h", "ENTROPY_CLIENTS_MAX"),
    ("fs", "MESSAGE_BYTES", "fs/proto.h", "sizeof(struct fs_command)"),
    ("fs", "MESSAGE_BYTES", "fs/proto.h", "sizeof(struct fs_completion)"),
    ("fs", "CAPACITY", "fs/proto.h", "FS_QUEUE_CAPACITY"),
    ("fs", "BLOCK", "fs/client.h", "FS_CLIENT_BLOCK_SIZE"),
    ("fs", "BLOCKS_MAX", "fs/client.h", "fs/client.c#BLOCKS_MAX"),
    ("fs", "SHARE_BYTES", "fs/client.h", "FS_QUEUE_CAPACITY * FS_CLIENT_BLOCK_SIZE"),
    ("fs", "INDEX_UNIT", "http/cache/cache.h", "CACHE_INDEX_UNIT"),
    ("fs", "PATH_MAX", "fs/proto.h", "FS_PATH_MAX"),
    ("http", "NEVER_STALE", "http/cache/cache.h", "CACHE_NEVER_STALE"),
    ("fs", "NAME_MAX", "fs/proto.h", "FS_NAME_MAX"),
    ("fs", "DIRECTORY_MAX", "fs/nfs/config.h", "sizeof(((struct nfs_config *)0)->directory) - 1"),
    ("fs", "CLIENTS_MAX", "fs/config.h", "FS_CLIENTS_MAX"),
    ("fs", "JOBS", "fs/server.h", "FS_JOBS_MAX"),
    ("fs", "FILES", "fs/server.h", "FS_FILES_MAX"),
    ("fs", "WAITING_BYTES", "fs/config.h", "FS_WAITING_BYTES"),
    ("http", "APP_CAPACITY", "http/app_proto.h", "APP_QUEUE_CAPACITY"),
    ("http", "APP_MESSAGE", "http/app_proto.h", "sizeof(struct app_message)"),
    ("http", "APP_REQUESTS", "http/app_front.h", "APP_REQUESTS_BYTES"),
    ("http", "SEALED", "http/tls/sealed.h", "SEALED_BYTES"),
    ("http", "ACCESS_RECORDS", "http/access/access.h", "ACCESS_RECORDS_BYTES"),
    ("http", "CHAINS_MAX", "tls/proto.h", "TLS_CHAINS_MAX"),
    ("http", "CHAIN_MAX", "tls/proto.h", "TLS_CHAIN_MAX"),
    ("http", "APP_ANSWERS", "http/app_client.h", "APP_ANSWERS_BYTES"),
    ("http", "SITE_MEMORY", "http/site/site.h", "SITE_MEMORY_BYTES"),
    ("http", "SITES_MAX", "http/site/site.h", "SITE_MOUNTS_MAX"),
    ("net", "BUFFER_SIZE", "net/proto.h", "NET_BUFFER_SIZE"),
    ("net", "BUFFER_SMALL", "net/proto.h", "NET_BUFFER_SMALL"),
    ("net", "REGIONS_MAX", "net/proto.h", "NET_REGIONS_MAX"),
    ("net", "CLIENTS_MAX", "net/proto.h", "NET_CLIENTS_MAX"),
    ("net", "BUFFERS_MAX", "net/client.h", "NET_CLIENT_BUFFERS_MAX"),
    ("net", "SLOTS_MAX", "net/client.h", "NET_CLIENT_SLOTS_MAX"),
    ("net", "LAZY", "net/proto.h", "NET_LAZY"),
    ("net", "MEMORY_MIN", "net/ip/ip.h", "IP_MEMORY_MIN"),
    ("net", "DATAGRAM_BYTES", "net/ip/ip.h", "IP_DATAGRAM_BYTES"),
    ("net", "POOLS_BYTES", "net/ip/ip.h", "IP_POOLS_BYTES"),
    ("net", "CONNECTION_BYTES", "net/ip/ip.h", "IP_CONNECTION_BYTES"),
    ("net", "SEGMENT_BYTES", "net/ip/ip.h", "IP_SEGMENT_BYTES"),
    ("net", "BUFFER_BYTES", "net/ip/ip.h", "IP_BUFFER_BYTES"),
    ("net", "SLOT_BYTES", "net/ip/ip.h", "IP_SLOT_BYTES"),
    ("net", "CONNECTIONS_MAX", "net/ip/ip.h", "MEMP_NUM_TCP_PCB"),
    ("net", "SEGMENTS_MIN", "net/ip/ip.h", "TCP_SND_QUEUELEN"),
    ("net", "TX_FRAMES", "net/proto.h", "net/virt_tx.c#FRAMES"),
    ("net", "ELEMENT", "net/proto.h", "sizeof(struct net_desc)"),
    ("net", "ELEMENT", "net/proto.h", "sizeof(struct net_dma_desc)"),
    ("python", "APP_MAX", "python/config.h", "sizeof(((struct python_config *)0)->app) - 1"),
    ("python", "ARGUMENTS_MAX", "python/config.h", "PYTHON_ARGUMENTS_MAX"),
    ("python", "FILES_BLOCKS", "python/files.h", "FILES_BLOCKS"),
    ("python", "FILES_BLOCK", "python/files.h", "FILE_DATA_MAX"),
    ("time_of_day", "SERVER_MAX", "net/ip/time_of_day.h", "IP_TIME_SERVER_MAX - 1"),
    ("ring", "HEADER_BYTES", "lib/ring.h", "sizeof(struct ring_shared)"),
    ("serial", "CLIENTS_MAX", "serial/proto.h", "SERIAL_CLIENTS_MAX"),
    ("serial", "NAME_MAX", "serial/proto.h", "SERIAL_NAME_MAX"),
    ("system", "LARGE_PAGE", "sdk/abi/mmu.h", "MMU_LARGE_PAGE_SIZE"),
    ("system", "PDS_MAX", "sdk/abi/system.h", "ABI_PDS_MAX"),
    ("system", "CHANNELS_MAX", "sdk/abi/system.h", "ABI_CHANNELS_MAX"),
    ("system", "PRIORITY_MAX", "sdk/abi/system.h", "ABI_PRIORITY_MAX"),
    ("system", "NAME_MAX['2.']", "sdk/abi/system.h", "ABI_PD_NAME_MAX - 1"),
    ("system", "VADDR_END", "sdk/abi/mmu.h", "VALUE <= USER_VA_MAPS_END"),
    ("pem", "KEYS_MAX", "keys/proto.h", "KEYS_MAX"),
    ("pem", "SCALAR_BYTES", "keys/proto.h", "KEYS_SCALAR_BYTES"),
    ("pem", "POINT_BYTES", "keys/proto.h", "KEYS_POINT_BYTES"),
    ("tls", "CAPACITY", "tls/proto.h", "TLS_QUEUE_CAPACITY"),
    ("tls", "MESSAGE", "tls/proto.h", "sizeof(struct tls_message)"),
    ("tls", "REQUESTS", "tls/proto.h", "TLS_REQUESTS_BYTES"),
    ("tls", "ANSWERS", "tls/proto.h", "TLS_ANSWERS_BYTES"),
    ("tls", "HEAP", "tls/handshake.h", "TLS_HEAP_BYTES"),
    ("tls", "KEYS_PAGE", "keys/proto.h", "KEYS_PAGE_BYTES"),
    ("tls", "KEYS_MAX", "keys/proto.h", "KEYS_MAX"),
    ("timer", "CLIENTS_MAX", "timer/proto.h", "TIMER_CLIENTS_MAX"),
    ("trace", "EVENT_BYTES", "lib/trace.h", "sizeof(struct trace_event)"),
    ("trace", "RING_BYTES", "lib/trace.h", "sizeof(struct trace_ring)"),
    ("tree", "LARGE_PAGE", "sdk/abi/mmu.h", "MMU_LARGE_PAGE_SIZE"),
    ("supervisor", "PAUSE_WATCHDOG_MS", "supervisor/proto.h", "2 * supervisor/supervisor.c#LIFE_MS"),
    ("supervisor", "CHILDREN_MAX", "supervisor/config.h", "SUPERVISOR_CHILDREN_MAX"),
    ("supervisor", "NOTES_SIZE", "supervisor/proto.h", "sizeof(struct supervisor_notes)"),
]

OWN = {
    "board": {"GIC_SPI": "device tree", "GIC_PPI": "device tree", "FIRST_PPI": "of the GIC", "FIRST_SPI": "of the GIC",
              "FLAGS_EDGE": "device tree"},
    "chaos": {"PRIORITY": "handed over", "IP": "handed over"},
    "c": {"MAX_COLUMN": "width of what is written"},
    "entropy": {"PRIORITY": "handed over", "STACK": "handed over", "MEMORY_SIZE": "handed over; the driver checks it"},
    "fs": {"HEAP": "an estimate", "WRITE_HEAP": "an estimate", "STACK": "handed over", "IP": "handed over",
           "BLOCKS_BESIDE_CACHE": "cache_init()'s own one"},
    "http": {"PORT_MAX": "of TCP", "HSTS_MAX_S": "ten years", "FRESH_MAX_MS": "as mk/variables.mk has it",
             "ACCESS_BUFFER": "handed over", "ACCESS_FILE_MAX": "below FS_PATH_MAX, as what it becomes is", "SYSLOG_PORT": "RFC 5426",
             "STALE_MAX_S": "as mk/variables.mk has it", "WAIT_MAX_S": "as mk/variables.mk has it", "IP": "handed over", "STACK": "handed over"},
    "net": {"SEGMENTS_MAX": "what there is memory for", "TX_PIECES": "handed over", "DESCRIPTORS_SIZE": "handed over; the drivers check it"},
    "status": {"PORT_MAX": "of TCP", "DIGITS": "of 64 bits"},
    "python": {"IP_BESIDE_SITE": "handed over", "FILES_JOBS": "handed over"},
    "serial": {"TX_CAPACITY": "handed over", "RX_CAPACITY": "handed over", "COLOURS": "handed over"},
    "supervisor": {"PRIORITY": "handed over", "MS_MAX": "an hour", "PAUSE_BUDGET_US": "handed over",
                   "PAUSE_BUDGET_OFFICIAL_US": "handed over", "PAUSE_PERIOD_US": "handed over", "STACK": "handed over",
                   "WATCHDOG_MS": "handed over"},
    "system": {"STACK_DEFAULT": "handed over", "HEAP_MAX": "by VADDR_FIRST", "VADDR_FIRST": "handed over",
               "NEAR_FIRST": "handed over", "NEAR_END": "handed over"},
    "time_of_day": {"PORT": "of NTP"},
    "timer": {"PRIORITY": "handed over"},
    "tls": {"CHAIN_HEAP": "an estimate", "KEYS_HEAP": "handed over", "STACK": "handed over", "KEYS_STACK": "handed over", "BUDGET_US": "handed over",
            "PERIOD_US": "handed over", "PRIORITY": "handed over", "KEYS_PRIORITY": "handed over"},
    "pem": {"INTEGER": "of DER", "BITS": "of DER", "OCTETS": "of DER", "OID": "of DER", "SEQUENCE": "of DER", "FIRST": "of DER",
            "SECOND": "of DER", "P": "of P-256", "N": "of P-256", "BASE": "of P-256"},
    "self_signed": {"DAYS": "what browsers take"},
    "trace": {"CAPACITY": "handed over"},
    "dtb": {"MAGIC": "device tree", "VERSION": "device tree", "VERSION_FIRST": "device tree", "BEGIN_NODE": "device tree",
            "END_NODE": "device tree", "PROPERTY": "device tree", "NOTHING": "device tree", "END": "device tree"},
    "tree": {"WORD_BITS": "device tree", "WORD_BYTES": "device tree", "CELLS_MAX": "device tree",
             "ADDRESS_MAX": "device tree"},
}

WRITTEN = [
    ("python/website_policy.py", r"TEXT_MAX = (\d+)", "http/site/site.h", "SITE_TEXT_MAX - 1"),
    ("python/website_policy.py", r"RULES_MAX = (\d+)", "http/site/rules.h", "SITE_RULES_MAX - 1"),
    ("python/website_policy.py", r"HEAD_ROOM = (\d+)", "http/site/site.h", "SITE_HEAD_MAX - http/site/head.c#REST_MAX"),
    ("python/website_policy.py", r"NAME_MAX = (\d+)", "http/site/rules.h", "http/site/rules.c#NAME_MAX"),
    ("python/website_policy.py", r"TYPE_MAX = (\d+)", "http/site/rules.h", "http/site/rules.c#TYPE_MAX"),
    ("compose/fs.py", r"len\(server\.encode\(\)\) > (\d+)", "fs/nfs/config.h", "sizeof(((struct nfs_config *)0)->server) - 1"),
    ("compose/fs.py", r"len\(writable\.encode\(\)\) > (\d+)", "fs/mem/config.h",
     "sizeof(((struct fs_mem_config *)0)->writable) - 1"),
    ("compose/net.py", r"len\(hostname\.encode\(\)\) > (\d+)", "net/ip/ip.h", "sizeof(((struct ip_config *)0)->hostname) - 1"),
    ("compose/net.py", r'replace\("_", "-"\)\[:(\d+)\]', "net/ip/ip.h", "sizeof(((struct ip_config *)0)->hostname) - 1"),
    ("compose/serial.py", r"system\.board\.name\[:(\d+)\]", "serial/config.h",
     "2 * VALUE + 32 <= sizeof(((struct serial_virt_tx_config *)0)->greeting)"),
    ("mk/run/trace_events.py", r"MAGIC, VERSION = (\w+), 1 ", "lib/trace.h", "TRACE_MAGIC"),
    ("mk/run/trace_events.py", r"MAGIC, VERSION = \w+, (1) ", "lib/trace.h", "TRACE_VERSION"),
    ("bench/count.py", r"MAGIC = (\w+)", "sdk/abi/mmu.h", "bench/insncount.c#MAGIC"),
    ("bench/count.py", r"MAGIC = (\w+)", "sdk/abi/mmu.h", "bench/load_counters.c#COUNTERS_MAGIC"),
    ("tests/descriptions/made_elf.py", r"IMAGE_HEADER_SIZE = ([\d +*]+)", "sdk/abi/image.h", "sizeof(struct image_header)"),
    ("tests/test_front.py", r"HEAD_S = (\d+)", "http/conn/limits.h", "HTTP_HEAD_S"),
    ("tests/test_nfs_away.py", r"WAIT_S = (\d+)", "http/conn/limits.h", "HTTP_WAIT_S"),
    ("tests/test_waiting.py", r"PATIENCE_S = (\d+)", "http/conn/limits.h", "HTTP_WAIT_S"),
    ("tests/test_busy_python.py", r"PATIENCE_S = (\d+)", "http/conn/limits.h", "HTTP_APP_S"),
    ("tests/test_busy_python.py", r"BODY_S = (\d+)", "http/conn/limits.h", "HTTP_BODY_S"),
    ("tests/test_busy_python.py", r"SLOTS = (\d+)", "http/conn/limits.h", "HTTP_APP_MAX"),
    ("tests/test_bodies.py", r"WINDOW = ([\d *]+)", "net/ip/lwipopts.h", "TCP_WND"),
    ("tests/test_bodies.py", r"CIRCLE = (\d+)", "http/app_front.h", "APP_LARGE"),
    ("tests/test_app_liar.py", r"CONTROL = (\d+)", "http/app_proto.h", "APP_CONTROL"),
    ("tests/test_app_liar.py", r"HEAD_MAX, FIELDS_MAX, RECORD_MAX = (\d+),", "http/app_proto.h", "APP_HEAD_MAX"),
    ("tests/test_app_liar.py", r"HEAD_MAX, FIELDS_MAX, RECORD_MAX = \d+, (\d+),", "http/app_proto.h", "APP_FIELDS_MAX"),
    ("tests/test_app_liar.py", r"HEAD_MAX, FIELDS_MAX, RECORD_MAX = \d+, \d+, (\d+)", "http/app_proto.h",
     "APP_RECORD_MAX"),
    ("tests/test_app_liar.py", r"CIRCLE = (\d+)", "http/app_client.h", "APP_ANSWER_SMALL"),
    ("tests/test_app_liar.py", r"SHARE, LARGE = (\w+),", "http/app_client.h", "APP_ANSWERS_BYTES"),
    ("tests/test_app_liar.py", r"SHARE, LARGE = \w+, (\w+)", "http/app_client.h",
     "APP_CONTROL_SIZE + APP_SLOTS * APP_ANSWER_SMALL"),
    ("bench/soak.py", r"REST_S = (\d+)", "net/ip/ip.h", "VALUE * 1000 > 2 * TCP_MSL"),
]


def constant(module, name):
    return eval(name, vars(importlib.import_module(f"compose.{module}")))   # NAME or NAME['key']


def written(file, pattern):
    found = re.findall(pattern, (paths.TOP / file).read_text())
    assert len(found) == 1, f"{file}: '{pattern}' is there {len(found)} times"
    return eval(found[0])       # a sum of numbers


def defined(match):
    file, name = match.groups()
    found = re.findall(rf"^#define {name} (.*?)(?: */\*.*)?$", (paths.TOP / file).read_text(), re.M)
    assert len(found) == 1, f"{file} defines {name} {len(found)} times"
    return f"({found[0]})"


def in_c(expression, value):
    text = re.sub(r"([\w/]+\.c)#(\w+)", defined, expression).replace("VALUE", f"{value}ull")
    return text if "VALUE" in expression else f"({text}) == {value}ull"


def wrong(rows, folder):
    """Those rows (where, what, value, header, expression) whose value is not what C says, each as one line."""
    program, source = folder / "limits", folder / "limits.c"
    lines = [*dict.fromkeys(f'#include "{header}"' for *_, header, _ in rows), "int main(void)", "{",
             *(f"    putchar({in_c(expression, value)} ? '=' : '!');" for _, _, value, _, expression in rows), "    return 0;", "}"]
    source.write_text("\n".join(lines) + "\n")
    subprocess.run([*COMPILE, "-o", program, source], check=True)
    said = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    assert len(said) == len(rows)
    return [f"{where}: {what} is {value}; {header} says {expression}"
            for (where, what, value, header, expression), same in zip(rows, said) if same != "="]


def rows():
    return ([(f"compose/{module}.py", name, constant(module, name), *c) for module, name, *c in PAIRS]
            + [(file, pattern, written(file, pattern), *c) for file, pattern, *c in WRITTEN])


def has_numbers(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return any(has_numbers(part) for part in value)
    return isinstance(value, int) and not isinstance(value, bool)


def assigned(text):
    """Names in capitals to which a module's text gives a value at its top."""
    targets = [target for node in ast.parse(text).body if isinstance(node, ast.Assign) for target in node.targets]
    names = [name.id for target in targets for name in getattr(target, "elts", [target]) if isinstance(name, ast.Name)]
    return [name for name in names if re.fullmatch(r"[A-Z][A-Z0-9_]*", name)]


def unpaired(module, text, values):
    paired = {re.match(r"\w+", name)[0] for of, name, *_ in PAIRS if of == module}
    return [name for name in assigned(text)
            if has_numbers(values[name]) and name not in paired and name not in OWN.get(module, ())]


@pytest.mark.needs("submodules")
def test_python_and_c_say_the_same(tmp_path):
    assert wrong(rows(), tmp_path) == []


@pytest.mark.needs("submodules")
def test_each_pair_can_fail(tmp_path):
    """With another number each row is wrong: one above; where C has a bound, a thousand times as much, or 0."""
    def another(value, expression):
        return value + 1 if "==" in expression or "VALUE" not in expression else value * 1000 if "<=" in expression else 0
    changed = [(where, what, another(value, expression), header, expression) for where, what, value, header, expression in rows()]
    assert len(wrong(changed, tmp_path)) == len(changed)


def test_each_number_of_compose_is_in_a_pair_or_has_a_reason():
    modules = sorted(path.stem for path in (paths.TOP / "compose").glob("*.py") if not path.stem.startswith("__"))
    found = [f"{module}.{name}" for module in modules
             for name in unpaired(module, (paths.TOP / "compose" / f"{module}.py").read_text(),
                                  vars(importlib.import_module(f"compose.{module}")))]
    assert found == [], "neither in PAIRS nor in OWN"


def test_reasons_are_for_what_there_is():
    for module, names in OWN.items():
        there = assigned((paths.TOP / "compose" / f"{module}.py").read_text())
        assert [name for name in names if name not in there] == []


def test_a_new_number_is_found():
    text = "BLOCK = 1\nNEW_MAX = 3\nA, OLD = 1, 'x'\nWIDE = {'a': 1}\nTEXT = 'x'\nlower = 1\n"
    values = {"BLOCK": 1, "NEW_MAX": 3, "A": 1, "OLD": "x", "WIDE": {"a": 1}, "TEXT": "x"}
    assert unpaired("fs", text, values) == ["NEW_MAX", "A", "WIDE"]
