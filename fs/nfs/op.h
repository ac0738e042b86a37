/* fs/nfs/op.h: a file command on its way over NFS, beside its struct fs_job.
 *
 * NFSv3 servers keep no state for us, so an operation that lost its connection is started over on the next one.
 */
#ifndef FS_NFS_OP_H
#define FS_NFS_OP_H

#include <stdbool.h>
#include <stdint.h>
#include "fs/nfs/rpc.h"
#include "fs/nfs/mount.h"
#include "fs/server.h"
#include "libnfs-raw-nfs.h"

struct nfs_op;
typedef void nfs_op_step(struct nfs_op *op);
typedef void nfs_op_reply(struct nfs_op *op, void *result);
typedef void nfs_op_found(struct nfs_op *op, enum fs_status status);

/* Of a path's last name: */
enum nfs_walk_last {
    LAST_FOLLOWED, /* is looked up, and where it is a link, what that leads to */
    LAST_ITSELF,   /* is looked up */
    LAST_NOT_ASKED /* is left alone */
};

/* A path on its way to a handle: fs/nfs/walk.h. */
struct nfs_walk {
    const char *original;       /* normalised */
    char path[FS_PATH_MAX + 2]; /* with the links followed so far */
    uint32_t at;                /* where in it the next name begins */
    uint32_t name_size;
    uint32_t links;
    enum nfs_walk_last last;
    bool from_cache;
    bool original_slash, slash; /* only a directory will do */
    nfs_op_found *found;
    struct nfs_handle directory; /* in which the name at `at` is, or would be */
    struct nfs_handle handle;    /* of the whole path */
    struct fs_stat stat;
};

struct nfs_op {
    struct nfs_rpc_call call;
    struct fs_job *job;
    struct nfs_op *next; /* among those that wait */
    nfs_op_step *start;  /* the operation from its beginning */
    nfs_op_reply *reply; /* what the reply under way is for */
    uint64_t deadline_ns;
    uint64_t again_ns;    /* when it is to be started over */
    bool asking;          /* `call` is under way */
    bool once;            /* `call`, carried out twice, does not say the same twice */
    bool replayed;        /* such a call was lost: the server may have carried it out */
    bool refreshed;       /* paths were walked anew after a stale handle */
    bool remounted;       /* and after a stale root */
    bool created;         /* FS_OPEN: the file is ours */
    bool guarded;         /* FS_OPEN: the server knows no EXCLUSIVE */
    uint8_t changes;      /* FS_OPEN: so often it was not as it had been seen when it was to be emptied */
    createverf3 verifier; /* FS_OPEN: by which the server knows an EXCLUSIVE create again */
    uint64_t done;        /* bytes */
    struct nfs_walk walk;
    struct nfs_handle from; /* rename: the first of two directories */
    struct nfs_seen {       /* what lay under the name before it was to be changed */
        struct nfs_handle handle;
        uint64_t inode, ctime_ns;
        uint32_t mount; /* mount_number() */
    } seen;
};

void nfs_op_init(const struct nfs_config *config);

/* `for_ever`: however long that takes. Else it ends with FS_STATUS_UNREACHABLE when its command is too old. */
void nfs_op_begin(struct fs_job *job, nfs_op_step *start, bool for_ever);

/* The one beside a job; what is put there before nfs_op_begin() stays. */
struct nfs_op *nfs_op_of(const struct fs_job *job);

/* The call that is queued belongs to `op`; nfs_op_ticket(op) is its private data (fs/nfs/rpc.h). */
void *nfs_op_ticket(struct nfs_op *op);
void nfs_op_made(struct nfs_op *op, nfs_op_reply *reply, int result);
void nfs_op_made_once(struct nfs_op *op, nfs_op_reply *reply, int result); /* sets `replayed` if it is lost */
void nfs_op_finish(struct nfs_op *op, enum fs_status status);

/* Start it over when there is a connection (again). One that is not to wait for that ends here. */
void nfs_op_wait(struct nfs_op *op);

enum fs_status nfs_status(nfsstat3 status);
bool nfs_stale(nfsstat3 status);
void nfs_stat_from(const fattr3 *attributes, struct fs_stat *stat);

/* False when no handle of NFSv3 is that long. */
bool nfs_handle_from(const nfs_fh3 *from, struct nfs_handle *to);
nfs_fh3 nfs_handle_to(const struct nfs_handle *handle);

#endif
