"""_prompt.py: a prompt in the interpreter that serves, on the serial line (WEBSITE_CONSOLE=1, `make console`): each line
that is typed is run beside the requests, in app.py's names, and what it says follows. `await ..` is awaited. A line that
ends with a colon begins a block, an empty line ends it. What computes for long keeps requests waiting. Nothing that is
typed ends the site's program: Ctrl-C is not heard, SystemExit is told as any other exception. What cannot be read any
more ends the prompt.
"""

import asyncio
import sys

import micropython

LINE_MAX = 4096
BACK = (8, 127)
HELP = """Each line runs beside the requests, in app.py's names: app.url_map, count = 0, await fs_async.listdir("/").
A line that ends with a colon begins a block, an empty line ends it. help(THING) tells what THING has.
A changed app.py takes effect when it is saved."""


class Lines:
    """As they are typed; UTF-8. A terminal ends them with CR, LF, or both."""

    def __init__(self):
        self.stream, self.ended = asyncio.StreamReader(sys.stdin.buffer), False

    async def next(self):
        line = b""
        while True:
            byte = await self.stream.read(1)
            if byte == b"\n" and self.ended:
                self.ended = False
                continue
            self.ended = byte == b"\r"
            if byte in b"\r\n":
                return str(line, "utf-8")
            if byte[0] in BACK:
                line = line[:-1]
            elif len(line) < LINE_MAX and (byte[0] >= 32 or byte == b"\t"):
                line += byte


async def value_of(text, names):
    is_awaited = text.startswith("await ")
    try:
        code = compile(text[6:] if is_awaited else text, "<console>", "eval")
    except SyntaxError:
        exec(compile(text, "<console>", "single"), names)   # which shows the values of what it runs
        return None
    value = eval(code, names)
    return await value if is_awaited else value


async def run(names):
    micropython.kbd_intr(-1)
    typed, block = Lines(), []
    while True:
        try:
            line = await typed.next()
        except UnicodeError as error:
            sys.print_exception(error)
            continue
        try:
            print("..." if block else ">>>", line)
            if line.strip() and (block or line.rstrip().endswith(":")):
                block.append(line)
                continue
            text, block = "\n".join(block + [line]).strip(), []
            if text in ("help", "help()"):
                print(HELP)
                continue
            value = await value_of(text, names) if text else None
            if value is not None:
                print(repr(value))
        except (Exception, SystemExit) as error:
            sys.print_exception(error)
