/* net_virt_tx_cache.c: net/virt_tx.c on a board whose devices do not see the cache: what the device reads of each
 * piece, wherever it begins and ends, is what the client wrote. */
#include "device_view.h"
#include "net/config.h"

#define DRIVER 1
#define CLIENT 2
#define BUS 0x60000000ul
#define SHARE_BUS 0x61000000ul
#define SIZE 0x8000
#define ROUNDS 2000

static _Alignas(4096) uint8_t cpu[2][SIZE], device[2][SIZE], clean[2][SIZE];
static _Alignas(64) uint8_t driver_rings[2][RING_BYTES(4096, 16)], rings[2][RING_BYTES(1024, 16)];
static struct device_view views[2] = {{cpu[0], device[0], clean[0], SIZE}, {cpu[1], device[1], clean[1], SIZE}};

static const struct net_device plain;

const struct net_virt_tx_config net_virt_tx_config = {
    .driver = DRIVER,
    .coherent = false,
    .device = &plain,
    .driver_filled = {.shared = driver_rings[0], .capacity = 4096},
    .driver_free = {.shared = driver_rings[1], .capacity = 256},
    .client_count = 1,
    .clients = {{.mac = {0x52, 0, 0, 0, 0, 1},
                 .channel = CLIENT,
                 .region_count = 2,
                 .regions = {{.base = cpu[0], .size = SIZE, .bus = BUS},
                             {.base = cpu[1], .size = SIZE, .bus = SHARE_BUS}},
                 .filled = {.shared = rings[0], .capacity = 1024},
                 .free = {.shared = rings[1], .capacity = 1024}}},
};

void cache_clean(const void *start, size_t length)
{
    view_clean((const uint8_t *)start < cpu[1] ? &views[0] : &views[1], start, length);
}

void cache_invalidate(const void *start, size_t length)
{
    CHECK(!"nothing here is for us to read");
}

/* The device reads it when the driver has it, no earlier. */
static void check_piece(struct ring *filled, uint64_t bus, int region, uint32_t offset, uint16_t length)
{
    struct net_dma_desc dma;
    CHECK(ring_get(filled, &dma) && dma.bus.value == bus + offset && dma.length == length);
    CHECK(memcmp(device[region] + offset, cpu[region] + offset, length) == 0);
    CHECK(ring_count(filled) || !(dma.flags & NET_MORE));
}

int main(void)
{
    struct ring driver_filled, driver_free, filled, returned;
    uint32_t random = 1;
    fake_reset();
    ring_attach_consumer(&driver_filled, &net_virt_tx_config.driver_filled, 16);
    ring_attach_producer(&driver_free, &net_virt_tx_config.driver_free, 16);
    ring_attach_producer(&filled, &net_virt_tx_config.clients[0].filled, 16);
    ring_attach_consumer(&returned, &net_virt_tx_config.clients[0].free, 16);
    init();
    for (uint32_t round = 0; round < ROUNDS; round++) {
        random = random * 1664525 + 1013904223;
        uint32_t slot = round % 16 * NET_BUFFER_SIZE, offset = random >> 8 & 0x3fff;
        uint16_t length = (uint16_t)(1 + (random >> 22) % 1000);
        struct net_desc header = {.offset = slot, .length = 54, .flags = NET_MORE};
        struct net_desc payload = {.offset = offset, .length = length, .region = 1};
        struct net_dma_desc done = {0};
        memset(cpu[0] + slot, (int)round + 1, 54);
        memcpy(cpu[0] + slot + 6, net_virt_tx_config.clients[0].mac, 6);
        memset(cpu[1] + offset, (int)(random >> 3), length);
        CHECK(ring_put(&filled, &header) && ring_put(&filled, &payload) && ring_wake_consumer(&filled));
        fake_wake(FAKE_BIT(CLIENT));
        check_piece(&driver_filled, BUS, 0, slot, 54);
        check_piece(&driver_filled, SHARE_BUS, 1, offset, length);
        done.cookie = 0;
        CHECK(ring_put(&driver_free, &done));
        fake_wake(FAKE_BIT(DRIVER));
    }
    return 0;
}
