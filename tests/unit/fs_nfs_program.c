/* tests/unit/fs_nfs_program.c: see the header. */
#include "tests/unit/fs_nfs_program.h"

#include <string.h>

#include "fs/nfs/config.h"
#include "lib/heap.h"
#include "net/ip/ip.h"
#include "serial/config.h"
#include "timer/client.h"

#define TIMER 5
#define NEVER UINT64_MAX

static struct timer_page timer_page = {NEVER};
const struct timer_client_config timer_client_config = {.page = &timer_page, .channel = TIMER};
const struct serial_client_config serial_client_config;
const struct ip_config ip_config;
const struct net_client_config net_client_config;
const struct nfs_config nfs_config = {.server = "10.0.0.1", .directory = "/srv", .nfs_port = 2049, .mount_port = 20048};

size_t heap_used(void)
{
    return 1;
}

void ip_counters(struct ip_counters *counters)
{
    *counters = (struct ip_counters){.frames_in = 2, .frames_out = 3};
}

/* Time goes from one deadline to the next. */
void pass_time(void)
{
    uint64_t deadline = timer_page.deadline, now = deadline > pd_now_ns() ? deadline : pd_now_ns();

    CHECK(deadline != NEVER);
    timer_page.deadline = NEVER;
    fake_set_now_ns(now);
    fake_wake(FAKE_BIT(TIMER));
    fs_pair_pump();
}

void pass_until(uint64_t ns)
{
    while (timer_page.deadline <= ns) {
        pass_time();
    }
    fake_set_now_ns(ns);
    fs_pair_pump();
}

void pass_time_if_idle(void)
{
    uint32_t jobs = fs_server_counts(0).jobs;

    fs_pair_pump();
    if (jobs && fs_server_counts(0).jobs == jobs) {
        pass_time();
    }
}

bool time_stands(void)
{
    return timer_page.deadline == NEVER;
}

struct fs_completion last;

void issue(struct fs_request *request, const struct fs_command *command)
{
    *request = (struct fs_request){0};
    CHECK(fs_client_issue(request, command));
    fs_pair_pump();
}

enum fs_status await(struct fs_request *request)
{
    fs_pair_pump();
    for (uint32_t i = 0; !request->done; i++) {
        CHECK(i < 2000);
        pass_time();
    }
    last = request->result;
    return last.status;
}

enum fs_status run(const struct fs_command *command)
{
    struct fs_request request;

    issue(&request, command);
    return await(&request);
}

/* The share: two paths, attributes, data. */
enum { PATH = 0, OTHER = 2048, ATTRIBUTES = 4096, DATA = 8192 };

static struct fs_buffer text(uint32_t offset, const char *bytes)
{
    memcpy(fs_pair_share + offset, bytes, strlen(bytes));
    return (struct fs_buffer){offset, strlen(bytes)};
}

struct fs_command path_command(enum fs_command_type type, const char *path)
{
    struct fs_command command = {.type = type};

    command.path.path = text(PATH, path);
    command.path.other = (struct fs_buffer){ATTRIBUTES, sizeof(struct fs_stat)};
    return command;
}

enum fs_status on_path(enum fs_command_type type, const char *path)
{
    struct fs_command command = path_command(type, path);

    return run(&command);
}

struct fs_command open_command(const char *path, uint32_t flags)
{
    struct fs_command command = path_command(FS_OPEN, path);

    command.flags = flags;
    return command;
}

enum fs_status open_path(const char *path, uint32_t flags)
{
    struct fs_command command = open_command(path, flags);

    return run(&command);
}

uint64_t opened(const char *path, uint32_t flags)
{
    CHECK_EQUAL(open_path(path, flags), FS_STATUS_OK);
    return last.open.fd;
}

void close_file(uint64_t fd)
{
    CHECK_EQUAL(on_file(FS_CLOSE, fd, 0, 0), FS_STATUS_OK);
}

uint8_t *data(void)
{
    return fs_pair_share + DATA;
}

struct fs_command rename_command(const char *from, const char *to)
{
    struct fs_command command = path_command(FS_RENAME, from);

    command.path.other = text(OTHER, to);
    return command;
}

enum fs_status rename_path(const char *from, const char *to)
{
    struct fs_command command = rename_command(from, to);

    return run(&command);
}

struct fs_command file_command(enum fs_command_type type, uint64_t fd, uint64_t position, uint64_t size)
{
    struct fs_command command = {.type = type};

    command.file.fd = fd;
    command.file.position = position;
    command.file.data = (struct fs_buffer){DATA, size};
    return command;
}

enum fs_status on_file(enum fs_command_type type, uint64_t fd, uint64_t position, uint64_t size)
{
    struct fs_command command = file_command(type, fd, position, size);

    return run(&command);
}

struct fs_stat stat_result(void)
{
    struct fs_stat stat;

    memcpy(&stat, fs_pair_share + ATTRIBUTES, sizeof(stat));
    return stat;
}

bool reads(uint64_t fd, const char *content)
{
    memset(fs_pair_share + DATA, 0xee, strlen(content) + 10);
    return on_file(FS_READ, fd, 0, strlen(content) + 10) == FS_STATUS_OK && last.length == strlen(content) &&
           memcmp(fs_pair_share + DATA, content, strlen(content)) == 0;
}

enum fs_status write_text(uint64_t fd, const char *content)
{
    struct fs_command command = file_command(FS_WRITE, fd, 0, strlen(content));

    text(DATA, content);
    return run(&command);
}

void mount(void)
{
    fake_nfs.hangs = false;
    CHECK_EQUAL(run(&(struct fs_command){.type = FS_INITIALISE}), FS_STATUS_OK);
}

const char *names(void)
{
    static char all[8192];
    size_t end = 0;

    all[0] = '\0';
    for (uint64_t at = 0; at < last.length;) {
        struct fs_dirent entry;
        memcpy(&entry, data() + at, sizeof(entry));
        end += (size_t)snprintf(all + end, sizeof(all) - end, "%s%.*s", end ? " " : "", entry.name_length,
                                (const char *)data() + at + offsetof(struct fs_dirent, name));
        CHECK(end < sizeof(all) && entry.record_length > 0);
        at += entry.record_length;
    }
    return all;
}

void begin(void)
{
    fake_nfs_reset();
    fake_nfs.hangs = true;
    init();
    fs_client_init(&fs_client_config);
    pd_flush();
}

static const struct fs_nfs_case *cases;

static const char *name_of(uint64_t n)
{
    return cases[n].name;
}

static void run_case(uint64_t n)
{
    begin();
    cases[n].run();
}

int run_cases(int argc, char **argv, const struct fs_nfs_case *all, uint32_t count)
{
    cases = all;
    return in_turn(argc, argv, 0, count - 1, name_of, run_case);
}
