"""A relay between a guest and its NFS server, which does to replies what a test says."""

import socket
import struct
import threading

END = b"<the relay closes the connection here>"


class Relay:
    """Between guest and server: passes bytes on, replies through `spoil(record, number)`, which returns the bytes to
    send; END in them closes the connection there. Records are whole RPC messages with their marker."""

    def __init__(self, port):
        self.target = ("127.0.0.1", port)
        self.spoil = None
        self.number = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                guest, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self.target)
            except OSError:
                guest.close()
                continue
            threading.Thread(target=self._copy, args=(guest, server), daemon=True).start()
            threading.Thread(target=self._replies, args=(server, guest), daemon=True).start()

    @staticmethod
    def _end(*sockets):
        for sock in sockets:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _copy(self, source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        self._end(source, sink)

    @staticmethod
    def _exactly(sock, size):
        data = b""
        while len(data) < size:
            part = sock.recv(size - len(data))
            if not part:
                raise OSError("end")
            data += part
        return data

    def _replies(self, server, guest):
        try:
            while True:
                marker = self._exactly(server, 4)
                record = marker + self._exactly(server, struct.unpack(">I", marker)[0] & 0x7FFFFFFF)
                self.number += 1
                record = self.spoil(record, self.number) if self.spoil else record
                record, end, _ = record.partition(END)
                guest.sendall(record)
                if end:
                    break
        except OSError:
            pass
        self._end(server, guest)
