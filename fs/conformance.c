/* fs/conformance.c: every command of fs/proto.h: what it does; conformance_refusals.c: every way to get it wrong.
 *   uses      fs/client.h; up to FS_QUEUE_CAPACITY requests at once, all blocks of the share
 *   leaves    nothing behind in its directory, also when a check fails
 * A check that fails names its line, what was expected and what came; the run goes on.
 */
#include "fs/conformance_trial.h"

#include <stdio.h>
#include <string.h>

#define MANY_FILES 100
#define BIG_SIZE (1024 * 1024 + 4321)

static void before_mounting(void)
{
    STATUS(trial_on_path(FS_STAT, "/"), NOT_MOUNTED);
    STATUS(trial_transfer(FS_READ, 0, 0, 16), NOT_MOUNTED);
    STATUS(trial_on_fd(FS_DEINITIALISE, 0, 0), NOT_MOUNTED);
}

static void files(void)
{
    const uint32_t create = FS_OPEN_READ | FS_OPEN_WRITE | FS_OPEN_CREATE;

    STATUS(trial_open_path(trial_at("file"), FS_OPEN_READ), NOT_FOUND);
    uint64_t fd = trial_opened("file", create | FS_OPEN_EXCLUSIVE);
    EQUAL(trial.last.open.size, 0);
    EQUAL(trial_stat_result().mode & 0170000, 0100000);
    STATUS(trial_open_path(trial_at("file"), create | FS_OPEN_EXCLUSIVE), EXISTS);
    STATUS(trial_write_text(fd, 0, "hello, file"), OK);
    EQUAL(trial.last.length, 11);
    TRUE(trial_reads(fd, 0, 100, "hello, file"));
    TRUE(trial_reads(fd, 7, 2, "fi"));
    TRUE(trial_reads(fd, 11, 100, ""));
    TRUE(trial_reads(fd, 1000000, 100, ""));
    TRUE(trial_reads(fd, 0, 0, ""));
    STATUS(trial_on_fd(FS_FILE_SIZE, fd, 0), OK);
    EQUAL(trial.last.size, 11);
    STATUS(trial_on_fd(FS_FSTAT, fd, 0), OK);
    EQUAL(trial_stat_result().size, 11);
    uint64_t inode = trial_stat_result().inode;
    STATUS(trial_on_path(FS_STAT, trial_at("file")), OK);
    EQUAL(trial_stat_result().size, 11);
    EQUAL(trial_stat_result().inode, inode);
    EQUAL(trial_stat_result().links, 1);
    STATUS(trial_on_fd(FS_SYNC, fd, 0), OK);
    STATUS(trial_on_fd(FS_CLOSE, fd, 0), OK);

    fd = trial_opened("file", FS_OPEN_READ);
    EQUAL(trial.last.open.size, 11);
    EQUAL(trial_stat_result().size, 11);
    STATUS(trial_write_text(fd, 0, "no"), ACCESS);
    STATUS(trial_on_fd(FS_TRUNCATE, fd, 0), ACCESS);
    STATUS(trial_on_fd(FS_CLOSE, fd, 0), OK);
    fd = trial_opened("file", FS_OPEN_WRITE);
    STATUS(trial_transfer(FS_READ, fd, 0, 4), ACCESS);
    STATUS(trial_on_fd(FS_CLOSE, fd, 0), OK);
    STATUS(trial_on_path(FS_REMOVE, trial_at("file")), OK);
    STATUS(trial_on_path(FS_REMOVE, trial_at("file")), NOT_FOUND);
    STATUS(trial_on_path(FS_STAT, trial_at("file")), NOT_FOUND);
}

static void sizes(void)
{
    uint64_t fd = trial_opened("sizes", FS_OPEN_READ | FS_OPEN_WRITE | FS_OPEN_CREATE);

    STATUS(trial_write_text(fd, 0, "0123456789"), OK);
    STATUS(trial_on_fd(FS_TRUNCATE, fd, 4), OK);
    TRUE(trial_reads(fd, 0, 100, "0123"));
    STATUS(trial_on_fd(FS_TRUNCATE, fd, 6), OK);
    STATUS(trial_transfer(FS_READ, fd, 0, 100), OK);
    EQUAL(trial.last.read.length, 6);
    TRUE(memcmp(trial.blocks[DATA], "0123\0\0", 6) == 0);
    uint64_t mtime_ns = trial.last.read.mtime_ns;
    STATUS(trial_on_fd(FS_FSTAT, fd, 0), OK);
    EQUAL(trial_stat_result().mtime_ns, mtime_ns);
    STATUS(trial_write_text(fd, 10000, "end"), OK);
    STATUS(trial_on_fd(FS_FILE_SIZE, fd, 0), OK);
    EQUAL(trial.last.size, 10003);
    memset(trial.blocks[DATA], 0xee, 10003);
    STATUS(trial_transfer(FS_READ, fd, 0, 20000), OK);
    EQUAL(trial.last.length, 10003);
    uint32_t sum = 0;
    for (uint32_t i = 4; i < 10000; i++) {
        sum |= trial.blocks[DATA][i];
    }
    EQUAL(sum, 0);
    TRUE(memcmp(trial.blocks[DATA] + 10000, "end", 3) == 0);
    STATUS(trial_on_fd(FS_TRUNCATE, fd, ~0ull), INVALID_ARGUMENT);
    STATUS(trial_transfer(FS_READ, fd, ~0ull, 10), INVALID_ARGUMENT);
    STATUS(trial_transfer(FS_WRITE, fd, INT64_MAX - 3, 10), INVALID_ARGUMENT);
    STATUS(trial_on_fd(FS_CLOSE, fd, 0), OK);
    fd = trial_opened("sizes", FS_OPEN_WRITE | FS_OPEN_TRUNCATE);
    EQUAL(trial.last.open.size, 0);
    STATUS(trial_on_fd(FS_CLOSE, fd, 0), OK);
    STATUS(trial_on_path(FS_REMOVE, trial_at("sizes")), OK);
}

static uint8_t pattern(uint64_t at)
{
    return (uint8_t)(at * 31 + (at >> 8) * 7 + (at >> 16));
}

static void big_file(void)
{
    uint64_t fd = trial_opened("big", FS_OPEN_READ | FS_OPEN_WRITE | FS_OPEN_CREATE);
    uint64_t wrong = 0, total = 0;

    for (uint64_t done = 0; done < BIG_SIZE;) {
        uint64_t part = BIG_SIZE - done < FS_CLIENT_BLOCK_SIZE ? BIG_SIZE - done : FS_CLIENT_BLOCK_SIZE;
        for (uint64_t i = 0; i < part; i++) {
            trial.blocks[DATA][i] = pattern(done + i);
        }
        STATUS(trial_transfer(FS_WRITE, fd, done, part), OK);
        EQUAL(trial.last.length, part);
        done += part;
    }
    for (;;) {
        uint64_t size = 1 + total % FS_CLIENT_BLOCK_SIZE / 3 * 2;
        if (trial_transfer(FS_READ, fd, total, size < 4000 ? FS_CLIENT_BLOCK_SIZE : size) || trial.last.length == 0) {
            break;
        }
        for (uint64_t i = 0; i < trial.last.length; i++) {
            wrong += trial.blocks[DATA][i] != pattern(total + i);
        }
        total += trial.last.length;
    }
    EQUAL(total, BIG_SIZE);
    EQUAL(wrong, 0);
    STATUS(trial_on_fd(FS_CLOSE, fd, 0), OK);
    STATUS(trial_on_path(FS_REMOVE, trial_at("big")), OK);
}

static void directories(void)
{
    STATUS(trial_on_path(FS_MKDIR, trial_at("d")), OK);
    STATUS(trial_on_path(FS_MKDIR, trial_at("d")), EXISTS);
    STATUS(trial_on_path(FS_MKDIR, trial_at("none/d")), NOT_FOUND);
    STATUS(trial_on_path(FS_STAT, trial_at("d")), OK);
    EQUAL(trial_stat_result().mode & 0170000, 0040000);
    trial_make_file("d/f", "x");
    STATUS(trial_on_path(FS_MKDIR, trial_at("d/f")), EXISTS);
    STATUS(trial_on_path(FS_MKDIR, trial_at("d/f/g")), NOT_DIRECTORY);
    STATUS(trial_on_path(FS_STAT, trial_at("d/f/g")), NOT_DIRECTORY);
    STATUS(trial_open_path(trial_at("d/f/g"), FS_OPEN_READ), NOT_DIRECTORY);
    STATUS(trial_open_path(trial_at("d"), FS_OPEN_READ), IS_DIRECTORY);
    STATUS(trial_open_path(trial_at("d"), FS_OPEN_WRITE), IS_DIRECTORY);
    STATUS(trial_on_path(FS_OPENDIR, trial_at("d/f")), NOT_DIRECTORY);
    STATUS(trial_on_path(FS_OPENDIR, trial_at("none")), NOT_FOUND);
    STATUS(trial_on_path(FS_RMDIR, trial_at("d")), NOT_EMPTY);
    STATUS(trial_on_path(FS_RMDIR, trial_at("d/f")), NOT_DIRECTORY);
    STATUS(trial_on_path(FS_REMOVE, trial_at("d")), IS_DIRECTORY);
    STATUS(trial_on_path(FS_REMOVE, trial_at("d/f")), OK);
    STATUS(trial_on_path(FS_RMDIR, trial_at("d")), OK);
    STATUS(trial_on_path(FS_RMDIR, trial_at("d")), NOT_FOUND);
    TRUE(trial_on_path(FS_RMDIR, "/") != FS_STATUS_OK);
    TRUE(trial_on_path(FS_REMOVE, "/") != FS_STATUS_OK);
    STATUS(trial_on_path(FS_MKDIR, "/"), EXISTS);
}

static void renames(void)
{
    trial_make_file("a", "first");
    trial_make_file("b", "second");
    STATUS(trial_rename_paths(trial_at("a"), trial_at("c")), OK);
    STATUS(trial_on_path(FS_STAT, trial_at("a")), NOT_FOUND);
    TRUE(trial_holds("c", "first"));
    STATUS(trial_rename_paths(trial_at("c"), trial_at("b")), OK);
    TRUE(trial_holds("b", "first"));
    STATUS(trial_rename_paths(trial_at("b"), trial_at("b")), OK);
    TRUE(trial_holds("b", "first"));
    STATUS(trial_rename_paths(trial_at("none"), trial_at("b")), NOT_FOUND);
    STATUS(trial_rename_paths(trial_at("b"), trial_at("none/b")), NOT_FOUND);
    STATUS(trial_on_path(FS_MKDIR, trial_at("d")), OK);
    STATUS(trial_on_path(FS_MKDIR, trial_at("d/e")), OK);
    STATUS(trial_rename_paths(trial_at("b"), trial_at("d/e/b")), OK);
    TRUE(trial_holds("d/e/b", "first"));
    TRUE(trial_rename_paths(trial_at("d"), trial_at("d/e/d")) != FS_STATUS_OK);
    STATUS(trial_on_path(FS_MKDIR, trial_at("f")), OK);
    TRUE(trial_rename_paths(trial_at("f"), trial_at("d")) != FS_STATUS_OK); /* not empty */
    STATUS(trial_rename_paths(trial_at("d"), trial_at("f")), OK);
    TRUE(trial_holds("f/e/b", "first"));
    STATUS(trial_rename_paths(trial_at("f/e/b"), trial_at("b")), OK);
    TRUE(trial_rename_paths(trial_at("b"), trial_at("f")) != FS_STATUS_OK); /* a file over a directory */
    TRUE(trial_rename_paths(trial_at("f"), trial_at("b")) != FS_STATUS_OK); /* and the other way round */
    STATUS(trial_on_path(FS_RMDIR, trial_at("f/e")), OK);
    STATUS(trial_on_path(FS_RMDIR, trial_at("f")), OK);
    STATUS(trial_on_path(FS_REMOVE, trial_at("b")), OK);
}

static void name_of(uint32_t i, char *name)
{
    snprintf(name, 32, "many/file-%03u", (unsigned)i);
}

/* Reads on from where the directory stands, `size` bytes at a time; counts each file-NNN in seen[]. */
static uint32_t list(uint64_t fd, uint64_t size, uint8_t *seen, uint64_t *position_after_10)
{
    uint32_t entries = 0;

    for (;;) {
        if (trial_transfer(FS_READDIR, fd, 0, size) != FS_STATUS_OK || trial.last.length == 0) {
            return entries;
        }
        for (uint64_t offset = 0; offset < trial.last.length;) {
            struct fs_dirent head;
            memcpy(&head, trial.blocks[DATA] + offset, sizeof(head));
            const char *name = (const char *)trial.blocks[DATA] + offset + sizeof(head);
            uint32_t number = 0;
            if (head.name_length > FS_NAME_MAX || head.record_length < sizeof(head) + head.name_length ||
                head.record_length % 8 || head.record_length > trial.last.length - offset) {
                return 0;
            }
            for (uint32_t i = 5; i < head.name_length; i++) {
                number = number * 10 + (uint32_t)(name[i] - '0');
            }
            if (head.name_length == 8 && memcmp(name, "file-", 5) == 0 && number < MANY_FILES) {
                seen[number]++;
            }
            entries++;
            if (entries == 10 && position_after_10) {
                *position_after_10 = head.next_position;
            }
            offset += head.record_length;
        }
    }
}

static bool each_once(const uint8_t *seen)
{
    for (uint32_t i = 0; i < MANY_FILES; i++) {
        if (seen[i] != 1) {
            return false;
        }
    }
    return true;
}

static void listing(void)
{
    char name[32];
    uint8_t seen[MANY_FILES] = {0};
    uint64_t position = 0;

    STATUS(trial_on_path(FS_MKDIR, trial_at("many")), OK);
    STATUS(trial_on_path(FS_OPENDIR, trial_at("many")), OK);
    uint64_t fd = trial.last.open.fd;
    EQUAL(list(fd, 4096, seen, NULL), 0); /* "." and ".." are left out */
    STATUS(trial_on_fd(FS_CLOSEDIR, fd, 0), OK);
    for (uint32_t i = 0; i < MANY_FILES; i++) {
        name_of(i, name);
        trial_make_file(name, "");
    }
    STATUS(trial_on_path(FS_OPENDIR, trial_at("many")), OK);
    fd = trial.last.open.fd;
    STATUS(trial_on_fd(FS_TELLDIR, fd, 0), OK);
    EQUAL(trial.last.position, 0);
    EQUAL(list(fd, FS_CLIENT_BLOCK_SIZE, seen, &position), MANY_FILES);
    TRUE(each_once(seen));
    STATUS(trial_on_fd(FS_REWINDDIR, fd, 0), OK);
    memset(seen, 0, sizeof(seen));
    EQUAL(list(fd, 100, seen, NULL), MANY_FILES); /* two records at a time */
    TRUE(each_once(seen));
    STATUS(trial_on_fd(FS_SEEKDIR, fd, position), OK);
    STATUS(trial_on_fd(FS_TELLDIR, fd, 0), OK);
    EQUAL(trial.last.position, position);
    memset(seen, 0, sizeof(seen));
    EQUAL(list(fd, 1000, seen, NULL), MANY_FILES - 10);
    STATUS(trial_on_fd(FS_REWINDDIR, fd, 0), OK);
    STATUS(trial_transfer(FS_READDIR, fd, 0, 16), INVALID_BUFFER); /* no record fits */
    STATUS(trial_transfer(FS_READDIR, fd, 0, 0), INVALID_BUFFER);
    STATUS(trial_on_fd(FS_CLOSEDIR, fd, 0), OK);
    for (uint32_t i = 0; i < MANY_FILES; i++) {
        name_of(i, name);
        STATUS(trial_on_path(FS_REMOVE, trial_at(name)), OK);
    }
    STATUS(trial_on_path(FS_RMDIR, trial_at("many")), OK);
}

/* Open files up to the server's limit, refused beyond it with a status, usable again when some are closed. */
static void many_open(void)
{
    static uint64_t fds[2048];
    uint32_t count = 0;
    enum fs_status status = FS_STATUS_OK;

    trial_make_file("open", "x");
    while (count < 2048 && (status = trial_open_path(trial_at("open"), FS_OPEN_READ)) == FS_STATUS_OK) {
        fds[count++] = trial.last.open.fd;
    }
    TRUE(count >= 64);
    TRUE(count == 2048 || status == FS_STATUS_TOO_MANY_OPEN);
    STATUS(trial_on_fd(FS_CLOSE, fds[--count], 0), OK);
    fds[count++] = trial_opened("open", FS_OPEN_READ);
    for (uint32_t i = 0; i < count; i++) {
        STATUS(trial_on_fd(FS_CLOSE, fds[i], 0), OK);
    }
    STATUS(trial_on_path(FS_REMOVE, trial_at("open")), OK);
}

/* As many reads at once as the ring holds, each its own piece; a close among them ends after them. */
static void at_once(void)
{
    static struct fs_request requests[FS_QUEUE_CAPACITY];
    struct fs_request closing = {0};
    struct fs_command command = {.type = FS_READ};
    uint32_t wrong = 0, issued = 0;
    const uint32_t size = 256;

    for (uint32_t i = 0; i < 100 * size; i++) {
        trial.blocks[DATA][i] = pattern(i);
    }
    uint64_t fd = trial_opened("at once", FS_OPEN_READ | FS_OPEN_WRITE | FS_OPEN_CREATE);
    STATUS(trial_transfer(FS_WRITE, fd, 0, 100 * size), OK);
    memset(trial.blocks[DATA], 0, 100 * size);
    command.file.fd = fd;
    for (uint32_t i = 0; i < 100; i++) {
        command.file.position = i * size;
        command.file.data = fs_client_buffer(trial.blocks[DATA] + i * size, size);
        issued += fs_client_issue(&requests[i], &command);
    }
    EQUAL(issued, 100);
    command = (struct fs_command){.type = FS_CLOSE};
    command.file.fd = fd;
    TRUE(fs_client_issue(&closing, &command));
    trial_await(&closing);
    EQUAL(closing.result.status, FS_STATUS_OK);
    for (uint32_t i = 0; i < 100; i++) {
        wrong += !requests[i].done; /* the close came last */
        trial_await(&requests[i]);
        wrong += requests[i].result.status != FS_STATUS_OK || requests[i].result.length != size;
    }
    for (uint32_t i = 0; i < 100 * size; i++) {
        wrong += trial.blocks[DATA][i] != pattern(i);
    }
    EQUAL(wrong, 0);
    STATUS(trial_on_path(FS_REMOVE, trial_at("at once")), OK);
}

static void remounting(void)
{
    trial_make_file("kept", "kept");
    uint64_t fd = trial_opened("kept", FS_OPEN_READ);
    STATUS(trial_on_fd(FS_INITIALISE, 0, 0), OK); /* again: nothing changes */
    TRUE(trial_reads(fd, 0, 10, "kept"));
    STATUS(trial_on_fd(FS_DEINITIALISE, 0, 0), OK);
    STATUS(trial_transfer(FS_READ, fd, 0, 10), NOT_MOUNTED);
    STATUS(trial_on_fd(FS_INITIALISE, 0, 0), OK);
    STATUS(trial_transfer(FS_READ, fd, 0, 10), INVALID_FD);
    TRUE(trial_holds("kept", "kept"));
    STATUS(trial_on_path(FS_REMOVE, trial_at("kept")), OK);
}

/* What an earlier run that was cut short left behind. */
static void sweep(void)
{
    static const char *const names[] = {"file",
                                        "sizes",
                                        "big",
                                        "d/f",
                                        "a",
                                        "b",
                                        "c",
                                        "d/e/b",
                                        "f/e/b",
                                        "p",
                                        "buffers",
                                        "fds",
                                        "noise",
                                        "open",
                                        "at once",
                                        "kept",
                                        "name with spaces and \xc3\xbc\xe2\x82\xac"};
    static const char *const directories_left[] = {"d/e", "d", "f/e", "f", "many"};
    char name[32];

    for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        trial_on_path(FS_REMOVE, trial_at(names[i]));
    }
    for (uint32_t i = 0; i < MANY_FILES && trial_on_path(FS_STAT, trial_at("many")) == FS_STATUS_OK; i++) {
        name_of(i, name);
        trial_on_path(FS_REMOVE, trial_at(name));
    }
    for (uint32_t i = 0; i < sizeof(directories_left) / sizeof(directories_left[0]); i++) {
        trial_on_path(FS_RMDIR, trial_at(directories_left[i]));
    }
    trial_on_path(FS_RMDIR, trial_at(""));
}

static void everything(void)
{
    sweep();
    STATUS(trial_on_path(FS_MKDIR, trial_at("")), OK);
    files();
    sizes();
    big_file();
    directories();
    renames();
    fs_conformance_refusals();
    listing();
    many_open();
    at_once();
    remounting();
    sweep();
    STATUS(trial_on_path(FS_STAT, trial_at("")), NOT_FOUND);
}

struct fs_conformance_result fs_conformance_run(const struct fs_conformance *environment)
{
    char text[64];

    trial.environment = environment;
    trial.result = (struct fs_conformance_result){0};
    for (uint32_t i = 0; i < 3; i++) {
        trial.blocks[i] = fs_client_block_get();
    }
    before_mounting();
    enum fs_status mounted = trial_on_fd(FS_INITIALISE, 0, 0);
    EQUAL(mounted, FS_STATUS_OK);
    if (mounted == FS_STATUS_OK) {
        everything();
    }
    for (uint32_t i = 0; i < 3; i++) {
        fs_client_block_put(trial.blocks[i]);
    }
    snprintf(text, sizeof(text), "%u passed, %u failed", (unsigned)trial.result.passed, (unsigned)trial.result.failed);
    environment->line(text);
    return trial.result;
}
