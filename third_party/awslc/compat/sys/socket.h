/* sys/socket.h: libssl includes it, and uses nothing of it here. */
