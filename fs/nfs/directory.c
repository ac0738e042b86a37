/* fs/nfs/directory.c: directories are opened and listed.
 *   consumes  replies to READDIRPLUS   from the NFS server, not trusted: names that are none are left out
 *   produces  one call for a listing, unless it has nothing but "." and ".."
 *   invariant a listing goes on behind the last name that its program has got
 */
#include <string.h>
#include "fs/nfs/file.h"
#include "fs/nfs/operations.h"
#include "fs/nfs/walk.h"

#define LISTING_MIN 4096u
#define LISTING_MAX (8u * 1024)

static void on_found_directory(struct nfs_op *op, enum fs_status status)
{
    if (status != FS_STATUS_OK) {
        nfs_op_finish(op, status);
    } else if ((op->walk.stat.mode & NFS_MODE_TYPE) != NFS_MODE_DIRECTORY) {
        nfs_op_finish(op, FS_STATUS_NOT_DIRECTORY);
    } else {
        nfs_file_open(op);
    }
}

static void start_open_directory(struct nfs_op *op)
{
    walk_start(op, op->job->path, op->job->path_slash, on_found_directory);
}

void nfs_directory_open(struct fs_job *job)
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
        nfs_file_finish(op, listing->status);
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
                rpc_nfs3_readdirplus_async(nfs_rpc_context(), nfs_rpc_callback, &args, nfs_op_ticket(op)));
}

static void start_listing(struct nfs_op *op)
{
    op->job->length = 0;
    send_listing(op, op->job->position);
}

void nfs_directory_read(struct fs_job *job)
{
    nfs_op_begin(job, start_listing, false);
}
