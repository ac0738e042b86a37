/* lib/fiber/fiber.c: the worker's life: created, running, waiting, done.
 *
 *   invariant exactly one of worker_sp, loop_sp is meaningful: worker_sp while the event loop runs, loop_sp while
 *             the worker does
 */
#include "lib/fiber.h"

#include <stdint.h>
#include <string.h>

#include "lib/fiber/switch.h"
#include "lib/pd.h"

#define STACK_MIN 4096

void fiber_create(struct fiber *fiber, void *stack, size_t stack_size, void (*entry)(void *), void *argument)
{
    require((uintptr_t)stack % 16 == 0, "fiber: stack alignment", (uintptr_t)stack);
    require(stack_size >= STACK_MIN, "fiber: stack size", stack_size);
    *fiber = (struct fiber){.stack = stack, .stack_size = stack_size, .entry = entry, .argument = argument};
    fiber->worker_sp = fiber_prepare((char *)stack + stack_size / 16 * 16, fiber);
}

void fiber_resume(struct fiber *fiber)
{
    if (fiber->running || fiber->done) {
        return;
    }
    fiber->running = true;
    trace(fiber, 0, 0);
    fiber_switch(&fiber->loop_sp, fiber->worker_sp);
    trace(end, 0, 0);
    fiber->running = false;
}

void fiber_wait(struct fiber *fiber)
{
    require(fiber->running, "fiber: wait outside of the worker", 0);
    fiber_switch(&fiber->worker_sp, fiber->loop_sp);
}

/* The worker's outermost function, entered by fiber_first on the worker's stack; its end is the last switch. */
void fiber_run(struct fiber *fiber)
{
    fiber->entry(fiber->argument);
    fiber->done = true;
    fiber_wait(fiber);
    __builtin_unreachable(); /* fiber_resume() never switches to a worker that is done */
}

bool fiber_inside(const struct fiber *fiber)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);

    return here - (uintptr_t)fiber->stack < fiber->stack_size;
}
