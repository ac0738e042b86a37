/* tests/unit/lib_random.c: lib/random/random.c: the cipher by its RFC's vectors, what enters the key, the outcome. */
#include "lib/random.h"
#include "tests/unit/fake_microkit.h"
#include "tests/unit/in_turn.h"

/* RFC 8439 A.1, test vector 4: block 2 of the key 00 ff 00 .. begins with 72 d5 4d fb f1 2e c4 4b. */
static void test_the_cipher(void)
{
    static const uint64_t key[2] = {0xff00, 0};
    CHECK_EQUAL(random_keyed_hash(key, 0, 0), 0x4bc42ef1fb4dd572ull);
}

/* RFC 8439 A.1, test vector 2: block 1 of the key 0. The next one is block 1 of another key, half of block 0 (made apart,
 * by another implementation): from a key that is kept nobody can make the numbers that were given out before. */
static void test_numbers(void)
{
    static const uint8_t first[16] = {0x9f, 0x07, 0xe7, 0xbe, 0x55, 0x51, 0x38, 0x7a,
                                      0x98, 0xba, 0x97, 0x7c, 0x73, 0x2d, 0x08, 0x0d};
    static const uint8_t last[4] = {0x4b, 0x79, 0x4d, 0x6f}, next[4] = {0x55, 0x1a, 0xaa, 0x9b};
    uint8_t bytes[68];
    random_bytes(bytes, sizeof(bytes));
    CHECK(memcmp(bytes, first, sizeof(first)) == 0);
    CHECK(memcmp(bytes + 60, last, 4) == 0 && memcmp(bytes + 64, next, 4) == 0);
}

static void test_any_count(void)
{
    uint8_t bytes[8] = {0}, none = 7;
    random_bytes(&none, 0);
    CHECK_EQUAL(none, 7);
    random_bytes(bytes, 5);
    CHECK(bytes[4] != 0 && bytes[5] == 0);
    CHECK_EQUAL(random_word(), 0x7c97ba98); /* the rest of a word is not given out later */
}

/* Bytes 0 to 39, made apart as well: two parts, of which the second is filled up with zeros. */
static void test_mixes(void)
{
    static const uint8_t wanted[16] = {0x16, 0x1c, 0x84, 0x60, 0x92, 0xfa, 0x48, 0xa0,
                                       0x88, 0xbb, 0xad, 0x2a, 0xf0, 0x68, 0x37, 0x8a};
    uint8_t seed[40], bytes[16];
    for (uint32_t i = 0; i < sizeof(seed); i++) {
        seed[i] = (uint8_t)i;
    }
    random_mix(seed, sizeof(seed));
    random_bytes(bytes, sizeof(bytes));
    CHECK(memcmp(bytes, wanted, sizeof(wanted)) == 0);
}

/* What is left of a block was made without it. */
static void test_mixed_at_once(void)
{
    uint32_t second, without = 0xbee7079f;
    CHECK_EQUAL(random_word(), without);
    random_mix("x", 1);
    second = random_word();
    CHECK(second != 0x7a385155); /* the second word of test_numbers */
    random_stir(1);
    CHECK(random_word() != second);
}

/* The next word, in a process apart, where `value` was stirred in before. */
static uint32_t word_apart(uint64_t value)
{
    int ends[2];
    uint32_t word = 0;
    CHECK(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        if (value) {
            random_stir(value);
        }
        word = random_word();
        _exit(write(ends[1], &word, sizeof(word)) != sizeof(word));
    }
    CHECK(child > 0 && waitpid(child, NULL, 0) == child && read(ends[0], &word, sizeof(word)) == sizeof(word));
    return word;
}

/* Each has an effect, and after so many no more: then they cost no block. */
static void test_stirs_for_a_while(void)
{
    uint32_t last = random_word();
    for (uint32_t i = 0; i < 256; i++) {
        random_stir(i + 1);
        uint32_t word = random_word();
        CHECK(word != last);
        last = word;
        CHECK((i == 255) == (word_apart(0) == word_apart(12345)));
    }
}

/* Its parts come from the counter alone: with a counter that stands they are what they are. */
static void test_jitter(void)
{
    fake_set_now_ns(5);
    random_stir_jitter();
    uint32_t at_five = random_word();
    CHECK(at_five != 0xbee7079f);
}

static unsigned calls, sound_calls;

static void on_outcome(void *context)
{
    CHECK(context == &calls);
    calls++;
    sound_calls += random_is_sound();
}

static void test_outcome(void)
{
    random_on_outcome(on_outcome, &calls);
    CHECK(calls == 0 && !random_is_sound());
    random_settle(false);
    CHECK(calls == 1 && !random_is_sound());
    random_settle(false); /* known already */
    CHECK_EQUAL(calls, 1);
    random_settle(true); /* a source has come after all */
    CHECK(calls == 2 && sound_calls == 1 && random_is_sound());
    random_settle(false); /* what it knows it does not forget */
    CHECK(calls == 2 && random_is_sound());
    random_on_outcome(on_outcome, &calls); /* late: at once */
    CHECK(calls == 3 && sound_calls == 2);
}

static void one_too_many(void)
{
    for (uint32_t i = 0; i < 5; i++) {
        random_on_outcome(on_outcome, &calls);
    }
}

static void test_too_many_handlers(void)
{
    CHECK(fake_dies(one_too_many) && strstr(fake_why(), "random_on_outcome"));
}

static const struct {
    const char *name;
    void (*function)(void);
} tests[] = {
    {"the_cipher", test_the_cipher},
    {"numbers", test_numbers},
    {"any_count", test_any_count},
    {"mixes", test_mixes},
    {"mixed_at_once", test_mixed_at_once},
    {"stirs_for_a_while", test_stirs_for_a_while},
    {"jitter", test_jitter},
    {"outcome", test_outcome},
    {"too_many_handlers", test_too_many_handlers},
};

static const char *name_of(uint64_t n)
{
    return tests[n].name;
}

static void run(uint64_t n)
{
    fake_reset();
    tests[n].function();
}

int main(int argc, char **argv)
{
    return in_turn(argc, argv, 0, sizeof(tests) / sizeof(*tests) - 1, name_of, run);
}
