/* fs/nfs/compat/netinet/in.h: the IPv6 shapes are here because libnfs names them; no socket takes them. */
#ifndef NFS_COMPAT_NETINET_IN_H
#define NFS_COMPAT_NETINET_IN_H

#include <arpa/inet.h>
#include <sys/socket.h>

#ifndef _IN_ADDR_T_DECLARED
typedef uint32_t in_addr_t;
#define _IN_ADDR_T_DECLARED
#endif

struct in_addr {
    in_addr_t s_addr;
};

struct in6_addr {
    uint8_t s6_addr[16];
};

struct sockaddr_in {
    sa_family_t sin_family;
    uint16_t sin_port;
    struct in_addr sin_addr;
    char sin_zero[8];
};

struct sockaddr_in6 {
    sa_family_t sin6_family;
    uint16_t sin6_port;
    uint32_t sin6_flowinfo;
    struct in6_addr sin6_addr;
    uint32_t sin6_scope_id;
};

#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPORT_RESERVED 1024

#endif
