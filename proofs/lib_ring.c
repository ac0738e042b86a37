/* proofs/lib_ring.c: one operation of a ring's end, from any state that its end can be in, beside a peer that writes
 * whatever it likes whenever it likes: each read of the peer's words gives any value, and the elements are any bytes.
 *
 * The invariant is private: between 0 and `capacity` elements lie between our index and what we believe of the peer's.
 *
 *   bound   capacity (CAPACITY) and size of an element (SIZE) as catalogue.py gives them;
 *           counts up to one more than the capacity
 */
#include <stdlib.h>

#include "proofs/cbmc.h"

/* The words that the peer writes are not believed to keep a value from one read to the next. Reading still touches the
 * address, so that its bounds are checked. */
static uint32_t read_shared(const uint32_t *word)
{
    volatile uint32_t touched = *word;

    (void)touched;
    return nondet_u32();
}

static uint64_t read_shared_both(const uint64_t *word)
{
    volatile uint64_t touched = *word;

    (void)touched;
    return nondet_u64();
}
#define __atomic_load_n(word, order) \
    (sizeof(*(word)) == sizeof(uint64_t) ? read_shared_both((const void *)(word)) : read_shared((const void *)(word)))
#define __atomic_store_n(word, value, order) (*(word) = (value))
#define __atomic_thread_fence(order) ((void)0)

/* Byte by byte: CBMC is quicker with that than with its own memcpy of a length that it does not know. */
static void copy_bytes(void *to, const void *from, size_t size)
{
    for (size_t n = 0; n < size; n++) {
        ((uint8_t *)to)[n] = ((const uint8_t *)from)[n];
    }
}
#include <string.h>
#define memcpy copy_bytes

#include "lib/ring/ring.c"

#define COUNT_MAX (CAPACITY + 1)

static struct ring ring;
static uint8_t bytes[COUNT_MAX * SIZE];

uint32_t pd_generation(void)
{
    return nondet_u32();
}

_Noreturn void pd_refuse(const char *what, uint64_t value)
{
    PROVE(!"a valid configuration is not refused");
    ASSUME(false);
}

_Noreturn void pd_die(const char *why)
{
    PROVE(!"whatever the peer says, our own words stay as they are");
    ASSUME(false);
}

static uint32_t distance(void)
{
    return ring.producer ? ring.own - ring.peer : ring.peer - ring.own;
}

static bool invariant(void)
{
    return distance() <= ring.mask + 1;
}

/* Exactly as much memory as a ring has. */
static struct ring_shared *any_shared(void)
{
    struct ring_shared *shared = malloc(RING_BYTES(CAPACITY, SIZE));

    ASSUME(shared != NULL);
    ANYTHING(shared);
    return shared;
}

static void any_ring(bool producer)
{
    ANYTHING(&ring);
    ANYTHING(bytes);
    ring.shared = any_shared();
    ring.mask = CAPACITY - 1;
    ring.size = SIZE;
    ring.producer = producer;
    ring.theirs = producer ? &ring.shared->consumer : &ring.shared->producer;
    ring.fresh = ring.stream = false;
    ring.sum = sum_of(&ring);
    ASSUME(invariant());
}

/* A producer after its restart, or the consumer's: it believes in no room. */
static void fresh_ring(void)
{
    any_ring(true);
    ring.fresh = true;
    ASSUME(distance() == ring.mask + 1);
}

static uint8_t element_byte(uint32_t index, uint32_t byte)
{
    return ring.shared->elements[(index & ring.mask) * SIZE + byte];
}

void put_is_whole_and_within(void)
{
    any_ring(true);
    uint32_t own = ring.own, byte = nondet_u32();
    ASSUME(byte < SIZE);

    bool done = ring_put(&ring, bytes);

    PROVE(invariant());
    PROVE(ring.own - own == (done ? 1 : 0));
    PROVE(!done || element_byte(own, byte) == bytes[byte]);
    PROVE(!done || ring.shared->tail == ring.own);
    POSSIBLE(1 + done);
}

void get_is_whole_and_within(void)
{
    any_ring(false);
    uint32_t own = ring.own, byte = nondet_u32();
    ASSUME(byte < SIZE);

    bool done = ring_get(&ring, bytes);

    PROVE(invariant());
    PROVE(ring.own - own == (done ? 1 : 0));
    PROVE(!done || element_byte(own, byte) == bytes[byte]);
    PROVE(!done || ring.shared->head == ring.own);
    POSSIBLE(1 + done);
}

/* An event takes no more than its part, and ends with the ring empty and armed, or with that part taken. */
void get_bounded_ends(void)
{
    any_ring(false);
    uint32_t own = ring.own, part = nondet_u32(), left = part, byte = nondet_u32();
    ASSUME(byte < SIZE);

    bool done = ring_get_bounded(&ring, bytes, &left);

    PROVE(invariant());
    PROVE(ring.own - own == (done ? 1 : 0));
    PROVE(part - left == (done ? 1 : 0) && left <= part);
    PROVE(!done || element_byte(own, byte) == bytes[byte]);
    PROVE(done || left == 0 || (ring.shared->consumer_armed == 1 && distance() == 0));
    POSSIBLE(1 + done);
    POSSIBLE(3 + (left == 0));
}

/* Of `count` elements asked for, `done` were moved, and exactly those. */
static void check_many(uint32_t own, uint32_t count, uint32_t done)
{
    uint32_t n = nondet_u32(), byte = nondet_u32();

    PROVE(invariant());
    PROVE(done <= count && done <= ring.mask + 1);
    PROVE(ring.own - own == done);
    ASSUME(n < done && byte < SIZE);
    PROVE(element_byte(own + n, byte) == bytes[n * SIZE + byte]);
}

void put_many_is_honest(void)
{
    any_ring(true);
    uint32_t own = ring.own, count = nondet_u32();
    ASSUME(count <= COUNT_MAX);
    uint32_t done = ring_put_many(&ring, bytes, count);

    POSSIBLE(1 + (done == 0));
    POSSIBLE(3 + (done == count));
    check_many(own, count, done);
}

void get_many_is_honest(void)
{
    any_ring(false);
    uint32_t own = ring.own, count = nondet_u32();
    ASSUME(count <= COUNT_MAX);
    uint32_t done = ring_get_many(&ring, bytes, count);

    POSSIBLE(1 + (done == 0));
    POSSIBLE(3 + (done == count));
    check_many(own, count, done);
}

/* What is believed never shrinks because of what the peer says, and sleep is armed. */
void looking_is_bounded(void)
{
    any_ring(nondet_bool());
    uint32_t own = ring.own, before = distance(), lies = ring.lies;
    uint32_t seen = ring.producer ? ring_room(&ring) : ring_count(&ring);

    PROVE(invariant());
    PROVE(seen <= ring.mask + 1);
    PROVE(ring.own == own);
    PROVE(seen == (ring.producer ? ring.mask + 1 - distance() : distance()));
    PROVE(ring.producer ? distance() <= before : distance() >= before);
    PROVE(ring.lies == lies || (ring.lies == lies + 1 && distance() == before));
    POSSIBLE(1);
}

void sleeping_is_armed(void)
{
    any_ring(nondet_bool());
    uint32_t *armed = ring.producer ? &ring.shared->producer_armed : &ring.shared->consumer_armed;
    bool sleep = ring.producer ? ring_arm_producer(&ring) : ring_arm_consumer(&ring);

    PROVE(invariant());
    PROVE(*armed == (sleep ? 1 : 0));
    PROVE(sleep == (distance() == (ring.producer ? ring.mask + 1 : 0)));
    POSSIBLE(1 + sleep);
}

void waking_disarms(void)
{
    any_ring(nondet_bool());
    uint32_t *armed = ring.producer ? &ring.shared->consumer_armed : &ring.shared->producer_armed;
    uint32_t before = *armed;
    bool owed = ring.producer ? ring_wake_consumer(&ring) : ring_wake_producer(&ring);

    PROVE(invariant());
    PROVE(owed ? *armed == 0 && !ring.owes : *armed == before);
    POSSIBLE(1 + owed);
}

void attaching_begins_in_order(void)
{
    struct ring_config config = {.shared = any_shared(), .capacity = CAPACITY};

    bool producer = nondet_bool(), resumed = nondet_bool();

    ASSUME((uintptr_t)config.shared % RING_LINE == 0);
    if (producer) {
        (resumed ? ring_resume_producer : ring_attach_producer)(&ring, &config, SIZE);
    } else {
        (resumed ? ring_resume_consumer : ring_attach_consumer)(&ring, &config, SIZE);
    }
    PROVE(ring.producer == producer);
    PROVE(invariant());
    PROVE(ring.mask == CAPACITY - 1 && ring.size == SIZE);
    POSSIBLE(1);
}

/* The peer says that it has restarted, when it has not. */
void resetting_ends_in_order(void)
{
    any_ring(nondet_bool());
    ring_peer_restarted(&ring);
    ring_reset(&ring);
    PROVE(invariant());
    POSSIBLE(1);
}

/* Wherever the consumer says that it is: there the producer begins, with one element, or it does not. */
void beginning_anew_is_within(void)
{
    fresh_ring();
    uint32_t byte = nondet_u32();
    ASSUME(byte < SIZE);
    bool done = ring_put(&ring, bytes);

    PROVE(invariant());
    PROVE(!done || (!ring.fresh && element_byte(ring.own - 1, byte) == bytes[byte]));
    PROVE(!done || ring.shared->tail == ring.own);
    POSSIBLE(1 + done);
}
