/* tests/unit/fs_nfs_losses.c: calls whose replies are lost, or come to nothing, in each of the ways that there are; and
 * a server that is away: what each command comes to, on the server and for its program, and when.
 */
#include <string.h>

#include "fs/nfs/counters.h"
#include "tests/unit/fs_nfs_program.h"

#define PATIENCE_NS (40 * S) /* fs/nfs/op.c */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const int losses[] = {FAKE_NFS_LOSE_ANSWER, FAKE_NFS_LOSE_CALL, FAKE_NFS_BREAK_AFTER, FAKE_NFS_BREAK_BEFORE};

/* The next call of this procedure is lost, and then somebody else does this. */
static uint32_t lost_procedure;
static int loss; /* FAKE_NFS_ANSWER: none any more */
static void (*then)(void);

static int lose_once(uint32_t procedure)
{
    int verdict = procedure == lost_procedure ? loss : FAKE_NFS_ANSWER;

    if (verdict != FAKE_NFS_ANSWER) {
        loss = FAKE_NFS_ANSWER;
    }
    return verdict;
}

static void lose_next(uint32_t procedure, int how)
{
    lost_procedure = procedure;
    loss = how;
    fake_nfs.judge = lose_once;
}

/* Awaited beside another call, which is answered: then it is the reply that is lost, not the connection. */
static enum fs_status await_overtaken(struct fs_request *request)
{
    struct fs_request other;

    if (then && loss == FAKE_NFS_ANSWER) {
        then();
    }
    issue(&other, &(struct fs_command){.type = FS_STAT, .path = {{16384, 1}, {20480, sizeof(struct fs_stat)}}});
    fs_pair_share[16384] = '/';
    enum fs_status status = await(request);
    await(&other);
    last = request->result;
    return status;
}

static enum fs_status run_overtaken(const struct fs_command *command)
{
    struct fs_request request;

    issue(&request, command);
    return await_overtaken(&request);
}

/* -- commands that change names -- */

static const struct change {
    enum fs_command_type type;
    const char *path, *other;
    uint32_t flags;
    enum fs_status status;
    const char *names; /* what is there afterwards */
} changes[] = {
    {FS_OPEN, "/new", NULL, CREATE, FS_STATUS_OK, "directory file new"},
    {FS_OPEN, "/new", NULL, CREATE_NEW, FS_STATUS_OK, "directory file new"},
    {FS_OPEN, "/file", NULL, CREATE_NEW, FS_STATUS_EXISTS, "directory file"},
    {FS_OPEN, "/file", NULL, CREATE | FS_OPEN_TRUNCATE, FS_STATUS_OK, "directory file"},
    {FS_MKDIR, "/new", NULL, 0, FS_STATUS_OK, "directory file new"},
    {FS_MKDIR, "/directory", NULL, 0, FS_STATUS_EXISTS, "directory file"},
    {FS_MKDIR, "/file", NULL, 0, FS_STATUS_EXISTS, "directory file"},
    {FS_REMOVE, "/file", NULL, 0, FS_STATUS_OK, "directory"},
    {FS_REMOVE, "/none", NULL, 0, FS_STATUS_NOT_FOUND, "directory file"},
    {FS_REMOVE, "/directory", NULL, 0, FS_STATUS_IS_DIRECTORY, "directory file"},
    {FS_RMDIR, "/directory", NULL, 0, FS_STATUS_OK, "file"},
    {FS_RMDIR, "/none", NULL, 0, FS_STATUS_NOT_FOUND, "directory file"},
    {FS_RMDIR, "/file", NULL, 0, FS_STATUS_NOT_DIRECTORY, "directory file"},
    {FS_RENAME, "/file", "/to", 0, FS_STATUS_OK, "directory to"},
    {FS_RENAME, "/file", "/directory/to", 0, FS_STATUS_OK, "directory"},
    {FS_RENAME, "/directory", "/to", 0, FS_STATUS_OK, "file to"},
    {FS_RENAME, "/directory/", "/to/", 0, FS_STATUS_OK, "file to"},
    {FS_RENAME, "/file", "/file", 0, FS_STATUS_OK, "directory file"},
    {FS_RENAME, "/none", "/to", 0, FS_STATUS_NOT_FOUND, "directory file"},
    {FS_RENAME, "/none", "/file", 0, FS_STATUS_NOT_FOUND, "directory file"},
    {FS_RENAME, "/file", "/directory", 0, FS_STATUS_IS_DIRECTORY, "directory file"},
};

static struct fs_command command_of(const struct change *change)
{
    struct fs_command command = change->other ? rename_command(change->path, change->other)
                                              : path_command(change->type, change->path);

    command.flags = change->flags;
    return command;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* In the root, with a blank between them. */
static const char *names_on_server(void)
{
    static char all[1024];
    const char *found[64] = {NULL};
    uint32_t count = 0;

    for (uint32_t i = 1; i < FAKE_NFS_NODES; i++) {
        if (fake_nfs.nodes[i].alive && fake_nfs.nodes[i].parent == 0) {
            found[count++] = fake_nfs.nodes[i].name;
        }
    }
    qsort(found, count, sizeof(found[0]), by_name);
    all[0] = '\0';
    for (uint32_t i = 0; i < count; i++) {
        strcat(strcat(all, i ? " " : ""), found[i]);
    }
    return all;
}

static void make_names(void)
{
    for (uint32_t i = 1; i < FAKE_NFS_NODES; i++) {
        fake_nfs.nodes[i].alive = false;
    }
    fake_nfs_make("/file", NF3REG, "content");
    fake_nfs_make("/directory", NF3DIR, NULL);
}

static void lose_in(const struct change *change, uint32_t procedure, int how, bool overtaken)
{
    make_names();
    lose_next(procedure, how);
    struct fs_command command = command_of(change);
    enum fs_status status = overtaken ? run_overtaken(&command) : run(&command);
    if (status != change->status || strcmp(names_on_server(), change->names) != 0) {
        FAIL("%u of %s, %u lost (%d): %u, then there is: %s", change->type, change->path, procedure, how, status,
             names_on_server());
    }
    if (status == FS_STATUS_OK && change->type == FS_OPEN) {
        CHECK(fake_nfs.nodes[fake_nfs_find(change->path)].mode == 0644 || change->path[1] == 'f');
        CHECK_EQUAL(fake_nfs.nodes[fake_nfs_find(change->path)].size, 0);
        close_file(last.open.fd);
    }
}

/* Whatever call of them is lost, however: they come to what they come to when none is. */
static void test_each_loss_in_each_change(void)
{
    mount();
    for (uint32_t i = 0; i < COUNT(changes); i++) {
        for (uint32_t procedure = NFS3_GETATTR; procedure <= NFS3_RENAME; procedure++) {
            for (uint32_t how = 0; how < COUNT(losses); how++) {
                lose_in(&changes[i], procedure, losses[how], false);
                lose_in(&changes[i], procedure, losses[how], true);
            }
        }
    }
}

/* The same of a server that gives no attributes with its replies. */
static void test_each_loss_without_attributes(void)
{
    fake_nfs.bare = true;
    test_each_loss_in_each_change();
}

/* -- what came to have the name meanwhile is not what was meant -- */

static void make_file(void)
{
    then = NULL;
    fake_nfs_make("/file", NF3REG, "another one's");
}

static void make_directory(void)
{
    then = NULL;
    fake_nfs_make("/directory", NF3DIR, NULL);
}

static void make_new(void)
{
    then = NULL;
    if (fake_nfs_find("/new") < FAKE_NFS_NODES) {
        fake_nfs_remove("/new");
    }
    fake_nfs_make("/new", NF3REG, "another one's");
}

static enum fs_status lose_then(const struct change *change, uint32_t procedure, int how, void (*what)(void))
{
    make_names();
    lose_next(procedure, how);
    then = what;
    struct fs_command command = command_of(change);
    enum fs_status status = run_overtaken(&command);
    CHECK(!then);
    return status;
}

static void test_another_has_the_name(void)
{
    static const struct change remove = {.type = FS_REMOVE, .path = "/file"};
    static const struct change rmdir = {.type = FS_RMDIR, .path = "/directory"};
    static const struct change rename = {.type = FS_RENAME, .path = "/file", .other = "/to"};
    static const struct change mkdir = {.type = FS_MKDIR, .path = "/new"};
    static const struct change create = {.type = FS_OPEN, .path = "/new", .flags = CREATE_NEW};

    mount();
    CHECK_EQUAL(lose_then(&remove, NFS3_REMOVE, FAKE_NFS_LOSE_ANSWER, make_file), FS_STATUS_OK);
    CHECK(fake_nfs_holds("/file", "another one's"));
    CHECK_EQUAL(lose_then(&rmdir, NFS3_RMDIR, FAKE_NFS_LOSE_ANSWER, make_directory), FS_STATUS_OK);
    CHECK_TEXT(names_on_server(), "directory file");
    CHECK_EQUAL(lose_then(&rename, NFS3_RENAME, FAKE_NFS_LOSE_ANSWER, make_file), FS_STATUS_OK);
    CHECK(fake_nfs_holds("/file", "another one's") && fake_nfs_holds("/to", "content"));
    CHECK_EQUAL(lose_then(&mkdir, NFS3_MKDIR, FAKE_NFS_LOSE_CALL, make_new), FS_STATUS_EXISTS);
    CHECK_EQUAL(lose_then(&create, NFS3_CREATE, FAKE_NFS_LOSE_CALL, make_new), FS_STATUS_EXISTS);
    CHECK_EQUAL(lose_then(&create, NFS3_CREATE, FAKE_NFS_LOSE_ANSWER, make_new), FS_STATUS_EXISTS);
    CHECK(fake_nfs_holds("/new", "another one's"));
}

/* A server may have many handles for a file: it is the same while its times are. */
static void another_handle(void)
{
    then = NULL;
    fake_nfs.variant++;
}

static void test_another_handle_for_the_same(void)
{
    static const struct change remove = {.type = FS_REMOVE, .path = "/file"};
    static const struct change rename = {.type = FS_RENAME, .path = "/file", .other = "/to"};

    mount();
    CHECK_EQUAL(lose_then(&remove, NFS3_REMOVE, FAKE_NFS_LOSE_CALL, another_handle), FS_STATUS_OK);
    CHECK_TEXT(names_on_server(), "directory");
    CHECK_EQUAL(lose_then(&rename, NFS3_RENAME, FAKE_NFS_LOSE_CALL, another_handle), FS_STATUS_OK);
    CHECK_TEXT(names_on_server(), "directory to");
}

/* After a restart all handles, and may be times, are others: then it is the file's number that counts. */
static void other_handles(void)
{
    then = NULL;
    fake_nfs.boot++;
    fake_nfs.nodes[fake_nfs_find("/file")].seconds++;
}

static void test_other_handles_for_all(void)
{
    static const struct change remove = {.type = FS_REMOVE, .path = "/file"};

    mount();
    CHECK_EQUAL(lose_then(&remove, NFS3_REMOVE, FAKE_NFS_LOSE_CALL, other_handles), FS_STATUS_OK);
    CHECK_TEXT(names_on_server(), "directory");
}

/* The call that was lost is carried out after all, late: between the look at the name and the call made again. */

static struct change late;

static int carry_out_late(uint32_t procedure)
{
    int verdict = lose_once(procedure);

    if (late.path && procedure == NFS3_LOOKUP && loss == FAKE_NFS_ANSWER) {
        return FAKE_NFS_ODD;
    }
    return verdict;
}

static void on_late(uint32_t procedure, void *result)
{
    struct change change = late;

    late.path = NULL;
    if (change.type == FS_MKDIR) {
        fake_nfs_make(change.path, NF3DIR, NULL);
    } else if (change.type == FS_RENAME) {
        fake_nfs_rename(change.path, change.other);
    } else {
        fake_nfs_remove(change.path);
    }
}

static void test_carried_out_late(void)
{
    static const struct {
        struct change change;
        uint32_t procedure;
        const char *names;
    } lates[] = {
        {{.type = FS_REMOVE, .path = "/file"}, NFS3_REMOVE, "directory"},
        {{.type = FS_RMDIR, .path = "/directory"}, NFS3_RMDIR, "file"},
        {{.type = FS_RENAME, .path = "/file", .other = "/to"}, NFS3_RENAME, "directory to"},
        {{.type = FS_MKDIR, .path = "/new"}, NFS3_MKDIR, "directory file new"},
    };

    mount();
    for (uint32_t i = 0; i < COUNT(lates); i++) {
        make_names();
        lose_next(lates[i].procedure, FAKE_NFS_BREAK_BEFORE);
        fake_nfs.judge = carry_out_late;
        fake_nfs.spoil = on_late;
        late = lates[i].change;
        struct fs_command command = command_of(&lates[i].change);
        CHECK_EQUAL(run(&command), FS_STATUS_OK);
        CHECK_TEXT(names_on_server(), lates[i].names);
        CHECK(!late.path);
    }
}

/* The server had read it when the connection ended, as often as that was, and is slow: what has been written since
 * stays. */
static int ends;

static int end_before_emptied(uint32_t procedure)
{
    return procedure == NFS3_SETATTR && ends-- > 0 ? FAKE_NFS_BREAK_BEFORE : FAKE_NFS_ANSWER;
}

static void test_emptied_late(void)
{
    mount();
    fake_nfs.judge = end_before_emptied;
    for (int times = 1; times < 7; times++) {
        fake_nfs_make("/file", NF3REG, "what was here");
        ends = times;
        uint64_t fd = opened("/file", WRITE | FS_OPEN_TRUNCATE);
        CHECK(fake_nfs_holds("/file", ""));
        CHECK_EQUAL(write_text(fd, "new"), FS_STATUS_OK);
        CHECK_EQUAL(fake_nfs_late(), NFS3ERR_NOT_SYNC);
        CHECK(fake_nfs_holds("/file", "new"));
        close_file(fd);
        fake_nfs_remove("/file");
    }
}

static int writes;

static int written_before_emptied(uint32_t procedure)
{
    if (procedure == NFS3_SETATTR && writes > 0) {
        writes--;
        fake_nfs.nodes[fake_nfs_find("/file")].seconds = ++fake_nfs.time;
    }
    return FAKE_NFS_ANSWER;
}

/* Somebody else writes it all the time. */
static void test_emptied_beside_a_writer(void)
{
    mount();
    for (int times = 1; times < 10; times++) {
        fake_nfs_make("/file", NF3REG, "what was here");
        writes = times;
        fake_nfs.judge = written_before_emptied;
        CHECK_EQUAL(open_path("/file", WRITE | FS_OPEN_TRUNCATE), FS_STATUS_OK);
        CHECK(fake_nfs_holds("/file", ""));
        fake_nfs_remove("/file");
    }
}

static int asked_to_empty;

static int never_in_sync(uint32_t procedure)
{
    asked_to_empty += procedure == NFS3_SETATTR;
    return procedure == NFS3_SETATTR ? (int)NFS3ERR_NOT_SYNC : FAKE_NFS_ANSWER;
}

/* Also where it is asked without a guard. */
static void test_never_in_sync(void)
{
    mount();
    fake_nfs_make("/file", NF3REG, "what was here");
    fake_nfs.judge = never_in_sync;
    CHECK_EQUAL(open_path("/file", WRITE | FS_OPEN_TRUNCATE), FS_STATUS_IO);
    CHECK_EQUAL(asked_to_empty, 4);
}

/* Without EXCLUSIVE a file that is there after a lost reply counts as another one's. */
static void test_a_server_without_exclusive(void)
{
    static const struct change create = {.type = FS_OPEN, .path = "/new", .flags = CREATE_NEW};

    mount();
    fake_nfs.no_exclusive = true;
    CHECK_EQUAL(open_path("/first", CREATE_NEW), FS_STATUS_OK);
    CHECK_EQUAL(fake_nfs.nodes[fake_nfs_find("/first")].mode, 0644);
    CHECK_EQUAL(open_path("/first", CREATE_NEW), FS_STATUS_EXISTS);
    make_names();
    lose_next(NFS3_CREATE, NFS3ERR_NOTSUPP);
    CHECK_EQUAL(lose_then(&create, NFS3_CREATE, FAKE_NFS_LOSE_CALL, NULL), FS_STATUS_OK);
}

static int lose_guarded(uint32_t procedure)
{
    static uint32_t creates;

    return procedure == NFS3_CREATE && ++creates == 2 ? FAKE_NFS_LOSE_ANSWER : FAKE_NFS_ANSWER;
}

static void test_a_lost_guarded_create(void)
{
    mount();
    fake_nfs.no_exclusive = true;
    fake_nfs.judge = lose_guarded;
    CHECK_EQUAL(open_path("/new", CREATE_NEW), FS_STATUS_EXISTS);
}

/* The attributes of a new file are those of its own, not what the server kept its verifier in. */
static void test_attributes_of_a_new_file(void)
{
    mount();
    for (uint32_t i = 0; i < 2; i++) {
        fake_nfs.bare = i;
        const char *path = i ? "/bare" : "/full";
        struct fs_command command = open_command(path, CREATE_NEW);
        CHECK_EQUAL(run(&command), FS_STATUS_OK);
        struct fake_nfs_node *node = &fake_nfs.nodes[fake_nfs_find(path)];
        CHECK(!node->verifier_in_mtime && !node->verifier_in_atime && node->mode == 0644);
        CHECK_EQUAL(stat_result().mode, 0100644);
        CHECK_EQUAL(stat_result().mtime_ns, node->seconds * S);
    }
}

/* -- a server that is away -- */

static uint64_t file_fd, directory_fd;

static const struct {
    enum fs_command_type type;
    const char *path, *other;
    uint32_t flags;
} all[] = {
    {FS_OPEN, "/file", NULL, READ},  {FS_OPEN, "/made", NULL, CREATE_NEW},
    {FS_OPEN, "/file", NULL, WRITE}, {FS_STAT, "/file", NULL, 0},
    {FS_FSTAT, NULL, NULL, 0},       {FS_READ, NULL, NULL, 0},
    {FS_WRITE, NULL, NULL, 0},       {FS_FILE_SIZE, NULL, NULL, 0},
    {FS_TRUNCATE, NULL, NULL, 0},    {FS_RENAME, "/a", "/b", 0},
    {FS_REMOVE, "/gone", NULL, 0},   {FS_MKDIR, "/new", NULL, 0},
    {FS_RMDIR, "/empty", NULL, 0},   {FS_OPENDIR, "/", NULL, 0},
    {FS_READDIR, NULL, NULL, 0},
};

static struct fs_command any_command(uint32_t i)
{
    struct fs_command command;

    if (all[i].other) {
        return rename_command(all[i].path, all[i].other);
    }
    if (all[i].path) {
        command = path_command(all[i].type, all[i].path);
        command.flags = all[i].flags;
        return command;
    }
    return file_command(all[i].type, all[i].type == FS_READDIR ? directory_fd : file_fd, 0, 512);
}

static void open_all(void)
{
    fake_nfs.judge = NULL;
    make_names();
    fake_nfs_make("/a", NF3REG, "a");
    fake_nfs_make("/gone", NF3REG, "gone");
    fake_nfs_make("/empty", NF3DIR, NULL);
    file_fd = opened("/file", WRITE);
    CHECK_EQUAL(on_path(FS_OPENDIR, "/directory"), FS_STATUS_OK);
    directory_fd = last.open.fd;
}

static void close_all(uint32_t i)
{
    if (last.status == FS_STATUS_OK && (all[i].type == FS_OPEN || all[i].type == FS_OPENDIR)) {
        CHECK_EQUAL(on_file(all[i].type == FS_OPEN ? FS_CLOSE : FS_CLOSEDIR, last.open.fd, 0, 0), FS_STATUS_OK);
    }
    close_file(file_fd);
    CHECK_EQUAL(on_file(FS_CLOSEDIR, directory_fd, 0, 0), FS_STATUS_OK);
    CHECK(fs_server_counts(0).jobs == 0 && fs_server_counts(0).open_files == 0);
}

enum absence { REFUSES, HANGS, FORGETS /* all that it was asked */ };

static int forget(uint32_t procedure)
{
    return FAKE_NFS_LOSE_CALL;
}

static void leave(enum absence how)
{
    fake_nfs.refuses = how == REFUSES;
    fake_nfs.hangs = how == HANGS;
    fake_nfs.judge = how == FORGETS ? forget : NULL;
}

static void come_back(void)
{
    fake_nfs.refuses = fake_nfs.hangs = false;
    fake_nfs.judge = NULL;
}

/* For half a minute: each command waits for it, and comes to what it comes to. */
static void test_away_during_each_command(void)
{
    mount();
    for (uint32_t i = 0; i < COUNT(all); i++) {
        for (enum absence how = REFUSES; how <= FORGETS; how++) {
            struct fs_request request;
            open_all();
            leave(how);
            struct fs_command command = any_command(i);
            issue(&request, &command);
            uint64_t begun = pd_now_ns();
            pass_until(begun + 30 * S);
            CHECK(!request.done);
            come_back();
            if (await(&request) != FS_STATUS_OK) {
                FAIL("command %u, away in way %u: %u", i, how, (uint32_t)last.status);
            }
            /* at once, but where its reply may be on the way */
            CHECK(pd_now_ns() < begun + (how == FORGETS ? 46 * S : 31 * S));
            close_all(i);
        }
    }
}

/* For ever: each ends after its time; when the server is back all is well, and nothing is carried out twice. */
static void test_away_for_good(void)
{
    mount();
    for (uint32_t i = 0; i < COUNT(all); i++) {
        for (enum absence how = REFUSES; how <= FORGETS; how++) {
            struct fs_request request, again;
            open_all();
            leave(how);
            struct fs_command command = any_command(i);
            issue(&request, &command);
            uint64_t begun = pd_now_ns();
            pass_until(begun + PATIENCE_NS - MS);
            CHECK(!request.done);
            CHECK_EQUAL(await(&request), FS_STATUS_UNREACHABLE);
            CHECK(pd_now_ns() <= begun + PATIENCE_NS);
            CHECK(nfs_counts()->server_away == 1 || how == FORGETS);
            issue(&again, &command); /* it is known to be away */
            CHECK(again.done || how == FORGETS);
            come_back();
            pass_until(pd_now_ns() + 35 * S);
            CHECK(again.done && nfs_counts()->server_away == 0);
            command = any_command(i);
            CHECK(run(&command) == FS_STATUS_OK || again.result.status == FS_STATUS_OK);
            if (again.result.status == FS_STATUS_OK) {
                last = again.result;
            }
            close_all(i);
        }
    }
}

/* As many as there can be, at once: each is answered once, in time, and what comes after them is as at first. */
static void test_away_during_all_commands(void)
{
    struct fs_request requests[FS_QUEUE_CAPACITY];

    mount();
    fake_nfs_make("/file", NF3REG, "content");
    for (enum absence how = REFUSES; how <= FORGETS; how++) {
        leave(how);
        uint64_t begun = pd_now_ns();
        struct fs_command command = path_command(FS_STAT, "/file");
        for (uint32_t i = 0; i < COUNT(requests); i++) {
            issue(&requests[i], &command);
        }
        pass_until(begun + PATIENCE_NS);
        for (uint32_t i = 0; i < COUNT(requests); i++) {
            CHECK_EQUAL(await(&requests[i]), FS_STATUS_UNREACHABLE);
        }
        CHECK(pd_now_ns() <= begun + PATIENCE_NS && fs_server_counts(0).jobs == 0);
        come_back();
        pass_until(begun + 100 * S);
        CHECK_EQUAL(on_path(FS_STAT, "/file"), FS_STATUS_OK);
    }
}

/* A close is not kept waiting by the server; what is under way on its file keeps it as long as it may take. */
static void test_closing_while_away(void)
{
    struct fs_request read, close;

    mount();
    open_all();
    leave(HANGS);
    CHECK_EQUAL(on_file(FS_SYNC, file_fd, 0, 0), FS_STATUS_OK);
    struct fs_command command = file_command(FS_READ, file_fd, 0, 100);
    issue(&read, &command);
    command = file_command(FS_CLOSE, file_fd, 0, 0);
    issue(&close, &command);
    CHECK(!close.done);
    CHECK_EQUAL(await(&close), FS_STATUS_OK);
    CHECK(read.done && read.result.status == FS_STATUS_UNREACHABLE);
}

/* Want of memory: for a call, and for a connection. It is asked again, and not for ever. */
static void test_no_memory(void)
{
    struct fs_request request;

    mount();
    open_all();
    fake_nfs.no_memory = true;
    for (uint32_t i = 0; i < COUNT(all); i++) {
        struct fs_command command = any_command(i);
        issue(&request, &command);
        uint64_t begun = pd_now_ns();
        CHECK_EQUAL(await(&request), FS_STATUS_UNREACHABLE);
        CHECK_EQUAL(pd_now_ns(), begun + PATIENCE_NS);
    }
    struct fs_command command = file_command(FS_READ, file_fd, 0, 100);
    issue(&request, &command);
    pass_until(pd_now_ns() + 5 * S);
    fake_nfs.no_memory = false;
    uint64_t begun = pd_now_ns();
    CHECK_EQUAL(await(&request), FS_STATUS_OK);
    CHECK(pd_now_ns() <= begun + 100 * MS);
    leave(REFUSES);
    issue(&request, &command);
    fake_nfs.no_context = true;
    come_back();
    pass_until(pd_now_ns() + 20 * S);
    CHECK(!request.done);
    fake_nfs.no_context = false;
    CHECK_EQUAL(await(&request), FS_STATUS_OK);
}

/* A reply that cannot be read, or an RPC error: that command fails, and no other. */
static void test_refused_calls(void)
{
    mount();
    for (uint32_t i = 0; i < COUNT(all); i++) {
        open_all();
        for (uint32_t procedure = NFS3_GETATTR; procedure <= NFS3_READDIRPLUS; procedure++) {
            lose_next(procedure, FAKE_NFS_REFUSE);
            struct fs_command command = any_command(i);
            run(&command);
            bool refused = loss == FAKE_NFS_ANSWER;
            loss = FAKE_NFS_ANSWER;
            if (refused) {
                CHECK_EQUAL(last.status, FS_STATUS_IO);
            } else if (last.status == FS_STATUS_OK && (all[i].type == FS_OPEN || all[i].type == FS_OPENDIR)) {
                CHECK_EQUAL(on_file(all[i].type == FS_OPEN ? FS_CLOSE : FS_CLOSEDIR, last.open.fd, 0, 0), FS_STATUS_OK);
                last.status = FS_STATUS_IO; /* nothing to close any more */
            }
        }
        last.status = FS_STATUS_IO;
        close_all(i);
    }
}

/* The program starts anew while its commands are under way: they end, and its memory is left alone. */
static void test_the_client_restarts(void)
{
    struct fs_request requests[3];

    mount();
    open_all();
    leave(HANGS);
    fake_nfs.write_size = 100;
    struct fs_command command = file_command(FS_READ, file_fd, 0, 100);
    issue(&requests[0], &command);
    command = file_command(FS_WRITE, file_fd, 0, 512);
    issue(&requests[1], &command);
    pass_until(pd_now_ns() + 10 * S); /* the connection breaks: both begin again on the next */
    leave(REFUSES);
    fs_pair_pump();
    fs_pair_restart_client();
    memset(data(), 0xaa, 100);
    come_back();
    pass_until(pd_now_ns() + PATIENCE_NS);
    CHECK(fs_server_counts(0).jobs == 0 && fs_server_counts(0).open_files == 0);
    CHECK(data()[0] == 0xaa && data()[99] == 0xaa);
    CHECK(fake_nfs_holds("/file", "content"));
}

static const struct fs_nfs_case cases[] = {
    {"each_loss_in_each_change", test_each_loss_in_each_change},
    {"each_loss_without_attributes", test_each_loss_without_attributes},
    {"another_has_the_name", test_another_has_the_name},
    {"another_handle_for_the_same", test_another_handle_for_the_same},
    {"other_handles_for_all", test_other_handles_for_all},
    {"carried_out_late", test_carried_out_late},
    {"emptied_late", test_emptied_late},
    {"emptied_beside_a_writer", test_emptied_beside_a_writer},
    {"never_in_sync", test_never_in_sync},
    {"a_server_without_exclusive", test_a_server_without_exclusive},
    {"a_lost_guarded_create", test_a_lost_guarded_create},
    {"attributes_of_a_new_file", test_attributes_of_a_new_file},
    {"away_during_each_command", test_away_during_each_command},
    {"away_for_good", test_away_for_good},
    {"away_during_all_commands", test_away_during_all_commands},
    {"closing_while_away", test_closing_while_away},
    {"no_memory", test_no_memory},
    {"refused_calls", test_refused_calls},
    {"the_client_restarts", test_the_client_restarts},
};

int main(int argc, char **argv)
{
    return RUN_CASES(argc, argv, cases);
}
