"""One client's connections: a request after another on one that is kept, and honest about how one ended."""

import asyncio
import time

LIMIT = 1 << 21
DOWN_S = 1.0        # a connection that cannot be opened: who died so long ago may be the reason


class Died(Exception):
    """The connection ended before the answer had; the text says how: reset, closed, silent."""


class Garbled(Exception):
    """What came is no HTTP."""


class Connections:
    """How one is opened. QEMU's user network listens with a backlog of one: they are opened one after another, and
    accepted(), which may wait, returns when QEMU has taken the last one."""

    def __init__(self, address, accepted):
        self.address, self.accepted = address, accepted
        self.gate = asyncio.Lock()

    async def open(self, patience_s):
        async with self.gate:
            try:
                pair = await asyncio.wait_for(asyncio.open_connection(*self.address, limit=LIMIT), patience_s)
            except (OSError, asyncio.TimeoutError) as error:
                raise Died(f"not opened: {type(error).__name__}") from None
            await asyncio.get_running_loop().run_in_executor(None, self.accepted)
            return pair


class Client:
    """used_s: when this connection was last seen alive."""

    def __init__(self, connections):
        self.connections = connections
        self.reader = self.writer = None
        self.used_s = 0.0

    def is_open(self):
        return self.writer is not None

    def close(self):
        if self.writer:
            self.writer.close()
        self.reader = self.writer = None

    async def ask(self, method, path, body=b"", patience_s=10.0):
        """(status, fields, body). Whoever sees Died or Garbled has no connection any more."""
        try:
            return await asyncio.wait_for(self._ask(method, path, body, patience_s), patience_s)
        except asyncio.TimeoutError:
            self.close()
            raise Died("silent") from None
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            self.close()
            raise Died("reset" if isinstance(error, ConnectionError) else "closed") from None
        except (ValueError, KeyError, asyncio.LimitOverrunError) as error:
            self.close()
            raise Garbled(repr(error)) from None
        except BaseException:
            self.close()
            raise

    async def _ask(self, method, path, body, patience_s):
        if self.writer is None:
            self.used_s = time.monotonic() - DOWN_S
            self.reader, self.writer = await self.connections.open(patience_s)
        length = f"Content-Length: {len(body)}\r\n" if method in ("POST", "PUT") else ""
        self.writer.write(f"{method} {path} HTTP/1.1\r\nHost: chaos\r\n{length}\r\n".encode() + body)
        await self.writer.drain()
        status, fields = head(await self.reader.readuntil(b"\r\n\r\n"))
        while status == 100:
            status, fields = head(await self.reader.readuntil(b"\r\n\r\n"))
        answer = await self.reader.readexactly(int(fields["content-length"]))
        self.used_s = time.monotonic()
        if fields.get("connection", "").lower() == "close":
            self.close()
        return status, fields, answer


def head(raw):
    lines = raw.decode("iso-8859-1").split("\r\n")
    version, status = lines[0].split(" ", 2)[:2]
    if not version.startswith("HTTP/1."):
        raise ValueError(lines[0])
    return int(status), dict((name.lower(), value) for name, _, value in (line.partition(": ") for line in lines[1:-2]))
