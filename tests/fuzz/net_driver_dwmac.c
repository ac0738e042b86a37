/* tests/fuzz/net_driver_dwmac.c: a GMAC and its PHY whose registers and descriptors say anything.
 *
 * Checked: what the driver hands on are buffers that it was given, once each, with lengths that fit; and it comes to an
 * end.
 *
 * Input: steps: words of the descriptors, buffers and frames from the virtualisers, interrupts, time. What a register
 * reads comes from the input, too.
 */
#include "lib/mmio.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/fake_microkit.h"
#include "tests/unit/net_driver_dwmac_rig.h"

#define FRAMES_BUS 0x31000000ul
#define BUFFERS 64
#define READS_MAX 200000 /* in one run */

static struct {
    struct ring rx_free, rx_filled, tx_filled, tx_free;
    struct fuzz_input *in;
    bool out[BUFFERS];
    uint32_t frames, reads;
    uint64_t now;
    uint32_t rx_base, tx_base, last[64];
} self;

/* Time goes on while registers are read, or what waits for one would wait for ever. */
uint32_t mmio_read(volatile void *at, uint32_t offset)
{
    DEMAND(self.reads++ < READS_MAX);
    fake_set_now_ns(self.now += 1000);
    if (at != &registers) {
        return *(volatile uint32_t *)at;
    }
    uint32_t *last = &self.last[offset / 4 % 64];
    uint8_t how = fuzz_byte(self.in);
    if (how & 0x80) {
        *last = fuzz_32(self.in);
    } else if (how & 0x40) {
        *last = how & 0x3f;
    } else {
        *last &= ~GMAC_GMII_BUSY; /* GMAC_BUS_RESET is the same bit: done */
    }
    return *last;
}

void mmio_write(volatile void *at, uint32_t offset, uint32_t value)
{
    if (at != &registers) {
        *(volatile uint32_t *)at = value;
    } else if (offset == GMAC_RX_BASE) {
        self.rx_base = value;
    } else if (offset == GMAC_TX_BASE) {
        self.tx_base = value;
    }
}

void mmio_fence(void) {}

void fuzz_begin(void)
{
    ring_attach_producer(&self.rx_free, &net_driver_config.rx_free, 16);
    ring_attach_consumer(&self.rx_filled, &net_driver_config.rx_filled, 16);
    ring_attach_producer(&self.tx_filled, &net_driver_config.tx_filled, 16);
    ring_attach_consumer(&self.tx_free, &net_driver_config.tx_free, 16);
    self.now = 1;
}

static void give_buffer(uint32_t i)
{
    struct net_dma_desc buffer = {.bus = {FRAMES_BUS + i * NET_BUFFER_SIZE}, .length = NET_BUFFER_SIZE, .cookie = i};

    if (!self.out[i]) {
        self.out[i] = true;
        DEMAND(ring_put(&self.rx_free, &buffer));
    }
}

static void take(void)
{
    struct net_dma_desc frame;

    while (ring_get(&self.rx_filled, &frame)) {
        DEMAND(frame.cookie < BUFFERS && self.out[frame.cookie]);
        DEMAND(frame.bus.value == FRAMES_BUS + frame.cookie * NET_BUFFER_SIZE);
        DEMAND(frame.length >= NET_FRAME_MIN && frame.length <= NET_BUFFER_SIZE);
        self.out[frame.cookie] = false;
    }
    while (ring_get(&self.tx_free, &frame)) {
        DEMAND(self.frames > 0);
        self.frames--;
    }
}

static void put_frame(uint8_t count, uint8_t flags)
{
    for (uint8_t i = 0; i < count && self.frames < 250; i++) {
        struct net_dma_desc piece = {.bus = {FRAMES_BUS + i},
                                     .length = 60,
                                     .cookie = 1,
                                     .flags = (uint8_t)((flags & ~NET_MORE) | (i + 1 < count ? NET_MORE : 0)),
                                     .segment = 1000};
        ring_put(&self.tx_filled, &piece);
    }
    self.frames += count > 0 && self.frames < 250;
}

/* A word of a descriptor: of those that the device is likely to write, or of any. */
static void write_word(struct fuzz_input *in, uint8_t what)
{
    uint32_t base = what & 0x10 ? self.rx_base : self.tx_base;
    uint32_t index = (uint32_t)(base - BUS) / 4 + fuzz_byte(in) * 4u;

    if (what & 0x20) {
        memory[fuzz_16(in) % WORDS] = fuzz_32(in);
    } else if (base >= BUS && index < WORDS) {
        memory[index] = (uint32_t)fuzz_16(in) << 16 | fuzz_16(in);
    }
}

static void step(struct fuzz_input *in)
{
    static const uint8_t channels[] = {IRQ, IRQ, RX_VIRT, TX_VIRT, TIMER, PHY_IRQ, IRQ, IRQ};
    uint8_t what = fuzz_byte(in);

    switch (what & 7) {
    case 0: give_buffer(fuzz_byte(in) % BUFFERS); break;
    case 1: put_frame(1u + (what >> 4) % NET_CHAIN_MAX, fuzz_byte(in)); break;
    case 2:
    case 3: write_word(in, what); break;
    case 4: take(); break;
    case 5: fake_set_now_ns(self.now += fuzz_byte(in) * 100000000ull); break;
    default: fake_wake(FAKE_BIT(channels[what >> 5])); break;
    }
}

void fuzz_run(struct fuzz_input *in)
{
    self.in = in;
    if (fake_dies(init)) { /* a device that it cannot work with */
        return;
    }
    while (in->left > 0) {
        step(in);
    }
    fake_wake(FAKE_BIT(IRQ));
    take();
    DEMAND(fake_lost_deferred() == 0);
}
