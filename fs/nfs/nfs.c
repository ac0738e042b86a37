/* fs/nfs/nfs.c: the file server whose files lie on an NFSv3 server (RFC 1813).
 *   serves    one client through fs/server.h; what comes from it has been checked by the core
 *   consumes  replies   from the NFS server: trusted for the files' content, not for lengths and numbers
 *   produces  one RPC for an open of a file whose directory is known, one for a read, none for a close
 *             a change of a name looks at the name first, so that it can be made again when its answer is lost
 *   invariant an operation is finished once: by an answer, by its command's age (fs/nfs/op.c), or as stale
 *   when full commands wait in fs/server.c; requests wait in libnfs' queue for room in the connection, and begin again
 *             where its heap has none; one more open file with a long path is FS_STATUS_TOO_MANY_OPEN
 * Writes are stable (FILE_SYNC) when they are answered: a server that restarts has lost nothing that we believed
 * written.
 */
#include "lib/pd.h"

#include <assert.h>
#include <string.h>
#include "fs/nfs/op.h"
#include "fs/nfs/walk.h"
#include "lib/log.h"
#include "net/ip/ip.h"
#include "serial/client.h"
#include "timer/client.h"

#define MODE_TYPE 0170000u
#define MODE_DIRECTORY 0040000u
#define MODE_FILE 0100000u
#define MODE_READ_BY_ALL 0004u
#define FILE_MODE 0644u
#define DIRECTORY_MODE 0755u
#define LISTING_MIN 4096u
#define LISTING_MAX (8u * 1024)
#define WRITE_MAX (32u * 1024) /* bytes of one call: libnfs copies them into its heap */
#define PATH_SHORT 128         /* bytes, with the end, of an open file's path */
#define LONG_PATHS_MAX 48      /* open files with longer ones */

struct long_path {
    struct long_path *next; /* free */
    char text[FS_PATH_MAX + 2];
};

struct nfs_file {
    struct nfs_file *next; /* free */
    struct nfs_handle handle;
    uint64_t inode;
    cookieverf3 verifier;        /* of a directory: what the server wants back with its cookies */
    struct long_path *long_path; /* NULL: the path is short */
    char short_path[PATH_SHORT];
};

static struct {
    struct nfs_file files[FS_FILES_MAX];
    struct nfs_file *free_files;
    struct long_path long_paths[LONG_PATHS_MAX];
    struct long_path *free_long_paths;
} self;

static const char *path_of(const struct nfs_file *file)
{
    return file->long_path ? file->long_path->text : file->short_path;
}

static bool has_place(const char *path)
{
    return strlen(path) < PATH_SHORT || self.free_long_paths;
}

static void keep_path(struct nfs_file *file, const char *path)
{
    size_t size = strlen(path) + 1;
    char *place = file->short_path;

    if (size > PATH_SHORT) {
        file->long_path = self.free_long_paths;
        self.free_long_paths = file->long_path->next;
        place = file->long_path->text;
    }
    memcpy(place, path, size);
}

/* Stale handles of open files: the file is looked for under its name once; another one that has that name now is not
 * it. */

static void on_found_again(struct nfs_op *op, enum fs_status status)
{
    struct nfs_file *file = op->job->file;

    if (status == FS_STATUS_OK && op->walk.stat.inode == file->inode) {
        file->handle = op->walk.handle;
        op->start(op);
    } else {
        nfs_op_finish(op, status == FS_STATUS_OK || status == FS_STATUS_NOT_FOUND ? FS_STATUS_STALE : status);
    }
}

static void finish_file(struct nfs_op *op, nfsstat3 status)
{
    struct nfs_file *file = op->job->file;

    if (nfs_stale(status) && !op->refreshed) {
        op->refreshed = true;
        walk_forget();
        walk_start(op, path_of(file), false, on_found_again);
    } else {
        nfs_op_finish(op, nfs_status(status));
    }
}

/* Mounting. */

static void start_initialise(struct nfs_op *op)
{
    nfs_op_finish(op, FS_STATUS_OK);
}

static void initialise(struct fs_job *job)
{
    nfs_op_begin(job, start_initialise, true);
}

/* Attributes. */

static void on_stat(struct nfs_op *op, enum fs_status status)
{
    op->job->stat = op->walk.stat;
    nfs_op_finish(op, status);
}

static void start_stat(struct nfs_op *op)
{
    walk_start(op, op->job->path, op->job->path_slash, on_stat);
}

static void stat_path(struct fs_job *job)
{
    nfs_op_begin(job, start_stat, false);
}

static void on_attributes(struct nfs_op *op, void *result)
{
    const GETATTR3res *attributes = result;

    if (attributes->status == NFS3_OK) {
        nfs_stat_from(&attributes->GETATTR3res_u.resok.obj_attributes, &op->job->stat);
    }
    finish_file(op, attributes->status);
}

static void start_fstat(struct nfs_op *op)
{
    struct nfs_file *file = op->job->file;
    GETATTR3args args = {.object = nfs_handle_to(&file->handle)};

    nfs_op_made(op, on_attributes,
                rpc_nfs3_getattr_async(connection_rpc(), connection_callback, &args, nfs_op_ticket(op)));
}

static void stat_file(struct fs_job *job)
{
    nfs_op_begin(job, start_fstat, false);
}

/* Opening. */

static void finish_open(struct nfs_op *op)
{
    struct nfs_file *file = self.free_files;

    if (!has_place(op->job->path)) { /* another was opened meanwhile */
        nfs_op_finish(op, FS_STATUS_TOO_MANY_OPEN);
        return;
    }
    assert(file); /* the core has no more open files than we */
    self.free_files = file->next;
    *file = (struct nfs_file){.handle = op->walk.handle, .inode = op->walk.stat.inode};
    keep_path(file, op->job->path);
    op->job->file = file;
    op->job->stat = op->walk.stat;
    nfs_op_finish(op, FS_STATUS_OK);
}

static void on_emptied(struct nfs_op *op, void *result)
{
    const SETATTR3res *set = result;

    if (set->status != NFS3_OK) {
        walk_finish(op, set->status);
        return;
    }
    op->walk.stat.size = 0;
    finish_open(op);
}

static void set_size(struct nfs_op *op, const struct nfs_handle *handle, uint64_t size, nfs_op_reply *reply)
{
    SETATTR3args args = {.object = nfs_handle_to(handle)};

    args.new_attributes.size.set_it = 1;
    args.new_attributes.size.set_size3_u.size = size;
    nfs_op_made(op, reply, rpc_nfs3_setattr_async(connection_rpc(), connection_callback, &args, nfs_op_ticket(op)));
}

static void empty_then_open(struct nfs_op *op)
{
    if ((op->job->flags & FS_OPEN_TRUNCATE) && op->walk.stat.size > 0) {
        set_size(op, &op->walk.handle, 0, on_emptied);
    } else {
        finish_open(op);
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
                    rpc_nfs3_setattr_async(connection_rpc(), connection_callback, &args, nfs_op_ticket(op)));
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

    if ((only_reads && (op->walk.stat.mode & MODE_READ_BY_ALL))) {
        empty_then_open(op);
        return;
    }
    ACCESS3args args = {.object = nfs_handle_to(&op->walk.handle), .access = wanted_access(op)};
    nfs_op_made(op, on_access, rpc_nfs3_access_async(connection_rpc(), connection_callback, &args, nfs_op_ticket(op)));
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
    finish_open(op);
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
        finish_open(op);
    } else {
        nfs_op_made(op, on_new_attributes,
                    rpc_nfs3_getattr_async(connection_rpc(), connection_callback, &args, nfs_op_ticket(op)));
    }
}

static void set_first_attributes(struct nfs_op *op)
{
    SETATTR3args args = {.object = nfs_handle_to(&op->walk.handle)};
    sattr3 *attributes = &args.new_attributes;

    attributes->mode.set_it = 1;
    attributes->mode.set_mode3_u.mode = FILE_MODE;
    attributes->atime.set_it = SET_TO_SERVER_TIME;
    attributes->mtime.set_it = SET_TO_SERVER_TIME;
    nfs_op_made(op, on_attributes_set,
                rpc_nfs3_setattr_async(connection_rpc(), connection_callback, &args, nfs_op_ticket(op)));
}

/* Creating. */

static bool is_exclusive(const struct nfs_op *op)
{
    return op->job->flags & FS_OPEN_EXCLUSIVE;
}

static void on_found_to_open(struct nfs_op *op, enum fs_status status);

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
 * without that, a lost answer leaves open whose the file is: it is taken for another one's. */
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
        attributes->mode.set_mode3_u.mode = FILE_MODE;
    }
    nfs_op_made_once(op, on_created,
                     rpc_nfs3_create_async(connection_rpc(), connection_callback, &args, nfs_op_ticket(op)));
}

static void open_existing(struct nfs_op *op)
{
    uint32_t type = op->walk.stat.mode & MODE_TYPE;

    if (is_exclusive(op) && !op->created) {
        if (op->replayed && !op->guarded) {
            create(op); /* it may be ours: the server knows */
        } else {
            nfs_op_finish(op, FS_STATUS_EXISTS);
        }
    } else if (type != MODE_FILE) {
        nfs_op_finish(op, type == MODE_DIRECTORY ? FS_STATUS_IS_DIRECTORY : FS_STATUS_ACCESS);
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

    if (!has_place(job->path)) {
        nfs_op_finish(op, FS_STATUS_TOO_MANY_OPEN);
    } else if (is_exclusive(op) && job->path[1]) {
        walk_to_name(op, job->path, job->path_slash, on_found_to_open);
    } else {
        walk_start(op, job->path, job->path_slash, on_found_to_open);
    }
}

static void open_file(struct fs_job *job)
{
    uint32_t verifier[] = {ip_random(), ip_random()};
    struct nfs_op *op = nfs_op_of(job);

    memcpy(op->verifier, verifier, sizeof(op->verifier));
    nfs_op_begin(job, start_open, false);
}

static void release(void *context, bool directory)
{
    struct nfs_file *file = context;

    if (file->long_path) {
        file->long_path->next = self.free_long_paths;
        self.free_long_paths = file->long_path;
        file->long_path = NULL;
    }
    file->next = self.free_files;
    self.free_files = file;
}

/* Reading and writing: as many calls as the server's sizes ask for. */

static void send_read(struct nfs_op *op);

/* The time that comes with each part, if it is the same with all. */
static void note_time(struct nfs_op *op, const post_op_attr *attributes)
{
    struct fs_stat stat = {0};

    if (attributes->attributes_follow) {
        nfs_stat_from(&attributes->post_op_attr_u.attributes, &stat);
    }
    if (op->done > 0 && stat.mtime_ns != op->job->stat.mtime_ns) {
        stat.mtime_ns = UINT64_MAX;
    }
    op->job->stat.mtime_ns = stat.mtime_ns;
}

static void on_read(struct nfs_op *op, void *result)
{
    const READ3res *read = result;
    const READ3resok *part = &read->READ3res_u.resok;
    uint64_t left = op->job->size - op->done;

    if (read->status != NFS3_OK) {
        finish_file(op, read->status);
        return;
    }
    if (part->data.data_len > left) {
        nfs_op_finish(op, FS_STATUS_IO);
        return;
    }
    fs_server_put(op->job, op->done, part->data.data_val, part->data.data_len);
    note_time(op, &part->file_attributes);
    op->done += part->data.data_len;
    if (part->eof || part->data.data_len == 0 || op->done == op->job->size) {
        nfs_op_finish(op, FS_STATUS_OK);
    } else {
        send_read(op);
    }
}

static void send_read(struct nfs_op *op)
{
    struct nfs_file *file = op->job->file;
    uint64_t left = op->job->size - op->done;
    READ3args args = {
        .file = nfs_handle_to(&file->handle),
        .offset = op->job->position + op->done,
        .count = left < mount_read_size() ? (uint32_t)left : mount_read_size(),
    };

    nfs_op_made(op, on_read, rpc_nfs3_read_async(connection_rpc(), connection_callback, &args, nfs_op_ticket(op)));
}

static void start_read(struct nfs_op *op)
{
    op->done = op->job->length = 0;
    send_read(op);
}

static void read_file(struct fs_job *job)
{
    nfs_op_begin(job, start_read, false);
}

static void send_write(struct nfs_op *op);

static void on_write(struct nfs_op *op, void *result)
{
    const WRITE3res *write = result;
    const WRITE3resok *part = &write->WRITE3res_u.resok;

    if (write->status != NFS3_OK) {
        finish_file(op, write->status);
        return;
    }
    if (part->count == 0 || part->count > op->job->size - op->done) {
        nfs_op_finish(op, FS_STATUS_IO);
        return;
    }
    op->done += part->count;
    op->job->length = op->done;
    if (op->done == op->job->size) {
        nfs_op_finish(op, FS_STATUS_OK);
    } else {
        send_write(op);
    }
}

static void send_write(struct nfs_op *op)
{
    struct nfs_file *file = op->job->file;
    const char *bytes = fs_server_data(op->job);
    uint64_t left = op->job->size - op->done;
    uint32_t most = mount_write_size() < WRITE_MAX ? mount_write_size() : WRITE_MAX;
    uint32_t count = left < most ? (uint32_t)left : most;

    if (!bytes) { /* the client is gone; nobody waits for this */
        nfs_op_finish(op, FS_STATUS_IO);
        return;
    }
    WRITE3args args = {
        .file = nfs_handle_to(&file->handle),
        .offset = op->job->position + op->done,
        .count = count,
        .stable = FILE_SYNC,
        .data = {count, (char *)(uintptr_t)(bytes + op->done)},
    };
    nfs_op_made(op, on_write, rpc_nfs3_write_async(connection_rpc(), connection_callback, &args, nfs_op_ticket(op)));
}

static void start_write(struct nfs_op *op)
{
    op->done = 0;
    send_write(op);
}

static void write_file(struct fs_job *job)
{
    nfs_op_begin(job, start_write, false);
}

static void on_truncated(struct nfs_op *op, void *result)
{
    finish_file(op, ((const SETATTR3res *)result)->status);
}

static void start_truncate(struct nfs_op *op)
{
    struct nfs_file *file = op->job->file;

    set_size(op, &file->handle, op->job->position, on_truncated);
}

static void truncate_file(struct fs_job *job)
{
    nfs_op_begin(job, start_truncate, false);
}

/* Nothing to do: see the file's head. */
static void sync_file(struct fs_job *job)
{
    fs_server_done(job, FS_STATUS_OK);
}

/* Names. Each of these changes one, so carried out twice it does other things than once, and says so. NFSv3 has no word for
 * "this is that call again" (the server's memory of calls is by transaction id, connection, or none), so before a name is
 * changed it is looked at, and again before the call is made again: when it means what the call was to make of it, or
 * has come to mean something else, the call was carried out. */

static diropargs3 place(const struct nfs_op *op)
{
    return (diropargs3){nfs_handle_to(&op->walk.directory), (char *)(uintptr_t)walk_name(op)};
}

/* What lay under the name at first is not there any more. */
static bool has_left(const struct nfs_op *op, enum fs_status status)
{
    return op->replayed &&
           (status == FS_STATUS_NOT_FOUND || (status == FS_STATUS_OK && op->walk.stat.inode != op->inode));
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
    op->inode = op->walk.stat.inode;
    if (op->job->type == FS_RMDIR) {
        RMDIR3args args = {.object = place(op)};
        nfs_op_made_once(op, on_removed,
                         rpc_nfs3_rmdir_async(connection_rpc(), connection_callback, &args, nfs_op_ticket(op)));
    } else {
        REMOVE3args args = {.object = place(op)};
        nfs_op_made_once(op, on_removed,
                         rpc_nfs3_remove_async(connection_rpc(), connection_callback, &args, nfs_op_ticket(op)));
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

static void remove_path(struct fs_job *job)
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
        bool ours = op->replayed && (op->walk.stat.mode & MODE_TYPE) == MODE_DIRECTORY;
        nfs_op_finish(op, ours ? FS_STATUS_OK : FS_STATUS_EXISTS);
        return;
    }
    if (status != FS_STATUS_NOT_FOUND || op->walk.at == 0) {
        nfs_op_finish(op, status);
        return;
    }
    MKDIR3args args = {.where = place(op)};
    args.attributes.mode.set_it = 1;
    args.attributes.mode.set_mode3_u.mode = DIRECTORY_MODE;
    nfs_op_made_once(op, on_directory_made,
                     rpc_nfs3_mkdir_async(connection_rpc(), connection_callback, &args, nfs_op_ticket(op)));
}

static void start_make_directory(struct nfs_op *op)
{
    walk_to_name(op, op->job->path, false, on_found_to_make);
}

static void make_directory(struct fs_job *job)
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
                     rpc_nfs3_rename_async(connection_rpc(), connection_callback, &args, nfs_op_ticket(op)));
}

static void on_found_to_rename_from(struct nfs_op *op, enum fs_status status)
{
    if (status != FS_STATUS_OK || has_left(op, status)) {
        nfs_op_finish(op, has_left(op, status) ? FS_STATUS_OK : status);
        return;
    }
    op->inode = op->walk.stat.inode;
    op->from = op->walk.directory;
    walk_to_parent(op, op->job->other, on_parent_to_rename_to);
}

/* With a slash behind either name it has to be a directory. */
static void start_rename(struct nfs_op *op)
{
    walk_to_name(op, op->job->path, op->job->path_slash || op->job->other_slash, on_found_to_rename_from);
}

static void rename_path(struct fs_job *job)
{
    nfs_op_begin(job, start_rename, false);
}

/* Directories. */

static void on_found_directory(struct nfs_op *op, enum fs_status status)
{
    if (status != FS_STATUS_OK) {
        nfs_op_finish(op, status);
    } else if ((op->walk.stat.mode & MODE_TYPE) != MODE_DIRECTORY) {
        nfs_op_finish(op, FS_STATUS_NOT_DIRECTORY);
    } else {
        finish_open(op);
    }
}

static void start_open_directory(struct nfs_op *op)
{
    walk_start(op, op->job->path, op->job->path_slash, on_found_directory);
}

static void open_directory(struct fs_job *job)
{
    nfs_op_begin(job, start_open_directory, false);
}

static void send_listing(struct nfs_op *op, uint64_t cookie);

/* Not what every directory has, nor what cannot be asked for. */
static bool is_listed(const char *name)
{
    size_t size = strlen(name);

    return size > 0 && size <= FS_NAME_MAX && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* As many as fit; what is left of the reply is asked for again by the next command. */
static void on_listing(struct nfs_op *op, void *result)
{
    const READDIRPLUS3res *listing = result;
    const READDIRPLUS3resok *part = &listing->READDIRPLUS3res_u.resok;
    struct nfs_file *file = op->job->file;
    uint64_t cookie = 0;

    if (listing->status != NFS3_OK) {
        finish_file(op, listing->status);
        return;
    }
    memcpy(file->verifier, part->cookieverf, sizeof(file->verifier));
    for (const entryplus3 *entry = part->reply.entries; entry; entry = entry->nextentry) {
        struct fs_stat stat = {0};
        cookie = entry->cookie;
        if (cookie == op->job->position) { /* it leads back to where it was asked: without end */
            nfs_op_finish(op, FS_STATUS_IO);
            return;
        }
        if (!is_listed(entry->name)) {
            continue;
        }
        if (entry->name_attributes.attributes_follow) {
            nfs_stat_from(&entry->name_attributes.post_op_attr_u.attributes, &stat);
        }
        if (!fs_server_dirent(op->job, cookie, stat.mode, entry->name, (uint32_t)strlen(entry->name))) {
            nfs_op_finish(op, op->job->length == 0 ? FS_STATUS_INVALID_BUFFER : FS_STATUS_OK);
            return;
        }
    }
    if (op->job->length > 0 || part->reply.eof || !part->reply.entries) {
        nfs_op_finish(op, FS_STATUS_OK);
    } else {
        send_listing(op, cookie); /* none to be listed so far */
    }
}

static void send_listing(struct nfs_op *op, uint64_t cookie)
{
    struct nfs_file *file = op->job->file;
    uint64_t wanted = op->job->size * 4; /* our records are shorter than the server's */
    READDIRPLUS3args args = {.dir = nfs_handle_to(&file->handle), .cookie = cookie};

    args.maxcount = wanted < LISTING_MIN ? LISTING_MIN : wanted > LISTING_MAX ? LISTING_MAX : (uint32_t)wanted;
    args.dircount = args.maxcount;
    if (cookie != 0) {
        memcpy(args.cookieverf, file->verifier, sizeof(file->verifier));
    }
    nfs_op_made(op, on_listing,
                rpc_nfs3_readdirplus_async(connection_rpc(), connection_callback, &args, nfs_op_ticket(op)));
}

static void start_listing(struct nfs_op *op)
{
    op->job->length = 0;
    send_listing(op, op->job->position);
}

static void read_directory(struct fs_job *job)
{
    nfs_op_begin(job, start_listing, false);
}

static const struct fs_server_operations operations = {
    .operation =
        {
            [FS_INITIALISE] = initialise,
            [FS_OPEN] = open_file,
            [FS_STAT] = stat_path,
            [FS_FSTAT] = stat_file,
            [FS_READ] = read_file,
            [FS_WRITE] = write_file,
            [FS_TRUNCATE] = truncate_file,
            [FS_SYNC] = sync_file,
            [FS_RENAME] = rename_path,
            [FS_REMOVE] = remove_path,
            [FS_MKDIR] = make_directory,
            [FS_RMDIR] = remove_path,
            [FS_OPENDIR] = open_directory,
            [FS_READDIR] = read_directory,
        },
    .release = release,
};

void init(void)
{
    for (uint32_t i = FS_FILES_MAX; i-- > 0;) {
        release(&self.files[i], false);
    }
    for (uint32_t i = 0; i < LONG_PATHS_MAX; i++) {
        self.long_paths[i].next = self.free_long_paths;
        self.free_long_paths = &self.long_paths[i];
    }
    serial_client_init(&serial_client_config);
    log_to(serial_client_log_sink);
    timer_client_init(&timer_client_config);
    ip_init(&ip_config, &net_client_config);
    nfs_op_init(&nfs_config);
    fs_server_init(&fs_server_config, &operations);
    mount_want(); /* before anybody asks: it takes a few round trips */
    pd_flush();
}
