/* tests/unit/fs_server_clients.c: a file server with three clients, two of them honest. What the third does, however it
 * floods, lies and restarts, the others have their places, in turn, and nothing of theirs changes.
 */
#include <string.h>

#include "tests/unit/fs_clients.h"

enum { HONEST, OTHER, HOSTILE, READER };
enum { COMMON = FS_JOBS_MAX - FS_CLIENTS * FS_CLIENTS_JOBS };

/* A server that keeps reads and writes until told, and does the rest at once; it notes whose turn it was. */
static struct fs_job *held[FS_JOBS_MAX];
static uint32_t held_count, released;
static uint8_t turns[4096];
static uint32_t turn_count;
static int file;
static void (*meanwhile)(void); /* what happens while a command is done at once */

static void note(const struct fs_job *job)
{
    CHECK(turn_count < sizeof(turns));
    turns[turn_count++] = (uint8_t)job->client;
}

static void hold(struct fs_job *job)
{
    note(job);
    held[held_count++] = job;
}

static void at_once(struct fs_job *job)
{
    note(job);
    job->file = &file;
    if (meanwhile) {
        meanwhile();
    }
    fs_server_done(job, FS_STATUS_OK);
}

static void release(void *context, bool directory)
{
    CHECK(context == &file);
    (void)directory;
    released++;
}

static const struct fs_server_operations operations = {
    .operation =
        {
            [FS_INITIALISE] = at_once,
            [FS_OPEN] = at_once,
            [FS_STAT] = at_once,
            [FS_OPENDIR] = at_once,
            [FS_READ] = hold,
            [FS_WRITE] = hold,
            [FS_READDIR] = hold,
        },
    .release = release,
};

static uint32_t held_of(uint32_t client)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < held_count; i++) {
        count += held[i]->client == client;
    }
    return count;
}

static void end(uint32_t index)
{
    struct fs_job *job = held[index];

    memmove(&held[index], &held[index + 1], (--held_count - index) * sizeof(held[0]));
    fs_server_done(job, FS_STATUS_OK);
    pd_flush();
}

/* One of this client's. */
static void end_one_of(uint32_t client)
{
    for (uint32_t i = 0; i < held_count; i++) {
        if (held[i]->client == client) {
            end(i);
            return;
        }
    }
    FAIL("nothing of client %u is held", (unsigned)client);
}

static enum fs_status on_path(uint32_t client, enum fs_command_type type)
{
    struct fs_command command = fs_client_path(client, type, "/f", type == FS_OPEN ? FS_OPEN_READ | FS_OPEN_WRITE : 0);

    return (enum fs_status)fs_client_run(client, &command).status;
}

static uint64_t opened(uint32_t client)
{
    struct fs_command command = fs_client_path(client, FS_OPEN, "/f", FS_OPEN_READ | FS_OPEN_WRITE);
    struct fs_completion completion = fs_client_run(client, &command);

    CHECK_EQUAL(completion.status, FS_STATUS_OK);
    return completion.open.fd;
}

static enum fs_status on_fd(uint32_t client, enum fs_command_type type, uint64_t fd)
{
    struct fs_command command = fs_client_file(type, fd, 0, 16);

    return (enum fs_status)fs_client_run(client, &command).status;
}

static void put_many(uint32_t client, enum fs_command_type type, uint64_t fd, uint32_t count)
{
    struct fs_command command = type == FS_STAT ? fs_client_path(client, type, "/f", 0)
                                                : fs_client_file(type, fd, 0, 16);

    for (uint32_t i = 0; i < count; i++) {
        CHECK(fs_client_put(client, &command));
    }
}

static uint32_t taken(uint32_t client)
{
    struct fs_completion completion;
    uint32_t count = 0;

    while (fs_client_take(client, &completion)) {
        CHECK_EQUAL(completion.id & 0xff, client); /* nobody gets another's reply */
        count++;
    }
    return count;
}

/* A life of a client's that has nothing left over from another test. */
static void begin_anew(uint32_t client)
{
    fs_client_attach(client);
    fs_clients_tell();
    while (held_of(client)) {
        end_one_of(client);
    }
    CHECK_EQUAL(taken(client), 0);
    struct fs_server_counts counts = fs_server_counts(client);
    CHECK(counts.jobs == 0 && counts.open_files == 0 && counts.waiting == 0);
    CHECK_EQUAL(on_fd(client, FS_INITIALISE, 0), FS_STATUS_OK);
}

static void all_begin_anew(void)
{
    meanwhile = NULL;
    for (uint32_t i = 0; i < FS_CLIENTS; i++) {
        begin_anew(i);
    }
    released = turn_count = 0;
}

/* Files, mounts and shares are one client's. */
static void test_each_has_its_own(void)
{
    uint64_t fd = opened(HONEST), own = opened(HOSTILE);

    for (enum fs_command_type type = FS_FSTAT; type <= FS_SYNC; type++) {
        CHECK_EQUAL(on_fd(HOSTILE, type, fd), FS_STATUS_INVALID_FD);
    }
    CHECK_EQUAL(on_fd(HOSTILE, FS_CLOSE, fd), FS_STATUS_INVALID_FD);
    CHECK(fs_server_counts(HOSTILE).nonsense >= 6 && fs_server_counts(HONEST).nonsense == 0);
    CHECK_EQUAL(on_fd(HOSTILE, FS_DEINITIALISE, 0), FS_STATUS_OK);
    CHECK_EQUAL(released, 1); /* its own alone */
    CHECK_EQUAL(on_fd(HOSTILE, FS_READ, own), FS_STATUS_NOT_MOUNTED);
    put_many(HONEST, FS_READ, fd, 1);
    fs_clients_tell();
    CHECK_EQUAL(held_of(HONEST), 1);
    memset(fs_clients[OTHER].share, 0x55, FS_CLIENTS_SHARE_SIZE);
    memset(fs_clients[HOSTILE].share, 0x55, FS_CLIENTS_SHARE_SIZE);
    fs_server_put(held[0], 0, "honest's bytes", 14);
    end_one_of(HONEST);
    CHECK_EQUAL(taken(HONEST), 1);
    CHECK(memcmp(fs_clients[HONEST].share + FS_CLIENT_DATA, "honest's bytes", 14) == 0);
    for (uint32_t i = 0; i < FS_CLIENTS_SHARE_SIZE; i++) {
        CHECK(fs_clients[OTHER].share[i] == 0x55 && fs_clients[HOSTILE].share[i] == 0x55);
    }
    CHECK_EQUAL(on_fd(HONEST, FS_CLOSE, fd), FS_STATUS_OK);
}

/* All that a flooder can have is its own places and the common ones; another's command begins at once. */
static void test_places_are_kept(void)
{
    struct fs_command open = fs_client_path(READER, FS_OPEN, "/f", FS_OPEN_READ);
    uint64_t fds[FS_CLIENTS] = {opened(0), opened(1), opened(2), fs_client_run(READER, &open).open.fd};

    put_many(HOSTILE, FS_READ, fds[HOSTILE], FS_QUEUE_CAPACITY);
    fs_clients_tell();
    CHECK_EQUAL(held_of(HOSTILE), FS_CLIENTS_JOBS + COMMON);
    CHECK_EQUAL(fs_server_counts(HOSTILE).waiting, FS_QUEUE_CAPACITY - FS_CLIENTS_JOBS - COMMON);
    put_many(HONEST, FS_READ, fds[HONEST], FS_CLIENTS_JOBS + 3);
    put_many(OTHER, FS_READ, fds[OTHER], FS_CLIENTS_JOBS);
    put_many(READER, FS_READ, fds[READER], FS_CLIENTS_JOBS);
    fs_clients_tell();
    CHECK_EQUAL(held_of(HONEST), FS_CLIENTS_JOBS);
    CHECK_EQUAL(held_of(OTHER), FS_CLIENTS_JOBS);
    CHECK_EQUAL(held_count, FS_JOBS_MAX);
    /* What is free again goes round: of the flooder's places every second one. */
    for (uint32_t ends = 1; ends <= 6; ends++) {
        end_one_of(HOSTILE);
        CHECK(held_of(HONEST) >= FS_CLIENTS_JOBS + ends / 2 && held_count == FS_JOBS_MAX);
    }
    CHECK_EQUAL(held_of(HONEST), FS_CLIENTS_JOBS + 3);
    while (held_of(HONEST)) {
        end_one_of(HONEST);
    }
    CHECK_EQUAL(held_of(HOSTILE), FS_CLIENTS_JOBS + COMMON); /* and never what is kept for another */
    CHECK_EQUAL(on_path(HONEST, FS_STAT), FS_STATUS_OK);
}

/* Places that a former life still holds are its client's own: restarting gets nobody more. */
static void test_restarts_win_no_places(void)
{
    uint64_t fd;

    for (uint32_t life = 0; life < 20; life++) {
        fs_client_attach(HOSTILE);
        put_many(HOSTILE, FS_INITIALISE, 0, 1);
        fs_clients_tell();
        if (fs_server_counts(HOSTILE).waiting == 0) {
            fd = opened(HOSTILE);
            put_many(HOSTILE, FS_READ, fd, 10);
            fs_clients_tell();
        }
        CHECK(held_of(HOSTILE) <= FS_CLIENTS_JOBS + COMMON);
        CHECK_EQUAL(on_path(HONEST, FS_STAT), FS_STATUS_OK);
    }
    CHECK_EQUAL(fs_server_counts(HOSTILE).jobs, FS_CLIENTS_JOBS + COMMON);
    fd = opened(HONEST);
    put_many(HONEST, FS_READ, fd, FS_CLIENTS_JOBS);
    fs_clients_tell();
    CHECK_EQUAL(held_of(HONEST), FS_CLIENTS_JOBS);
}

/* A server that does all at once: one of each in turn, also where the flooder's event comes first. */
static void test_turns(void)
{
    uint32_t first_of_honest = 0, next = 0;

    put_many(HOSTILE, FS_STAT, 0, FS_QUEUE_CAPACITY);
    put_many(HONEST, FS_STAT, 0, 5);
    put_many(OTHER, FS_STAT, 0, 5);
    fake_wake(FAKE_BIT(HOSTILE)); /* the others' events are still to come */
    for (uint32_t i = 0; i < turn_count; i++) {
        if (turns[i] != HOSTILE) {
            CHECK(i <= first_of_honest + 2 * FS_CLIENTS && i < 5 * FS_CLIENTS);
            first_of_honest = i;
            next++;
        }
    }
    CHECK_EQUAL(next, 10);
    fs_clients_tell();
    CHECK_EQUAL(turn_count, FS_QUEUE_CAPACITY + 10);
    CHECK(taken(HONEST) == 5 && taken(OTHER) == 5 && taken(HOSTILE) == FS_QUEUE_CAPACITY);
}

static void feed(void)
{
    struct fs_command command = fs_client_path(HOSTILE, FS_STAT, "/f", 0);
    struct fs_completion completion;

    while (ring_get(&fs_clients[HOSTILE].completions, &completion)) {
    }
    fs_client_put(HOSTILE, &command);
}

/* One that puts a command for each that is done: the event ends all the same, after its part; it is woken, and what it
 * has left goes on when it says so, or with anybody's event. */
static void test_event_ends(void)
{
    struct fs_command stat = fs_client_path(HONEST, FS_STAT, "/f", 0);

    fs_clients[HOSTILE].shared_completions->consumer_armed = 0; /* it wants to hear of no reply */
    fake_notified(HOSTILE);
    meanwhile = feed;
    put_many(HOSTILE, FS_STAT, 0, 1);
    fs_clients_tell();
    CHECK_EQUAL(turn_count, FS_QUEUE_CAPACITY);
    CHECK(fake_notified(HOSTILE) > 0);
    CHECK(fs_clients[HOSTILE].shared_commands->consumer_armed);
    turn_count = 0;
    for (uint32_t i = 0; i < 5; i++) {
        CHECK_EQUAL(fs_client_run(HONEST, &stat).status, FS_STATUS_OK);
    }
    CHECK(turn_count >= 5 && turn_count <= 5 * (2 * FS_QUEUE_CAPACITY + 1)); /* of two events each time */
    meanwhile = NULL;
    fake_wake(FAKE_BIT(HOSTILE));
    fs_clients_tell();
    CHECK_EQUAL(ring_room(&fs_clients[HOSTILE].commands), FS_QUEUE_CAPACITY);
}

/* Open files: each its part. */
static void test_open_files(void)
{
    for (uint32_t i = 0; i < FS_CLIENTS_FILES; i++) {
        opened(HOSTILE);
    }
    CHECK_EQUAL(on_path(HOSTILE, FS_OPEN), FS_STATUS_TOO_MANY_OPEN);
    CHECK_EQUAL(on_path(HOSTILE, FS_OPENDIR), FS_STATUS_TOO_MANY_OPEN);
    for (uint32_t i = 0; i < FS_CLIENTS_FILES; i++) {
        opened(HONEST);
        opened(OTHER);
    }
    CHECK_EQUAL(on_path(OTHER, FS_OPEN), FS_STATUS_TOO_MANY_OPEN);
    fs_client_attach(HOSTILE);
    fs_clients_tell();
    CHECK_EQUAL(released, FS_CLIENTS_FILES);
    CHECK_EQUAL(fs_server_counts(HONEST).open_files, FS_CLIENTS_FILES);
}

/* Writes under way: no more than the server has memory for; what came after one that waits stays behind it. */
static void test_writes(void)
{
    uint64_t fd = opened(HOSTILE), honest = opened(HONEST);

    put_many(HOSTILE, FS_WRITE, fd, FS_CLIENTS_WRITES + 1);
    put_many(HOSTILE, FS_READ, fd, 1);
    put_many(HOSTILE, FS_CLOSE, fd, 1);
    fs_clients_tell();
    CHECK_EQUAL(held_of(HOSTILE), FS_CLIENTS_WRITES);
    CHECK_EQUAL(fs_server_counts(HOSTILE).waiting, 3);
    put_many(HONEST, FS_WRITE, honest, FS_CLIENTS_WRITES);
    fs_clients_tell();
    CHECK_EQUAL(held_of(HONEST), FS_CLIENTS_WRITES);
    end_one_of(HOSTILE);
    CHECK_EQUAL(held_of(HOSTILE), FS_CLIENTS_WRITES + 1); /* the last write, and the read */
    CHECK_EQUAL(fs_server_counts(HOSTILE).waiting, 0);
    while (held_of(HOSTILE)) {
        end_one_of(HOSTILE);
    }
    CHECK(taken(HOSTILE) == FS_CLIENTS_WRITES + 3 && released == 1);
}

/* A client that has no writes reads as the others do, and changes nothing, whatever it says. */
static void test_a_reader(void)
{
    static const enum fs_command_type changes[] = {FS_RENAME, FS_REMOVE, FS_MKDIR, FS_RMDIR, FS_OPEN};
    struct fs_command open = fs_client_path(READER, FS_OPEN, "/f", FS_OPEN_READ);
    struct fs_completion opened_for_it = fs_client_run(READER, &open);
    CHECK_EQUAL(opened_for_it.status, FS_STATUS_OK);
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        CHECK_EQUAL(on_path(READER, changes[i]), FS_STATUS_READ_ONLY);
    }
    put_many(READER, FS_WRITE, opened_for_it.open.fd, FS_QUEUE_CAPACITY);
    fs_clients_tell();
    CHECK(held_of(READER) == 0 && taken(READER) == FS_QUEUE_CAPACITY);
    CHECK_EQUAL(on_fd(READER, FS_WRITE, opened_for_it.open.fd), FS_STATUS_READ_ONLY);
    CHECK_EQUAL(on_fd(READER, FS_TRUNCATE, opened_for_it.open.fd), FS_STATUS_READ_ONLY);
    CHECK_EQUAL(on_path(READER, FS_STAT), FS_STATUS_OK);
    put_many(READER, FS_READ, opened_for_it.open.fd, 1);
    fs_clients_tell();
    CHECK_EQUAL(held_of(READER), 1);
    end_one_of(READER);
    CHECK_EQUAL(taken(READER), 1);
}

/* Everything in the two rings that a client can write, at random. */
static void lie(uint32_t seed)
{
    struct ring_shared *commands = fs_clients[HOSTILE].shared_commands;
    struct ring_shared *completions = fs_clients[HOSTILE].shared_completions;
    uint32_t *const words[] = {&commands->tail,
                               &commands->producer_generation,
                               &commands->consumer_armed,
                               &completions->head,
                               &completions->consumer_generation,
                               &completions->producer_armed,
                               &commands->head,
                               &completions->tail};
    uint32_t random = seed * 2654435761u;

    for (uint32_t i = 0; i < FS_QUEUE_CAPACITY * 16; i++) {
        random = random * 1664525u + 1013904223u;
        ((uint32_t *)(void *)commands->elements)[i] = i % 16 == 2 ? random % FS_COMMAND_TYPES : random;
    }
    *words[random % 8] = random % 3 ? *words[random % 8] + (random >> 8) % 200 : random;
}

static void test_lies(void)
{
    uint64_t fd = opened(HONEST), commands = fs_server_counts(HONEST).commands;

    memset(fs_clients[HONEST].share + FS_CLIENT_DATA, 0x55, 16);
    for (uint32_t i = 0; i < 2000; i++) {
        lie(i);
        turn_count = 0;
        fake_wake(FAKE_BIT(HOSTILE));
        CHECK_EQUAL(on_path(HONEST, FS_STAT), FS_STATUS_OK);
        CHECK_EQUAL(on_fd(HONEST, FS_TRUNCATE, fd), FS_STATUS_READ_ONLY); /* `fd` is open; this server cannot */
        while (held_of(HOSTILE)) {
            end_one_of(HOSTILE);
        }
    }
    struct fs_server_counts honest = fs_server_counts(HONEST), hostile = fs_server_counts(HOSTILE);
    CHECK_EQUAL(honest.commands, commands + 4000);
    CHECK(honest.lies == 0 && honest.lost == 0 && honest.open_files == 1);
    CHECK(hostile.lies > 0 && hostile.nonsense > 0);
    CHECK(fs_clients[HONEST].share[FS_CLIENT_DATA] == 0x55);
    CHECK_EQUAL(on_fd(HONEST, FS_CLOSE, fd), FS_STATUS_OK);
    fs_clients[HOSTILE].generation += 1000; /* it has said all sorts of things of itself */
}

/* One starts anew in the middle: its state goes, and nobody else's. */
static void test_one_restarts(void)
{
    uint64_t honest = opened(HONEST), hostile = opened(HOSTILE), second = opened(HOSTILE);

    put_many(HOSTILE, FS_READ, hostile, 60);
    put_many(HONEST, FS_READ, honest, 2);
    fs_clients_tell();
    memset(fs_clients[HOSTILE].share + FS_CLIENT_DATA, 0x55, 16);
    fs_client_attach(HOSTILE);
    fs_clients_tell();
    CHECK_EQUAL(released, 1); /* `second`; at the other something is at work */
    CHECK(fs_server_counts(HOSTILE).waiting == 0 && held_of(HONEST) == 2);
    CHECK_EQUAL(fs_server_counts(HONEST).open_files, 1);
    while (held_of(HOSTILE)) {
        fs_server_put(held[0]->client == HOSTILE ? held[0] : held[1], 0, "secret", 6);
        end_one_of(HOSTILE);
    }
    CHECK_EQUAL(released, 2);
    CHECK_EQUAL(fs_clients[HOSTILE].share[FS_CLIENT_DATA], 0x55);
    CHECK_EQUAL(taken(HOSTILE), 0);
    CHECK_EQUAL(on_fd(HOSTILE, FS_READ, second), FS_STATUS_NOT_MOUNTED);
    while (held_of(HONEST)) {
        end_one_of(HONEST);
    }
    CHECK_EQUAL(taken(HONEST), 2);
    CHECK_EQUAL(on_fd(HONEST, FS_CLOSE, honest), FS_STATUS_OK);
}

/* The new life has begun, and the server has not heard of it yet: its memory and its completions are the new one's all
 * the same, and what waited for the former is not begun. */
static void test_restart_not_heard_of_yet(void)
{
    struct fs_completion completion;
    uint64_t fd = opened(OTHER), hostile = opened(HOSTILE);
    static const char secret[] = "secret";

    put_many(OTHER, FS_READ, fd, 1);
    put_many(OTHER, FS_WRITE, fd, FS_CLIENTS_WRITES + 1);
    put_many(OTHER, FS_STAT, 0, FS_QUEUE_CAPACITY - FS_CLIENTS_WRITES - 2);
    put_many(HOSTILE, FS_READ, hostile, 1);
    fs_clients_tell();
    CHECK(held_of(OTHER) == FS_CLIENTS_WRITES + 1 && fs_server_counts(OTHER).waiting > 1);
    memset(fs_clients[OTHER].share, 0x55, FS_CLIENTS_SHARE_SIZE);
    fs_client_attach(OTHER);
    turn_count = 0;
    for (uint32_t i = 0; i < held_count; i++) {
        if (held[i]->client == OTHER) {
            CHECK(fs_server_data(held[i]) == NULL);
            fs_server_put(held[i], 0, secret, held[i]->size < sizeof(secret) ? held[i]->size : sizeof(secret));
        }
    }
    while (held_of(OTHER)) {
        end_one_of(OTHER);
    }
    end_one_of(HOSTILE);
    CHECK(!fs_client_take(OTHER, &completion));
    CHECK_EQUAL(turn_count, 0);
    for (uint32_t i = 0; i < FS_CLIENTS_SHARE_SIZE; i++) {
        CHECK_EQUAL(fs_clients[OTHER].share[i], 0x55);
    }
    fs_clients_tell();
    CHECK_EQUAL(on_fd(OTHER, FS_INITIALISE, 0), FS_STATUS_OK);
    CHECK(fs_server_counts(OTHER).open_files == 0 && fs_server_counts(OTHER).waiting == 0);
    CHECK_EQUAL(on_fd(HOSTILE, FS_CLOSE, hostile), FS_STATUS_OK);
}

/* As many wait as can: a start anew is heard of all the same. */
static void test_restart_with_all_waiting(void)
{
    uint64_t fd = opened(HOSTILE);

    put_many(HOSTILE, FS_WRITE, fd, FS_QUEUE_CAPACITY);
    fs_clients_tell();
    put_many(HOSTILE, FS_WRITE, fd, FS_CLIENTS_WRITES);
    fake_wake(FAKE_BIT(HOSTILE));
    CHECK_EQUAL(fs_server_counts(HOSTILE).waiting, FS_QUEUE_CAPACITY);
    fs_client_attach(HOSTILE);
    fs_clients_tell();
    CHECK_EQUAL(fs_server_counts(HOSTILE).waiting, 0);
    while (held_of(HOSTILE)) {
        end_one_of(HOSTILE);
    }
    CHECK_EQUAL(released, 1);
}

/* Its new life's first command is found in another's event, before its own comes: that life is mounted, and stays so. */
static void test_restart_seen_in_another_event(void)
{
    struct fs_command mount = fs_client_file(FS_INITIALISE, 0, 0, 0);
    struct fs_command stat = fs_client_path(HONEST, FS_STAT, "/f", 0);
    uint64_t before = opened(OTHER);

    fs_client_attach(OTHER);
    uint64_t id = fs_client_put(OTHER, &mount);
    CHECK(fs_client_put(HONEST, &stat));
    fake_wake(FAKE_BIT(HONEST));
    struct fs_completion completion;
    CHECK(fs_client_take(OTHER, &completion) && completion.id == id && completion.status == FS_STATUS_OK);
    fs_clients_tell();
    CHECK_EQUAL(on_path(OTHER, FS_STAT), FS_STATUS_OK);
    CHECK_EQUAL(on_fd(OTHER, FS_READ, before), FS_STATUS_INVALID_FD);
    CHECK_EQUAL(taken(HONEST), 1);
}

static void other_starts_anew(void)
{
    meanwhile = NULL;
    fs_client_attach(OTHER);
}

/* It starts anew while several of its commands are known to lie in its ring: those that follow are the former life's, and
 * the next one's are not taken for them. */
static void test_restart_between_two_commands(void)
{
    struct fs_command mount = fs_client_file(FS_INITIALISE, 0, 0, 0);
    struct fs_completion completion;

    put_many(OTHER, FS_INITIALISE, 0, 1);
    put_many(OTHER, FS_DEINITIALISE, 0, 1);
    put_many(OTHER, FS_INITIALISE, 0, 2);
    meanwhile = other_starts_anew;
    turn_count = 0;
    fs_clients_tell();
    CHECK_EQUAL(turn_count, 1);
    CHECK(!fs_client_take(OTHER, &completion));
    CHECK_EQUAL(on_path(OTHER, FS_STAT), FS_STATUS_NOT_MOUNTED);
    CHECK_EQUAL(fs_client_run(OTHER, &mount).status, FS_STATUS_OK);
    CHECK_EQUAL(on_path(OTHER, FS_STAT), FS_STATUS_OK);
}

/* A deinitialise waits for its client's jobs alone; one whose client starts anew is nobody's, and in nobody's way. */
static void test_leaving(void)
{
    uint64_t honest = opened(HONEST), other = opened(OTHER);

    put_many(HONEST, FS_READ, honest, 1);
    put_many(OTHER, FS_READ, other, 1);
    put_many(OTHER, FS_DEINITIALISE, 0, 1);
    fs_clients_tell();
    CHECK_EQUAL(taken(OTHER), 0);
    end_one_of(OTHER);
    CHECK_EQUAL(taken(OTHER), 2);
    CHECK(released == 1 && on_fd(OTHER, FS_INITIALISE, 0) == FS_STATUS_OK);
    released = 0;
    other = opened(OTHER);
    put_many(OTHER, FS_READ, other, 1);
    put_many(OTHER, FS_DEINITIALISE, 0, 1);
    fs_clients_tell();
    fs_client_attach(OTHER);
    fs_clients_tell();
    CHECK_EQUAL(on_fd(OTHER, FS_INITIALISE, 0), FS_STATUS_OK);
    (void)opened(OTHER);
    end_one_of(OTHER);
    CHECK(released == 1 && fs_server_counts(OTHER).open_files == 1);
    CHECK_EQUAL(on_fd(OTHER, FS_DEINITIALISE, 0), FS_STATUS_OK);
    CHECK_EQUAL(released, 2);
    end_one_of(HONEST);
    CHECK_EQUAL(on_fd(HONEST, FS_CLOSE, honest), FS_STATUS_OK);
}

static void run(void (*test)(void))
{
    all_begin_anew();
    test();
}

int main(void)
{
    for (uint32_t i = 0; i < FS_CLIENTS; i++) {
        fs_client_attach(i);
    }
    fs_server_init(&fs_server_config, &operations);
    run(test_each_has_its_own);
    run(test_places_are_kept);
    run(test_restarts_win_no_places);
    run(test_turns);
    run(test_event_ends);
    run(test_open_files);
    run(test_writes);
    run(test_a_reader);
    run(test_one_restarts);
    run(test_restart_seen_in_another_event);
    run(test_restart_not_heard_of_yet);
    run(test_restart_with_all_waiting);
    run(test_restart_between_two_commands);
    run(test_leaving);
    run(test_lies);
    return 0;
}
