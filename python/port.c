/* port.c: the port's one way to wait: the worker, and the event loop (port.h).
 *   waits     only in port_wait(): for a request, a frame, a file completion, a deadline, a character
 *   computes  for PORT_TURN_NS, then all others look whether there is something for them (port_yield())
 *   is busy   while it does not come back to its event loop, whether it computes or waits in the middle of a call
 *   invariant no Python runs in an event handler; a handler changes C state and wakes the worker
 */
#include "lib/pd.h"

#include "lib/fiber.h"
#include "lib/region.h"
#include "python/port.h"
#include "timer/client.h"

#define PORT_TURN_NS 10000000ull /* how long Python may compute before events get their turn */

static struct {
    struct fiber worker;
    struct timer deadline;
    uint64_t turn_ends_ns;
    uint64_t busy_since_ns, busy_for_ns; /* since it was in its event loop; after so long somebody is told */
    void (*busy)(void);
    bool woken;
    bool waiting;
    bool yields; /* it computes on when the others have had their turn */
    bool runs;   /* the loop below, of which a flush is a part */
} self;

void port_wake(void)
{
    self.woken = true;
}

static void wake(void *context)
{
    port_wake();
}

/* The last thing before what this batch of events produced is sent. */
static void run_worker(void *context)
{
    if (self.runs) {
        return;
    }
    self.runs = true;
    while (self.yields || (self.woken && self.waiting)) {
        self.yields = false;
        fiber_resume(&self.worker);
        if (self.yields) {
            pd_dispatch_all();
            pd_flush();
        }
    }
    self.runs = false;
}

static void switch_to_loop(void)
{
    self.waiting = true;
    while (!self.woken) {
        fiber_wait(&self.worker);
    }
    self.waiting = false;
    self.woken = false;
    self.turn_ends_ns = pd_now_ns() + PORT_TURN_NS;
}

static void wait_until(uint64_t deadline_ns)
{
    if (deadline_ns != PORT_FOREVER && !self.woken) {
        timer_start(&self.deadline, deadline_ns, wake, NULL);
    }
    switch_to_loop();
    if (deadline_ns != PORT_FOREVER) {
        timer_stop(&self.deadline);
    }
}

void port_when_busy(uint64_t ns, void (*busy)(void))
{
    self.busy_since_ns = pd_now_ns();
    self.busy_for_ns = ns;
    self.busy = busy;
}

void port_not_busy(void)
{
    self.busy_since_ns = self.turn_ends_ns - PORT_TURN_NS;
}

/* When a turn has begun. */
static void tell_busy(void)
{
    uint64_t now = self.turn_ends_ns - PORT_TURN_NS;
    if (self.busy && now - self.busy_since_ns >= self.busy_for_ns) {
        self.busy_since_ns = now;
        self.busy();
    }
}

void port_wait(uint64_t deadline_ns)
{
    wait_until(deadline_ns);
    tell_busy();
}

void port_wait_ms(intptr_t timeout_ms)
{
    wait_until(timeout_ms < 0 ? PORT_FOREVER : pd_now_ns() + (uint64_t)timeout_ms * 1000000);
    port_not_busy();
}

/* Without an event: nobody can say when the next one comes. */
void port_yield(void)
{
    if (pd_now_ns() < self.turn_ends_ns) {
        return;
    }
    self.yields = true;
    fiber_wait(&self.worker);
    self.turn_ends_ns = pd_now_ns() + PORT_TURN_NS;
    tell_busy();
}

void port_start(const struct region *stack, void (*worker)(void *argument))
{
    pd_before_flush(run_worker, NULL);
    fiber_create(&self.worker, stack->base, stack->size, worker, NULL);
    self.turn_ends_ns = pd_now_ns() + PORT_TURN_NS;
    fiber_resume(&self.worker);
}
