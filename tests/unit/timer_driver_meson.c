/* tests/unit/timer_driver_meson.c: the driver with Amlogic's timer A over a model of the device, in simulated time: a
 * prescaler that runs freely, 16 bits, one edge at the end.
 */
#include "timer/config.h"
#include "tests/unit/fake_microkit.h"

enum { IRQ = 0, FIRST = 10, SECOND = 11 };

#define FIRMWARE_MUX (1u << 8 | 1u << 17) /* timer E counts microseconds, timer B is somebody's */

static struct {
    uint64_t now;     /* ns */
    uint64_t expires; /* ns, while it runs */
    uint32_t mux, count;
    unsigned edges;
} device;

static uint32_t device_read(uint32_t offset);
static void device_write(uint32_t offset, uint32_t value);

#define TIMER_REGISTERS_H /* the driver reads and writes the model */
#include "timer/driver_meson.c"

static struct timer_page pages[2];
const struct timer_driver_config timer_driver_config = {
    .irq = IRQ, .client_count = 2, .clients = {{&pages[0], FIRST}, {&pages[1], SECOND}}};

static uint32_t device_read(uint32_t offset)
{
    CHECK_EQUAL(offset, MUX);
    return device.mux;
}

static void start(void)
{
    static const uint64_t step_ns[] = {1000, 10000, 100000, 1000000};
    uint64_t step = step_ns[device.mux & MUX_A_STEP_MASK];

    CHECK(device.count > 0);
    device.expires = (device.now / step + device.count) * step; /* the first step may be short */
}

static void device_write(uint32_t offset, uint32_t value)
{
    switch (offset) {
    case MUX:
        CHECK_EQUAL(value & ~(MUX_A_ENABLE | MUX_A_STEP_MASK), FIRMWARE_MUX);
        if (value & MUX_A_ENABLE && !(device.mux & MUX_A_ENABLE)) {
            device.mux = value;
            start();
        }
        device.mux = value;
        break;
    case TIMER_A:
        CHECK(value <= 0xffff && !(device.mux & MUX_A_ENABLE));
        device.count = value;
        break;
    default: CHECK(!"a register that the driver need not write");
    }
}

static bool running(void)
{
    return device.mux & MUX_A_ENABLE;
}

/* Up to that time, with the interrupts on the way. */
static void run_until(uint64_t ns)
{
    while (running() && device.expires <= ns) {
        device.now = device.expires;
        fake_set_now_ns(device.now);
        device.mux &= ~MUX_A_ENABLE; /* that shot is over; were it not set again, nothing would come */
        device.edges++;
        fake_wake(FAKE_BIT(IRQ));
        CHECK_EQUAL(fake_acked(IRQ), 1);
    }
    device.now = ns;
    fake_set_now_ns(ns);
}

static void ask(microkit_channel channel, uint64_t ticks)
{
    timer_page_set(&pages[channel - FIRST], ticks);
    fake_wake(FAKE_BIT(channel));
}

/* Never early, at most 3 us late, with few interrupts, wherever the prescaler stands. */
static void check_deadline(uint64_t distance, unsigned edges_max)
{
    for (uint64_t phase = 0; phase < 1200000; phase += 123457) {
        run_until(device.now + phase);
        uint64_t deadline = device.now + distance;
        device.edges = 0;
        ask(FIRST, deadline);
        if (distance) {
            run_until(deadline - 1);
            CHECK_EQUAL(fake_notified(FIRST), 0);
        }
        run_until(deadline + 3000);
        CHECK_EQUAL(fake_notified(FIRST), 1);
        CHECK(device.edges <= edges_max && !running());
    }
}

static void test_distances(void)
{
    static const uint64_t us[] = {0,     1,     2,      999,    65533,   65534,   65535,
                                  65536, 70000, 655350, 655360, 6553500, 6553600, 60000000};

    for (size_t i = 0; i < sizeof(us) / sizeof(us[0]); i++) {
        check_deadline(us[i] * 1000, 4);
        check_deadline(us[i] * 1000 + 1, 4);
    }
    check_deadline(3600ull * 1000000000, 3600 / 65 + 5);
}

static void test_clients(void)
{
    uint64_t base = device.now;

    ask(FIRST, base + 500000);
    ask(SECOND, base + 200000);
    run_until(base + 210000);
    CHECK_EQUAL(fake_notified(SECOND), 1);
    CHECK_EQUAL(fake_notified(FIRST), 0);
    ask(FIRST, TIMER_NEVER);
    CHECK(!running());
    ask(FIRST, 1); /* long past */
    run_until(base + 220000);
    CHECK_EQUAL(fake_notified(FIRST), 1);
    CHECK(!running());

    /* An edge that was under way when its deadline was withdrawn. */
    fake_wake(FAKE_BIT(IRQ));
    CHECK_EQUAL(fake_notified_bits(), 0);
    CHECK_EQUAL(fake_acked(IRQ), 1);
    CHECK(!running());
}

int main(void)
{
    fake_reset();
    device.mux = FIRMWARE_MUX | MUX_A_ENABLE | MUX_A_PERIODIC; /* the firmware left it on */
    init();
    CHECK_EQUAL(device.mux, FIRMWARE_MUX);
    run_until(12345678);
    test_distances();
    test_clients();
    CHECK_EQUAL(fake_lost_deferred(), 0);
    return 0;
}
