/* tests/unit/lib_base.c: region checks, the formatter, the log, dispatch and owed wake-ups, the board's clock. */
#include <limits.h>
#include <string.h>

#include "lib/log.h"
#include "lib/region.h"
#include "tests/unit/fake_microkit.h"

static void test_region(void)
{
    char memory[100];
    struct region region = {.base = memory, .size = 100, .bus = 0x5000};
    struct bus_address bus;
    uint64_t offset;

    CHECK(region_at(&region, 0, 100) == memory);
    CHECK(region_at(&region, 99, 1) == memory + 99);
    CHECK(region_at(&region, 100, 0) == memory + 100);
    CHECK(!region_at(&region, 100, 1));
    CHECK(!region_at(&region, 101, 0));
    CHECK(!region_at(&region, 0, 101));
    CHECK(!region_at(&region, 50, UINT64_MAX - 20)); /* the sum is small again */
    CHECK(!region_at(&region, UINT64_MAX, 1));
    CHECK(region_bus(&region, 10, 90, &bus) && bus.value == 0x500a);
    CHECK(!region_bus(&region, 10, 91, &bus));
    CHECK(region_from_bus(&region, (struct bus_address){0x5063}, 1, &offset) && offset == 0x63);
    CHECK(!region_from_bus(&region, (struct bus_address){0x5063}, 2, &offset));
    CHECK(!region_from_bus(&region, (struct bus_address){0x4fff}, 1, &offset));
    region.bus = 0;
    CHECK(!region_bus(&region, 0, 1, &bus));
}

/* Against the host's printf, and in a buffer with nothing after it. */
#define CHECK_FORMAT(...)                                                     \
    do {                                                                      \
        char want_[600];                                                      \
        size_t length_ = (size_t)snprintf(want_, sizeof(want_), __VA_ARGS__); \
        char *got_ = malloc(length_ + 1);                                     \
        CHECK_EQUAL(log_format(got_, length_ + 1, __VA_ARGS__), length_);     \
        CHECK(strcmp(got_, want_) == 0);                                      \
        free(got_);                                                           \
    } while (0)

static void test_format(void)
{
    CHECK_FORMAT("plain");
    CHECK_FORMAT("%d %d %d %i", 0, -1, INT_MIN, INT_MAX);
    CHECK_FORMAT("%u %x %lu %lx", UINT_MAX, 0xbeefu, ULONG_MAX, 0x123456789abcul);
    CHECK_FORMAT("%ld %lld %zu %zd", LONG_MIN, LLONG_MIN, SIZE_MAX, (ssize_t)-5);
    CHECK_FORMAT("%hhx %hx %hhd %hd", (unsigned char)0xff, (unsigned short)0xabcd, (char)-3, (short)-300);
    CHECK_FORMAT("[%5d] [%-5d] [%05d] [%05d] [%2d]", 42, 42, 42, -42, 12345);
    CHECK_FORMAT("[%s] [%8s] [%-8s] [%.2s] [%.*s] [%*s]", "abc", "abc", "abc", "abc", 1, "abc", -6, "abc");
    CHECK_FORMAT("%c%c%%", 'a', 'b');
    CHECK_FORMAT("%p", (void *)0x1234);
    CHECK_FORMAT("%02x:%02x:%02x", 1, 0xab, 0);
    CHECK_FORMAT("%016lx", 0x1234ul);

    static const char *volatile nothing; /* a compiler that sees NULL here warns */
    char small[8];

    CHECK_EQUAL(log_format(small, sizeof(small), "0123456789"), 7);
    CHECK(strcmp(small, "0123...") == 0);
    CHECK_EQUAL(log_format(small, 1, "abc"), 0);
    CHECK_EQUAL(log_format(small, 2, "abc"), 1);
    log_format(small, sizeof(small), "%s", nothing);
    CHECK(strcmp(small, "(null)") == 0);
}

static bool sink_open;
static char sunk[1024];

static bool sink(const char *line, size_t length)
{
    CHECK(length > 0 && line[length - 1] == '\n');
    if (sink_open) {
        strncat(sunk, line, length);
    }
    return sink_open;
}

static void test_log(void)
{
    char text[400];

    log_line("to the %s", "console");
    CHECK(strcmp(fake_console(), "fake| to the console\n") == 0);
    log_to(sink);
    log_line("lost");
    log_line("lost");
    sink_open = true;
    log_line("came %d", 3);
    log_line("on");
    CHECK(strcmp(sunk, "[2 lost] came 3\non\n") == 0);
    sunk[0] = '\0';
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    log_line("%s", text);
    CHECK_EQUAL(strlen(sunk), LOG_LINE_MAX + 1);
    CHECK(strcmp(sunk + LOG_LINE_MAX - 4, "x...\n") == 0);
    log_to(NULL);
}

static unsigned handled, order[8], order_count;

static void handler(void *context)
{
    handled += *(unsigned *)context;
    pd_notify_later(7);
    pd_notify_later(9);
    pd_notify_later(7);
}

static void lower(void *context)
{
    order[order_count++ % 8] = 1;
    pd_notify_later(11);
}

static void upper(void *context)
{
    order[order_count++ % 8] = 2;
}

static unsigned three = 3;

static void register_twice(void)
{
    pd_on_channel(4, handler, &three);
}

static void register_far(void)
{
    pd_on_channel(62, handler, &three);
}

/* Each owed wake-up once, none lost to the SDK's single slot, what stands on others acts first. */
static void test_dispatch(void)
{
    fake_reset();
    pd_on_channel(4, handler, &three);
    pd_on_channel(5, handler, &three);
    CHECK(fake_dies(register_twice));
    CHECK(fake_dies(register_far));
    pd_before_flush(lower, NULL);
    pd_before_flush(upper, NULL);
    fake_wake(FAKE_BIT(4));
    CHECK_EQUAL(handled, 3);
    CHECK_EQUAL(fake_notified(7), 1);
    CHECK_EQUAL(fake_notified(9), 1);
    CHECK_EQUAL(fake_notified(11), 1);
    CHECK(order_count == 2 && order[0] == 2 && order[1] == 1);
    fake_wake(FAKE_BIT(4) | FAKE_BIT(5) | FAKE_BIT(20));
    CHECK_EQUAL(handled, 9);
    CHECK_EQUAL(fake_notified(7), 2);
    CHECK_EQUAL(fake_notified(9), 2);
    CHECK_EQUAL(fake_lost_deferred(), 0);
    pd_notify_later(30);
    CHECK_EQUAL(fake_notified(30), 0);
    pd_flush();
    CHECK_EQUAL(fake_notified(30), 1);
    CHECK(!microkit_have_signal);
    CHECK(!pd_dispatch(20) && !pd_dispatch(100));
    pd_dispatch_all(); /* both channels that there are, without an event, and nothing is sent by that alone */
    CHECK_EQUAL(handled, 15);
    CHECK_EQUAL(fake_notified_bits() & ~(FAKE_BIT(9) | FAKE_BIT(11)), 0);
}

/* 32 bits of seconds: from 2026, when there was a Serval, to 2106. */
static void test_clock(void)
{
    static const uint32_t never[] = {0, 86400, PD_EARLIEST_S - 1}, set[] = {PD_EARLIEST_S, 0x80000000u, UINT32_MAX};

    for (int i = 0; i < 3; i++) {
        CHECK_EQUAL(pd_clock_s(&never[i]), 0);
        CHECK_EQUAL(pd_clock_s(&set[i]), set[i]);
    }
    CHECK_EQUAL(pd_clock_s(NULL), 0);
}

int main(void)
{
    test_region();
    test_format();
    test_log();
    test_dispatch();
    test_clock();
    return 0;
}
