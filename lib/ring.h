/* lib/ring.h: the one queue between two protection domains: single producer, single consumer, in shared memory.
 *
 * An element is `size` bytes (1 for a byte stream, 16 for a network descriptor, 64 for a file command); the
 * capacity is a power of two. Producer and consumer each keep a private handle (struct ring); their own index lives
 * in the handle and is only published to shared memory, never read back. The peer's index is read once per
 * operation, when the value read last does not suffice, and bounded: a peer that lies can lose or repeat its own
 * elements, never make us read or write outside the ring, nor loop.
 *
 * Wake-ups: who is about to sleep *arms* its side and looks again; who makes progress for the peer asks whether the
 * peer is armed (which disarms it) and, if so, owes it a notification:
 *
 *     consumer: do { while (ring_get(..)) work; } while (!ring_arm_consumer(r));   // false: something came meanwhile
 *     producer: if (ring_put(..) && ring_wake_consumer(r)) microkit_notify(ch);
 *
 * and the same the other way round for a producer that waits for room. Put or get a whole batch, then ask once. Why no
 * wake-up is lost is argued in lib/ring/ring.c.
 *
 * Restart: each side's index and its generation lie in one word, with what it knows of the peer's generation. An end
 * believes the peer's index only while both know each other; until then the ring is closed: nothing new is seen in it,
 * nothing more goes in. Who restarts attaches to a closed ring. The other side learns of it from ring_peer_restarted(),
 * settles what it had lent, and says so by ring_reset(), which drops what lay in the ring and opens it. Each then owes
 * the other a wake-up, which ring_wake_* tells. So nothing of one life of a peer is ever taken for a thing of the next.
 * At the first start the ring is open at once, whatever the peer has put already.
 *
 * A stream has no lives: bytes mean the same to whoever goes on with them. An end that is resumed begins where its last
 * life has published its index, nothing is closed and nothing lost. That word the peer could have written, too: then
 * bytes of this one ring are lost or come twice, as with any lie. An end that is in the wrong place does not stay there: a
 * consumer that sees an index which cannot be goes on at that, and a producer that sees one owes it a wake-up; so who
 * uses a stream asks ring_owes() where nothing came or went, at each event.
 */
#ifndef LIB_RING_H
#define LIB_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RING_LINE 64

/* In shared memory; zero at first. Each cache line has one writer, save the armed flags. */
struct ring_shared {
    _Alignas(RING_LINE) union {
        uint64_t producer; /* both, for the consumer, which reads them as one */
        struct {
            uint32_t tail;                /* written by the producer: elements ever put, modulo 2^32 */
            uint32_t producer_generation; /* its restarts, 16 bits; above them the consumer's that it knows of */
        };
    };
    _Alignas(RING_LINE) union {
        uint64_t consumer;
        struct {
            uint32_t head; /* written by the consumer: elements ever taken, modulo 2^32 */
            uint32_t consumer_generation;
        };
    };
    _Alignas(RING_LINE) uint32_t consumer_armed; /* set by the consumer, cleared by the producer that owes a wake-up */
    uint32_t producer_armed;                     /* set by the producer, cleared by the consumer that owes a wake-up */
    _Alignas(RING_LINE) uint8_t elements[];
};

/* Bytes of shared memory for a ring; compose/ computes the same (compose/ring.py; tests/unit/ring.c pins it). */
#define RING_BYTES(capacity, size) (sizeof(struct ring_shared) + (size_t)(capacity) * (size))

/* What compose/ writes for one end of a ring. */
struct ring_config {
    void *shared;
    uint32_t capacity; /* elements, a power of two */
};

/* One end, in private memory. */
struct ring {
    struct ring_shared *shared;
    const uint64_t *theirs; /* there: the peer's index and generation */
    uint32_t mask;
    uint32_t size;
    uint32_t own;      /* our index: tail of a producer, head of a consumer */
    uint32_t peer;     /* the peer's index as last read and found possible */
    uint32_t expected; /* the peer's generation word while the ring is open */
    uint32_t lies;     /* how often the peer's index was impossible */
    bool producer;
    bool owes;    /* a wake-up, because of a restart */
    bool fresh;   /* a producer that begins anew, and has not seen the ring open yet */
    bool stream;  /* resumed */
    uint32_t sum; /* of what never changes: ring_check() */
};

void ring_attach_producer(struct ring *ring, const struct ring_config *config, uint32_t size);
void ring_attach_consumer(struct ring *ring, const struct ring_config *config, uint32_t size);

/* The same for both ends of a stream: after a restart it goes on. */
void ring_resume_producer(struct ring *ring, const struct ring_config *config, uint32_t size);
void ring_resume_consumer(struct ring *ring, const struct ring_config *config, uint32_t size);

/* Copy up to `count` elements in or out; returns how many. */
uint32_t ring_put_many(struct ring *ring, const void *elements, uint32_t count);
uint32_t ring_get_many(struct ring *ring, void *elements, uint32_t count);

/* One element, all or nothing. */
bool ring_put(struct ring *ring, const void *element);
bool ring_get(struct ring *ring, void *element);
/* The next of the *left elements that an event takes of a peer that may put them as fast as they are taken. False: the
 * ring is empty, and the consumer armed; or *left is 0, then who takes no more now arms the consumer, and comes back by
 * himself if that says false. */
bool ring_get_bounded(struct ring *ring, void *element, uint32_t *left);

/* Room for a producer, elements for a consumer; reads the peer's index. Never more than the capacity. */
uint32_t ring_room(struct ring *ring);
uint32_t ring_count(struct ring *ring);
bool ring_fits(struct ring *ring, uint32_t count); /* room for so many; reads the peer's index only where it must */

bool ring_arm_consumer(struct ring *ring); /* true: armed and empty, sleep; false: disarmed, there is something */
bool ring_arm_producer(struct ring *ring); /* true: armed and full, sleep; false: disarmed, there is room */
/* Its consumer armed it, and the producer has not asked since: what it may have put meanwhile it will tell. */
static inline bool ring_is_armed(const struct ring *ring)
{
    return __atomic_load_n(&ring->shared->consumer_armed, __ATOMIC_RELAXED) != 0;
}
/* Armed although something may be there, which then waits until the producer puts more: for one that never stops. */
void ring_arm_consumer_for_next(struct ring *ring);
/* The peer is to be woken, though nothing was moved: a restart, or an index that could not be. */
static inline bool ring_owes(const struct ring *ring)
{
    return ring->owes;
}

bool ring_wake_consumer(struct ring *ring); /* true: the consumer was armed; notify it */
bool ring_wake_producer(struct ring *ring);

static inline uint16_t ring_peer_generation(const struct ring *ring)
{
    return (uint16_t)(__atomic_load_n(ring->theirs, __ATOMIC_RELAXED) >> 32);
}

/* Whether the peer has attached again, which closes the ring until ring_reset(). */
static inline bool ring_peer_restarted(const struct ring *ring)
{
    return ring_peer_generation(ring) != (uint16_t)ring->expected;
}

static inline bool ring_any_restarted(const struct ring *one, const struct ring *other)
{
    return ring_peer_restarted(one) || ring_peer_restarted(other);
}

/* The same of two rings with one peer, of which what was lent in one comes back in the other: true when the peer is in
 * one new life on both. In between false: it is about to attach to the other one, and will owe a wake-up. To settle for
 * one ring alone would be to settle twice, the second time with what is in the peer's hands already. */
static inline bool ring_pair_restarted(const struct ring *one, const struct ring *other)
{
    return ring_any_restarted(one, other) && ring_peer_generation(one) == ring_peer_generation(other);
}

/* After both were reset: whether both know the same life of the peer. It may have begun another one in between: then
 * nothing is settled yet, nothing may go in, and the peer will owe another wake-up. */
static inline bool ring_pair_agrees(const struct ring *one, const struct ring *other)
{
    return (uint16_t)one->expected == (uint16_t)other->expected;
}

/* After that, when all that was lent is settled: what lies in the ring is dropped. Otherwise nothing happens. */
void ring_reset(struct ring *ring);
void ring_pair_reset(struct ring *one, struct ring *other);

/* Where there is nothing to settle first: true when the peer is in a new life, for which both are open now. */
static inline bool ring_pair_follow(struct ring *one, struct ring *other)
{
    bool restarted = ring_pair_restarted(one, other);

    if (restarted) {
        ring_pair_reset(one, other);
    }
    return restarted;
}

/* For who finds that an element, or what becomes of one, makes no sense, before he believes that of the peer: ends this PD
 * where our own end of the ring has been written over. A new life has a good one. */
void ring_check(const struct ring *ring);

/* Whether the peer knows this life of ours: what it had lent to a former one is settled. */
bool ring_is_open(const struct ring *ring);

#endif
