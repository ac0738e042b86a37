/* fs/nfs/walk.h: from a path to a file handle: one LOOKUP for each name that the directory cache does not know, links
 * followed. */
#ifndef FS_NFS_WALK_H
#define FS_NFS_WALK_H

#include "fs/nfs/op.h"

/* `found` is called with FS_STATUS_OK and walk.handle and walk.stat filled in, or with the reason why not. With
 * FS_STATUS_NOT_FOUND for the last name alone, walk.directory and walk_name() say where it would be. `slash`: only a
 * directory will do. */
void walk_start(struct nfs_op *op, const char *path, bool slash, nfs_op_found *found);

/* As walk_start(), but where the last name is a link, that is found. The root has no name:
 * FS_STATUS_INVALID_ARGUMENT. */
void walk_to_name(struct nfs_op *op, const char *path, bool slash, nfs_op_found *found);

/* The last name is not looked up; walk.directory is where it belongs. Nor has the root a parent. */
void walk_to_parent(struct nfs_op *op, const char *path, nfs_op_found *found);

const char *walk_name(const struct nfs_op *op);
bool walk_at_last_name(const struct nfs_op *op);

/* Directories may have changed in our own hands: renamed, removed. */
void walk_forget(void);

/* Ends the operation with what the server said of what a walk has found. If that went away meanwhile (a stale handle),
 * the operation is started over without the cache, once: something else may have its name. */
void walk_finish(struct nfs_op *op, nfsstat3 status);

#endif
