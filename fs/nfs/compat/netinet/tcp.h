/* fs/nfs/compat/netinet/tcp.h */
#ifndef NFS_COMPAT_NETINET_TCP_H
#define NFS_COMPAT_NETINET_TCP_H

#define SOL_TCP 6
#define TCP_SYNCNT 7

#endif
