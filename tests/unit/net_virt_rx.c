/* net_virt_rx.c: net/virt_rx.c between a driver and clients that lie. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/counters.h"
#include "tests/unit/net_virt_rx_rig.h"

static void start(void)
{
    fake_reset();
    memset(rings, 0, sizeof(rings));
    attach_ends();
    init();
}

static void give(int client, uint32_t offset)
{
    struct net_desc desc = {.offset = offset, .length = NET_BUFFER_SIZE, .cookie = 7};
    CHECK(ring_put(&client_free[client], &desc));
}

static struct net_dma_desc take_dma(void)
{
    struct net_dma_desc desc;
    CHECK(ring_get(&driver_free, &desc));
    return desc;
}

/* A frame for `last` octet of 52:00:00:00:00:xx, or broadcast for 0xff, filled with its length. */
static void frame(struct net_dma_desc *desc, uint8_t last, uint16_t length)
{
    uint8_t *at = dma + (desc->bus.value - BUS);
    memset(at, (uint8_t)length, length);
    memcpy(at, last == 0xff ? (uint8_t[]){255, 255, 255, 255, 255, 255} : (uint8_t[]){0x52, 0, 0, 0, 0, last}, 6);
    desc->length = length;
    CHECK(ring_put(&driver_filled, desc));
}

static void test_delivers_by_address(void)
{
    struct net_dma_desc desc[3];
    struct net_desc got;
    start();
    CHECK_EQUAL(ring_count(&driver_free), BUFFERS);
    for (int i = 0; i < 3; i++) {
        desc[i] = take_dma();
    }
    for (int c = 0; c < 2; c++) {
        ring_arm_consumer(&client_filled[c]);
        give(c, 0);
        give(c, NET_BUFFER_SIZE);
    }
    desc[0].flags = NET_CHECKED | NET_MORE;
    frame(&desc[0], 1, 60);
    frame(&desc[1], 0xff, 100);
    frame(&desc[2], 9, 64); /* nobody's */
    fake_wake(FAKE_BIT(DRIVER));
    CHECK(ring_get(&client_filled[0], &got));
    CHECK(got.length == 60 && got.offset == 0 && got.cookie == 7 && buffers[0][5] == 1 && buffers[0][59] == 60);
    CHECK_EQUAL(got.flags, NET_CHECKED); /* the device's word on the checksum, and nothing else of its flags */
    CHECK(ring_get(&client_filled[0], &got));
    CHECK(got.length == 100 && buffers[0][got.offset + 99] == 100);
    CHECK(ring_get(&client_filled[1], &got));
    CHECK(got.length == 100 && got.offset == 0);
    CHECK(!ring_get(&client_filled[1], &got) && !ring_get(&client_filled[0], &got));
    CHECK_EQUAL(ring_count(&driver_free), BUFFERS);                        /* all given back */
    CHECK(fake_notified(CLIENT(0)) == 1 && fake_notified(CLIENT(1)) == 1); /* once for the batch */
}

static void give_small(uint32_t offset)
{
    struct net_desc desc = {.offset = offset, .length = NET_BUFFER_SMALL, .cookie = 8};
    CHECK(ring_put(&client_small, &desc));
}

/* What the client says of a buffer's length is not believed: its ring says it. */
static void test_small_frames_take_small_buffers(void)
{
    static const uint16_t lengths[] = {NET_SMALL_MAX, NET_SMALL_MAX + 1, 14, 60};
    static const uint32_t offsets[] = {NET_BUFFER_SIZE, 0, NET_BUFFER_SIZE + NET_BUFFER_SMALL, 2 * NET_BUFFER_SIZE};
    struct net_dma_desc desc[4];
    struct net_desc got;
    start();
    give(0, 0);
    give(0, 2 * NET_BUFFER_SIZE);
    give_small(NET_BUFFER_SIZE);
    give_small(sizeof(buffers[0]) - NET_BUFFER_SMALL + 1); /* sticks out */
    give_small(NET_BUFFER_SIZE + NET_BUFFER_SMALL);
    for (int i = 0; i < 4; i++) {
        desc[i] = take_dma();
    }
    for (int i = 0; i < 4; i++) {
        frame(&desc[i], 1, lengths[i]);
    }
    fake_wake(FAKE_BIT(DRIVER));
    for (int i = 0; i < 4; i++) { /* the last finds no small one */
        CHECK(ring_get(&client_filled[0], &got) && got.length == lengths[i] && got.offset == offsets[i]);
        CHECK_EQUAL(got.cookie, i % 2 ? 7 : 8);
    }
    CHECK(!ring_get(&client_filled[0], &got));
    CHECK_EQUAL(ring_count(&driver_free), BUFFERS);
}

static void test_drops_for_a_client_without_buffers(void)
{
    struct net_desc got;
    start();
    give(1, 0);
    struct net_dma_desc a = take_dma(), b = take_dma();
    frame(&a, 1, 60);
    frame(&b, 2, 60);
    fake_wake(FAKE_BIT(DRIVER));
    CHECK(!ring_get(&client_filled[0], &got));
    CHECK(ring_get(&client_filled[1], &got));
    CHECK_EQUAL(ring_count(&driver_free), BUFFERS);
    CHECK_EQUAL(net_virt_rx_counts()->dropped_absent, 1); /* it has not begun, as far as we know */
    give(0, 0);
    for (uint32_t i = 0; i < 2; i++) {
        a = take_dma();
        frame(&a, 1, 60);
        fake_wake(FAKE_BIT(DRIVER));
    }
    CHECK(ring_get(&client_filled[0], &got) && !ring_get(&client_filled[0], &got));
    CHECK(net_virt_rx_counts()->dropped_absent == 1 && net_virt_rx_counts()->dropped_no_buffer == 1);
}

static void test_lying_client(void)
{
    struct net_desc got;
    start();
    give(0, sizeof(buffers[0]));                       /* outside */
    give(0, sizeof(buffers[0]) - NET_BUFFER_SIZE + 1); /* sticks out */
    give(0, 0xffffffff);
    give(0, NET_BUFFER_SIZE); /* right */
    struct net_dma_desc desc = take_dma();
    frame(&desc, 1, 60);
    fake_wake(FAKE_BIT(DRIVER));
    CHECK(ring_get(&client_filled[0], &got) && got.offset == NET_BUFFER_SIZE);
    ((struct ring_shared *)rings[2])->tail = 0x80000000; /* impossible */
    ((struct ring_shared *)rings[3])->head = 0x1234;
    desc = take_dma();
    frame(&desc, 1, 60);
    fake_wake(FAKE_BIT(DRIVER));
    CHECK_EQUAL(ring_count(&driver_free), BUFFERS - 1 + 1);
    CHECK(net_virt_rx_counts()->nonsense_client >= 3 && net_virt_rx_counts()->nonsense_driver == 0);
}

static void test_lying_driver(void)
{
    struct net_desc got;
    struct net_dma_desc right;
    start();
    give(0, 0);
    right = take_dma();
    struct net_dma_desc wrong[] = {
        {.bus = {0}, .length = 60},       {.bus = {BUS + sizeof(dma)}, .length = 60},
        {.bus = {BUS - 1}, .length = 60}, {.bus = {BUS + 1}, .length = 60},
        {.bus = {~0ul}, .length = 60},    {.bus = {BUS}, .length = NET_BUFFER_SIZE + 1},
        {.bus = {BUS}, .length = 13},     {.bus = {BUS}, .length = 0},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        CHECK(ring_put(&driver_filled, &wrong[i]));
    }
    frame(&right, 1, NET_BUFFER_SIZE - 1);
    fake_wake(FAKE_BIT(DRIVER));
    CHECK(ring_get(&client_filled[0], &got));
    CHECK_EQUAL(got.length, NET_BUFFER_SIZE - 1);
    CHECK(!ring_get(&client_filled[0], &got));
    CHECK_EQUAL(ring_count(&driver_free), BUFFERS); /* the right one alone came back */
    CHECK_EQUAL(net_virt_rx_counts()->nonsense_driver, sizeof(wrong) / sizeof(*wrong));
}

static void test_wakes_a_driver_that_was_short(void)
{
    struct net_dma_desc desc[BUFFERS];
    start();
    for (int i = 0; i < BUFFERS; i++) {
        desc[i] = take_dma();
    }
    CHECK(ring_arm_consumer(&driver_free));
    frame(&desc[0], 9, 60);
    fake_wake(FAKE_BIT(DRIVER));
    CHECK_EQUAL(fake_notified(DRIVER), 1);
    CHECK_EQUAL(net_virt_rx_counts()->dropped_unclaimed, 1);
    desc[0] = take_dma();
    frame(&desc[0], 9, 60);
    fake_wake(FAKE_BIT(DRIVER));
    CHECK_EQUAL(fake_notified(DRIVER), 0); /* not armed: not woken */
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
    run(test_delivers_by_address);
    run(test_small_frames_take_small_buffers);
    run(test_drops_for_a_client_without_buffers);
    run(test_lying_client);
    run(test_lying_driver);
    run(test_wakes_a_driver_that_was_short);
    return 0;
}
