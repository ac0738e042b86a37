/* fs/nfs/socket.h: what libnfs needs of POSIX sockets, over lwIP's raw TCP; the POSIX names are in compat/. What POSIX
 * has no name for: */
#ifndef FS_NFS_SOCKET_H
#define FS_NFS_SOCKET_H

#include <stdbool.h>

/* As poll(): those of `wanted`, POLLIN and POLLOUT, that are so now; POLLERR in any case. */
int socket_events(int fd, int wanted);

/* The end of an event: what send() has taken leaves, in as few segments as can be. False: send() found no memory, and
 * readiness is to be asked for again a little later, also if nothing comes from the network: memory of others that
 * comes back has no event of its own. */
bool socket_flush(int fd);

/* Nothing has come for a while: ip_tcp_ask_again(). */
void socket_ask_again(int fd);

#endif
