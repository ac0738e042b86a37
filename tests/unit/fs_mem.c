/* tests/unit/fs_mem.c: the conformance program against the memory server, and what is in an image. */
#include <string.h>

#include "fs/conformance.h"
#include "fs/mem/config.h"
#include "fs/server.h"
#include "tests/unit/fs_pair.h"

static const uint8_t page[] = "<p>page</p>";
static const struct fs_mem_entry entries[] = {
    {"/site", NULL, 0, 5},
    {"/site/index.html", page, sizeof(page) - 1, 1700000000000000000ull},
    {"/site/empty", page, 0, 6},
};
const struct fs_mem_config fs_mem_config = {.entries = entries, .entry_count = 3, .writable = "/tmp"};

static void line(const char *text)
{
    puts(text);
}

static struct fs_completion run(struct fs_command command)
{
    struct fs_request request = {0};

    CHECK(fs_client_issue(&request, &command));
    fs_pair_pump();
    CHECK(request.done);
    return request.result;
}

static struct fs_buffer text(uint32_t offset, const char *bytes)
{
    memcpy(fs_pair_share + offset, bytes, strlen(bytes));
    return (struct fs_buffer){offset, strlen(bytes)};
}

static struct fs_completion on_path(enum fs_command_type type, const char *path, uint32_t flags)
{
    struct fs_command command = {.type = type, .flags = flags};

    command.path.path = text(0, path);
    command.path.other = (struct fs_buffer){4096, sizeof(struct fs_stat)};
    return run(command);
}

static void test_image_files(void)
{
    struct fs_stat stat;

    CHECK_EQUAL(run((struct fs_command){.type = FS_INITIALISE}).status, FS_STATUS_OK);
    struct fs_completion opened = on_path(FS_OPEN, "/site/index.html", FS_OPEN_READ);
    CHECK_EQUAL(opened.status, FS_STATUS_OK);
    CHECK_EQUAL(opened.open.size, sizeof(page) - 1);
    memcpy(&stat, fs_pair_share + 4096, sizeof(stat));
    CHECK_EQUAL(stat.mtime_ns, 1700000000000000000ull);
    CHECK_EQUAL(stat.mode, 0100444);
    struct fs_command read = {.type = FS_READ};
    read.file.fd = opened.open.fd;
    read.file.position = 3;
    read.file.data = (struct fs_buffer){8192, 100};
    CHECK_EQUAL(run(read).length, sizeof(page) - 4);
    CHECK(memcmp(fs_pair_share + 8192, page + 3, sizeof(page) - 4) == 0);

    CHECK_EQUAL(on_path(FS_OPEN, "/site/index.html", FS_OPEN_WRITE).status, FS_STATUS_READ_ONLY);
    CHECK_EQUAL(on_path(FS_OPEN, "/site/new", FS_OPEN_WRITE | FS_OPEN_CREATE).status, FS_STATUS_READ_ONLY);
    CHECK_EQUAL(on_path(FS_REMOVE, "/site/index.html", 0).status, FS_STATUS_READ_ONLY);
    CHECK_EQUAL(on_path(FS_MKDIR, "/site/d", 0).status, FS_STATUS_READ_ONLY);
    CHECK_EQUAL(on_path(FS_MKDIR, "/d", 0).status, FS_STATUS_READ_ONLY);
    CHECK_EQUAL(on_path(FS_RMDIR, "/tmp", 0).status, FS_STATUS_READ_ONLY);
    CHECK_EQUAL(on_path(FS_STAT, "/site/empty", 0).status, FS_STATUS_OK);
}

/* An open file outlives its name, as in POSIX. */
static void test_removed_while_open(void)
{
    struct fs_completion opened = on_path(FS_OPEN, "/tmp/gone", FS_OPEN_READ | FS_OPEN_WRITE | FS_OPEN_CREATE);
    struct fs_command command = {.type = FS_WRITE};

    CHECK_EQUAL(opened.status, FS_STATUS_OK);
    command.file.fd = opened.open.fd;
    command.file.data = text(8192, "still there");
    CHECK_EQUAL(run(command).length, 11);
    CHECK_EQUAL(on_path(FS_REMOVE, "/tmp/gone", 0).status, FS_STATUS_OK);
    CHECK_EQUAL(on_path(FS_STAT, "/tmp/gone", 0).status, FS_STATUS_NOT_FOUND);
    memset(fs_pair_share + 8192, 0, 16);
    command.type = FS_READ;
    CHECK_EQUAL(run(command).length, 11);
    CHECK(memcmp(fs_pair_share + 8192, "still there", 11) == 0);
    command.type = FS_CLOSE;
    CHECK_EQUAL(run(command).status, FS_STATUS_OK);
}

/* No space is a status, changes nothing, and passes when something is removed. */
static void test_full(void)
{
    struct fs_completion opened = on_path(FS_OPEN, "/tmp/full", FS_OPEN_READ | FS_OPEN_WRITE | FS_OPEN_CREATE);
    struct fs_command command = {.type = FS_WRITE};
    struct fs_completion written = {0};

    command.file.fd = opened.open.fd;
    command.file.data = (struct fs_buffer){8192, 100000};
    for (uint32_t i = 0; i < 1000 && written.status == FS_STATUS_OK; i++) {
        written = run(command);
        command.file.position += 100000;
    }
    CHECK(written.status == FS_STATUS_NO_SPACE || written.status == FS_STATUS_TOO_LARGE);
    command.type = FS_FILE_SIZE;
    CHECK_EQUAL(run(command).size, command.file.position - 100000);
    command.type = FS_CLOSE;
    CHECK_EQUAL(run(command).status, FS_STATUS_OK);
    CHECK_EQUAL(on_path(FS_REMOVE, "/tmp/full", 0).status, FS_STATUS_OK);
    opened = on_path(FS_OPEN, "/tmp/full", FS_OPEN_WRITE | FS_OPEN_CREATE);
    command = (struct fs_command){.type = FS_WRITE};
    command.file.fd = opened.open.fd;
    command.file.data = (struct fs_buffer){8192, 100000};
    for (uint32_t i = 0; i < 80; i++) {
        CHECK_EQUAL(run(command).status, FS_STATUS_OK);
        command.file.position += 100000;
    }
    command.type = FS_CLOSE;
    CHECK_EQUAL(run(command).status, FS_STATUS_OK);
    CHECK_EQUAL(on_path(FS_REMOVE, "/tmp/full", 0).status, FS_STATUS_OK);
}

int main(void)
{
    const struct fs_conformance environment = {
        .directory = "/tmp", .folder = "conformance", .wait = fs_pair_pump, .line = line};

    init();
    fs_client_init(&fs_client_config);
    struct fs_conformance_result result = fs_conformance_run(&environment);
    CHECK_EQUAL(result.failed, 0);
    CHECK(result.passed > 1000);
    test_image_files();
    test_removed_while_open();
    test_full();
    struct fs_server_counts counts = fs_server_counts(0);
    CHECK_EQUAL(counts.lost, 0);
    CHECK_EQUAL(counts.jobs, 0);
    CHECK_EQUAL(counts.open_files, 1); /* test_image_files leaves one */
    return 0;
}
