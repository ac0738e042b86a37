"""The one table of what may be killed: part -> by what it is seen that its service is back (probe.py).

A part that is not here is never killed: `chaos` itself, by which they are, and the supervisor, whom nobody can restart.
"""

PARTS = {
    "timer_driver": "deadline",
    "entropy": "page",              # who has a seed needs it no more: nothing may be noticed
    "serial_driver": "typed",
    "serial_virt_tx": "line",
    "serial_virt_rx": "typed",
    "eth_driver": "page",
    "net_virt_rx": "page",
    "net_virt_tx": "page",
    "supervisor_time": "page",
    "nfs": "file",
    "http": "connection",
    "tls": "handshake",
    "keys": "handshake",
    "micropython": "program",
}
# Of those: what has no way back yet, and is left alone until it has.
NOT_YET = set()
KILLED = [name for name in PARTS if name not in NOT_YET]
# Who may run on and on: nobody notices that it spins.
UNWATCHED = {"micropython"}
