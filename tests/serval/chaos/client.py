"""One client's connections: a request after another on one that is kept, and honest about how one ended."""

import asyncio
import socket
import time

from .secure import NAME

LIMIT = 1 << 21
DOWN_S = 1.0        # a connection that cannot be opened: who died so long ago may be the reason


class Died(Exception):
    """The connection ended before the answer had; the text says how: reset, closed, silent."""


class Unshaken(Died):
    """It ended in the handshake of TLS. A client that has said its last word of that does not know that it is over
    before it has its first answer (RFC 8446, 4.4.4: the server may still refuse it)."""


class Garbled(Exception):
    """What came is no HTTP."""


class Connections:
    """How one is opened."""

    def __init__(self, address):
        self.address = address

    async def open(self, patience_s, context=None):
        sock = await self._opened(patience_s)
        if not context:
            return await asyncio.open_connection(sock=sock, limit=LIMIT)
        try:
            return await asyncio.open_connection(sock=sock, limit=LIMIT, ssl=context, server_hostname=NAME)
        except OSError as error:
            raise Unshaken(f"no handshake: {getattr(error, 'reason', None) or type(error).__name__}") from None
        finally:
            context.session = None      # for one connection: who wants it again remembers it again

    async def _opened(self, patience_s):
        sock = socket.socket()
        sock.setblocking(False)
        try:
            await self._connect(sock, patience_s)
            return sock
        except (OSError, asyncio.TimeoutError) as error:
            sock.close()
            raise Died(f"not opened: {type(error).__name__}") from None
        except BaseException:
            sock.close()
            raise

    async def _connect(self, sock, patience_s):
        await asyncio.wait_for(asyncio.get_running_loop().sock_connect(sock, self.address), patience_s)


class Queued(Connections):
    """QEMU's user network listens with a backlog of one: they are opened one after another, and accepted(), which may
    wait, returns when QEMU has taken the last one."""

    def __init__(self, address, accepted):
        super().__init__(address)
        self.gate, self.accepted = asyncio.Lock(), accepted

    async def _connect(self, sock, patience_s):
        async with self.gate:
            await super()._connect(sock, patience_s)
            await asyncio.get_running_loop().run_in_executor(None, self.accepted)


class Client:
    """used_s: when this connection was last of use, for who asks who may have broken it. alive_s: when it was opened, or
    an answer came. secure: how it speaks TLS; None: it does not."""

    def __init__(self, connections, secure=None):
        self.connections, self.secure = connections, secure
        self.reader = self.writer = None
        self.used_s, self.alive_s, self.stands = 0.0, 0.0, False
        self.asked_again = False        # the last request was made more than once

    def is_open(self):
        return self.writer is not None

    def renew(self, resumes):
        """The next request has a new connection. resumes: what this one's client knows is used for the next one."""
        if self.secure and self.writer and resumes:
            self.secure.remember(self.writer)
        self.close()

    def close(self):
        if self.writer:
            self.writer.close()
        self.reader = self.writer = None

    async def ask(self, method, path, body=b"", patience_s=10.0):
        """(status, fields, body). Whoever sees Died or Garbled has no connection any more."""
        try:
            return await asyncio.wait_for(self._ask(method, path, body, patience_s), patience_s)
        except asyncio.TimeoutError:
            raise self._died("silent") from None
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            raise self._died("reset" if isinstance(error, ConnectionError) else "closed") from None
        except (ValueError, KeyError, asyncio.LimitOverrunError) as error:
            self.close()
            raise Garbled(repr(error)) from None
        except OSError as error:        # of TLS: a record that cannot be opened, an alert
            raise self._died(f"{getattr(error, 'reason', None) or error}") from None
        except BaseException:
            self.close()
            raise

    def _died(self, how):
        self.close()
        return Died(how) if self.stands or not self.secure else Unshaken(f"no handshake: {how}")

    async def _ask(self, method, path, body, patience_s):
        if self.writer is None:
            self.used_s, self.stands = time.monotonic() - DOWN_S, False
            self.reader, self.writer = await self.connections.open(patience_s, self.secure and self.secure.context)
            if self.secure:
                self.secure.opened(self.writer)
            self.alive_s = time.monotonic()
        length = f"Content-Length: {len(body)}\r\n" if method in ("POST", "PUT") else ""
        self.writer.write(f"{method} {path} HTTP/1.1\r\nHost: chaos\r\n{length}\r\n".encode() + body)
        await self.writer.drain()
        status, fields = head(await self.reader.readuntil(b"\r\n\r\n"))
        while status == 100:
            status, fields = head(await self.reader.readuntil(b"\r\n\r\n"))
        self.stands = True
        answer = await self.reader.readexactly(int(fields["content-length"]))
        self.used_s = self.alive_s = time.monotonic()
        if fields.get("connection", "").lower() == "close":
            self.close()
        return status, fields, answer


def head(raw):
    lines = raw.decode("iso-8859-1").split("\r\n")
    version, status = lines[0].split(" ", 2)[:2]
    if not version.startswith("HTTP/1."):
        raise ValueError(lines[0])
    return int(status), dict((name.lower(), value) for name, _, value in (line.partition(": ") for line in lines[1:-2]))
