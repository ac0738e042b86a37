/* fs/nfs/file.c: see the header.
 *   invariant there are as many places as the core has open files (fs/server.h); a long path has a place while its file
 *             is open
 *   when full an open file with a long path beyond its client's part of the places for them is FS_STATUS_TOO_MANY_OPEN
 *   restart   what is open lies in memory that stays: its handle means the same afterwards, as long as the mount is the
 *             same. Nothing there is believed that its sum does not vouch for
 */
#include "lib/pd.h"

#include <assert.h>
#include <string.h>
#include "fs/nfs/file.h"
#include "fs/nfs/walk.h"

#define LONG_PATHS_MAX 48 /* open files with paths that are not short; each client has the same part */

struct nfs_long_path {
    struct nfs_long_path *next; /* free */
    char text[FS_PATH_MAX + 2];
};

PD_KEPT static struct {
    struct nfs_file files[FS_FILES_MAX];
    struct nfs_long_path long_paths[LONG_PATHS_MAX];
} kept;

static struct {
    struct nfs_file *free_files;
    struct nfs_long_path *free_long_paths;
    uint32_t long_path_counts[FS_CLIENTS_MAX];
    bool adopted[FS_FILES_MAX], adopted_paths[LONG_PATHS_MAX];
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

static uint64_t mix(uint64_t sum, const void *bytes, size_t size)
{
    uint64_t word;

    for (const uint8_t *at = bytes; size > 0; at += sizeof(word)) {
        size_t part = size < sizeof(word) ? size : sizeof(word);
        word = part;
        memcpy(&word, at, part);
        sum = (sum ^ word) * 0x9e3779b97f4a7c15ull;
        sum ^= sum >> 32;
        size -= part;
    }
    return sum;
}

static uint64_t sum_of(const struct nfs_file *file)
{
    uint64_t numbers[] = {file->client, file->inode, file->mount, (uintptr_t)file->long_path};
    uint64_t sum = mix(1, numbers, sizeof(numbers));

    sum = mix(sum, &file->handle, sizeof(file->handle));
    return mix(sum, path_of(file), strlen(path_of(file)));
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
    file->sum = sum_of(file);
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

/* -- restart -- */

/* The index of `thing` in an array of so many of that size. `count`: it is none of them. */
static size_t index_in(const void *array, size_t count, size_t size, const void *thing)
{
    uintptr_t offset = (uintptr_t)thing - (uintptr_t)array;

    return offset % size == 0 && offset / size < count ? offset / size : count;
}

static bool is_whole(const struct nfs_file *file)
{
    const char *text = file->short_path;
    size_t size = sizeof(file->short_path);

    if (file->long_path) {
        size_t place = index_in(kept.long_paths, LONG_PATHS_MAX, sizeof(kept.long_paths[0]), file->long_path);
        if (place == LONG_PATHS_MAX || self.adopted_paths[place]) {
            return false;
        }
        text = file->long_path->text;
        size = sizeof(file->long_path->text);
    }
    return memchr(text, '\0', size) && file->client < FS_CLIENTS_MAX && file->sum == sum_of(file);
}

bool nfs_file_adopt(void *context, bool directory)
{
    struct nfs_file *file = context;
    size_t place = index_in(kept.files, FS_FILES_MAX, sizeof(kept.files[0]), file);

    if (place == FS_FILES_MAX || self.adopted[place] || !mount_is_kept() || !is_whole(file)) {
        return false;
    }
    self.adopted[place] = true;
    if (file->long_path) {
        self.adopted_paths[file->long_path - kept.long_paths] = true;
        self.long_path_counts[file->client]++;
    }
    return true;
}

void nfs_file_init(void)
{
    for (uint32_t i = FS_FILES_MAX; i-- > 0;) {
        if (!self.adopted[i]) {
            kept.files[i].next = self.free_files;
            self.free_files = &kept.files[i];
        }
    }
    for (uint32_t i = 0; i < LONG_PATHS_MAX; i++) {
        if (!self.adopted_paths[i]) {
            kept.long_paths[i].next = self.free_long_paths;
            self.free_long_paths = &kept.long_paths[i];
        }
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
        file->sum = sum_of(file);
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
