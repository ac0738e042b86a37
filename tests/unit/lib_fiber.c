/* tests/unit/lib_fiber.c: the worker's life, with the host's own switch in place of lib/fiber/switch.S. */
#include <string.h>

#include "lib/fiber.h"
#include "lib/fiber/switch.h"
#include "tests/unit/fake_microkit.h"

void fiber_first(void); /* tests/unit/fiber_host.S */

/* rbx, five more, and where to return to. */
void *fiber_prepare(void *top, struct fiber *fiber)
{
    uint64_t *frame = (uint64_t *)top - 8;

    memset(frame, 0, 8 * sizeof(*frame));
    frame[5] = (uintptr_t)fiber;
    frame[6] = (uintptr_t)fiber_first;
    return frame;
}

static _Alignas(16) char stack[65536];
static struct fiber fiber;
static unsigned steps;
static bool was_inside;

static unsigned down(unsigned depth)
{
    volatile unsigned mine = depth * 3;

    steps++;
    fiber_wait(&fiber);
    unsigned sum = depth ? down(depth - 1) : 0;

    return sum + mine;
}

static void work(void *argument)
{
    was_inside = fiber_inside(&fiber);
    *(unsigned *)argument = down(10);
}

static void resume_itself(void *argument)
{
    fiber_resume(&fiber); /* no effect */
    steps = 99;
}

static void wait_outside(void)
{
    fiber_wait(&fiber);
}

static void create_small(void)
{
    fiber_create(&fiber, stack, 100, work, NULL);
}

static void create_crooked(void)
{
    fiber_create(&fiber, stack + 8, 8192, work, NULL);
}

int main(void)
{
    unsigned result = 0;

    fiber_create(&fiber, stack, sizeof(stack), work, &result);
    CHECK_EQUAL(steps, 0);
    for (unsigned i = 1; i <= 11; i++) {
        fiber_resume(&fiber);
        CHECK_EQUAL(steps, i);
        CHECK(!fiber.done && !fiber_inside(&fiber));
    }
    fiber_resume(&fiber);
    CHECK(fiber.done && was_inside);
    CHECK_EQUAL(result, 165);
    fiber_resume(&fiber);
    CHECK_EQUAL(steps, 11);

    fiber_create(&fiber, stack, sizeof(stack), resume_itself, NULL);
    fiber_resume(&fiber);
    CHECK_EQUAL(steps, 99);
    CHECK(fiber.done);
    CHECK(fake_dies(wait_outside));
    CHECK(fake_dies(create_small));
    CHECK(fake_dies(create_crooked));
    return 0;
}
