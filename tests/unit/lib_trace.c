/* tests/unit/lib_trace.c: the ring of lib/trace: order, wrapping, what a reader sees who stops the machine in the middle
 * of an event, a restart, the entry points. Given a file's name it leaves there a ring for the reader's own test
 * (tests/test_trace.py), so that both agree on where things lie.
 */
#include <string.h>

#include "tests/unit/fake_microkit.h"

/* The ring as it is when an event's time is taken: in the middle. */
static uint64_t ticks_in_between(void);
#define pd_now_ticks ticks_in_between
#include "lib/trace/trace.c"
#undef pd_now_ticks

#define CAPACITY 8

static union {
    struct trace_ring ring;
    uint8_t bytes[sizeof(struct trace_ring) + CAPACITY * sizeof(struct trace_event)];
} memory, seen;

const struct trace_config trace_config = {.ring = &memory.ring, .capacity = CAPACITY};

static struct {
    unsigned inits, notifieds, protecteds, faults;
} self;

static uint64_t ticks_in_between(void)
{
    seen = memory;
    return pd_now_ticks();
}

void __real_init(void)
{
    self.inits++;
}

void __real_notified(microkit_channel channel)
{
    self.notifieds++;
    microkit_notify(channel + 1);
}

microkit_msginfo __real_protected(microkit_channel channel, microkit_msginfo info)
{
    self.protecteds++;
    return microkit_msginfo_new(77, 0);
}

bool __real_fault(microkit_child child, microkit_msginfo info, microkit_msginfo *reply)
{
    self.faults++;
    return true;
}

static const struct trace_event *number(uint64_t n)
{
    return &memory.ring.events[n % CAPACITY];
}

static void check_event(uint64_t n, enum trace_event_id event, uint64_t a, uint64_t b)
{
    CHECK_EQUAL(number(n)->event, event);
    CHECK_EQUAL(number(n)->number, n);
    CHECK_EQUAL(number(n)->words[0], a);
    CHECK_EQUAL(number(n)->words[1], b);
}

static void begin(void)
{
    fake_reset();
    memset(&memory, 0xa5, sizeof(memory)); /* as memory may be that nobody has zeroed */
    trace_start();
}

static void test_start(void)
{
    begin();
    CHECK_EQUAL(memory.ring.magic, TRACE_MAGIC);
    CHECK_EQUAL(memory.ring.capacity, CAPACITY);
    CHECK_EQUAL(memory.ring.head, 0);
    CHECK_EQUAL(memory.ring.starts, 1);
    CHECK_EQUAL(memory.ring.ticks_per_second, 1000000000);
}

static void test_order_and_wrap(void)
{
    begin();
    for (uint64_t n = 0; n < 3 * CAPACITY + 3; n++) {
        fake_set_now_ns(1000 + n);
        trace(cache_hit, n, ~n);
        CHECK_EQUAL(memory.ring.head, n + 1);
        CHECK_EQUAL(number(n)->ticks, 1000 + n);
    }
    for (uint64_t n = 2 * CAPACITY + 3; n < 3 * CAPACITY + 3; n++) {
        check_event(n, TRACE_cache_hit, n, ~n);
        CHECK_EQUAL(number(n)->ticks, 1000 + n);
    }
}

/* The event that is half written is not there yet, and all that are told of are whole. */
static void test_stopped_in_between(void)
{
    begin();
    for (uint64_t n = 0; n < 2 * CAPACITY; n++) {
        trace(nic_received, n, 7);
        CHECK_EQUAL(seen.ring.head, n);
        for (uint64_t told = n > CAPACITY - 1 ? n - CAPACITY + 1 : 0; told < n; told++) {
            CHECK_EQUAL(seen.ring.events[told % CAPACITY].number, told);
            CHECK_EQUAL(seen.ring.events[told % CAPACITY].words[0], told);
        }
    }
}

static void test_restart(void)
{
    begin();
    __wrap_init();
    trace(notify, 3, 0);
    fake_set_generation(2);
    __wrap_init(); /* init begins and ends */
    CHECK_EQUAL(memory.ring.head, 5);
    CHECK_EQUAL(memory.ring.starts, 2);
    check_event(0, TRACE_init, 1, 0);
    check_event(2, TRACE_notify, 3, 0);
    check_event(3, TRACE_init, 2, 0);
    check_event(4, TRACE_end, 0, 0);
}

static void test_entry_points(void)
{
    microkit_msginfo reply;

    begin();
    self.inits = 0;
    __wrap_notified(5);
    check_event(0, TRACE_notified, 5, 0);
    check_event(1, TRACE_notify, 6, 0);
    check_event(2, TRACE_end, 0, 0);
    CHECK_EQUAL(fake_notified(6), 1);
    CHECK_EQUAL(microkit_msginfo_get_label(__wrap_protected(2, microkit_msginfo_new(9, 1))), 77);
    check_event(3, TRACE_protected, 2, 9);
    check_event(4, TRACE_end, 77, 0);
    CHECK(__wrap_fault(1, microkit_msginfo_new(4, 0), &reply));
    check_event(5, TRACE_fault, 1, 4);
    microkit_ppcall(8, microkit_msginfo_new(3, 0));
    check_event(7, TRACE_call, 8, 3);
    check_event(8, TRACE_end, 0, 0);
    CHECK(self.notifieds == 1 && self.protecteds == 1 && self.faults == 1);
}

/* What others owe is seen, too: lib/pd/notify.c. */
static void test_owed_wake_ups(void)
{
    begin();
    pd_notify_later(9);
    pd_notify_later(4);
    pd_flush_deferred();
    check_event(0, TRACE_notify, 4, 0);
    check_event(1, TRACE_notify, 9, 1);
}

static void test_text(void)
{
    char words[17] = "";

    begin();
    trace_text(http_target, "/a", 2);
    memcpy(words, number(0)->words, 16);
    CHECK(strcmp(words, "/a") == 0);
    trace_text(http_target, "/0123456789abcdef-and-more", 26);
    memcpy(words, number(1)->words, 16);
    CHECK(strcmp(words, "/0123456789abcde") == 0);
}

/* Eleven events, of which four are gone. */
static int leave_a_ring(const char *name)
{
    FILE *file = fopen(name, "wb");

    begin();
    for (uint64_t n = 0; n < 11; n++) {
        fake_set_now_ns(1000 * n);
        trace(cache_miss, 100 + n, 0x123456789abcdef0 + n);
    }
    CHECK(file && fwrite(&memory, sizeof(memory), 1, file) == 1 && fclose(file) == 0);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2) {
        return leave_a_ring(argv[1]);
    }
    test_start();
    test_order_and_wrap();
    test_stopped_in_between();
    test_restart();
    test_entry_points();
    test_owed_wake_ups();
    test_text();
    return 0;
}
