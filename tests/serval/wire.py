"""Wire: the other end of the guest's network cable, frame by frame; a DHCP server and a TCP peer small enough to lie.

    with Wire() as wire, Guest(image, netdev=wire.netdev) as guest:
        wire.serve_address()
        peer = wire.tcp(40000, 7)
        peer.connect()

User networking cannot send what no kernel sends: junk, a burst of SYNs, data in the handshake's last segment, a port
pair of which the guest is in TIME_WAIT. Nothing here runs by itself: frames are answered (ARP, DHCP) while a test waits
for one.
"""

import socket
import struct
import time

HOST_MAC = bytes.fromhex("525400000002")
HOST_IP = bytes([10, 0, 2, 2])
GUEST_IP = bytes([10, 0, 2, 15])
BROADCAST = b"\xff" * 6
WAIT_S = 60             # for an answer that comes at once unless something is wrong

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


class WireError(AssertionError):
    pass


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(protocol, payload, source=HOST_IP, destination=GUEST_IP, fragment=0, ident=0):
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), ident, fragment, 64, protocol, 0, source,
                         destination)
    return header[:10] + struct.pack(">H", checksum(header)) + header[12:] + payload


def with_checksum(protocol, segment, at, source=HOST_IP, destination=GUEST_IP):
    pseudo = source + destination + struct.pack(">BBH", 0, protocol, len(segment))
    return segment[:at] + struct.pack(">H", checksum(pseudo + segment)) + segment[at + 2:]


def udp(source_port, port, data, **addresses):
    datagram = struct.pack(">HHHH", source_port, port, 8 + len(data), 0) + data
    return with_checksum(17, datagram, 6, **addresses)


class Segment:
    """A TCP segment that the guest has sent."""

    def __init__(self, packet):
        header = (packet[0] & 15) * 4
        total = struct.unpack(">H", packet[2:4])[0]
        tcp = packet[header:total]
        (self.port, self.to_port, self.sequence, self.acknowledged,
         offset, self.flags, self.window) = struct.unpack(">HHIIBBH", tcp[:16])
        self.data = tcp[(offset >> 4) * 4:]


class Wire:
    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.netdev = f"socket,connect=127.0.0.1:{self.listener.getsockname()[1]}"
        self.sock = None
        self.guest_mac = None
        self.buffer = b""
        self.peers = {}                     # (our port, the guest's) -> TcpPeer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for sock in (self.sock, self.listener):
            if sock:
                sock.close()

    # -- frames --------------------------------------------------------------------------------------------------

    def send(self, frame):
        self.sock.sendall(struct.pack(">I", len(frame)) + frame)

    def send_ip(self, packet, destination=None):
        self.send((destination or self.guest_mac) + HOST_MAC + b"\x08\x00" + packet)

    def receive(self, deadline):
        """The next frame, or None at the deadline (time.monotonic())."""
        if self.sock is None:
            self.listener.settimeout(WAIT_S)
            self.sock = self.listener.accept()[0]
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            if len(self.buffer) >= 4:
                length = struct.unpack(">I", self.buffer[:4])[0]
                if len(self.buffer) >= 4 + length:
                    frame, self.buffer = self.buffer[4:4 + length], self.buffer[4 + length:]
                    return frame
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            self.sock.settimeout(left)
            try:
                chunk = self.sock.recv(1 << 16)
            except TimeoutError:
                return None
            if not chunk:
                raise WireError("QEMU has hung up")
            self.buffer += chunk

    def expect(self, wanted, what, wait=WAIT_S):
        """The next frame for which wanted(frame) is something true: that.
        ARP is answered, TCP kept for its peer meanwhile."""
        deadline = time.monotonic() + wait
        while (frame := self.receive(deadline)) is not None:
            if frame[12:14] == b"\x08\x06":
                self._answer_arp(frame)
            if frame[12:14] == b"\x08\x00" and frame[23] == 6:
                segment = Segment(frame[14:])
                if (segment.to_port, segment.port) in self.peers:
                    self.peers[segment.to_port, segment.port].inbox.append(segment)
            found = wanted(frame)
            if found:
                return found
        raise WireError(f"waiting for {what}: nothing in {wait} s")

    def _answer_arp(self, frame):
        operation, sender_mac, sender_ip, target_ip = frame[20:22], frame[22:28], frame[28:32], frame[38:42]
        if operation == b"\0\1" and target_ip == HOST_IP and sender_ip != target_ip:
            self.send(sender_mac + HOST_MAC + b"\x08\x06" + struct.pack(">HHBBH", 1, 0x800, 6, 4, 2)
                      + HOST_MAC + HOST_IP + sender_mac + sender_ip)

    # -- DHCP ----------------------------------------------------------------------------------------------------

    def serve_address(self):
        """Answers the guest's DHCP (RFC 2131) until it has its address."""
        self._dhcp_reply(self.expect(lambda f: self._dhcp_request(f, 1), "DHCPDISCOVER"), 2)
        self._dhcp_reply(self.expect(lambda f: self._dhcp_request(f, 3), "DHCPREQUEST"), 5)
        # The guest's first ARP of its own shows that it has taken the address.
        self.expect(lambda f: f[12:14] == b"\x08\x06" and f[28:32] == GUEST_IP,
                    "the guest's announcement of its address")

    @staticmethod
    def _dhcp_request(frame, kind):
        if frame[12:14] != b"\x08\x00" or frame[23] != 17 or frame[36:38] != b"\0\x43":
            return None
        return frame if bytes([53, 1, kind]) in frame[42 + 240:] else None

    def _dhcp_reply(self, frame, kind):
        self.guest_mac = frame[6:12]
        request = frame[42:]
        reply = (bytes([2, 1, 6, 0]) + request[4:8] + b"\0\0\0\0" + b"\0\0\0\0" + GUEST_IP + HOST_IP + b"\0\0\0\0"
                 + request[28:44] + bytes(192) + bytes.fromhex("63825363"))
        options = (bytes([53, 1, kind, 54, 4]) + HOST_IP
                   + bytes([51, 4, 0, 1, 0x51, 0x80, 1, 4, 255, 255, 255, 0, 3, 4]) + HOST_IP)
        everyone = bytes([255] * 4)
        self.send_ip(ipv4(17, udp(67, 68, reply + options + b"\xff", destination=everyone), destination=everyone),
                     BROADCAST)

    # -- TCP -----------------------------------------------------------------------------------------------------

    def tcp(self, port, guest_port, sequence=1000):
        peer = self.peers[port, guest_port] = TcpPeer(self, port, guest_port, sequence)
        return peer


class TcpPeer:
    """One port pair. Nothing is sent again by itself: each call says exactly which segment leaves."""

    def __init__(self, wire, port, guest_port, sequence):
        self.wire, self.port, self.guest_port = wire, port, guest_port
        self.sequence = sequence            # of the next byte we send
        self.inbox = []
        self.expected = 0                   # of the next byte the guest sends
        self.finished = False               # the guest's FIN has come
        self.window = 0xFFFF                # that we advertise

    def send(self, flags, data=b"", sequence=None, options=b""):
        """options: a multiple of 4 bytes."""
        header = struct.pack(">HHIIBBHHH", self.port, self.guest_port, self.sequence if sequence is None else sequence,
                             self.expected if flags & ACK else 0, (5 + len(options) // 4) << 4, flags,
                             self.window, 0, 0) + options
        self.wire.send_ip(ipv4(6, with_checksum(6, header + data, 16)))
        if sequence is None:
            self.sequence = (self.sequence + len(data) + bool(flags & SYN) + bool(flags & FIN)) & 0xFFFFFFFF

    def receive(self, what, wait=WAIT_S):
        """The guest's next segment on this port pair; `.new`: it begins where the last one ended."""
        if not self.inbox:
            self.wire.expect(lambda _: self.inbox, what, wait)
        segment = self.inbox.pop(0)
        segment.new = bool(segment.flags & SYN) or segment.sequence == self.expected
        if segment.flags & SYN:
            self.expected, self.finished = (segment.sequence + 1) & 0xFFFFFFFF, False
        elif segment.new:
            self.expected = (segment.sequence + len(segment.data) + bool(segment.flags & FIN)) & 0xFFFFFFFF
            self.finished = bool(segment.flags & FIN)
        return segment

    def connect(self, data=b"", retries=0):
        """Handshake; `data` goes with its last segment. A SYN is repeated each second: a flood may have cost it."""
        first = self.sequence
        self.send(SYN)
        while True:
            try:
                segment = self.receive("SYN, ACK", 1 if retries else WAIT_S)
                break
            except WireError:
                if not retries:
                    raise
                retries -= 1
                self.send(SYN, sequence=first)
        if segment.flags != SYN | ACK or segment.acknowledged != self.sequence:
            raise WireError(f"the answer to SYN has flags {segment.flags:#x}, acknowledges {segment.acknowledged}")
        self.send(ACK | (PSH if data else 0), data)

    def read(self, length):
        """So many bytes from the guest, each segment acknowledged."""
        data = b""
        while len(data) < length:
            segment = self.receive(f"{length - len(data)} more bytes")
            data += segment.data if segment.new else b""
            if segment.data:
                self.send(ACK)
        return data

    def read_to_end(self):
        """The guest's bytes up to its FIN, which may have come already; acknowledged."""
        data = b""
        while not self.finished:
            segment = self.receive("FIN")
            data += segment.data if segment.new else b""
        self.send(ACK)
        return data
