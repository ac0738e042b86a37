/* crasher.c: dies by what its PD's name says, some calls deep, for tests of what can be told of it afterwards
 * (tests/test_explain.py, tests/test_gdb.py). The tests find the lines by the words in capitals at their ends.
 */
#include <assert.h>
#include <string.h>

#include "lib/fiber.h"
#include "lib/pd.h"

#define NOINLINE __attribute__((noinline))

static struct {
    struct fiber fiber;
    volatile unsigned steps;
    volatile uint64_t zero;
    void (*volatile nowhere)(void);
} self;

static _Alignas(16) char stack[4096];

/* Inlined into store(). */
static inline __attribute__((always_inline)) void store_word(volatile uint64_t *at)
{
    at[1] = self.steps; /* STORE */
}

NOINLINE static void store(uint64_t address)
{
    self.steps++;
    store_word((volatile uint64_t *)address);
    self.steps++;
}

NOINLINE static uint64_t leaf(const volatile uint64_t *at)
{
    return *at; /* LEAF */
}

NOINLINE static void check(uint64_t value)
{
    self.steps += 10;
    assert(value == 1); /* ASSERTION */
    self.steps++;
}

NOINLINE static void jump(void)
{
    self.nowhere(); /* JUMP */
    self.steps++;
}

NOINLINE static void deep(unsigned levels)
{
    if (levels == 0) {
        store(self.zero);
    } else {
        deep(levels - 1); /* DEEP */
    }
    self.steps++;
}

/* A frame pointer that leads nowhere: into the kernel, to where nothing is mapped, out of the stack. */
NOINLINE static void wild(void)
{
    __asm__ volatile("mov x29, %0\n\tbrk #1" : : "r"(0xffffff8000000000ul)); /* WILD */
}

static void work(void *argument)
{
    (void)argument;
    store(self.zero); /* WORKER */
    self.steps++;
}

static bool is(const char *name)
{
    return strcmp(microkit_name, name) == 0;
}

NOINLINE static void die(void)
{
    self.steps = 1;
    if (is("wild")) {
        wild();
    } else if (is("store")) {
        store(self.zero); /* CALLER */
    } else if (is("leaf")) {
        self.steps = (unsigned)leaf((const volatile uint64_t *)(self.zero + 0x18));
    } else if (is("jump")) {
        jump();
    } else if (is("assertion")) {
        check(self.zero);
    } else if (is("worker")) {
        fiber_create(&self.fiber, stack, sizeof(stack), work, NULL);
        fiber_resume(&self.fiber);
    } else {
        deep(40);
    }
    self.steps++;
}

void init(void)
{
    die();
    self.steps++;
}

void notified(microkit_channel channel)
{
    (void)channel;
}
