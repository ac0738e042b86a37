/* fs/nfs/compat/netdb.h: addresses in dotted notation only; names are resolved before (fs/nfs/mount.c). */
#ifndef NFS_COMPAT_NETDB_H
#define NFS_COMPAT_NETDB_H

#include <netinet/in.h>

struct addrinfo {
    int ai_flags, ai_family, ai_socktype, ai_protocol;
    socklen_t ai_addrlen;
    struct sockaddr *ai_addr;
    char *ai_canonname;
    struct addrinfo *ai_next;
};

struct servent {
    char *s_name;
    char **s_aliases;
    int s_port;
    char *s_proto;
};

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result);
void freeaddrinfo(struct addrinfo *result);
struct servent *getservbyport(int port, const char *protocol);

#endif
