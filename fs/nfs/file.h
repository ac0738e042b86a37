/* fs/nfs/file.h: an open file or directory: its handle, and the path by which it is looked for when that goes stale. */
#ifndef FS_NFS_FILE_H
#define FS_NFS_FILE_H

#include "fs/nfs/op.h"

#define NFS_PATH_SHORT 128 /* bytes, with the end: a path that has its place in the file's */

struct nfs_file {
    struct nfs_file *next; /* free */
    uint32_t client;
    struct nfs_handle handle;
    uint64_t inode;
    uint32_t mount;                  /* mount_number() when it was opened or found again */
    uint64_t sum;                    /* of all the others but `next` and `verifier` */
    cookieverf3 verifier;            /* of a directory: what the server wants back with its cookies */
    struct nfs_long_path *long_path; /* NULL: the path is short */
    char short_path[NFS_PATH_SHORT];
};

void nfs_file_init(void); /* after fs_server_init(), which asks what to adopt */

/* False: an open of the job's path would be FS_STATUS_TOO_MANY_OPEN. */
bool nfs_file_has_place(const struct fs_job *job);

/* Ends an open with a file of what the walk has found. */
void nfs_file_open(struct nfs_op *op);
void nfs_file_release(void *file, bool directory);
bool nfs_file_adopt(void *file, bool directory); /* fs/server.h */

/* Ends an operation on an open file with what the server has said of it. If its handle is stale because the
 * server has other handles for all now, it is looked for under its name, once, and the operation started over. Another
 * file, also one with its number, is FS_STATUS_STALE. */
void nfs_file_finish(struct nfs_op *op, nfsstat3 status);

void nfs_file_set_size(struct nfs_op *op, const struct nfs_handle *handle, uint64_t size, nfs_op_reply *reply);

#endif
