/* tests/unit/fs_server.c: the core of a file server and the client library, with a server that answers when the test
 * says so, a client that restarts, a server that restarts, and peers that lie.
 */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs/server.h"
#include "tests/unit/fs_pair.h"

/* A server that keeps every job until told. */
static struct fs_job *held[FS_JOBS_MAX];
static uint32_t held_count, released;
static int files[8];

static void hold(struct fs_job *job)
{
    held[held_count++] = job;
}

static bool client_runs_meanwhile; /* as one of a higher priority does */

static void at_once(struct fs_job *job)
{
    job->file = files;
    if (client_runs_meanwhile) {
        fake_wake(FAKE_BIT(FS_PAIR_CLIENT));
    }
    fs_server_done(job, FS_STATUS_OK);
}

static void release(void *file, bool directory)
{
    CHECK(file == files);
    released++;
}

static const struct fs_server_operations operations = {
    .operation =
        {
            [FS_INITIALISE] = at_once,
            [FS_OPEN] = at_once,
            [FS_OPENDIR] = at_once,
            [FS_READ] = hold,
            [FS_STAT] = hold,
            [FS_READDIR] = hold,
            [FS_REMOVE] = hold,
        },
    .release = release,
};

static void finish(uint32_t index, enum fs_status status)
{
    struct fs_job *job = held[index];

    memmove(&held[index], &held[index + 1], (--held_count - index) * sizeof(held[0]));
    fs_server_done(job, status);
    fs_pair_pump();
}

static void issue(struct fs_request *request, enum fs_command_type type, uint64_t fd)
{
    struct fs_command command = {.type = type, .flags = FS_OPEN_READ};

    if (type == FS_OPEN || type == FS_OPENDIR || type == FS_STAT || type == FS_REMOVE) {
        memcpy(fs_pair_share, "/f", 2);
        command.path.path = (struct fs_buffer){0, 2};
        command.path.other = (struct fs_buffer){4096, sizeof(struct fs_stat)};
    } else {
        command.file.fd = fd;
        command.file.data = (struct fs_buffer){8192, 4096};
    }
    *request = (struct fs_request){0};
    CHECK(fs_client_issue(request, &command));
}

static struct fs_completion run(enum fs_command_type type, uint64_t fd)
{
    struct fs_request request;

    issue(&request, type, fd);
    fs_pair_pump();
    CHECK(request.done);
    return request.result;
}

static uint64_t open_one(enum fs_command_type type)
{
    struct fs_completion completion = run(type, 0);

    CHECK_EQUAL(completion.status, FS_STATUS_OK);
    return completion.open.fd;
}

static void test_close_waits_for_reads(void)
{
    struct fs_request reads[2], closing, late;
    uint64_t fd = open_one(FS_OPEN);

    issue(&reads[0], FS_READ, fd);
    issue(&reads[1], FS_READ, fd);
    issue(&closing, FS_CLOSE, fd);
    issue(&late, FS_READ, fd);
    fs_pair_pump();
    CHECK(late.done && late.result.status == FS_STATUS_INVALID_FD);
    CHECK_EQUAL(held_count, 2);
    CHECK_EQUAL(held[0]->command.id >> 56, fs_client_config.number);
    CHECK(!closing.done && released == 0);
    finish(1, FS_STATUS_OK);
    CHECK(reads[1].done && !reads[0].done && !closing.done);
    finish(0, FS_STATUS_IO);
    CHECK(reads[0].done && reads[0].result.status == FS_STATUS_IO);
    CHECK(closing.done && closing.result.status == FS_STATUS_OK);
    CHECK_EQUAL(released, 1);
    CHECK_EQUAL(run(FS_CLOSE, fd).status, FS_STATUS_INVALID_FD);
    released = 0;
}

static void test_directory_commands_go_one_by_one(void)
{
    struct fs_request first, second, tell;
    uint64_t fd = open_one(FS_OPENDIR);

    issue(&first, FS_READDIR, fd);
    issue(&second, FS_READDIR, fd);
    issue(&tell, FS_TELLDIR, fd);
    fs_pair_pump();
    CHECK_EQUAL(held_count, 1);
    CHECK_EQUAL(held[0]->position, 0);
    CHECK(fs_server_dirent(held[0], 77, 0, "name", 4));
    finish(0, FS_STATUS_OK);
    CHECK(first.done && first.result.length == 24);
    CHECK_EQUAL(held_count, 1);
    CHECK_EQUAL(held[0]->position, 77);
    finish(0, FS_STATUS_OK);
    CHECK(second.done && second.result.length == 0);
    CHECK(tell.done && tell.result.position == 77);
    CHECK_EQUAL(run(FS_CLOSEDIR, fd).status, FS_STATUS_OK);
    CHECK_EQUAL(released, 1);
    released = 0;
}

static void test_deinitialise_waits(void)
{
    struct fs_request reading, leaving;
    uint64_t fd = open_one(FS_OPEN);

    issue(&reading, FS_READ, fd);
    issue(&leaving, FS_DEINITIALISE, 0);
    fs_pair_pump();
    CHECK(!leaving.done);
    CHECK_EQUAL(run(FS_READ, fd).status, FS_STATUS_NOT_MOUNTED);
    finish(0, FS_STATUS_OK);
    CHECK(reading.done && leaving.done);
    CHECK_EQUAL(released, 1);
    CHECK_EQUAL(run(FS_INITIALISE, 0).status, FS_STATUS_OK);
    released = 0;
}

/* Every job busy: the rest wait in the ring, and go on as jobs end. */
static void test_all_jobs_busy(void)
{
    static struct fs_request requests[FS_QUEUE_CAPACITY];
    uint64_t fd = open_one(FS_OPEN);

    for (uint32_t i = 0; i < FS_QUEUE_CAPACITY; i++) {
        issue(&requests[i], FS_READ, fd);
    }
    struct fs_request extra = {0};
    struct fs_command command = {.type = FS_READ};
    CHECK(!fs_client_issue(&extra, &command)); /* the library keeps to what completions have room for */
    fs_pair_pump();
    CHECK_EQUAL(held_count, FS_JOBS_MAX);
    while (held_count) {
        finish(held_count / 2, FS_STATUS_OK);
    }
    for (uint32_t i = 0; i < FS_QUEUE_CAPACITY; i++) {
        CHECK(requests[i].done);
    }
    CHECK_EQUAL(run(FS_CLOSE, fd).status, FS_STATUS_OK);
    released = 0;
}

/* A command has the time at which it came, however long it waits for a job. */
static void test_arrival_counts(void)
{
    static struct fs_request requests[FS_JOBS_MAX + 3];
    uint64_t fd = open_one(FS_OPEN);

    for (uint32_t i = 0; i < FS_JOBS_MAX + 3; i++) {
        fake_set_now_ns(1000 + i);
        issue(&requests[i], FS_READ, fd);
        fs_pair_pump();
    }
    CHECK_EQUAL(held_count, FS_JOBS_MAX);
    fake_set_now_ns(5000);
    for (uint32_t i = 0; i < FS_JOBS_MAX + 3; i++) {
        CHECK_EQUAL(held[0]->arrived_ns, 1000 + i); /* and in order */
        finish(0, FS_STATUS_OK);
        CHECK(requests[i].done);
    }
    CHECK_EQUAL(held_count, 0);
    CHECK_EQUAL(run(FS_CLOSE, fd).status, FS_STATUS_OK);
    released = 0;
}

/* While the server is away what is new is refused at once, also with all jobs busy; what came before waits on, and what
 * the core does alone is done. */
static void test_away(void)
{
    static struct fs_request before[FS_JOBS_MAX + 2];
    struct fs_request reading, closing;
    uint64_t fd = open_one(FS_OPEN), other = open_one(FS_OPEN);

    for (uint32_t i = 0; i < FS_JOBS_MAX + 2; i++) {
        issue(&before[i], FS_READ, fd);
    }
    fs_pair_pump();
    fs_server_away(true);
    CHECK_EQUAL(run(FS_READ, fd).status, FS_STATUS_UNREACHABLE);
    CHECK_EQUAL(run(FS_STAT, 0).status, FS_STATUS_UNREACHABLE);
    CHECK_EQUAL(run(FS_OPEN, 0).status, FS_STATUS_UNREACHABLE);
    issue(&closing, FS_CLOSE, other);
    fs_pair_pump();
    CHECK(!closing.done); /* its turn comes */
    finish(0, FS_STATUS_UNREACHABLE);
    finish(0, FS_STATUS_OK);
    CHECK(before[0].done && before[1].done && !before[2].done && held_count == FS_JOBS_MAX);
    finish(0, FS_STATUS_OK);
    CHECK(closing.done && closing.result.status == FS_STATUS_OK);
    CHECK_EQUAL(run(FS_INITIALISE, 0).status, FS_STATUS_OK);
    CHECK_EQUAL(run(FS_READ, fd).status, FS_STATUS_UNREACHABLE); /* also where a job is free */
    fs_server_away(false);
    issue(&reading, FS_READ, fd);
    fs_pair_pump();
    CHECK(!reading.done);
    while (held_count) {
        finish(0, FS_STATUS_OK);
    }
    CHECK(reading.done && reading.result.status == FS_STATUS_OK && before[FS_JOBS_MAX + 1].done);
    CHECK_EQUAL(run(FS_CLOSE, fd).status, FS_STATUS_OK);
    released = 0;
}

/* A client that has more under way than its completions have room for, and does not take them: what has a place is
 * done, the rest waits in the ring, completions are dropped, and the server goes on. */
static void test_client_that_asks_too_much(void)
{
    static struct fs_request requests[FS_QUEUE_CAPACITY];
    uint64_t fd = open_one(FS_OPEN), lost = fs_server_counts(0).lost;
    uint32_t tail, put = 0;
    struct fs_command command = {.type = FS_READ};

    for (uint32_t i = 0; i < FS_QUEUE_CAPACITY; i++) {
        issue(&requests[i], FS_READ, fd);
    }
    pd_flush();
    fake_notified(FS_PAIR_CLIENT);
    fake_wake(FAKE_BIT(FS_PAIR_SERVER));
    tail = fs_pair_commands->tail;
    command.file.fd = fd;
    command.file.data = (struct fs_buffer){8192, 4096};
    for (; put < FS_QUEUE_CAPACITY && tail + put - fs_pair_commands->head < FS_QUEUE_CAPACITY; put++) {
        memcpy(fs_pair_commands->elements + (tail + put) % FS_QUEUE_CAPACITY * 64, &command, 64);
    }
    fs_pair_commands->tail = tail + put;
    fake_wake(FAKE_BIT(FS_PAIR_SERVER));
    CHECK_EQUAL(fs_pair_commands->tail - fs_pair_commands->head, put - FS_JOBS_MAX);
    for (uint32_t left = FS_QUEUE_CAPACITY + put; left > 0; left--) {
        CHECK(held_count > 0);
        struct fs_job *job = held[0];
        memmove(&held[0], &held[1], --held_count * sizeof(held[0]));
        fs_server_done(job, FS_STATUS_OK);
    }
    CHECK(held_count == 0 && fs_server_counts(0).lost == lost + put);
    fs_pair_pump();
    for (uint32_t i = 0; i < FS_QUEUE_CAPACITY; i++) {
        CHECK(requests[i].done);
    }
    fs_pair_restart_client();
    CHECK_EQUAL(fs_server_counts(0).open_files, 0);
}

/* The peer's index anywhere: nothing is executed that was not put, nobody hangs, and the true index goes on. */
static void test_client_that_lies(void)
{
    static const uint32_t jumps[] = {1u << 31, FS_QUEUE_CAPACITY + 1, ~0u, 1000000};
    uint64_t commands = fs_server_counts(0).commands;

    for (uint32_t i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
        uint32_t tail = fs_pair_commands->tail, head = fs_pair_completions->head;
        fs_pair_commands->tail = tail + jumps[i];
        fs_pair_completions->head = head + jumps[i];
        fake_wake(FAKE_BIT(FS_PAIR_SERVER));
        fs_pair_commands->tail = tail;
        fs_pair_completions->head = head;
    }
    CHECK_EQUAL(fs_server_counts(0).commands, commands);
    CHECK_EQUAL(run(FS_READ, 0).status, FS_STATUS_INVALID_FD);
}

/* A completion with an id that is nobody's, or one given before, is dropped. */
static void test_server_that_lies(void)
{
    struct fs_completion *last;
    struct fs_request request;
    uint64_t fd = open_one(FS_OPEN), right;

    issue(&request, FS_READ, fd);
    pd_flush();
    fake_notified(FS_PAIR_CLIENT);
    fake_wake(FAKE_BIT(FS_PAIR_SERVER));
    last = (void *)(fs_pair_completions->elements + fs_pair_completions->tail % FS_QUEUE_CAPACITY * 64);
    fs_server_done(held[0], FS_STATUS_OK);
    held_count = 0;
    right = last->id;
    last->id = right + (1 << 16); /* a number not given out yet */
    fs_pair_pump();
    CHECK(!request.done);
    uint32_t tail = fs_pair_completions->tail;
    last = (void *)(fs_pair_completions->elements + tail % FS_QUEUE_CAPACITY * 64);
    *last = (struct fs_completion){.id = right};
    fs_pair_completions->tail = tail + 1;
    fake_wake(FAKE_BIT(FS_PAIR_CLIENT));
    CHECK(request.done);
    request.done = false;
    *(struct fs_completion *)(void *)(fs_pair_completions->elements +
                                      (tail + 1) % FS_QUEUE_CAPACITY * 64) = (struct fs_completion){.id = right};
    fs_pair_completions->tail = tail + 2;
    fake_wake(FAKE_BIT(FS_PAIR_CLIENT));
    CHECK(!request.done);
}

/* A client that starts anew: its files are released, what was under way ends without a trace in its memory. */
static void test_client_restarts(void)
{
    static struct fs_request before, waiting; /* the library, which has not restarted, still knows them */
    uint64_t fd = open_one(FS_OPEN), other = open_one(FS_OPEN);

    issue(&before, FS_READ, fd);
    issue(&waiting, FS_CLOSE, fd);
    fs_pair_pump();
    uint32_t tail = fs_pair_completions->tail;
    memset(fs_pair_share + 8192, 0x55, 4096);
    released = 0;
    fs_pair_restart_client();
    CHECK_EQUAL(released, 1); /* `other`; the first has a job at work */
    CHECK(held_count == 1 && fs_server_data(held[0]) == NULL);
    fs_server_put(held[0], 0, "secret", 6);
    fs_server_done(held[0], FS_STATUS_OK);
    held_count = 0;
    CHECK_EQUAL(released, 2);
    CHECK_EQUAL(fs_pair_completions->tail, tail);
    CHECK_EQUAL(fs_pair_share[8192], 0x55);
    CHECK_EQUAL(fs_server_counts(0).jobs, 0);
    CHECK_EQUAL(fs_server_counts(0).open_files, 0);
    (void)other;
}

/* A server that starts anew, as the client sees it: what was under way and may be done twice is given again, with its id,
 * and ends once; the rest fails, once, with a status of its own. */
static void test_server_restarts(void)
{
    struct fs_request requests[3];
    uint64_t before;

    CHECK_EQUAL(run(FS_INITIALISE, 0).status, FS_STATUS_OK);
    issue(&requests[0], FS_STAT, 0);
    issue(&requests[1], FS_REMOVE, 0);
    issue(&requests[2], FS_STAT, 0);
    fs_pair_pump();
    CHECK_EQUAL(held_count, 3);
    before = held[0]->command.id;
    fs_pair_restart_server();
    fs_pair_pump();
    CHECK(requests[1].done && requests[1].result.status == FS_STATUS_SERVER_WAS_RESET);
    CHECK(!requests[0].done && !requests[2].done);
    CHECK(held_count >= 5 && held[3]->command.id == before && !(held[3]->command.flags & FS_AGAIN));
    while (held_count) {
        finish(held_count - 1, FS_STATUS_OK);
        fs_pair_pump();
    }
    CHECK(requests[0].done && requests[0].result.status == FS_STATUS_OK);
    CHECK(requests[2].done && requests[2].result.status == FS_STATUS_OK);
    issue(&requests[0], FS_STAT, 0); /* which the server dies of, again and again */
    fs_pair_pump();
    for (uint32_t i = 0; !requests[0].done; i++) {
        CHECK(i < 10);
        fs_pair_restart_server();
        fs_pair_pump();
    }
    CHECK_EQUAL(requests[0].result.status, FS_STATUS_SERVER_WAS_RESET);
    while (held_count) {
        finish(held_count - 1, FS_STATUS_OK);
    }
    CHECK_EQUAL(run(FS_READ, 0).status, FS_STATUS_SERVER_WAS_RESET); /* its file was open before, for all we know */
    CHECK_EQUAL(run(FS_CLOSE, 0).status, FS_STATUS_SERVER_WAS_RESET);
}

/* That a command can be done without is told to the server, and is no flag of what it does. */
static void test_unless_away(void)
{
    struct fs_command command = {.type = FS_STAT, .flags = FS_UNLESS_AWAY};

    CHECK_EQUAL(run(FS_INITIALISE, 0).status, FS_STATUS_OK);
    memcpy(fs_pair_share, "/f", 2);
    command.path.path = (struct fs_buffer){0, 2};
    command.path.other = (struct fs_buffer){4096, sizeof(struct fs_stat)};
    for (uint32_t i = 0; i < 2; i++) {
        struct fs_request request = {.done = false};
        CHECK(fs_client_issue(&request, &command));
        fs_pair_pump();
        CHECK(held_count == 1 && held[0]->unless_away == (i == 0) && held[0]->command.flags == 0);
        finish(0, FS_STATUS_NOT_FOUND);
        fs_pair_pump();
        CHECK(request.done && request.result.status == FS_STATUS_NOT_FOUND);
        command.flags = 0;
    }
}

/* A length that no command had room for is cut before anybody counts on it. */
static void test_server_that_boasts(void)
{
    struct fs_request request;
    uint64_t fd = open_one(FS_OPEN);

    issue(&request, FS_READ, fd);
    fs_pair_pump();
    held[0]->length = 1ull << 40;
    finish(0, FS_STATUS_OK);
    CHECK(request.done && request.result.status == FS_STATUS_OK);
    CHECK_EQUAL(request.result.read.length, 4096);
    CHECK_EQUAL(run(FS_CLOSE, fd).status, FS_STATUS_OK);
    released = 0;
}

static struct fs_request in_a_chain;
static uint32_t to_go;

static void next_in_chain(struct fs_request *request)
{
    struct fs_command command = {.type = FS_INITIALISE};

    CHECK_EQUAL(request->result.status, FS_STATUS_OK);
    if (to_go > 0) {
        to_go--;
        CHECK(fs_client_issue(request, &command));
    }
}

/* A client that asks more, and more, within one event of the server's: that ends, and nothing of it is forgotten. */
static void test_more_than_an_event_takes(void)
{
    static struct fs_request others[2 * FS_QUEUE_CAPACITY];
    struct fs_command command = {.type = FS_OPEN, .flags = FS_OPEN_READ};
    uint32_t issued = 0;

    CHECK_EQUAL(run(FS_INITIALISE, 0).status, FS_STATUS_OK);
    memcpy(fs_pair_share, "/f", 2);
    command.path.path = (struct fs_buffer){0, 2};
    client_runs_meanwhile = true;
    in_a_chain = (struct fs_request){.handler = next_in_chain};
    to_go = 3 * FS_QUEUE_CAPACITY;
    CHECK(fs_client_issue(&in_a_chain, &(struct fs_command){.type = FS_INITIALISE}));
    while (issued < FS_QUEUE_CAPACITY - 1 && fs_client_issue(&others[issued], &command)) {
        issued++;
    }
    fs_pair_pump();
    client_runs_meanwhile = false;
    CHECK_EQUAL(to_go, 0);
    CHECK(in_a_chain.done);
    for (uint32_t i = 0; i < issued; i++) {
        CHECK(others[i].done && others[i].result.status == FS_STATUS_OK);
        issue(&others[i], FS_CLOSE, others[i].result.open.fd);
    }
    fs_pair_pump();
    CHECK_EQUAL(fs_server_counts(0).open_files, 0);
    released = 0;
}

static void test_paths(void)
{
    static const struct {
        const char *from, *to; /* NULL: refused */
    } cases[] = {
        {"/", "/"},        {"/a", "/a"},           {"//a//b//", "/a/b"}, {"/./a/.", "/a"}, {"/a/..", "/"},
        {"/a/../b", "/b"}, {"/a/b/../../c", "/c"}, {"/...", "/..."},     {"/..a", "/..a"}, {"/a..", "/a.."},
        {"/..", NULL},     {"/a/../..", NULL},     {"/../a", NULL},      {"a", NULL},      {"", NULL},
    };
    static const char *const with[] = {"/", "/a/", "/a//", "/a/.", "/a/./", "/a/b/../", "/."};
    static const char *const without[] = {"/a", "//a", "/a.", "/a/..b", "/./a", "/a/b/..", "/a/.b"};
    char to[FS_PATH_MAX + 2];
    bool slash;

    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum fs_status status = fs_server_normalise(cases[i].from, strlen(cases[i].from), to, &slash);
        CHECK((status == FS_STATUS_OK) == (cases[i].to != NULL));
        CHECK(!cases[i].to || strcmp(to, cases[i].to) == 0);
    }
    CHECK_EQUAL(fs_server_normalise("/a\0b", 4, to, &slash), FS_STATUS_INVALID_PATH);
    for (uint32_t i = 0; i < sizeof(with) / sizeof(with[0]); i++) {
        CHECK(fs_server_normalise(with[i], strlen(with[i]), to, &slash) == FS_STATUS_OK && slash);
        CHECK(fs_server_normalise(without[i], strlen(without[i]), to, &slash) == FS_STATUS_OK && !slash);
    }
}

static struct fs_request endless;
static uint32_t rounds;

static void put_completion(uint64_t id)
{
    uint32_t tail = fs_pair_completions->tail;
    *(struct fs_completion *)(void *)(fs_pair_completions->elements +
                                      tail % FS_QUEUE_CAPACITY * 64) = (struct fs_completion){.id = id};
    fs_pair_completions->tail = tail + 1;
}

/* It answers each command at once, and sixty that it was not given. */
static void go_on(struct fs_request *request)
{
    struct fs_command command = {.type = FS_STAT};
    CHECK(++rounds < 1000);
    CHECK(fs_client_issue(request, &command));
    uint32_t last = fs_pair_commands->tail - 1;
    for (int i = 0; i < 60; i++) {
        put_completion(0);
    }
    put_completion(((struct fs_command *)(void *)(fs_pair_commands->elements + last % FS_QUEUE_CAPACITY * 64))->id);
    fs_pair_commands->head = fs_pair_commands->tail;
}

/* An event of the client's ends all the same, and the next word wakes it. */
static void test_server_that_never_stops(void)
{
    endless.handler = go_on;
    go_on(&endless);
    for (uint32_t i = 1; i < 10; i++) {
        rounds = 0;
        fake_wake(FAKE_BIT(FS_PAIR_CLIENT));
        CHECK(rounds > 0 && rounds < 6 && fs_pair_completions->consumer_armed);
    }
}

/* The library's own index does not know of what the test put in its ring. */
static void run_apart(void (*test)(void))
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        test();
        exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

int main(void)
{
    fs_server_init(&fs_server_config, &operations);
    fs_client_init(&fs_client_config);
    CHECK_EQUAL(run(FS_STAT, 0).status, FS_STATUS_NOT_MOUNTED);
    CHECK_EQUAL(run(FS_INITIALISE, 0).status, FS_STATUS_OK);
    test_paths();
    test_close_waits_for_reads();
    test_directory_commands_go_one_by_one();
    test_deinitialise_waits();
    test_all_jobs_busy();
    test_arrival_counts();
    test_away();
    test_server_that_boasts();
    test_more_than_an_event_takes();
    run_apart(test_client_that_asks_too_much);
    test_client_that_lies();
    test_client_restarts();
    test_unless_away();
    test_server_restarts();
    test_server_that_lies(); /* the last but one: the server's own index does not know of what the test put in its ring */
    test_server_that_never_stops();
    return 0;
}
