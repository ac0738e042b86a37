/* fs/nfs/compat/fragments.h: included before libnfs' lib/pdu.c. For each fragment of a record (RFC 5531 section 11)
 * libnfs walks through those that came before it. A server that sends them by the byte would have our processor for
 * seconds, until our heap is full. A record in more than FRAGMENTS_MAX of them ends its connection.
 */
#ifndef NFS_COMPAT_FRAGMENTS_H
#define NFS_COMPAT_FRAGMENTS_H

#include "libnfs-zdr.h"
#include "libnfs.h"
#include "libnfs-raw.h"
#include "libnfs-private.h"

#define FRAGMENTS_MAX 1024 /* of 256 bytes each, of our largest reply; of 64, of a read of one block */

static inline int nfs_add_fragment(struct rpc_context *rpc, char *data, uint32_t size)
{
    uint32_t count = 0;

    for (const struct rpc_fragment *fragment = rpc->fragments; fragment; fragment = fragment->next) {
        count++;
    }
    return count < FRAGMENTS_MAX ? rpc_add_fragment(rpc, data, size) : -1;
}
#define rpc_add_fragment nfs_add_fragment

#endif
