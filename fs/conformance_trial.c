/* fs/conformance_trial.c: one command after another, each waited for. */
#include "fs/conformance_trial.h"

#include <stdio.h>
#include <string.h>

struct trial trial;

void trial_check(const char *file, int line, const char *what, uint64_t got, uint64_t expected)
{
    char text[160];
    bool good = got == expected;

    trial.result.passed += good;
    trial.result.failed += !good;
    if (!good) {
        snprintf(text, sizeof(text), "%s:%d: %s: %llu, not %llu", file, line, what, (unsigned long long)got,
                 (unsigned long long)expected);
        trial.environment->line(text);
    }
}

void trial_await(struct fs_request *request)
{
    while (!request->done) {
        trial.environment->wait();
    }
}

enum fs_status trial_run(const struct fs_command *command)
{
    struct fs_request request = {0};

    while (!fs_client_issue(&request, command)) {
        trial.environment->wait();
    }
    trial_await(&request);
    trial.last = request.result;
    return (enum fs_status)request.result.status;
}

const char *trial_at(const char *name)
{
    static uint32_t turn;
    char *path = trial.path[turn++ % 2];
    const char *base = strcmp(trial.environment->directory, "/") == 0 ? "" : trial.environment->directory;

    snprintf(path, FS_PATH_MAX, "%s/%s%s%s", base, trial.environment->folder, *name ? "/" : "", name);
    return path;
}

struct fs_buffer trial_in_paths(uint32_t offset, const char *text)
{
    uint64_t length = strlen(text);

    memcpy(trial.blocks[PATHS] + offset, text, length);
    return fs_client_buffer(trial.blocks[PATHS] + offset, length);
}

struct fs_buffer trial_attributes(void)
{
    return fs_client_buffer(trial.blocks[ATTRIBUTES], sizeof(struct fs_stat));
}

struct fs_stat trial_stat_result(void)
{
    struct fs_stat stat;

    memcpy(&stat, trial.blocks[ATTRIBUTES], sizeof(stat));
    return stat;
}

enum fs_status trial_on_path(enum fs_command_type type, const char *path)
{
    struct fs_command command = {.type = type};

    command.path.path = trial_in_paths(0, path);
    command.path.other = trial_attributes();
    return trial_run(&command);
}

enum fs_status trial_open_path(const char *path, uint32_t flags)
{
    struct fs_command command = {.type = FS_OPEN, .flags = flags};

    command.path.path = trial_in_paths(0, path);
    command.path.other = trial_attributes();
    return trial_run(&command);
}

enum fs_status trial_rename_paths(const char *from, const char *to)
{
    struct fs_command command = {.type = FS_RENAME};

    command.path.path = trial_in_paths(0, from);
    command.path.other = trial_in_paths(2 * FS_PATH_MAX, to);
    return trial_run(&command);
}

enum fs_status trial_on_fd(enum fs_command_type type, uint64_t fd, uint64_t position)
{
    struct fs_command command = {.type = type};

    command.file.fd = fd;
    command.file.position = position;
    command.file.data = trial_attributes();
    return trial_run(&command);
}

enum fs_status trial_transfer(enum fs_command_type type, uint64_t fd, uint64_t position, uint64_t size)
{
    struct fs_command command = {.type = type};

    command.file.fd = fd;
    command.file.position = position;
    command.file.data = fs_client_buffer(trial.blocks[DATA], size);
    return trial_run(&command);
}

enum fs_status trial_write_text(uint64_t fd, uint64_t position, const char *text)
{
    memcpy(trial.blocks[DATA], text, strlen(text));
    return trial_transfer(FS_WRITE, fd, position, strlen(text));
}

bool trial_reads(uint64_t fd, uint64_t position, uint64_t size, const char *text)
{
    memset(trial.blocks[DATA], 0xee, size);
    return trial_transfer(FS_READ, fd, position, size) == FS_STATUS_OK && trial.last.length == strlen(text) &&
           memcmp(trial.blocks[DATA], text, strlen(text)) == 0;
}

uint64_t trial_opened(const char *name, uint32_t flags)
{
    STATUS(trial_open_path(trial_at(name), flags), OK);
    return trial.last.open.fd;
}

void trial_make_file(const char *name, const char *text)
{
    uint64_t fd = trial_opened(name, FS_OPEN_WRITE | FS_OPEN_CREATE | FS_OPEN_TRUNCATE);

    STATUS(trial_write_text(fd, 0, text), OK);
    STATUS(trial_on_fd(FS_CLOSE, fd, 0), OK);
}

bool trial_holds(const char *name, const char *text)
{
    uint64_t fd = trial_opened(name, FS_OPEN_READ);
    bool good = trial_reads(fd, 0, 4096, text);

    STATUS(trial_on_fd(FS_CLOSE, fd, 0), OK);
    return good;
}
