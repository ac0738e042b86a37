/* fs/conformance_refusals.c: every way to get a command of fs/proto.h wrong: each is answered, nothing comes of it. */
#include "fs/conformance_trial.h"

#include <stdio.h>
#include <string.h>

#define NOWHERE 0xffffffffff000000ull /* an offset in no share */

static enum fs_status open_raw(struct fs_buffer path, struct fs_buffer other, uint32_t flags)
{
    struct fs_command command = {.type = FS_OPEN, .flags = flags};

    command.path.path = path;
    command.path.other = other;
    return trial_run(&command);
}

static void paths(void)
{
    char text[FS_PATH_MAX + 64];

    trial_make_file("p", "found");
    STATUS(trial_on_path(FS_STAT, trial_at("./p")), OK);
    STATUS(trial_on_path(FS_STAT, trial_at("//p")), OK);
    STATUS(trial_on_path(FS_STAT, trial_at("x/../p")), OK);
    snprintf(text, sizeof(text), "../%s/p", trial.environment->folder);
    STATUS(trial_on_path(FS_STAT, trial_at(text)), OK);
    STATUS(trial_on_path(FS_STAT, "/.."), INVALID_PATH);
    STATUS(trial_on_path(FS_STAT, "/../../etc/passwd"), INVALID_PATH);
    STATUS(trial_on_path(FS_STAT, trial_at("../../../../../../../../p")), INVALID_PATH);
    STATUS(trial_on_path(FS_STAT, "relative"), INVALID_PATH);
    STATUS(trial_on_path(FS_STAT, ""), INVALID_PATH);
    STATUS(trial_on_path(FS_STAT, "/"), OK);
    EQUAL(trial_stat_result().mode & 0170000, 0040000);
    STATUS(trial_on_path(FS_STAT, trial_at("name with spaces and \xc3\xbc\xe2\x82\xac")), NOT_FOUND);
    trial_make_file("name with spaces and \xc3\xbc\xe2\x82\xac", "named");
    TRUE(trial_holds("name with spaces and \xc3\xbc\xe2\x82\xac", "named"));
    STATUS(trial_on_path(FS_REMOVE, trial_at("name with spaces and \xc3\xbc\xe2\x82\xac")), OK);

    memcpy(text, "/with\0nul", 9);
    memcpy(trial.blocks[PATHS], text, 9);
    STATUS(open_raw(fs_client_buffer(trial.blocks[PATHS], 9), trial_attributes(), FS_OPEN_READ), INVALID_PATH);
    memset(text, 'n', sizeof(text));
    text[0] = '/';
    text[FS_NAME_MAX + 2] = '\0'; /* one more than a name may have */
    STATUS(trial_on_path(FS_STAT, text), NAME_TOO_LONG);
    text[FS_NAME_MAX + 1] = '\0';
    STATUS(trial_on_path(FS_STAT, text), NOT_FOUND);
    memset(text, '/', sizeof(text));
    text[FS_PATH_MAX + 1] = '\0';
    STATUS(trial_on_path(FS_STAT, text), INVALID_PATH);
    text[FS_PATH_MAX] = '\0';
    STATUS(trial_on_path(FS_STAT, text), OK);
    STATUS(trial_on_path(FS_REMOVE, trial_at("p")), OK);
}

/* A slash behind a name: a directory's. */
static void slashes(void)
{
    const uint32_t create = FS_OPEN_WRITE | FS_OPEN_CREATE;

    trial_make_file("file", "there");
    STATUS(trial_on_path(FS_MKDIR, trial_at("dir/")), OK);
    STATUS(trial_on_path(FS_STAT, trial_at("dir/")), OK);
    STATUS(trial_on_path(FS_STAT, trial_at("dir/.")), OK);
    STATUS(trial_on_path(FS_STAT, trial_at("file/")), NOT_DIRECTORY);
    STATUS(trial_on_path(FS_STAT, trial_at("file//")), NOT_DIRECTORY);
    STATUS(trial_on_path(FS_STAT, trial_at("file/.")), NOT_DIRECTORY);
    STATUS(trial_open_path(trial_at("file/"), FS_OPEN_READ), NOT_DIRECTORY);
    STATUS(trial_open_path(trial_at("file/"), create | FS_OPEN_TRUNCATE), NOT_DIRECTORY);
    STATUS(trial_open_path(trial_at("dir/"), FS_OPEN_READ), IS_DIRECTORY);
    STATUS(trial_open_path(trial_at("new/"), FS_OPEN_READ), NOT_FOUND);
    STATUS(trial_open_path(trial_at("new/"), create), IS_DIRECTORY);
    STATUS(trial_on_path(FS_STAT, trial_at("new")), NOT_FOUND);
    STATUS(trial_on_path(FS_OPENDIR, trial_at("file/")), NOT_DIRECTORY);
    STATUS(trial_on_path(FS_REMOVE, trial_at("file/")), NOT_DIRECTORY);
    STATUS(trial_on_path(FS_REMOVE, trial_at("none/")), NOT_FOUND);
    STATUS(trial_on_path(FS_RMDIR, trial_at("file/")), NOT_DIRECTORY);
    STATUS(trial_rename_paths(trial_at("file/"), trial_at("moved")), NOT_DIRECTORY);
    STATUS(trial_rename_paths(trial_at("file"), trial_at("moved/")), NOT_DIRECTORY);
    STATUS(trial_rename_paths(trial_at("none/"), trial_at("moved")), NOT_FOUND);
    STATUS(trial_rename_paths(trial_at("dir/"), trial_at("moved/")), OK);
    TRUE(trial_holds("file", "there"));
    STATUS(trial_on_path(FS_RMDIR, trial_at("moved/")), OK);
    STATUS(trial_on_path(FS_REMOVE, trial_at("file")), OK);
}

static void bad_buffers(void)
{
    const struct fs_buffer path = trial_in_paths(0, "/");
    const struct fs_buffer bad[] = {{NOWHERE, 1},
                                    {0, NOWHERE},
                                    {~0ull, ~0ull},
                                    {~0ull, 1},
                                    {0, ~0ull},
                                    {1ull << 63, 1ull << 63},
                                    {path.offset, 1ull << 40}};

    trial_make_file("buffers", "untouched");
    uint64_t fd = trial_opened("buffers", FS_OPEN_READ | FS_OPEN_WRITE);
    for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct fs_command command = {.type = FS_READ};
        command.file.fd = fd;
        command.file.data = bad[i];
        STATUS(trial_run(&command), INVALID_BUFFER);
        command.type = FS_WRITE;
        STATUS(trial_run(&command), INVALID_BUFFER);
        command.type = FS_FSTAT;
        STATUS(trial_run(&command), INVALID_BUFFER);
        STATUS(open_raw(bad[i], trial_attributes(), FS_OPEN_READ), INVALID_BUFFER);
        STATUS(open_raw(path, bad[i], FS_OPEN_READ), INVALID_BUFFER);
        command = (struct fs_command){.type = FS_STAT};
        command.path.path = path;
        command.path.other = bad[i];
        STATUS(trial_run(&command), INVALID_BUFFER);
        command.type = FS_RENAME;
        STATUS(trial_run(&command), INVALID_BUFFER);
        command.path.path = bad[i];
        STATUS(trial_run(&command), INVALID_BUFFER);
        command.type = FS_MKDIR;
        STATUS(trial_run(&command), INVALID_BUFFER);
    }
    STATUS(open_raw(path, fs_client_buffer(trial.blocks[ATTRIBUTES], 8), FS_OPEN_READ), INVALID_BUFFER);
    TRUE(trial_reads(fd, 0, 100, "untouched"));
    STATUS(trial_on_fd(FS_CLOSE, fd, 0), OK);
    STATUS(trial_on_path(FS_REMOVE, trial_at("buffers")), OK);
}

static void bad_fds(void)
{
    static const enum fs_command_type of_files[] = {FS_READ,     FS_WRITE, FS_FSTAT, FS_FILE_SIZE,
                                                    FS_TRUNCATE, FS_SYNC,  FS_CLOSE};
    static const enum fs_command_type of_directories[] = {FS_READDIR, FS_SEEKDIR, FS_TELLDIR, FS_REWINDDIR,
                                                          FS_CLOSEDIR};

    trial_make_file("fds", "x");
    uint64_t closed = trial_opened("fds", FS_OPEN_READ | FS_OPEN_WRITE);
    STATUS(trial_on_fd(FS_CLOSE, closed, 0), OK);
    uint64_t file = trial_opened("fds", FS_OPEN_READ | FS_OPEN_WRITE);
    TRUE(file != closed);
    STATUS(trial_on_path(FS_OPENDIR, trial_at("")), OK);
    uint64_t directory = trial.last.open.fd;
    const uint64_t bad[] = {closed, 0, ~0ull, file + 1, file ^ (1ull << 40), 1ull << 32, directory + 1000};
    for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        for (uint32_t j = 0; j < sizeof(of_files) / sizeof(of_files[0]); j++) {
            if (bad[i] != file) {
                STATUS(trial_on_fd(of_files[j], bad[i], 0), INVALID_FD);
            }
        }
        for (uint32_t j = 0; j < sizeof(of_directories) / sizeof(of_directories[0]); j++) {
            if (bad[i] != directory) {
                STATUS(trial_on_fd(of_directories[j], bad[i], 0), INVALID_FD);
            }
        }
    }
    for (uint32_t j = 0; j < sizeof(of_files) / sizeof(of_files[0]); j++) {
        STATUS(trial_on_fd(of_files[j], directory, 0), INVALID_FD);
    }
    for (uint32_t j = 0; j < sizeof(of_directories) / sizeof(of_directories[0]); j++) {
        STATUS(trial_on_fd(of_directories[j], file, 0), INVALID_FD);
    }
    STATUS(trial_on_fd(FS_CLOSE, file, 0), OK);
    STATUS(trial_on_fd(FS_CLOSE, file, 0), INVALID_FD);
    STATUS(trial_on_fd(FS_CLOSEDIR, directory, 0), OK);
    STATUS(trial_on_fd(FS_CLOSEDIR, directory, 0), INVALID_FD);
    STATUS(trial_on_path(FS_REMOVE, trial_at("fds")), OK);
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
        STATUS(trial_run(&command), INVALID_COMMAND);
        memset(command.words, 0, sizeof(command.words));
        STATUS(trial_run(&command), INVALID_COMMAND);
    }
    for (uint32_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        STATUS(trial_open_path(trial_at("flags"), flags[i]), INVALID_ARGUMENT);
    }
    STATUS(trial_on_path(FS_STAT, trial_at("flags")), NOT_FOUND);
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
            trial_await(&requests[i]);
            answered++;
        }
    }
    EQUAL(issued, 16 * FS_QUEUE_CAPACITY);
    EQUAL(answered, issued);
    trial_make_file("noise", "still here");
    TRUE(trial_holds("noise", "still here"));
    STATUS(trial_on_path(FS_REMOVE, trial_at("noise")), OK);
}

void fs_conformance_refusals(void)
{
    paths();
    slashes();
    bad_buffers();
    bad_fds();
    bad_commands();
    noise();
}
