"""source.py: templates in uTemplate's language, each compiled to a generator function, in memory: nothing is written.

    {% args name, n=5 %}                                       the template's arguments
    {{ name }}                                                 a value as text, as it is: html.escape() is yours
    {% if x %} .. {% elif y %} .. {% else %} .. {% endif %}    for, while, with and try likewise
    {% set x = 1 %}, {% import m %}, {% from m import x %}
    {% include "name" a, b %}, {% include {{name}} a, b %}     another template with its arguments
    {# a comment #}

A line that has nothing but a statement or a comment leaves nothing.
"""

ENDS = {"{{": "}}", "{%": "%}", "{#": "#}"}
BLOCKS = ("if", "for", "while", "with", "try")
BRANCHES = ("elif", "else", "except", "finally")
PLAIN = ("import", "from", "break", "continue", "pass")
STEP = "    "


def parts(text):
    """(kind, text, where it begins) of each: kind is "" of what stands as it is, or a key of ENDS."""
    at = seek = 0
    while (begin := text.find("{", seek)) >= 0:
        kind = text[begin:begin + 2]
        if kind not in ENDS:
            seek = begin + 1
            continue
        end = text.find(ENDS[kind], begin + 2)
        if end < 0:
            raise SyntaxError("line %d: %s has no end" % (text[:begin].count("\n") + 1, kind))
        before, after = begin, end + 2
        if kind != "{{":
            before, after = _whole_line(text, at, before, after)
        if before > at:
            yield "", text[at:before], at
        yield kind, text[begin + 2:end].strip(), begin
        at = seek = after
    if at < len(text):
        yield "", text[at:], at


def _whole_line(text, at, before, after):
    """The line that this part has for itself; else the part."""
    line, end = text.rfind("\n", 0, before) + 1, text.find("\n", after)
    end = len(text) if end < 0 else end
    if line < at or text[line:before].strip() or text[after:end].strip():
        return before, after
    return line, end + 1


class Code:
    """Lines of Python that are made of a template."""

    def __init__(self):
        self.args, self.lines, self.open = "", [], []

    def add(self, line):
        self.lines.append(STEP * (len(self.open) + 1) + line)

    def statement(self, text):
        word, _, rest = text.partition(" ")
        rest = rest.strip()
        if word == "args":
            self.args = rest
        elif word == "set":
            self.add(rest)
        elif word == "include":
            self.include(rest)
        elif word in BLOCKS:
            self.add(text + ":")
            self.open.append(word)
            self.add("pass")
        elif word in BRANCHES and self.open:
            block = self.open.pop()
            self.add(text + ":")
            self.open.append(block)
            self.add("pass")
        elif word[:3] == "end" and self.open and word[3:] in ("", self.open[-1]):
            self.open.pop()
        elif word in PLAIN:
            self.add(text)
        else:
            raise SyntaxError("%r" % text)

    def include(self, rest):
        if rest[:2] == "{{":
            name, _, args = rest[2:].partition("}}")
        else:
            name, _, args = rest[1:].partition(rest[0])
            name = repr(name)
        self.add("yield from _load(%s)(%s)" % (name.strip(), args.strip()))

    def source(self):
        if self.open:
            raise SyntaxError("%s has no end" % self.open[-1])
        return "def render(%s):\n%s\n%syield ''\n" % (self.args, "\n".join(self.lines), STEP)


def translate(text):
    """A template as Python: a module whose render() is the template, and which wants _load()."""
    code = Code()
    for kind, part, begin in parts(text):
        try:
            if kind == "":
                code.add("yield %r" % part)
            elif kind == "{{":
                code.add("yield str(%s)" % part)
            elif kind == "{%":
                code.statement(part)
        except SyntaxError as error:
            raise SyntaxError("line %d: %s" % (text[:begin].count("\n") + 1, error)) from None
    return code.source()


class Loader:
    """Templates of a folder, each compiled when it is wanted first. pkg is not used: uTemplate's has it."""

    def __init__(self, pkg, dir):
        self.dir, self.known = dir, {}

    def path(self, name):
        return "%s/%s" % (self.dir, name) if self.dir else name

    def load(self, name):
        if name not in self.known:
            self.known[name] = self.compile(name)
        return self.known[name]

    def compile(self, name):
        with open(self.path(name)) as file:
            text = file.read()
        names = {"_load": self.load}
        try:
            exec(compile(translate(text), self.path(name), "exec"), names)
        except SyntaxError as error:
            raise SyntaxError("%s: %s" % (self.path(name), error)) from None
        return names["render"]
