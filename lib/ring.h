/* lib/ring.h: the one queue between two protection domains: single producer, single consumer, in shared memory.
 *
 * An element is `size` bytes (1 for a byte stream, 16 for a network descriptor, 64 for a file command); the capacity is a power of
 * two. Producer and consumer each keep a private handle (struct ring); their own index lives in the handle and is only
 * published to shared memory, never read back. The peer's index is read once per operation and bounded: a peer that lies
 * can lose or repeat its own elements, never make us read or write outside the ring, nor loop.
 *
 * Wake-ups: who is about to sleep *arms* its side and looks again; who makes progress for the peer asks whether the
 * peer is armed (which disarms it) and, if so, owes it a notification:
 *
 *     consumer: do { while (ring_get(..)) work; } while (!ring_arm_consumer(r));   // false: something came meanwhile
 *     producer: if (ring_put(..) && ring_wake_consumer(r)) microkit_notify(ch);
 *
 * and the same the other way round for a producer that waits for room. The barriers pair as written in lib/ring/ring.c.
 *
 * Restart: each side writes its generation when it attaches; ring_peer_restarted() tells once that the peer's changed, and
 * ring_reset() starts over from the indices then current.
 */
#ifndef LIB_RING_H
#define LIB_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RING_LINE 64

/* In shared memory; zero-initialised by whoever maps it first. Each cache line has one writer, save the armed flags. */
struct ring_shared {
    _Alignas(RING_LINE) uint32_t tail; /* written by the producer: elements ever put, modulo 2^32 */
    uint32_t producer_generation;
    _Alignas(RING_LINE) uint32_t head; /* written by the consumer: elements ever taken, modulo 2^32 */
    uint32_t consumer_generation;
    _Alignas(RING_LINE) uint32_t consumer_armed; /* set by the consumer, cleared by the producer that owes a wake-up */
    uint32_t producer_armed;                     /* set by the producer, cleared by the consumer that owes a wake-up */
    _Alignas(RING_LINE) uint8_t elements[];
};

/* Bytes of shared memory for a ring; compose/ computes the same (lib/ring checks it in a test). */
#define RING_BYTES(capacity, size) (sizeof(struct ring_shared) + (size_t)(capacity) * (size))

/* What compose/ writes for one end of a ring. */
struct ring_config {
    void *shared;
    uint32_t capacity; /* elements, a power of two */
};

/* One end, in private memory. */
struct ring {
    struct ring_shared *shared;
    uint32_t mask;
    uint32_t size;
    uint32_t own;  /* our index: tail of a producer, head of a consumer */
    uint32_t peer; /* the peer's index as last read and found possible */
    uint32_t peer_generation;
    uint32_t lies; /* how often the peer's index was impossible */
};

void ring_attach_producer(struct ring *ring, const struct ring_config *config, uint32_t size);
void ring_attach_consumer(struct ring *ring, const struct ring_config *config, uint32_t size);

/* Copy up to `count` elements in or out; returns how many. */
uint32_t ring_put_many(struct ring *ring, const void *elements, uint32_t count);
uint32_t ring_get_many(struct ring *ring, void *elements, uint32_t count);

/* One element, all or nothing; inline with a constant size in lib/ring/ring_inline.h if that is measured to pay. */
bool ring_put(struct ring *ring, const void *element);
bool ring_get(struct ring *ring, void *element);

/* Room for a producer, elements for a consumer; reads the peer's index. */
uint32_t ring_room(struct ring *ring);
uint32_t ring_count(struct ring *ring);

bool ring_arm_consumer(struct ring *ring);  /* true: armed and empty, sleep; false: disarmed, there is something */
bool ring_arm_producer(struct ring *ring);  /* true: armed and full, sleep; false: disarmed, there is room */
bool ring_wake_consumer(struct ring *ring); /* true: the consumer was armed; notify it */
bool ring_wake_producer(struct ring *ring);

bool ring_peer_restarted(struct ring *ring);
void ring_reset(struct ring *ring);

#endif
