/* fs/nfs/compat/net/if.h */
#ifndef NFS_COMPAT_NET_IF_H
#define NFS_COMPAT_NET_IF_H

#define IFNAMSIZ 16

#endif
