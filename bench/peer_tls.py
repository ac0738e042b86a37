"""The machine to compare HTTPS with: Linux and nginx of peer.py, OpenSSL of the same packages, a key and a certificate.

    identity = Identity(folder)                         # made anew: identity.key, identity.certificate
    peer = TlsPeer(programs, scratch, identity)
"""

import subprocess
import sys

from peer import FILE, NAME, TOP, Peer, fetch, version


class Identity:
    """Who both servers are."""

    def __init__(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        self.key, self.certificate = folder / "server.key", folder / "server.pem"
        for path in (self.key, self.certificate):
            path.unlink(missing_ok=True)    # who makes them keeps what is there
        subprocess.run([sys.executable, "-m", "compose.self_signed", self.key, self.certificate, "localhost"], cwd=TOP,
                       check=True)


class TlsPeer(Peer):
    initrd_name = "initrd-tls.gz"

    def __init__(self, programs, scratch, identity):
        self.identity = identity
        super().__init__(programs, scratch)
        library = next(fetch(NAME, programs).glob("**/libcrypto.so.3"))
        self.versions |= {"OpenSSL": version(library, rb"OpenSSL (3[0-9.]+) ")}

    def add_more(self, archive, _root):
        for path in (self.identity.key, self.identity.certificate):
            archive.add(f"etc/nginx/{path.name}", FILE, path.read_bytes())
