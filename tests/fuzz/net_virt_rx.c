/* tests/fuzz/net_virt_rx.c: a driver and two clients that put anything into their rings, and lie about their indices.
 *
 * Checked: every buffer of the driver comes back; what a client is told of lies in its own region; nothing else is
 * written.
 *
 * Input: steps: a byte that says what, then a descriptor, a frame's beginning, or a word and its value.
 */
#include "net/config.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/fake_microkit.h"

#define DRIVER 1
#define CLIENT(i) (2 + (i))
#define BUFFERS 8
#define BUS 0x60000000ul

static uint8_t dma[BUFFERS * NET_BUFFER_SIZE];
static uint8_t buffers[2][4 * NET_BUFFER_SIZE];
static _Alignas(64) uint8_t rings[7][RING_BYTES(16, 16)];

#define RING(i)                            \
    {                                      \
        .shared = rings[i], .capacity = 16 \
    }

const struct net_virt_rx_config net_virt_rx_config = {
    .driver = DRIVER,
    .coherent = true,
    .dma = {.base = dma, .size = sizeof dma, .bus = BUS},
    .buffer_count = BUFFERS,
    .driver_free = RING(0),
    .driver_filled = RING(1),
    .client_count = 2,
    .clients = {{.mac = {0x52, 0, 0, 0, 0, 1},
                 .channel = CLIENT(0),
                 .buffers = {.base = buffers[0], .size = sizeof buffers[0]},
                 .free = RING(2),
                 .small = RING(6),
                 .filled = RING(3)},
                {.mac = {0x52, 0, 0, 0, 0, 2},
                 .channel = CLIENT(1),
                 .buffers = {.base = buffers[1], .size = sizeof buffers[1]},
                 .free = RING(4),
                 .filled = RING(5)}},
};

void cache_invalidate(const void *start, size_t length)
{
    DEMAND(!"coherent");
}

static struct {
    struct ring driver_free, driver_filled, free[2], filled[2], small;
    bool lied;
} self;

void fuzz_begin(void)
{
    ring_attach_consumer(&self.driver_free, &net_virt_rx_config.driver_free, 16);
    ring_attach_producer(&self.driver_filled, &net_virt_rx_config.driver_filled, 16);
    for (int i = 0; i < 2; i++) {
        ring_attach_producer(&self.free[i], &net_virt_rx_config.clients[i].free, 16);
        ring_attach_consumer(&self.filled[i], &net_virt_rx_config.clients[i].filled, 16);
    }
    ring_attach_producer(&self.small, &net_virt_rx_config.clients[0].small, 16);
    init();
}

static void arrive(struct fuzz_input *in, bool wild)
{
    struct net_dma_desc desc;

    if (!ring_get(&self.driver_free, &desc)) {
        return;
    }
    DEMAND(self.lied || (desc.bus.value >= BUS && desc.bus.value - BUS <= sizeof(dma) - NET_BUFFER_SIZE));
    if (wild) {
        fuzz_fill(in, &desc, sizeof(desc));
    } else if (!self.lied) {
        fuzz_fill(in, dma + (desc.bus.value - BUS), 6);
        desc.length = fuzz_16(in);
        desc.flags = fuzz_byte(in);
        wild = desc.length < NET_FRAME_MIN || desc.length > NET_BUFFER_SIZE;
    }
    self.lied |= wild; /* that buffer is lost */
    ring_put(&self.driver_filled, &desc);
}

static void give(struct fuzz_input *in, int client, bool small)
{
    struct net_desc desc = {.offset = fuzz_byte(in) % 4u * NET_BUFFER_SIZE, .length = NET_BUFFER_SIZE};

    if (fuzz_byte(in) & 1) {
        fuzz_fill(in, &desc, sizeof(desc));
    }
    ring_put(small ? &self.small : &self.free[client], &desc);
}

static void take(int client)
{
    struct net_desc desc;

    while (ring_get(&self.filled[client], &desc)) {
        DEMAND(self.lied || (desc.offset < sizeof(buffers[0]) && desc.length <= sizeof(buffers[0]) - desc.offset));
    }
}

static void step(struct fuzz_input *in)
{
    uint8_t what = fuzz_byte(in);
    int client = what & 1;
    uint32_t *words;

    switch (what >> 1 & 7) {
    case 0: arrive(in, what & 0x80); break;
    case 1:
    case 2: give(in, client, what & 0x10); break;
    case 3: take(client); break;
    case 4: /* words that the two share */
        self.lied = true;
        words = (uint32_t *)rings[fuzz_byte(in) % 7] + (what & 0x40 ? RING_LINE / 4 : 0);
        words[what >> 5 & 1] = fuzz_32(in);
        break;
    default: fake_wake(FAKE_BIT(DRIVER) | (what & 0x10 ? FAKE_BIT(CLIENT(client)) : 0)); break;
    }
}

void fuzz_run(struct fuzz_input *in)
{
    while (in->left > 0) {
        step(in);
    }
    fake_wake(FAKE_BIT(DRIVER));
    DEMAND(self.lied || ring_count(&self.driver_free) == BUFFERS);
    take(0);
    take(1);
    DEMAND(fake_lost_deferred() == 0);
}
