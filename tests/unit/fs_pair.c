/* tests/unit/fs_pair.c: see the header. */
#include "tests/unit/fs_pair.h"

#include "fs/server.h"

static _Alignas(64) uint8_t commands[RING_BYTES(FS_QUEUE_CAPACITY, 64)];
static _Alignas(64) uint8_t completions[RING_BYTES(FS_QUEUE_CAPACITY, 64)];
static _Alignas(64) uint8_t share[FS_PAIR_SHARE_SIZE];
static struct fs_waiting waiting[FS_QUEUE_CAPACITY];

struct ring_shared *const fs_pair_commands = (void *)commands;
struct ring_shared *const fs_pair_completions = (void *)completions;
uint8_t *const fs_pair_share = share;

const struct fs_client_config fs_client_config = {
    .server = FS_PAIR_CLIENT,
    .number = 3,
    .commands = {commands, FS_QUEUE_CAPACITY},
    .completions = {completions, FS_QUEUE_CAPACITY},
    .share = {share, sizeof(share), 0},
    .block = FS_CLIENT_BLOCK_SIZE,
};
const struct fs_server_config fs_server_config = {
    .client_count = 1,
    .clients = {{
        .channel = FS_PAIR_SERVER,
        .commands = {commands, FS_QUEUE_CAPACITY},
        .completions = {completions, FS_QUEUE_CAPACITY},
        .share = {share, sizeof(share), 0},
        .waiting = {waiting, sizeof(waiting), 0},
        .jobs = FS_JOBS_MAX,
        .files = FS_FILES_MAX,
        .writes = FS_JOBS_MAX,
    }},
};

void fs_pair_pump(void)
{
    pd_flush();
    for (;;) {
        unsigned to_server = fake_notified(FS_PAIR_CLIENT), to_client = fake_notified(FS_PAIR_SERVER);
        if (!to_server && !to_client) {
            return;
        }
        fake_wake((to_server ? FAKE_BIT(FS_PAIR_SERVER) : 0) | (to_client ? FAKE_BIT(FS_PAIR_CLIENT) : 0));
    }
}

static void restart(uint32_t *one, uint32_t *other, microkit_channel peer)
{
    ++*one, ++*other;
    fake_wake(FAKE_BIT(peer));
    --*one, --*other;
    fake_wake(FAKE_BIT(peer));
}

void fs_pair_restart_client(void)
{
    restart(&fs_pair_commands->producer_generation, &fs_pair_completions->consumer_generation, FS_PAIR_SERVER);
}

void fs_pair_restart_server(void)
{
    restart(&fs_pair_commands->consumer_generation, &fs_pair_completions->producer_generation, FS_PAIR_CLIENT);
}
