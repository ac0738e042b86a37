"""The networks that a measurement goes over: how guests are plugged in, and how their servers are reached from
this machine.

UserNetwork: QEMU's own. TapNetwork: tap devices in a network namespace of one's own, which `unshare --net` has made
before; a DHCP server gives addresses in the order in which they are asked for, as QEMU's does.
"""

import contextlib
import os
import shutil
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

FIRST_ADDRESS = 15      # of a guest, the last byte


class NetworkError(Exception):
    """One line that says what is missing."""


class Plug:
    """One guest's socket: `host` is this machine as the guest sees it, `address` the web server's."""

    def __init__(self, host, address, device=None):
        self.host, self.address, self.device = host, address, device
        self.netdev = device and f"tap,ifname={device},script=no,downscript=no"

    def forwards(self, ports):
        return {} if self.device else {str(port): ("tcp", self.address, port) for port in ports}

    def reach(self, guest, port):
        """(address, port) of the guest's port, from here."""
        return (self.address, port) if self.device else ("127.0.0.1", guest.port(str(port)))


class UserNetwork:
    title = "QEMU's user network"
    server_address = "127.0.0.1"    # of the NFS server
    # Serval's second component to ask gets the second address; QEMU has a network for each guest.
    plugs = {"serval": Plug("10.0.2.2", "10.0.2.16"), "linux": Plug("10.0.2.2", "10.0.2.15")}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class TapNetwork:
    title = "tap devices in a network namespace"
    server_address = "0.0.0.0"      # of this namespace
    plugs = {"serval": Plug("10.0.2.2", "10.0.2.16", "tap-serval"), "linux": Plug("10.0.3.2", "10.0.3.15", "tap-linux")}

    def __enter__(self):
        ip("link", "set", "lo", "up")
        for plug in self.plugs.values():
            ip("tuntap", "add", "dev", plug.device, "mode", "tap", "vnet_hdr")
            ip("addr", "add", f"{plug.host}/24", "dev", plug.device)
            ip("link", "set", plug.device, "up")
        self.dhcp = [Dhcp(plug.device, plug.host) for plug in self.plugs.values()]
        return self

    def __exit__(self, *_):
        for server in self.dhcp:
            server.close()


NETWORKS = {"user": UserNetwork, "tap": TapNetwork}


def ip(*arguments):
    done = subprocess.run(["ip", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NetworkError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


def tap_lacks():
    """Why there can be no tap device here, or None. Tries it, in a namespace that ends at once."""
    if os.geteuid() != 0:
        return "only root may make a network namespace and tap devices"
    if not Path("/dev/net/tun").exists():
        return "there is no /dev/net/tun"
    for program in ("ip", "unshare"):
        if not shutil.which(program):
            return f"there is no program {program} (packages iproute2, util-linux)"
    done = subprocess.run(["unshare", "--net", "ip", "tuntap", "add", "dev", "tap-try", "mode", "tap", "vnet_hdr"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return done.stderr.strip() or "a tap device was refused" if done.returncode else None


class Dhcp:
    """A DHCP server for one device (RFC 2131, 2132): one /24, addresses in the order of asking, for ever unless
    lease_s says otherwise. It can be told to be silent, and to forget."""

    COOKIE = b"\x63\x82\x53\x63"
    FIXED = struct.Struct(">BBBBIHH4s4s4s4s16s64s128s")
    MASK, ROUTER, LEASE, KIND, SERVER, END = 1, 3, 51, 53, 54, 255
    ANSWERS = {1: 2, 3: 5}      # DISCOVER: OFFER, REQUEST: ACK

    def __init__(self, device, host):
        self._begin(host)
        self.closing = False
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        self.sock.bind(("", 67))
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _begin(self, host):
        self.host = socket.inet_aton(host)
        self.leases = {}
        self.first, self.lease_s, self.silent = FIRST_ADDRESS, 0xFFFFFFFF, False
        self.asked = []     # (time, kind, hardware address)

    def close(self):
        self.closing = True
        with contextlib.suppress(OSError):      # nobody is connected; it wakes the thread all the same
            self.sock.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.sock.close()

    def _serve(self):
        while not self.closing:
            answer = self._answer(self.sock.recv(2048))
            if answer:
                self.sock.sendto(answer, ("255.255.255.255", 68))

    def _options(self, packet):
        options, at = {}, self.FIXED.size + 4
        while at + 1 < len(packet) and packet[at] != self.END:
            if packet[at] == 0:
                at += 1
                continue
            options[packet[at]] = packet[at + 2:at + 2 + packet[at + 1]]
            at += 2 + packet[at + 1]
        return options

    def _answer(self, packet):
        if len(packet) < self.FIXED.size + 4 or packet[0] != 1 or packet[self.FIXED.size:][:4] != self.COOKIE:
            return None
        _, kind, length, _, transaction, _, flags, client, _, _, _, hardware, _, _ = self.FIXED.unpack_from(packet)
        asked = self._options(packet).get(self.KIND, b"\0")[0]
        self.asked.append((time.monotonic(), asked, hardware[:6]))
        answer = self.ANSWERS.get(asked)
        if not answer or self.silent:
            return None
        last = self.leases.setdefault(hardware, self.first + len(self.leases))
        address = self.host[:3] + bytes([last])
        fixed = self.FIXED.pack(2, kind, length, 0, transaction, 0, flags, client, address, self.host, bytes(4),
                                hardware, b"", b"")
        options = [(self.KIND, bytes([answer])), (self.SERVER, self.host), (self.LEASE, struct.pack(">I", self.lease_s)),
                   (self.MASK, b"\xff\xff\xff\0"), (self.ROUTER, self.host)]
        return fixed + self.COOKIE + b"".join(bytes([o, len(v)]) + v for o, v in options) + bytes([self.END])
