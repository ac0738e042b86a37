"""PDs tls and keys: handshakes in QEMU, what the report says of the keys, and what TLS_KEY may not be."""

import datetime
import os
import re
import shutil
import statistics
import subprocess
import sys

import pytest
from serval import build, paths
from serval.qemu import Guest

sys.path.insert(0, str(paths.TOP))

from compose import ComposeError, pem, self_signed  # noqa: E402


DEATHS, GENEROUS_S = 100, 120
SLOTS = 32          # TLS_SLOTS
BACK_US = 20_000    # a new handshake, by the guest's clock
EXACT_TIME = ["-icount", "shift=1,sleep=off"]   # which is instructions: 2 ns each, whoever else uses this machine


@pytest.fixture(scope="module")
def shaking(tmp_path_factory):
    with Guest(build.system("tls_probe"), args=EXACT_TIME, log=tmp_path_factory.mktemp("tls") / "console.log") as guest:
        yield guest


def test_handshakes_and_lies(shaking):
    """Hellos alone and in all slots at a time are answered with all that a server says, also after a front that lied."""
    guest = shaking
    guest.expect(r"chain: status 6, ")      # TLS_CHAIN_NOT_OURS
    guest.expect(r"chain: status 0, ")
    for round in range(8):
        guest.expect(rf"round {round}: a server's hello, ")
    guest.expect(rf"flood: {SLOTS} answered")
    guest.expect(r"round 8: a server's hello, ")


@pytest.mark.parametrize("name", ["tls", "keys", "entropy"])
def test_a_new_handshake_soon_after_a_death(shaking, record_property, name):
    """Each has died in the middle of handshakes: how long until a hello is answered with all that a server says."""
    times = [int(shaking.expect(rf"{name} {number}: a server's hello, .* after (\d+) us", GENEROUS_S)[1])
             for number in range(DEATHS)]
    times.sort()
    p99 = times[DEATHS * 99 // 100 - 1]
    figures = f"median {statistics.median(times):.0f} us, p99 {p99} us, longest {times[-1]} us"
    record_property("a handshake after", figures)
    print(f"{name}: a handshake after {figures}")
    assert p99 < BACK_US


def test_each_has_died_so_often(shaking):
    """tls died with the source of seeds as well, to want one."""
    shaking.expect("done", GENEROUS_S)
    assert "WRONG" not in shaking.text()
    for name, count in (("tls", 2 * DEATHS), ("keys", DEATHS), ("entropy", DEATHS)):
        assert shaking.text().count(f"fault: PD '{name}'") == count


@pytest.fixture(scope="module")
def probe():
    return build.system("tls_probe")


@pytest.mark.skipif(bool(os.environ.get("MICROKIT_SDK")), reason="the official tool's report says less")
def test_who_has_the_keys(probe):
    """The tool has walked the page tables: every page that two PDs reach is named. Of keys' it is one, that tls has."""
    report = probe.with_suffix(".report.txt").read_text()
    assert "no two protection domains share a page that the description does not name" in report
    shared = re.findall(r"^        '(\w+)': (.*'keys'.*)$", report, re.MULTILINE)
    assert shared == [("keys_page", "written by 'keys', 'tls'")]
    assert re.search(r"is now a secret, and so is .*: it holds the private keys of its certificates, in PD keys", report)


def shared_by(report, name):
    """{region: who reaches it beside `name`}, of what the tool found in the page tables."""
    found = re.findall(rf"^        '(\w+)': (.*'{name}'.*)$", report, re.MULTILINE)
    return {region: sorted(set(re.findall(r"'(\w+)'", who)) - {name}) for region, who in found}


@pytest.mark.skipif(bool(os.environ.get("MICROKIT_SDK")), reason="the official tool's report says less")
def test_who_has_which_secret(tmp_path):
    """docs/https.md, in the web server: keys has a page with tls; tls has rings and shares with the front, a word for its
    deadline with the timer's driver, and beside its source of seeds, which is a call, nobody else; neither has a page of the file service's or the network's."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    self_signed.main(key, certificate, "localhost")
    image = build.system("webserver", WEBSITE_FILES="examples/webserver/site", TLS_KEY=str(key), TLS_CERT_FILE=str(certificate))
    report = image.with_suffix(".report.txt").read_text()
    assert shared_by(report, "keys") == {"keys_page": ["tls"]}
    assert shared_by(report, "tls") == {"keys_page": ["keys"], "tls_to_http": ["http"], "tls_from_http": ["http"],
                                        "tls_requests_http": ["http"], "tls_answers_http": ["http"],
                                        "timer_tls": ["timer_driver"]}
    assert re.search(r"'tls_requests_http': written by 'http', read by 'tls'$", report, re.MULTILINE)
    assert re.search(r"'tls_answers_http': written by 'tls', read by 'http'$", report, re.MULTILINE)


def test_the_key_is_in_one_program_alone(probe):
    scalar = (0x5EE5EE).to_bytes(32, "big")
    programs = {path.stem: path.read_bytes() for path in (probe.parent / "tls_probe").glob("*.elf")}
    assert {name for name, content in programs.items() if scalar in content} == {"keys"}
    assert probe.read_bytes().count(scalar) == 1


def test_nobody_else_may_read_it(probe):
    for path in (probe, probe.parent / "tls_probe" / "keys.elf", probe.parent / "tls_probe" / "keys.config.c"):
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.skipif(not shutil.which("llvm-nm"), reason="no llvm-nm")
def test_keys_links_one_curve_and_no_parser(probe):
    symbols = subprocess.run(["llvm-nm", probe.parent / "tls_probe" / "keys.elf"], check=True, capture_output=True, text=True).stdout
    assert "ECDSA_sign" in symbols and "ecp_nistz256" in symbols
    assert not re.search(r"p384|p521|x25519|X509|d2i_|PEM_|RSA_|EVP_PKEY_|\bSSL_", symbols, re.IGNORECASE)


def test_tls_links_no_parser_of_certificates(probe):
    symbols = subprocess.run(["llvm-nm", probe.parent / "tls_probe" / "tls.elf"], check=True, capture_output=True, text=True).stdout
    assert "SSL_do_handshake" in symbols and not re.search(r"X509_verify|d2i_X509\b|X509_STORE", symbols)


def test_no_program_links_what_none_needs(probe):
    """What a server of TLS 1.3 with keys of P-256 never comes to: third_party/awslc/files.mk."""
    unneeded = r"RSA_(sign|verify|encrypt|generate)|ml_?dsa_?\d|DSA_(do_)?sign|DES_|MD5_Transform|SHA1_Transform|p(384|521)_g_pre_comp|X509_NAME_it"
    for name, more in (("tls", "ecp_nistz256_precomputed"), ("keys", "ml_?kem")):
        symbols = subprocess.run(["llvm-nm", probe.parent / "tls_probe" / f"{name}.elf"], check=True, capture_output=True, text=True).stdout
        assert re.findall(rf" \w*(?:{unneeded}|{more})\w*", re.sub(r"\bECDSA_\w+", "", symbols)) == [], name


# What TLS_KEY may be.

def openssl(*arguments, text=None):
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True, text=True, input=text).stdout


needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl")
GENERATE = ["genpkey", "-algorithm", "EC", "-pkeyopt"]


@needs_openssl
def test_keys_that_are_taken():
    pkcs8 = openssl(*GENERATE, "ec_paramgen_curve:P-256")
    sec1 = openssl("ecparam", "-name", "prime256v1", "-genkey")
    keys = pem.keys_in(sec1 + pkcs8.replace("\n", "\r\n"))
    assert len(keys) == 2
    for key, text in zip(keys, (sec1, pkcs8)):
        public = bytes.fromhex(re.search(r"pub:\s*([0-9a-f:\s]+)", openssl("pkey", "-noout", "-text", text=text))[1]
                               .replace(":", "").replace(" ", "").replace("\n", ""))
        assert key.point == public


@needs_openssl
@pytest.mark.parametrize("make, message", [
    (lambda: openssl("genrsa", "-traditional", "1024"), "an RSA key; P-256"),
    (lambda: openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"), "an RSA key; P-256"),
    (lambda: openssl("genpkey", "-algorithm", "ED25519"), "an Ed25519 key; P-256"),
    (lambda: openssl(*GENERATE, "ec_paramgen_curve:P-384"), "a key of P-384; P-256 is the only curve"),
    (lambda: openssl("ecparam", "-name", "secp256k1", "-genkey"), "a key of secp256k1"),
    (lambda: openssl(*GENERATE, "ec_paramgen_curve:P-256", "-aes128", "-pass", "pass:x"), "is encrypted"),
    (lambda: openssl("ec", "-aes128", "-passout", "pass:x", text=openssl("ecparam", "-name", "prime256v1", "-genkey")), "is encrypted"),
    (lambda: openssl("pkey", "-pubout", text=openssl(*GENERATE, "ec_paramgen_curve:P-256")), "holds a public key"),
    (lambda: 2 * openssl(*GENERATE, "ec_paramgen_curve:P-256"), "the same key twice"),
    (lambda: "".join(openssl(*GENERATE, "ec_paramgen_curve:P-256") for _ in range(9)), "holds 9 keys; at most 8"),
])
def test_keys_that_are_not(make, message, tmp_path):
    file = tmp_path / "key.pem"
    file.write_text(make())
    with pytest.raises(ComposeError, match=message) as error:
        pem.keys_of(file)
    assert "\n" not in str(error.value) and str(file) in str(error.value)


@pytest.mark.parametrize("text, message", [
    ("", "has no private key in it"), ("hello\n", "has no private key in it"),
    ("-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n", "is damaged"),
    ("-----BEGIN PRIVATE KEY-----\n*\n-----END PRIVATE KEY-----\n", "is damaged"),
    (self_signed.certificate(self_signed.key_from(7), ["a"], datetime.datetime(2026, 1, 1)), "has no private key in it"),
    (self_signed.private_key(self_signed.key_from(7)._replace(point=self_signed.key_from(8).point)), "its public half is not"),
    (self_signed.private_key(self_signed.key_from(7)._replace(scalar=bytes(32))), "no key of P-256"),
])
def test_files_that_are_no_keys(text, message, tmp_path):
    file = tmp_path / "key.pem"
    file.write_text(text)
    with pytest.raises(ComposeError, match=message):
        pem.keys_of(file)


def test_no_file():
    with pytest.raises(ComposeError, match="TLS_KEY='/nowhere': No such file"):
        pem.keys_of("/nowhere")


def test_each_cut_is_one_line():
    """A key cut off anywhere, or with a byte changed, is refused or is a key: nothing else comes out."""
    whole = self_signed.private_key(self_signed.key_from(0x1234567))
    for at in range(0, len(whole), 3):
        for text in (whole[:at], whole[:at] + "A" + whole[at + 1:]):
            try:
                assert len(pem.keys_in(text)) == 1
            except ComposeError as error:
                assert "\n" not in str(error)


@needs_openssl
def test_the_self_signed_one_is_believed(tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    addresses = ("127.0.0.1", "::1", "2001:db8::17")
    self_signed.main(key, certificate, "localhost", *addresses)
    assert key.stat().st_mode & 0o077 == 0
    assert "Key is valid" in openssl("pkey", "-in", key, "-check", "-noout")
    assert ": OK" in openssl("verify", "-x509_strict", "-CAfile", certificate, certificate)
    for address in addresses:
        assert openssl("x509", "-in", certificate, "-noout", "-checkip", address).strip().endswith("does match certificate")
    assert openssl("x509", "-in", certificate, "-noout", "-ext", "subjectAltName").count("DNS:") == 1
    before = key.read_text()
    self_signed.main(key, certificate, "other")
    assert key.read_text() == before
