/* tests/unit/lib_ring_stress.c: two threads, millions of elements, each side asleep as often as can be: one lost
 * wake-up and both sleep for ever, which is seen as no progress. A side that arms without looking again must be
 * caught in the same way, or this test could not fail.
 */
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#include "lib/ring.h"
#include "tests/unit/fake_microkit.h"

#define CAPACITY_MAX 256
#define STUCK_S 2

/* The kernel's notification word, for one channel: a notify before the wait is not lost. */
struct notification {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool pending;
    bool stop;
};

struct run {
    struct ring_config config;
    struct notification to_consumer, to_producer;
    bool (*arm_consumer)(struct ring *);
    bool (*arm_producer)(struct ring *);
    uint64_t count;
    uint64_t received; /* atomic: the watchdog reads it */
    bool wrong;
};

static void notify(struct notification *n)
{
    pthread_mutex_lock(&n->mutex);
    n->pending = true;
    pthread_cond_signal(&n->changed);
    pthread_mutex_unlock(&n->mutex);
}

static bool wait_for(struct notification *n)
{
    pthread_mutex_lock(&n->mutex);
    while (!n->pending && !n->stop) {
        pthread_cond_wait(&n->changed, &n->mutex);
    }
    n->pending = false;
    bool stop = n->stop;

    pthread_mutex_unlock(&n->mutex);
    return !stop;
}

static void stop(struct notification *n)
{
    pthread_mutex_lock(&n->mutex);
    n->stop = true;
    pthread_cond_signal(&n->changed);
    pthread_mutex_unlock(&n->mutex);
}

static void *produce(void *argument)
{
    struct run *run = argument;
    struct ring ring;
    uint64_t next = 0;

    ring_attach_producer(&ring, &run->config, 16);
    while (next < run->count) {
        uint64_t element[2] = {next, ~next};

        if (ring_put(&ring, element)) {
            next++;
            if (ring_wake_consumer(&ring)) {
                notify(&run->to_consumer);
            }
        } else if (run->arm_producer(&ring) && !wait_for(&run->to_producer)) {
            break;
        }
    }
    return NULL;
}

static void *consume(void *argument)
{
    struct run *run = argument;
    struct ring ring;
    uint64_t next = 0, element[2];

    ring_attach_consumer(&ring, &run->config, 16);
    while (next < run->count) {
        if (ring_get(&ring, element)) {
            run->wrong |= element[0] != next || element[1] != ~next;
            next++;
            __atomic_store_n(&run->received, next, __ATOMIC_RELAXED);
            if (ring_wake_producer(&ring)) {
                notify(&run->to_producer);
            }
        } else if (run->arm_consumer(&ring) && !wait_for(&run->to_consumer)) {
            break;
        }
    }
    run->wrong |= ring.lies != 0;
    return NULL;
}

/* No progress in STUCK_S while both could run is a lost wake-up; then both are told to end. */
static bool finishes(struct run *run)
{
    pthread_t threads[2];
    uint64_t last = 0;
    unsigned still = 0;

    CHECK(pthread_create(&threads[0], NULL, produce, run) == 0);
    CHECK(pthread_create(&threads[1], NULL, consume, run) == 0);
    while (__atomic_load_n(&run->received, __ATOMIC_RELAXED) < run->count && still < STUCK_S * 10) {
        uint64_t now;

        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
        now = __atomic_load_n(&run->received, __ATOMIC_RELAXED);
        still = now == last ? still + 1 : 0;
        last = now;
    }
    stop(&run->to_consumer);
    stop(&run->to_producer);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    return run->received == run->count;
}

static bool stress(uint32_t capacity, bool (*arm_consumer)(struct ring *), bool (*arm_producer)(struct ring *),
                   uint64_t count)
{
    static _Alignas(RING_LINE) uint8_t memory[RING_BYTES(CAPACITY_MAX, 16)];
    struct run run = {
        .config = {memory, capacity}, .arm_consumer = arm_consumer, .arm_producer = arm_producer, .count = count};

    memset(memory, 0, sizeof(memory));
    pthread_mutex_init(&run.to_consumer.mutex, NULL);
    pthread_cond_init(&run.to_consumer.changed, NULL);
    pthread_mutex_init(&run.to_producer.mutex, NULL);
    pthread_cond_init(&run.to_producer.changed, NULL);
    bool finished = finishes(&run);

    CHECK(!run.wrong);
    return finished;
}

/* The window between finding nothing and arming, held open. */
static bool arm_late_consumer(struct ring *ring)
{
    sched_yield();
    return ring_arm_consumer(ring);
}

static bool arm_late_producer(struct ring *ring)
{
    sched_yield();
    return ring_arm_producer(ring);
}

/* What the same would be without the second look. */
static bool arm_blindly_consumer(struct ring *ring)
{
    sched_yield();
    __atomic_store_n(&ring->shared->consumer_armed, 1, __ATOMIC_SEQ_CST);
    return true;
}

static bool arm_blindly_producer(struct ring *ring)
{
    sched_yield();
    __atomic_store_n(&ring->shared->producer_armed, 1, __ATOMIC_SEQ_CST);
    return true;
}

int main(void)
{
    CHECK(stress(CAPACITY_MAX, ring_arm_consumer, ring_arm_producer, 4000000));
    CHECK(stress(2, ring_arm_consumer, ring_arm_producer, 300000));
    CHECK(stress(4, arm_late_consumer, arm_late_producer, 100000));
    CHECK(!stress(4, arm_blindly_consumer, ring_arm_producer, 500000));
    CHECK(!stress(4, ring_arm_consumer, arm_blindly_producer, 500000));
    return 0;
}
