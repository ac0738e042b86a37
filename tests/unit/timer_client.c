/* tests/unit/timer_client.c: many timers over one deadline; the driver is asked as seldom as it can be. */
#include <string.h>

#include "timer/client.h"
#include "timer/proto.h"
#include "tests/unit/fake_microkit.h"

enum { DRIVER = 5, PEER = 6 };

#define MS 1000000ull

static struct timer_page page;

static bool driver_is_dead;
static char fired[100];
static size_t fired_count;

static void fire(void *name)
{
    CHECK_EQUAL(timer_client_is_late(), driver_is_dead);
    fired[fired_count++] = *(const char *)name;
    fired[fired_count] = '\0';
}

static struct timer a, b, c, again;
static bool told;

static void expect(const char *names, unsigned asked, uint64_t deadline)
{
    pd_flush();
    CHECK_TEXT(fired, names);
    CHECK_EQUAL(fake_notified(DRIVER), asked);
    CHECK_EQUAL(page.deadline, deadline);
    fired_count = 0;
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

/* A library above, which has something to send when a timer of its own has rung. */
static void tell(void *name)
{
    fire(name);
    told = true;
}

static void upper(void *context)
{
    if (told) {
        told = false;
        pd_notify_later(PEER);
    }
}

/* The driver says nothing, for good: what is due runs at the end of whatever event comes late enough, and reaches those
 * whom it is for; the driver is asked anew, once. */
static void test_driver_is_dead(void)
{
    driver_is_dead = true;
    timer_start(&a, 20 * MS, tell, "a");
    timer_start(&b, 60 * MS, fire, "b");
    expect("", 1, 20 * MS);
    fake_set_now_ns(40 * MS); /* as late as our own event may make it */
    expect("", 0, 20 * MS);
    fake_set_now_ns(40 * MS + 1);
    expect("a", 1, 60 * MS);
    CHECK_EQUAL(fake_notified(PEER), 1);
    timer_start(&again, 50 * MS, start_again, "x");
    expect("", 1, 50 * MS);
    fake_set_now_ns(71 * MS);
    expect("xb", 1, 71 * MS); /* one that starts itself for now does not keep us here either */
    expect("", 0, 71 * MS);
    driver_is_dead = false;
    at(91 * MS); /* it is back */
    expect("x", 1, 91 * MS);
}

int main(void)
{
    fake_reset();
    timer_client_init(&(struct timer_client_config){&page, DRIVER});
    pd_before_flush(upper, NULL);

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

    /* The driver has died: it notifies, and is told the deadline anew, whatever the page says. */
    timer_stop(&again);
    at(3001);
    timer_start(&a, 9000, fire, "a");
    expect("", 1, 9000);
    at(4000);
    expect("", 1, 9000);
    at(9000);
    expect("a", 0, 9000);
    test_driver_is_dead();
    return 0;
}
