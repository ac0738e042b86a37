"""A client of TLS 1.3 (RFC 8446) made of single steps, so that a test can spoil each: it sends what the test says.

    peer = Peer(sock)
    peer.say_hello()                # or peer.send(HANDSHAKE, Hello(..).message(peer)) with anything in it
    peer.take_flight()              # the server's, up to its Finished, which is checked
    peer.finish()
    peer.send(DATA, b"GET / ..")    # sealed, now
    kind, content = peer.receive()

TLS_CHACHA20_POLY1305_SHA256 alone, X25519 and P-256. Signatures are not checked: others do. With nothing but Python's
own modules, slow, and not in constant time: for tests.
"""

import hashlib
import hmac
import os
import struct
import sys

from . import paths

sys.path.insert(0, str(paths.TOP))

from compose import pem  # noqa: E402

CCS, ALERT, HANDSHAKE, DATA = 20, 21, 22, 23                        # 5.1
CLIENT_HELLO, SERVER_HELLO, NEW_TICKET, END_OF_EARLY, EXTENSIONS = 1, 2, 4, 5, 8      # 4
CERTIFICATE, CERTIFICATE_VERIFY, FINISHED, KEY_UPDATE, MESSAGE_HASH = 11, 15, 20, 24, 254
SERVER_NAME, GROUPS, SIGNATURES, ALPN, PSK, EARLY_DATA, VERSIONS = 0, 10, 13, 16, 41, 42, 43       # 4.2
COOKIE, PSK_MODES, KEY_SHARE = 44, 45, 51
SUITE, P256, X25519, ECDSA = 0x1303, 23, 29, 0x0403
RETRY = hashlib.sha256(b"HelloRetryRequest").digest()               # 4.1.3
TAG = 16


# -- primitives ------------------------------------------------------------------------------------------------------

def chacha_block(key, counter, nonce):
    """RFC 8439, 2.3: 64 bytes."""
    start = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574, *struct.unpack("<8L", key), counter,
             *struct.unpack("<3L", nonce)]
    s = start.copy()
    turns = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
             (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)) * 10
    for a, b, c, d in turns:
        w, x, y, z = s[a], s[b], s[c], s[d]
        w = w + x & 0xFFFFFFFF
        z ^= w
        z = (z << 16 | z >> 16) & 0xFFFFFFFF
        y = y + z & 0xFFFFFFFF
        x ^= y
        x = (x << 12 | x >> 20) & 0xFFFFFFFF
        w = w + x & 0xFFFFFFFF
        z ^= w
        z = (z << 8 | z >> 24) & 0xFFFFFFFF
        y = y + z & 0xFFFFFFFF
        x ^= y
        s[a], s[b], s[c], s[d] = w, (x << 7 | x >> 25) & 0xFFFFFFFF, y, z
    return struct.pack("<16L", *(a + b & 0xFFFFFFFF for a, b in zip(s, start)))


def chacha(key, nonce, text):
    stream = b"".join(chacha_block(key, 1 + i, nonce) for i in range((len(text) + 63) // 64))[:len(text)]
    return (int.from_bytes(stream, "little") ^ int.from_bytes(text, "little")).to_bytes(len(text), "little")


def poly(key, text):
    """RFC 8439, 2.5."""
    r, total = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF, 0
    for i in range(0, len(text), 16):
        total = (total + int.from_bytes(text[i:i + 16] + b"\1", "little")) * r % (2**130 - 5)
    return (total + int.from_bytes(key[16:32], "little") & 2**128 - 1).to_bytes(16, "little")


def padded(text):
    return text + bytes(-len(text) % 16)


def tag_of(key, nonce, head, sealed):
    lengths = struct.pack("<QQ", len(head), len(sealed))
    return poly(chacha_block(key, 0, nonce), padded(head) + padded(sealed) + lengths)


def aead_seal(key, nonce, head, text):
    """RFC 8439, 2.8."""
    sealed = chacha(key, nonce, text)
    return sealed + tag_of(key, nonce, head, sealed)


def aead_open(key, nonce, head, sealed):
    assert tag_of(key, nonce, head, sealed[:-TAG]) == sealed[-TAG:], "a record of the server's that is not authentic"
    return chacha(key, nonce, sealed[:-TAG])


def x25519(scalar, point):
    """RFC 7748, 5."""
    p = 2**255 - 19
    k = int.from_bytes(scalar, "little") & ~7 & 2**254 - 1 | 2**254
    x1 = int.from_bytes(point, "little") & 2**255 - 1
    x2, z2, x3, z3, swap = 1, 0, x1, 1, 0
    for i in range(254, -1, -1):
        if swap != k >> i & 1:
            x2, z2, x3, z3 = x3, z3, x2, z2
        swap = k >> i & 1
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        da, cb, aa, bb = d * a % p, c * b % p, a * a % p, b * b % p
        x3, z3 = (da + cb) ** 2 % p, x1 * (da - cb) ** 2 % p
        x2, z2 = aa * bb % p, (aa - bb) * (aa + 121665 * (aa - bb)) % p
    x, z = (x3, z3) if swap else (x2, z2)
    return (x * pow(z, -1, p) % p).to_bytes(32, "little")


def p256(scalar, point):
    """The x of scalar times a point (SEC 1, 3.3.1)."""
    total, power = None, (int.from_bytes(point[1:33], "big"), int.from_bytes(point[33:], "big"))
    while scalar:
        if scalar & 1:
            total = pem.add(total, power)
        power = pem.add(power, power)
        scalar >>= 1
    return total[0].to_bytes(32, "big")


class Share:
    """A key for one group: its public part, and what it makes of the server's."""

    def __init__(self, group):
        self.group, self.secret = group, os.urandom(32)
        self.number = int.from_bytes(self.secret, "big") % (pem.N - 1) + 1
        self.public = x25519(self.secret, b"\x09" + bytes(31)) if group == X25519 else pem.public_point(self.number)

    def agree(self, theirs):
        return x25519(self.secret, theirs) if self.group == X25519 else p256(self.number, theirs)


# -- keys (7.1) ------------------------------------------------------------------------------------------------------

def expand(secret, label, context=b"", count=32):
    label = b"tls13 " + label
    info = struct.pack(">HB", count, len(label)) + label + bytes([len(context)]) + context + b"\1"
    return hmac.digest(secret, info, "sha256")[:count]


def derive(secret, label, transcript=b""):
    return expand(secret, label, hashlib.sha256(transcript).digest())


def verify_data(secret, transcript):
    """4.4.4"""
    return hmac.digest(expand(secret, b"finished"), hashlib.sha256(transcript).digest(), "sha256")


class Key:
    """One direction's."""

    def __init__(self, secret):
        self.secret, self.sequence = secret, 0
        self.key, self.iv = expand(secret, b"key"), expand(secret, b"iv", count=12)

    def next(self):
        return Key(expand(self.secret, b"traffic upd"))

    def nonce(self):
        number = self.sequence
        self.sequence += 1
        return (int.from_bytes(self.iv, "big") ^ number).to_bytes(12, "big")

    def seal(self, inner):
        head = struct.pack(">BHH", DATA, 0x0303, len(inner) + TAG)
        return head + aead_seal(self.key, self.nonce(), head, inner)

    def open(self, head, sealed):
        return aead_open(self.key, self.nonce(), head, sealed)


# -- messages --------------------------------------------------------------------------------------------------------

def vector(size, *parts):
    content = b"".join(parts)
    return len(content).to_bytes(size, "big") + content


def words(*numbers):
    return b"".join(n.to_bytes(2, "big") for n in numbers)


def message(kind, *parts):
    return bytes([kind]) + vector(3, *parts)


def record(kind, content, version=0x0303):
    return struct.pack(">BHH", kind, version, len(content)) + content


def key_shares(*shares):
    """(group, public part) each."""
    return vector(2, *(words(group) + vector(2, public) for group, public in shares))


def server_names(*names, kind=0):
    return vector(2, *(bytes([kind]) + vector(2, name) for name in names))


class Hello:
    """A ClientHello whose every part can be another. Extensions by the names below: their bytes, None leaves one out. A
    list `more` of (number, bytes) comes behind them, before pre_shared_key."""

    def __init__(self, share=None, suites=(SUITE,), more=(), version=0x0303, compressions=b"\0", session=None,
                 **changed):
        self.share = share or Share(X25519)
        self.suites, self.more, self.version, self.compressions = words(*suites), more, version, compressions
        self.random = os.urandom(32)
        self.session = os.urandom(32) if session is None else session
        self.extensions = {
            "name": (SERVER_NAME, server_names(b"localhost")),
            "groups": (GROUPS, vector(2, words(X25519, P256))),
            "signatures": (SIGNATURES, vector(2, words(ECDSA, 0x0804, 0x0401))),
            "alpn": (ALPN, vector(2, vector(1, b"http/1.1"))),
            "versions": (VERSIONS, vector(1, words(0x0304))),
            "modes": (PSK_MODES, vector(1, b"\1")),
            "shares": (KEY_SHARE, key_shares((self.share.group, self.share.public)))}
        self.change(**changed)

    def change(self, **changed):
        for name, content in changed.items():
            self.extensions[name] = content and (self.extensions[name][0], content)

    def message(self, last=b""):
        """last: the extension pre_shared_key, whole."""
        told = [*filter(None, self.extensions.values()), *self.more]
        extensions = [words(kind) + vector(2, content) for kind, content in told]
        return message(CLIENT_HELLO, self.version.to_bytes(2, "big"), self.random, vector(1, self.session),
                       vector(2, self.suites), vector(1, self.compressions), vector(2, *extensions, last))


class Ticket:
    """What resumes a connection (4.6.1): the server's words, and the secret that belongs to them."""

    def __init__(self, body, resumption):
        self.lifetime, self.age_add = struct.unpack(">LL", body[:8])
        nonce_end = 9 + body[8]
        length = int.from_bytes(body[nonce_end:nonce_end + 2], "big")
        self.name = body[nonce_end + 2:nonce_end + 2 + length]
        self.secret = expand(resumption, b"resumption", body[9:nonce_end])

    def extension(self, hello, transcript=b"", name=None, age=1, spoil=None):
        """pre_shared_key of this hello (4.2.11), with its binder; spoil: a function that makes another of that."""
        def whole(binder):
            identity = vector(2, name or self.name) + (self.age_add + age & 0xFFFFFFFF).to_bytes(4, "big")
            return words(PSK) + vector(2, vector(2, identity), vector(2, vector(1, binder)))

        cut = hello.message(whole(bytes(32)))[:-35]
        early = hmac.digest(bytes(32), self.secret, "sha256")
        binder = verify_data(derive(early, b"res binder"), transcript + cut)
        return whole(spoil(binder) if spoil else binder)


# -- a connection ----------------------------------------------------------------------------------------------------

class Ended(Exception):
    """The server has: `how` is the number of its alert, "closed", or "reset"."""

    def __init__(self, how):
        super().__init__(str(how))
        self.how = how


class Peer:
    def __init__(self, sock):
        self.sock, self.buffer, self.transcript = sock, b"", b""
        self.out = self.into = None             # Key: records are sealed, opened
        self.messages, self.tickets = b"", []
        self.retried = self.resumed = False
        self.updates = 0                        # KeyUpdates of the server's
        self.psk, self.hello = None, None

    # records

    def raw(self, data):
        self.sock.sendall(data)

    def sealed(self, kind, content, padding=0):
        return self.out.seal(content + bytes([kind]) + bytes(padding))

    def send(self, kind, content, padding=0):
        self.raw(self.sealed(kind, content, padding) if self.out else record(kind, content))

    def exactly(self, count):
        while len(self.buffer) < count:
            try:
                part = self.sock.recv(1 << 16)
            except ConnectionError:
                raise Ended("reset") from None
            if not part:
                raise Ended("closed")
            self.buffer += part
        part, self.buffer = self.buffer[:count], self.buffer[count:]
        return part

    def receive(self):
        """(type, content) of the next record; change_cipher_spec is passed over; an alert is raised."""
        while True:
            head = self.exactly(5)
            kind, content = head[0], self.exactly(int.from_bytes(head[3:], "big"))
            if kind == CCS:
                assert content == b"\1"
                continue
            if kind == DATA and self.into:
                inner = self.into.open(head, content).rstrip(b"\0")
                kind, content = inner[-1], inner[:-1]
            if kind == ALERT:
                raise Ended(content[1])
            return kind, content

    def receive_message(self):
        """(type, body), whole, of a handshake."""
        while len(self.messages) < 4 or len(self.messages) < 4 + int.from_bytes(self.messages[1:4], "big"):
            kind, content = self.receive()
            assert kind == HANDSHAKE, kind
            self.messages += content
        end = 4 + int.from_bytes(self.messages[1:4], "big")
        whole, self.messages = self.messages[:end], self.messages[end:]
        self.last = whole
        return whole[0], whole[4:]

    # the handshake

    def offer(self, hello, ticket=None, **more):
        """The hello's message, which is in the transcript now."""
        self.hello, self.psk = hello, ticket
        said = hello.message(ticket.extension(hello, self.transcript, **more) if ticket else b"")
        self.transcript += said
        return said

    def say_hello(self, hello=None, ticket=None, **more):
        self.raw(record(HANDSHAKE, self.offer(hello or Hello(), ticket, **more), 0x0301))

    def take_server_hello(self):
        """Its extensions. `retried`: it is a HelloRetryRequest."""
        kind, body = self.receive_message()
        assert kind == SERVER_HELLO, kind
        at = 35 + body[34]
        assert body[35:at] == self.hello.session
        found, rest = {}, body[at + 5:]
        while rest:
            length = int.from_bytes(rest[2:4], "big")
            found[int.from_bytes(rest[:2], "big")], rest = rest[4:4 + length], rest[4 + length:]
        if body[2:34] == RETRY:
            assert not self.retried
            self.retried = True
            self.transcript = message(MESSAGE_HASH, hashlib.sha256(self.transcript).digest()) + self.last   # 4.4.1
            return found
        self.transcript += self.last
        self.make_keys(found)
        return found

    def make_keys(self, found):
        self.resumed = PSK in found
        early = hmac.digest(bytes(32), self.psk.secret if self.resumed else bytes(32), "sha256")
        shared = self.hello.share.agree(found[KEY_SHARE][4:])
        handshake = hmac.digest(derive(early, b"derived"), shared, "sha256")
        self.client_secret = derive(handshake, b"c hs traffic", self.transcript)
        self.server_secret = derive(handshake, b"s hs traffic", self.transcript)
        self.master = hmac.digest(derive(handshake, b"derived"), bytes(32), "sha256")
        self.out, self.into = Key(self.client_secret), Key(self.server_secret)

    def take_flight(self):
        """Up to the server's Finished. What it said in EncryptedExtensions."""
        self.take_server_hello()
        said = b""
        while True:
            kind, body = self.receive_message()
            if kind == FINISHED:
                assert body == verify_data(self.server_secret, self.transcript), "the server's Finished is wrong"
                self.transcript += self.last
                self.into = Key(derive(self.master, b"s ap traffic", self.transcript))     # of its alerts, too
                return said
            self.transcript += self.last
            said = body if kind == EXTENSIONS else said

    def finished(self):
        """The message."""
        return message(FINISHED, verify_data(self.client_secret, self.transcript))

    def pass_finish(self, said=None):
        """The key of what comes behind the client's Finished, which has been sent."""
        self.out = Key(derive(self.master, b"c ap traffic", self.transcript))
        self.resumption = derive(self.master, b"res master", self.transcript + (said or self.finished()))

    def finish(self):
        said = self.finished()
        self.send(HANDSHAKE, said)
        self.pass_finish(said)

    def connect(self, hello=None, ticket=None):
        self.say_hello(hello, ticket)
        self.take_flight()
        self.finish()
        return self

    # behind it

    def content(self):
        """Content of the next record that has any; tickets are kept, the server's KeyUpdates obeyed."""
        while True:
            kind, content = self.receive()
            if kind == DATA and content:
                return content
            if kind == HANDSHAKE and content[0] == KEY_UPDATE:
                self.into = self.into.next()
                self.updates += 1
            elif kind == HANDSHAKE and content[0] == NEW_TICKET:
                self.tickets.append(Ticket(content[4:], self.resumption))

    def update(self, wants=0):
        self.send(HANDSHAKE, message(KEY_UPDATE, bytes([wants])))
        self.out = self.out.next()

    def ask(self, request, end):
        """Sends it; what comes until it ends so."""
        self.send(DATA, request)
        got = b""
        while not got.endswith(end):
            got += self.content()
        return got

    def how_it_ends(self):
        """What comes until then is passed over."""
        try:
            while True:
                self.content()
        except Ended as end:
            return end.how
        except TimeoutError:
            return "open"
