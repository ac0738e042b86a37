/* fs/nfs/transfer.c: what is done with an open file: attributes, reads, writes, its size.
 *   consumes  replies to GETATTR, READ, WRITE and SETATTR   from the NFS server: trusted for content, not for lengths
 *   produces  as many calls, one after the other, as the server's sizes ask for
 *   invariant no byte outside the command's buffer is written, and none of it is sent after its client has gone
 */
#include "fs/nfs/file.h"
#include "fs/nfs/operations.h"

#define WRITE_MAX (32u * 1024) /* bytes of one call: libnfs copies them into its heap */

static void on_attributes(struct nfs_op *op, void *result)
{
    const GETATTR3res *attributes = result;

    if (attributes->status == NFS3_OK) {
        nfs_stat_from(&attributes->GETATTR3res_u.resok.obj_attributes, &op->job->stat);
    }
    nfs_file_finish(op, attributes->status);
}

static void start_fstat(struct nfs_op *op)
{
    struct nfs_file *file = op->job->file;
    GETATTR3args args = {.object = nfs_handle_to(&file->handle)};

    nfs_op_made(op, on_attributes,
                rpc_nfs3_getattr_async(nfs_rpc_context(), nfs_rpc_callback, &args, nfs_op_ticket(op)));
}

void nfs_transfer_attributes(struct fs_job *job)
{
    nfs_op_begin(job, start_fstat, false);
}

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
        nfs_file_finish(op, read->status);
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

    nfs_op_made(op, on_read, rpc_nfs3_read_async(nfs_rpc_context(), nfs_rpc_callback, &args, nfs_op_ticket(op)));
}

static void start_read(struct nfs_op *op)
{
    op->done = op->job->length = 0;
    send_read(op);
}

void nfs_transfer_read(struct fs_job *job)
{
    nfs_op_begin(job, start_read, false);
}

static void send_write(struct nfs_op *op);

static void on_write(struct nfs_op *op, void *result)
{
    const WRITE3res *write = result;
    const WRITE3resok *part = &write->WRITE3res_u.resok;

    if (write->status != NFS3_OK) {
        nfs_file_finish(op, write->status);
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
    nfs_op_made(op, on_write, rpc_nfs3_write_async(nfs_rpc_context(), nfs_rpc_callback, &args, nfs_op_ticket(op)));
}

static void start_write(struct nfs_op *op)
{
    op->done = 0;
    send_write(op);
}

void nfs_transfer_write(struct fs_job *job)
{
    nfs_op_begin(job, start_write, false);
}

static void on_truncated(struct nfs_op *op, void *result)
{
    nfs_file_finish(op, ((const SETATTR3res *)result)->status);
}

static void start_truncate(struct nfs_op *op)
{
    struct nfs_file *file = op->job->file;

    nfs_file_set_size(op, &file->handle, op->job->position, on_truncated);
}

void nfs_transfer_truncate(struct fs_job *job)
{
    nfs_op_begin(job, start_truncate, false);
}
