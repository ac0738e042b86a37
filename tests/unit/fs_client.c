/* tests/unit/fs_client.c: blocks of the share that are smaller than the largest. */
#include "fs/client.h"

#include "lib/ring.h"
#include "tests/unit/fake_microkit.h"

#define BLOCK (FS_CLIENT_BLOCK_SIZE / 2)
#define BLOCKS 4

static _Alignas(64) uint8_t commands[RING_BYTES(FS_QUEUE_CAPACITY, 64)];
static _Alignas(64) uint8_t completions[RING_BYTES(FS_QUEUE_CAPACITY, 64)];
static _Alignas(64) uint8_t share[BLOCKS * BLOCK];

static const struct fs_client_config config = {
    .server = 1,
    .commands = {commands, FS_QUEUE_CAPACITY},
    .completions = {completions, FS_QUEUE_CAPACITY},
    .share = {share, sizeof(share), 0},
    .block = BLOCK,
};

/* Each is one of the share's, and nobody else's. */
static void take_all(void *blocks[BLOCKS])
{
    bool taken[BLOCKS] = {0};

    for (uint32_t i = 0; i < BLOCKS; i++) {
        blocks[i] = fs_client_block_get();
        CHECK(blocks[i]);
        uint64_t offset = (uint64_t)((uint8_t *)blocks[i] - share);
        CHECK(offset % BLOCK == 0 && offset < sizeof(share));
        CHECK(!taken[offset / BLOCK]);
        taken[offset / BLOCK] = true;
    }
    CHECK(!fs_client_block_get());
}

int main(void)
{
    void *blocks[BLOCKS];

    fs_client_init(&config);
    CHECK_EQUAL(fs_client_blocks(), BLOCKS);
    CHECK_EQUAL(fs_client_block_size(), BLOCK);
    for (uint32_t round = 0; round < 3; round++) {
        take_all(blocks);
        for (uint32_t i = 0; i < BLOCKS; i++) {
            fs_client_block_put(blocks[(i + round) % BLOCKS]);
        }
    }
    return 0;
}
