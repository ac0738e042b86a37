"""An SNTP server (RFC 4330) on this machine, as a test wants it: with its own idea of the time, silent, or with answers that
are none.

    with SntpServer() as server:
        boot(.., NTP_SERVER="10.0.2.2", NTP_PORT=server.port)
        server.wait_asked()
"""

import socket
import struct
import threading
import time

ERA_1900_S = 2208988800     # from there to 1970
LENGTH = 48
CLIENT, SERVER = 3, 4       # modes
FIELDS = "!BBbb11I"


def stamp(unix_s):
    """Seconds since 1900 and a fraction, as two numbers."""
    whole = int(unix_s // 1)
    return (whole + ERA_1900_S) % (1 << 32), int((unix_s - whole) * (1 << 32))


class SntpServer:
    """ahead_s: of this machine's clock. change: a function that makes of an answer, a dict, what is sent. From silence() to
    speak() it says nothing."""

    def __init__(self, ahead_s=0, change=lambda answer: answer):
        self.ahead_s, self.change, self.silent = ahead_s, change, False
        self.questions, self.asked = [], threading.Condition()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.sendto(b"", ("127.0.0.1", self.port))
        self.thread.join()
        self.socket.close()

    def _serve(self):
        while question := self.socket.recvfrom(1024):
            data, client = question
            if not data:
                return
            with self.asked:
                self.questions.append((data, client, time.time()))
                if not self.silent:
                    self._answer()
                self.asked.notify_all()

    def silence(self):
        with self.asked:
            self.silent = True
            self.questions.clear()

    def speak(self):
        """Answers from now on, and what it was asked last, which the guest may still wait for."""
        with self.asked:
            self.silent = False
            if self.questions:
                self._answer()

    def _answer(self):
        data, client, asked_s = self.questions[-1]
        words = struct.unpack(FIELDS, data[:LENGTH])
        assert len(data) == LENGTH and words[0] & 7 == CLIENT and words[0] >> 3 & 7 == 4, data
        answer = self.change({"leap": 0, "mode": SERVER, "stratum": 2, "original": words[13:15],
                              "received": stamp(asked_s + self.ahead_s), "sent": stamp(time.time() + self.ahead_s)})
        fields = struct.pack(FIELDS, answer["leap"] << 6 | 4 << 3 | answer["mode"], answer["stratum"], 6, -20, 0, 0, 0,
                             *stamp(asked_s + self.ahead_s - 10), *answer["original"], *answer["received"], *answer["sent"])
        self.socket.sendto(fields, client)

    def wait_asked(self, times=1, timeout=60):
        """Until it has been asked so often."""
        with self.asked:
            assert self.asked.wait_for(lambda: len(self.questions) >= times, timeout), "it was not asked"
