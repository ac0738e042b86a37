/* fs/nfs/names.c: names are removed, made and renamed.
 *   consumes  replies to REMOVE, RMDIR, MKDIR and RENAME   from the NFS server, not trusted
 *   produces  a look at the name (LOOKUP), then the call
 *   invariant what is reported is what the first call did, or would have done, also when it is made again
 *   when full (memory), away, lost: started over by fs/nfs/op.c
 * Each of these calls, carried out twice, does other things than once, and says so. NFSv3 has no word for "this is that
 * call again": a server remembers calls by transaction id and connection, or not at all. So a name is looked at before
 * it is changed, and again before the call is made again: when what lay there has gone, or something else lies there,
 * the call was carried out.
 */
#include <string.h>
#include "fs/nfs/operations.h"
#include "fs/nfs/walk.h"

#define MODE_NEW 0755u /* of a directory */

static diropargs3 place(const struct nfs_op *op)
{
    return (diropargs3){nfs_handle_to(&op->walk.directory), (char *)(uintptr_t)walk_name(op)};
}

static void note_seen(struct nfs_op *op)
{
    op->seen = (struct nfs_seen){op->walk.handle, op->walk.stat.inode, op->walk.stat.ctime_ns, mount_number()};
}

/* Servers give the number of a file that is gone to the next one; that has another handle then. A server may also have
 * two handles for one file, whose times stay. */
static bool is_seen(const struct nfs_op *op)
{
    const struct nfs_seen *seen = &op->seen;

    return op->walk.stat.inode == seen->inode &&
           (mount_number() != seen->mount || op->walk.stat.ctime_ns == seen->ctime_ns ||
            memcmp(&op->walk.handle, &seen->handle, sizeof(seen->handle)) == 0);
}

/* What lay under the name at first is not there any more. */
static bool has_left(const struct nfs_op *op, enum fs_status status)
{
    return op->replayed && (status == FS_STATUS_NOT_FOUND || (status == FS_STATUS_OK && !is_seen(op)));
}

static void finish_left(struct nfs_op *op, nfsstat3 status)
{
    if (status == NFS3ERR_NOENT && op->replayed) {
        status = NFS3_OK; /* the first call came late, after the name was looked at again */
    }
    walk_finish(op, status);
}

static void on_removed(struct nfs_op *op, void *result)
{
    if (op->job->type == FS_RMDIR) {
        walk_forget();
    }
    finish_left(op, *(const nfsstat3 *)result); /* of REMOVE3res or RMDIR3res */
}

static void on_found_to_remove(struct nfs_op *op, enum fs_status status)
{
    if (status != FS_STATUS_OK || has_left(op, status)) {
        nfs_op_finish(op, has_left(op, status) ? FS_STATUS_OK : status);
        return;
    }
    note_seen(op);
    if (op->job->type == FS_RMDIR) {
        RMDIR3args args = {.object = place(op)};
        nfs_op_made_once(op, on_removed,
                         rpc_nfs3_rmdir_async(nfs_rpc_context(), nfs_rpc_callback, &args, nfs_op_ticket(op)));
    } else {
        REMOVE3args args = {.object = place(op)};
        nfs_op_made_once(op, on_removed,
                         rpc_nfs3_remove_async(nfs_rpc_context(), nfs_rpc_callback, &args, nfs_op_ticket(op)));
    }
}

/* A file's name with a slash behind it is no file's. */
static void on_found_not_to_remove(struct nfs_op *op, enum fs_status status)
{
    nfs_op_finish(op, status == FS_STATUS_OK ? FS_STATUS_IS_DIRECTORY : status);
}

static void start_remove(struct nfs_op *op)
{
    if (op->job->type == FS_REMOVE && op->job->path_slash) {
        walk_start(op, op->job->path, true, on_found_not_to_remove);
    } else {
        walk_to_name(op, op->job->path, false, on_found_to_remove);
    }
}

void nfs_names_remove(struct fs_job *job)
{
    nfs_op_begin(job, start_remove, false);
}

static void start_make_directory(struct nfs_op *op);

static void on_directory_made(struct nfs_op *op, void *result)
{
    nfsstat3 status = ((const MKDIR3res *)result)->status;

    if (status == NFS3ERR_EXIST && op->replayed && !op->refreshed) {
        op->refreshed = true;
        start_make_directory(op); /* the first call came late: what is it that is there? */
    } else {
        walk_finish(op, status);
    }
}

static void on_found_to_make(struct nfs_op *op, enum fs_status status)
{
    if (status == FS_STATUS_OK || status == FS_STATUS_INVALID_ARGUMENT) { /* the root */
        bool ours = op->replayed && (op->walk.stat.mode & NFS_MODE_TYPE) == NFS_MODE_DIRECTORY;
        nfs_op_finish(op, ours ? FS_STATUS_OK : FS_STATUS_EXISTS);
        return;
    }
    if (status != FS_STATUS_NOT_FOUND || op->walk.at == 0) {
        nfs_op_finish(op, status);
        return;
    }
    MKDIR3args args = {.where = place(op)};
    args.attributes.mode.set_it = 1;
    args.attributes.mode.set_mode3_u.mode = MODE_NEW;
    nfs_op_made_once(op, on_directory_made,
                     rpc_nfs3_mkdir_async(nfs_rpc_context(), nfs_rpc_callback, &args, nfs_op_ticket(op)));
}

static void start_make_directory(struct nfs_op *op)
{
    walk_to_name(op, op->job->path, false, on_found_to_make);
}

void nfs_names_make_directory(struct fs_job *job)
{
    nfs_op_begin(job, start_make_directory, false);
}

static void on_renamed(struct nfs_op *op, void *result)
{
    walk_forget();
    finish_left(op, ((const RENAME3res *)result)->status);
}

static void on_parent_to_rename_to(struct nfs_op *op, enum fs_status status)
{
    if (status != FS_STATUS_OK) {
        nfs_op_finish(op, status);
        return;
    }
    /* Links change directories on the way, not the last name. */
    char *from_name = (char *)(uintptr_t)strrchr(op->job->path, '/') + 1;
    RENAME3args args = {.from = {nfs_handle_to(&op->from), from_name}, .to = place(op)};
    nfs_op_made_once(op, on_renamed,
                     rpc_nfs3_rename_async(nfs_rpc_context(), nfs_rpc_callback, &args, nfs_op_ticket(op)));
}

static void on_found_to_rename_from(struct nfs_op *op, enum fs_status status)
{
    if (status != FS_STATUS_OK || has_left(op, status)) {
        nfs_op_finish(op, has_left(op, status) ? FS_STATUS_OK : status);
        return;
    }
    note_seen(op);
    op->from = op->walk.directory;
    walk_to_parent(op, op->job->other, on_parent_to_rename_to);
}

/* With a slash behind either name it has to be a directory. */
static void start_rename(struct nfs_op *op)
{
    walk_to_name(op, op->job->path, op->job->path_slash || op->job->other_slash, on_found_to_rename_from);
}

void nfs_names_rename(struct fs_job *job)
{
    nfs_op_begin(job, start_rename, false);
}
