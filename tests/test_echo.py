"""The network from outside: echo by TCP and UDP, through user networking (a real TCP) and frame by frame
(tests/serval/wire.py)."""

import os
import random
import socket
import struct
import threading

import pytest

from serval import build
from serval.qemu import Guest
from serval.wire import ACK, FIN, HOST_IP, GUEST_IP, PSH, RST, SYN, Wire, ipv4, udp

ECHO, DISCARD, QUOTE, CHARGEN = 7, 9, 17, 19
ADDRESS = "10.0.2.15"
FORWARDS = {"echo": ("tcp", ADDRESS, ECHO), "discard": ("tcp", ADDRESS, DISCARD), "quote": ("tcp", ADDRESS, QUOTE),
            "chargen": ("tcp", ADDRESS, CHARGEN), "udp": ("udp", ADDRESS, ECHO)}
SIZES = [1, 2, 3, 100, 1459, 1460, 1461, 2920, 4096, 65535, 65536, 100_001, 1 << 20]
READY = r"echo: TCP and UDP port 7"
GENEROUS_S = 120    # user networking's listener has a backlog of 1:
                    # the host retries a burst of connections after seconds


@pytest.fixture(scope="module")
def guest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("echo")
    dump = ["-object", f"filter-dump,id=dump,netdev=net0,maxlen=128,file={folder / 'cable'}"]
    with Guest(build.system("echo"), FORWARDS, log=folder / "console.log", args=dump) as guest:
        guest.dump = folder / "cable"
        guest.expect(r"DHCP request finished, IP address for netif e0 is: 10\.0\.2\.15")
        guest.expect(READY)
        yield guest


def connect(guest, name, source=None):
    return socket.create_connection(("127.0.0.1", guest.port(name)), timeout=GENEROUS_S, source_address=source)


def read_all(sock):
    data = bytearray()
    while chunk := sock.recv(1 << 16):
        data += chunk
    return bytes(data)


def echo(sock, data):
    """Sends data, then FIN; returns all that comes back until the guest's FIN."""

    def send():
        try:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass            # reset: the reader says so

    sender = threading.Thread(target=send)
    sender.start()
    back = read_all(sock)
    sender.join()
    return back


@pytest.mark.parametrize("size", SIZES)
def test_tcp_echo(guest, size):
    data = os.urandom(size)
    with connect(guest, "echo") as sock:
        assert echo(sock, data) == data


def test_connection_without_data(guest):
    with connect(guest, "echo") as sock:
        assert echo(sock, b"") == b""


@pytest.mark.parametrize("size", [0, 1, 100, 1471, 1472, 1473, 9000, 30_000])
def test_udp_echo(guest, size):
    data = os.urandom(size)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(GENEROUS_S)
        sock.connect(("127.0.0.1", guest.port("udp")))
        sock.send(data)
        assert sock.recv(1 << 16) == data


def test_half_close(guest):
    """What is sent before our FIN comes back after it, whole."""
    with connect(guest, "echo") as sock:
        sock.sendall(b"a" * 10_000)
        sock.shutdown(socket.SHUT_WR)
        assert read_all(sock) == b"a" * 10_000


def test_reader_that_stops(guest):
    """The guest stops reading what it cannot send on, and goes on when we do."""
    data = os.urandom(1 << 20)
    with connect(guest, "echo") as slow, connect(guest, "echo") as other:
        slow.settimeout(3)
        sent = 0
        try:
            while sent < 64 << 20:
                sent += slow.send(data)
        except TimeoutError:
            pass
        assert 0 < sent < 64 << 20
        assert echo(other, b"others are served") == b"others are served"
        slow.settimeout(GENEROUS_S)
        received = 0
        while received < sent:
            chunk = slow.recv(1 << 20)
            assert chunk == (data * 2)[received % len(data):][:len(chunk)]
            received += len(chunk)


def resets_by_guest(dump):
    """How many segments with RST the guest has sent from the echo port, from QEMU's dump of the cable (pcap)."""
    data, at, count = dump.read_bytes(), 24, 0
    while at + 16 <= len(data):
        length = struct.unpack_from("<I", data, at + 8)[0]
        frame = data[at + 16:at + 16 + length]
        at += 16 + length
        if frame[12:14] == b"\x08\x00" and frame[23] == 6 and frame[34:36] == struct.pack(">H", ECHO):
            count += bool(frame[47] & RST)
    return count


def test_hundred_connections_at_once(guest):
    """All are served, and the guest refuses none. The host may: user networking listens with a backlog of 1, so the
    host's own kernel resets some of a burst before the guest has heard of them; who is reset comes again."""
    before = resets_by_guest(guest.dump)
    results = {}

    def one(i):
        data = random.Random(i).randbytes(2000 + i)
        while i not in results:
            try:
                with connect(guest, "echo") as sock:
                    results[i] = echo(sock, data) == data
            except (ConnectionResetError, BrokenPipeError):
                pass

    threads = [threading.Thread(target=one, args=(i,)) for i in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 100 and all(results.values())
    assert resets_by_guest(guest.dump) == before


def test_hundred_connections_held_open(guest):
    socks = [connect(guest, "echo") for _ in range(100)]
    try:
        for i, sock in enumerate(socks):
            sock.sendall(b"%d" % i)
        for i, sock in enumerate(socks):
            assert sock.recv(100) == b"%d" % i
    finally:
        for sock in socks:
            sock.close()


def test_port_reused_in_time_wait(guest):
    """The guest closes first, so it is in TIME_WAIT for our port; the same port is served at once, ten times."""
    port = 0                # any, the first time
    for _ in range(10):
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.settimeout(GENEROUS_S)
            sock.bind(("127.0.0.1", port))
            port = sock.getsockname()[1]
            sock.connect(("127.0.0.1", guest.port("quote")))
            assert read_all(sock).endswith(b"\r\n")


def test_chargen_by_scatter_gather(guest):
    """RFC 864's pattern, sent without a copy from a region that the NIC reads."""
    size = 3 << 20
    with connect(guest, "chargen") as sock:
        data = b""
        while len(data) < size:
            data += sock.recv(1 << 20)
    characters = bytes(range(32, 127)) * 2
    line = [characters[i % 95:i % 95 + 72] + b"\r\n" for i in range(95)]
    region = b"".join(line) * (0x10000 // (95 * 74))
    assert data[:size] == (region * (size // len(region) + 1))[:size]


def test_discard(guest):
    with connect(guest, "discard") as sock:
        for _ in range(64):
            sock.sendall(bytes(1 << 16))
        sock.shutdown(socket.SHUT_WR)
        assert read_all(sock) == b""


def test_cable_pulled(guest):
    """A connection lives on when the cable is back; nothing in between is lost."""
    with connect(guest, "echo") as sock:
        sock.sendall(b"before")
        assert sock.recv(100) == b"before"
        guest.set_link(False)
        sock.sendall(b"meanwhile")
        guest.set_link(True)
        assert sock.recv(100) == b"meanwhile"


# -- frame by frame ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wire(tmp_path_factory):
    with Wire() as wire:
        log = tmp_path_factory.mktemp("wire") / "console.log"
        with Guest(build.system("echo"), netdev=wire.netdev, log=log) as guest:
            wire.serve_address()
            guest.expect(READY)
            yield wire


port_numbers = iter(range(20_000, 60_000))


@pytest.fixture
def peer(wire):
    """peer(guest port) -> a TCP peer on a port of its own."""
    return lambda guest_port=ECHO, **more: wire.tcp(next(port_numbers), guest_port, **more)


def finish(tcp):
    """Our FIN, the guest's FIN, and our last acknowledgement."""
    tcp.send(FIN | ACK)
    assert tcp.read_to_end() == b""


def assert_alive(peer):
    tcp = peer()
    tcp.connect(retries=30)
    tcp.send(PSH | ACK, b"alive?")
    assert tcp.read(6) == b"alive?"
    finish(tcp)


def test_data_with_the_last_segment_of_the_handshake(peer):
    tcp = peer()
    tcp.connect(b"early")
    assert tcp.read(5) == b"early"
    finish(tcp)


def test_fin_with_the_last_segment_of_the_handshake(peer):
    tcp = peer()
    tcp.send(SYN)
    tcp.receive("SYN, ACK")
    tcp.send(ACK | PSH | FIN, b"early and last")
    assert tcp.read(14) == b"early and last"
    assert tcp.read_to_end() == b""


def test_burst_of_a_hundred_connections(peer):
    """100 SYNs in a row: each is answered, none reset, each with its data echoed."""
    peers = [peer() for _ in range(100)]
    for tcp in peers:
        tcp.send(SYN)
    for tcp in peers:
        assert tcp.receive("SYN, ACK").flags == SYN | ACK
    for tcp in peers:
        tcp.send(ACK | PSH, b"%05d" % tcp.port)
    for tcp in peers:
        assert tcp.read(5) == b"%05d" % tcp.port
        finish(tcp)


def test_more_half_open_connections_than_the_backlog(peer):
    """SYNs beyond the backlog go without an answer, not with a reset; who retries is served."""
    attackers = [peer() for _ in range(200)]
    for tcp in attackers:
        tcp.send(SYN)
    answered = 0
    for tcp in attackers[:128]:
        answered += tcp.receive("SYN, ACK").flags == SYN | ACK
    assert answered == 128
    for tcp in attackers[:128]:
        tcp.send(RST, sequence=tcp.sequence)
    late = attackers[150]
    late.sequence = 1000
    late.connect(b"late")
    assert late.read(4) == b"late"
    finish(late)


def receive_new(tcp, what):
    """Not what the guest has sent again meanwhile: we may be late, as any peer on a busy machine."""
    while not (segment := tcp.receive(what)).new:
        pass
    return segment


def serve_quote(tcp):
    """The guest sends a line and closes first: it ends in TIME_WAIT."""
    tcp.connect()
    assert tcp.read_to_end().endswith(b"\r\n")
    tcp.send(FIN | ACK)
    assert receive_new(tcp, "the last ACK").flags == ACK


def test_new_syn_in_time_wait(peer):
    tcp = peer(QUOTE)
    serve_quote(tcp)
    last = tcp.expected
    tcp.sequence = (tcp.sequence + 100_000) & 0xFFFFFFFF
    tcp.send(SYN)
    segment = receive_new(tcp, "an answer")
    assert segment.flags == SYN | ACK and segment.acknowledged == tcp.sequence
    assert 0 < (segment.sequence - last) & 0xFFFFFFFF < 1 << 31    # beyond the old connection's (RFC 1122 4.2.2.13)
    tcp.send(ACK)
    assert tcp.receive("the line").data


def test_old_syn_in_time_wait(peer):
    """A duplicate of the old connection's SYN opens nothing."""
    tcp = peer(QUOTE)
    serve_quote(tcp)
    tcp.send(SYN, sequence=1000)
    assert tcp.receive("an answer").flags & SYN == 0
    tcp.sequence = (tcp.sequence + 100_000) & 0xFFFFFFFF
    serve_quote(tcp)


def test_ten_thousand_junk_frames(wire, peer):
    """Random bytes, random lengths (not 0: QEMU's socket would stop), and headers that nearly make sense."""
    noise = random.Random(7)
    for i in range(10_000):
        length = noise.choice([1, 13, 14, 15, 33, 34, 42, 60, 100, 1000, 1514])
        frame = bytearray(noise.randbytes(length))
        if i % 2:
            frame[0:6] = wire.guest_mac if i % 4 == 1 else b"\xff" * 6
        if i % 3 == 0:
            frame[12:14] = noise.choice([b"\x08\x00", b"\x08\x06", b"\x86\xdd", b"\x81\x00"])
            frame[14:15] = b"\x45"
        wire.send(bytes(frame))
    assert_alive(peer)


def test_hostile_packets(wire, peer):
    """Right addresses and checksums, wrong everything else."""
    noise = random.Random(8)
    for _ in range(3000):
        protocol = noise.choice([1, 6, 17, 2, 255])
        payload = noise.randbytes(noise.choice([0, 1, 7, 8, 19, 20, 40, 500, 1480]))
        if protocol == 6 and len(payload) >= 20:
            payload = struct.pack(">HH", noise.randrange(1 << 16), noise.choice([ECHO, DISCARD, QUOTE])) + payload[4:]
        if protocol == 17 and len(payload) >= 8:
            payload = (struct.pack(">HHH", 999, noise.choice([ECHO, 68]), noise.randrange(1 << 16))
                       + b"\0\0" + payload[8:])
        fragment = noise.choice([0, 0, 0, 0x2000, noise.randrange(1 << 16)])
        wire.send_ip(ipv4(protocol, payload, fragment=fragment, ident=noise.randrange(8)))
    assert_alive(peer)


def test_fragments(wire):
    """A datagram in three pieces, the last one first."""
    data = random.Random(9).randbytes(4000)
    datagram = udp(4242, ECHO, data)
    pieces = [(0, 1480), (1480, 2960), (2960, len(datagram))]
    for start, end in reversed(pieces):
        more = 0x2000 if end < len(datagram) else 0
        wire.send_ip(ipv4(17, datagram[start:end], fragment=more | start // 8, ident=77))
    back = {}

    def collect(frame):
        packet = frame[14:]
        if frame[12:14] == b"\x08\x00" and packet[9] == 17 and packet[12:16] == GUEST_IP and packet[16:20] == HOST_IP:
            length, flags = struct.unpack(">H2xH", packet[2:8])
            back[(flags & 0x1FFF) * 8] = packet[20:length]
        return sum(map(len, back.values())) == len(datagram)

    wire.expect(collect, "the datagram in fragments")
    assert b"".join(back[k] for k in sorted(back))[8:] == data


def test_segments_out_of_order_and_twice(peer):
    data = random.Random(10).randbytes(5 * 1000)
    tcp = peer()
    tcp.connect()
    start = tcp.sequence
    for i in (3, 1, 1, 4, 0, 3, 2, 0):
        tcp.send(ACK | PSH, data[i * 1000:i * 1000 + 1000], sequence=start + i * 1000)
    tcp.sequence = start + len(data)
    assert tcp.read(len(data)) == data
    finish(tcp)


def test_unacknowledged_data_is_sent_again(peer):
    """Twice, with a growing pause: lwIP's timers run while they are needed.
    Then they have nothing to do and it still works."""
    tcp = peer()
    tcp.connect(b"again")
    first = tcp.receive("the echo")
    assert first.data == b"again"
    for _ in range(2):
        segment = tcp.receive("the same once more", wait=10)
        assert segment.data == b"again" and segment.sequence == first.sequence
    tcp.send(ACK)
    tcp.send(ACK | PSH, b"and on")
    assert tcp.read(6) == b"and on"
    finish(tcp)


def test_closed_window(peer):
    """The guest sends nothing into a closed window but probes, and goes on when it opens."""
    tcp = peer()
    tcp.window = 0
    tcp.connect(b"0123456789")
    probe = tcp.receive("acknowledgement", wait=10)
    while not probe.data:
        probe = tcp.receive("a probe", wait=10)
    assert len(probe.data) <= 1
    tcp.window = 0xFFFF
    tcp.expected = probe.sequence
    tcp.send(ACK)
    assert tcp.read(10) == b"0123456789"
    finish(tcp)


def test_syn_again_while_half_open(peer):
    """Our copy of the guest's SYN, ACK was lost."""
    tcp = peer()
    tcp.send(SYN)
    assert tcp.receive("SYN, ACK").flags == SYN | ACK
    tcp.send(SYN, sequence=1000)
    assert tcp.receive("SYN, ACK once more").flags == SYN | ACK
    tcp.send(ACK | PSH, b"there")
    assert tcp.read(5) == b"there"
    finish(tcp)


def test_reset_of_a_connection_with_data_queued(peer):
    for _ in range(50):
        tcp = peer(CHARGEN)
        tcp.connect()
        assert tcp.receive("characters").data
        tcp.send(RST, sequence=tcp.sequence)
    assert_alive(peer)


def test_segment_size_cannot_shrink_by_an_option(peer):
    """RFC 9293 3.7.1: MSS counts in a SYN only.
    lwIP takes it anywhere, and asserts that a queued segment is not longer."""
    tcp = peer()
    tcp.window = 0
    tcp.connect(b"a" * 1000)
    tcp.send(ACK | PSH, b"b" * 100, options=bytes([2, 4, 0, 60]))
    tcp.send(ACK | PSH, b"c" * 100, options=bytes([1, 1, 1, 2]))
    assert_alive(peer)
    tcp.window = 0xFFFF
    tcp.send(ACK)
    assert tcp.read(1200) == b"a" * 1000 + b"b" * 100 + b"c" * 100
    finish(tcp)


def test_segment_size_cannot_shrink_by_a_window(peer):
    """A window of 0 at first, then one of 4: lwIP halves the largest window it has seen for its segments, but not 0."""
    tcp = peer()
    tcp.window = 0
    tcp.connect(b"a" * 1000)
    tcp.window = 4
    tcp.send(ACK | PSH, b"b" * 100)
    assert_alive(peer)
    tcp.window = 0xFFFF
    tcp.send(ACK)
    assert tcp.read(1100) == b"a" * 1000 + b"b" * 100
    finish(tcp)


def test_frames_for_others_are_not_answered(wire, peer):
    stranger = bytes.fromhex("525401000099")
    wire.send_ip(ipv4(17, udp(4243, ECHO, b"not for you")), destination=stranger)
    assert_alive(peer)      # and what came back to port 4243 would have come before


def test_connections_and_their_memory_come_back(peer):
    """More connections in a row than there are control blocks, most of them left in TIME_WAIT, some reset."""
    for i in range(1000):
        tcp = peer(QUOTE if i % 4 else ECHO)
        if i % 4:
            serve_quote(tcp)
        else:
            tcp.connect(b"x" * 1000)
            assert len(tcp.read(1000)) == 1000
            tcp.send(RST | ACK)
    assert_alive(peer)
