"""Headless Chromium: a page's DOM as it is after its scripts ran, and its picture; a page that is open for a while."""

import base64
import json
import os
import select
import shutil
import struct
import subprocess
import tempfile
import time
import zlib
from pathlib import Path

GENEROUS_S = 180


def _command(profile, *args):
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    assert program, "chromium is missing (mk/packages)"
    return [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
            "--disable-background-networking", "--no-proxy-server", f"--user-data-dir={profile}", *args]


def _chromium(url, *args):
    with tempfile.TemporaryDirectory(prefix="serval-chromium-", ignore_cleanup_errors=True) as profile:
        command = _command(profile, "--virtual-time-budget=20000", *args, url)
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=GENEROUS_S, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]
    return done.stdout.decode("utf-8", "replace")


def dom(url, *options):
    """The document's HTML once its scripts are through."""
    return _chromium(url, "--dump-dom", *options)


def screenshot(url, path, width=1200, height=1600, dark=False):
    """Writes a PNG to path and returns its Picture."""
    options = ["--blink-settings=preferredColorScheme=0"] if dark else []
    _chromium(url, f"--window-size={width},{height}", f"--screenshot={path}", *options)
    return Picture(Path(path).read_bytes())


class Page:
    """A page that lives while somebody does something with it. Time passes as it does. By Chromium's own protocol over
    a pipe: JSON with a NUL behind each message.

        with Page("http://localhost:5555/") as page:
            page.evaluate("document.title")
    """

    def __init__(self, url, width=1200, height=1600, dark=False):
        self.url, self.options = url, [f"--window-size={width},{height}", "--remote-debugging-pipe"]
        if dark:
            self.options.append("--blink-settings=preferredColorScheme=0")
        self.number, self.buffer, self.session = 0, b"", None

    def __enter__(self):
        self.profile = tempfile.TemporaryDirectory(prefix="serval-chromium-", ignore_cleanup_errors=True)
        theirs_in, self.out = os.pipe()
        self.back, theirs_out = os.pipe()
        command = _command(self.profile.name, *self.options, "about:blank")
        # The pipe's ends are descriptors 3 and 4 there. A shell moves them: what it is given may be these already.
        shell = f'exec 8<&{theirs_in} 9>&{theirs_out} && exec 3<&8 4>&9 8<&- 9>&- && exec "$@"'
        self.process = subprocess.Popen(["bash", "-c", shell, "chromium", *command], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        pass_fds=[theirs_in, theirs_out])
        os.close(theirs_in)
        os.close(theirs_out)
        try:
            target = self.ask("Target.createTarget", url="about:blank")["targetId"]
            self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            self.ask("Page.navigate", url=self.url)
            self.until("document.readyState === 'complete'")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.process.terminate()
        self.process.wait()
        os.close(self.out)
        os.close(self.back)
        self.profile.cleanup()

    def ask(self, method, **params):
        """The result of a command of the protocol; events in between are dropped."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + GENEROUS_S
        while True:
            answer = json.loads(self._message(end))
            if answer.get("id") == self.number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]

    def _message(self, end):
        while b"\0" not in self.buffer:
            ready = select.select([self.back], [], [], max(end - time.monotonic(), 0))[0]
            part = os.read(self.back, 1 << 20) if ready else b""
            assert part, "chromium says nothing"
            self.buffer += part
        message, _, self.buffer = self.buffer.partition(b"\0")
        return message

    def evaluate(self, script):
        """The value of an expression; of a promise, what becomes of it."""
        result = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def until(self, script, timeout=GENEROUS_S):
        """Waits, in the page, until the expression is true; returns its value."""
        return self.evaluate(f"""new Promise((done, failed) => {{
            const end = performance.now() + {1000 * timeout};
            const look = () => {{
                const value = {script};
                if (value) done(value);
                else if (performance.now() > end) failed("{timeout} s are over");
                else setTimeout(look, 50);
            }};
            look();
        }})""")

    def screenshot(self, path):
        """Of the whole page."""
        data = self.ask("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        Path(path).write_bytes(base64.b64decode(data))


class Picture:
    """An 8-bit RGB or RGBA PNG, not interlaced: rows of pixels as bytes."""

    def __init__(self, png):
        assert png[:8] == b"\x89PNG\r\n\x1a\n", "no PNG"
        at, packed = 8, b""
        while at < len(png):
            length, kind = struct.unpack(">I4s", png[at:at + 8])
            data = png[at + 8:at + 8 + length]
            if kind == b"IHDR":
                self.width, self.height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", data)
                assert depth == 8 and colour in (2, 6) and not interlace
                self.channels = 3 if colour == 2 else 4
            elif kind == b"IDAT":
                packed += data
            at += 12 + length
        self.rows = self._unfilter(zlib.decompress(packed))

    def _unfilter(self, raw):
        """PNG's filters, section 9 of its specification."""
        n, stride = self.channels, self.width * self.channels
        rows, above = [], bytearray(stride)
        for y in range(self.height):
            kind, *row = raw[y * (stride + 1):(y + 1) * (stride + 1)]
            for i in range(stride if kind else 0):
                left = row[i - n] if i >= n else 0
                corner = above[i - n] if i >= n else 0
                if kind == 1:
                    guess = left
                elif kind == 2:
                    guess = above[i]
                elif kind == 3:
                    guess = (left + above[i]) // 2
                else:
                    p = left + above[i] - corner
                    guess = min((left, above[i], corner), key=lambda c, p=p: abs(p - c))
                row[i] = (row[i] + guess) & 255
            rows.append(bytes(row))
            above = row
        return rows

    def colours(self):
        """Colour -> number of pixels."""
        count = {}
        for row in self.rows:
            for i in range(0, len(row), self.channels):
                colour = row[i:i + 3]
                count[colour] = count.get(colour, 0) + 1
        return count
