/* sdk_kernel_ready.c: the ready structure against a plain model, by random operations. */
#include "sdk/kernel/ready.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/check.h"

static struct {
    struct ready ready;
    uint8_t order[READY_PRIORITIES][READY_IDS]; /* the model: who waits, in order */
    unsigned count[READY_PRIORITIES];
    int priority_of[READY_IDS]; /* -1: not in it */
} self;

static void model_insert(unsigned priority, unsigned at, uint8_t id)
{
    uint8_t *order = self.order[priority];

    memmove(&order[at + 1], &order[at], self.count[priority] - at);
    order[at] = id;
    self.count[priority]++;
    self.priority_of[id] = (int)priority;
}

static void model_remove(uint8_t id)
{
    unsigned priority = (unsigned)self.priority_of[id];
    uint8_t *order = self.order[priority];
    unsigned at = 0;

    while (order[at] != id) {
        at++;
    }
    memmove(&order[at], &order[at + 1], self.count[priority] - at - 1);
    self.count[priority]--;
    self.priority_of[id] = -1;
}

static void check(void)
{
    int top = -1;

    for (int priority = 0; priority < READY_PRIORITIES; priority++) {
        if (self.count[priority] == 0) {
            continue;
        }
        top = priority;
        uint8_t id = self.ready.first[priority];
        for (unsigned n = 0; n < self.count[priority]; n++) {
            CHECK(id == self.order[priority][n]);
            id = self.ready.next[id];
        }
        CHECK(id == READY_NONE);
    }
    CHECK(self.ready.top == top);
    if (top >= 0) {
        CHECK(ready_first(&self.ready) == self.order[top][0]);
    }
}

static void step(void)
{
    static const uint8_t few[] = {0, 1, 63, 64, 127, 128, 200, 254};
    uint8_t id = (uint8_t)(rand() % 63);
    uint8_t priority = few[rand() % 8];

    if (self.priority_of[id] >= 0) {
        ready_remove(&self.ready, id, (uint8_t)self.priority_of[id]);
        model_remove(id);
    } else if (rand() % 2) {
        ready_push_back(&self.ready, id, priority);
        model_insert(priority, self.count[priority], id);
    } else {
        ready_push_front(&self.ready, id, priority);
        model_insert(priority, 0, id);
    }
}

int main(void)
{
    srand(1);
    ready_init(&self.ready);
    for (unsigned id = 0; id < READY_IDS; id++) {
        self.priority_of[id] = -1;
    }
    for (unsigned n = 0; n < 200000; n++) {
        step();
        check();
    }
    return 0;
}
