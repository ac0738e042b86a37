/* net_virt_tx.c: net/virt_tx.c between clients and a driver that lie. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLOTS 64
#define CLIENT_RING 1024
#include "net/counters.h"
#include "tests/unit/net_virt_tx_rig.h"

#define FRAMES 256

static void start(void)
{
    fake_reset();
    memset(rings, 0, sizeof(rings));
    memset(driver_rings, 0, sizeof(driver_rings));
    attach_ends();
    init();
}

static void put(int client, struct net_desc desc)
{
    CHECK(ring_put(&filled[client], &desc));
    (void)ring_wake_consumer(&filled[client]);
}

static bool refused(int client, uint32_t cookie)
{
    struct net_desc done;
    return ring_get(&returned[client], &done) && done.cookie == cookie && done.flags == NET_REFUSED;
}

static void test_translates_a_chain(void)
{
    struct net_dma_desc dma, more;
    struct net_desc done;
    start();
    CHECK(ring_arm_consumer(&driver_filled));
    put(0, (struct net_desc){.offset = NET_BUFFER_SIZE, .length = 54, .flags = NET_MORE, .cookie = 1});
    put(0, (struct net_desc){.offset = 0x123, .length = 1000, .region = 1, .cookie = 1});
    fake_wake(FAKE_BIT(CLIENT(0)));
    CHECK_EQUAL(fake_notified(DRIVER), 1);
    CHECK(ring_get(&driver_filled, &dma) && ring_get(&driver_filled, &more));
    CHECK(dma.bus.value == BUS(0, 0) + NET_BUFFER_SIZE && dma.length == 54 && dma.flags == NET_MORE);
    CHECK(more.bus.value == BUS(0, 1) + 0x123 && more.length == 1000 && more.flags == 0);
    CHECK(!ring_get(&returned[0], &done));
    CHECK(ring_put(&driver_free, &more));
    fake_wake(FAKE_BIT(DRIVER));
    CHECK(ring_get(&returned[0], &done) && done.cookie == 1 && done.flags == 0);
    CHECK(!ring_get(&returned[0], &done)); /* one element for the whole frame */
}

static void test_refuses(void)
{
    struct net_dma_desc dma;
    start();
    put(0, (struct net_desc){.offset = 0, .length = 60, .region = 1, .cookie = 1});        /* header not in region 0 */
    put(0, (struct net_desc){.offset = 0, .length = 13, .cookie = 2});                     /* no whole header */
    put(0, (struct net_desc){.offset = sizeof(slots[0]) - 59, .length = 60, .cookie = 3}); /* sticks out */
    put(0, (struct net_desc){.offset = 0xffffffff, .length = 60, .cookie = 4});
    put(0, (struct net_desc){.offset = 0, .length = 60, .region = 2, .cookie = 5});   /* no such region */
    put(0, (struct net_desc){.offset = 0, .length = NET_FRAME_MAX + 1, .cookie = 6}); /* too long */
    put(0, (struct net_desc){.offset = 0, .length = 60, .flags = NET_MORE, .cookie = 7});
    put(0, (struct net_desc){.offset = 0x10000, .length = 1, .region = 1, .cookie = 7}); /* second piece outside */
    put(0, (struct net_desc){.offset = 0, .length = 60, .flags = NET_MORE, .cookie = 8});
    put(0, (struct net_desc){.offset = 0, .length = 0, .region = 1, .cookie = 8}); /* empty piece */
    slots[0][5 * NET_BUFFER_SIZE + 11] = 2;                                        /* the other's address */
    put(0, (struct net_desc){.offset = 5 * NET_BUFFER_SIZE, .length = 60, .cookie = 9});
    fake_wake(FAKE_BIT(CLIENT(0)));
    for (uint32_t cookie = 1; cookie <= 9; cookie++) {
        CHECK(refused(0, cookie));
    }
    CHECK_EQUAL(net_virt_tx_counts()->refused, 9);
    CHECK(!ring_get(&driver_filled, &dma));
}

static void test_asks_for_checksums(void)
{
    struct net_dma_desc dma;
    start();
    put(0, (struct net_desc){.offset = 0, .length = 60, .flags = NET_CHECKSUM, .cookie = 1});
    put(0, (struct net_desc){.offset = 0, .length = 53, .flags = NET_CHECKSUM, .cookie = 2}); /* not all headers */
    put(0, (struct net_desc){.offset = 0, .length = 60, .flags = NET_MORE, .cookie = 3});
    /* not in the first piece */
    put(0, (struct net_desc){.offset = 0, .length = 60, .flags = NET_CHECKSUM, .cookie = 3});
    put(0, (struct net_desc){.offset = 0, .length = 54, .flags = NET_CHECKSUM | NET_MORE, .cookie = 4});
    put(0, (struct net_desc){.offset = 64, .length = 60, .cookie = 4});
    fake_wake(FAKE_BIT(CLIENT(0)));
    CHECK(refused(0, 2) && refused(0, 3));
    CHECK(ring_get(&driver_filled, &dma) && dma.flags == NET_CHECKSUM);
    CHECK(ring_get(&driver_filled, &dma) && dma.flags == (NET_CHECKSUM | NET_MORE));
    CHECK(ring_get(&driver_filled, &dma) && dma.flags == 0);
    CHECK(!ring_get(&driver_filled, &dma));
}

static void put_tso(uint16_t cookie, uint8_t flags, uint16_t segment, uint16_t length)
{
    put(0,
        (struct net_desc){.offset = 0, .length = 54, .flags = flags | NET_MORE, .segment = segment, .cookie = cookie});
    put(0, (struct net_desc){.offset = 0, .length = length, .region = 1, .cookie = cookie});
}

static void test_asks_for_cutting(void)
{
    struct net_dma_desc dma;
    start();
    put_tso(1, NET_TSO | NET_CHECKSUM, 1460, 64240);
    put_tso(2, NET_TSO | NET_CHECKSUM, 1460, NET_TSO_MAX - 54 + 1); /* longer than a datagram can be */
    put_tso(3, NET_TSO | NET_CHECKSUM, NET_SEGMENT_MIN - 1, 3000);
    put_tso(4, NET_TSO, 1460, 3000); /* nobody would complete the checksums */
    put_tso(5, NET_CHECKSUM, 1460, 3000);
    put(0, (struct net_desc){.offset = 0, .length = 60, .flags = NET_MORE, .cookie = 6});
    put(0, (struct net_desc){.offset = 0, .length = 60, .flags = NET_TSO | NET_CHECKSUM, .segment = 1460, .cookie = 6});
    fake_wake(FAKE_BIT(CLIENT(0)));
    for (uint32_t cookie = 2; cookie <= 6; cookie++) {
        CHECK(refused(0, cookie));
    }
    CHECK(ring_get(&driver_filled, &dma) && dma.flags == (NET_TSO | NET_CHECKSUM | NET_MORE) && dma.segment == 1460);
    CHECK(ring_get(&driver_filled, &dma) && dma.flags == 0 && dma.length == 64240);
    CHECK(!ring_get(&driver_filled, &dma));
}

static void test_refuses_what_the_device_does_not_offer(void)
{
    struct net_dma_desc dma;
    device.offloads = NET_CHECKSUM;
    start();
    put_tso(1, NET_TSO | NET_CHECKSUM, 1460, 3000);
    put(0, (struct net_desc){.offset = 0, .length = 60, .flags = NET_CHECKSUM, .cookie = 2});
    fake_wake(FAKE_BIT(CLIENT(0)));
    CHECK(refused(0, 1) && ring_get(&driver_filled, &dma) && !ring_get(&driver_filled, &dma));
}

static void test_refuses_all_where_nothing_is_offered(void)
{
    struct net_dma_desc dma;
    device.offloads = 0;
    start();
    put(0, (struct net_desc){.offset = 0, .length = 60, .flags = NET_CHECKSUM, .cookie = 3});
    fake_wake(FAKE_BIT(CLIENT(0)));
    CHECK(refused(0, 3) && !ring_get(&driver_filled, &dma));
}

static void test_throws_away_a_chain_without_end(void)
{
    struct net_dma_desc dma;
    struct net_desc done;
    start();
    for (int i = 0; i < 100; i++) {
        put(0, (struct net_desc){.offset = 0, .length = 20, .flags = NET_MORE, .cookie = 1});
    }
    put(1, (struct net_desc){.offset = 0, .length = 60, .cookie = 5});
    fake_wake(FAKE_BIT(CLIENT(0)) | FAKE_BIT(CLIENT(1)));
    CHECK(ring_get(&driver_filled, &dma) && dma.bus.value == BUS(1, 0)); /* the other is not held up */
    CHECK(!ring_get(&returned[0], &done));
    put(0, (struct net_desc){.offset = 0, .length = 20, .cookie = 2});
    put(0, (struct net_desc){.offset = 0, .length = 20, .cookie = 3});
    fake_wake(FAKE_BIT(CLIENT(0)));
    CHECK(refused(0, 2));
    CHECK(ring_get(&driver_filled, &dma) && dma.bus.value == BUS(0, 0) && dma.flags == 0);
}

static void test_takes_turns_and_waits(void)
{
    struct net_dma_desc dma[FRAMES];
    struct net_desc done;
    uint32_t of[2] = {0, 0};
    start();
    for (uint32_t i = 0; i < 300; i++) {
        put(0, (struct net_desc){.offset = 0, .length = 60, .cookie = i});
    }
    for (uint32_t i = 0; i < 50; i++) {
        put(1, (struct net_desc){.offset = 0, .length = 60, .cookie = i});
    }
    fake_wake(FAKE_BIT(CLIENT(0)) | FAKE_BIT(CLIENT(1)));
    CHECK_EQUAL(ring_get_many(&driver_filled, dma, FRAMES), FRAMES);
    for (int i = 0; i < 100; i++) {
        of[(dma[i].bus.value - BUS(0, 0)) / 0x1000000]++;
    }
    CHECK(of[0] == 50 && of[1] == 50);
    fake_wake(FAKE_BIT(CLIENT(0))); /* nothing can be done: and no frame is lost */
    CHECK_EQUAL(ring_count(&driver_filled), 0);
    CHECK_EQUAL(ring_put_many(&driver_free, dma, FRAMES), FRAMES);
    CHECK(ring_wake_consumer(&driver_free)); /* it waits for this */
    fake_wake(FAKE_BIT(DRIVER));
    CHECK_EQUAL(ring_get_many(&driver_filled, dma, FRAMES), 300 + 50 - FRAMES);
    for (uint32_t i = 0; i < 50; i++) {
        CHECK(ring_get(&returned[1], &done) && done.cookie == i);
    }
}

/* The driver's ring holds fewer pieces than frames of the longest chains would have. */
static void test_waits_for_room_in_the_drivers_ring(void)
{
    struct net_dma_desc dma[NET_CHAIN_MAX];
    start();
    for (uint32_t i = 0; i < 65; i++) {
        if (i == 64) {
            fake_wake(FAKE_BIT(CLIENT(0)));
        }
        for (uint32_t piece = 0; piece < NET_CHAIN_MAX; piece++) {
            uint8_t flags = piece + 1 < NET_CHAIN_MAX ? NET_MORE : 0;
            put(0, (struct net_desc){.offset = 0, .length = 60, .flags = flags, .cookie = i});
        }
    }
    fake_wake(FAKE_BIT(CLIENT(0)));
    CHECK_EQUAL(ring_count(&driver_filled), 64 * NET_CHAIN_MAX);
    CHECK(net_virt_tx_counts()->waits > 0);
    CHECK_EQUAL(ring_get_many(&driver_filled, dma, NET_CHAIN_MAX), NET_CHAIN_MAX);
    CHECK(ring_put(&driver_free, &dma[0]));
    CHECK(ring_wake_consumer(&driver_free)); /* it waits for this */
    fake_wake(FAKE_BIT(DRIVER));
    CHECK_EQUAL(ring_count(&driver_filled), 64 * NET_CHAIN_MAX); /* and the last one is there, whole */
}

static void test_lying_driver(void)
{
    struct net_dma_desc dma;
    struct net_desc done;
    start();
    for (uint16_t cookie = 0; cookie < 300; cookie = (uint16_t)(cookie + 7)) {
        dma = (struct net_dma_desc){.cookie = cookie};
        CHECK(ring_put(&driver_free, &dma)); /* nothing is out */
    }
    dma.cookie = 0xffff;
    CHECK(ring_put(&driver_free, &dma));
    put(0, (struct net_desc){.offset = 0, .length = 60, .cookie = 1});
    fake_wake(FAKE_BIT(CLIENT(0)));
    CHECK(ring_get(&driver_filled, &dma));
    CHECK(ring_put(&driver_free, &dma) && ring_put(&driver_free, &dma)); /* twice */
    fake_wake(FAKE_BIT(DRIVER));
    CHECK(ring_get(&returned[0], &done) && !ring_get(&returned[0], &done));
    CHECK_EQUAL(net_virt_tx_counts()->nonsense, 43 + 1 + 1);
}

static void test_nobody_is_woken_for_a_lone_frame(void)
{
    struct net_dma_desc dma;
    start();
    put(0, (struct net_desc){.offset = 0, .length = 60, .cookie = 1});
    fake_wake(FAKE_BIT(CLIENT(0)));
    CHECK(ring_get(&driver_filled, &dma) && ring_put(&driver_free, &dma));
    CHECK(!ring_wake_consumer(&driver_free));
    for (uint32_t i = 0; i < NET_LAZY; i++) {
        put(0, (struct net_desc){.offset = 0, .length = 60, .cookie = i});
    }
    fake_wake(FAKE_BIT(CLIENT(0)));
    CHECK(ring_wake_consumer(&driver_free)); /* now its client may be waiting */
}

/* But for who says that he waits: the driver hears of it, once for all that is out. */
static void test_a_client_that_waits(void)
{
    struct net_dma_desc dma;
    struct net_desc done;
    start();
    CHECK(ring_arm_consumer(&returned[0]));
    fake_wake(FAKE_BIT(CLIENT(0))); /* nothing is out */
    CHECK_EQUAL(fake_notified(DRIVER), 0);
    for (int i = 0; i < 2; i++) {
        put(0, (struct net_desc){.offset = 0, .length = 60, .cookie = 1});
        put(0, (struct net_desc){.offset = 0, .length = 60, .cookie = 2});
        fake_wake(FAKE_BIT(CLIENT(0)));
        (void)fake_notified(DRIVER);
        CHECK(ring_get(&driver_filled, &dma));
        CHECK(ring_arm_consumer(&returned[0]));
        fake_wake(FAKE_BIT(CLIENT(0)));
        CHECK_EQUAL(fake_notified(DRIVER), i); /* the first time it was told with the frames, being armed already */
        fake_wake(FAKE_BIT(CLIENT(0)));
        CHECK_EQUAL(fake_notified(DRIVER), 0);
        CHECK(ring_put(&driver_free, &dma) && ring_wake_consumer(&driver_free));
        fake_wake(FAKE_BIT(DRIVER));
        CHECK_EQUAL(fake_notified(CLIENT(0)), 1);
        CHECK(ring_get(&returned[0], &done) && ring_get(&driver_filled, &dma) && ring_put(&driver_free, &dma));
        fake_wake(FAKE_BIT(DRIVER));
        CHECK(ring_get(&returned[0], &done) && done.cookie == 2);
    }
}

/* Each would wake the other again, for as long as the device keeps its frames. */
static void test_the_driver_is_not_woken_for_nothing(void)
{
    struct net_dma_desc dma;
    start();
    for (uint32_t i = 0; i < NET_LAZY; i++) {
        put(0, (struct net_desc){.offset = 0, .length = 60, .cookie = i});
    }
    fake_wake(FAKE_BIT(CLIENT(0)));
    while (ring_get(&driver_filled, &dma)) {
    }
    (void)fake_notified(DRIVER);
    CHECK(ring_arm_consumer(&driver_filled));
    fake_wake(FAKE_BIT(DRIVER));
    CHECK_EQUAL(fake_notified(DRIVER), 0);
    put(0, (struct net_desc){.offset = 0, .length = 60, .cookie = 1});
    fake_wake(FAKE_BIT(CLIENT(0)));
    CHECK_EQUAL(fake_notified(DRIVER), 1);
}

/* In a process of its own: the service starts with its statics as they are at a start. */
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
    run(test_translates_a_chain);
    run(test_refuses);
    run(test_asks_for_checksums);
    run(test_asks_for_cutting);
    run(test_refuses_what_the_device_does_not_offer);
    run(test_refuses_all_where_nothing_is_offered);
    run(test_throws_away_a_chain_without_end);
    run(test_takes_turns_and_waits);
    run(test_waits_for_room_in_the_drivers_ring);
    run(test_lying_driver);
    run(test_nobody_is_woken_for_a_lone_frame);
    run(test_a_client_that_waits);
    run(test_the_driver_is_not_woken_for_nothing);
    return 0;
}
