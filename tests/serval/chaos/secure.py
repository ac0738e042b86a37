"""How a client of the load speaks TLS: it believes one certificate, and remembers its last connection, so that it may
resume it; and it counts its handshakes by their kind."""

import collections
import ssl

NAME = "localhost"
FULL, RESUMED = "full", "resumed"


class Context(ssl.SSLContext):
    """asyncio has no place for a session: it is given where asyncio makes its connection."""

    session = None

    def wrap_bio(self, incoming, outgoing, server_side=False, server_hostname=None, session=None):
        return super().wrap_bio(incoming, outgoing, server_side, server_hostname, session or self.session)


class Secure:
    """One client's. handshakes: a Counter of those that were made, which may be others', too."""

    def __init__(self, authority, handshakes=None):
        self.handshakes = collections.Counter() if handshakes is None else handshakes
        self.context = Context(ssl.PROTOCOL_TLS_CLIENT)
        self.context.load_verify_locations(authority)

    def opened(self, writer):
        self.handshakes[RESUMED if writer.get_extra_info("ssl_object").session_reused else FULL] += 1

    def remember(self, writer):
        self.context.session = writer.get_extra_info("ssl_object").session
