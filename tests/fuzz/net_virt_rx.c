/* tests/fuzz/net_virt_rx.c: a driver and two clients that put anything into their rings, and lie about their indices.
 *
 * Checked: every buffer of the driver comes back; what a client is told of lies in its own region; nothing else is
 * written.
 *
 * Input: steps: a byte that says what, then a descriptor, a frame's beginning, or a word and its value.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/net_virt_rx_rig.h"

static struct {
    bool lied;
} self;

void fuzz_begin(void)
{
    attach_ends();
    init();
}

static void arrive(struct fuzz_input *in, bool wild)
{
    struct net_dma_desc desc;

    if (!ring_get(&driver_free, &desc)) {
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
    ring_put(&driver_filled, &desc);
}

static void give(struct fuzz_input *in, int client, bool small)
{
    struct net_desc desc = {.offset = fuzz_byte(in) % 4u * NET_BUFFER_SIZE, .length = NET_BUFFER_SIZE};

    if (fuzz_byte(in) & 1) {
        fuzz_fill(in, &desc, sizeof(desc));
    }
    ring_put(small ? &client_small : &client_free[client], &desc);
}

static void take(int client)
{
    struct net_desc desc;

    while (ring_get(&client_filled[client], &desc)) {
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
    DEMAND(self.lied || ring_count(&driver_free) == BUFFERS);
    take(0);
    take(1);
    DEMAND(fake_lost_deferred() == 0);
}
