/* fs/nfs/socket.h: what libnfs needs of POSIX sockets, over lwIP's raw TCP; the POSIX names are in compat/. What POSIX
 * has no name for: */
#ifndef FS_NFS_SOCKET_H
#define FS_NFS_SOCKET_H

/* POLLIN, POLLOUT, POLLERR, POLLHUP as they are now. */
int socket_events(int fd);

/* What send() has taken leaves with this call, in as few segments as can be. */
void socket_flush(int fd);

#endif
