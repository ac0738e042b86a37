"""compose/http.py: each mistake of a description has its message; what an application's program would say by itself the
description says in the same words."""

import inspect
import re
import sys

import pytest
from serval import paths
from test_compose import compose, device_tree, written  # noqa: F401

sys.path.insert(0, str(paths.TOP))

from compose.http import Site  # noqa: E402

PREAMBLE = """\
from compose.fs import MemFs
from compose.http import AccessLog, Http, Https, Site
from compose.net import Net
from compose.python import Python
from compose.serial import Serial
from compose.timer import Timer
serial, timer, net = Serial(s), Timer(s), Net(s)
def http(sites=(Site('/www'),), files=None, mac='52:54:01:00:00:11', **more):
    files = files or MemFs(s, name=f"files{len(s.pds)}")
    return Http(s, serial, timer, net, mac=mac, files=files, sites=list(sites), **more)
"""

MISTAKES = {
    "no_files": ("Http(s, serial, timer, net, mac='52:54:01:00:00:11', files=None, sites=[Site('/www')])",
                 "PD 'http': a front without a file service has nothing to serve"),
    "no_site": ("http([])", "PD 'http': a front without an application needs a site"),
    "no_port": ("http(port=0)", "PD 'http': a front without an application needs a port"),
    "port": ("http(port=65536)", "PD 'http': port 65536 is not in 0..65535"),
    "two_fronts": ("http(); http(name='other', mac='52:54:01:00:00:12')",
                   "PD 'other': port 80 is that of the front in PD 'http' already"),
    "two_applications": ("h = http(); Python(s, serial, timer, site=h); Python(s, serial, timer, site=h, name='more')",
                         "PD 'more': front 'http' has an application already: 'micropython'"),
    "application_above": ("Python(s, serial, timer, site=http(), priority=71)",
                          "PD 'micropython': priority 71 of an application is above that of its front 'http' (70), "
                          "which must not wait while it computes"),
    "share_small": ("http(files=MemFs(s, cache=0x10000))",
                    "PD 'http': a cache of 0x10000 bytes; there can be 0, or 0x100000 to 0x4000000"),
    "above_its_files": ("http(priority=91)", "PD 'http': priority 91 is above that of its files' PD 'files8' (90), "
                                             "which it waits for"),
    "fresh": ("http(fresh_ms=3600001)", "PD 'http': fresh_ms 3600001 is not in 0..3600000"),
    "stale": ("http(stale_s=-1)", "PD 'http': stale_s -1 is not in 0..1000000000"),
    "wait": ("http(wait_s=0)", "PD 'http': wait_s 0 is not in 1..60"),
    "many_sites": ("http([Site('/www', prefix=f'/{i}/') for i in range(17)])", "PD 'http': 17 sites; at most 16"),
    "host": ("http([Site('/www', host='a:80')])",
             "PD 'http': site '/': host: 'a:80' is no name of one (of other letters in its form with xn--, and without a port)"),
    "host_twice": ("http([Site('/www', host='A.example'), Site('/x', host='a.example')])",
                   "PD 'http': two sites have the prefix 'a.example/'"),
    "users": ("http([Site('/www', users={'a': ''})])", "PD 'http': site '/': users['a'] has no password"),
    "prefix_twice": ("http([Site('/www'), Site('/other')])", "PD 'http': two sites have the prefix '/'"),
    "prefix": ("http([Site('/www', prefix='/docs')])",
               "PD 'http': site '/docs': a prefix begins and ends with '/'"),
    "prefix_empty_name": ("http([Site('/www', prefix='/docs//')])",
                          "PD 'http': site '/docs//': prefix '/docs//' has an empty name, '.' or '..' in it"),
    "folder_relative": ("http([Site('www')])",
                        "PD 'http': site '/': folder 'www' is not absolute: it begins with '/'"),
    "folder_leaves": ("http([Site('/www/../etc')])",
                      "PD 'http': site '/': folder '/www/../etc' has an empty name, '.' or '..' in it"),
    "folder_long": ("http([Site('/' + 'x' * 255)])", "PD 'http': site '/': folder has 256 bytes; at most 255"),
    "policy": ("http([Site('/www', pages='public\\n')])",
               "PD 'http': site '/': pages must not have control characters: 'public\\n'"),
    "header_name": ("http([Site('/www', headers={'A B': 'c'})])",
                    "PD 'http': site '/': headers: 'A B' is no field's name"),
    "header_ours": ("http([Site('/www', headers={'ETag': 'c'})])",
                    "PD 'http': site '/': headers: the front sets ETag itself"),
    "header_said_by": ("http([Site('/www', headers={'content-type': 'a/b'})])",
                       "PD 'http': site '/': headers: the front sets content-type itself, by types="),
    "header_value": ("http([Site('/www', headers={'A': 'b\\r\\nC: d'})])",
                     "PD 'http': site '/': headers must not have control characters: 'b\\r\\nC: d'"),
    "https_no_chain": ("http(https=Https([]))", "PD 'http': 0 certificate chains; 1 to 8 there can be"),
    "https_port": ("http(https=Https(['/a.pem'], port=65536))", "PD 'http': HTTPS's port 65536 is not in 1..65535"),
    "https_same_port": ("http(https=Https(['/a.pem'], port=80))", "PD 'http': port 80 is for HTTP and for HTTPS"),
    "https_hsts": ("http(https=Https(['/a.pem'], hsts_s=-1))", "PD 'http': hsts_s -1 is not in 0..316224000"),
    "https_path": ("http(https=Https(['/tls//a.pem']))",
                   "PD 'http': the certificate chain's file '/tls//a.pem' is no absolute path of a file"),
    "https_long": ("http(https=Https(['x' * 16385]))", "PD 'http': a certificate chain has 16385 bytes; at most 16384"),
    "https_long_in_bytes": ("http(https=Https(['\\xe4' + 'x' * 16383]))",
                            "PD 'http': a certificate chain has 16385 bytes; at most 16384"),
    "https_without_tls": ("http(https=Https(['/a.pem']))",
                          "PD 'http': https=.. without Tls(.., front=..) of compose/tls.py: nobody makes its handshakes"),
    "type": ("http([Site('/www', types={'foo': 'foo'})])", "PD 'http': site '/': types['*.foo']: 'foo' is no media type"),
    "charset": ("http([Site('/www', charset='utf 8')])", "PD 'http': site '/': charset: 'utf 8' is no name of one"),
    "log_relative": ("http(access_log=AccessLog(file='log'))",
                     "PD 'http': the access log's file 'log' is no absolute path of a file"),
    "log_leaves": ("http(access_log=AccessLog(file='/../log'))",
                   "PD 'http': the access log's file '/../log' is no absolute path of a file"),
    "log_not_clean": ("http(access_log=AccessLog(file='/logs/./log'))",
                      "PD 'http': the access log's file '/logs/./log' is no absolute path of a file"),
    "log_name": ("http(access_log=AccessLog(file='/log-%y'))",
                 "PD 'http': the access log's file '/log-%y': '%y' is none of %Y %m %d %H"),
    "log_name_end": ("http(access_log=AccessLog(file='/log%'))",
                     "PD 'http': the access log's file '/log%': '%' is none of %Y %m %d %H"),
    "log_long": ("http(access_log=AccessLog(file='/' + 'x' * 255))",
                 f"PD 'http': the access log's file '/{'x' * 255}' has more than 255 bytes"),
    "log_syslog": ("http(access_log=AccessLog(syslog='log.example'))",
                   "PD 'http': the access log's syslog server 'log.example' is neither ADDRESS nor ADDRESS:PORT, with an "
                   "IPv4 address"),
    "log_syslog_port": ("http(access_log=AccessLog(syslog='10.0.2.2:0'))",
                        "PD 'http': the access log's syslog server '10.0.2.2:0' is neither ADDRESS nor ADDRESS:PORT, with an "
                        "IPv4 address"),
    "head_long": ("http([Site('/www', pages='x' * 200, headers={'A': 'y' * 200})])",
                  "PD 'http': site '/': Cache-Control and headers have 405 bytes; 384 there is room for"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake(tmp_path, mistake):
    text, message = MISTAKES[mistake]
    done = compose(tmp_path, PREAMBLE + text)
    assert done.returncode == 1
    assert done.stderr.strip().endswith(f"error: {message}")
    assert len(done.stderr.strip().splitlines()) == 1


def test_configuration(tmp_path):
    done = compose(tmp_path, PREAMBLE + "http([Site('/www'), Site('/m', prefix='/docs/', host='Example.org', others=0, "
                   "headers={'X-A': 'b'}, precompressed=False, types={'foo': 'a/b'})], port=8080, fresh_ms=5)")
    assert done.returncode == 0, done.stderr
    text = written(tmp_path, "http.config.c")
    assert ".files = &fs_client_config" in text and ".port = 0x1f90" in text and ".fresh_ms = 5," in text
    assert ".site_count = 2" in text and '.folder = "/www"' in text and '.name = "example.org/docs/"' in text
    assert r'.fields = "X-A: b\015\012"' in text and ".precompressed = false" in text
    assert r'.rules = "type\011*.foo\011a/b\012others\011max-age=0\012"' in text
    assert not list((tmp_path / "out").glob("micropython*"))


def test_access_log(tmp_path):
    done = compose(tmp_path, PREAMBLE + "http(access_log=AccessLog(file='/logs/%Y.log', syslog='192.0.2.7'))")
    assert done.returncode == 0, done.stderr
    text = written(tmp_path, "http.config.c")
    assert ".access = &access_config" in text and '.file = "/logs/%Y.log"' in text and ".syslog_port = 514" in text
    assert ".writes = 0" not in written(tmp_path, "files8.config.c"), "the file service lets it write"


def test_https_is_a_program_of_its_own(tmp_path):
    done = compose(tmp_path, PREAMBLE + "from compose.entropy import Entropy\nfrom compose.self_signed import key_from\n"
                   "from compose.tls import Tls\n"
                   "secured = http(https=Https(['/a.pem', 'PEM'], port=8443, redirect=True))\n"
                   "Tls(s, timer, Entropy(s, serial), front=secured.pd, keys=[key_from(7)])\n"
                   "http(name='plain', mac='52:54:01:00:00:12', port=81)")
    assert done.returncode == 0, done.stderr
    text = written(tmp_path, "http.config.c")
    assert '.path = "/a.pem"' in text and '.pem = "PEM"' in text and ".port = 0x20fb" in text and ".redirect = true" in text
    assert "secured" not in written(tmp_path, "plain.config.c")
    programs = written(tmp_path, "sys.mk")
    assert ",http,http_https)" in programs and ",plain,http_front)" in programs


def test_what_a_python_pd_has_is_named_in_its_configuration(tmp_path):
    done = compose(tmp_path, PREAMBLE + "Python(s, serial, timer, name='bare')\n"
                   "Python(s, serial, timer, net=net, mac='52:54:01:00:00:12', name='net')\n"
                   "Python(s, serial, timer, files=MemFs(s), name='files')\n"
                   "Python(s, serial, timer, site=http([], port=0), name='site')\n"
                   "Python(s, serial, timer, net=net, mac='52:54:01:00:00:13', files=MemFs(s, name='m2'), "
                   "site=http(name='other', mac='52:54:01:00:00:14'), name='all')")
    assert done.returncode == 0, done.stderr
    for name, given in (("bare", ""), ("net", "ip net"), ("files", "files"), ("site", "site"),
                        ("all", "files ip net site")):
        text = written(tmp_path, f"{name}.config.c")
        for field in ("files", "ip", "net", "site"):
            assert re.search(rf"    \.{field} = (.+),", text)[1].startswith("&") == (field in given.split()), (name, field)
    assert "site_port = 0," in written(tmp_path, "site.config.c") and "site_port = 80," in written(tmp_path, "all.config.c")


def test_each_side_of_an_application_can_write_one_share(tmp_path):
    done = compose(tmp_path, PREAMBLE + "Python(s, serial, timer, site=http())")
    assert done.returncode == 0, done.stderr
    parts = re.split(r'<protection_domain name="(\w+)"', written(tmp_path, "sys.system"))[1:]
    for region, writer, reader in (("app_requests_http", "http", "micropython"),
                                   ("app_answers_http", "micropython", "http")):
        rights = {name: re.search(rf'<map mr="{region}" [^>]*perms="(\w+)"', text)
                  for name, text in zip(parts[::2], parts[1::2])}
        assert {name: found[1] for name, found in rights.items() if found} == {writer: "rw", reader: "r"}


def test_defaults_and_what_is_refused_are_those_of_a_program():
    """python/website.py has them, too; what is refused is by python/website_policy.py in both."""
    program = (paths.TOP / "python" / "website.py").read_text()
    for name, parameter in inspect.signature(Site).parameters.items():
        if name not in ("folder", "prefix", "headers"):
            assert re.search(rf"\b{name}=({re.escape(repr(parameter.default))}|\"{parameter.default}\")[,)]", program), name
