/* tests/fuzz/net_virt_tx.c: two clients and a driver that put anything into their rings, and lie about their indices.
 *
 * Checked: what leaves is inside the regions of one client, with that client's address as its source, in whole chains.
 *
 * Input: steps: a byte that says what, then a descriptor, or a word and its value.
 */
#include "tests/fuzz/fuzz.h"

#define SLOTS 4
#define CLIENT_RING 64
#include "tests/unit/net_virt_tx_rig.h"

static struct {
    struct net_dma_desc chain[NET_CHAIN_MAX];
    uint32_t count;
} self;

void fuzz_begin(void)
{
    attach_ends();
    init();
}

static bool inside(const struct net_dma_desc *piece, int client, int region)
{
    uint64_t start = BUS(client, region), size = region ? SECOND : sizeof(slots[0]);

    return piece->bus.value >= start && piece->bus.value < start + size && piece->length > 0 &&
           piece->length <= start + size - piece->bus.value;
}

static void check_chain(void)
{
    int client = inside(&self.chain[0], 1, 0);
    uint32_t total = 0;

    DEMAND(inside(&self.chain[0], client, 0) && self.chain[0].length >= NET_FRAME_MIN);
    const uint8_t *frame = slots[client] + (self.chain[0].bus.value - BUS(client, 0));
    DEMAND(memcmp(frame + 6, net_virt_tx_config.clients[client].mac, 6) == 0);
    for (uint32_t i = 0; i < self.count; i++) {
        DEMAND(inside(&self.chain[i], client, 0) || inside(&self.chain[i], client, 1));
        DEMAND(self.chain[i].cookie == self.chain[0].cookie && self.chain[i].cookie < 256);
        total += self.chain[i].length;
    }
    DEMAND(total <= (self.chain[0].flags & NET_TSO ? NET_TSO_MAX : NET_FRAME_MAX));
}

static void driver(bool sends)
{
    struct net_dma_desc piece;

    while (ring_get(&driver_filled, &piece)) {
        DEMAND(self.count < NET_CHAIN_MAX);
        self.chain[self.count++] = piece;
        if (!(piece.flags & NET_MORE)) {
            check_chain();
            self.count = 0;
            if (sends) {
                ring_put(&driver_free, &piece);
            }
        }
    }
    DEMAND(self.count == 0); /* chains are put whole */
}

/* Half of the descriptors are nearly right. */
static struct net_desc descriptor(struct fuzz_input *in)
{
    struct net_desc desc;

    if (fuzz_byte(in) & 1) {
        fuzz_fill(in, &desc, sizeof(desc));
        return desc;
    }
    uint8_t how = fuzz_byte(in);
    return (struct net_desc){.region = how & 1,
                             .offset = (how >> 1) % SLOTS * NET_BUFFER_SIZE,
                             .length = (uint16_t)(how & 0x80 ? fuzz_16(in) : 60),
                             .flags = fuzz_byte(in),
                             .segment = fuzz_16(in),
                             .cookie = fuzz_byte(in)};
}

static void step(struct fuzz_input *in)
{
    uint8_t what = fuzz_byte(in);
    int client = what & 1;
    struct net_dma_desc done = {0};
    struct net_desc desc;
    uint32_t *words;

    switch (what >> 1 & 7) {
    default:
        desc = descriptor(in);
        ring_put(&filled[client], &desc);
        break;
    case 4:
        (void)ring_wake_consumer(&filled[client]);
        fake_wake(FAKE_BIT(CLIENT(client)));
        break;
    case 5:
        driver(what & 0x10);
        fake_wake(FAKE_BIT(DRIVER));
        break;
    case 6: /* a frame that may never have left */
        done.cookie = what & 0x10 ? fuzz_32(in) : fuzz_byte(in);
        ring_put(&driver_free, &done);
        fake_wake(FAKE_BIT(DRIVER));
        break;
    case 7: /* words that the two share */
        words = (uint32_t *)rings[what >> 4 & 3] + (what & 0x40 ? RING_LINE / 4 : 0);
        words[fuzz_byte(in) & 1] = fuzz_32(in);
        fake_wake(FAKE_BIT(CLIENT(what >> 5 & 1)));
        break;
    }
}

void fuzz_run(struct fuzz_input *in)
{
    while (in->left > 0) {
        step(in);
    }
    fake_wake(FAKE_BIT(CLIENT(0)) | FAKE_BIT(CLIENT(1)) | FAKE_BIT(DRIVER));
    driver(true);
    DEMAND(fake_lost_deferred() == 0);
}
