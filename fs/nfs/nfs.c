/* fs/nfs/nfs.c: the file server whose files lie on an NFSv3 server (RFC 1813): which operation serves which command.
 *   serves    clients through fs/server.h; what comes from them has been checked by the core
 *   consumes  replies   from the NFS server: trusted for the files' content, not for lengths and numbers
 *   produces  one RPC for an open of a file whose directory is known, one for a read, none for a close
 *   invariant an operation is finished once: by a reply, by its command's age (fs/nfs/op.c), or as stale
 *   when full commands wait in fs/server.c; requests wait in libnfs' queue for room in the connection, and begin again
 *             where its heap has none
 * Writes are stable (FILE_SYNC) when they are answered: a server that restarts has lost nothing that we believed
 * written.
 */
#include "lib/pd.h"

#include "fs/nfs/counters.h"
#include "fs/nfs/file.h"
#include "fs/nfs/operations.h"
#include "fs/nfs/walk.h"
#include "lib/heap.h"
#include "lib/log.h"
#include "net/ip/ip.h"
#include "serial/client.h"
#include "timer/client.h"

static void start_initialise(struct nfs_op *op)
{
    nfs_op_finish(op, FS_STATUS_OK);
}

static void initialise(struct fs_job *job)
{
    nfs_op_begin(job, start_initialise, true);
}

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

/* Nothing to do: see the file's head. */
static void sync_file(struct fs_job *job)
{
    fs_server_done(job, FS_STATUS_OK);
}

static const struct fs_server_operations operations = {
    .operation =
        {
            [FS_INITIALISE] = initialise,
            [FS_OPEN] = nfs_open_file,
            [FS_STAT] = stat_path,
            [FS_FSTAT] = nfs_transfer_attributes,
            [FS_READ] = nfs_transfer_read,
            [FS_WRITE] = nfs_transfer_write,
            [FS_TRUNCATE] = nfs_transfer_truncate,
            [FS_SYNC] = sync_file,
            [FS_RENAME] = nfs_names_rename,
            [FS_REMOVE] = nfs_names_remove,
            [FS_MKDIR] = nfs_names_make_directory,
            [FS_RMDIR] = nfs_names_remove,
            [FS_OPENDIR] = nfs_directory_open,
            [FS_READDIR] = nfs_directory_read,
        },
    .release = nfs_file_release,
    .adopt = nfs_file_adopt,
};

/* What others count. */
static void tell_counts(void *context)
{
    struct nfs_counters *counts = nfs_counts();
    struct ip_counters ip;

    ip_counters(&ip);
    counts->frames_received = ip.frames_in;
    counts->frames_sent = ip.frames_out;
    counts->heap_bytes = heap_used();
}

void init(void)
{
    counters_begin();
    serial_client_init(&serial_client_config);
    log_to(serial_client_log_sink);
    timer_client_init(&timer_client_config);
    ip_init(&ip_config, &net_client_config);
    nfs_op_init(&nfs_config);
    fs_server_init(&fs_server_config, &operations);
    nfs_file_init();
    if (counters_config.page) {
        pd_before_flush(tell_counts, NULL);
    }
    pd_flush();
}
