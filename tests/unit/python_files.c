/* tests/unit/python_files.c: the interpreter's file jobs against the memory server: what waits for the mount, what
 * nobody waits for any more, and that nothing is lost when all jobs or blocks are in use. */
#include <string.h>

#include "fs/mem/config.h"
#include "fs/server.h"
#include "python/changes.h"
#include "python/files.h"
#include "python/port.h"
#include "tests/unit/fs_pair.h"
#include "timer/client.h"

static const uint8_t page[] = "<p>page</p>";
static const struct fs_mem_entry entries[] = {
    {"/site", NULL, 0, 5},
    {"/site/index.html", page, sizeof(page) - 1, 1700000000000000000ull},
};
const struct fs_mem_config fs_mem_config = {.entries = entries, .entry_count = 2, .writable = "/tmp"};

static unsigned wakes;
static struct timer *armed;

/* -- what files.c stands on and this test plays -- */

void port_wake(void)
{
    wakes++;
}

void port_wait(uint64_t deadline_ns)
{
    fs_pair_pump();
}

void timer_start(struct timer *timer, uint64_t deadline_ns, void (*handler)(void *), void *context)
{
    timer->handler = handler;
    timer->context = context;
    armed = timer;
}

void timer_stop(struct timer *timer)
{
    armed = NULL;
}

static struct file_job *opening(const char *path)
{
    struct file_job *job = file_job_get();

    CHECK(job);
    CHECK_EQUAL(file_job_path(job, FS_OPEN, path, FS_OPEN_READ), 0);
    return job;
}

static unsigned open_files(void)
{
    fs_pair_pump();
    return fs_server_counts(0).open_files;
}

/* Before the mount is answered a command waits; then it is carried out. */
static void test_waits_for_the_mount(void)
{
    struct file_job *job = opening("/site/index.html");

    CHECK(!file_job_done(job));
    fs_pair_pump();
    CHECK(wakes > 0);
    CHECK(file_job_done(job));
    CHECK_EQUAL(file_job_error(job), 0);
    CHECK_EQUAL(file_job_attributes(job)->size, sizeof(page) - 1);
    CHECK_EQUAL(armed == NULL, true);
    uint64_t fd = file_job_result(job)->open.fd;
    file_job_put(job);

    job = file_job_get();
    file_job_fd(job, FS_READ, fd, 3, 100);
    CHECK_EQUAL(file_job_wait(job), 0);
    CHECK_EQUAL(file_job_result(job)->length, sizeof(page) - 4);
    CHECK(memcmp(file_job_data(job), page + 3, sizeof(page) - 4) == 0);
    file_job_put(job);
    CHECK_EQUAL(open_files(), 1);
    files_close_later(fd, false);
    CHECK_EQUAL(open_files(), 0);
}

static void test_errors(void)
{
    struct file_job *job = opening("/none");
    static char long_path[FS_PATH_MAX + 2];

    CHECK_EQUAL(file_job_wait(job), 2); /* ENOENT */
    file_job_put(job);
    memset(long_path, 'x', FS_PATH_MAX + 1);
    job = file_job_get();
    CHECK_EQUAL(file_job_path(job, FS_STAT, long_path, 0), 36); /* ENAMETOOLONG, and nothing was issued */
    file_job_put(job);
    CHECK(file_jobs_left());
}

/* A file that is opened for nobody is closed again. */
static void test_dropped_jobs_clean_up(void)
{
    for (int i = 0; i < 1000; i++) {
        file_job_drop(opening("/site/index.html"));
        if (i % 7 == 0) {
            fs_pair_pump();
        }
        while (!file_jobs_left()) {
            fs_pair_pump();
        }
    }
    CHECK_EQUAL(open_files(), 0);
}

/* ... also one that was opened before nobody wanted it any more, and a directory. */
static void test_a_result_that_nobody_takes(void)
{
    struct file_job *file = opening("/site/index.html"), *directory = file_job_get(), *missing = opening("/none");

    CHECK_EQUAL(file_job_path(directory, FS_OPENDIR, "/site", 0), 0);
    CHECK_EQUAL(open_files(), 2);
    CHECK(file_job_done(file) && file_job_done(directory) && file_job_done(missing));
    file_job_drop(file);
    file_job_drop(directory);
    file_job_drop(missing);
    CHECK_EQUAL(open_files(), 0);
    file_job_drop(file_job_get()); /* never issued */
}

static _Alignas(8) char record_bytes[280];
static struct fs_dirent *const record = (struct fs_dirent *)record_bytes;

static bool takes(size_t count, struct file_entry *entry)
{
    size_t at = 0;
    bool taken = files_take_entry(record, count, &at, entry);
    CHECK_EQUAL(at, taken ? record->record_length : 0);
    return taken;
}

/* Directory records as they should be, and with each field wrong. */
static void test_directory_records(void)
{
    struct file_entry entry;
    size_t at = 24;

    record->mode = 0100644;
    record->name_length = 5;
    record->record_length = 24;
    memcpy(record->name,
           "a\xff"
           "bcd",
           5);
    CHECK(takes(24, &entry));
    CHECK(entry.mode == 0100644 && entry.length == 5 &&
          !memcmp(entry.name,
                  "a\xff"
                  "bcd",
                  5));
    CHECK(!files_take_entry(record, 24, &at, &entry));
    at = 48;
    CHECK(!files_take_entry(record, 24, &at, &entry));
    for (size_t count = 0; count < 24; count++) {
        CHECK(!takes(count, &entry));
    }
    static const uint16_t wrong[][2] = {{9, 24}, {5, 0}, {5, 8}, {5, 16}, {5, 23}, {5, 32}, {0xffff, 24}, {5, 0xffff}};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        record->name_length = wrong[i][0];
        record->record_length = wrong[i][1];
        CHECK(!takes(24, &entry));
    }
    record->name_length = FS_NAME_MAX;
    record->record_length = 280;
    CHECK(takes(sizeof(record_bytes), &entry) && entry.length == FS_NAME_MAX);
    record->name_length++; /* fits the record, but is no name */
    CHECK(!takes(sizeof(record_bytes), &entry));
}

/* All blocks in use: refused, and there again when one is given back. */
static void test_out_of_blocks(void)
{
    struct file_job *jobs[64];
    unsigned count = 0;

    while (count < 64 && (jobs[count] = file_job_get()) != NULL) {
        count++;
    }
    CHECK_EQUAL(count, FS_PAIR_SHARE_SIZE / FS_CLIENT_BLOCK_SIZE);
    CHECK(!file_jobs_left());
    file_job_put(jobs[--count]);
    CHECK(file_jobs_left());
    while (count > 0) {
        file_job_put(jobs[--count]);
    }
}

/* Closing needs no block, and more closes than there are jobs for wait, and are not lost. */
static void test_many_closes(void)
{
    uint64_t fds[100];

    for (unsigned i = 0; i < 100; i++) {
        struct file_job *job = opening("/site/index.html");
        CHECK_EQUAL(file_job_wait(job), 0);
        fds[i] = file_job_result(job)->open.fd;
        file_job_put(job);
    }
    CHECK_EQUAL(open_files(), 100);
    for (unsigned i = 0; i < 300; i++) { /* the others are refused by the server, which is no harm */
        files_close_later(i < 100 ? fds[i] : 0x7777 + i, false);
    }
    CHECK_EQUAL(open_files(), 0);
}

/* What the program's operations change is told, once they are done. */
static char told[4000];

static void note(const char *path, uint32_t length, bool below)
{
    sprintf(told + strlen(told), "%.*s%s ", (int)length, path, below ? "+" : "");
}

static void check_told(const char *expected)
{
    CHECK_TEXT(told, expected);
    told[0] = '\0';
}

static void by_path(enum fs_command_type type, const char *path, uint32_t flags)
{
    struct file_job *job = file_job_get();
    CHECK_EQUAL(file_job_path(job, type, path, flags), 0);
    check_told("");
    file_job_wait(job);
    file_job_put(job);
}

static uint64_t open_to_write(const char *path)
{
    struct file_job *job = file_job_get();
    CHECK_EQUAL(file_job_path(job, FS_OPEN, path, FS_OPEN_WRITE | FS_OPEN_CREATE), 0);
    CHECK_EQUAL(file_job_wait(job), 0);
    uint64_t fd = file_job_result(job)->open.fd;
    file_job_put(job);
    return fd;
}

static void write_to(uint64_t fd)
{
    struct file_job *job = file_job_get();
    file_job_fd(job, FS_WRITE, fd, 0, 5);
    CHECK_EQUAL(file_job_wait(job), 0);
    file_job_put(job);
}

static void close_now(uint64_t fd)
{
    files_close_later(fd, false);
    fs_pair_pump();
}

static void test_changes_are_told(void)
{
    changes_tell(note);
    by_path(FS_STAT, "/tmp", 0);
    by_path(FS_OPEN, "/site/index.html", FS_OPEN_READ);
    check_told("");
    by_path(FS_MKDIR, "/tmp/d", 0);
    check_told("/tmp/d ");
    uint64_t fd = open_to_write("/tmp/d/f");
    check_told("/tmp/d/f ");
    write_to(fd);
    check_told("/tmp/d/f ");
    close_now(fd);
    check_told("/tmp/d/f ");
    struct file_job *job = file_job_get();
    file_job_two_paths(job, FS_RENAME, "/tmp/d", "/tmp/e");
    file_job_wait(job);
    file_job_put(job);
    check_told("/tmp/d+ /tmp/e+ ");
    by_path(FS_REMOVE, "/tmp/e/f", 0);
    check_told("/tmp/e/f ");
    by_path(FS_STAT, "/tmp/e/f", 0);
    check_told("");
    by_path(FS_RMDIR, "/tmp/e", 0);
    check_told("/tmp/e+ ");
    by_path(FS_REMOVE, "/tmp/none", 0); /* who knows what became of it */
    check_told("/tmp/none ");
}

/* More files than are remembered, and a longer path: more is told, not less. */
static void test_changes_without_room(void)
{
    uint64_t fds[33];
    char path[FS_PATH_MAX];
    for (uint32_t i = 0; i < 33; i++) {
        sprintf(path, "/tmp/%u", i);
        fds[i] = open_to_write(path);
    }
    told[0] = '\0';
    write_to(fds[31]);
    check_told("/tmp/31 ");
    write_to(fds[32]);
    check_told("/+ ");
    for (uint32_t i = 0; i < 33; i++) {
        close_now(fds[i]);
    }
    told[0] = '\0';
    sprintf(path, "/tmp/%0100u", 0u);
    fds[0] = open_to_write(path);
    told[0] = '\0';
    write_to(fds[0]);
    check_told("/tmp+ ");
    close_now(fds[0]);
    check_told("/tmp+ ");
}

int main(void)
{
    init();
    CHECK(!files_available());
    files_init(&fs_client_config);
    CHECK(files_available());
    test_waits_for_the_mount();
    test_errors();
    test_dropped_jobs_clean_up();
    test_a_result_that_nobody_takes();
    test_directory_records();
    test_out_of_blocks();
    test_many_closes();
    test_changes_are_told();
    test_changes_without_room();
    CHECK_EQUAL(fs_server_counts(0).lost, 0);
    CHECK_EQUAL(fs_server_counts(0).jobs, 0);
    return 0;
}
