/* tenant.c: one of two honest clients of a file server: the conformance program in a folder of its own, while the other
 * runs it, too; then what one writes, renames and removes is what the other sees.
 */
#include "lib/pd.h"

#include <stdio.h>
#include <string.h>

#include "fs/client.h"
#include "fs/conformance.h"
#include "lib/fiber.h"
#include "lib/log.h"
#include "serial/client.h"
#include "tests/systems/fs/config.h"

#define TRIES 1000000u /* of waiting for the other */

static struct {
    struct fiber worker;
    _Alignas(16) uint8_t stack[0x10000];
    uint8_t *block;
    uint32_t wrong;
} self;

static void on_event(void *context)
{
    fiber_resume(&self.worker);
}

static void wait(void)
{
    fiber_wait(&self.worker);
}

static void line(const char *text)
{
    log_line("%s: %s", fs_tenant_config.name, text);
}

static struct fs_completion run(const struct fs_command *command)
{
    struct fs_request request = {0};

    while (!fs_client_issue(&request, command)) {
        wait();
    }
    while (!request.done) {
        wait();
    }
    return request.result;
}

enum { PATH = 0, PATH_2 = 1024, ATTRIBUTES = 2048, DATA = 4096, DATA_SIZE = 32 }; /* in the block */

static struct fs_buffer path_at(uint32_t offset, const char *of, const char *what)
{
    char path[128];
    const char *directory = strcmp(fs_tenant_config.directory, "/") == 0 ? "" : fs_tenant_config.directory;
    int size = snprintf(path, sizeof(path), "%s/%s.%s", directory, of, what);

    memcpy(self.block + offset, path, (size_t)size);
    return fs_client_buffer(self.block + offset, (uint64_t)size);
}

static struct fs_completion on_path(enum fs_command_type type, const char *of, const char *what, uint32_t flags)
{
    struct fs_command command = {.type = type, .flags = flags};

    command.path.path = path_at(PATH, of, what);
    command.path.other = fs_client_buffer(self.block + ATTRIBUTES, sizeof(struct fs_stat));
    return run(&command);
}

static struct fs_completion on_fd(enum fs_command_type type, uint64_t fd, uint64_t size)
{
    struct fs_command command = {.type = type};

    command.file.fd = fd;
    command.file.data = fs_client_buffer(self.block + DATA, size);
    return run(&command);
}

static void must(bool condition, const char *what)
{
    if (!condition) {
        self.wrong++;
        log_line("%s: not so: %s", fs_tenant_config.name, what);
    }
}

/* The file .draft gets its text, then its name .said: who finds that finds all of it. */
static void say(const char *text)
{
    const char *own = fs_tenant_config.name;
    struct fs_completion opened = on_path(FS_OPEN, own, "draft", FS_OPEN_WRITE | FS_OPEN_CREATE | FS_OPEN_TRUNCATE);
    struct fs_command rename = {.type = FS_RENAME};

    must(opened.status == FS_STATUS_OK, "a draft is made");
    memcpy(self.block + DATA, text, strlen(text));
    must(on_fd(FS_WRITE, opened.open.fd, strlen(text)).length == strlen(text), "it is written");
    must(on_fd(FS_CLOSE, opened.open.fd, 0).status == FS_STATUS_OK, "it is closed");
    rename.path.path = path_at(PATH, own, "draft");
    rename.path.other = path_at(PATH_2, own, "said");
    must(run(&rename).status == FS_STATUS_OK, "it is said");
}

static bool hears(const char *text)
{
    const char *other = fs_tenant_config.other;
    struct fs_completion opened = {.status = FS_STATUS_NOT_FOUND};

    for (uint32_t i = 0; i < TRIES && opened.status == FS_STATUS_NOT_FOUND; i++) {
        opened = on_path(FS_OPEN, other, "said", FS_OPEN_READ);
    }
    if (opened.status != FS_STATUS_OK) {
        return false;
    }
    struct fs_completion read = on_fd(FS_READ, opened.open.fd, DATA_SIZE);
    bool same = read.status == FS_STATUS_OK && read.length == strlen(text) &&
                memcmp(self.block + DATA, text, strlen(text)) == 0;
    return on_fd(FS_CLOSE, opened.open.fd, 0).status == FS_STATUS_OK && same;
}

/* Ten times: say something, hear the other, take away what it said, and see that it has taken away ours. */
static void talk(void)
{
    char text[DATA_SIZE];

    must(run(&(struct fs_command){.type = FS_INITIALISE}).status == FS_STATUS_OK, "mounted");
    for (uint32_t i = 0; i < 10 && self.wrong == 0; i++) {
        uint32_t status = FS_STATUS_OK;
        snprintf(text, sizeof(text), "%s, number %u", fs_tenant_config.name, (unsigned)i);
        say(text);
        snprintf(text, sizeof(text), "%s, number %u", fs_tenant_config.other, (unsigned)i);
        must(hears(text), "what the other says is heard");
        must(on_path(FS_REMOVE, fs_tenant_config.other, "said", 0).status == FS_STATUS_OK, "it is taken away");
        for (uint32_t tries = 0; tries < TRIES && status == FS_STATUS_OK; tries++) {
            status = on_path(FS_STAT, fs_tenant_config.name, "said", 0).status;
        }
        must(status == FS_STATUS_NOT_FOUND, "ours is taken away");
    }
}

static void work(void *argument)
{
    const struct fs_conformance environment = {
        .directory = fs_tenant_config.directory,
        .folder = fs_tenant_config.name,
        .wait = wait,
        .line = line,
    };

    for (uint32_t i = 0; i < fs_tenant_config.passes; i++) {
        fs_conformance_run(&environment);
        must(run(&(struct fs_command){.type = FS_DEINITIALISE}).status == FS_STATUS_OK, "unmounted");
    }
    self.block = fs_client_block_get();
    talk();
    log_line("%s: done, %u wrong", fs_tenant_config.name, (unsigned)self.wrong);
}

void init(void)
{
    serial_client_init(&serial_client_config);
    log_to(serial_client_log_sink);
    fs_client_init(&fs_client_config);
    fs_client_on_event(on_event, NULL);
    fiber_create(&self.worker, self.stack, sizeof(self.stack), work, NULL);
    fiber_resume(&self.worker);
    pd_flush();
}
