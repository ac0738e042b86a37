/* pd.c: the MicroPython interpreter as a protection domain: its start, and its one way to wait.
 *   runs      interpreter_run() on the worker's stack
 *   waits     only in port_wait(): for a request, a frame, a file completion, a deadline, a character
 *   invariant no Python runs in an event handler; a handler changes C state and wakes the worker
 *   trusts    the file service for content, the front for requests; the network for nothing
 */
#include "lib/pd.h"

#include "fs/mount.h"
#include "lib/fiber.h"
#include "python/changes.h"
#include "python/config.h"
#include "python/control.h"
#include "python/endpoint.h"
#include "python/files.h"
#include "python/incoming.h"
#include "python/port.h"
#include "serial/client.h"
#include "timer/client.h"

#define PORT_TURN_NS 10000000ull /* how long Python may compute before events get their turn */

static struct {
    struct fiber worker;
    struct timer deadline;
    uint64_t turn_ends_ns;
    bool woken;
    bool waiting;
} self;

/* -- waiting -- */

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
    if (self.woken && self.waiting) {
        fiber_resume(&self.worker);
    }
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

void port_wait(uint64_t deadline_ns)
{
    if (deadline_ns != PORT_FOREVER && !self.woken) {
        timer_start(&self.deadline, deadline_ns, wake, NULL);
    }
    switch_to_loop();
    if (deadline_ns != PORT_FOREVER) {
        timer_stop(&self.deadline);
    }
}

void port_wait_ms(intptr_t timeout_ms)
{
    port_wait(timeout_ms < 0 ? PORT_FOREVER : pd_now_ns() + (uint64_t)timeout_ms * 1000000);
}

/* A deadline that has passed is an event that comes at once, together with all that wait already. */
void port_yield(void)
{
    uint64_t now = pd_now_ns();
    if (now < self.turn_ends_ns) {
        return;
    }
    timer_start(&self.deadline, now, wake, NULL);
    bool was_woken = self.woken;
    self.woken = false;
    switch_to_loop();
    timer_stop(&self.deadline);
    self.woken |= was_woken;
}

/* Addresses are the same at every boot: the file server's own comes first, then the front's, then ours. The front asks
 * for its when it hears that the files are there, and it runs before us. */
static void start_network(void *context)
{
    ip_start();
}

/* What the description gives this PD. */
static void start_services(void)
{
    if (python_config.net) {
        ip_init(python_config.ip, python_config.net);
    }
    if (python_config.net || python_config.site) {
        endpoint_init(python_config.net != NULL);
    }
    if (python_config.files) {
        files_init(python_config.files);
    }
    if (python_config.site) {
        incoming_init(python_config.site);
        changes_tell(control_path_changed);
    }
    if (python_config.net && python_config.files) {
        fs_mount_on_outcome(start_network, NULL);
    } else if (python_config.net) {
        ip_start();
    }
}

void init(void)
{
    serial_client_init(&serial_client_config);
    timer_client_init(&timer_client_config);
    console_init(python_config.raw_console);
    if (python_config.clock) {
        pd_set_unix_time_ns(*python_config.clock * 1000000000ull);
    }
    start_services();
    pd_before_flush(run_worker, NULL); /* last, thus first: what Python writes is sent by the others' */
    fiber_create(&self.worker, python_config.stack.base, python_config.stack.size, interpreter_run, NULL);
    self.turn_ends_ns = pd_now_ns() + PORT_TURN_NS;
    fiber_resume(&self.worker);
    pd_flush();
}
