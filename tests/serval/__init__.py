"""What the system tests stand on: build a system, boot it in QEMU, watch its console, serve NFS to it."""
