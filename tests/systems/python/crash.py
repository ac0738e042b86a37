"""Ends by an exception each time, with a listening socket and a file open."""
import socket
import sys

listener = socket.socket()
listener.bind(("0.0.0.0", 7000))        # refused, if the former run's were still there
listener.listen(5)
print("run of", sys.argv)
raise ValueError("on purpose")
