"""The time of day: from the board's clock, or from an NTP server of ours (serval/sntp.py); the front finds it out, Python
reads it. Answers that are none, servers that DHCP names, what is told when: tests/unit/net_ip_time.c."""

import email.utils
import time
import urllib.request

import pytest
from serval import build
from serval.qemu import Guest, needs_machine
from serval.repl import Repl
from serval.sntp import SntpServer

pytestmark = needs_machine

AHEAD_S = 400 * 86400
NEAR_S = 30         # of a machine that others use, too
ADDRESS = "10.0.2.15"
FROM_CLOCK = r"time of day: (\w{3}, .* GMT), from the board's clock"
FROM_SERVER = r"time of day: (\w{3}, .* GMT), from NTP server 10\.0\.2\.2"


@pytest.fixture
def boot(request, tmp_path):
    guests = request.node.serval_guests = []

    def start(**variables):
        folder = tmp_path / "site"
        folder.mkdir(exist_ok=True)
        (folder / "index.html").write_text("<h1>now</h1>")
        (folder / "app.py").write_text("import time\n"
                                       "def routes(app):\n"
                                       "    @app.get('/time')\n"
                                       "    async def now(request):\n"
                                       "        return '%d' % time.time()\n")
        image = build.system("webserver", WEBSITE_FILES=folder, **variables)
        guest = Guest(image, {"http": ("tcp", ADDRESS, 80)}, log=tmp_path / f"console{len(guests)}.log")
        guests.append(guest)
        return guest.__enter__()

    yield start
    for guest in guests:
        guest.close()


def get(guest, path):
    with urllib.request.urlopen(guest.url(path), timeout=60) as answer:
        return answer.headers["Date"], answer.read()


def seconds(date):
    return email.utils.parsedate_to_datetime(date).timestamp()


def near(there, ahead=0):
    return abs(there - time.time() - ahead) < NEAR_S


def test_the_boards_clock(boot):
    guest = boot(APPLICATION="none")
    assert near(seconds(guest.expect(FROM_CLOCK)[1]))
    guest.expect("serving http")
    assert near(seconds(get(guest, "/")[0]))
    assert guest.text().count("time of day") == 1


def test_an_ntp_server(boot):
    """Whose time is another than the clock's: front and Python have it, at once."""
    with SntpServer(AHEAD_S) as server:
        guest = boot(NTP_SERVER="10.0.2.2", NTP_PORT=server.port)
        matches = guest.expect_all([FROM_CLOCK, FROM_SERVER, "Starting async server on"])
        assert near(seconds(matches[0][1])) and near(seconds(matches[1][1]), AHEAD_S)
        date, _ = get(guest, "/")
        _, told = get(guest, "/time")
        assert near(seconds(date), AHEAD_S) and near(int(told), AHEAD_S)
        assert len(server.questions) == 1


def test_a_clock_that_was_never_set(request, tmp_path):
    """Where nobody finds the time out, either: Python counts from 1970."""
    with Guest(build.system("python"), log=tmp_path / "console.log", args=["-rtc", "base=2001-01-01T00:00:00"]) as guest:
        request.node.serval_guests = [guest]
        assert 0 <= int(Repl(guest).run("import time; print(time.time())")) < 86400


def test_a_server_that_is_silent_and_one_that_lies(boot):
    """No answer, then answers to no question of ours: it goes on asking, and the clock's time stays."""
    with SntpServer(AHEAD_S, lambda answer: answer | {"original": (1, 2)}) as server:
        server.silence()
        guest = boot(APPLICATION="none", NTP_SERVER="10.0.2.2", NTP_PORT=server.port)
        guest.expect(FROM_CLOCK)
        server.wait_asked()
        server.silent = False
        server.wait_asked(2, timeout=120)
        guest.expect("serving http")
        assert near(seconds(get(guest, "/")[0]))
        assert "NTP" not in guest.text()
