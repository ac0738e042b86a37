/* fs/conformance.c: every command of fs/proto.h: what it does, and every way to get it wrong.
 *   uses      fs/client.h; up to FS_QUEUE_CAPACITY requests at once, all blocks of the share
 *   leaves    nothing behind in its directory, also when a check fails
 * A check that fails names its line, what was expected and what came; the run goes on.
 */
#include "fs/conformance.h"

#include <stdio.h>
#include <string.h>
#include "fs/client.h"

#define MANY_FILES 100
#define BIG_SIZE (1024 * 1024 + 4321)
#define NOWHERE 0xffffffffff000000ull /* an offset in no share */

static struct {
    const struct fs_conformance *environment;
    struct fs_conformance_result result;
    uint8_t *blocks[3]; /* paths and names; attributes; data */
    struct fs_completion last;
    char path[2][FS_PATH_MAX + 1];
} self;

enum block { PATHS, ATTRIBUTES, DATA };

/* Checks. */

static void check(int line, const char *what, uint64_t got, uint64_t expected)
{
    char text[160];
    bool good = got == expected;

    self.result.passed += good;
    self.result.failed += !good;
    if (!good) {
        snprintf(text, sizeof(text), "fs/conformance.c:%d: %s: %llu, not %llu", line, what, (unsigned long long)got,
                 (unsigned long long)expected);
        self.environment->line(text);
    }
}

#define EQUAL(got, expected) check(__LINE__, #got, (uint64_t)(got), (uint64_t)(expected))
#define STATUS(call, expected) EQUAL(call, FS_STATUS_##expected)
#define TRUE(condition) check(__LINE__, #condition, (condition) != 0, 1)

/* One command, waited for. */

static void await(struct fs_request *request)
{
    while (!request->done) {
        self.environment->wait();
    }
}

static enum fs_status run(const struct fs_command *command)
{
    struct fs_request request = {0};

    while (!fs_client_issue(&request, command)) {
        self.environment->wait();
    }
    await(&request);
    self.last = request.result;
    return (enum fs_status)request.result.status;
}

/* A name below the directory under test; two at a time, for rename. */
static const char *at(const char *name)
{
    static uint32_t turn;
    char *path = self.path[turn++ % 2];
    const char *base = strcmp(self.environment->directory, "/") == 0 ? "" : self.environment->directory;

    snprintf(path, FS_PATH_MAX, "%s/conformance%s%s", base, *name ? "/" : "", name);
    return path;
}

static struct fs_buffer in_paths(uint32_t offset, const char *text)
{
    uint64_t length = strlen(text);

    memcpy(self.blocks[PATHS] + offset, text, length);
    return fs_client_buffer(self.blocks[PATHS] + offset, length);
}

static struct fs_buffer attributes(void)
{
    return fs_client_buffer(self.blocks[ATTRIBUTES], sizeof(struct fs_stat));
}

static struct fs_stat stat_result(void)
{
    struct fs_stat stat;

    memcpy(&stat, self.blocks[ATTRIBUTES], sizeof(stat));
    return stat;
}

static enum fs_status on_path(enum fs_command_type type, const char *path)
{
    struct fs_command command = {.type = type};

    command.path.path = in_paths(0, path);
    command.path.other = attributes();
    return run(&command);
}

static enum fs_status open_path(const char *path, uint32_t flags)
{
    struct fs_command command = {.type = FS_OPEN, .flags = flags};

    command.path.path = in_paths(0, path);
    command.path.other = attributes();
    return run(&command);
}

static enum fs_status rename_paths(const char *from, const char *to)
{
    struct fs_command command = {.type = FS_RENAME};

    command.path.path = in_paths(0, from);
    command.path.other = in_paths(2 * FS_PATH_MAX, to);
    return run(&command);
}

static enum fs_status on_fd(enum fs_command_type type, uint64_t fd, uint64_t position)
{
    struct fs_command command = {.type = type};

    command.file.fd = fd;
    command.file.position = position;
    command.file.data = attributes();
    return run(&command);
}

static enum fs_status transfer(enum fs_command_type type, uint64_t fd, uint64_t position, uint64_t size)
{
    struct fs_command command = {.type = type};

    command.file.fd = fd;
    command.file.position = position;
    command.file.data = fs_client_buffer(self.blocks[DATA], size);
    return run(&command);
}

static enum fs_status write_text(uint64_t fd, uint64_t position, const char *text)
{
    memcpy(self.blocks[DATA], text, strlen(text));
    return transfer(FS_WRITE, fd, position, strlen(text));
}

/* Whether `size` bytes read at `position` are this text. */
static bool reads(uint64_t fd, uint64_t position, uint64_t size, const char *text)
{
    memset(self.blocks[DATA], 0xee, size);
    return transfer(FS_READ, fd, position, size) == FS_STATUS_OK && self.last.length == strlen(text) &&
           memcmp(self.blocks[DATA], text, strlen(text)) == 0;
}

static uint64_t opened(const char *name, uint32_t flags)
{
    STATUS(open_path(at(name), flags), OK);
    return self.last.open.fd;
}

static void make_file(const char *name, const char *text)
{
    uint64_t fd = opened(name, FS_OPEN_WRITE | FS_OPEN_CREATE | FS_OPEN_TRUNCATE);

    STATUS(write_text(fd, 0, text), OK);
    STATUS(on_fd(FS_CLOSE, fd, 0), OK);
}

static bool holds(const char *name, const char *text)
{
    uint64_t fd = opened(name, FS_OPEN_READ);
    bool good = reads(fd, 0, 4096, text);

    STATUS(on_fd(FS_CLOSE, fd, 0), OK);
    return good;
}

/* What is tried. */

static void before_mounting(void)
{
    STATUS(on_path(FS_STAT, "/"), NOT_MOUNTED);
    STATUS(transfer(FS_READ, 0, 0, 16), NOT_MOUNTED);
    STATUS(on_fd(FS_DEINITIALISE, 0, 0), NOT_MOUNTED);
}

static void files(void)
{
    const uint32_t create = FS_OPEN_READ | FS_OPEN_WRITE | FS_OPEN_CREATE;

    STATUS(open_path(at("file"), FS_OPEN_READ), NOT_FOUND);
    uint64_t fd = opened("file", create | FS_OPEN_EXCLUSIVE);
    EQUAL(self.last.open.size, 0);
    EQUAL(stat_result().mode & 0170000, 0100000);
    STATUS(open_path(at("file"), create | FS_OPEN_EXCLUSIVE), EXISTS);
    STATUS(write_text(fd, 0, "hello, file"), OK);
    EQUAL(self.last.length, 11);
    TRUE(reads(fd, 0, 100, "hello, file"));
    TRUE(reads(fd, 7, 2, "fi"));
    TRUE(reads(fd, 11, 100, ""));
    TRUE(reads(fd, 1000000, 100, ""));
    TRUE(reads(fd, 0, 0, ""));
    STATUS(on_fd(FS_FILE_SIZE, fd, 0), OK);
    EQUAL(self.last.size, 11);
    STATUS(on_fd(FS_FSTAT, fd, 0), OK);
    EQUAL(stat_result().size, 11);
    uint64_t inode = stat_result().inode;
    STATUS(on_path(FS_STAT, at("file")), OK);
    EQUAL(stat_result().size, 11);
    EQUAL(stat_result().inode, inode);
    EQUAL(stat_result().links, 1);
    STATUS(on_fd(FS_SYNC, fd, 0), OK);
    STATUS(on_fd(FS_CLOSE, fd, 0), OK);

    fd = opened("file", FS_OPEN_READ);
    EQUAL(self.last.open.size, 11);
    EQUAL(stat_result().size, 11);
    STATUS(write_text(fd, 0, "no"), ACCESS);
    STATUS(on_fd(FS_TRUNCATE, fd, 0), ACCESS);
    STATUS(on_fd(FS_CLOSE, fd, 0), OK);
    fd = opened("file", FS_OPEN_WRITE);
    STATUS(transfer(FS_READ, fd, 0, 4), ACCESS);
    STATUS(on_fd(FS_CLOSE, fd, 0), OK);
    STATUS(on_path(FS_REMOVE, at("file")), OK);
    STATUS(on_path(FS_REMOVE, at("file")), NOT_FOUND);
    STATUS(on_path(FS_STAT, at("file")), NOT_FOUND);
}

static void sizes(void)
{
    uint64_t fd = opened("sizes", FS_OPEN_READ | FS_OPEN_WRITE | FS_OPEN_CREATE);

    STATUS(write_text(fd, 0, "0123456789"), OK);
    STATUS(on_fd(FS_TRUNCATE, fd, 4), OK);
    TRUE(reads(fd, 0, 100, "0123"));
    STATUS(on_fd(FS_TRUNCATE, fd, 6), OK);
    STATUS(transfer(FS_READ, fd, 0, 100), OK);
    EQUAL(self.last.read.length, 6);
    TRUE(memcmp(self.blocks[DATA], "0123\0\0", 6) == 0);
    uint64_t mtime_ns = self.last.read.mtime_ns;
    STATUS(on_fd(FS_FSTAT, fd, 0), OK);
    EQUAL(stat_result().mtime_ns, mtime_ns);
    STATUS(write_text(fd, 10000, "end"), OK);
    STATUS(on_fd(FS_FILE_SIZE, fd, 0), OK);
    EQUAL(self.last.size, 10003);
    memset(self.blocks[DATA], 0xee, 10003);
    STATUS(transfer(FS_READ, fd, 0, 20000), OK);
    EQUAL(self.last.length, 10003);
    uint32_t sum = 0;
    for (uint32_t i = 4; i < 10000; i++) {
        sum |= self.blocks[DATA][i];
    }
    EQUAL(sum, 0);
    TRUE(memcmp(self.blocks[DATA] + 10000, "end", 3) == 0);
    STATUS(on_fd(FS_TRUNCATE, fd, ~0ull), INVALID_ARGUMENT);
    STATUS(transfer(FS_READ, fd, ~0ull, 10), INVALID_ARGUMENT);
    STATUS(transfer(FS_WRITE, fd, INT64_MAX - 3, 10), INVALID_ARGUMENT);
    STATUS(on_fd(FS_CLOSE, fd, 0), OK);
    fd = opened("sizes", FS_OPEN_WRITE | FS_OPEN_TRUNCATE);
    EQUAL(self.last.open.size, 0);
    STATUS(on_fd(FS_CLOSE, fd, 0), OK);
    STATUS(on_path(FS_REMOVE, at("sizes")), OK);
}

static uint8_t pattern(uint64_t at)
{
    return (uint8_t)(at * 31 + (at >> 8) * 7 + (at >> 16));
}

static void big_file(void)
{
    uint64_t fd = opened("big", FS_OPEN_READ | FS_OPEN_WRITE | FS_OPEN_CREATE);
    uint64_t wrong = 0, total = 0;

    for (uint64_t done = 0; done < BIG_SIZE;) {
        uint64_t part = BIG_SIZE - done < FS_CLIENT_BLOCK_SIZE ? BIG_SIZE - done : FS_CLIENT_BLOCK_SIZE;
        for (uint64_t i = 0; i < part; i++) {
            self.blocks[DATA][i] = pattern(done + i);
        }
        STATUS(transfer(FS_WRITE, fd, done, part), OK);
        EQUAL(self.last.length, part);
        done += part;
    }
    for (;;) {
        uint64_t size = 1 + total % FS_CLIENT_BLOCK_SIZE / 3 * 2;
        if (transfer(FS_READ, fd, total, size < 4000 ? FS_CLIENT_BLOCK_SIZE : size) || self.last.length == 0) {
            break;
        }
        for (uint64_t i = 0; i < self.last.length; i++) {
            wrong += self.blocks[DATA][i] != pattern(total + i);
        }
        total += self.last.length;
    }
    EQUAL(total, BIG_SIZE);
    EQUAL(wrong, 0);
    STATUS(on_fd(FS_CLOSE, fd, 0), OK);
    STATUS(on_path(FS_REMOVE, at("big")), OK);
}

static void directories(void)
{
    STATUS(on_path(FS_MKDIR, at("d")), OK);
    STATUS(on_path(FS_MKDIR, at("d")), EXISTS);
    STATUS(on_path(FS_MKDIR, at("none/d")), NOT_FOUND);
    STATUS(on_path(FS_STAT, at("d")), OK);
    EQUAL(stat_result().mode & 0170000, 0040000);
    make_file("d/f", "x");
    STATUS(on_path(FS_MKDIR, at("d/f")), EXISTS);
    STATUS(on_path(FS_MKDIR, at("d/f/g")), NOT_DIRECTORY);
    STATUS(on_path(FS_STAT, at("d/f/g")), NOT_DIRECTORY);
    STATUS(open_path(at("d/f/g"), FS_OPEN_READ), NOT_DIRECTORY);
    STATUS(open_path(at("d"), FS_OPEN_READ), IS_DIRECTORY);
    STATUS(open_path(at("d"), FS_OPEN_WRITE), IS_DIRECTORY);
    STATUS(on_path(FS_OPENDIR, at("d/f")), NOT_DIRECTORY);
    STATUS(on_path(FS_OPENDIR, at("none")), NOT_FOUND);
    STATUS(on_path(FS_RMDIR, at("d")), NOT_EMPTY);
    STATUS(on_path(FS_RMDIR, at("d/f")), NOT_DIRECTORY);
    STATUS(on_path(FS_REMOVE, at("d")), IS_DIRECTORY);
    STATUS(on_path(FS_REMOVE, at("d/f")), OK);
    STATUS(on_path(FS_RMDIR, at("d")), OK);
    STATUS(on_path(FS_RMDIR, at("d")), NOT_FOUND);
    TRUE(on_path(FS_RMDIR, "/") != FS_STATUS_OK);
    TRUE(on_path(FS_REMOVE, "/") != FS_STATUS_OK);
    STATUS(on_path(FS_MKDIR, "/"), EXISTS);
}

static void renames(void)
{
    make_file("a", "first");
    make_file("b", "second");
    STATUS(rename_paths(at("a"), at("c")), OK);
    STATUS(on_path(FS_STAT, at("a")), NOT_FOUND);
    TRUE(holds("c", "first"));
    STATUS(rename_paths(at("c"), at("b")), OK);
    TRUE(holds("b", "first"));
    STATUS(rename_paths(at("b"), at("b")), OK);
    TRUE(holds("b", "first"));
    STATUS(rename_paths(at("none"), at("b")), NOT_FOUND);
    STATUS(rename_paths(at("b"), at("none/b")), NOT_FOUND);
    STATUS(on_path(FS_MKDIR, at("d")), OK);
    STATUS(on_path(FS_MKDIR, at("d/e")), OK);
    STATUS(rename_paths(at("b"), at("d/e/b")), OK);
    TRUE(holds("d/e/b", "first"));
    TRUE(rename_paths(at("d"), at("d/e/d")) != FS_STATUS_OK);
    STATUS(on_path(FS_MKDIR, at("f")), OK);
    TRUE(rename_paths(at("f"), at("d")) != FS_STATUS_OK); /* not empty */
    STATUS(rename_paths(at("d"), at("f")), OK);
    TRUE(holds("f/e/b", "first"));
    STATUS(rename_paths(at("f/e/b"), at("b")), OK);
    TRUE(rename_paths(at("b"), at("f")) != FS_STATUS_OK); /* a file over a directory */
    TRUE(rename_paths(at("f"), at("b")) != FS_STATUS_OK); /* and the other way round */
    STATUS(on_path(FS_RMDIR, at("f/e")), OK);
    STATUS(on_path(FS_RMDIR, at("f")), OK);
    STATUS(on_path(FS_REMOVE, at("b")), OK);
}

static enum fs_status open_raw(struct fs_buffer path, struct fs_buffer other, uint32_t flags)
{
    struct fs_command command = {.type = FS_OPEN, .flags = flags};

    command.path.path = path;
    command.path.other = other;
    return run(&command);
}

static void paths(void)
{
    char text[FS_PATH_MAX + 64];

    make_file("p", "found");
    STATUS(on_path(FS_STAT, at("./p")), OK);
    STATUS(on_path(FS_STAT, at("//p")), OK);
    STATUS(on_path(FS_STAT, at("x/../p")), OK);
    STATUS(on_path(FS_STAT, at("../conformance/p")), OK);
    STATUS(on_path(FS_STAT, "/.."), INVALID_PATH);
    STATUS(on_path(FS_STAT, "/../../etc/passwd"), INVALID_PATH);
    STATUS(on_path(FS_STAT, at("../../../../../../../../p")), INVALID_PATH);
    STATUS(on_path(FS_STAT, "relative"), INVALID_PATH);
    STATUS(on_path(FS_STAT, ""), INVALID_PATH);
    STATUS(on_path(FS_STAT, "/"), OK);
    EQUAL(stat_result().mode & 0170000, 0040000);
    STATUS(on_path(FS_STAT, at("name with spaces and \xc3\xbc\xe2\x82\xac")), NOT_FOUND);
    make_file("name with spaces and \xc3\xbc\xe2\x82\xac", "named");
    TRUE(holds("name with spaces and \xc3\xbc\xe2\x82\xac", "named"));
    STATUS(on_path(FS_REMOVE, at("name with spaces and \xc3\xbc\xe2\x82\xac")), OK);

    memcpy(text, "/with\0nul", 9);
    memcpy(self.blocks[PATHS], text, 9);
    STATUS(open_raw(fs_client_buffer(self.blocks[PATHS], 9), attributes(), FS_OPEN_READ), INVALID_PATH);
    memset(text, 'n', sizeof(text));
    text[0] = '/';
    text[FS_NAME_MAX + 2] = '\0'; /* one more than a name may have */
    STATUS(on_path(FS_STAT, text), NAME_TOO_LONG);
    text[FS_NAME_MAX + 1] = '\0';
    STATUS(on_path(FS_STAT, text), NOT_FOUND);
    memset(text, '/', sizeof(text));
    text[FS_PATH_MAX + 1] = '\0';
    STATUS(on_path(FS_STAT, text), INVALID_PATH);
    text[FS_PATH_MAX] = '\0';
    STATUS(on_path(FS_STAT, text), OK);
    STATUS(on_path(FS_REMOVE, at("p")), OK);
}

static void bad_buffers(void)
{
    const struct fs_buffer path = in_paths(0, "/");
    const struct fs_buffer bad[] = {
        {NOWHERE, 1}, {0, NOWHERE}, {~0ull, ~0ull}, {~0ull, 1}, {0, ~0ull}, {1ull << 63, 1ull << 63},
        {path.offset, 1ull << 40},
    };

    make_file("buffers", "untouched");
    uint64_t fd = opened("buffers", FS_OPEN_READ | FS_OPEN_WRITE);
    for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct fs_command command = {.type = FS_READ};
        command.file.fd = fd;
        command.file.data = bad[i];
        STATUS(run(&command), INVALID_BUFFER);
        command.type = FS_WRITE;
        STATUS(run(&command), INVALID_BUFFER);
        command.type = FS_FSTAT;
        STATUS(run(&command), INVALID_BUFFER);
        STATUS(open_raw(bad[i], attributes(), FS_OPEN_READ), INVALID_BUFFER);
        STATUS(open_raw(path, bad[i], FS_OPEN_READ), INVALID_BUFFER);
        command = (struct fs_command){.type = FS_STAT};
        command.path.path = path;
        command.path.other = bad[i];
        STATUS(run(&command), INVALID_BUFFER);
        command.type = FS_RENAME;
        STATUS(run(&command), INVALID_BUFFER);
        command.path.path = bad[i];
        STATUS(run(&command), INVALID_BUFFER);
        command.type = FS_MKDIR;
        STATUS(run(&command), INVALID_BUFFER);
    }
    STATUS(open_raw(path, fs_client_buffer(self.blocks[ATTRIBUTES], 8), FS_OPEN_READ), INVALID_BUFFER);
    TRUE(reads(fd, 0, 100, "untouched"));
    STATUS(on_fd(FS_CLOSE, fd, 0), OK);
    STATUS(on_path(FS_REMOVE, at("buffers")), OK);
}

static void bad_fds(void)
{
    static const enum fs_command_type of_files[] = {FS_READ,     FS_WRITE, FS_FSTAT, FS_FILE_SIZE,
                                                    FS_TRUNCATE, FS_SYNC,  FS_CLOSE};
    static const enum fs_command_type of_directories[] = {FS_READDIR,  FS_SEEKDIR,  FS_TELLDIR,
                                                          FS_REWINDDIR, FS_CLOSEDIR};

    make_file("fds", "x");
    uint64_t closed = opened("fds", FS_OPEN_READ | FS_OPEN_WRITE);
    STATUS(on_fd(FS_CLOSE, closed, 0), OK);
    uint64_t file = opened("fds", FS_OPEN_READ | FS_OPEN_WRITE);
    TRUE(file != closed);
    STATUS(on_path(FS_OPENDIR, at("")), OK);
    uint64_t directory = self.last.open.fd;
    const uint64_t bad[] = {closed, 0, ~0ull, file + 1, file ^ (1ull << 40), 1ull << 32, directory + 1000};
    for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        for (uint32_t j = 0; j < sizeof(of_files) / sizeof(of_files[0]); j++) {
            if (bad[i] != file) {
                STATUS(on_fd(of_files[j], bad[i], 0), INVALID_FD);
            }
        }
        for (uint32_t j = 0; j < sizeof(of_directories) / sizeof(of_directories[0]); j++) {
            if (bad[i] != directory) {
                STATUS(on_fd(of_directories[j], bad[i], 0), INVALID_FD);
            }
        }
    }
    for (uint32_t j = 0; j < sizeof(of_files) / sizeof(of_files[0]); j++) {
        STATUS(on_fd(of_files[j], directory, 0), INVALID_FD);
    }
    for (uint32_t j = 0; j < sizeof(of_directories) / sizeof(of_directories[0]); j++) {
        STATUS(on_fd(of_directories[j], file, 0), INVALID_FD);
    }
    STATUS(on_fd(FS_CLOSE, file, 0), OK);
    STATUS(on_fd(FS_CLOSE, file, 0), INVALID_FD);
    STATUS(on_fd(FS_CLOSEDIR, directory, 0), OK);
    STATUS(on_fd(FS_CLOSEDIR, directory, 0), INVALID_FD);
    STATUS(on_path(FS_REMOVE, at("fds")), OK);
}

static void bad_commands(void)
{
    static const uint32_t types[] = {0, FS_COMMAND_TYPES, FS_COMMAND_TYPES + 1, 255, 0x80000000u, ~0u};
    static const uint32_t flags[] = {
        0,
        FS_OPEN_CREATE,
        FS_OPEN_READ | FS_OPEN_CREATE,
        FS_OPEN_READ | FS_OPEN_TRUNCATE,
        FS_OPEN_READ | FS_OPEN_EXCLUSIVE,
        FS_OPEN_READ | 1 << 5,
        FS_OPEN_WRITE | 1u << 31,
        ~0u,
    };

    for (uint32_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct fs_command command = {.type = types[i]};
        memset(command.words, 0xff, sizeof(command.words));
        STATUS(run(&command), INVALID_COMMAND);
        memset(command.words, 0, sizeof(command.words));
        STATUS(run(&command), INVALID_COMMAND);
    }
    for (uint32_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        STATUS(open_path(at("flags"), flags[i]), INVALID_ARGUMENT);
    }
    STATUS(on_path(FS_STAT, at("flags")), NOT_FOUND);
}

/* Rings full of noise: each is answered, and the server works as before. */
static void noise(void)
{
    static struct fs_request requests[FS_QUEUE_CAPACITY];
    uint64_t state = 88172645463325252ull;
    uint32_t answered = 0, issued = 0;

    for (uint32_t round = 0; round < 16; round++) {
        for (uint32_t i = 0; i < FS_QUEUE_CAPACITY; i++) {
            struct fs_command command;
            for (uint32_t j = 0; j < sizeof(command) / 8; j++) {
                state ^= state << 13; /* xorshift, Marsaglia 2003 */
                state ^= state >> 7;
                state ^= state << 17;
                ((uint64_t *)(void *)&command)[j] = state >> (state % 64);
            }
            command.type = command.type % (FS_COMMAND_TYPES + 2);
            if (command.type == FS_INITIALISE || command.type == FS_DEINITIALISE) {
                command.type = FS_READ;
            }
            issued += fs_client_issue(&requests[i], &command);
        }
        for (uint32_t i = 0; i < FS_QUEUE_CAPACITY; i++) {
            await(&requests[i]);
            answered++;
        }
    }
    EQUAL(issued, 16 * FS_QUEUE_CAPACITY);
    EQUAL(answered, issued);
    make_file("noise", "still here");
    TRUE(holds("noise", "still here"));
    STATUS(on_path(FS_REMOVE, at("noise")), OK);
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
        if (transfer(FS_READDIR, fd, 0, size) != FS_STATUS_OK || self.last.length == 0) {
            return entries;
        }
        for (uint64_t offset = 0; offset < self.last.length;) {
            struct fs_dirent head;
            memcpy(&head, self.blocks[DATA] + offset, sizeof(head));
            const char *name = (const char *)self.blocks[DATA] + offset + sizeof(head);
            uint32_t number = 0;
            for (uint32_t i = 5; i < head.name_length; i++) {
                number = number * 10 + (uint32_t)(name[i] - '0');
            }
            if (head.name_length == 8 && memcmp(name, "file-", 5) == 0 && number < MANY_FILES) {
                seen[number]++;
            }
            if (head.record_length < sizeof(head) + head.name_length || head.record_length % 8) {
                return 0;
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

    STATUS(on_path(FS_MKDIR, at("many")), OK);
    STATUS(on_path(FS_OPENDIR, at("many")), OK);
    uint64_t fd = self.last.open.fd;
    EQUAL(list(fd, 4096, seen, NULL), 0); /* "." and ".." are left out */
    STATUS(on_fd(FS_CLOSEDIR, fd, 0), OK);
    for (uint32_t i = 0; i < MANY_FILES; i++) {
        name_of(i, name);
        make_file(name, "");
    }
    STATUS(on_path(FS_OPENDIR, at("many")), OK);
    fd = self.last.open.fd;
    STATUS(on_fd(FS_TELLDIR, fd, 0), OK);
    EQUAL(self.last.position, 0);
    EQUAL(list(fd, FS_CLIENT_BLOCK_SIZE, seen, &position), MANY_FILES);
    TRUE(each_once(seen));
    STATUS(on_fd(FS_REWINDDIR, fd, 0), OK);
    memset(seen, 0, sizeof(seen));
    EQUAL(list(fd, 100, seen, NULL), MANY_FILES); /* two records at a time */
    TRUE(each_once(seen));
    STATUS(on_fd(FS_SEEKDIR, fd, position), OK);
    STATUS(on_fd(FS_TELLDIR, fd, 0), OK);
    EQUAL(self.last.position, position);
    memset(seen, 0, sizeof(seen));
    EQUAL(list(fd, 1000, seen, NULL), MANY_FILES - 10);
    STATUS(on_fd(FS_REWINDDIR, fd, 0), OK);
    STATUS(transfer(FS_READDIR, fd, 0, 16), INVALID_BUFFER); /* no record fits */
    STATUS(transfer(FS_READDIR, fd, 0, 0), INVALID_BUFFER);
    STATUS(on_fd(FS_CLOSEDIR, fd, 0), OK);
    for (uint32_t i = 0; i < MANY_FILES; i++) {
        name_of(i, name);
        STATUS(on_path(FS_REMOVE, at(name)), OK);
    }
    STATUS(on_path(FS_RMDIR, at("many")), OK);
}

/* Open files up to the server's limit, refused beyond it with a status, usable again when some are closed. */
static void many_open(void)
{
    static uint64_t fds[2048];
    uint32_t count = 0;
    enum fs_status status = FS_STATUS_OK;

    make_file("open", "x");
    while (count < 2048 && (status = open_path(at("open"), FS_OPEN_READ)) == FS_STATUS_OK) {
        fds[count++] = self.last.open.fd;
    }
    TRUE(count >= 64);
    TRUE(count == 2048 || status == FS_STATUS_TOO_MANY_OPEN);
    STATUS(on_fd(FS_CLOSE, fds[--count], 0), OK);
    fds[count++] = opened("open", FS_OPEN_READ);
    for (uint32_t i = 0; i < count; i++) {
        STATUS(on_fd(FS_CLOSE, fds[i], 0), OK);
    }
    STATUS(on_path(FS_REMOVE, at("open")), OK);
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
        self.blocks[DATA][i] = pattern(i);
    }
    uint64_t fd = opened("at once", FS_OPEN_READ | FS_OPEN_WRITE | FS_OPEN_CREATE);
    STATUS(transfer(FS_WRITE, fd, 0, 100 * size), OK);
    memset(self.blocks[DATA], 0, 100 * size);
    command.file.fd = fd;
    for (uint32_t i = 0; i < 100; i++) {
        command.file.position = i * size;
        command.file.data = fs_client_buffer(self.blocks[DATA] + i * size, size);
        issued += fs_client_issue(&requests[i], &command);
    }
    EQUAL(issued, 100);
    command = (struct fs_command){.type = FS_CLOSE};
    command.file.fd = fd;
    TRUE(fs_client_issue(&closing, &command));
    await(&closing);
    EQUAL(closing.result.status, FS_STATUS_OK);
    for (uint32_t i = 0; i < 100; i++) {
        wrong += !requests[i].done; /* the close came last */
        await(&requests[i]);
        wrong += requests[i].result.status != FS_STATUS_OK || requests[i].result.length != size;
    }
    for (uint32_t i = 0; i < 100 * size; i++) {
        wrong += self.blocks[DATA][i] != pattern(i);
    }
    EQUAL(wrong, 0);
    STATUS(on_path(FS_REMOVE, at("at once")), OK);
}

static void remounting(void)
{
    make_file("kept", "kept");
    uint64_t fd = opened("kept", FS_OPEN_READ);
    STATUS(on_fd(FS_INITIALISE, 0, 0), OK); /* again: nothing changes */
    TRUE(reads(fd, 0, 10, "kept"));
    STATUS(on_fd(FS_DEINITIALISE, 0, 0), OK);
    STATUS(transfer(FS_READ, fd, 0, 10), NOT_MOUNTED);
    STATUS(on_fd(FS_INITIALISE, 0, 0), OK);
    STATUS(transfer(FS_READ, fd, 0, 10), INVALID_FD);
    TRUE(holds("kept", "kept"));
    STATUS(on_path(FS_REMOVE, at("kept")), OK);
}

/* What an earlier run that was cut short left behind. */
static void sweep(void)
{
    static const char *const names[] = {
        "file", "sizes", "big", "d/f", "a", "b", "c", "d/e/b", "f/e/b", "p", "buffers", "fds", "noise", "open", "at once",
        "kept", "name with spaces and \xc3\xbc\xe2\x82\xac",
    };
    static const char *const directories_left[] = {"d/e", "d", "f/e", "f", "many"};
    char name[32];

    for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        on_path(FS_REMOVE, at(names[i]));
    }
    for (uint32_t i = 0; i < MANY_FILES && on_path(FS_STAT, at("many")) == FS_STATUS_OK; i++) {
        name_of(i, name);
        on_path(FS_REMOVE, at(name));
    }
    for (uint32_t i = 0; i < sizeof(directories_left) / sizeof(directories_left[0]); i++) {
        on_path(FS_RMDIR, at(directories_left[i]));
    }
    on_path(FS_RMDIR, at(""));
}

static void everything(void)
{
    sweep();
    STATUS(on_path(FS_MKDIR, at("")), OK);
    files();
    sizes();
    big_file();
    directories();
    renames();
    paths();
    bad_buffers();
    bad_fds();
    bad_commands();
    noise();
    listing();
    many_open();
    at_once();
    remounting();
    sweep();
    STATUS(on_path(FS_STAT, at("")), NOT_FOUND);
}

struct fs_conformance_result fs_conformance_run(const struct fs_conformance *environment)
{
    char text[64];

    self.environment = environment;
    self.result = (struct fs_conformance_result){0};
    for (uint32_t i = 0; i < 3; i++) {
        self.blocks[i] = fs_client_block_get();
    }
    before_mounting();
    enum fs_status mounted = on_fd(FS_INITIALISE, 0, 0);
    EQUAL(mounted, FS_STATUS_OK);
    if (mounted == FS_STATUS_OK) {
        everything();
    }
    for (uint32_t i = 0; i < 3; i++) {
        fs_client_block_put(self.blocks[i]);
    }
    snprintf(text, sizeof(text), "%u passed, %u failed", (unsigned)self.result.passed, (unsigned)self.result.failed);
    environment->line(text);
    return self.result;
}
