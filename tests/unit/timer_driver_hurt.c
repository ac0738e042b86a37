/* timer_driver_hurt.c: timer/driver.c after its own memory was written over: whoever waits for a deadline that has become
 * another one would wait for it, perhaps for ever; so the driver ends, and its next life asks for all anew. */
#include "timer/driver.c"

#include "timer/client.h"
#include "tests/unit/fake_microkit.h"

enum { IRQ = 0, FIRST = 10, SECOND = 11, DRIVER = 5 };

static struct timer_page pages[2];
const struct timer_driver_config timer_driver_config = {
    .irq = IRQ, .client_count = 2, .clients = {{&pages[0], FIRST}, {&pages[1], SECOND}}};
const struct timer_client_config timer_client_config = {.page = &pages[0], .channel = DRIVER};

static uint64_t set_to;

void timer_device_set(uint64_t ticks)
{
    set_to = ticks;
}

void timer_device_off(void)
{
    set_to = TIMER_NEVER;
}

static void nothing(void *context)
{
    (void)context;
}

/* Each time for an earlier deadline: a client that has asked for one waits for it first. */
static void client_asks(void)
{
    static struct timer timer;
    static uint64_t at_ns = 1000;

    timer_start(&timer, at_ns -= 10, nothing, NULL);
    pd_flush();
    CHECK_EQUAL(fake_notified(DRIVER), 1);
    notified(FIRST);
    CHECK_EQUAL(self.deadlines[0], at_ns);
}

static void other_asks(void)
{
    timer_page_set(&pages[1], 700);
    notified(SECOND);
}

static void interrupt(void)
{
    fake_wake(FAKE_BIT(IRQ));
}

static void test_word(uint64_t *word)
{
    client_asks();
    other_asks();
    CHECK_EQUAL(set_to, 700);
    *word ^= 1ull << 40;
    CHECK(fake_dies(other_asks) && fake_dies(interrupt));
    CHECK_TEXT(fake_why(), "a deadline has changed by itself");
    init();
    fake_reset();
    client_asks();
    CHECK_EQUAL(set_to, self.deadlines[0]);
    CHECK(!fake_dies(other_asks) && !fake_dies(interrupt));
}

int main(void)
{
    fake_reset();
    init();
    timer_client_init(&timer_client_config);
    test_word(&self.deadlines[0]);
    test_word(&self.deadlines[1]);
    test_word(&self.due);
    test_word(&self.sum);
    return 0;
}
