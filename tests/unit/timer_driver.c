/* tests/unit/timer_driver.c: the driver over a scripted comparator. */
#include "timer/config.h"
#include "timer/counters.h"
#include "tests/unit/fake_microkit.h"

enum { IRQ = 0, FIRST = 10, SECOND = 11 };

/* In place of timer/arm_timer.h. */
#define TIMER_ARM_TIMER_H
static bool on;
static uint64_t comparator;

static void arm_timer_set(uint64_t ticks)
{
    on = true;
    comparator = ticks;
}

static void arm_timer_off(void)
{
    on = false;
}

#include "timer/driver_arm.c"

static struct timer_page pages[2];
const struct timer_driver_config timer_driver_config = {
    .irq = IRQ, .client_count = 2, .clients = {{&pages[0], FIRST}, {&pages[1], SECOND}}};

static void ask(microkit_channel channel, uint64_t ticks)
{
    timer_page_set(&pages[channel - FIRST], ticks);
    notified(channel);
    CHECK(!microkit_have_signal);
}

static void ask_once_more(void)
{
    ask(SECOND, 0);
}

/* The interrupt does not come, whatever it is that keeps it: the next call notices, however often there was one before. What
 * is due is told then; where the next one does not come either a new life is needed. */
static void test_interrupt_that_does_not_come(void)
{
    uint64_t second = pd_ticks_per_second(), begun = pd_now_ticks();

    ask(FIRST, begun + second / 100);
    for (unsigned n = 0; n < 25; n++) {
        fake_set_now_ns(pd_now_ns() + 10000000);
        ask(SECOND, n % 2 ? begun + second : 0);
    }
    CHECK_EQUAL(fake_notified(FIRST), 0);
    fake_set_now_ns(pd_now_ns() + 20000000);
    ask(SECOND, begun + second / 2);
    CHECK(fake_notified(FIRST) == 1 && on && comparator == begun + second / 2);
    fake_set_now_ns(begun + second / 2 + 240000000);
    ask(FIRST, TIMER_NEVER);
    fake_set_now_ns(pd_now_ns() + 20000000);
    CHECK(fake_dies(ask_once_more));
}

/* A machine that was held up, its clock aside: the interrupt is late, and comes. */
static void test_interrupt_that_is_late(void)
{
    fake_notified(FIRST);
    for (unsigned n = 0; n < 3; n++) {
        ask(FIRST, pd_now_ticks());
        fake_set_now_ns(pd_now_ns() + 300000000);
        ask(SECOND, TIMER_NEVER);
        CHECK_EQUAL(fake_notified(FIRST), 1);
        fake_wake(FAKE_BIT(IRQ));
        CHECK(fake_notified(FIRST) == 0 && !on);
    }
}

static void test_interrupt_that_comes(void)
{
    for (unsigned n = 0; n < 100; n++) {
        ask(FIRST, 0);
        fake_wake(FAKE_BIT(IRQ));
        fake_set_now_ns(pd_now_ns() + 100000000);
        ask(SECOND, pd_now_ticks() + pd_ticks_per_second());
    }
}

int main(void)
{
    fake_reset();
    init();
    CHECK(!on);
    ask(FIRST, 500);
    CHECK(on && comparator == 500);
    ask(SECOND, 200);
    CHECK(on && comparator == 200);
    fake_set_now_ns(200);
    fake_wake(FAKE_BIT(IRQ));
    CHECK_EQUAL(fake_notified(SECOND), 1);
    CHECK_EQUAL(fake_notified(FIRST), 0);
    CHECK_EQUAL(fake_acked(IRQ), 1);
    CHECK(on && comparator == 500);
    ask(FIRST, TIMER_NEVER);
    CHECK(!on);
    fake_set_now_ns(600);
    fake_wake(FAKE_BIT(IRQ));
    CHECK_EQUAL(fake_notified_bits(), 0);

    CHECK(timer_counts()->asked == 3 && timer_counts()->interrupts == 2 && timer_counts()->deadlines == 1);

    /* Both at once; a time that has passed raises the interrupt by itself. */
    ask(FIRST, 10);
    ask(SECOND, 20);
    CHECK(on && comparator <= 600);
    fake_wake(FAKE_BIT(IRQ));
    CHECK_EQUAL(fake_notified(FIRST), 1);
    CHECK_EQUAL(fake_notified(SECOND), 1);
    CHECK(!on);

    /* A word alone changes nothing, nor does it for the other client, nor an event of a channel that is no client's. */
    ask(FIRST, TIMER_NEVER);
    pages[0].deadline = 1;
    ask(SECOND, TIMER_NEVER);
    fake_wake(FAKE_BIT(30));
    CHECK(!on);
    CHECK_EQUAL(fake_notified_bits(), 0);
    CHECK_EQUAL(fake_lost_deferred(), 0);

    /* In one wake-up: the interrupt is for what was asked before. */
    ask(FIRST, 700);
    fake_set_now_ns(700);
    pages[0].deadline = 800;
    fake_wake(FAKE_BIT(IRQ) | FAKE_BIT(FIRST));
    CHECK(fake_notified(FIRST) == 1 && on && comparator == 800);
    CHECK_EQUAL(fake_lost_deferred(), 0);

    /* Started anew it has forgotten all, and asks; the interrupt may be one that nobody has acknowledged. */
    ask(FIRST, 900);
    fake_acked(IRQ);
    fake_set_generation(2);
    init();
    CHECK(!on && timer_counts()->interrupts == 0);
    CHECK(fake_notified(FIRST) == 1 && fake_notified(SECOND) == 1 && fake_acked(IRQ) == 1);
    ask(FIRST, 900);
    CHECK(on && comparator == 900);
    fake_set_generation(3);
    init();
    fake_notified_bits();
    test_interrupt_that_comes();
    test_interrupt_that_is_late();
    test_interrupt_that_does_not_come();
    return 0;
}
