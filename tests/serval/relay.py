"""A relay between a guest and its NFS server, which does to replies what a test says, knowing what they answer."""

import socket
import struct
import threading

from . import ports

END = b"<the relay closes the connection here>"


NFS = 100003
CREATE, MKDIR, REMOVE, RMDIR, RENAME = 8, 9, 12, 13, 14     # RFC 1813 section 3


class Relay:
    """Between guest and server: passes bytes on, replies through `spoil(record, number)`, which returns the bytes to
    send; END in them closes the connection there. Records are whole RPC messages with their marker.
    call(record): the procedure of NFS that a reply answers, and how the call begins; or None."""

    def __init__(self, port, address="127.0.0.1"):
        self.target = ("127.0.0.1", port)
        self.spoil = None
        self.number = 0
        self.calls = {}     # transaction id -> procedure, how the record begins
        self.borrowed = ports.borrow(1)
        self.port, = self.borrowed
        self.listener = socket.create_server((address, self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)    # wakes who waits in accept(), which would keep the port
        self.listener.close()
        ports.give_back(self.borrowed)

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
            threading.Thread(target=self._calls, args=(guest, server), daemon=True).start()
            threading.Thread(target=self._replies, args=(server, guest), daemon=True).start()

    @staticmethod
    def _end(*sockets):
        for sock in sockets:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def call(self, record):
        return self.calls.pop(record[4:8], None)

    def _record(self, sock):
        marker = self._exactly(sock, 4)
        return marker + self._exactly(sock, struct.unpack(">I", marker)[0] & 0x7FFFFFFF)

    def _calls(self, guest, server):
        """RFC 5531 section 9: transaction id, CALL, RPC version, program, version, procedure."""
        try:
            while True:
                record = self._record(guest)
                program, _, procedure = struct.unpack(">III", record[16:28])
                if program == NFS:
                    self.calls[record[4:8]] = procedure, record[:512]     # names, not data
                server.sendall(record)
        except OSError:
            pass
        self._end(guest, server)

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
                record = self._record(server)
                self.number += 1
                record = self.spoil(record, self.number) if self.spoil else record
                record, end, _ = record.partition(END)
                guest.sendall(record)
                if end:
                    break
        except OSError:
            pass
        self._end(server, guest)
