/* tests/unit/fs_clients.c: see the header. */
#include "tests/unit/fs_clients.h"

#include <string.h>

#include "lib/pd.h"

static _Alignas(64) uint8_t commands[FS_CLIENTS][RING_BYTES(FS_QUEUE_CAPACITY, 64)];
static _Alignas(64) uint8_t completions[FS_CLIENTS][RING_BYTES(FS_QUEUE_CAPACITY, 64)];
static _Alignas(64) uint8_t shares[FS_CLIENTS][FS_CLIENTS_SHARE_SIZE];
static struct fs_waiting waiting[FS_CLIENTS][FS_QUEUE_CAPACITY];
static uint64_t owed; /* channels of which the server is to be told */

#define CLIENT(i, most_writes)                                                                              \
    {                                                                                                       \
        .channel = i, .commands = {commands[i], FS_QUEUE_CAPACITY},                                         \
        .completions = {completions[i], FS_QUEUE_CAPACITY}, .share = {shares[i], FS_CLIENTS_SHARE_SIZE, 0}, \
        .waiting = {waiting[i], sizeof(waiting[i]), 0}, .jobs = FS_CLIENTS_JOBS, .files = FS_CLIENTS_FILES, \
        .writes = most_writes                                                                               \
    }

const struct fs_server_config fs_server_config = {
    .client_count = FS_CLIENTS,
    .clients = {CLIENT(0, FS_CLIENTS_WRITES), CLIENT(1, FS_CLIENTS_WRITES), CLIENT(2, FS_CLIENTS_WRITES), CLIENT(3, 0)},
};

struct fs_test_client fs_clients[FS_CLIENTS];

void fs_client_attach(uint32_t client)
{
    struct fs_test_client *of = &fs_clients[client];

    of->shared_commands = (void *)commands[client];
    of->shared_completions = (void *)completions[client];
    of->share = shares[client];
    fake_set_generation(++of->generation);
    ring_attach_consumer(&of->completions, &fs_server_config.clients[client].completions, sizeof(struct fs_completion));
    ring_attach_producer(&of->commands, &fs_server_config.clients[client].commands, sizeof(struct fs_command));
    fake_set_generation(1);
    if (of->generation > 1) {
        owed |= FAKE_BIT(client);
        fs_clients_tell();
    }
}

uint64_t fs_client_put(uint32_t client, const struct fs_command *command)
{
    struct fs_test_client *of = &fs_clients[client];
    struct fs_command numbered = *command;

    numbered.id = ++of->sequence << 8 | client;
    if (!ring_put(&of->commands, &numbered)) {
        return 0;
    }
    if (ring_wake_consumer(&of->commands)) {
        owed |= FAKE_BIT(client);
    }
    return numbered.id;
}

void fs_clients_tell(void)
{
    uint64_t bits = owed;

    owed = 0;
    if (bits) {
        fake_wake(bits);
    }
    pd_flush();
}

bool fs_client_take(uint32_t client, struct fs_completion *completion)
{
    struct ring *ring = &fs_clients[client].completions;

    do {
        if (ring_get(ring, completion)) {
            return true;
        }
    } while (!ring_arm_consumer(ring));
    return false;
}

struct fs_completion fs_client_run(uint32_t client, const struct fs_command *command)
{
    struct fs_completion completion;
    uint64_t id = fs_client_put(client, command);

    CHECK(id);
    fs_clients_tell();
    while (fs_client_take(client, &completion)) {
        if (completion.id == id) {
            return completion;
        }
    }
    FAIL("client %u: command %u has no reply", (unsigned)client, (unsigned)command->type);
}

struct fs_command fs_client_path(uint32_t client, enum fs_command_type type, const char *path, uint32_t flags)
{
    struct fs_command command = {.type = type, .flags = flags};

    memcpy(fs_clients[client].share, path, strlen(path));
    command.path.path = (struct fs_buffer){0, strlen(path)};
    command.path.other = (struct fs_buffer){FS_CLIENT_ATTRIBUTES, sizeof(struct fs_stat)};
    return command;
}

struct fs_command fs_client_file(enum fs_command_type type, uint64_t fd, uint64_t position, uint64_t size)
{
    struct fs_command command = {.type = type};

    command.file.fd = fd;
    command.file.position = position;
    command.file.data = (struct fs_buffer){FS_CLIENT_DATA, size};
    return command;
}
