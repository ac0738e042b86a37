/* lib/ring/ring.c: single-producer, single-consumer ring over memory that the peer may write at any time.
 *
 * Trust: none. Of what the peer writes we read its index, its generation and its armed flag. An index is taken over
 * only from a peer that we know and that knows us, and only if it is possible: between 0 and `capacity` elements in the
 * ring, and no fewer than we knew of. Anything else changes nothing (what is impossible is counted), so every address
 * below is elements + (own & mask) * size, and every loop is bounded by a count that was read once.
 *
 * Ordering of data (C11 7.17.3): the producer writes elements, then releases `tail`; the consumer acquires `tail`,
 * then reads elements. It reads them, then releases `head`; the producer acquires `head`, then overwrites. So no
 * element is read before it is whole, nor overwritten while it is read.
 *
 * No wake-up is lost. The consumer arms, the producer asks:
 *
 *     consumer                                  producer
 *     C1  armed = 1                             P1  tail = t + 1
 *     C2  fence(seq_cst)                        P2  fence(seq_cst)
 *     C3  read tail; sleep if nothing new       P3  read armed; if 1: armed = 0, notify
 *
 * The two fences have a total order (C11 7.17.3p6, 7.17.4). If C2 comes first, P3 reads the 1 of C1 (or what a
 * later P3 of the same producer wrote, which has notified since): the producer notifies. If P2 comes first, C3
 * reads the new tail and the consumer does not sleep. There is no third order, so the consumer never sleeps with an
 * element in the ring and no notification under way; and a notification that is under way stays pending until the
 * next wait, as the kernel keeps it in the notification word. A consumer that is woken for another reason may find
 * `armed` still 1: the producer then notifies once too often, which is harmless. Its clearing of `armed` may also
 * hit a later arming; it notifies after that clearing, so the later sleep ends as well. The other direction is the
 * same with tail, consumer and "nothing new" read as head, producer and "no room". Who has armed several rings
 * and is woken for one leaves those alone that still are: in these he sleeps on.
 *
 * No element of another life. Index, own generation and the peer's that is known are one word, so that they are never
 * seen apart. Who attaches takes over the peer's generation and publishes it with its own, and so does ring_reset(): an
 * index is believed when both sides have done so since the last restart of either. Where the ring begins is the
 * consumer's word alone: its index counts on, and the producer takes it over when it sees the ring open, before it puts
 * anything. Were it taken over by whoever comes second, two that come at the same time would exchange their indices
 * (proofs/ring_restart.pml: both restart at any step).
 *
 * Own words that something has written over are no lies of the peer's. Those that never change have a sum (ring_check()),
 * which is looked at where something makes no sense: with each lie here, while a ring is closed, and by users with what
 * cannot be an element. What we have published of our life is looked at while a ring is closed, too.
 *
 * Armed flags are plain stores on both sides: no read-modify-write is needed, as shown.
 */
#include "lib/ring.h"

#include <stdatomic.h>
#include <string.h>

#include "lib/pd.h"

/* Seldom called, from many places, or from one that is small only without it. */
#define APART __attribute__((noinline))
#define DESCRIPTOR 16 /* bytes of one of the network's */

static uint64_t load_word(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static uint32_t load(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static void store_release(uint32_t *word, uint32_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static void store(uint32_t *word, uint32_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELAXED);
}

static uint32_t capacity(const struct ring *ring)
{
    return ring->mask + 1;
}

static APART void copy_other(void *to, const void *from, uint32_t size)
{
    switch (size) {
    case 1: memcpy(to, from, 1); break;
    case 64: memcpy(to, from, 64); break;
    default: memcpy(to, from, size);
    }
}

/* A known size lets the compiler use one or a few load and store pairs. */
static void copy_one(void *to, const void *from, uint32_t size)
{
    if (size == DESCRIPTOR) {
        memcpy(to, from, DESCRIPTOR);
    } else {
        copy_other(to, from, size);
    }
}

static uint8_t *element_at(const struct ring *ring, uint32_t index)
{
    return ring->shared->elements + (size_t)(index & ring->mask) * ring->size;
}

/* Elements between a known head and a claimed tail, or the claim is refused. */
static uint32_t elements_known(const struct ring *consumer)
{
    return consumer->peer - consumer->own;
}

static uint32_t room_known(const struct ring *producer)
{
    return capacity(producer) - (producer->own - producer->peer);
}

static uint64_t *own_word(const struct ring *ring)
{
    return ring->producer ? &ring->shared->producer : &ring->shared->consumer;
}

/* Restarts, so that memory which is zero at first is right. */
static uint16_t own_generation(void)
{
    return (uint16_t)(pd_generation() - 1);
}

/* The other half of what is expected, our own generation, stays. */
static void know(struct ring *ring, uint64_t word)
{
    ring->expected = (ring->expected & 0xffff0000u) | (uint16_t)(word >> 32);
}

/* What stands beside our index. */
static uint32_t life(const struct ring *ring)
{
    return ring->expected << 16 | ring->expected >> 16;
}

static void publish(struct ring *ring)
{
    __atomic_store_n(own_word(ring), (uint64_t)life(ring) << 32 | ring->own, __ATOMIC_RELEASE);
}

/* No word that is written over stays unseen, but one in 2^32. */
static uint32_t sum_of(const struct ring *ring)
{
    uint64_t places = (uintptr_t)ring->shared ^ (uintptr_t)ring->theirs << 1;

    return (uint32_t)(places ^ places >> 32) ^ ring->mask ^ ring->size << 16 ^ ring->size >> 16 ^
           (uint32_t)ring->producer << 31 ^ (ring->expected & 0xffff0000u);
}

APART void ring_check(const struct ring *ring)
{
    if (ring->sum != sum_of(ring)) {
        pd_die("a ring's own words were written over");
    }
}

static APART void note_lie(struct ring *ring)
{
    ring_check(ring);
    ring->lies++;
}

/* False: it has put something since it began, and the consumer's index is a lie. */
static bool begin_at(struct ring *producer, uint32_t head)
{
    if (!producer->fresh) {
        return false;
    }
    producer->own = head;
    publish(producer);
    return true;
}

/* What our own two indices say of each other: 0 to `capacity`, whatever the peer does. Never published else: the peer would
 * take it for a lie, and wait for ever. */
static void check_distance(const struct ring *ring, uint32_t distance)
{
    if (distance > capacity(ring)) {
        pd_die("a ring's own index was written over");
    }
}

/* Of a stream whose index somebody has written over: bytes are lost, and the producer is owed a look at where it goes
 * on. Only the consumer does so: two that follow each other would exchange their indices. */
static void follow(struct ring *consumer, uint32_t tail)
{
    if (consumer->stream) {
        consumer->own = consumer->peer = tail;
        consumer->owes = true;
        store_release(&consumer->shared->head, tail);
    }
}

/* The consumer is to look, and to follow. */
static void insist(struct ring *producer)
{
    if (producer->stream) {
        producer->owes = true;
        store_release(&producer->shared->tail, producer->own);
    }
}

/* Where something has written over what we have published of our life, the peer takes that for another one, and settles.
 * So do we: for us it begins anew. */
static APART void look_at_closed(struct ring *ring, uint64_t theirs)
{
    ring_check(ring);
    if (load_word(own_word(ring)) >> 32 != life(ring)) {
        know(ring, ~theirs);
    }
}

/* A stream has no generations: there is nothing that could close it. */
static bool is_closed(struct ring *ring, uint64_t theirs)
{
    if (theirs >> 32 == ring->expected || ring->stream) {
        return false;
    }
    look_at_closed(ring, theirs);
    return true;
}

static APART void take_over_tail(struct ring *consumer, uint64_t word)
{
    check_distance(consumer, elements_known(consumer));
    uint32_t tail = (uint32_t)word;
    uint32_t claimed = tail - consumer->own;

    if (is_closed(consumer, word) || tail == consumer->peer) {
        return; /* nothing new */
    }
    if (claimed > capacity(consumer) || claimed < elements_known(consumer)) {
        note_lie(consumer);
        follow(consumer, tail);
        return;
    }
    consumer->peer = tail;
}

/* Mostly a consumer has taken all, and finds the word that it knows. */
static inline void look_at_tail(struct ring *consumer)
{
    uint64_t word = load_word(&consumer->shared->producer);

    if (consumer->peer != consumer->own || word != ((uint64_t)consumer->expected << 32 | consumer->own)) {
        take_over_tail(consumer, word);
    }
}

static APART void look_at_head(struct ring *producer)
{
    check_distance(producer, producer->own - producer->peer);
    uint64_t word = load_word(&producer->shared->consumer);
    uint32_t head = (uint32_t)word;
    uint32_t claimed = producer->own - head; /* elements still in the ring */

    if (is_closed(producer, word)) {
        return;
    }
    if (claimed > producer->own - producer->peer && !begin_at(producer, head)) {
        note_lie(producer);
        insist(producer);
        return;
    }
    producer->fresh = false;
    producer->peer = head;
}

static void attach(struct ring *ring, const struct ring_config *config, uint32_t size, bool producer)
{
    require(config->shared && (uintptr_t)config->shared % RING_LINE == 0, "ring: shared", (uintptr_t)config->shared);
    require(config->capacity && (config->capacity & (config->capacity - 1)) == 0, "ring: capacity", config->capacity);
    require(size, "ring: element size", size);
    *ring = (struct ring){.shared = config->shared, .mask = config->capacity - 1, .size = size, .producer = producer};
    ring->theirs = producer ? &ring->shared->consumer : &ring->shared->producer;
    ring->sum = sum_of(ring);
}

/* Empty, at the consumer's index: that is the consumer's alone to say, so that two sides that begin anew at the same time
 * agree. A producer believes in no room before it has looked, and begins where it sees the consumer then: that may have
 * taken what it still knew of a former life. */
static APART void begin_anew(struct ring *ring)
{
    uint64_t word = load_word(ring->theirs);

    know(ring, word);
    if (ring->producer) {
        ring->own = (uint32_t)word;
        ring->peer = ring->own - capacity(ring);
        ring->fresh = true;
    } else {
        ring->peer = ring->own;
    }
    ring->owes = true;
    publish(ring);
}

/* The first start of this side begins at 0, so that what the peer did before is not lost. */
static void begin(struct ring *ring)
{
    ring->expected = (uint32_t)own_generation() << 16;
    ring->sum = sum_of(ring);
    if (own_generation() != 0) {
        ring->own = load(&ring->shared->head); /* of a consumer's last life: any other would do, too */
        begin_anew(ring);
        return;
    }
    know(ring, load_word(ring->theirs));
    publish(ring);
}

APART void ring_attach_producer(struct ring *ring, const struct ring_config *config, uint32_t size)
{
    attach(ring, config, size, true);
    begin(ring);
}

APART void ring_attach_consumer(struct ring *ring, const struct ring_config *config, uint32_t size)
{
    attach(ring, config, size, false);
    begin(ring);
}

/* Generations stay 0. */
APART void ring_resume_producer(struct ring *ring, const struct ring_config *config, uint32_t size)
{
    attach(ring, config, size, true);
    ring->stream = true;
    if (own_generation() != 0) {
        uint32_t head = (uint32_t)load_word(&ring->shared->consumer), tail = load(&ring->shared->tail);

        ring->own = tail - head <= capacity(ring) ? tail : head;
        ring->peer = head;
        ring->owes = true;
    }
    publish(ring);
}

APART void ring_resume_consumer(struct ring *ring, const struct ring_config *config, uint32_t size)
{
    attach(ring, config, size, false);
    ring->stream = true;
    if (own_generation() != 0) {
        uint32_t tail = (uint32_t)load_word(&ring->shared->producer), head = load(&ring->shared->head);

        ring->own = tail - head <= capacity(ring) ? head : tail;
        ring->peer = tail;
        ring->owes = true;
    }
    publish(ring);
}

bool ring_put(struct ring *ring, const void *element)
{
    if (ring->own - ring->peer > ring->mask) { /* no room is known, or what cannot be */
        look_at_head(ring);
        if (room_known(ring) == 0) {
            return false;
        }
    }
    copy_one(element_at(ring, ring->own), element, ring->size);
    ring->own++;
    store_release(&ring->shared->tail, ring->own);
    return true;
}

bool ring_fits(struct ring *ring, uint32_t count)
{
    if (room_known(ring) < count) {
        look_at_head(ring);
    }
    return room_known(ring) >= count;
}

bool ring_get(struct ring *ring, void *element)
{
    if (elements_known(ring) - 1 > ring->mask) { /* none is known, or what cannot be */
        look_at_tail(ring);
        if (elements_known(ring) == 0) {
            return false;
        }
    }
    copy_one(element, element_at(ring, ring->own), ring->size);
    ring->own++;
    store_release(&ring->shared->head, ring->own);
    return true;
}

static uint32_t min(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* At most two pieces: up to the end of the element array, and from its start. */
/* They may go round the end. */
static APART void copy_in(struct ring *ring, const void *elements, uint32_t count)
{
    uint32_t first = min(count, capacity(ring) - (ring->own & ring->mask));
    size_t first_bytes = (size_t)first * ring->size;

    memcpy(element_at(ring, ring->own), elements, first_bytes);
    memcpy(ring->shared->elements, (const uint8_t *)elements + first_bytes, (size_t)(count - first) * ring->size);
}

/* A frame's two or three descriptors: less than memcpy would take to find out how long that is. */
static void copy_in_descriptors(struct ring *ring, const void *elements, uint32_t count)
{
    const uint8_t *from = elements;
    uint8_t *to = ring->shared->elements;
    uint32_t index = ring->own, end = index + count, mask = ring->mask;

    for (; index != end; index++, from += DESCRIPTOR) {
        memcpy(to + (size_t)(index & mask) * DESCRIPTOR, from, DESCRIPTOR);
    }
}

uint32_t ring_put_many(struct ring *ring, const void *elements, uint32_t count)
{
    check_distance(ring, ring->own - ring->peer);
    if (room_known(ring) < count) {
        look_at_head(ring);
        count = min(count, room_known(ring));
    }
    if (count == 0) {
        return 0;
    }
    if (ring->size == DESCRIPTOR) {
        copy_in_descriptors(ring, elements, count);
    } else {
        copy_in(ring, elements, count);
    }
    ring->own += count;
    store_release(&ring->shared->tail, ring->own);
    return count;
}

uint32_t ring_get_many(struct ring *ring, void *elements, uint32_t count)
{
    check_distance(ring, elements_known(ring)); /* else 2^32 bytes of nothing */
    if (elements_known(ring) < count) {
        look_at_tail(ring);
        count = min(count, elements_known(ring));
    }
    if (count == 0) {
        return 0;
    }
    uint32_t first = min(count, capacity(ring) - (ring->own & ring->mask));
    size_t first_bytes = (size_t)first * ring->size;

    memcpy(elements, element_at(ring, ring->own), first_bytes);
    memcpy((uint8_t *)elements + first_bytes, ring->shared->elements, (size_t)(count - first) * ring->size);
    ring->own += count;
    store_release(&ring->shared->head, ring->own);
    return count;
}

uint32_t ring_room(struct ring *ring)
{
    look_at_head(ring);
    return room_known(ring);
}

uint32_t ring_count(struct ring *ring)
{
    look_at_tail(ring);
    return elements_known(ring);
}

bool ring_arm_consumer(struct ring *ring)
{
    store(&ring->shared->consumer_armed, 1);   /* C1 */
    atomic_thread_fence(memory_order_seq_cst); /* C2, pairs with P2 in ring_wake_consumer */
    if (ring_count(ring) == 0) {
        return true;
    }
    store(&ring->shared->consumer_armed, 0);
    return false;
}

bool ring_get_bounded(struct ring *ring, void *element, uint32_t *left)
{
    do {
        if (*left == 0) {
            return false;
        }
        if (ring_get(ring, element)) {
            (*left)--;
            return true;
        }
    } while (!ring_arm_consumer(ring));
    return false;
}

void ring_arm_consumer_for_next(struct ring *ring)
{
    store(&ring->shared->consumer_armed, 1);
}

bool ring_arm_producer(struct ring *ring)
{
    store(&ring->shared->producer_armed, 1);
    atomic_thread_fence(memory_order_seq_cst); /* pairs with the fence in ring_wake_producer */
    if (ring_room(ring) == 0) {
        return true;
    }
    store(&ring->shared->producer_armed, 0);
    return false;
}

static bool take_armed(struct ring *ring, uint32_t *armed)
{
    atomic_thread_fence(memory_order_seq_cst); /* P2 */
    if (load(armed) == 0 && !ring->owes) {
        return false;
    }
    store(armed, 0);
    ring->owes = false;
    return true;
}

bool ring_wake_consumer(struct ring *ring)
{
    return take_armed(ring, &ring->shared->consumer_armed);
}

bool ring_wake_producer(struct ring *ring)
{
    return take_armed(ring, &ring->shared->producer_armed);
}

APART void ring_reset(struct ring *ring)
{
    if (ring_peer_restarted(ring)) {
        begin_anew(ring);
    }
}

void ring_pair_reset(struct ring *one, struct ring *other)
{
    ring_reset(one);
    ring_reset(other);
}

bool ring_is_open(const struct ring *ring)
{
    return load_word(ring->theirs) >> 32 == ring->expected;
}
