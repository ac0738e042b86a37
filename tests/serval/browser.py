"""Headless Chromium: a page's DOM as it is after its scripts ran, and its picture."""

import shutil
import struct
import subprocess
import tempfile
import zlib
from pathlib import Path

GENEROUS_S = 180


def _chromium(url, *args):
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    assert program, "chromium is missing (mk/packages)"
    with tempfile.TemporaryDirectory(prefix="serval-chromium-") as profile:
        command = [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
                   "--disable-background-networking", "--no-proxy-server", f"--user-data-dir={profile}",
                   "--virtual-time-budget=20000", *args, url]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=GENEROUS_S, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]
    return done.stdout.decode("utf-8", "replace")


def dom(url):
    """The document's HTML once its scripts are through."""
    return _chromium(url, "--dump-dom")


def screenshot(url, path, width=1200, height=1600, dark=False):
    """Writes a PNG to path and returns its Picture."""
    options = ["--blink-settings=preferredColorScheme=0"] if dark else []
    _chromium(url, f"--window-size={width},{height}", f"--screenshot={path}", *options)
    return Picture(Path(path).read_bytes())


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
