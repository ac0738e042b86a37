/* tests/fuzz/net_driver_virtio.c: a virtio device whose registers and used rings say anything.
 *
 * Checked: what the driver hands on are buffers that it was given, once each, with lengths that fit; what it gives the
 * device lies where it may; and it comes to an end.
 *
 * Input: what the device offers (features, sizes of its queues), then steps: registers, elements of the used rings,
 * their indices, buffers and frames from the virtualisers, interrupts.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/net_driver_virtio_rig.h"

#define FRAMES_BUS 0x70000000ul
#define BUFFERS 64

static struct {
    uint32_t interrupt, status, queue, queue_max, features[2], half;
    uint64_t addresses[2][3];
    bool out[BUFFERS]; /* given to the driver */
    uint32_t frames;
    bool dead; /* of a device that has failed */
} self;

uint32_t mmio_read(volatile void *registers, uint32_t offset)
{
    switch (offset) {
    case VIRTIO_MAGIC: return VIRTIO_MAGIC_VALUE;
    case VIRTIO_VERSION: return 2;
    case VIRTIO_DEVICE_ID: return VIRTIO_ID_NET;
    case VIRTIO_DEVICE_FEATURES: return self.features[self.half & 1];
    case VIRTIO_QUEUE_NUM_MAX: return self.queue_max;
    case VIRTIO_INTERRUPT_STATUS: return self.interrupt;
    case VIRTIO_STATUS: return self.status;
    default: return 0;
    }
}

void mmio_write(volatile void *registers, uint32_t offset, uint32_t value)
{
    if (offset == VIRTIO_DEVICE_FEATURES_SEL) {
        self.half = value;
    } else if (offset == VIRTIO_STATUS) {
        self.status = value;
    } else if (offset == VIRTIO_QUEUE_SEL) {
        self.queue = value & 1;
    } else if (offset >= VIRTIO_QUEUE_DESC && offset < VIRTIO_QUEUE_DEVICE + 8 && !(offset & 4)) {
        self.addresses[self.queue][(offset - VIRTIO_QUEUE_DESC) / 16] = value;
    }
}

void fuzz_begin(void)
{
    attach_ends();
}

static void give_buffer(uint32_t i)
{
    struct net_dma_desc buffer = {.bus = {FRAMES_BUS + i * NET_BUFFER_SIZE}, .length = NET_BUFFER_SIZE, .cookie = i};

    if (!self.out[i]) {
        self.out[i] = true;
        DEMAND(ring_put(&rx_free, &buffer));
    }
}

static void take_received(void)
{
    struct net_dma_desc frame;

    while (ring_get(&rx_filled, &frame)) {
        DEMAND(frame.cookie < BUFFERS && self.out[frame.cookie]);
        DEMAND(frame.bus.value == FRAMES_BUS + frame.cookie * NET_BUFFER_SIZE);
        DEMAND(frame.length >= NET_FRAME_MIN && frame.length <= NET_BUFFER_SIZE);
        self.out[frame.cookie] = false;
    }
}

static void take_sent(void)
{
    struct net_dma_desc done;

    while (ring_get(&tx_free, &done)) {
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
        ring_put(&tx_filled, &piece);
    }
    (void)ring_wake_consumer(&tx_filled);
    self.frames += count > 0 && self.frames < 250;
}

/* The used ring: 2 bytes of flags, 2 of the index, then elements. */
static uint8_t *used(uint32_t q)
{
    uint64_t at = self.addresses[q][2] - BUS;

    DEMAND(at <= sizeof(dma) - 6 - 8 * 64);
    return dma + at;
}

static void use(struct fuzz_input *in, uint32_t q)
{
    uint16_t index;

    memcpy(&index, used(q) + 2, 2);
    struct virtq_used_element element = {.id = fuzz_byte(in), .length = fuzz_16(in)};
    memcpy(used(q) + 4 + 8 * (index & 15), &element, sizeof(element)); /* of the smallest queue */
    index++;
    memcpy(used(q) + 2, &index, 2);
}

static void interrupt(void)
{
    fake_wake(FAKE_BIT(IRQ));
}

static void see_interrupt(void)
{
    self.dead = fake_dies(interrupt);
    DEMAND(!self.dead || self.status & VIRTIO_STATUS_NEEDS_RESET);
}

static void step(struct fuzz_input *in)
{
    uint8_t what = fuzz_byte(in);
    uint32_t q = what >> 3 & 1;

    switch (what & 7) {
    case 0: give_buffer(fuzz_byte(in) % BUFFERS); break;
    case 1: put_frame(1u + (what >> 4) % NET_CHAIN_MAX, fuzz_byte(in)); break;
    case 2: use(in, q); break;
    case 3: fuzz_fill(in, used(q) + fuzz_byte(in) % 128u, 2); break;
    case 4:
        self.interrupt = fuzz_byte(in);
        self.status ^= what & 0x80 ? VIRTIO_STATUS_NEEDS_RESET : 0;
        see_interrupt();
        break;
    case 5:
        take_received();
        take_sent();
        break;
    case 6:
        fuzz_fill(in, dma + fuzz_16(in) * 2u, 2); /* anywhere in what it shares with the device */
        break;
    default: fake_wake(FAKE_BIT(q ? RX_VIRT : TX_VIRT)); break;
    }
}

void fuzz_run(struct fuzz_input *in)
{
    self.features[0] = fuzz_32(in);
    self.features[1] = fuzz_byte(in) ^ 1; /* bit 32, VERSION_1: most inputs have it */
    self.queue_max = fuzz_16(in) & 0x1ff;
    if (fake_dies(init)) { /* a device that it cannot work with */
        return;
    }
    while (in->left > 0 && !self.dead) {
        step(in);
    }
    if (!self.dead) {
        see_interrupt();
    }
    take_received();
    take_sent();
    DEMAND(self.dead || fake_lost_deferred() == 0);
}
