/* net_virt_rx_cache.c: net/virt_rx.c on a board whose devices do not see the cache: the client gets what the device
 * wrote, each time that a buffer is used again. */
#include "device_view.h"
#include "net/config.h"

#define DRIVER 1
#define CLIENT 2
#define BUFFERS 4
#define BUS 0x60000000ul
#define ROUNDS 50

static _Alignas(4096) uint8_t cpu[BUFFERS * NET_BUFFER_SIZE], device[sizeof(cpu)], clean[sizeof(cpu)];
static uint8_t buffers[8 * NET_BUFFER_SIZE];
static _Alignas(64) uint8_t rings[4][RING_BYTES(16, 16)];
static struct device_view view = {cpu, device, clean, sizeof(cpu)};

#define RING(i)                            \
    {                                      \
        .shared = rings[i], .capacity = 16 \
    }

const struct net_virt_rx_config net_virt_rx_config = {
    .driver = DRIVER,
    .coherent = false,
    .dma = {.base = cpu, .size = sizeof(cpu), .bus = BUS},
    .buffer_count = BUFFERS,
    .driver_free = RING(0),
    .driver_filled = RING(1),
    .client_count = 1,
    .clients = {{.mac = {0x52, 0, 0, 0, 0, 1},
                 .channel = CLIENT,
                 .buffers = {.base = buffers, .size = sizeof(buffers)},
                 .free = RING(2),
                 .filled = RING(3)}},
};

void cache_clean(const void *start, size_t length)
{
    CHECK(!"nothing here is for a device to read");
}

void cache_invalidate(const void *start, size_t length)
{
    view_invalidate(&view, start, length);
}

int main(void)
{
    struct ring driver_free, driver_filled, client_free, client_filled;
    fake_reset();
    ring_attach_consumer(&driver_free, &net_virt_rx_config.driver_free, 16);
    ring_attach_producer(&driver_filled, &net_virt_rx_config.driver_filled, 16);
    ring_attach_producer(&client_free, &net_virt_rx_config.clients[0].free, 16);
    ring_attach_consumer(&client_filled, &net_virt_rx_config.clients[0].filled, 16);
    init();
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct net_desc buffer = {.offset = NET_BUFFER_SIZE * (round % 8), .length = NET_BUFFER_SIZE}, got;
        struct net_dma_desc frame;
        uint8_t expected[NET_FRAME_MAX] = {0x52, 0, 0, 0, 0, 1};
        uint16_t length = (uint16_t)(60 + round * 29);
        memset(expected + 6, (int)round + 1, sizeof(expected) - 6);
        CHECK(ring_put(&client_free, &buffer) && ring_get(&driver_free, &frame));
        memcpy(device + (frame.bus.value - BUS), expected, length);
        frame.length = length;
        CHECK(ring_put(&driver_filled, &frame));
        fake_wake(FAKE_BIT(DRIVER));
        CHECK(ring_get(&client_filled, &got) && got.length == length);
        CHECK(memcmp(buffers + got.offset, expected, length) == 0);
    }
    return 0;
}
