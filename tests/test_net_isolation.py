"""A client of the network service that lies, beside one that works:
no frame with another's address leaves, nobody stops."""

from serval import build
from serval.qemu import Guest
from serval.wire import ACK, PSH, Wire

ECHO_MAC = bytes.fromhex("525401000020")
LIAR_MAC = bytes.fromhex("525401000066")
EXPERIMENTAL = b"\x88\xb5"


def test_liar(tmp_path):
    with Wire() as wire:
        with Guest(build.system("net_isolation"), netdev=wire.netdev, log=tmp_path / "console.log") as guest:
            seen = []
            receive = wire.receive

            def watching(deadline):
                frame = receive(deadline)
                if frame:
                    seen.append(frame)
                return frame

            wire.receive = watching
            wire.serve_address()
            guest.expect(r"echo: TCP and UDP port 7")
            for i in range(200):        # while the other does its worst
                tcp = wire.tcp(30_000 + i, 7)
                tcp.connect(retries=30)
                tcp.send(ACK | PSH, b"still here" * 50)
                assert tcp.read(500) == b"still here" * 50
            guest.expect(r"liar: has done its worst")
            tcp = wire.tcp(40_000, 7)
            tcp.connect(b"after all")
            assert tcp.read(9) == b"after all"
            assert "fault" not in guest.text().lower()
    sources = {frame[6:12] for frame in seen}
    assert sources <= {ECHO_MAC, LIAR_MAC}
    experimental = [frame for frame in seen if frame[12:14] == EXPERIMENTAL]
    assert experimental, "some of the liar's frames are right, and leave"
    assert all(frame[6:12] == LIAR_MAC for frame in experimental)
