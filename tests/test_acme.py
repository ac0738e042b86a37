"""Certificates by ACME (RFC 8555): certbot on the machine that has the export, by its webroot, is all that issue and
renewal need. The authority is pebble; both are the distribution's."""

import contextlib
import json
import os
import shutil
import socket
import ssl
import subprocess
import time

import pytest
from serval import build, https
from serval.nfs import NfsServer
from serval.ports import free_port
from serval.qemu import Guest

NAME = "www.serval.test"
WEB = "10.0.2.16"
START_S = 30

pytestmark = pytest.mark.skipif(not all(map(shutil.which, ("certbot", "pebble", "pebble-challtestsrv"))),
                                reason="certbot and pebble are not here")


@contextlib.contextmanager
def running(command, ready, log, **environment):
    """The program, once somebody listens at the port `ready`."""
    with open(log, "wb") as output, subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=output,
                                                     stderr=subprocess.STDOUT, env={**os.environ, **environment}) as it:
        try:
            end = time.monotonic() + START_S
            while True:
                assert it.poll() is None and time.monotonic() < end, log.read_text()
                with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", ready), 1):
                    break
                time.sleep(0.05)
            yield
        finally:
            it.terminate()


class Authority:
    """url: where certbot finds it; http: the port where it looks for answers of whoever wants a certificate."""

    def __init__(self, scratch, http):
        self.scratch, self.http = scratch, http
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        key, certificate = https.identity(self.scratch, "127.0.0.1")
        port, names, unused = free_port(), free_port(), free_port()
        config = self.scratch / "pebble.json"
        config.write_text(json.dumps({"pebble": {
            "listenAddress": f"127.0.0.1:{port}", "certificate": str(certificate), "privateKey": str(key),
            "httpPort": self.http, "tlsPort": unused, "ocspResponderURL": ""}}))
        with self.stack:
            self.stack.enter_context(running(
                ["pebble-challtestsrv", "-dns01", f"127.0.0.1:{names}", "-management", f"127.0.0.1:{unused}",
                 "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-http01", "", "-https01", "", "-tlsalpn01", ""],
                unused, self.scratch / "names.log"))
            # Each certificate is earned anew.
            self.stack.enter_context(running(
                ["pebble", "-config", config, "-dnsserver", f"127.0.0.1:{names}"], port, self.scratch / "pebble.log",
                PEBBLE_VA_NOSLEEP="1", PEBBLE_WFE_NONCEREJECT="0", PEBBLE_AUTHZREUSE="0"))
            self.url = f"https://127.0.0.1:{port}/dir"
            self.stack = self.stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()


def certbot(scratch, *words):
    folders = [word for kind in ("config", "work", "logs") for word in (f"--{kind}-dir", scratch / "certbot" / kind)]
    done = subprocess.run(["certbot", *map(str, (*words, *folders)), "--non-interactive", "--no-verify-ssl"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def webserver(server, **more):
    return build.system("webserver", APPLICATION="none", NFS_SERVER="10.0.2.2", NFS_DIRECTORY=server.directory,
                        WEBSITE_DIR="www", NFS_PORT=server.nfs_port, MOUNT_PORT=server.mount_port, **more)


def shown(guest):
    """The certificate that a new client is shown."""
    with https.connected(guest, https.unverified(), NAME) as sock:
        return sock.getpeercert(binary_form=True)


def leaf(chain):
    end = "-----END CERTIFICATE-----\n"
    return ssl.PEM_cert_to_DER_cert(chain.read_text().partition(end)[0] + end)


def test_issued_and_renewed(request, tmp_path):
    """The first one while the site has no key yet; then its renewal, of which the machine is not told."""
    top, http = tmp_path / "export", free_port()
    (top / "www").mkdir(parents=True)
    (top / "www" / "index.html").write_text("a page")
    guests = request.node.serval_guests = []
    with NfsServer(top, tmp_path / "nfs") as server, Authority(tmp_path, http) as authority:
        plain = f"user,hostfwd=tcp:127.0.0.1:{http}-{WEB}:80"
        with Guest(webserver(server), netdev=plain, log=tmp_path / "plain.log") as guest:
            guests.append(guest)
            guest.expect(r"serving http://")
            certbot(tmp_path, "certonly", "--webroot", "-w", top / "www", "-d", NAME, "--server", authority.url,
                    "--agree-tos", "--register-unsafely-without-email", "--key-type", "ecdsa", "--reuse-key",
                    "--deploy-hook", f"cp $RENEWED_LINEAGE/fullchain.pem {top}/chain.pem")
        first = leaf(top / "chain.pem")
        image = webserver(server, TLS_KEY=tmp_path / "certbot" / "config" / "live" / NAME / "privkey.pem",
                          TLS_CERT="chain.pem", HTTPS_REDIRECT="yes")
        with Guest(image, {"https": ("tcp", WEB, 443)}, netdev=plain, log=tmp_path / "tls.log") as guest:
            guests.append(guest)
            guest.expect(r"certificate /chain\.pem: taken")
            assert shown(guest) == first
            certbot(tmp_path, "renew", "--force-renewal", "--no-random-sleep-on-renew")     # else up to eight minutes
            second = leaf(top / "chain.pem")
            assert second != first
            end = time.monotonic() + 30
            while shown(guest) != second:
                assert time.monotonic() < end
                time.sleep(0.5)
