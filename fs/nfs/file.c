/* fs/nfs/file.c: see the header.
 *   invariant there are as many places as the core has open files (fs/server.h); a long path has a place while its file
 *             is open
 *   when full an open file with a long path beyond its client's part of the places for them is FS_STATUS_TOO_MANY_OPEN
 */
#include "fs/nfs/file.h"

#include <assert.h>
#include <string.h>
#include "fs/nfs/walk.h"

#define LONG_PATHS_MAX 48 /* open files with paths that are not short; each client has the same part */

struct nfs_long_path {
    struct nfs_long_path *next; /* free */
    char text[FS_PATH_MAX + 2];
};

static struct {
    struct nfs_file files[FS_FILES_MAX];
    struct nfs_file *free_files;
    struct nfs_long_path long_paths[LONG_PATHS_MAX];
    struct nfs_long_path *free_long_paths;
    uint32_t long_path_counts[FS_CLIENTS_MAX];
} self;

/* -- places -- */

static const char *path_of(const struct nfs_file *file)
{
    return file->long_path ? file->long_path->text : file->short_path;
}

bool nfs_file_has_place(const struct fs_job *job)
{
    return strlen(job->path) < NFS_PATH_SHORT ||
           self.long_path_counts[job->client] < LONG_PATHS_MAX / fs_server_clients();
}

static void keep_path(struct nfs_file *file, const char *path)
{
    size_t size = strlen(path) + 1;
    char *place = file->short_path;

    if (size > NFS_PATH_SHORT) {
        file->long_path = self.free_long_paths;
        self.free_long_paths = file->long_path->next;
        self.long_path_counts[file->client]++;
        place = file->long_path->text;
    }
    memcpy(place, path, size);
}

void nfs_file_open(struct nfs_op *op)
{
    struct nfs_file *file = self.free_files;

    if (!nfs_file_has_place(op->job)) { /* others were opened meanwhile */
        nfs_op_finish(op, FS_STATUS_TOO_MANY_OPEN);
        return;
    }
    assert(file); /* the core has no more open files than we */
    self.free_files = file->next;
    *file = (struct nfs_file){
        .handle = op->walk.handle, .inode = op->walk.stat.inode, .mount = mount_number(), .client = op->job->client};
    keep_path(file, op->job->path);
    op->job->file = file;
    op->job->stat = op->walk.stat;
    nfs_op_finish(op, FS_STATUS_OK);
}

void nfs_file_release(void *context, bool directory)
{
    struct nfs_file *file = context;

    if (file->long_path) {
        file->long_path->next = self.free_long_paths;
        self.free_long_paths = file->long_path;
        self.long_path_counts[file->client]--;
        file->long_path = NULL;
    }
    file->next = self.free_files;
    self.free_files = file;
}

void nfs_file_init(void)
{
    for (uint32_t i = FS_FILES_MAX; i-- > 0;) {
        nfs_file_release(&self.files[i], false);
    }
    for (uint32_t i = 0; i < LONG_PATHS_MAX; i++) {
        self.long_paths[i].next = self.free_long_paths;
        self.free_long_paths = &self.long_paths[i];
    }
}

/* Stale handles. The server gives the number of a file that is gone to the next one. So a file that is found again is
 * the same only where all handles are others: where the root's is. */

static void on_found_again(struct nfs_op *op, enum fs_status status)
{
    struct nfs_file *file = op->job->file;

    if (status == FS_STATUS_OK && op->walk.stat.inode == file->inode && mount_number() != file->mount) {
        file->handle = op->walk.handle;
        file->mount = mount_number();
        op->start(op);
    } else {
        nfs_op_finish(op, status == FS_STATUS_OK || status == FS_STATUS_NOT_FOUND ? FS_STATUS_STALE : status);
    }
}

void nfs_file_finish(struct nfs_op *op, nfsstat3 status)
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

void nfs_file_set_size(struct nfs_op *op, const struct nfs_handle *handle, uint64_t size, nfs_op_reply *reply)
{
    SETATTR3args args = {.object = nfs_handle_to(handle)};

    args.new_attributes.size.set_it = 1;
    args.new_attributes.size.set_size3_u.size = size;
    nfs_op_made(op, reply, rpc_nfs3_setattr_async(nfs_rpc_context(), nfs_rpc_callback, &args, nfs_op_ticket(op)));
}
