/* tests/unit/timer_client.c: many timers over one deadline; the driver is called as seldom as it can be. */
#include <string.h>

#include "timer/client.h"
#include "timer/proto.h"
#include "tests/unit/fake_microkit.h"

enum { DRIVER = 5 };

static uint64_t asked;
static unsigned calls;

static microkit_msginfo driver(microkit_channel channel, microkit_msginfo info)
{
    CHECK_EQUAL(channel, DRIVER);
    CHECK_EQUAL(microkit_msginfo_get_label(info), TIMER_SET_DEADLINE);
    CHECK_EQUAL(microkit_msginfo_get_count(info), 1);
    asked = microkit_mr_get(0);
    calls++;
    return microkit_msginfo_new(0, 0);
}

static char fired[100];
static size_t fired_count;

static void fire(void *name)
{
    fired[fired_count++] = *(const char *)name;
    fired[fired_count] = '\0';
}

static struct timer a, b, c, again;

static void expect(const char *names, unsigned driver_calls, uint64_t deadline)
{
    pd_flush();
    CHECK_TEXT(fired, names);
    CHECK_EQUAL(calls, driver_calls);
    CHECK_EQUAL(asked, deadline);
    fired_count = calls = 0;
    fired[0] = '\0';
}

static void at(uint64_t now)
{
    fake_set_now_ns(now);
    fake_wake(FAKE_BIT(DRIVER));
}

static void start_again(void *name)
{
    fire(name);
    timer_start(&again, pd_now_ns(), start_again, name);
}

static void stop_b(void *name)
{
    fire(name);
    timer_stop(&b);
}

int main(void)
{
    fake_reset();
    fake_on_ppcall(driver);
    timer_client_init(&(struct timer_client_config){DRIVER});

    /* Once per wake-up, for the earliest. */
    timer_start(&a, 300, fire, "a");
    timer_start(&b, 100, fire, "b");
    timer_start(&c, 200, fire, "c");
    expect("", 1, 100);
    timer_start(&c, 250, fire, "c");
    expect("", 0, 100);
    timer_stop(&b); /* its deadline stays with the driver, and finds nothing */
    expect("", 0, 100);
    at(100);
    expect("", 1, 250);
    at(250);
    expect("c", 1, 300);
    at(1000);
    expect("a", 0, 300);

    /* Due together, in order, those of one time in the order of their start; a handler may stop the next one. */
    timer_start(&a, 2000, fire, "a");
    timer_start(&b, 2000, fire, "b");
    timer_start(&c, 1500, fire, "c");
    at(2500);
    expect("cab", 0, 300);
    timer_start(&a, 2600, stop_b, "a");
    timer_start(&b, 2700, fire, "b");
    timer_start(&c, 2800, fire, "c");
    at(2900);
    expect("ac", 0, 300);
    timer_stop(&b);
    timer_stop(&b);

    /* A timer that starts itself for now does not keep us, and comes again with the next event. */
    timer_start(&again, 3000, start_again, "x");
    at(3000);
    expect("x", 1, 3000);
    at(3001);
    expect("x", 1, 3001);

    /* The driver has died: it notifies, and is told the deadline anew, also when it died in the middle of a call. */
    timer_stop(&again);
    at(3001);
    timer_start(&a, 9000, fire, "a");
    expect("", 1, 9000);
    at(4000);
    expect("", 1, 9000);
    at(9000);
    expect("a", 0, 9000);
    return 0;
}
