/* fileio.c: the file service's conformance program, on a worker that can wait.
 *   uses      one file service, whichever the description connects
 *   prints    each check that fails and `fileio: N passed, M failed`; then, where a large file is named, how fast it is
 *             read and, for each further pass over it, its checksum
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

/* Eight requests of 64 KiB at once, as a web server reads a large file. */
#define AT_ONCE 8

static struct {
    struct fs_request requests[AT_ONCE];
    void *blocks[AT_ONCE];
    uint32_t table[256]; /* of the CRC */
} reader;

/* CRC-32 as in IEEE 802.3, which every zlib has, so that the host can compute the same. */
static uint32_t crc(uint32_t sum, const uint8_t *bytes, uint64_t size)
{
    sum = ~sum;
    for (uint64_t i = 0; i < size; i++) {
        sum = reader.table[(sum ^ bytes[i]) & 0xff] ^ sum >> 8;
    }
    return ~sum;
}

static void make_table(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t sum = i;
        for (uint32_t bit = 0; bit < 8; bit++) {
            sum = sum >> 1 ^ (sum & 1 ? 0xedb88320u : 0);
        }
        reader.table[i] = sum;
    }
}

static enum fs_status run(const struct fs_command *command, struct fs_completion *completion)
{
    struct fs_request request = {0};

    while (!fs_client_issue(&request, command)) {
        wait();
    }
    while (!request.done) {
        wait();
    }
    *completion = request.result;
    return (enum fs_status)request.result.status;
}

/* AT_ONCE blocks from `position` on; the bytes that came in one piece from there, or the first bad status. */
static enum fs_status read_round(uint64_t fd, uint64_t position, uint64_t *bytes)
{
    enum fs_status status = FS_STATUS_OK;

    *bytes = 0;
    for (uint32_t i = 0; i < AT_ONCE; i++) {
        struct fs_command command = {.type = FS_READ};
        command.file.fd = fd;
        command.file.position = position + i * FS_CLIENT_BLOCK_SIZE;
        command.file.data = fs_client_buffer(reader.blocks[i], FS_CLIENT_BLOCK_SIZE);
        while (!fs_client_issue(&reader.requests[i], &command)) {
            wait();
        }
    }
    for (uint32_t i = 0; i < AT_ONCE; i++) {
        while (!reader.requests[i].done) {
            wait();
        }
        const struct fs_completion *result = &reader.requests[i].result;
        if (status == FS_STATUS_OK && result->status != FS_STATUS_OK) {
            status = (enum fs_status)result->status;
        }
        *bytes += result->status == FS_STATUS_OK ? result->length : 0;
    }
    return status;
}

static uint32_t crc_of_round(uint32_t sum, uint64_t bytes)
{
    for (uint32_t i = 0; bytes > 0; i++) {
        uint64_t part = bytes < FS_CLIENT_BLOCK_SIZE ? bytes : FS_CLIENT_BLOCK_SIZE;
        sum = crc(sum, reader.blocks[i], part);
        bytes -= part;
    }
    return sum;
}

/* The whole file once, with its checksum when `summed`. */
static void read_file(const char *path, uint32_t pass, bool summed)
{
    struct fs_command command = {.type = FS_OPEN, .flags = FS_OPEN_READ};
    struct fs_completion opened, closed;
    uint64_t total = 0, bytes = 0, start = pd_now_ns();
    uint32_t sum = 0;

    memcpy(reader.blocks[0], path, strlen(path));
    command.path.path = fs_client_buffer(reader.blocks[0], strlen(path));
    enum fs_status status = run(&command, &opened);
    if (status != FS_STATUS_OK) {
        log_line("fileio: pass %u: open: status %u", (unsigned)pass, (unsigned)status);
        return;
    }
    do {
        status = read_round(opened.open.fd, total, &bytes);
        if (status == FS_STATUS_OK) {
            sum = summed ? crc_of_round(sum, bytes) : 0;
            total += bytes;
        }
    } while (status == FS_STATUS_OK && bytes == AT_ONCE * FS_CLIENT_BLOCK_SIZE);
    uint64_t us = (pd_now_ns() - start) / 1000;
    command = (struct fs_command){.type = FS_CLOSE};
    command.file.fd = opened.open.fd;
    run(&command, &closed);
    if (status != FS_STATUS_OK) {
        log_line("fileio: pass %u: read: status %u", (unsigned)pass, (unsigned)status);
    } else if (summed) {
        log_line("fileio: pass %u: %llu bytes, crc %08x", (unsigned)pass, (unsigned long long)total, (unsigned)sum);
    } else {
        log_line("fileio: %llu bytes in %llu us", (unsigned long long)total, (unsigned long long)us);
    }
}

static void read_passes(void)
{
    struct fs_completion completion;

    make_table();
    run(&(struct fs_command){.type = FS_INITIALISE}, &completion);
    for (uint32_t i = 0; i < AT_ONCE; i++) {
        reader.blocks[i] = fs_client_block_get();
    }
    read_file(fileio_config.large_file, 0, false);
    for (uint32_t pass = 1; pass <= fileio_config.passes; pass++) {
        read_file(fileio_config.large_file, pass, true);
    }
    for (uint32_t i = 0; i < AT_ONCE; i++) {
        fs_client_block_put(reader.blocks[i]);
    }
}

static void work(void *argument)
{
    const struct fs_conformance environment = {
        .directory = fileio_config.directory, .folder = "conformance", .wait = wait, .line = line};

    if (fileio_config.conformance) {
        fs_conformance_run(&environment);
    }
    if (fileio_config.large_file[0]) {
        read_passes();
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
