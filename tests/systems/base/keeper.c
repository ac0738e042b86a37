/* keeper.c: deadlines are kept: none early, in order, stopped ones never, and time passes in between. */
#include "lib/log.h"
#include "lib/pd.h"
#include "serial/client.h"
#include "timer/client.h"

#define MS 1000000ull
#define TICKS 50

static struct {
    struct timer early, late, stopped, tick;
    uint64_t start_ns, tick_ns, worst_ns;
    unsigned ticks;
    bool failed;
} self;

static void fail(const char *what)
{
    self.failed = true;
    log_line("deadline test failed: %s", what);
}

static void not_to_come(void *context)
{
    fail("a stopped timer came");
}

static void next_tick(void)
{
    self.tick_ns += 2 * MS;
    if (self.tick_ns < pd_now_ns()) {
        self.tick_ns = pd_now_ns() + 2 * MS;
    }
}

static void on_tick(void *context)
{
    uint64_t now = pd_now_ns();

    if (now < self.tick_ns) {
        fail("early");
    }
    if (now - self.tick_ns > self.worst_ns) {
        self.worst_ns = now - self.tick_ns;
    }
    if (++self.ticks < TICKS) {
        next_tick();
        timer_start(&self.tick, self.tick_ns, on_tick, NULL);
    } else if (!self.failed) {
        log_line("%u deadlines kept, worst %lu us late", self.ticks, (unsigned long)(self.worst_ns / 1000));
    }
}

static void on_late(void *context)
{
    if (self.early.armed || pd_now_ns() < self.start_ns + 20 * MS) {
        fail("order");
    }
    self.tick_ns = pd_now_ns();
    next_tick();
    timer_start(&self.tick, self.tick_ns, on_tick, NULL);
}

static void on_early(void *context)
{
    timer_stop(&self.stopped);
    if (!self.late.armed || pd_now_ns() < self.start_ns + 10 * MS) {
        fail("order");
    }
}

void init(void)
{
    serial_client_init(&serial_client_config);
    log_to(serial_client_log_sink);
    timer_client_init(&timer_client_config);
    self.start_ns = pd_now_ns();
    timer_start(&self.late, self.start_ns + 20 * MS, on_late, NULL);
    timer_start(&self.early, self.start_ns + 10 * MS, on_early, NULL);
    timer_start(&self.stopped, self.start_ns + 15 * MS, not_to_come, NULL);
    log_line("%lu ticks per second", (unsigned long)pd_ticks_per_second());
    pd_flush();
}
