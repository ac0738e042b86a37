"""compose/output.py: what a system is written out as.

    NAME.system        for the SDK
    PD.config.c        each PD's configuration
    NAME.trace-map.json    with TRACE: where its events lie (compose/trace.py)
    NAME.mk            how each PD is linked, and what all of this depends on

or, where only the picture is asked for, NAME.dot.

A file is rewritten only when its content changes;
NAME.mk, which make takes as the sign that all are up to date, always.
"""

import os
import sys
from xml.sax.saxutils import quoteattr

from . import graph, trace
from .c import initialiser
from .top import TOP


def write(system):
    os.makedirs(system.output_dir, exist_ok=True)
    if system.trace:
        put(system, f"{system.name}.trace-map.json", trace.add(system))
    put(system, f"{system.name}.system", system_file(system))
    for pd in system.pds:
        put(system, f"{pd.name}.config.c", config_file(system, pd), secret=pd.secret)
    put(system, f"{system.name}.mk", make_file(system), always=True)


def write_picture(system):
    os.makedirs(system.output_dir, exist_ok=True)
    put(system, f"{system.name}.dot", graph.dot(system), always=True)


def put(system, name, text, always=False, secret=False):
    """secret: for its owner's eyes alone."""
    path = os.path.join(system.output_dir, name)
    if not always and os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            if f.read() == text:
                return
    with open(path + ".new", "w", encoding="utf-8", opener=only_owner if secret else None) as f:
        f.write(text)
    os.replace(path + ".new", path)


def only_owner(path, flags):
    return os.open(path, flags, 0o600)


def origin(system):
    return os.path.relpath(os.path.abspath(system.script), TOP)


def element(name, attributes, children=None, indent=""):
    """One XML element; attributes whose value is None are left out."""
    text = f"{indent}<{name}" + "".join(f" {k}={quoteattr(str(v))}" for k, v in attributes.items() if v is not None)
    if not children:
        return text + " />\n"
    return text + ">\n" + "".join(children) + f"{indent}</{name}>\n"


def boolean(value):
    return "true" if value else None


def system_file(system):
    parts = ['<?xml version="1.0" encoding="UTF-8"?>\n', f"<!-- {origin(system)} made this. -->\n", "<system>\n"]
    parts += [region_element(r) for r in system.regions]
    parts += [pd_element(system, pd) for pd in system.pds if pd.parent is None]
    parts += [channel_element(system, c) for c in system.channels]
    return "".join(parts) + "</system>\n"


def region_element(region):
    return element("memory_region", {
        "name": region.name, "size": f"{region.size:#x}", "page_size": f"{region.page_size:#x}",
        "phys_addr": None if region.phys is None else f"{region.phys:#x}"}, indent="    ")


def pd_element(system, pd, indent="    "):
    # Before 2.0 `pp` stands on the PD that is called, from then on at the channel's end that calls.
    called = any((c.b if c.pp == "a" else c.a) is pd for c in system.channels if c.pp)
    child_id = pd.parent and pd.parent.children.index(pd)
    attributes = {"name": pd.name, "id": child_id, "priority": pd.priority,
                  "budget": pd.budget_us, "period": pd.period_us,
                  "passive": boolean(pd.passive), "stack_size": f"{pd.stack:#x}",
                  "pp": boolean(called and before_2(system)),
                  "smc": boolean(pd.smc),
                  "watchdog": None if system.board.official_sdk else pd.watchdog_us}
    inner = indent + "    "
    children = [element("program_image", {"path": f"{pd.name}.elf"}, indent=inner)]
    children += [element("map", {"mr": m.region.name, "vaddr": f"{m.vaddr:#x}", "perms": m.permissions,
                                 "cached": None if m.cached else "false"}, indent=inner) for m in pd.maps]
    children += [element("irq", {"irq": i.number, "id": i.channel, "trigger": i.trigger}, indent=inner)
                 for i in pd.irqs]
    children += [pd_element(system, child, inner) for child in pd.children]
    return element("protection_domain", attributes, children, indent)


def channel_element(system, channel):
    def end(pd, number, calls):
        return element("end", {"pd": pd.name, "id": number, "pp": boolean(calls and not before_2(system))},
                       indent=" " * 8)
    return element("channel", {}, [end(channel.a, channel.a_id, channel.pp == "a"),
                                   end(channel.b, channel.b_id, channel.pp == "b")], indent="    ")


def before_2(system):
    return system.dialect.startswith("1.")


def config_file(system, pd):
    headers = dict.fromkeys(c[0] for c in pd.configs)
    parts = [f"/* {origin(system)} made this: the configuration of PD {pd.name}. */\n"]
    parts += ["#include <stdbool.h>\n"] + [f'#include "{h}"\n' for h in headers]
    for _, kind, symbol, value in pd.configs:
        parts.append(f"\nconst {kind} {symbol} = {initialiser(value, symbol)};\n")
    return "".join(parts)


def make_file(system):
    own = os.path.join(system.output_dir, f"{system.name}.mk")
    modules = [getattr(m, "__file__", None) for m in sys.modules.values()]
    modules += [system.board.path, system.script, os.path.join(TOP, "VERSION")]
    inputs = sorted({os.path.relpath(m, TOP) for m in modules
                     if m and os.path.abspath(m).startswith(TOP + os.sep)
                     and os.sep + "third_party" + os.sep not in os.path.abspath(m)} | trace.INPUTS
                    | {pd.counters.header for pd in system.pds if pd.counters})
    parts = [f"# {origin(system)} made this.\n", f"{own}: {' '.join(inputs)}\n"]
    parts += [f"{i}:\n" for i in inputs]
    if system.secrets:
        parts.append(f"secrets.{system.name} := {'; '.join(system.secrets)}\n")
    for pd in system.pds:
        heap = "" if pd.heap is None else f",--defsym=pd_heap_size={pd.heap:#x}"
        parts.append(f"$(eval $(call pd_instance,{system.name},{pd.name},{pd.program}{heap}))\n")
    return "".join(parts)
