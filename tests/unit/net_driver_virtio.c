/* net_driver_virtio.c: net/driver_virtio.c against a model of the device: one that keeps to VIRTIO 1.2, then one that
 * lies. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/counters.h"
#include "tests/unit/net_driver_virtio_rig.h"

#define QUEUE_SIZE 64

/* -- the device -- */

static struct {
    uint64_t features_offered, features_taken;
    uint32_t features_sel, status, queue, interrupt, acknowledged, kicks[2];
    struct {
        uint32_t size, ready;
        uint64_t addresses[3];
        uint16_t seen; /* next entry of avail */
        uint16_t used;
    } queues[2];
    bool hangs;        /* its reset does not end */
    bool nonsense;     /* it returns each buffer that it is given, at once and empty: */
    uint32_t returned; /* so many */
    bool runs_on;      /* with each look at its used index there is one element more, of nothing that was offered */
    uint32_t looks;
} device;

static void return_at_once(void);

static void set_half(uint64_t *word, uint32_t offset, uint32_t value)
{
    memcpy((uint8_t *)word + (offset & 4), &value, 4);
}

uint32_t mmio_read(volatile void *registers, uint32_t offset)
{
    switch (offset) {
    case VIRTIO_MAGIC: return VIRTIO_MAGIC_VALUE;
    case VIRTIO_VERSION: return 2;
    case VIRTIO_DEVICE_ID: return VIRTIO_ID_NET;
    case VIRTIO_DEVICE_FEATURES: return (uint32_t)(device.features_offered >> (device.features_sel ? 32 : 0));
    case VIRTIO_QUEUE_NUM_MAX: return device.queue < 2 ? QUEUE_SIZE : 0;
    case VIRTIO_QUEUE_READY: return device.queues[device.queue].ready;
    case VIRTIO_INTERRUPT_STATUS: return device.interrupt;
    case VIRTIO_STATUS: return device.hangs ? VIRTIO_STATUS_DRIVER_OK : device.status;
    default: CHECK(!"register read"); return 0;
    }
}

void mmio_write(volatile void *registers, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case VIRTIO_DEVICE_FEATURES_SEL:
    case VIRTIO_DRIVER_FEATURES_SEL: device.features_sel = value; return;
    case VIRTIO_DRIVER_FEATURES:
        CHECK(!(device.status & VIRTIO_STATUS_FEATURES_OK));
        set_half(&device.features_taken, device.features_sel * 4, value);
        return;
    case VIRTIO_STATUS:
        if (value & VIRTIO_STATUS_DRIVER_OK) {
            CHECK(device.status == (VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FEATURES_OK));
            CHECK(device.queues[0].ready && device.queues[1].ready);
        }
        CHECK((device.features_taken & ~device.features_offered) == 0);
        device.status = value;
        return;
    case VIRTIO_QUEUE_SEL: device.queue = value; return;
    case VIRTIO_QUEUE_NUM:
        CHECK(value <= QUEUE_SIZE);
        device.queues[device.queue].size = value;
        return;
    case VIRTIO_QUEUE_READY: device.queues[device.queue].ready = value; return;
    case VIRTIO_QUEUE_NOTIFY:
        CHECK(device.status & VIRTIO_STATUS_DRIVER_OK);
        device.kicks[value]++;
        if (device.nonsense && value == VIRTIO_NET_RX) {
            return_at_once();
        }
        return;
    case VIRTIO_INTERRUPT_ACK:
        CHECK((value & ~device.interrupt) == 0);
        device.acknowledged++;
        device.interrupt &= ~value;
        return;
    default:
        CHECK(offset >= VIRTIO_QUEUE_DESC && offset < VIRTIO_QUEUE_DEVICE + 8);
        set_half(&device.queues[device.queue].addresses[(offset - VIRTIO_QUEUE_DESC) / 16], offset, value);
    }
}

static void *at(uint64_t bus, size_t bytes)
{
    CHECK(bus >= BUS && bus + bytes <= BUS + sizeof(dma));
    return dma + (bus - BUS);
}

static struct virtq_used *used_ring(int q)
{
    return at(device.queues[q].addresses[2], 6 + 8 * QUEUE_SIZE);
}

/* The next chain that the driver offers: its entry, and its table. */
static bool next_chain(int q, uint16_t *entry, struct virtq_desc **table, uint32_t *count)
{
    struct virtq_avail *avail = at(device.queues[q].addresses[1], 6 + 2 * QUEUE_SIZE);
    if (device.queues[q].seen == avail->index) {
        return false;
    }
    *entry = avail->ring[device.queues[q].seen++ % QUEUE_SIZE];
    CHECK(*entry < QUEUE_SIZE);
    struct virtq_desc *desc = (struct virtq_desc *)at(device.queues[q].addresses[0], 16 * QUEUE_SIZE) + *entry;
    CHECK(desc->flags == VIRTQ_DESC_F_INDIRECT && desc->length % 16 == 0);
    *count = desc->length / 16;
    *table = at(desc->address, desc->length);
    for (uint32_t i = 0; i < *count; i++) {
        CHECK(!!((*table)[i].flags & VIRTQ_DESC_F_NEXT) == (i + 1 < *count));
        CHECK(i + 1 == *count || (*table)[i].next == i + 1);
    }
    CHECK((*table)[0].length == 12);
    return true;
}

static void use(int q, uint32_t entry, uint32_t length)
{
    struct virtq_used *used = used_ring(q);
    used->ring[device.queues[q].used++ % QUEUE_SIZE] = (struct virtq_used_element){.id = entry, .length = length};
    used->index = device.queues[q].used;
}

void device_goes_on(const _Atomic uint16_t *index)
{
    if (device.runs_on && index == &used_ring(0)->index) {
        CHECK(device.looks++ < 100000);
        use(0, 9999, 100);
    }
}

static void return_at_once(void)
{
    uint16_t entry;
    struct virtq_desc *table;
    uint32_t count;
    while (next_chain(0, &entry, &table, &count)) {
        CHECK(device.returned++ < 1000);
        use(0, entry, 0);
    }
}

static uint16_t used_event(int q)
{
    struct virtq_avail *avail = at(device.queues[q].addresses[1], 6 + 2 * QUEUE_SIZE);
    return avail->ring[QUEUE_SIZE];
}

static void interrupt(void)
{
    device.interrupt = VIRTIO_INTERRUPT_USED;
    fake_wake(FAKE_BIT(IRQ));
    CHECK_EQUAL(fake_acked(IRQ), 1);
    CHECK(device.interrupt == 0);
}

/* -- the tests -- */

static void boot(uint64_t features)
{
    fake_reset();
    device.features_offered = features;
    attach_ends();
    ring_arm_consumer(&rx_filled);
    ring_arm_consumer(&tx_free);
    init();
    CHECK(device.status & VIRTIO_STATUS_DRIVER_OK);
}

#define OFFERED (1ull << 32 | 1ull << 29 | 1ull << 28 | 1ull << 5 | 1ull << 35 | 1 | 1ull << 15)

static void give_buffers(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct net_dma_desc buffer = {.bus = {0x70000000 + i * 2048ul}, .length = 2048, .cookie = (uint16_t)i};
        CHECK(ring_put(&rx_free, &buffer));
    }
    CHECK(ring_wake_consumer(&rx_free)); /* it was short */
    fake_wake(FAKE_BIT(RX_VIRT));
}

static void test_negotiates(void)
{
    boot(OFFERED);
    /* nothing that it does not know */
    CHECK_EQUAL(device.features_taken, 1ull << 32 | 1ull << 29 | 1ull << 28 | 1ull << 5 | 1);
    CHECK_EQUAL(shown.offloads, NET_CHECKSUM);
}

static void test_a_device_without_checksums(void)
{
    boot(OFFERED & ~1ull);
    CHECK_EQUAL(shown.offloads, 0);
}

/* 5.1.3.1: it must not offer one without the other. */
static void test_a_device_that_cuts_without_checksums(void)
{
    boot((OFFERED & ~1ull) | 1 << 11);
    CHECK_EQUAL(shown.offloads, 0);
}

static void test_a_device_that_cuts(void)
{
    static const struct virtio_net_header checksum = {.flags = 1, .csum_start = 34, .csum_offset = 16};
    static const uint16_t segments[] = {1460, 536};
    uint16_t entry;
    struct virtq_desc *table;
    uint32_t count;
    boot(OFFERED | 1 << 11);
    CHECK_EQUAL(shown.offloads, NET_CHECKSUM | NET_TSO);
    CHECK(device.features_taken & 1 << 11);
    for (int i = 0; i < 3; i++) {
        struct net_dma_desc piece = {.bus = {0x71000000}, .length = 54, .flags = NET_CHECKSUM | NET_MORE};
        struct net_dma_desc data = {.bus = {0x71001000}, .length = 64240};
        piece.flags |= i < 2 ? NET_TSO : 0;
        piece.segment = i < 2 ? segments[i] : 0;
        CHECK(ring_put(&tx_filled, &piece) && ring_put(&tx_filled, &data));
    }
    CHECK(ring_wake_consumer(&tx_filled));
    fake_wake(FAKE_BIT(TX_VIRT));
    for (int i = 0; i < 3; i++) {
        struct virtio_net_header wanted = checksum;
        if (i < 2) {
            wanted.gso_type = 1;
            wanted.hdr_len = 54;
            wanted.gso_size = segments[i];
        }
        CHECK(next_chain(1, &entry, &table, &count) && count == 3 && table[2].length == 64240);
        CHECK(memcmp(at(table[0].address, 12), &wanted, 12) == 0);
    }
}

static void test_refuses_an_old_device(void)
{
    device.features_offered = 1ull << 28 | 1ull << 5;
    CHECK(fake_dies(init));
    CHECK(strstr(fake_why(), "features"));
}

static void test_receives(void)
{
    uint16_t entry;
    struct virtq_desc *table;
    uint32_t count;
    struct net_dma_desc frame;
    boot(OFFERED);
    give_buffers(100);
    CHECK(device.kicks[0] > 0);
    for (int i = 0; i < 3; i++) {
        CHECK(next_chain(0, &entry, &table, &count));
        CHECK(count == 2 && (table[0].flags & table[1].flags & VIRTQ_DESC_F_WRITE));
        CHECK(table[1].length == 2048 && table[1].address == 0x70000000 + (uint64_t)i * 2048);
        use(0, entry, (uint32_t)(12 + 60 + i));
    }
    CHECK(used_event(0) == 0); /* an interrupt is wanted for the first */
    interrupt();
    CHECK_EQUAL(fake_notified(RX_VIRT), 1);
    for (uint32_t i = 0; i < 3; i++) {
        CHECK(ring_get(&rx_filled, &frame));
        CHECK(frame.length == 60 + i && frame.bus.value == 0x70000000 + i * 2048 && frame.cookie == i);
    }
    CHECK(used_event(0) == 3);
    CHECK(net_driver_counts()->frames_received == 3 && net_driver_counts()->bytes_received == 60 + 61 + 62);
    CHECK(net_driver_counts()->frames_sent == 0);
}

/* What the device says of a checksum stands in the header before the frame. */
static void test_vouches_for_checksums(void)
{
    static const uint8_t header_flags[] = {0, VIRTIO_NET_HDR_F_DATA_VALID, VIRTIO_NET_HDR_F_NEEDS_CSUM, 4};
    static const uint16_t frame_flags[] = {0, NET_CHECKED, NET_CHECKED, 0};
    boot(OFFERED);
    give_buffers(4);
    for (int i = 0; i < 4; i++) {
        uint16_t entry;
        struct virtq_desc *table;
        uint32_t count;
        CHECK(next_chain(0, &entry, &table, &count));
        ((struct virtio_net_header *)at(table[0].address, 12))->flags = header_flags[i];
        use(0, entry, 12 + 60);
    }
    interrupt();
    for (int i = 0; i < 4; i++) {
        struct net_dma_desc frame;
        CHECK(ring_get(&rx_filled, &frame) && frame.flags == frame_flags[i]);
    }
}

static void test_leaves_checksums_to_the_device(void)
{
    static const struct virtio_net_header plain, wanted = {.flags = 1, .csum_start = 34, .csum_offset = 16};
    uint16_t entry;
    struct virtq_desc *table;
    uint32_t count;
    boot(OFFERED);
    for (int i = 0; i < 3; i++) {
        struct net_dma_desc piece = {.bus = {0x71000000}, .length = 100, .flags = i == 1 ? NET_CHECKSUM : 0};
        CHECK(ring_put(&tx_filled, &piece));
    }
    CHECK(ring_wake_consumer(&tx_filled));
    fake_wake(FAKE_BIT(TX_VIRT));
    for (int i = 0; i < 3; i++) {
        CHECK(next_chain(1, &entry, &table, &count));
        CHECK(memcmp(at(table[0].address, 12), i == 1 ? &wanted : &plain, 12) == 0);
    }
}

static void test_impossible_lengths_go_back_to_the_device(void)
{
    uint16_t entry;
    struct virtq_desc *table;
    uint32_t count, offered = 0;
    struct net_dma_desc frame;
    uint32_t lengths[] = {0, 11, 12, 12 + 13, 12 + 2049, 0xffffffff, 12 + 60};
    boot(OFFERED);
    give_buffers(7);
    for (int i = 0; i < 7; i++) {
        CHECK(next_chain(0, &entry, &table, &count));
        use(0, entry, lengths[i]);
    }
    interrupt();
    CHECK(ring_get(&rx_filled, &frame) && frame.length == 60);
    CHECK(!ring_get(&rx_filled, &frame));
    while (next_chain(0, &entry, &table, &count)) {
        offered++;
    }
    CHECK_EQUAL(offered, 6);
    CHECK(net_driver_counts()->dropped_bad == 6 && net_driver_counts()->frames_received == 1);
}

/* Each buffer comes back at once, empty, as soon as the device hears of it. */
static void test_nothing_but_nonsense_ends(void)
{
    boot(OFFERED & ~(1ull << VIRTIO_F_EVENT_IDX_BIT)); /* so that it hears of each */
    device.nonsense = true;
    give_buffers(7);
    for (int i = 0; i < 3; i++) {
        uint32_t before = device.returned;
        interrupt();
        CHECK_EQUAL(device.returned, before + 7); /* it has them again, once */
    }
    device.nonsense = false;
}

static void test_a_device_that_does_not_reset(void)
{
    device.hangs = true;
    CHECK(fake_dies(init) && strstr(fake_why(), "reset"));
}

static void test_lying_device(void)
{
    uint16_t entry;
    struct virtq_desc *table;
    uint32_t count;
    struct net_dma_desc frame;
    boot(OFFERED);
    give_buffers(10);
    use(0, 9999, 100); /* no such entry */
    use(0, 0xffffffff, 100);
    CHECK(next_chain(0, &entry, &table, &count));
    use(0, entry, 12 + 60);
    use(0, entry, 12 + 60); /* twice */
    interrupt();
    CHECK(ring_get(&rx_filled, &frame) && !ring_get(&rx_filled, &frame));
    used_ring(0)->index += 1000; /* more than were offered */
    interrupt();
    CHECK(!ring_get(&rx_filled, &frame));
    use(1, 0, 0); /* nothing was sent */
    interrupt();
    CHECK(!ring_get(&tx_free, &frame));
}

/* It has its part of an event, and no more; what else it says is heard in the next. */
static void run_on(uint64_t features)
{
    uint16_t entry;
    struct virtq_desc *table;
    uint32_t count;
    struct net_dma_desc frame;
    boot(features);
    give_buffers(10);
    CHECK(next_chain(0, &entry, &table, &count));
    for (int i = 0; i < 5; i++) {
        device.looks = 0;
        device.runs_on = true;
        interrupt();
        CHECK(device.looks >= QUEUE_SIZE && device.looks < 2 * QUEUE_SIZE);
        device.runs_on = false;
        if (features & 1ull << VIRTIO_F_EVENT_IDX_BIT) {
            CHECK_EQUAL(used_event(0), device.queues[0].used); /* of the next one it wants to hear */
        }
        CHECK(!ring_get(&rx_filled, &frame));
    }
    use(0, entry, 12 + 60);
    interrupt();
    CHECK(ring_get(&rx_filled, &frame) && frame.length == 60);
}

static void test_an_index_that_runs_on(void)
{
    run_on(OFFERED);
}

static void test_an_index_that_runs_on_without_event_indices(void)
{
    run_on(OFFERED & ~(1ull << VIRTIO_F_EVENT_IDX_BIT));
}

static void send(uint32_t cookie, uint32_t pieces)
{
    for (uint32_t i = 0; i < pieces; i++) {
        struct net_dma_desc piece = {.bus = {0x71000000 + i},
                                     .length = (uint16_t)(100 + i),
                                     .cookie = cookie,
                                     .flags = i + 1 < pieces ? NET_MORE : 0};
        CHECK(ring_put(&tx_filled, &piece));
    }
}

static void test_sends_chains(void)
{
    uint16_t entry;
    struct virtq_desc *table;
    uint32_t count;
    struct net_dma_desc done;
    boot(OFFERED);
    send(5, 1);
    send(6, NET_CHAIN_MAX);
    CHECK(ring_wake_consumer(&tx_filled));
    fake_wake(FAKE_BIT(TX_VIRT));
    CHECK_EQUAL(device.kicks[1], 1); /* one for both */
    CHECK(next_chain(1, &entry, &table, &count));
    CHECK(count == 2 && table[1].address == 0x71000000 && table[1].length == 100 && table[1].flags == 0);
    use(1, entry, 0);
    CHECK(next_chain(1, &entry, &table, &count));
    CHECK(count == 1 + NET_CHAIN_MAX && table[NET_CHAIN_MAX].length == 100 + NET_CHAIN_MAX - 1);
    use(1, entry, 0);
    CHECK((uint16_t)(used_event(1) - 2) > 100); /* two frames: nobody waits for them */
    interrupt();
    CHECK(ring_get(&tx_free, &done) && done.cookie == 5);
    CHECK(ring_get(&tx_free, &done) && done.cookie == 6);
    CHECK_EQUAL(fake_notified(TX_VIRT), 1);
    uint64_t bytes = 100;
    for (uint64_t i = 0; i < NET_CHAIN_MAX; i++) {
        bytes += 100 + i;
    }
    CHECK(net_driver_counts()->frames_sent == 2 && net_driver_counts()->bytes_sent == bytes);
}

/* Who only sends wakes nobody who waits for what is received, and the other way round. */
static void test_wakes_whom_it_is_for(void)
{
    uint16_t entry;
    struct virtq_desc *table;
    uint32_t count;
    boot(OFFERED);
    CHECK_EQUAL(fake_notified(RX_VIRT), 1); /* at the start: it learns that we are here */
    CHECK(ring_arm_consumer(&rx_filled));
    give_buffers(10);
    send(5, 1);
    CHECK(ring_wake_consumer(&tx_filled));
    fake_wake(FAKE_BIT(TX_VIRT));
    CHECK_EQUAL(fake_notified(RX_VIRT), 0);
    interrupt();
    CHECK_EQUAL(fake_notified(RX_VIRT), 0);
    CHECK(next_chain(0, &entry, &table, &count));
    use(0, entry, 12 + 60);
    interrupt();
    CHECK_EQUAL(fake_notified(RX_VIRT), 1);
}

/* Each would wake the other again, for as long as the device keeps its frames. */
static void test_the_virtualiser_is_not_woken_for_nothing(void)
{
    uint16_t entry;
    struct virtq_desc *table;
    uint32_t count;
    boot(OFFERED);
    for (uint32_t i = 0; i < NET_LAZY; i++) {
        send(i, 1);
    }
    CHECK(ring_wake_consumer(&tx_filled));
    fake_wake(FAKE_BIT(TX_VIRT));
    (void)fake_notified(TX_VIRT);
    CHECK(ring_arm_consumer(&tx_free));
    fake_wake(FAKE_BIT(TX_VIRT));
    interrupt();
    CHECK_EQUAL(fake_notified(TX_VIRT), 0);
    CHECK(next_chain(1, &entry, &table, &count));
    use(1, entry, 0);
    interrupt();
    CHECK_EQUAL(fake_notified(TX_VIRT), 1);
}

/* A lone frame is no event, but where the virtualiser waits for it. */
static void test_a_virtualiser_that_waits(void)
{
    uint16_t entry;
    struct virtq_desc *table;
    uint32_t count;
    boot(OFFERED);
    send(0, 1);
    CHECK(ring_wake_consumer(&tx_filled));
    fake_wake(FAKE_BIT(TX_VIRT));
    CHECK(used_event(1) != 0);
    CHECK(ring_arm_consumer(&tx_free));
    fake_wake(FAKE_BIT(TX_VIRT));
    CHECK_EQUAL(used_event(1), 0);
    (void)fake_notified(TX_VIRT);
    CHECK(next_chain(1, &entry, &table, &count));
    use(1, entry, 0);
    interrupt();
    CHECK_EQUAL(fake_notified(TX_VIRT), 1);
}

static void test_waits_for_a_full_device(void)
{
    uint16_t entry;
    struct virtq_desc *table;
    uint32_t count;
    struct net_dma_desc done;
    boot(OFFERED);
    for (uint32_t i = 0; i < QUEUE_SIZE + 10; i++) {
        send(i, 2);
    }
    CHECK(ring_wake_consumer(&tx_filled));
    fake_wake(FAKE_BIT(TX_VIRT));
    uint32_t sent = 0;
    while (next_chain(1, &entry, &table, &count)) {
        sent++;
        use(1, entry, 0);
    }
    CHECK_EQUAL(sent, QUEUE_SIZE);
    CHECK(!ring_wake_consumer(&tx_filled)); /* it does not ask to hear of more */
    CHECK(used_event(1) < QUEUE_SIZE);      /* but of what has left */
    interrupt();
    while (next_chain(1, &entry, &table, &count)) {
        sent++;
        use(1, entry, 0);
    }
    CHECK_EQUAL(sent, QUEUE_SIZE + 10);
    interrupt();
    for (uint32_t i = 0; i < QUEUE_SIZE + 10; i++) {
        CHECK(ring_get(&tx_free, &done) && done.cookie == i);
    }
}

static void see_interrupt(void)
{
    fake_wake(FAKE_BIT(IRQ));
}

static void test_dies_of_a_device_that_failed(void)
{
    boot(OFFERED);
    device.interrupt = VIRTIO_INTERRUPT_CONFIG; /* something else has changed */
    see_interrupt();
    device.status |= VIRTIO_STATUS_NEEDS_RESET;
    device.interrupt = VIRTIO_INTERRUPT_CONFIG;
    CHECK(fake_dies(see_interrupt) && strstr(fake_why(), "asks for a reset"));
}

/* In a process of its own: the driver starts with its statics as they are at a start. */
static void run(void (*test)(void))
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        test();
        CHECK_EQUAL(fake_lost_deferred(), 0);
        exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

int main(void)
{
    run(test_negotiates);
    run(test_a_device_without_checksums);
    run(test_a_device_that_cuts_without_checksums);
    run(test_a_device_that_cuts);
    run(test_refuses_an_old_device);
    run(test_receives);
    run(test_vouches_for_checksums);
    run(test_impossible_lengths_go_back_to_the_device);
    run(test_nothing_but_nonsense_ends);
    run(test_a_device_that_does_not_reset);
    run(test_lying_device);
    run(test_an_index_that_runs_on);
    run(test_an_index_that_runs_on_without_event_indices);
    run(test_sends_chains);
    run(test_wakes_whom_it_is_for);
    run(test_leaves_checksums_to_the_device);
    run(test_the_virtualiser_is_not_woken_for_nothing);
    run(test_a_virtualiser_that_waits);
    run(test_waits_for_a_full_device);
    run(test_dies_of_a_device_that_failed);
    return 0;
}
