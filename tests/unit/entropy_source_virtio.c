/* tests/unit/entropy_source_virtio.c: entropy/source_virtio.c against a model of the device: one that keeps to VIRTIO
 * 1.2, one that lies, one that is another. */
#include "entropy/config.h"
#include "entropy/source.h"
#include "lib/mmio.h"
#include "tests/unit/fake_microkit.h"
#include "tests/unit/in_turn.h"
#include "virtio/virtio.h"

#define BUS 0x60000000ul
#define QUEUE_SIZE_MAX 1024

static _Alignas(4096) uint8_t memory[4096];

const struct entropy_config entropy_config = {
    .registers = memory, /* any address: mmio_read and mmio_write are the model's */
    .memory = {.base = memory, .size = sizeof(memory), .bus = BUS}};

/* -- the device -- */

static struct {
    uint32_t id, features[2], half, taken[2], status, size, ready, interrupt, kicks;
    uint64_t addresses[3];
    uint16_t seen, used;
    bool hangs, refuses;
} device;

uint32_t mmio_read(volatile void *registers, uint32_t offset)
{
    switch (offset) {
    case VIRTIO_MAGIC: return VIRTIO_MAGIC_VALUE;
    case VIRTIO_VERSION: return 2;
    case VIRTIO_DEVICE_ID: return device.id;
    case VIRTIO_DEVICE_FEATURES: return device.features[device.half];
    case VIRTIO_QUEUE_NUM_MAX: return QUEUE_SIZE_MAX;
    case VIRTIO_QUEUE_READY: return device.ready;
    case VIRTIO_INTERRUPT_STATUS: return device.interrupt;
    case VIRTIO_STATUS: return device.hangs ? VIRTIO_STATUS_DRIVER_OK : device.status;
    default: CHECK(!"register read"); return 0;
    }
}

void mmio_write(volatile void *registers, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case VIRTIO_DEVICE_FEATURES_SEL:
    case VIRTIO_DRIVER_FEATURES_SEL: device.half = value & 1; return;
    case VIRTIO_DRIVER_FEATURES: device.taken[device.half] = value; return;
    case VIRTIO_STATUS:
        device.status = device.refuses ? value & ~VIRTIO_STATUS_FEATURES_OK : value;
        device.ready = value == 0 ? 0 : device.ready;
        return;
    case VIRTIO_QUEUE_SEL: CHECK_EQUAL(value, 0); return;
    case VIRTIO_QUEUE_NUM: device.size = value; return;
    case VIRTIO_QUEUE_READY: device.ready = value; return;
    case VIRTIO_QUEUE_NOTIFY:
        CHECK(device.status & VIRTIO_STATUS_DRIVER_OK);
        device.kicks++;
        return;
    case VIRTIO_INTERRUPT_ACK: device.interrupt &= ~value; return;
    default:
        CHECK(offset >= VIRTIO_QUEUE_DESC && offset < VIRTIO_QUEUE_DEVICE + 8);
        memcpy((uint8_t *)&device.addresses[(offset - VIRTIO_QUEUE_DESC) / 16] + (offset & 4), &value, 4);
    }
}

static void *at(uint64_t bus, size_t bytes)
{
    CHECK(bus >= BUS && bus + bytes <= BUS + sizeof(memory));
    return memory + (bus - BUS);
}

/* The one buffer that the driver offers: where, and how long; NULL: none. */
static uint8_t *offered(uint32_t *length, uint16_t *entry)
{
    struct virtq_avail *avail = at(device.addresses[1], 6 + 2 * device.size);
    if (device.seen == avail->index) {
        return NULL;
    }
    *entry = avail->ring[device.seen++ % device.size];
    CHECK(*entry < device.size);
    struct virtq_desc *desc = (struct virtq_desc *)at(device.addresses[0], 16 * device.size) + *entry;
    CHECK(desc->flags == VIRTQ_DESC_F_INDIRECT && desc->length == 16);
    struct virtq_desc *table = at(desc->address, 16);
    CHECK_EQUAL(table->flags, VIRTQ_DESC_F_WRITE);
    *length = table->length;
    return at(table->address, table->length);
}

static void use(uint32_t entry, uint32_t length)
{
    struct virtq_used *used = at(device.addresses[2], 6 + 8 * device.size);
    used->ring[device.used++ % device.size] = (struct virtq_used_element){.id = entry, .length = length};
    used->index = device.used;
    device.interrupt |= VIRTIO_INTERRUPT_USED;
}

/* -- the tests -- */

static void start(void)
{
    CHECK(source_start() == NULL);
    CHECK(device.status & VIRTIO_STATUS_DRIVER_OK && device.ready == 1);
    CHECK(device.taken[0] == 1u << VIRTIO_F_INDIRECT_DESC_BIT && device.taken[1] == 1); /* no more than it needs */
}

static void test_a_request(void)
{
    uint8_t *bytes, *buffer;
    uint32_t count, length;
    uint16_t entry;
    start();
    for (uint32_t wanted = 1; wanted <= SOURCE_BYTES_MAX; wanted += 341) {
        CHECK(!source_take(&bytes, &count));
        source_ask(wanted);
        CHECK(!source_take(&bytes, &count));
        CHECK((buffer = offered(&length, &entry)) && length == wanted);
        memset(buffer, (int)wanted, length);
        use(entry, length);
        source_interrupt();
        CHECK_EQUAL(device.interrupt, 0);
        CHECK(source_take(&bytes, &count) && count == wanted && bytes == buffer);
        CHECK(!offered(&length, &entry)); /* nothing but what was asked for */
    }
    CHECK_EQUAL(device.kicks, 4);
}

static void test_fewer(void)
{
    uint8_t *bytes;
    uint32_t count, length;
    uint16_t entry;
    start();
    source_ask(100);
    CHECK(offered(&length, &entry));
    use(entry, 10);
    CHECK(source_take(&bytes, &count) && count == 10);
    source_ask(100);
    CHECK(offered(&length, &entry));
    use(entry, 0);
    CHECK(source_take(&bytes, &count) && count == 0);
}

static void test_lies(void)
{
    uint8_t *bytes;
    uint32_t count, length;
    uint16_t entry;
    start();
    source_ask(64);
    CHECK(offered(&length, &entry));
    use(77, 64);
    CHECK(!source_take(&bytes, &count)); /* no such entry */
    use(entry, 0xffffffff);
    CHECK(source_take(&bytes, &count) && count == 64);
    use(entry, 64);
    CHECK(!source_take(&bytes, &count)); /* once more */
}

/* It keeps all that it is given: there is an end. */
static void test_keeps_all(void)
{
    start();
    for (int i = 0; i < 10; i++) {
        source_ask(64);
    }
    CHECK(device.kicks <= device.size);
}

static void expect_refused(const char *why)
{
    const char *wrong = source_start();
    CHECK(wrong && strstr(wrong, why));
    CHECK(!(device.status & VIRTIO_STATUS_DRIVER_OK) || device.hangs);
}

static void test_no_device(void)
{
    device.id = 0;
    expect_refused("there is no device");
}

static void test_another_device(void)
{
    device.id = 1;
    expect_refused("device id");
}

static void test_an_old_device(void)
{
    device.features[1] = 0;
    expect_refused("features that the device offers");
}

static void test_it_refuses(void)
{
    device.refuses = true;
    expect_refused("features refused");
}

static void test_its_reset_does_not_end(void)
{
    device.hangs = true;
    expect_refused("does not end its reset");
}

static void test_it_has_failed(void)
{
    start();
    device.interrupt = VIRTIO_INTERRUPT_CONFIG;
    source_interrupt(); /* something else has changed */
    device.interrupt = VIRTIO_INTERRUPT_CONFIG;
    device.status |= VIRTIO_STATUS_NEEDS_RESET;
    CHECK(fake_dies(source_interrupt) && strstr(fake_why(), "asks for a reset"));
}

/* Nothing of the former life's queue is left: the device begins at 0. */
static void test_a_restart(void)
{
    memset(memory, 0xa5, sizeof(memory));
    fake_set_generation(2);
    test_a_request();
}

static const struct {
    const char *name;
    void (*function)(void);
} tests[] = {
    {"a_request", test_a_request},
    {"fewer", test_fewer},
    {"lies", test_lies},
    {"keeps_all", test_keeps_all},
    {"no_device", test_no_device},
    {"another_device", test_another_device},
    {"an_old_device", test_an_old_device},
    {"it_refuses", test_it_refuses},
    {"its_reset_does_not_end", test_its_reset_does_not_end},
    {"it_has_failed", test_it_has_failed},
    {"a_restart", test_a_restart},
};

static const char *name_of(uint64_t n)
{
    return tests[n].name;
}

static void run(uint64_t n)
{
    fake_reset();
    device.id = 4;
    device.features[0] = 1u << VIRTIO_F_INDIRECT_DESC_BIT | 1u << VIRTIO_F_EVENT_IDX_BIT;
    device.features[1] = 3;
    tests[n].function();
}

int main(int argc, char **argv)
{
    return in_turn(argc, argv, 0, sizeof(tests) / sizeof(*tests) - 1, name_of, run);
}
