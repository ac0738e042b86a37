/* worker.c: a program that waits in the middle of nested calls, on a stack of its own, and keeps all it had. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fiber.h"
#include "lib/log.h"
#include "lib/pd.h"
#include "serial/client.h"
#include "timer/client.h"

#define DEPTH 10

static _Alignas(16) char stack[0x4000];

static struct {
    struct fiber fiber;
    struct timer timer;
    bool rung;
    unsigned waits, foreign_resumes;
} self;

static void ring(void *context)
{
    self.rung = true;
    self.foreign_resumes += fiber_inside(&self.fiber);
    fiber_resume(&self.fiber);
}

static void pause_ms(unsigned ms)
{
    self.rung = false;
    timer_start(&self.timer, pd_now_ns() + ms * 1000000ull, ring, NULL);
    while (!self.rung) {
        self.waits++;
        fiber_wait(&self.fiber);
    }
}

/* Integers, floating point, errno and the heap must all survive every pause on the way down and up. */
static double descend(unsigned depth)
{
    double mine = depth * 1.5;
    char *text = malloc(32);

    errno = (int)depth;
    log_format(text, 32, "depth %u", depth);
    pause_ms(1);
    double below = depth ? descend(depth - 1) : 0;
    char again[32];

    log_format(again, sizeof(again), "depth %u", depth);
    if (errno != 0 || strcmp(text, again) != 0 || !fiber_inside(&self.fiber)) {
        log_line("worker test failed at depth %u, errno %d", depth, errno);
    }
    free(text);
    pause_ms(1);
    return mine + below;
}

static void work(void *context)
{
    double sum = descend(DEPTH);

    log_line("%s after %u waits", sum == 1.5 * DEPTH * (DEPTH + 1) / 2 ? "sum is right" : "sum is wrong", self.waits);
}

void init(void)
{
    serial_client_init(&serial_client_config);
    log_to(serial_client_log_sink);
    timer_client_init(&timer_client_config);
    fiber_create(&self.fiber, stack, sizeof(stack), work, NULL);
    fiber_resume(&self.fiber);
    pd_flush();
}
