/* tests/unit/fs_nfs_op.c: the life of operations over a mount, a connection and a core that the test plays: each ends
 * once, and when its command is 40 s old at the latest, wherever it is then.
 */
#include <string.h>

#include "fs/nfs/op.h"
#include "tests/unit/fake_microkit.h"
#include "timer/client.h"

#define MS 1000000ull
#define S (1000 * MS)
#define TIMER 5

static struct timer_page timer_page;
const struct timer_client_config timer_client_config = {.page = &timer_page, .channel = TIMER};
const struct nfs_config nfs_config;

/* The mount. */
static void (*up)(void);
static void (*down)(bool for_longer);
static bool mounted, away;
static uint32_t wants;

void mount_init(const struct nfs_config *config, void (*on_up)(void), void (*on_down)(bool for_longer))
{
    up = on_up;
    down = on_down;
}

bool mount_is_up(void)
{
    return mounted;
}

void mount_want(void)
{
    wants++;
}

void mount_useful(void) {}

/* The connection: one call of each operation at most. */
static struct nfs_rpc_call *under_way[FS_JOBS_MAX];

void *nfs_rpc_ticket(struct nfs_rpc_call *call)
{
    return call;
}

static uint32_t slot_of(const struct nfs_rpc_call *call)
{
    for (uint32_t i = 0; i < FS_JOBS_MAX; i++) {
        if (under_way[i] == call) {
            return i;
        }
    }
    return FS_JOBS_MAX;
}

void nfs_rpc_made(struct nfs_rpc_call *call, int result)
{
    CHECK_EQUAL(slot_of(call), FS_JOBS_MAX);
    under_way[slot_of(NULL)] = call;
}

void nfs_rpc_forget(struct nfs_rpc_call *call)
{
    uint32_t slot = slot_of(call);

    CHECK(slot < FS_JOBS_MAX);
    under_way[slot] = NULL;
}

static uint32_t calls(void)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < FS_JOBS_MAX; i++) {
        count += under_way[i] != NULL;
    }
    return count;
}

/* The core. */
static struct fs_job jobs[FS_JOBS_MAX];
static enum fs_command_type type; /* of the next that is begun */
static bool unless_away;          /* so is that */
static struct {
    uint32_t count;
    enum fs_status last;
} done[FS_JOBS_MAX];
static bool again; /* what ends is followed by another of the same age, in its place */

static void begin(uint32_t index, uint64_t arrived_ns);

void fs_server_away(bool is)
{
    away = is;
}

void fs_server_done(struct fs_job *job, enum fs_status status)
{
    done[job->index].count++;
    done[job->index].last = status;
    if (again) {
        begin(job->index, job->arrived_ns);
    }
}

static struct nfs_op *last_started;
static uint32_t starts;

static void on_reply(struct nfs_op *op, void *result)
{
    nfs_op_finish(op, nfs_status(*(const nfsstat3 *)result));
}

static bool once;

static void start(struct nfs_op *op)
{
    last_started = op;
    starts++;
    (once ? nfs_op_made_once : nfs_op_made)(op, on_reply, (nfs_op_ticket(op), 0));
}

static void begin(uint32_t index, uint64_t arrived_ns)
{
    jobs[index] = (struct fs_job){.index = index, .arrived_ns = arrived_ns, .type = type, .unless_away = unless_away};
    nfs_op_begin(&jobs[index], start, false);
}

static void reply(struct nfs_rpc_call *call, nfsstat3 status)
{
    under_way[slot_of(call)] = NULL;
    call->reply(call, &status);
}

static void lose(struct nfs_rpc_call *call, enum nfs_rpc_loss how)
{
    under_way[slot_of(call)] = NULL;
    call->lost(call, how);
}

static void at(uint64_t ns)
{
    fake_set_now_ns(ns);
    fake_wake(FAKE_BIT(TIMER));
}

static bool ended(uint32_t index, enum fs_status status)
{
    bool so = done[index].count == 1 && done[index].last == status;

    done[index].count = 0;
    return so;
}

/* The time counts from when the command came, not from when its job began; under way or waiting makes no difference,
 * and what comes for it later comes to nobody. */
static void test_patience_counts_from_arrival(void)
{
    mounted = true;
    at(100 * S);
    begin(0, 70 * S); /* has a call under way */
    mounted = false;
    begin(1, 80 * S); /* waits for the mount */
    begin(2, 100 * S);
    begin(3, 59 * S); /* too late already */
    CHECK(ended(3, FS_STATUS_UNREACHABLE) && calls() == 1);
    at(109 * S);
    CHECK(done[0].count == 0);
    at(110 * S);
    CHECK(ended(0, FS_STATUS_UNREACHABLE) && calls() == 0 && done[1].count == 0);
    at(120 * S);
    CHECK(ended(1, FS_STATUS_UNREACHABLE) && done[2].count == 0);
    mounted = true;
    up();
    CHECK(calls() == 1 && last_started->job->index == 2);
    reply(&last_started->call, NFS3_OK);
    CHECK(ended(2, FS_STATUS_OK));
    at(500 * S);
    CHECK(done[0].count + done[1].count + done[2].count == 0);
}

/* As many as there can be, each followed by one as old: all end, none twice, and the event does as well. */
static void test_all_end_at_once(void)
{
    at(1000 * S);
    for (uint32_t i = 0; i < FS_JOBS_MAX; i++) {
        mounted = i % 2;
        begin(i, 1000 * S);
    }
    CHECK_EQUAL(calls(), FS_JOBS_MAX / 2);
    again = true;
    for (uint32_t i = 0; i < FS_JOBS_MAX; i++) {
        jobs[i].arrived_ns = 2000 * S; /* what follows is young */
    }
    at(1040 * S);
    again = false;
    for (uint32_t i = 0; i < FS_JOBS_MAX; i++) {
        CHECK(ended(i, FS_STATUS_UNREACHABLE));
    }
    at(1041 * S);
    mounted = true;
    up();
    CHECK_EQUAL(calls(), FS_JOBS_MAX);
    for (uint32_t i = 0; i < FS_JOBS_MAX; i++) {
        reply(under_way[i], NFS3_OK);
    }
    for (uint32_t i = 0; i < FS_JOBS_MAX; i++) {
        CHECK(ended(i, FS_STATUS_OK));
    }
}

static void test_a_lost_reply_is_asked_for_again(void)
{
    at(3000 * S);
    begin(0, 3000 * S);
    starts = 0;
    CHECK(last_started->call.reply_ns == NFS_RPC_REPLY_NS);
    lose(&last_started->call, LOST_REPLY);
    CHECK(last_started->call.reply_ns == 2 * NFS_RPC_REPLY_NS); /* it may be a slow server */
    CHECK(starts == 1 && calls() == 1 && done[0].count == 0);
    lose(&last_started->call, LOST_CONNECTION);
    CHECK(starts == 1 && calls() == 0);
    up();
    CHECK(starts == 2 && calls() == 1);
    reply(&last_started->call, NFS3ERR_NOENT);
    CHECK(ended(0, FS_STATUS_NOT_FOUND));
}

/* A change waits for the server's disk: it is given more time. */
static void test_how_long_a_reply_may_take(void)
{
    static const struct {
        enum fs_command_type type;
        uint64_t seconds;
    } cases[] = {{FS_OPEN, 2},  {FS_STAT, 2}, {FS_READ, 2},  {FS_READDIR, 2},
                 {FS_WRITE, 5}, {FS_SYNC, 5}, {FS_REMOVE, 5}};

    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        type = cases[i].type;
        begin(0, pd_now_ns());
        CHECK_EQUAL(last_started->call.reply_ns, cases[i].seconds * S);
        reply(&last_started->call, NFS3_OK);
        CHECK(ended(0, FS_STATUS_OK));
    }
    type = 0;
}

static void test_no_memory_and_not_now(void)
{
    at(4000 * S);
    begin(0, 4000 * S);
    starts = 0;
    lose(&last_started->call, LOST_MEMORY);
    CHECK(starts == 0);
    at(4000 * S + 200 * MS);
    CHECK(starts == 1 && !last_started->replayed);
    reply(&last_started->call, NFS3ERR_JUKEBOX);
    CHECK(starts == 1 && done[0].count == 0);
    at(4002 * S);
    CHECK(starts == 2);
    reply(&last_started->call, NFS3ERR_JUKEBOX);
    at(4040 * S); /* again and again, but not for ever */
    CHECK(ended(0, FS_STATUS_UNREACHABLE) && calls() == 0);
}

/* What waits for its time is not begun because something else waits for an earlier one. */
static void test_each_at_its_time(void)
{
    at(5000 * S);
    begin(0, 5000 * S);
    struct nfs_op *busy = last_started;
    begin(1, 5000 * S);
    struct nfs_op *poor = last_started;
    reply(&busy->call, NFS3ERR_JUKEBOX); /* half a second */
    at(5000 * S + 50 * MS);
    lose(&poor->call, LOST_MEMORY); /* a tenth of one */
    starts = 0;
    at(5000 * S + 149 * MS);
    CHECK_EQUAL(starts, 0);
    at(5000 * S + 150 * MS);
    CHECK(starts == 1 && last_started == poor);
    at(5000 * S + 499 * MS);
    CHECK_EQUAL(starts, 1);
    at(5000 * S + 500 * MS);
    CHECK(starts == 2 && last_started == busy);
    reply(&poor->call, NFS3_OK);
    reply(&busy->call, NFS3_OK);
    CHECK(ended(0, FS_STATUS_OK) && ended(1, FS_STATUS_OK));
}

/* Only a lost call that does other things when it is carried out twice makes an operation one that may be done. */
static void test_what_may_be_done_already(void)
{
    at(6000 * S);
    for (enum nfs_rpc_loss how = LOST_CONNECTION; how <= LOST_MEMORY; how++) {
        for (once = false;; once = true) {
            begin(0, 6000 * S);
            CHECK(!last_started->replayed);
            lose(&last_started->call, how);
            CHECK(last_started->replayed == (once && how != LOST_MEMORY));
            up();
            at(pd_now_ns() + S);
            if (once) { /* the mark stays with the operation, but not with its next call */
                bool replayed = last_started->replayed;
                once = false;
                reply(&last_started->call, NFS3ERR_JUKEBOX);
                at(pd_now_ns() + 2 * S);
                CHECK(last_started->replayed == replayed);
                lose(&last_started->call, LOST_CONNECTION);
                CHECK(last_started->replayed == replayed);
                up();
                once = true;
            }
            reply(&last_started->call, NFS3_OK);
            CHECK(ended(0, FS_STATUS_OK));
            if (once) {
                break;
            }
        }
    }
    once = false;
}

static void test_refused(void)
{
    at(7000 * S);
    begin(0, 7000 * S);
    lose(&last_started->call, LOST_REFUSED);
    CHECK(ended(0, FS_STATUS_IO) && calls() == 0);
    at(7100 * S);
    CHECK_EQUAL(done[0].count, 0);
}

/* RFC 1813 2.6, each in the words of fs/proto.h. */
static void test_statuses(void)
{
    static const struct {
        nfsstat3 status;
        enum fs_status is;
    } all[] = {
        {NFS3_OK, FS_STATUS_OK},
        {NFS3ERR_PERM, FS_STATUS_ACCESS},
        {NFS3ERR_NOENT, FS_STATUS_NOT_FOUND},
        {NFS3ERR_IO, FS_STATUS_IO},
        {NFS3ERR_NXIO, FS_STATUS_IO},
        {NFS3ERR_ACCES, FS_STATUS_ACCESS},
        {NFS3ERR_EXIST, FS_STATUS_EXISTS},
        {NFS3ERR_XDEV, FS_STATUS_INVALID_ARGUMENT},
        {NFS3ERR_NODEV, FS_STATUS_IO},
        {NFS3ERR_NOTDIR, FS_STATUS_NOT_DIRECTORY},
        {NFS3ERR_ISDIR, FS_STATUS_IS_DIRECTORY},
        {NFS3ERR_INVAL, FS_STATUS_INVALID_ARGUMENT},
        {NFS3ERR_FBIG, FS_STATUS_TOO_LARGE},
        {NFS3ERR_NOSPC, FS_STATUS_NO_SPACE},
        {NFS3ERR_ROFS, FS_STATUS_READ_ONLY},
        {NFS3ERR_MLINK, FS_STATUS_INVALID_ARGUMENT},
        {NFS3ERR_NAMETOOLONG, FS_STATUS_NAME_TOO_LONG},
        {NFS3ERR_NOTEMPTY, FS_STATUS_NOT_EMPTY},
        {NFS3ERR_DQUOT, FS_STATUS_NO_SPACE},
        {NFS3ERR_STALE, FS_STATUS_STALE},
        {NFS3ERR_REMOTE, FS_STATUS_IO},
        {NFS3ERR_BADHANDLE, FS_STATUS_STALE},
        {NFS3ERR_NOT_SYNC, FS_STATUS_INVALID_ARGUMENT},
        {NFS3ERR_BAD_COOKIE, FS_STATUS_INVALID_ARGUMENT},
        {NFS3ERR_NOTSUPP, FS_STATUS_INVALID_ARGUMENT},
        {NFS3ERR_TOOSMALL, FS_STATUS_INVALID_BUFFER},
        {NFS3ERR_SERVERFAULT, FS_STATUS_IO},
        {NFS3ERR_BADTYPE, FS_STATUS_INVALID_ARGUMENT},
        {NFS3ERR_JUKEBOX, FS_STATUS_IO},
        {(nfsstat3)3, FS_STATUS_IO}, /* none of NFSv3's */
        {(nfsstat3)-1, FS_STATUS_IO},
    };

    for (uint32_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        CHECK_EQUAL(nfs_status(all[i].status), all[i].is);
        CHECK_EQUAL(nfs_stale(all[i].status), all[i].is == FS_STATUS_STALE);
    }
}

static void test_attributes(void)
{
    static const uint32_t types[] = {0, 0100000, 0040000, 0060000, 0020000, 0120000, 0140000, 0010000, 0};
    struct fs_stat stat;

    for (uint32_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        fattr3 attributes = {.type = (ftype3)i,
                             .mode = 0170644,
                             .nlink = 2,
                             .uid = 3,
                             .gid = 4,
                             .size = 5,
                             .fileid = 6,
                             .atime = {7, 8},
                             .mtime = {9, 10},
                             .ctime = {4000000000u, 999999999}};
        nfs_stat_from(&attributes, &stat);
        CHECK_EQUAL(stat.mode, types[i] | 0644);
    }
    CHECK(stat.links == 2 && stat.uid == 3 && stat.gid == 4 && stat.size == 5 && stat.inode == 6);
    CHECK(stat.atime_ns == 7 * S + 8 && stat.mtime_ns == 9 * S + 10 && stat.ctime_ns == 4000000000u * S + 999999999);
}

/* As long as NFSv3 has them, and a byte more. */
static void test_handles(void)
{
    char bytes[65];
    nfs_fh3 from = {.data = {64, bytes}};
    struct nfs_handle handle;

    memset(bytes, 'h', sizeof(bytes));
    CHECK(nfs_handle_from(&from, &handle) && handle.size == 64 && memcmp(handle.bytes, bytes, 64) == 0);
    nfs_fh3 to = nfs_handle_to(&handle);
    CHECK(to.data.data_len == 64 && memcmp(to.data.data_val, bytes, 64) == 0);
    from.data.data_len = 65;
    CHECK(!nfs_handle_from(&from, &handle));
    from.data.data_len = 0;
    CHECK(nfs_handle_from(&from, &handle) && handle.size == 0 && handle.bytes[0] == 0);
}

/* Who can do without does not wait: neither for a connection nor for the next one; and that is wanted all the same. */
static void test_who_does_not_wait(void)
{
    mounted = false;
    wants = 0;
    unless_away = true;
    begin(0, pd_now_ns());
    CHECK(ended(0, FS_STATUS_UNREACHABLE) && wants == 1);
    down(false);
    CHECK_EQUAL(wants, 2);
    down(false);
    CHECK_EQUAL(wants, 2); /* nobody has missed it since */
    mounted = true;
    up();
    begin(0, pd_now_ns());
    begin(1, pd_now_ns());
    reply(&last_started->call, NFS3_OK);
    CHECK(ended(1, FS_STATUS_OK) && done[0].count == 0);
    mounted = false;
    lose(under_way[slot_of(&nfs_op_of(&jobs[0])->call)], LOST_CONNECTION);
    CHECK(ended(0, FS_STATUS_UNREACHABLE) && calls() == 0 && wants == 3);
    unless_away = false;
    mounted = true;
    up();
    CHECK_EQUAL(calls(), 0);
}

static void test_away(void)
{
    down(false);
    CHECK(!away);
    down(true);
    CHECK(away);
    up();
    CHECK(!away);
}

int main(void)
{
    timer_client_init(&timer_client_config);
    nfs_op_init(&nfs_config);
    test_patience_counts_from_arrival();
    test_all_end_at_once();
    test_a_lost_reply_is_asked_for_again();
    test_how_long_a_reply_may_take();
    test_no_memory_and_not_now();
    test_each_at_its_time();
    test_what_may_be_done_already();
    test_refused();
    test_statuses();
    test_attributes();
    test_handles();
    test_who_does_not_wait();
    test_away();
    return 0;
}
