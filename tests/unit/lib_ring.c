/* tests/unit/lib_ring.c: the ring against honest and lying peers, one step at a time. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/ring.h"
#include "tests/unit/fake_microkit.h"

/* A ring in memory of its own, so that the address sanitizer sees every step outside. */
struct pair {
    void *memory;
    struct ring_config config;
    struct ring producer, consumer;
};

static struct pair make(uint32_t capacity, uint32_t size)
{
    struct pair pair = {.memory = malloc(RING_LINE + RING_BYTES(capacity, size))};

    CHECK(pair.memory);
    uintptr_t shared = ((uintptr_t)pair.memory + RING_LINE - 1) & -(uintptr_t)RING_LINE;

    pair.config = (struct ring_config){(void *)shared, capacity};
    memset(pair.config.shared, 0, RING_BYTES(capacity, size));
    ring_attach_producer(&pair.producer, &pair.config, size);
    ring_attach_consumer(&pair.consumer, &pair.config, size);
    return pair;
}

static void end(struct pair *pair)
{
    free(pair->memory);
}

/* compose/ring.py computes the same. */
static void test_layout(void)
{
    CHECK_EQUAL(sizeof(struct ring_shared), 192);
    CHECK_EQUAL(RING_BYTES(128, 64), 192 + 128 * 64);
    CHECK_EQUAL(offsetof(struct ring_shared, head), 64);
    CHECK_EQUAL(offsetof(struct ring_shared, consumer_armed), 128);
}

static void test_order_and_room(uint32_t size)
{
    struct pair p = make(8, size);
    uint8_t in[100], out[100];

    for (unsigned round = 0; round < 50; round++) {
        for (unsigned i = 0; i < 8; i++) {
            CHECK_EQUAL(ring_room(&p.producer), 8 - i);
            memset(in, (int)(round * 8 + i), sizeof(in));
            CHECK(ring_put(&p.producer, in));
        }
        CHECK(!ring_put(&p.producer, in));
        CHECK_EQUAL(ring_count(&p.consumer), 8);
        for (unsigned i = 0; i < 8; i++) {
            memset(in, (int)(round * 8 + i), sizeof(in));
            CHECK(ring_get(&p.consumer, out));
            CHECK(memcmp(in, out, size) == 0);
        }
        CHECK(!ring_get(&p.consumer, out));
    }
    CHECK_EQUAL(p.producer.lies + p.consumer.lies, 0);
    end(&p);
}

/* Batches of every length from every position, also across 2^32 of the indices. */
static void test_batches(uint32_t size, uint32_t start)
{
    struct pair p = make(16, size);
    struct ring_shared *shared = p.config.shared;
    uint8_t in[16 * 64], out[16 * 64];

    shared->head = shared->tail = start;
    p.producer.own = p.producer.peer = p.consumer.own = p.consumer.peer = start;
    for (unsigned n = 0; n < 400; n++) {
        uint32_t count = n % 20;

        for (size_t i = 0; i < sizeof(in); i++) {
            in[i] = (uint8_t)(i * 7 + n);
        }
        uint32_t put = ring_put_many(&p.producer, in, count < 16 ? count : 16);

        CHECK_EQUAL(put, count < 16 ? count : 16);
        CHECK_EQUAL(ring_get_many(&p.consumer, out, 16), put);
        CHECK(memcmp(in, out, (size_t)put * size) == 0);
    }
    CHECK_EQUAL(p.producer.lies + p.consumer.lies, 0);
    end(&p);
}

static void test_byte_stream(void)
{
    struct pair p = make(4096, 1);
    uint8_t chunk[777];
    uint32_t sent = 0, received = 0;

    while (received < 1000000) {
        for (uint32_t i = 0; i < sizeof(chunk); i++) {
            chunk[i] = (uint8_t)((sent + i) * 31 >> 3);
        }
        sent += ring_put_many(&p.producer, chunk, 1 + sent % sizeof(chunk));
        uint32_t got = ring_get_many(&p.consumer, chunk, 1 + received % 500);

        for (uint32_t i = 0; i < got; i++) {
            CHECK_EQUAL(chunk[i], (uint8_t)((received + i) * 31 >> 3));
        }
        received += got;
    }
    end(&p);
}

/* Whatever the producer claims, the consumer takes at most what can be there, in bounds, and comes to an end. */
static void test_lying_producer(void)
{
    struct pair p = make(8, 16);
    struct ring_shared *shared = p.config.shared;
    uint8_t element[16], many[20 * 16];
    uint32_t seed = 1;

    for (unsigned n = 0; n < 200000; n++) {
        seed = seed * 1664525 + 1013904223;
        shared->tail = n % 3 ? shared->tail + (seed >> 28) - 8 : seed;
        shared->consumer_armed = seed >> 7;
        uint32_t before = p.consumer.own;

        CHECK(ring_count(&p.consumer) <= 8);
        CHECK(ring_get_many(&p.consumer, many, 20) <= 8);
        ring_get(&p.consumer, element);
        CHECK(p.consumer.own - before <= 9);
    }
    CHECK(p.consumer.lies > 1000);
    end(&p);
}

static void test_lying_consumer(void)
{
    struct pair p = make(8, 64);
    struct ring_shared *shared = p.config.shared;
    uint8_t many[20 * 64] = {0};
    uint32_t seed = 2;

    for (unsigned n = 0; n < 200000; n++) {
        seed = seed * 1664525 + 1013904223;
        shared->head = n % 3 ? shared->head + (seed >> 28) - 8 : seed;
        shared->producer_armed = seed >> 7;
        CHECK(ring_room(&p.producer) <= 8);
        CHECK(ring_put_many(&p.producer, many, 20) <= 8);
        ring_put(&p.producer, many);
    }
    CHECK(p.producer.lies > 1000);
    end(&p);
}

/* A tail that jumps, and one that goes back behind what we know of, change nothing; an honest one is taken again. */
static void test_lies_are_refused(void)
{
    struct pair p = make(8, 16);
    struct ring_shared *shared = p.config.shared;
    uint8_t element[16] = {0};

    CHECK(ring_put(&p.producer, element) && ring_put(&p.producer, element));
    CHECK_EQUAL(ring_count(&p.consumer), 2);
    shared->tail = 9;
    CHECK_EQUAL(ring_count(&p.consumer), 2);
    shared->tail = 1;
    CHECK_EQUAL(ring_count(&p.consumer), 2);
    shared->tail = ~0u;
    CHECK_EQUAL(ring_count(&p.consumer), 2);
    CHECK_EQUAL(p.consumer.lies, 3);
    shared->tail = 8;
    CHECK_EQUAL(ring_count(&p.consumer), 8);
    end(&p);
}

/* Our own index is never read back. */
static void test_own_index_is_private(void)
{
    struct pair p = make(4, 16);
    struct ring_shared *shared = p.config.shared;
    uint8_t element[16] = {5};

    CHECK(ring_put(&p.producer, element));
    shared->tail = 77;
    CHECK(ring_put(&p.producer, element));
    CHECK_EQUAL(shared->tail, 2);
    CHECK(ring_get(&p.consumer, element));
    shared->head = 33;
    CHECK(ring_get(&p.consumer, element));
    CHECK_EQUAL(shared->head, 2);
    end(&p);
}

/* The step where a wake-up would be lost: the consumer found nothing, then an element came, then it arms. */
static void test_arm_looks_again(void)
{
    struct pair p = make(2, 1);
    uint8_t byte = 1;

    CHECK(!ring_get(&p.consumer, &byte));
    CHECK(ring_put(&p.producer, &byte));
    CHECK(!ring_wake_consumer(&p.producer));
    CHECK(!ring_arm_consumer(&p.consumer));
    CHECK(ring_get(&p.consumer, &byte));
    CHECK(ring_arm_consumer(&p.consumer));
    CHECK(ring_put(&p.producer, &byte));
    CHECK(ring_wake_consumer(&p.producer));
    CHECK(!ring_wake_consumer(&p.producer));

    CHECK(ring_put(&p.producer, &byte));
    CHECK(!ring_put(&p.producer, &byte));
    CHECK(ring_get(&p.consumer, &byte));
    CHECK(!ring_wake_producer(&p.consumer));
    CHECK(!ring_arm_producer(&p.producer));
    CHECK(ring_put(&p.producer, &byte));
    CHECK(ring_arm_producer(&p.producer));
    CHECK(ring_get(&p.consumer, &byte));
    CHECK(ring_wake_producer(&p.consumer));
    end(&p);
}

/* As long as the producer has not asked, nothing needs to be looked at; from then on it does. */
static void test_stays_armed(void)
{
    struct pair p = make(2, 1);
    uint8_t byte = 1;

    CHECK(!ring_is_armed(&p.consumer));
    CHECK(ring_arm_consumer(&p.consumer) && ring_is_armed(&p.consumer));
    CHECK(ring_put(&p.producer, &byte) && ring_is_armed(&p.consumer));
    CHECK(ring_wake_consumer(&p.producer) && !ring_is_armed(&p.consumer));
    CHECK(!ring_arm_consumer(&p.consumer) && !ring_is_armed(&p.consumer));
    end(&p);
}

/* A peer that lies while we arm lets us sleep: it only harms itself. */
static void test_arm_does_not_loop(void)
{
    struct pair p = make(2, 1);
    struct ring_shared *shared = p.config.shared;

    shared->tail = 1000;
    CHECK(ring_arm_consumer(&p.consumer));
    shared->head = 1000;
    uint8_t byte = 0;

    CHECK(ring_put(&p.producer, &byte) && ring_put(&p.producer, &byte));
    CHECK(ring_arm_producer(&p.producer));
    end(&p);
}

/* A peer that puts one for each that is taken has its part of an event, and no more; whoever has had enough before is
 * not armed, since he comes back by himself. */
static void test_a_peer_that_fills_for_ever(void)
{
    struct pair p = make(8, 16);
    uint8_t element[16] = {0};
    uint32_t left = 100, taken = 0;

    CHECK(ring_put(&p.producer, element));
    while (ring_get_bounded(&p.consumer, element, &left)) {
        taken++;
        CHECK(ring_put(&p.producer, element));
    }
    CHECK(taken == 100 && left == 0);
    CHECK(!ring_wake_consumer(&p.producer) && !ring_arm_consumer(&p.consumer));
    left = 3;
    CHECK(ring_get_bounded(&p.consumer, element, &left));
    CHECK(!ring_get_bounded(&p.consumer, element, &left) && left == 2);
    CHECK(ring_wake_consumer(&p.producer)); /* empty: armed */
    end(&p);
}

/* The producer may start before the consumer attaches: nothing is lost. */
static void test_late_consumer(void)
{
    struct pair p = make(8, 16);
    uint8_t element[16] = {42};

    CHECK(ring_put(&p.producer, element));
    ring_attach_consumer(&p.consumer, &p.config, 16);
    CHECK(!ring_peer_restarted(&p.producer));
    CHECK(ring_get(&p.consumer, element));
    CHECK_EQUAL(element[0], 42);
    end(&p);
}

/* What one side does when it hears of the other's restart. */
static void settle(struct ring *ring)
{
    CHECK(ring_peer_restarted(ring));
    CHECK(!ring_is_open(ring));
    ring_reset(ring);
    CHECK(!ring_peer_restarted(ring));
}

static void check_passes(struct pair *p, unsigned count)
{
    uint8_t element[16];

    for (unsigned i = 0; i < count; i++) {
        memset(element, (int)i, sizeof(element));
        CHECK(ring_put(&p->producer, element));
        memset(element, 99, sizeof(element));
        CHECK(ring_get(&p->consumer, element));
        CHECK_EQUAL(element[7], i);
    }
    CHECK(!ring_get(&p->consumer, element));
    CHECK_EQUAL(p->producer.lies + p->consumer.lies, 0);
}

/* Nothing of the former life is taken for one of the new, and nothing new is put, before the consumer has settled. */
static void test_restarted_producer(void)
{
    struct pair p = make(8, 16);
    uint8_t element[16] = {0};

    for (unsigned i = 0; i < 5; i++) {
        CHECK(ring_put(&p.producer, element));
    }
    CHECK(ring_get(&p.consumer, element));
    CHECK(!ring_peer_restarted(&p.consumer));
    fake_set_generation(2);
    ring_attach_producer(&p.producer, &p.config, 16);
    fake_set_generation(1);
    CHECK(!ring_put(&p.producer, element));
    CHECK(ring_arm_producer(&p.producer));
    CHECK(ring_wake_consumer(&p.producer));
    CHECK(!ring_wake_consumer(&p.producer));
    settle(&p.consumer);
    CHECK(ring_wake_producer(&p.consumer));
    CHECK(!ring_get(&p.consumer, element));
    CHECK_EQUAL(ring_room(&p.producer), 8);
    check_passes(&p, 20);
    fake_reset();
    end(&p);
}

static void test_restarted_consumer(void)
{
    struct pair p = make(4, 16);
    uint8_t element[16] = {0};

    while (ring_put(&p.producer, element)) {
    }
    CHECK(ring_arm_producer(&p.producer));
    fake_set_generation(2);
    ring_attach_consumer(&p.consumer, &p.config, 16);
    fake_set_generation(1);
    CHECK(ring_wake_producer(&p.consumer));
    CHECK(!ring_wake_producer(&p.consumer));
    CHECK(!ring_put(&p.producer, element));
    settle(&p.producer);
    CHECK(ring_wake_consumer(&p.producer));
    CHECK_EQUAL(ring_room(&p.producer), 4);
    check_passes(&p, 9);
    fake_reset();
    end(&p);
}

/* The producer has put, into what it still believed to be room, before it heard: that is of the former life, too. */
static void test_put_before_it_hears(void)
{
    struct pair p = make(8, 16);
    uint8_t element[16] = {0};

    CHECK_EQUAL(ring_room(&p.producer), 8);
    fake_set_generation(2);
    ring_attach_consumer(&p.consumer, &p.config, 16);
    fake_set_generation(1);
    CHECK(ring_put(&p.producer, element));
    CHECK(!ring_get(&p.consumer, element));
    settle(&p.producer);
    check_passes(&p, 9);
    fake_reset();
    end(&p);
}

/* The restart hits between the consumer's reading of the tail and its taking: both sides find together again. */
static void test_restart_in_the_middle(void)
{
    struct pair p = make(8, 16);
    uint8_t element[16] = {0};

    for (unsigned i = 0; i < 5; i++) {
        CHECK(ring_put(&p.producer, element));
    }
    CHECK_EQUAL(ring_count(&p.consumer), 5); /* known, not taken */
    CHECK(ring_get(&p.consumer, element));
    fake_set_generation(2);
    ring_attach_producer(&p.producer, &p.config, 16);
    fake_set_generation(1);
    for (unsigned i = 0; i < 4; i++) {
        CHECK(ring_get(&p.consumer, element)); /* of the former life, and whole */
    }
    CHECK(!ring_get(&p.consumer, element));
    settle(&p.consumer);
    check_passes(&p, 9);
    fake_reset();
    end(&p);
}

/* In every order, again and again: who restarts, who hears of it first, what lay in the ring. */
static void test_both_restart(void)
{
    uint8_t element[16] = {0};

    for (unsigned order = 0; order < 4 * 4 * 4 * 4 * 4; order++) {
        struct pair p = make(4, 16);
        uint32_t lives[2] = {1, 1};

        for (unsigned step = 0, left = order; step < 5; step++, left /= 4) {
            ring_put(&p.producer, element);
            switch (left % 4) {
            case 0:
                fake_set_generation(++lives[0]);
                ring_attach_producer(&p.producer, &p.config, 16);
                break;
            case 1:
                fake_set_generation(++lives[1]);
                ring_attach_consumer(&p.consumer, &p.config, 16);
                break;
            case 2: fake_set_generation(lives[0]), ring_reset(&p.producer); break;
            default: fake_set_generation(lives[1]), ring_reset(&p.consumer); break;
            }
            ring_get(&p.consumer, element);
        }
        for (unsigned turn = 0; turn < 2; turn++) { /* each has heard of the other */
            fake_set_generation(lives[0]), ring_reset(&p.producer);
            fake_set_generation(lives[1]), ring_reset(&p.consumer);
        }
        CHECK(ring_is_open(&p.producer) && ring_is_open(&p.consumer));
        while (ring_get(&p.consumer, element)) {
        }
        check_passes(&p, 9);
        fake_reset();
        end(&p);
    }
}

/* Two rings with one peer, of which it attaches to one after the other: both are reset, when it has. */
static void test_pair_follows(void)
{
    struct pair to = make(8, 16), from = make(8, 16);

    CHECK(!ring_pair_follow(&to.producer, &from.consumer));
    fake_set_generation(2);
    ring_attach_consumer(&to.consumer, &to.config, 16);
    fake_set_generation(1);
    CHECK(!ring_pair_follow(&to.producer, &from.consumer) && !ring_is_open(&to.producer));
    fake_set_generation(2);
    ring_attach_producer(&from.producer, &from.config, 16);
    fake_set_generation(1);
    CHECK(ring_pair_follow(&to.producer, &from.consumer) && ring_pair_agrees(&to.producer, &from.consumer));
    CHECK(!ring_pair_follow(&to.producer, &from.consumer));
    check_passes(&to, 9);
    check_passes(&from, 9);
    fake_reset();
    end(&to);
    end(&from);
}

/* A stream goes on where it was, whichever end starts anew, also with an index that somebody has scribbled over. */
static void test_stream_is_resumed(void)
{
    struct pair p = make(8, 1);
    char text[9] = {0};

    ring_resume_producer(&p.producer, &p.config, 1);
    ring_resume_consumer(&p.consumer, &p.config, 1);
    CHECK_EQUAL(ring_put_many(&p.producer, "abcdef", 6), 6);
    CHECK_EQUAL(ring_get_many(&p.consumer, text, 2), 2);
    fake_set_generation(2);
    ring_resume_consumer(&p.consumer, &p.config, 1);
    CHECK(ring_wake_producer(&p.consumer) && !ring_wake_producer(&p.consumer));
    CHECK(!ring_peer_restarted(&p.producer));
    CHECK_EQUAL(ring_get_many(&p.consumer, text + 2, 2), 2);
    ring_resume_producer(&p.producer, &p.config, 1);
    CHECK(ring_wake_consumer(&p.producer) && !ring_wake_consumer(&p.producer));
    CHECK(!ring_peer_restarted(&p.consumer));
    CHECK_EQUAL(ring_put_many(&p.producer, "ghijklmn", 8), 6);
    CHECK_EQUAL(ring_get_many(&p.consumer, text + 4, 4), 4);
    CHECK_TEXT(text, "abcdefgh");
    ((struct ring_shared *)p.config.shared)->head = 1000;
    ring_resume_consumer(&p.consumer, &p.config, 1);
    CHECK_EQUAL(ring_count(&p.consumer), 0);
    CHECK_EQUAL(ring_room(&p.producer), 8);
    fake_reset();
    end(&p);
}

/* Whatever any of its four words is: within two looks of each end, what goes in comes out. */
static void test_stream_finds_its_place(void)
{
    static const uint32_t places[] = {1, 7, 9, 1000, 0x7fffffff, 0xfffffff0};
    static const size_t words[] = {0, 4, RING_LINE, RING_LINE + 4};

    for (unsigned n = 0; n < 6 * 4 * 3; n++) {
        struct pair p = make(8, 1);
        char text[8];

        ring_resume_producer(&p.producer, &p.config, 1);
        ring_resume_consumer(&p.consumer, &p.config, 1);
        CHECK_EQUAL(ring_put_many(&p.producer, "abcdefgh", 8), 8);
        CHECK_EQUAL(ring_get_many(&p.consumer, text, 3), 3);
        memcpy((uint8_t *)p.config.shared + words[n / 6 % 4], &places[n % 6], 4);
        fake_set_generation(2);
        if (n / 24 == 1) {
            ring_resume_producer(&p.producer, &p.config, 1);
        } else if (n / 24 == 2) {
            ring_resume_consumer(&p.consumer, &p.config, 1);
        }
        for (unsigned look = 0; look < 2; look++) {
            if (ring_room(&p.producer) > 0) {
                ring_put_many(&p.producer, "x", 1);
            }
            ring_get_many(&p.consumer, text, 8);
        }
        CHECK_CASE(ring_put_many(&p.producer, "ijk", 3) == 3 && ring_get_many(&p.consumer, text, 8) == 3, "a place");
        CHECK(memcmp(text, "ijk", 3) == 0);
        fake_reset();
        end(&p);
    }
}

/* Who sees what cannot be has the other side look, too. */
static void test_stream_lies_are_owed_a_look(void)
{
    struct pair p = make(8, 1);
    char text[8];

    ring_resume_producer(&p.producer, &p.config, 1);
    ring_resume_consumer(&p.consumer, &p.config, 1);
    ((struct ring_shared *)p.config.shared)->head = 1000;
    CHECK(!ring_wake_consumer(&p.producer));
    CHECK_EQUAL(ring_room(&p.producer), 8);
    CHECK(ring_wake_consumer(&p.producer));
    p.consumer.own = p.consumer.peer = 500;
    CHECK_EQUAL(ring_get_many(&p.consumer, text, 8), 0);
    CHECK(ring_wake_producer(&p.consumer) && p.consumer.own == 0);
    end(&p);
}

static struct ring closed;

static void look_at_closed_ring(void)
{
    ring_count(&closed);
}

/* A ring that is closed for ever: our place of the peer's index, or what we know of the peer's knowledge, is another. */
static void test_closed_by_own_words(void)
{
    struct pair p = make(8, 1);
    static const uint64_t elsewhere;
    struct ring_shared *shared = p.config.shared;

    CHECK(ring_put(&p.producer, "a"));
    shared->producer_generation = 1;
    closed = p.consumer;
    closed.theirs = &elsewhere; /* as if it had not begun anew */
    CHECK(fake_dies(look_at_closed_ring));
    shared->producer_generation = 0;
    closed = p.consumer;
    closed.expected ^= 0x10000;
    CHECK(fake_dies(look_at_closed_ring));
    end(&p);
}

/* One end's published life is written over: both settle, and it goes on. */
static void test_life_written_over(void)
{
    for (unsigned n = 0; n < 2; n++) {
        struct pair p = make(8, 8);
        struct ring_shared *shared = p.config.shared;
        struct ring *hurt = n ? &p.consumer : &p.producer, *other = n ? &p.producer : &p.consumer;

        CHECK(ring_put(&p.producer, "abcdefgh"));
        *(n ? &shared->consumer_generation : &shared->producer_generation) = 0x12345678;
        CHECK(ring_peer_restarted(other) && !ring_peer_restarted(hurt));
        ring_reset(other);
        (void)(n ? ring_count(hurt) : ring_room(hurt));
        (void)(n ? ring_count(hurt) : ring_room(hurt));
        CHECK(ring_peer_restarted(hurt));
        ring_reset(hurt);
        CHECK(!ring_peer_restarted(hurt) && ring_peer_restarted(other));
        ring_reset(other);
        CHECK(!ring_peer_restarted(hurt) && !ring_peer_restarted(other));
        check_passes(&p, 9);
        end(&p);
    }
}

static struct ring_config bad_config;
static struct ring bad_ring;

static void attach_bad(void)
{
    ring_attach_producer(&bad_ring, &bad_config, 16);
}

static void test_bad_configuration(void)
{
    static _Alignas(RING_LINE) uint8_t memory[RING_BYTES(4, 16)];

    bad_config = (struct ring_config){memory, 3};
    CHECK(fake_dies(attach_bad));
    bad_config = (struct ring_config){memory, 0};
    CHECK(fake_dies(attach_bad));
    bad_config = (struct ring_config){NULL, 4};
    CHECK(fake_dies(attach_bad));
    bad_config = (struct ring_config){memory + 8, 4};
    CHECK(fake_dies(attach_bad));
    bad_config = (struct ring_config){memory, 4};
    CHECK(!fake_dies(attach_bad));
}

/* Our own index beyond the peer's, as a stray write leaves it: nothing is taken, this PD dies. */
static void test_own_index_written_over(void)
{
    struct pair p = make(8, 1);
    uint8_t bytes[64];
    int status;
    CHECK_EQUAL(ring_put_many(&p.producer, "abc", 3), 3);
    CHECK_EQUAL(ring_get_many(&p.consumer, bytes, 1), 1);
    p.consumer.own += 4;
    pid_t child = fork();
    if (child == 0) {
        ring_get_many(&p.consumer, bytes, sizeof(bytes));
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && !(WIFEXITED(status) && WEXITSTATUS(status) == 0));
    free(p.memory);
}

static struct {
    struct ring ring;
    bool (*use)(struct ring *ring);
} hurt_end;

static void use_hurt_end(void)
{
    (void)hurt_end.use(&hurt_end.ring);
}

/* Whether it ends who uses an end whose index, or what it knows of the peer's, has other bits. */
static bool ends(struct ring ring, bool (*use)(struct ring *ring), uint32_t own, uint32_t peer)
{
    ring.own ^= own;
    ring.peer ^= peer;
    hurt_end.ring = ring;
    hurt_end.use = use;
    return fake_dies(use_hurt_end) && strstr(fake_why(), "index was written over");
}

static bool put_one(struct ring *ring)
{
    return ring_put(ring, "x");
}

static bool put_two(struct ring *ring)
{
    return ring_put_many(ring, "xy", 2) != 0;
}

static bool get_one(struct ring *ring)
{
    uint8_t byte;
    return ring_get(ring, &byte);
}

static bool get_two(struct ring *ring)
{
    uint8_t bytes[2];
    return ring_get_many(ring, bytes, 2) != 0;
}

static bool get_room(struct ring *ring)
{
    return ring_room(ring) != 0;
}

static bool get_count(struct ring *ring)
{
    return ring_count(ring) != 0;
}

/* What is written over by more than a ring holds is never published: the peer would wait for ever. */
static void test_any_index_written_over(void)
{
    static bool (*const puts[])(struct ring *) = {put_one, put_two, get_room};
    static bool (*const gets[])(struct ring *) = {get_one, get_two, get_count};
    struct pair p = make(8, 1);
    uint8_t byte;
    CHECK_EQUAL(ring_put_many(&p.producer, "abcde", 5), 5);
    CHECK(ring_get(&p.consumer, &byte) && ring_room(&p.producer) == 4);
    for (uint32_t i = 0; i < 3; i++) {
        CHECK(!ends(p.producer, puts[i], 0, 0) && !ends(p.consumer, gets[i], 0, 0));
        for (uint32_t bit = 1u << 4; bit; bit <<= 1) {
            CHECK(ends(p.producer, puts[i], bit, 0) && ends(p.producer, puts[i], 0, bit));
            CHECK(ends(p.consumer, gets[i], bit, 0) && ends(p.consumer, gets[i], 0, bit));
        }
    }
    free(p.memory);
}

static struct pair *hurt;

/* The peer's index cannot be: before that is believed of it our own words are looked at. */
static void take_from_hurt(void)
{
    uint8_t element[64];

    hurt->consumer.shared->tail = 1u << 31;
    (void)ring_get(&hurt->consumer, element);
}

/* Any bit of what never changes. Whose own words are right lives on. */
static void test_own_words_written_over(void)
{
    struct pair p = make(8, 16);
    struct ring as_it_was = p.consumer;

    hurt = &p;
    for (uint32_t bit = 0; bit < 30; bit++) {
        p.consumer.size ^= 1u << bit;
        CHECK(fake_dies(take_from_hurt) && strstr(fake_why(), "written over"));
        p.consumer = as_it_was;
        p.consumer.mask ^= 1u << bit;
        CHECK(fake_dies(take_from_hurt));
        p.consumer = as_it_was;
        CHECK(!fake_dies(take_from_hurt) && p.consumer.lies == 1);
        p.consumer = as_it_was;
    }
    p.consumer.producer = true;
    CHECK(fake_dies(take_from_hurt));
    end(&p);
}

int main(void)
{
    test_own_words_written_over();
    test_own_index_written_over();
    test_any_index_written_over();
    test_layout();
    test_order_and_room(1);
    test_order_and_room(16);
    test_order_and_room(64);
    test_order_and_room(24);
    test_batches(1, 0);
    test_batches(16, 0xfffffff0u);
    test_batches(64, 0xfffffffbu);
    test_byte_stream();
    test_lying_producer();
    test_lying_consumer();
    test_lies_are_refused();
    test_own_index_is_private();
    test_arm_looks_again();
    test_stays_armed();
    test_arm_does_not_loop();
    test_a_peer_that_fills_for_ever();
    test_late_consumer();
    test_restarted_producer();
    test_restarted_consumer();
    test_put_before_it_hears();
    test_restart_in_the_middle();
    test_both_restart();
    test_pair_follows();
    test_stream_is_resumed();
    test_stream_finds_its_place();
    test_closed_by_own_words();
    test_life_written_over();
    test_stream_lies_are_owed_a_look();
    test_bad_configuration();
    return 0;
}
