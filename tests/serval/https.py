"""For tests of HTTPS: a key that anybody knows and certificates for it, the web server with them, and clients.

    with https.in_image(tmp_path, {"/": b"<p>a page</p>"}) as guest, https.connected(guest) as sock:
        assert Kept(sock).ask("/").body == b"<p>a page</p>"

`guest.certificate` is the file that a client has to believe; https.unverified() believes anybody.
"""

import contextlib
import datetime
import ssl
import sys
import time

from . import build, paths
from .http import Kept
from .nfs import NfsServer
from .qemu import GENEROUS_S, Guest

sys.path.insert(0, str(paths.TOP))

from compose import self_signed  # noqa: E402

SCALAR = 0x5EE5EE       # of the key
NAME = "localhost"
IN_IMAGE = "10.0.2.15"                          # the front's address where the files lie in the image
KILLER, ON_EXPORT = "10.0.2.15", "10.0.2.17"    # with CHAOS=1 and an NFS server


def certificate(*names, scalar=SCALAR):
    """PEM; for a year from yesterday on."""
    yesterday = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
    return self_signed.certificate(self_signed.key_from(scalar), list(names or [NAME]), yesterday)


def private_key():
    return self_signed.private_key(self_signed.key_from(SCALAR))


def identity(folder, *names):
    """Files: (key, certificate)."""
    key, chain = folder / "key.pem", folder / "certificate.pem"
    key.write_text(private_key())
    chain.write_text(certificate(*names))
    return key, chain


def write_pages(folder, pages):
    """pages: {path: bytes}"""
    for path, content in pages.items():
        file = folder / (path[1:] or "index.html")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


@contextlib.contextmanager
def in_image(scratch, pages, *names, **variables):
    """A guest whose pages and certificate lie in its image, by its ports `https`, `http`, and `status` where there is one; it
    serves."""
    write_pages(scratch / "site", pages)
    key, chain = identity(scratch, *names)
    image = build.system("webserver", APPLICATION="none", WEBSITE_FILES=scratch / "site", TLS_KEY=key, TLS_CERT_FILE=chain,
                         **variables)
    forwards = {"http": ("tcp", IN_IMAGE, 80), "https": ("tcp", IN_IMAGE, 443)}
    if "STATUS_PORT" in variables:
        forwards["status"] = ("tcp", IN_IMAGE, variables["STATUS_PORT"])
    with Guest(image, forwards, log=scratch / "console.log") as guest:
        guest.expect_all([r"certificate in the image: taken", rf"serving https://{IN_IMAGE}/\r?$"])
        guest.certificate = chain
        yield guest


@contextlib.contextmanager
def on_export(top, scratch, pages, *names, **variables):
    """One whose pages, and chain.pem, lie on an export, `top`, and whose parts can be killed: by its ports `https` and
    `killer`."""
    write_pages(top / "www", pages)
    key, _ = identity(scratch, *names)
    chain = top / "chain.pem"
    chain.write_text(certificate(*names))
    with NfsServer(top, scratch / "nfs") as server:
        image = build.system("webserver", APPLICATION="none", CHAOS=1, NFS_SERVER="10.0.2.2", NFS_DIRECTORY=server.directory,
                             NFS_PORT=server.nfs_port, MOUNT_PORT=server.mount_port, WEBSITE_DIR="www", TLS_KEY=key,
                             TLS_CERT=chain.name, **variables)
        with Guest(image, {"https": ("tcp", ON_EXPORT, 443), "killer": ("tcp", KILLER, 80)},
                   log=scratch / "console.log") as guest:
            guest.expect_all([r"certificate /chain\.pem: taken", rf"serving https://{ON_EXPORT}/\r?$"])
            guest.certificate = chain
            yield guest


def kill(guest, part):
    with guest.connect("killer") as sock:
        assert Kept(sock).ask(f"/kill/{part}", "POST", Content_Length="0").status == 200


def verified(guest):
    return ssl.create_default_context(cafile=guest.certificate)


def unverified():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@contextlib.contextmanager
def connected(guest, context=None, name=NAME, timeout=GENEROUS_S, **more):
    """A socket with its handshake behind it; without a context one that believes guest.certificate alone."""
    with guest.connect("https", timeout) as plain:
        with (context or verified(guest)).wrap_socket(plain, server_hostname=name, **more) as sock:
            yield sock


def wait_until(what, limit_s=20):
    """Each look is a handshake, which has the front look at the certificate's file."""
    end = time.monotonic() + limit_s
    while not what():
        assert time.monotonic() < end
