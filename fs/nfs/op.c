/* fs/nfs/op.c: the life of an operation: begun when there is a connection, started over when its call is lost, slowed
 * down when the server asks for it, finished once, PATIENCE_NS after its command arrived at the latest.
 *   invariant an operation that is begun and not finished is in one of two lists, or has one call under way
 *   when full no memory for its call: started over after SHORT_NS
 *   time      one timer for the earliest deadline, one for what is to be started over later
 */
#include "lib/pd.h"

#include <string.h>
#include "fs/nfs/counters.h"
#include "fs/nfs/op.h"
#include "timer/client.h"

#define PATIENCE_NS (40ull * 1000 * 1000 * 1000)
#define CHANGE_NS (5ull * 1000 * 1000 * 1000) /* for the reply to a change, which waits for the server's disk */
#define RETRY_NS (500ull * 1000 * 1000)       /* after NFS3ERR_JUKEBOX */
#define SHORT_NS (100ull * 1000 * 1000)       /* after want of memory */

static struct {
    struct nfs_op ops[FS_JOBS_MAX];
    struct nfs_op *waiting, **waiting_end; /* for a connection */
    struct nfs_op *later;                  /* until the retry timer */
    bool missed;                           /* a connection, by one that does not wait for it */
    struct timer patience, retry;
} self;

static struct nfs_op *op_of(struct nfs_rpc_call *call)
{
    return (struct nfs_op *)(void *)((uint8_t *)call - offsetof(struct nfs_op, call));
}

/* -- patience -- */

static bool is_due(const struct nfs_op *op)
{
    return pd_now_ns() >= op->deadline_ns;
}

static bool is_to_start(const struct nfs_op *op)
{
    return pd_now_ns() >= op->again_ns;
}

static void on_patience(void *context);

static void be_patient_until(uint64_t deadline_ns)
{
    if (deadline_ns != UINT64_MAX && (!self.patience.armed || deadline_ns < self.patience.deadline_ns)) {
        timer_start(&self.patience, deadline_ns, on_patience, NULL);
    }
}

/* Out of `list`, to the end of another. */
static void take(struct nfs_op **list, bool (*is_meant)(const struct nfs_op *op), struct nfs_op ***end)
{
    while (*list) {
        struct nfs_op *op = *list;
        if (is_meant(op)) {
            *list = op->next;
            **end = op;
            *end = &op->next;
        } else {
            list = &op->next;
        }
    }
    **end = NULL;
}

static void find_waiting_end(void)
{
    self.waiting_end = &self.waiting;
    while (*self.waiting_end) {
        self.waiting_end = &(*self.waiting_end)->next;
    }
}

/* Wherever they are. All are taken out before the first is finished: that may begin another in its place. */
static void on_patience(void *context)
{
    struct nfs_op *due = NULL, **due_end = &due;
    uint64_t earliest = UINT64_MAX;

    take(&self.waiting, is_due, &due_end);
    find_waiting_end();
    take(&self.later, is_due, &due_end);
    for (uint32_t i = 0; i < FS_JOBS_MAX; i++) {
        struct nfs_op *op = &self.ops[i];
        if (op->asking && is_due(op)) {
            nfs_rpc_forget(&op->call);
            op->asking = false;
            *due_end = op;
            due_end = &op->next;
        }
    }
    *due_end = NULL;
    for (struct nfs_op *op = due; op; op = op->next) {
        op->deadline_ns = UINT64_MAX; /* it does not count any more */
    }
    for (uint32_t i = 0; i < FS_JOBS_MAX; i++) {
        earliest = self.ops[i].job && self.ops[i].deadline_ns < earliest ? self.ops[i].deadline_ns : earliest;
    }
    be_patient_until(earliest);
    while (due) {
        struct nfs_op *op = due;
        due = op->next;
        nfs_op_finish(op, FS_STATUS_UNREACHABLE);
    }
}

/* -- waiting -- */

void nfs_op_wait(struct nfs_op *op)
{
    if (is_due(op)) { /* also for one that was begun again and again */
        nfs_op_finish(op, FS_STATUS_UNREACHABLE);
        return;
    }
    if (op->job->unless_away) {
        self.missed = true; /* the next one finds a connection, where there is one to be had */
        mount_want();
        nfs_op_finish(op, FS_STATUS_UNREACHABLE);
        return;
    }
    op->next = NULL;
    *self.waiting_end = op;
    self.waiting_end = &op->next;
    mount_want();
}

static void start_or_wait(struct nfs_op *op)
{
    if (mount_is_up() && !is_due(op)) {
        op->start(op);
    } else {
        nfs_op_wait(op);
    }
}

static void start_all(struct nfs_op *op)
{
    while (op) {
        struct nfs_op *next = op->next;
        start_or_wait(op);
        op = next;
    }
}

static void on_up(void)
{
    struct nfs_op *first = self.waiting;

    self.waiting = NULL;
    self.waiting_end = &self.waiting;
    nfs_counts()->server_away = 0;
    fs_server_away(false);
    start_all(first);
}

static void on_down(bool for_longer)
{
    if (for_longer) {
        nfs_counts()->server_away = 1;
        fs_server_away(true);
    }
    if (self.waiting || self.missed) {
        self.missed = false;
        mount_want();
    }
}

static void on_retry(void *context);

static void retry_at(uint64_t at_ns)
{
    if (!self.retry.armed || at_ns < self.retry.deadline_ns) {
        timer_start(&self.retry, at_ns, on_retry, NULL);
    }
}

static void on_retry(void *context)
{
    struct nfs_op *due = NULL, **due_end = &due;

    take(&self.later, is_to_start, &due_end);
    for (const struct nfs_op *op = self.later; op; op = op->next) {
        retry_at(op->again_ns);
    }
    start_all(due);
}

static void retry_later(struct nfs_op *op, uint64_t pause_ns)
{
    op->again_ns = pd_now_ns() + pause_ns;
    op->next = self.later;
    self.later = op;
    retry_at(op->again_ns);
}

/* -- replies -- */

static void on_reply(struct nfs_rpc_call *call, void *result)
{
    struct nfs_op *op = op_of(call);

    op->asking = op->once = false;
    mount_useful();
    /* Every NFS reply begins with its status. JUKEBOX (RFC 1813 2.6): not now, ask again. */
    if (*(const nfsstat3 *)result == NFS3ERR_JUKEBOX) {
        retry_later(op, RETRY_NS);
    } else {
        op->reply(op, result);
    }
}

static void on_lost(struct nfs_rpc_call *call, enum nfs_rpc_loss how)
{
    struct nfs_op *op = op_of(call);

    op->replayed |= op->once && (how == LOST_CONNECTION || how == LOST_REPLY);
    op->asking = op->once = false;
    switch (how) {
    case LOST_CONNECTION: nfs_op_wait(op); break;
    case LOST_REPLY: /* a server that is slow with it is given more time at each turn, so that it comes to an end */
        op->call.reply_ns *= 2;
        start_or_wait(op);
        break;
    case LOST_MEMORY: retry_later(op, SHORT_NS); break;
    case LOST_REFUSED: nfs_op_finish(op, FS_STATUS_IO); break;
    }
}

void *nfs_op_ticket(struct nfs_op *op)
{
    return nfs_rpc_ticket(&op->call);
}

void nfs_op_made(struct nfs_op *op, nfs_op_reply *reply, int result)
{
    op->reply = reply;
    op->asking = true;
    nfs_rpc_made(&op->call, result);
}

void nfs_op_made_once(struct nfs_op *op, nfs_op_reply *reply, int result)
{
    op->once = true;
    nfs_op_made(op, reply, result);
}

struct nfs_op *nfs_op_of(const struct fs_job *job)
{
    return &self.ops[job->index];
}

/* Before a reply that was overtaken counts as lost, the first time. */
static uint64_t time_to_reply(const struct fs_job *job)
{
    switch (job->type) {
    case FS_WRITE:
    case FS_TRUNCATE:
    case FS_SYNC:
    case FS_RENAME:
    case FS_REMOVE:
    case FS_MKDIR:
    case FS_RMDIR: return CHANGE_NS;
    default: return NFS_RPC_REPLY_NS;
    }
}

void nfs_op_begin(struct fs_job *job, nfs_op_step *start, bool for_ever)
{
    struct nfs_op *op = nfs_op_of(job);

    op->job = job;
    op->start = start;
    op->call = (struct nfs_rpc_call){.reply = on_reply, .lost = on_lost, .reply_ns = time_to_reply(job)};
    op->changes = 0;
    op->once = op->replayed = op->refreshed = op->remounted = op->created = op->guarded = false;
    op->done = 0;
    op->deadline_ns = for_ever ? UINT64_MAX : job->arrived_ns + PATIENCE_NS;
    be_patient_until(op->deadline_ns);
    start_or_wait(op);
}

void nfs_op_finish(struct nfs_op *op, enum fs_status status)
{
    struct fs_job *job = op->job;

    op->job = NULL;
    fs_server_done(job, status);
}

void nfs_op_init(const struct nfs_config *config)
{
    self.waiting_end = &self.waiting;
    mount_init(config, on_up, on_down);
}

/* -- what NFSv3 says, in the words of fs/proto.h (RFC 1813 2.6) -- */

enum fs_status nfs_status(nfsstat3 status)
{
    switch (status) {
    case NFS3_OK: return FS_STATUS_OK;
    case NFS3ERR_NOENT: return FS_STATUS_NOT_FOUND;
    case NFS3ERR_PERM:
    case NFS3ERR_ACCES: return FS_STATUS_ACCESS;
    case NFS3ERR_EXIST: return FS_STATUS_EXISTS;
    case NFS3ERR_NOTDIR: return FS_STATUS_NOT_DIRECTORY;
    case NFS3ERR_ISDIR: return FS_STATUS_IS_DIRECTORY;
    case NFS3ERR_XDEV:
    case NFS3ERR_INVAL:
    case NFS3ERR_BADTYPE:
    case NFS3ERR_BAD_COOKIE:
    case NFS3ERR_NOTSUPP:
    case NFS3ERR_MLINK:
    case NFS3ERR_NOT_SYNC: return FS_STATUS_INVALID_ARGUMENT;
    case NFS3ERR_FBIG: return FS_STATUS_TOO_LARGE;
    case NFS3ERR_NOSPC:
    case NFS3ERR_DQUOT: return FS_STATUS_NO_SPACE;
    case NFS3ERR_ROFS: return FS_STATUS_READ_ONLY;
    case NFS3ERR_NAMETOOLONG: return FS_STATUS_NAME_TOO_LONG;
    case NFS3ERR_NOTEMPTY: return FS_STATUS_NOT_EMPTY;
    case NFS3ERR_STALE:
    case NFS3ERR_BADHANDLE: return FS_STATUS_STALE;
    case NFS3ERR_TOOSMALL: return FS_STATUS_INVALID_BUFFER;
    case NFS3ERR_IO:
    case NFS3ERR_NXIO:
    case NFS3ERR_NODEV:
    case NFS3ERR_REMOTE:
    case NFS3ERR_SERVERFAULT:
    case NFS3ERR_JUKEBOX: return FS_STATUS_IO;
    }
    return FS_STATUS_IO; /* a number that NFSv3 does not know */
}

bool nfs_stale(nfsstat3 status)
{
    return status == NFS3ERR_STALE || status == NFS3ERR_BADHANDLE;
}

static uint64_t nanoseconds(const nfstime3 *time)
{
    return time->seconds * 1000000000ull + time->nseconds;
}

void nfs_stat_from(const fattr3 *attributes, struct fs_stat *stat)
{
    static const uint32_t types[] = {
        [NF3REG] = 0100000, [NF3DIR] = 0040000,  [NF3BLK] = 0060000,  [NF3CHR] = 0020000,
        [NF3LNK] = 0120000, [NF3SOCK] = 0140000, [NF3FIFO] = 0010000,
    };
    uint32_t type = (uint32_t)attributes->type < sizeof(types) / sizeof(types[0]) ? types[attributes->type] : 0;

    *stat = (struct fs_stat){
        .size = attributes->size,
        .inode = attributes->fileid,
        .mtime_ns = nanoseconds(&attributes->mtime),
        .ctime_ns = nanoseconds(&attributes->ctime),
        .atime_ns = nanoseconds(&attributes->atime),
        .mode = type | (attributes->mode & 07777),
        .links = attributes->nlink,
        .uid = attributes->uid,
        .gid = attributes->gid,
    };
}

bool nfs_handle_from(const nfs_fh3 *from, struct nfs_handle *to)
{
    if (from->data.data_len > NFS_HANDLE_MAX) {
        return false;
    }
    *to = (struct nfs_handle){.size = from->data.data_len};
    memcpy(to->bytes, from->data.data_val, to->size);
    return true;
}

nfs_fh3 nfs_handle_to(const struct nfs_handle *handle)
{
    return (nfs_fh3){.data = {handle->size, (char *)(uintptr_t)handle->bytes}};
}
