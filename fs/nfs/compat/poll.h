/* fs/nfs/compat/poll.h: the events of a socket. There is no poll(): see socket_events() in fs/nfs/socket.h. */
#ifndef NFS_COMPAT_POLL_H
#define NFS_COMPAT_POLL_H

#define POLLIN 0x01
#define POLLOUT 0x04
#define POLLERR 0x08
#define POLLHUP 0x10

#endif
