"""TLS 1.3 by the letter (RFC 8446): what a client may do is served, what it may not ends with the alert of section 6.2,
and the machine serves on. Handshakes are libssl's, records behind them the front's own. Several outcomes for one case:
the RFC leaves a choice, or libssl is more lenient than it, or has another alert (docs/https.md)."""

import contextlib
import os
import random
import socket
import time

import pytest
from serval import https
from serval.http import head_of
from serval.tls13 import (ALERT, CCS, CERTIFICATE, CERTIFICATE_VERIFY, CLIENT_HELLO, DATA, EARLY_DATA, ECDSA,
                          END_OF_EARLY, FINISHED, HANDSHAKE, KEY_SHARE, KEY_UPDATE, NEW_TICKET, P256, SERVER_NAME, SUITE,
                          X25519, Ended, Hello, Peer, Share, key_shares, message, record, server_names, vector, words)

PAGE, LARGE = os.urandom(1000), os.urandom(10 << 20)
ASK = head_of("/k.bin")
TEXT_MAX, RECORD_MAX = 16384, 16384 + 256
IDLE_MAX = 32       # IDLE_MAX (http/tls/record.c)
SLOTS = 32          # TLS_SLOTS
NAME_MAX = 95       # TLS_NAME_MAX

# 6.2
CLOSE_NOTIFY, UNEXPECTED, BAD_MAC, OVERFLOW, HANDSHAKE_FAILURE, ILLEGAL, DECODE, DECRYPT = 0, 10, 20, 22, 40, 47, 50, 51
PROTOCOL_VERSION, MISSING, NO_NAME, NO_PROTOCOL = 70, 109, 112, 120
SERVED = "served"
CUT_SHORT = UNEXPECTED, "closed", "reset"       # while the client has not acknowledged our records no alert follows them


@pytest.fixture(scope="module")
def secured(tmp_path_factory):
    pages = {"/k.bin": PAGE, "/large.bin": LARGE, "/": b"<h1>Serval</h1>\n"}
    with https.in_image(tmp_path_factory.mktemp("conformance"), pages) as guest:
        yield guest


@pytest.fixture
def guest(request, secured):
    request.node.serval_guests = [secured]
    return secured


@contextlib.contextmanager
def reached(guest, timeout=20):
    with guest.connect("https", timeout) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield Peer(sock)


def served(peer):
    """A request on this connection is answered."""
    assert peer.ask(ASK, PAGE).startswith(b"HTTP/1.1 200 ")
    return SERVED


def check(guest, case, wanted):
    """case(peer): SERVED, or anything else: how the connection ends is seen here, as of who raises Ended."""
    with reached(guest) as peer:
        try:
            how = case(peer)
            how = how if how == SERVED else peer.how_it_ends()
        except Ended as end:
            how = end.how
        except (BrokenPipeError, ConnectionResetError):
            how = peer.how_it_ends()
    assert how in (wanted if isinstance(wanted, tuple) else (wanted,)), f"{how}, wanted: {wanted}"


def cases(table):
    rows = [pytest.param(case, wanted, id=name) for name, (case, wanted) in table.items()]
    return pytest.mark.parametrize("case, wanted", rows)


# -- hellos ------------------------------------------------------------------------------------------------------------

def hello(**wishes):
    """A whole connection that begins with this hello."""
    def case(peer):
        return served(peer.connect(Hello(**wishes)))
    return case


def spoilt(change):
    """A hello's message goes through this first."""
    def case(peer):
        peer.raw(record(HANDSHAKE, change(peer.offer(Hello()))))
    return case


def share(group, public):
    return hello(groups=vector(2, words(group)), shares=key_shares((group, public)))


def off_curve(peer):
    point = bytearray(Share(P256).public)
    point[64] ^= 1
    return share(P256, bytes(point))(peer)


def names(*several, **more):
    return hello(name=server_names(*several, **more))


def truncated(count):
    """Its last bytes are missing, and its lengths say so or do not."""
    return spoilt(lambda said: message(CLIENT_HELLO, said[4:-count]))


HELLOS = {
    "as it should be": (hello(), SERVED),
    "P-256 alone": (hello(share=Share(P256), groups=vector(2, words(P256))), SERVED),
    "no session": (hello(session=b""), SERVED),
    "a session that is too long": (hello(session=bytes(33)), DECODE),
    "an unknown extension": (hello(more=[(0x5A5A, b""), (0xFFFF, bytes(100))]), SERVED),
    "every number": (hello(more=[(n, b"\0") for n in range(100, 1000)]), SERVED),
    "an unknown extension twice": (hello(more=[(0x5A5A, b""), (0x5A5A, b"")]), (ILLEGAL, DECODE)),
    "names twice": (hello(more=[(SERVER_NAME, server_names(b"localhost"))]), (ILLEGAL, DECODE)),
    "padding": (hello(more=[(21, bytes(1000))]), SERVED),
    "of 10 KiB": (hello(more=[(21, bytes(10240))]), SERVED),
    "as long as a record": (hello(more=[(21, bytes(15900))]), SERVED),
    "of 64 KiB": (lambda peer: [peer.raw(record(HANDSHAKE, part)) for part in
                                chunks(peer.offer(Hello(more=[(21, bytes(60000))])), TEXT_MAX)], (ILLEGAL, DECODE)),
    "that says 16 MiB": (lambda peer: peer.raw(record(HANDSHAKE, b"\1\xff\xff\xff" + bytes(500))), (ILLEGAL, DECODE)),
    "of nothing": (lambda peer: peer.raw(record(HANDSHAKE, b"\1\0\0\0")), DECODE),
    "one byte behind it": (spoilt(lambda said: message(CLIENT_HELLO, said[4:], b"\0")), DECODE),
    "without its last byte": (truncated(1), DECODE),
    "without its last extension's half": (truncated(20), DECODE),
    "without extensions": (lambda peer: peer.raw(record(HANDSHAKE, message(
        CLIENT_HELLO, b"\3\3", bytes(32), b"\0", vector(2, words(SUITE)), b"\1\0"))), PROTOCOL_VERSION),
    "of TLS 1.2": (hello(versions=None), PROTOCOL_VERSION),
    "of TLS 1.2, as versions": (hello(versions=vector(1, words(0x0303))), PROTOCOL_VERSION),
    "of TLS 1.4 and 1.3": (hello(versions=vector(1, words(0x0305, 0x7F1C, 0xFAFA, 0x0304))), SERVED),
    "of TLS 1.4 alone": (hello(versions=vector(1, words(0x0305))), PROTOCOL_VERSION),
    "of no version": (hello(versions=vector(1)), DECODE),
    "of a version and a half": (hello(versions=vector(1, b"\3\4\3")), (DECODE, SERVED)),
    "of TLS 1.3, the old field SSL 3": (hello(version=0x0300), (SERVED, PROTOCOL_VERSION)),
    "of TLS 1.3, the old field TLS 1.3": (hello(version=0x0304), SERVED),
    "compression": (hello(compressions=b"\1\0"), ILLEGAL),
    "compression alone": (hello(compressions=b"\1"), ILLEGAL),
    "no compression": (hello(compressions=b""), (ILLEGAL, DECODE)),
    "unknown suites and ours": (hello(suites=(0xFAFA, 0x1399, SUITE, 0x00FF)), SERVED),
    "no suite of ours": (hello(suites=(0x1399, 0xC02B)), HANDSHAKE_FAILURE),
    "no suite": (hello(suites=()), (DECODE, HANDSHAKE_FAILURE, ILLEGAL)),
    "a thousand suites": (hello(suites=(*range(0x2000, 0x2400), SUITE)), SERVED),
    "no group of ours": (hello(groups=vector(2, words(24, 25)), shares=key_shares((24, bytes(97)))), HANDSHAKE_FAILURE),
    "no group": (hello(groups=vector(2)), DECODE),
    "groups left out": (hello(groups=None), MISSING),
    "no signature of ours": (hello(signatures=vector(2, words(0x0804, 0x0503))), HANDSHAKE_FAILURE),
    "unknown signatures and ours": (hello(signatures=vector(2, words(0xFAFA, 0x0101, ECDSA))), SERVED),
    "no signature": (hello(signatures=vector(2)), DECODE),
    "signatures left out": (hello(signatures=None), MISSING),
    "shares left out": (hello(shares=None), MISSING),
    "a share of zeroes": (share(X25519, bytes(32)), ILLEGAL),
    "a share of low order": (share(X25519, b"\1" + bytes(31)), ILLEGAL),
    "a short share": (share(X25519, bytes(31)), ILLEGAL),
    "a long share": (share(X25519, bytes(33)), ILLEGAL),
    "an empty share": (share(X25519, b""), (DECODE, ILLEGAL)),
    "a point off the curve": (off_curve, ILLEGAL),
    "a compressed point": (share(P256, b"\2" + Share(P256).public[1:33]), ILLEGAL),
    "the point at infinity": (share(P256, b"\0"), ILLEGAL),
    "a share twice": (lambda peer: hello(shares=key_shares(*[(X25519, Share(X25519).public)] * 2))(peer), ILLEGAL),
    "ALPN left out": (hello(alpn=None), SERVED),
    "ALPN with others": (hello(alpn=vector(2, vector(1, b"h2"), vector(1, b"http/1.1"))), SERVED),
    "ALPN without ours": (hello(alpn=vector(2, vector(1, b"h2"), vector(1, b"http/1.0"))), NO_PROTOCOL),
    "ALPN of nothing": (hello(alpn=vector(2)), DECODE),
    "ALPN of an empty name": (hello(alpn=vector(2, vector(1))), DECODE),
    "no name": (hello(name=None), SERVED),
    "another's name": (names(b"other.test"), SERVED),
    "a name of 95 bytes": (names(b"a" * NAME_MAX), SERVED),
    "a name of 96 bytes": (names(b"a" * (NAME_MAX + 1)), NO_NAME),
    "a name of 256 bytes": (names(b"a" * 256), (DECODE, NO_NAME)),
    "an empty name": (names(b""), (DECODE, NO_NAME)),
    "two names": (names(b"localhost", b"other.test"), DECODE),
    "no name in the list": (names(), DECODE),
    "a name of another kind": (names(b"localhost", kind=1), (DECODE, NO_NAME, SERVED)),
    "an address": (names(b"10.0.2.15"), SERVED),
    "a name with a zero": (names(b"local\0host"), (DECODE, NO_NAME)),
    "a name of all bytes": (names(bytes(range(1, NAME_MAX))), SERVED),
}


def chunks(data, size):
    return [data[i:i + size] for i in range(0, len(data), size)]


@cases(HELLOS)
def test_hellos(guest, case, wanted):
    check(guest, case, wanted)


# -- two hellos --------------------------------------------------------------------------------------------------------

def second(between=lambda peer: None, **changed):
    """A HelloRetryRequest, and a hello with other things changed than the share that it asks for."""
    def case(peer):
        first = Hello(shares=key_shares())
        peer.say_hello(first)
        found = peer.take_server_hello()
        assert peer.retried and found[KEY_SHARE] == words(X25519)
        between(peer)
        first.change(**{"shares": key_shares((X25519, first.share.public)), **changed})
        peer.say_hello(first)
        peer.take_flight()
        peer.finish()
        return served(peer)
    return case


def retried_for_p256(peer):
    first = Hello(Share(P256), groups=vector(2, words(24, P256)), shares=key_shares((24, bytes(97))))
    peer.say_hello(first)
    assert peer.take_server_hello()[KEY_SHARE] == words(P256)
    first.change(shares=key_shares((P256, first.share.public)))
    peer.say_hello(first)
    peer.take_flight()
    peer.finish()
    return served(peer)


def other_suite(peer):
    first = Hello(shares=key_shares())
    peer.say_hello(first)
    peer.take_server_hello()
    first.suites = words(0x1301)
    first.change(shares=key_shares((X25519, first.share.public)))
    peer.say_hello(first)
    peer.take_flight()
    peer.finish()
    return served(peer)


SECONDS = {
    "X25519": (second(), SERVED),
    "P-256": (retried_for_p256, SERVED),
    "change_cipher_spec between": (second(lambda peer: peer.send(CCS, b"\1")), SERVED),
    "a wrong change_cipher_spec between": (second(lambda peer: peer.send(CCS, b"\2")), UNEXPECTED),
    "no share again": (second(shares=key_shares()), ILLEGAL),
    "a share of another group": (second(shares=key_shares((P256, Share(P256).public))), ILLEGAL),
    "shares left out": (second(shares=None), MISSING),
    "another suite": (other_suite, (ILLEGAL, SERVED)),
}


@cases(SECONDS)
def test_second_hellos(guest, case, wanted):
    check(guest, case, wanted)


# -- records of the handshake ------------------------------------------------------------------------------------------

def cut(*sizes):
    """The hello in records of these sizes, the last of what is left."""
    def case(peer):
        said = peer.offer(Hello())
        for size in sizes:
            peer.raw(record(HANDSHAKE, said[:size]))
            said = said[size:]
        peer.raw(record(HANDSHAKE, said))
        peer.take_flight()
        peer.finish()
        return served(peer)
    return case


def before_finished(*parts):
    """After the server's flight these records, as (type, content) in the clear or bytes as they are; the Finished."""
    def case(peer):
        peer.say_hello()
        peer.take_flight()
        for part in parts:
            peer.raw(part if isinstance(part, bytes) else record(*part))
        peer.finish()
        return served(peer)
    return case


def finish(change):
    """What is sent in place of the Finished."""
    def case(peer):
        peer.say_hello()
        peer.take_flight()
        said = change(peer.finished())
        for part in said if isinstance(said, list) else [said]:
            peer.send(HANDSHAKE, part)
        peer.pass_finish()
        return served(peer)
    return case


def in_place(kind, body=b"", padding=0):
    """A sealed record in place of the Finished."""
    def case(peer):
        peer.say_hello()
        peer.take_flight()
        peer.send(kind, body, padding)
    return case


def together(peer):
    """Finished, the request and the end in one segment, and TCP's end behind them."""
    peer.say_hello()
    peer.take_flight()
    said = peer.finished()
    data = peer.sealed(HANDSHAKE, said)
    peer.pass_finish(said)
    data += peer.sealed(DATA, ASK) + peer.sealed(ALERT, bytes([1, CLOSE_NOTIFY]))
    peer.raw(data)
    peer.sock.shutdown(socket.SHUT_WR)
    got = b""
    while not got.endswith(PAGE):
        got += peer.content()
    assert peer.how_it_ends() == CLOSE_NOTIFY
    return SERVED


def first(*data):
    def case(peer):
        for part in data:
            peer.raw(part)
    return case


def spoilt_sealed(length):
    return bytes([DATA, 3, 3]) + length.to_bytes(2, "big") + bytes(length)


def twice(peer):
    peer.raw(record(HANDSHAKE, peer.offer(Hello())))
    peer.take_flight()
    peer.raw(record(HANDSHAKE, Hello().message()))


def of_version(version):
    def case(peer):
        peer.raw(record(HANDSHAKE, peer.offer(Hello()), version))
        peer.take_flight()
        peer.finish()
        return served(peer)
    return case


RECORDS = {
    "hello in records of a byte": (cut(*[1] * 150), SERVED),
    "hello in two": (cut(4), SERVED),
    "hello in three": (cut(3, 100), SERVED),
    "hello with an empty record in it": (cut(10, 0), (SERVED, UNEXPECTED)),
    "hello with a change_cipher_spec in it": (first(record(HANDSHAKE, b"\1\0"), record(CCS, b"\1"),
                                                    record(HANDSHAKE, bytes(100))), (UNEXPECTED, DECODE)),
    "hello and a message behind it": (spoilt(lambda said: said + message(FINISHED, bytes(32))), UNEXPECTED),
    "hello twice": (twice, (UNEXPECTED, BAD_MAC)),
    "record of SSL 3": (of_version(0x0300), SERVED),
    "record of TLS 1.0": (of_version(0x0301), SERVED),
    "record of TLS 1.3": (of_version(0x0304), SERVED),
    "data first": (first(record(DATA, ASK)), UNEXPECTED),
    "data of nothing first": (first(record(DATA, b"")), UNEXPECTED),
    "heartbeat first": (first(record(24, bytes(20))), UNEXPECTED),
    "type 0 first": (first(record(0, bytes(20))), UNEXPECTED),
    "type 255 first": (first(record(255, bytes(20))), UNEXPECTED),
    "change_cipher_spec first": (first(record(CCS, b"\1")), UNEXPECTED),
    "Finished first": (first(record(HANDSHAKE, message(FINISHED, bytes(32)))), UNEXPECTED),
    "HelloRequest first": (first(record(HANDSHAKE, message(0))), UNEXPECTED),
    "empty records for ever": (first(record(HANDSHAKE, b"") * 1000), UNEXPECTED),
    "2^14 bytes and one": (first(record(HANDSHAKE, b"\1\0\xf0\0" + bytes(TEXT_MAX - 3))), OVERFLOW),
    "change_cipher_spec before Finished": (before_finished((CCS, b"\1")), SERVED),
    "change_cipher_spec twice": (before_finished((CCS, b"\1"), (CCS, b"\1")), SERVED),
    "change_cipher_spec for ever": (before_finished(*[(CCS, b"\1")] * 1000), UNEXPECTED),
    "change_cipher_spec of 2": (before_finished((CCS, b"\2")), (UNEXPECTED, BAD_MAC)),
    "change_cipher_spec of two bytes": (before_finished((CCS, b"\1\1")), (UNEXPECTED, BAD_MAC)),
    "change_cipher_spec of nothing": (before_finished((CCS, b"")), (UNEXPECTED, BAD_MAC)),
    "change_cipher_spec sealed": (in_place(CCS, b"\1"), UNEXPECTED),
    "Finished in the clear": (before_finished((HANDSHAKE, message(FINISHED, bytes(32)))), (UNEXPECTED, BAD_MAC)),
    "data in the clear": (before_finished((DATA, ASK)), BAD_MAC),
    "no room for a tag": (before_finished(spoilt_sealed(16)), (BAD_MAC, DECODE)),
    "nothing sealed": (before_finished(spoilt_sealed(0)), (BAD_MAC, DECODE)),
    "zeroes sealed": (before_finished(spoilt_sealed(100)), BAD_MAC),
    "too much sealed": (before_finished(spoilt_sealed(RECORD_MAX + 1)), (OVERFLOW, BAD_MAC)),
    "far too much sealed": (before_finished(spoilt_sealed(20000)), OVERFLOW),
    "Finished": (finish(lambda said: said), SERVED),
    "Finished in parts": (finish(lambda said: chunks(said, 1)), SERVED),
    "Finished in two": (finish(lambda said: chunks(said, 20)), SERVED),
    "Finished and the request": (together, SERVED),
    "Finished and a KeyUpdate": (finish(lambda said: said + message(KEY_UPDATE, b"\0")), UNEXPECTED),
    "Finished and one byte": (finish(lambda said: said + b"\x18"), UNEXPECTED),
    "wrong Finished": (finish(lambda said: said[:-1] + bytes([said[-1] ^ 1])), DECRYPT),
    "wrong at its begin": (finish(lambda said: said[:4] + bytes([said[4] ^ 0x80]) + said[5:]), DECRYPT),
    "Finished of zeroes": (finish(lambda said: message(FINISHED, bytes(32))), DECRYPT),
    "short Finished": (finish(lambda said: message(FINISHED, said[4:-1])), (DECODE, DECRYPT)),
    "long Finished": (finish(lambda said: message(FINISHED, said[4:], b"\0")), (DECODE, DECRYPT)),
    "empty Finished": (finish(lambda said: message(FINISHED)), (DECODE, DECRYPT)),
    "Finished of 16 MiB": (finish(lambda said: b"\x14\xff\xff\xff"), (DECODE, ILLEGAL)),
    "data for Finished": (in_place(DATA, ASK), UNEXPECTED),
    "no content for Finished": (in_place(0, bytes(10)), (UNEXPECTED, DECRYPT)),
    "nothing before Finished": (finish(lambda said: [b"", said]), (UNEXPECTED, SERVED)),
    "nothing before Finished for ever": (finish(lambda said: [*[b""] * 100, said]), UNEXPECTED),
    "KeyUpdate for Finished": (in_place(HANDSHAKE, message(KEY_UPDATE, b"\0")), UNEXPECTED),
    "Certificate for Finished": (in_place(HANDSHAKE, message(CERTIFICATE, bytes(4))), UNEXPECTED),
    "CertificateVerify for Finished": (in_place(HANDSHAKE, message(CERTIFICATE_VERIFY, words(ECDSA) + bytes(70))),
                                       UNEXPECTED),
    "EndOfEarlyData for Finished": (in_place(HANDSHAKE, message(END_OF_EARLY)), UNEXPECTED),
    "hello for Finished": (in_place(HANDSHAKE, Hello().message()), UNEXPECTED),
}


@cases(RECORDS)
def test_records_of_the_handshake(guest, case, wanted):
    check(guest, case, wanted)


@pytest.mark.parametrize("say", [b"\1\0", b"\2\x28", b"\1\x5a", b"\7\7", b"\2", b""])
def test_alerts_in_the_handshake(guest, say):
    """Whenever a client ends it, TCP's end follows, and no harm is done."""
    def clear(peer):
        peer.send(ALERT, say)
        peer.sock.shutdown(socket.SHUT_WR)

    def sealed(peer):
        peer.say_hello()
        peer.take_flight()
        clear(peer)

    for case in clear, sealed:
        check(guest, case, (CLOSE_NOTIFY, UNEXPECTED, DECODE, ILLEGAL, "closed", "reset"))


# -- resumption --------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def ticket(secured):
    with reached(secured) as peer:
        served(peer.connect())
        assert len(peer.tickets) == 1 and 0 < peer.tickets[0].lifetime <= 7 * 86400
        return peer.tickets[0]


def test_a_ticket_serves_again_and_again(guest, ticket):
    for _ in range(3):
        with reached(guest) as peer:
            served(peer.connect(ticket=ticket))
            assert peer.resumed and len(peer.tickets) == 1


def test_a_ticket_of_a_resumed_connection(guest, ticket):
    for _ in range(3):
        with reached(guest) as peer:
            served(peer.connect(ticket=ticket))
            assert peer.resumed
            ticket = peer.tickets[0]


def test_a_ticket_after_a_retry(guest, ticket):
    with reached(guest) as peer:
        again = Hello(shares=key_shares())
        peer.say_hello(again, ticket)
        assert KEY_SHARE in peer.take_server_hello() and peer.retried
        again.change(shares=key_shares((X25519, again.share.public)))
        peer.say_hello(again, ticket)
        peer.take_flight()
        peer.finish()
        assert served(peer) and peer.resumed


@pytest.mark.parametrize("at", [0, 15, 16, 40, 100, -33, -1])
def test_altered_tickets_resume_nothing(guest, ticket, at):
    other = bytearray(ticket.name)
    other[at] ^= 4
    for name in bytes(other), ticket.name[:at] or b"x", ticket.name + b"x", os.urandom(len(ticket.name)):
        with reached(guest) as peer:
            peer.say_hello(None, ticket, name=name)
            peer.take_flight()
            peer.finish()
            assert served(peer) and not peer.resumed


def with_binder(spoil):
    return lambda peer, ticket: peer.say_hello(None, ticket, spoil=spoil)


def not_last(peer, ticket):
    wish = Hello()
    cut_short = ticket.extension(wish)
    wish.more = [(41, cut_short[4:]), (21, b"")]
    peer.say_hello(wish)


def no_modes(peer, ticket):
    peer.say_hello(Hello(modes=None), ticket)


def two_binders(peer, ticket):
    extension = ticket.extension(Hello())
    identities = extension[4:6 + int.from_bytes(extension[4:6], "big")]
    peer.raw(record(HANDSHAKE, Hello(more=[(41, identities + vector(2, 2 * vector(1, bytes(32))))]).message()))


def no_binders(peer, ticket):
    extension = ticket.extension(Hello())
    identities = extension[4:6 + int.from_bytes(extension[4:6], "big")]
    peer.raw(record(HANDSHAKE, Hello(more=[(41, identities + vector(2))]).message()))


@pytest.mark.parametrize("case, wanted", [
    (with_binder(lambda binder: bytes(32)), DECRYPT),
    (with_binder(lambda binder: bytes([binder[0] ^ 1]) + binder[1:]), DECRYPT),
    (with_binder(lambda binder: binder[:-1] + bytes([binder[-1] ^ 0x80])), DECRYPT),
    (not_last, ILLEGAL), (no_modes, MISSING), (two_binders, ILLEGAL), (no_binders, (DECODE, ILLEGAL))],
    ids=["zeroes", "first bit", "last bit", "not last", "no modes", "two binders", "no binders"])
def test_wrong_binders(guest, ticket, case, wanted):
    check(guest, lambda peer: case(peer, ticket), wanted)


def test_no_resumption_without_a_key_exchange(guest, ticket):
    """psk_ke alone (4.2.9): a whole handshake is made."""
    with reached(guest) as peer:
        served(peer.connect(Hello(modes=vector(1, b"\0")), ticket))
        assert not peer.resumed


@pytest.mark.parametrize("resumes", [False, True])
@pytest.mark.parametrize("count", [1, 100, 14000])
def test_early_data_is_passed_over(guest, ticket, resumes, count):
    """4.2.10: who takes none skips records that it cannot open, up to a limit."""
    with reached(guest) as peer:
        peer.say_hello(Hello(more=[(EARLY_DATA, b"")]), ticket if resumes else None)
        peer.raw(b"".join(record(DATA, os.urandom(len(part) + 17)) for part in chunks(bytes(count), 1000)))
        assert words(EARLY_DATA) not in peer.take_flight()
        peer.finish()
        served(peer)


def test_early_data_without_end(guest):
    def case(peer):
        peer.say_hello(Hello(more=[(EARLY_DATA, b"")]))
        peer.take_flight()
        for _ in range(10):
            peer.raw(record(DATA, os.urandom(16000)))
    check(guest, case, (UNEXPECTED, BAD_MAC))


# -- records behind the handshake --------------------------------------------------------------------------------------

def behind(*parts, then=served):
    """Records on a connection that stands: (type, content[, padding]) sealed, bytes as they are."""
    def case(peer):
        peer.connect()
        peer.raw(b"".join(part if isinstance(part, bytes) else peer.sealed(*part) for part in parts))
        return then(peer)
    return case


def update(wants, times=1, then=served):
    def case(peer):
        peer.connect()
        for _ in range(times):
            peer.update(wants)
        return then(peer)
    return case


def updates_with_requests(peer):
    peer.connect()
    for i in range(40):
        peer.update(i % 2)
        peer.raw(peer.sealed(DATA, ASK[:5]))
        peer.update(1)
        assert peer.ask(ASK[5:], PAGE)
    assert peer.updates >= 40
    return SERVED


def update_between(peer):
    """The key changes in the middle of a head; each side's new key is used at once."""
    peer.connect()
    said = b""
    for i in range(0, len(ASK), 10):
        said += peer.sealed(DATA, ASK[i:i + 10]) + peer.sealed(HANDSHAKE, message(KEY_UPDATE, b"\1"))
        peer.out = peer.out.next()
    peer.raw(said)
    return SERVED if peer.ask(b"", PAGE) else None


def old_key(peer):
    peer.connect()
    peer.send(HANDSHAKE, message(KEY_UPDATE, b"\0"))
    return served(peer)


def key_too_early(peer):
    peer.connect()
    peer.out = peer.out.next()
    return served(peer)


def repeated(peer):
    peer.connect()
    said = peer.sealed(DATA, ASK)
    peer.raw(said)
    assert peer.ask(b"", PAGE)
    peer.raw(said)


def left_out(peer):
    peer.connect()
    peer.sealed(DATA, b"lost")
    return served(peer)


def pad(head, count):
    return head + b"X: " + b"x" * (count - len(head) - 7) + b"\r\n\r\n"


POST = head_of("/k.bin", "POST", Content_Length=str(TEXT_MAX))


def posted(peer):
    """What the request's body was answered with, then another request."""
    got = b""
    while b"\r\n\r\n" not in got or not got.split(b"\r\n\r\n", 1)[0].startswith(b"HTTP/1.1 405"):
        got += peer.content()
    return served(peer)


def every_padding(peer):
    peer.connect()
    for count in (0, 1, 2, 15, 16, 17, 255, 256, 1000, TEXT_MAX - len(ASK)):
        peer.send(DATA, ASK, count)
        assert peer.ask(b"", PAGE)
    return SERVED


def byte_by_byte(peer):
    peer.connect()
    peer.raw(b"".join(peer.sealed(DATA, ASK[i:i + 1], i % 3) for i in range(len(ASK))))
    assert peer.ask(b"", PAGE)
    return SERVED


def trickled(peer):
    """A record in segments of a byte each."""
    peer.connect()
    for byte in peer.sealed(DATA, ASK):
        peer.raw(bytes([byte]))
    assert peer.ask(b"", PAGE)
    return SERVED


def sealed_too_long(peer):
    peer.connect()
    peer.raw(peer.out.seal(bytes(RECORD_MAX - 16 + 1)))


NOTHING = (DATA, b"")

BEHIND = {
    "2^14 bytes": (behind((DATA, POST), (DATA, bytes(TEXT_MAX)), then=posted), SERVED),
    "2^14 bytes and one": (behind((DATA, POST), (DATA, bytes(TEXT_MAX + 1))), OVERFLOW),
    "2^14 bytes with padding": (behind((DATA, ASK, TEXT_MAX + 1 - len(ASK))), OVERFLOW),
    "as much as may be sealed": (behind((DATA, ASK, RECORD_MAX - 17 - len(ASK))), OVERFLOW),
    "more than may be sealed": (sealed_too_long, OVERFLOW),
    "its head alone": (behind(bytes([DATA, 3, 3, 0x41, 1])), OVERFLOW),
    "paddings": (every_padding, SERVED),
    "records of a byte": (byte_by_byte, SERVED),
    "segments of a byte": (trickled, SERVED),
    "nothing": (behind(*[NOTHING] * IDLE_MAX), SERVED),
    "nothing but padding": (behind(*[(DATA, b"", 100)] * IDLE_MAX), SERVED),
    "nothing for ever": (behind(*[NOTHING] * 1000), UNEXPECTED),
    "nothing between requests": (behind(*[*[NOTHING] * 20, (DATA, b"\r\n")] * 4), SERVED),
    "zeroes alone": (behind((0, bytes(20))), UNEXPECTED),
    "a zero": (behind((0, b"")), UNEXPECTED),
    "a handshake of nothing": (behind((HANDSHAKE, b"")), UNEXPECTED),
    "a handshake of padding": (behind((HANDSHAKE, b"", 10)), UNEXPECTED),
    "an alert of nothing": (behind((ALERT, b"")), UNEXPECTED),
    "change_cipher_spec": (behind(record(CCS, b"\1")), UNEXPECTED),
    "change_cipher_spec sealed": (behind((CCS, b"\1")), UNEXPECTED),
    "heartbeat": (behind(record(24, bytes(20))), UNEXPECTED),
    "heartbeat sealed": (behind((24, b"\1\0\1x" + bytes(16))), UNEXPECTED),
    "type 255": (behind((255, b"x")), UNEXPECTED),
    "data in the clear": (behind(record(DATA, ASK)), BAD_MAC),
    "an alert in the clear": (behind(record(ALERT, b"\2\x28")), UNEXPECTED),
    "a hello in the clear": (behind(record(HANDSHAKE, Hello().message())), UNEXPECTED),
    "an HTTP request in the clear": (behind(ASK), UNEXPECTED),
    "no room for a tag": (behind(spoilt_sealed(16)), BAD_MAC),
    "nothing sealed": (behind(spoilt_sealed(0)), BAD_MAC),
    "a record again": (repeated, BAD_MAC),
    "a record too few": (left_out, BAD_MAC),
    "KeyUpdate": (update(0), SERVED),
    "KeyUpdate that wants one": (update(1), SERVED),
    "KeyUpdates": (update(0, IDLE_MAX), SERVED),
    "KeyUpdates that want one": (update(1, IDLE_MAX), SERVED),
    "KeyUpdates for ever": (update(0, 200), UNEXPECTED),
    "KeyUpdates that want one for ever": (update(1, 200), CUT_SHORT),
    "KeyUpdates with requests": (updates_with_requests, SERVED),
    "KeyUpdates within a request": (update_between, SERVED),
    "KeyUpdate of 2": (update(2), ILLEGAL),
    "KeyUpdate of 255": (update(255), ILLEGAL),
    "KeyUpdate of nothing": (behind((HANDSHAKE, message(KEY_UPDATE))), DECODE),
    "KeyUpdate of two bytes": (behind((HANDSHAKE, message(KEY_UPDATE, b"\0\0"))), DECODE),
    "KeyUpdate of 16 MiB": (behind((HANDSHAKE, b"\x18\xff\xff\xff\0")), DECODE),
    "KeyUpdate with the old key": (old_key, BAD_MAC),
    "the next key without a KeyUpdate": (key_too_early, BAD_MAC),
    "KeyUpdate twice in a record": (behind((HANDSHAKE, 2 * message(KEY_UPDATE, b"\0"))), UNEXPECTED),
    "KeyUpdate with data in it": (behind((HANDSHAKE, b"\x18\0"), (DATA, ASK)), UNEXPECTED),
    "KeyUpdate with an alert in it": (behind((HANDSHAKE, b"\x18\0"), (ALERT, b"\1\0")), UNEXPECTED),
    "KeyUpdate with nothing in it": (behind((HANDSHAKE, b"\x18\0"), (HANDSHAKE, b"")), UNEXPECTED),
    "renegotiation": (behind((HANDSHAKE, Hello().message())), UNEXPECTED),
    "HelloRequest": (behind((HANDSHAKE, message(0))), UNEXPECTED),
    "a ticket of the client's": (behind((HANDSHAKE, message(NEW_TICKET, bytes(20)))), UNEXPECTED),
    "Certificate": (behind((HANDSHAKE, message(CERTIFICATE, bytes(4)))), UNEXPECTED),
    "CertificateRequest": (behind((HANDSHAKE, message(13, bytes(3)))), UNEXPECTED),
    "Finished again": (behind((HANDSHAKE, message(FINISHED, bytes(32)))), UNEXPECTED),
    "EndOfEarlyData": (behind((HANDSHAKE, message(END_OF_EARLY))), UNEXPECTED),
    "close_notify": (behind((ALERT, b"\1\0"), then=lambda peer: None), CLOSE_NOTIFY),
    "close_notify as an error": (behind((ALERT, b"\2\0"), then=lambda peer: None), CLOSE_NOTIFY),
    "close_notify and more": (behind((ALERT, b"\1\0"), (DATA, ASK), b"nonsense" * 1000, then=lambda peer: None),
                              CLOSE_NOTIFY),
    "user_canceled": (behind((ALERT, b"\1\x5a")), SERVED),
    "user_canceled for ever": (behind(*[(ALERT, b"\1\x5a")] * 100), UNEXPECTED),
    "an error": (behind((ALERT, b"\2\x28"), then=lambda peer: None), ("closed", "reset")),
    "an error as a warning": (behind((ALERT, b"\1\x28"), then=lambda peer: None), ("closed", "reset")),
    "an unknown error": (behind((ALERT, b"\1\xff"), then=lambda peer: None), ("closed", "reset")),
    "half an alert": (behind((ALERT, b"\2")), DECODE),
    "two alerts": (behind((ALERT, b"\1\x5a\1\0")), (DECODE, UNEXPECTED)),
}


@cases(BEHIND)
def test_records_behind_the_handshake(guest, case, wanted):
    check(guest, case, wanted)


def test_a_bit_anywhere(guest):
    """In the head it is another type (10), or another length; everything else the tag is for."""
    choice = random.Random(7)
    length = 5 + len(ASK) + 17
    for at in [0, 1, 2, 4, 5, 6, length - 17, length - 16, length - 1, *choice.sample(range(7, length - 17), 8)]:
        def case(peer, at=at):
            peer.connect()
            said = bytearray(peer.sealed(DATA, ASK))
            said[at] ^= 1 << choice.randrange(8) if at != 4 else 1
            peer.raw(bytes(said) + bytes(2 * (at == 4)))
        check(guest, case, UNEXPECTED if at == 0 else BAD_MAC)


# -- ends --------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("notify", [True, False])
def test_half_closed(guest, notify):
    """Who says that it will say no more still gets all of the answer (6.1)."""
    def case(peer):
        peer.sock.settimeout(60)
        peer.connect()
        peer.raw(peer.sealed(DATA, ASK * 20) + (peer.sealed(ALERT, b"\1\0") if notify else b""))
        peer.sock.shutdown(socket.SHUT_WR)
        got = b""
        with contextlib.suppress(Ended):
            while True:
                got += peer.content()
        assert got.count(PAGE) == 20
        return SERVED
    check(guest, case, SERVED)


def test_closed_at_each_byte(guest):
    """The client goes, with TCP's end or a reset, wherever it is in the handshake."""
    said = record(HANDSHAKE, Hello().message())
    for i, count in enumerate([*range(8), *range(8, len(said), 9), len(said)]):
        with reached(guest) as peer:
            peer.raw(said[:count])
            if i % 2:
                peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    for count in (0, 1, 5, 6, 30, 57):
        with reached(guest) as peer:
            peer.say_hello()
            peer.take_flight()
            peer.raw(peer.sealed(HANDSHAKE, peer.finished())[:count])
    check(guest, hello(), SERVED)


def test_handshakes_that_are_over_leave_nothing(guest):
    """All but one of the places for handshakes are held; the last one serves, whatever happened to those of before. Who
    holds one and says nothing loses it after ten seconds: it has not come to that."""
    begun = time.monotonic()
    with contextlib.ExitStack() as stack:
        for _ in range(SLOTS - 1):
            stack.enter_context(reached(guest)).raw(record(HANDSHAKE, Hello().message())[:100])
        for _ in range(5):
            check(guest, hello(), SERVED)
        assert time.monotonic() - begun < 9
