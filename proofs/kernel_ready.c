/* proofs/kernel_ready.c: one step of the ready structure from any state that stands for queues, to the state that
 * stands for the queues after it. With the empty structure as the beginning this is every sequence of steps.
 *
 *   bound   at most MEMBERS PDs are ready: an operation reaches no further than a PD's neighbours and the ends of its
 *           queue
 *   bound   three priorities, on both sides of the border between two words of bits; the code compares them and looks
 *           at their bits, no more. Indices of PDs are only copied, so that which PD is which does not matter.
 */
#include "proofs/cbmc.h"
#include "sdk/kernel/ready.c"

#define MEMBERS 4
#define NEWCOMER MEMBERS

static const uint8_t priorities[] = {63, 64, 127};

/* The specification: who is ready, in the order in which equals have their turn. */
static struct {
    unsigned count;
    uint8_t id[MEMBERS + 1];
    uint8_t priority[MEMBERS + 1];
} spec;

static struct ready ready;

static uint8_t any_priority(void)
{
    return nondet_bool() ? priorities[0] : nondet_bool() ? priorities[1] : priorities[2];
}

static void any_spec(void)
{
    spec.count = nondet_u32();
    ASSUME(spec.count <= MEMBERS);
    for (unsigned n = 0; n < MEMBERS; n++) {
        spec.id[n] = (uint8_t)n;
        spec.priority[n] = any_priority();
    }
}

/* The nearest member of the same priority before or behind member n; READY_NONE: there is none. */
static uint8_t neighbour_before(unsigned n)
{
    uint8_t id = READY_NONE;

    for (unsigned m = 0; m < MEMBERS + 1; m++) {
        id = m < n && m < spec.count && spec.priority[m] == spec.priority[n] ? spec.id[m] : id;
    }
    return id;
}

static uint8_t neighbour_behind(unsigned n)
{
    uint8_t id = READY_NONE;

    for (unsigned m = MEMBERS + 1; m-- > 0;) {
        id = m > n && m < spec.count && spec.priority[m] == spec.priority[n] ? spec.id[m] : id;
    }
    return id;
}

/* `ready` is the one way in which the structure says what `spec` says; other fields mean nothing. */
static bool stands_for_spec(void)
{
    uint64_t bits[READY_PRIORITIES / 64] = {0};
    int top = -1;
    bool same = true;

    for (unsigned n = 0; n < MEMBERS + 1; n++) {
        if (n >= spec.count) {
            continue;
        }
        uint8_t id = spec.id[n], priority = spec.priority[n];
        uint8_t before = neighbour_before(n), behind = neighbour_behind(n);

        bits[priority / 64] |= 1ul << priority % 64;
        top = priority > top ? priority : top;
        same = same && ready.previous[id] == before && ready.next[id] == behind;
        same = same && (before != READY_NONE || ready.first[priority] == id);
        same = same && (behind != READY_NONE || ready.last[priority] == id);
    }
    for (unsigned word = 0; word < READY_PRIORITIES / 64; word++) {
        same = same && ready.priorities[word] == bits[word];
    }
    return same && ready.top == top;
}

static void insert(unsigned at, uint8_t id, uint8_t priority)
{
    for (unsigned n = MEMBERS; n > 0; n--) {
        if (n > at) {
            spec.id[n] = spec.id[n - 1];
            spec.priority[n] = spec.priority[n - 1];
        }
    }
    spec.id[at] = id;
    spec.priority[at] = priority;
    spec.count++;
}

static void begin(void)
{
    any_spec();
    ANYTHING(&ready);
    ASSUME(stands_for_spec());
}

void empty_at_first(void)
{
    ANYTHING(&ready);
    ready_init(&ready);
    spec.count = 0;
    PROVE(stands_for_spec());
    POSSIBLE(1);
}

void push_back_is_last_of_its_equals(void)
{
    uint8_t priority = any_priority();

    begin();
    ready_push_back(&ready, NEWCOMER, priority);
    insert(spec.count, NEWCOMER, priority);
    PROVE(stands_for_spec());
    POSSIBLE(1);
}

void push_front_is_first_of_its_equals(void)
{
    uint8_t priority = any_priority();

    begin();
    ready_push_front(&ready, NEWCOMER, priority);
    insert(0, NEWCOMER, priority);
    PROVE(stands_for_spec());
    POSSIBLE(1);
}

void remove_removes_it_alone(void)
{
    unsigned at = nondet_u32();

    begin();
    ASSUME(at < spec.count);
    ready_remove(&ready, spec.id[at], spec.priority[at]);
    for (unsigned n = 0; n < MEMBERS; n++) {
        if (n >= at) {
            spec.id[n] = spec.id[n + 1];
            spec.priority[n] = spec.priority[n + 1];
        }
    }
    spec.count--;
    PROVE(stands_for_spec());
    POSSIBLE(1);
}

/* Nobody of a higher priority is ready, and nobody of the same priority came before. */
void first_is_the_highest_and_longest_waiting(void)
{
    begin();
    PROVE((ready.top < 0) == (spec.count == 0));
    if (ready.top < 0) {
        POSSIBLE(1);
        return;
    }
    uint8_t first = ready_first(&ready);
    bool before = true, found = false;

    for (unsigned n = 0; n < MEMBERS; n++) {
        if (n < spec.count) {
            PROVE(spec.priority[n] <= ready.top);
            found = found || spec.id[n] == first;
            before = before && spec.id[n] != first;
            PROVE(!before || spec.priority[n] < ready.top);
        }
    }
    PROVE(found);
    POSSIBLE(2);
}
