/* fs/nfs/compat/sys/socket.h: stream sockets over IPv4. */
#ifndef NFS_COMPAT_SYS_SOCKET_H
#define NFS_COMPAT_SYS_SOCKET_H

#include <stdint.h>
#include <sys/types.h>

typedef uint32_t socklen_t;
typedef uint16_t sa_family_t;

struct sockaddr {
    sa_family_t sa_family;
    char sa_data[14];
};

struct sockaddr_storage {
    _Alignas(8) sa_family_t ss_family;
    char ss_data[126];
};

struct linger {
    int l_onoff, l_linger;
};

#define AF_UNSPEC 0
#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOL_SOCKET 1
#define SO_BROADCAST 1
#define SO_ERROR 2
#define SO_LINGER 3
#define SO_TYPE 4
#define MSG_NOSIGNAL 0
#define MSG_DONTWAIT 0

int socket(int domain, int type, int protocol);
int bind(int fd, const struct sockaddr *address, socklen_t length);
int connect(int fd, const struct sockaddr *address, socklen_t length);
ssize_t send(int fd, const void *bytes, size_t length, int flags);
ssize_t recv(int fd, void *bytes, size_t length, int flags);
ssize_t sendto(int fd, const void *bytes, size_t length, int flags, const struct sockaddr *to, socklen_t to_length);
ssize_t recvfrom(int fd, void *bytes, size_t length, int flags, struct sockaddr *from, socklen_t *from_length);
int getsockopt(int fd, int level, int option, void *value, socklen_t *length);
int setsockopt(int fd, int level, int option, const void *value, socklen_t length);

#endif
