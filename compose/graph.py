"""compose/graph.py: a system as a picture, for Graphviz."""


def dot(system):
    lines = [f"digraph {quote(system.name)} {{"]
    lines += [f"    {quote(pd.name)};" for pd in system.pds]
    lines += [f"    {quote(c.a.name)} -> {quote(c.b.name)};" for c in system.channels]
    return "\n".join(lines + ["}", ""])


def quote(text):
    return '"' + text.replace('"', '\\"') + '"'
