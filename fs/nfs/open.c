/* fs/nfs/open.c: a file is opened: found or made, allowed, emptied.
 *   consumes  replies to CREATE, ACCESS, SETATTR and GETATTR   from the NFS server, not trusted
 *   produces  no call beside the walk's for a file that all may read; one more to ask for access, to empty or to make it
 *             (UNCHECKED), two for one that has to be new (EXCLUSIVE)
 *   invariant a file that has to be new is ours, whatever replies are lost, or is not opened
 *   invariant a SETATTR that empties a file and reaches the server late, behind another life of ours, empties nothing: it
 *             has a guard (RFC 1813, 3.3.2)
 */
#include <string.h>
#include "fs/nfs/file.h"
#include "fs/nfs/operations.h"
#include "fs/nfs/walk.h"
#include "lib/random.h"
#include "net/ip/ip.h"

#define MODE_READ_BY_ALL 0004u
#define MODE_NEW 0644u
#define CHANGES_MAX 3 /* of a file that somebody else goes on writing; then it is emptied whatever it holds */
#define NS 1000000000u

static void on_found_to_open(struct nfs_op *op, enum fs_status status);

/* It has changed since we saw it; but without a guard there is nothing that could be out of sync. */
static void look_again(struct nfs_op *op)
{
    if (op->changes == CHANGES_MAX) {
        nfs_op_finish(op, FS_STATUS_IO);
    } else {
        op->changes++;
        walk_start(op, op->job->path, op->job->path_slash, on_found_to_open);
    }
}

static void on_emptied(struct nfs_op *op, void *result)
{
    const SETATTR3res *set = result;

    if (set->status == NFS3ERR_NOT_SYNC) {
        look_again(op);
        return;
    }
    if (set->status != NFS3_OK) {
        walk_finish(op, set->status);
        return;
    }
    op->walk.stat.size = 0;
    nfs_file_open(op);
}

/* As it was seen, or not at all, however often it has to be asked. */
static void empty(struct nfs_op *op)
{
    SETATTR3args args = {.object = nfs_handle_to(&op->walk.handle), .new_attributes.size.set_it = 1};
    nfstime3 seen = {(uint32_t)(op->walk.stat.ctime_ns / NS), (uint32_t)(op->walk.stat.ctime_ns % NS)};

    if (op->changes < CHANGES_MAX) {
        args.guard.check = 1;
        args.guard.sattrguard3_u.obj_ctime = seen;
    }
    nfs_op_made(op, on_emptied, rpc_nfs3_setattr_async(nfs_rpc_context(), nfs_rpc_callback, &args, nfs_op_ticket(op)));
}

static void empty_then_open(struct nfs_op *op)
{
    if ((op->job->flags & FS_OPEN_TRUNCATE) && op->walk.stat.size > 0) {
        empty(op);
    } else {
        nfs_file_open(op);
    }
}

static uint32_t wanted_access(const struct nfs_op *op)
{
    uint32_t flags = op->job->flags;

    return (flags & FS_OPEN_READ ? ACCESS3_READ : 0) | (flags & FS_OPEN_WRITE ? ACCESS3_MODIFY : 0);
}

static void on_nothing_set(struct nfs_op *op, void *result)
{
    nfsstat3 status = ((const SETATTR3res *)result)->status;

    walk_finish(op, nfs_stale(status) || status == NFS3ERR_ROFS ? status : NFS3ERR_ACCES);
}

/* ACCESS does not say whether it is the file or all of the export that may not be written. A SETATTR of no attribute
 * does. */
static void refuse_access(struct nfs_op *op)
{
    SETATTR3args args = {.object = nfs_handle_to(&op->walk.handle)};

    if (op->job->flags & FS_OPEN_WRITE) {
        nfs_op_made(op, on_nothing_set,
                    rpc_nfs3_setattr_async(nfs_rpc_context(), nfs_rpc_callback, &args, nfs_op_ticket(op)));
    } else {
        nfs_op_finish(op, FS_STATUS_ACCESS);
    }
}

static void on_access(struct nfs_op *op, void *result)
{
    const ACCESS3res *access = result;

    if (access->status != NFS3_OK) {
        walk_finish(op, access->status);
    } else if ((access->ACCESS3res_u.resok.access & wanted_access(op)) != wanted_access(op)) {
        refuse_access(op);
    } else {
        empty_then_open(op);
    }
}

/* A file that all may read needs no question. */
static void ask_access(struct nfs_op *op)
{
    bool only_reads = !(op->job->flags & FS_OPEN_WRITE);

    if (only_reads && (op->walk.stat.mode & MODE_READ_BY_ALL)) {
        empty_then_open(op);
        return;
    }
    ACCESS3args args = {.object = nfs_handle_to(&op->walk.handle), .access = wanted_access(op)};
    nfs_op_made(op, on_access, rpc_nfs3_access_async(nfs_rpc_context(), nfs_rpc_callback, &args, nfs_op_ticket(op)));
}

/* What an exclusive create leaves as attributes is the server's affair until they are set (RFC 1813 3.3.8): it keeps the
 * verifier there. Only then the file is opened. */

static void on_new_attributes(struct nfs_op *op, void *result)
{
    const GETATTR3res *attributes = result;

    if (attributes->status != NFS3_OK) {
        walk_finish(op, attributes->status);
        return;
    }
    nfs_stat_from(&attributes->GETATTR3res_u.resok.obj_attributes, &op->walk.stat);
    nfs_file_open(op);
}

static void on_attributes_set(struct nfs_op *op, void *result)
{
    const SETATTR3res *set = result;
    const post_op_attr *after = &set->SETATTR3res_u.resok.obj_wcc.after;
    GETATTR3args args = {.object = nfs_handle_to(&op->walk.handle)};

    if (set->status != NFS3_OK) {
        walk_finish(op, set->status);
    } else if (after->attributes_follow) {
        nfs_stat_from(&after->post_op_attr_u.attributes, &op->walk.stat);
        nfs_file_open(op);
    } else {
        nfs_op_made(op, on_new_attributes,
                    rpc_nfs3_getattr_async(nfs_rpc_context(), nfs_rpc_callback, &args, nfs_op_ticket(op)));
    }
}

static void set_first_attributes(struct nfs_op *op)
{
    SETATTR3args args = {.object = nfs_handle_to(&op->walk.handle)};
    sattr3 *attributes = &args.new_attributes;

    attributes->mode.set_it = 1;
    attributes->mode.set_mode3_u.mode = MODE_NEW;
    attributes->atime.set_it = SET_TO_SERVER_TIME;
    attributes->mtime.set_it = SET_TO_SERVER_TIME;
    nfs_op_made(op, on_attributes_set,
                rpc_nfs3_setattr_async(nfs_rpc_context(), nfs_rpc_callback, &args, nfs_op_ticket(op)));
}

/* -- creating -- */

static bool is_exclusive(const struct nfs_op *op)
{
    return op->job->flags & FS_OPEN_EXCLUSIVE;
}

static void open_created(struct nfs_op *op)
{
    if (is_exclusive(op) && !op->guarded) {
        set_first_attributes(op);
    } else {
        empty_then_open(op); /* another one's may have come between LOOKUP and CREATE */
    }
}

static void create(struct nfs_op *op);

static void on_created(struct nfs_op *op, void *result)
{
    const CREATE3res *create_result = result;
    const CREATE3resok *made = &create_result->CREATE3res_u.resok;

    if (create_result->status == NFS3ERR_NOTSUPP && is_exclusive(op) && !op->guarded) {
        op->guarded = true;
        create(op);
        return;
    }
    if (create_result->status != NFS3_OK) {
        walk_finish(op, create_result->status);
        return;
    }
    op->created = true;
    if (!made->obj.handle_follows || !made->obj_attributes.attributes_follow) {
        walk_start(op, op->job->path, op->job->path_slash, on_found_to_open);
    } else if (!nfs_handle_from(&made->obj.post_op_fh3_u.handle, &op->walk.handle)) {
        nfs_op_finish(op, FS_STATUS_IO);
    } else {
        nfs_stat_from(&made->obj_attributes.post_op_attr_u.attributes, &op->walk.stat);
        open_created(op);
    }
}

/* By its verifier the server knows an exclusive create that is made again, and says OK (RFC 1813 3.3.8). Of a server
 * without that, a lost reply leaves open whose the file is: it is taken for another one's. */
static void create(struct nfs_op *op)
{
    CREATE3args args = {.where = {nfs_handle_to(&op->walk.directory), (char *)(uintptr_t)walk_name(op)}};
    sattr3 *attributes = &args.how.createhow3_u.obj_attributes;

    if (is_exclusive(op) && !op->guarded) {
        args.how.mode = EXCLUSIVE;
        memcpy(args.how.createhow3_u.verf, op->verifier, sizeof(op->verifier));
    } else {
        args.how.mode = op->guarded ? GUARDED : UNCHECKED;
        attributes->mode.set_it = 1;
        attributes->mode.set_mode3_u.mode = MODE_NEW;
    }
    nfs_op_made_once(op, on_created,
                     rpc_nfs3_create_async(nfs_rpc_context(), nfs_rpc_callback, &args, nfs_op_ticket(op)));
}

static void open_existing(struct nfs_op *op)
{
    uint32_t type = op->walk.stat.mode & NFS_MODE_TYPE;

    if (is_exclusive(op) && !op->created) {
        if (op->replayed) {
            create(op); /* it may be ours: the server knows, by the verifier */
        } else {
            nfs_op_finish(op, FS_STATUS_EXISTS);
        }
    } else if (type != NFS_MODE_FILE) {
        nfs_op_finish(op, type == NFS_MODE_DIRECTORY ? FS_STATUS_IS_DIRECTORY : FS_STATUS_ACCESS);
    } else if (op->created) {
        open_created(op);
    } else {
        ask_access(op);
    }
}

static void on_found_to_open(struct nfs_op *op, enum fs_status status)
{
    if (status == FS_STATUS_OK) {
        open_existing(op);
    } else if (status == FS_STATUS_NOT_FOUND && op->walk.at != 0 && (op->job->flags & FS_OPEN_CREATE) && !op->created) {
        if (op->job->path_slash) {
            nfs_op_finish(op, FS_STATUS_IS_DIRECTORY); /* as what was to be made */
        } else {
            create(op);
        }
    } else {
        nfs_op_finish(op, status);
    }
}

/* A link is not a new file, wherever it leads. */
static void start_open(struct nfs_op *op)
{
    const struct fs_job *job = op->job;

    if (!nfs_file_has_place(job)) {
        nfs_op_finish(op, FS_STATUS_TOO_MANY_OPEN);
    } else if (is_exclusive(op) && job->path[1]) {
        walk_to_name(op, job->path, job->path_slash, on_found_to_open);
    } else {
        walk_start(op, job->path, job->path_slash, on_found_to_open);
    }
}

void nfs_open_file(struct fs_job *job)
{
    struct nfs_op *op = nfs_op_of(job);

    if (job->flags & FS_OPEN_EXCLUSIVE) {
        uint32_t verifier[] = {random_word(), random_word()};
        memcpy(op->verifier, verifier, sizeof(op->verifier));
    }
    nfs_op_begin(job, start_open, false);
}
