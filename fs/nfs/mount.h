/* fs/nfs/mount.h: the way to the server's files: its address, its ports, the root handle, the connection; and back to
 * them whenever that is lost.
 */
#ifndef FS_NFS_MOUNT_H
#define FS_NFS_MOUNT_H

#include <stdbool.h>
#include <stdint.h>
#include "fs/nfs/config.h"

#define NFS_HANDLE_MAX 64 /* RFC 1813 2.4: NFS3_FHSIZE */

struct nfs_handle {
    uint32_t size;
    uint8_t bytes[NFS_HANDLE_MAX];
};

/* `up` and `down`: calls can be made on nfs_rpc_context(), or no longer. A connection that is lost is made again when
 * it is wanted; when that fails, it is tried again and again, with growing pauses. `for_longer`: the server is out of
 * reach as far as we know; may be told more than once. */
void mount_init(const struct nfs_config *config, void (*up)(void), void (*down)(bool for_longer));
void mount_want(void);   /* something is to be done: connect, if it is not done already */
void mount_anew(void);   /* the root handle is stale: the whole way from the server's address on */
void mount_useful(void); /* an operation was answered: the connection is worth making again at once */
bool mount_is_up(void);

const struct nfs_handle *mount_root(void);
bool mount_is_kept(void);       /* after a restart of this PD: the mount is that of its last life */
uint32_t mount_number(void);    /* another one when the root has become another: handles of before do not compare */
uint32_t mount_read_size(void); /* bytes in one READ, at most */
uint32_t mount_write_size(void);

#endif
