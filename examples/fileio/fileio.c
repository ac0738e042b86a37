/* fileio.c: the file service's conformance program, on a worker that can wait.
 *   uses      one file service, whichever the description connects
 *   prints    each check that fails, `fileio: N passed, M failed` at the end, and how fast a file is read
 */
#include "lib/pd.h"

#include <string.h>
#include "examples/fileio/config.h"
#include "fs/client.h"
#include "fs/conformance.h"
#include "lib/fiber.h"
#include "lib/log.h"
#include "serial/client.h"

static struct {
    struct fiber worker;
    _Alignas(16) uint8_t stack[0x10000];
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
    log_line("fileio: %s", text);
}

/* Eight requests of 64 KiB at once, as the web server reads a large file. */
#define AT_ONCE 8
#define SPEED_BYTES (16 * 1024 * 1024ull)

static struct {
    struct fs_request requests[AT_ONCE];
    void *blocks[AT_ONCE];
} speed;

static enum fs_status run(const struct fs_command *command, struct fs_completion *completion)
{
    struct fs_request request = {0};

    fs_client_issue(&request, command);
    while (!request.done) {
        wait();
    }
    *completion = request.result;
    return (enum fs_status)request.result.status;
}

static uint64_t read_round(uint64_t fd, uint64_t position)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < AT_ONCE; i++) {
        struct fs_command command = {.type = FS_READ};
        command.file.fd = fd;
        command.file.position = position + i * FS_CLIENT_BLOCK_SIZE;
        command.file.data = fs_client_buffer(speed.blocks[i], FS_CLIENT_BLOCK_SIZE);
        fs_client_issue(&speed.requests[i], &command);
    }
    for (uint32_t i = 0; i < AT_ONCE; i++) {
        while (!speed.requests[i].done) {
            wait();
        }
        bytes += speed.requests[i].result.status == FS_STATUS_OK ? speed.requests[i].result.length : 0;
    }
    return bytes;
}

/* The file is read again and again until SPEED_BYTES have come. */
static void measure(const char *path)
{
    struct fs_command command = {.type = FS_OPEN, .flags = FS_OPEN_READ};
    struct fs_completion completion;
    uint64_t total = 0, position = 0;

    for (uint32_t i = 0; i < AT_ONCE; i++) {
        speed.blocks[i] = fs_client_block_get();
    }
    memcpy(speed.blocks[0], path, strlen(path));
    command.path.path = fs_client_buffer(speed.blocks[0], strlen(path));
    if (run(&command, &completion) != FS_STATUS_OK) {
        log_line("fileio: %s cannot be opened: status %u", path, (unsigned)completion.status);
        return;
    }
    uint64_t fd = completion.open.fd, size = completion.open.size, start = pd_now_ns();
    while (total < SPEED_BYTES && size > 0) {
        uint64_t bytes = read_round(fd, position);
        if (bytes == 0) {
            break;
        }
        total += bytes;
        position = position + bytes < size ? position + bytes : 0;
    }
    uint64_t ms = (pd_now_ns() - start) / 1000000;
    log_line("fileio: read %llu KiB of %s in %llu ms", (unsigned long long)(total / 1024), path, (unsigned long long)ms);
    command = (struct fs_command){.type = FS_CLOSE};
    command.file.fd = fd;
    run(&command, &completion);
    for (uint32_t i = 0; i < AT_ONCE; i++) {
        fs_client_block_put(speed.blocks[i]);
    }
}

static void work(void *argument)
{
    const struct fs_conformance environment = {.directory = fileio_config.directory, .wait = wait, .line = line};

    fs_conformance_run(&environment);
    if (fileio_config.large_file[0]) {
        measure(fileio_config.large_file);
    }
    log_line("fileio: done");
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
