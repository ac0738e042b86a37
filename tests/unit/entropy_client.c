/* tests/unit/entropy_client.c: entropy/client.c against a service that has, has not yet, never has, and is away. */
#include "entropy/client.h"
#include "lib/random.h"
#include "tests/unit/fake_microkit.h"
#include "tests/unit/in_turn.h"

enum { SERVICE = 6 };

static const struct entropy_client_config config = {.has_service = true, .channel = SERVICE};
static uint64_t label, count;
static unsigned calls, outcomes;

static microkit_msginfo service(microkit_channel channel, microkit_msginfo info)
{
    CHECK_EQUAL(channel, SERVICE);
    CHECK(microkit_msginfo_get_label(info) == ENTROPY_ASK && microkit_msginfo_get_count(info) == 0);
    calls++;
    for (uint8_t i = 0; i < ENTROPY_WORDS; i++) {
        microkit_mr_set(i, 0x1111111111111111u * (i + calls));
    }
    return microkit_msginfo_new(label, count);
}

static void on_outcome(void *context)
{
    outcomes++;
}

static void begin(uint64_t says, uint64_t words)
{
    fake_on_ppcall(service);
    label = says;
    count = words;
    random_on_outcome(on_outcome, NULL);
    entropy_client_init(&config);
}

static void expect_wiped(void)
{
    for (uint8_t i = 0; i < ENTROPY_WORDS; i++) {
        CHECK_EQUAL(microkit_mr_get(i), 0);
    }
}

/* The number that comes after 32 bytes were mixed into a fresh generator. */
static uint32_t word_of(const uint64_t words[ENTROPY_WORDS])
{
    int ends[2];
    uint32_t word = 0;
    CHECK(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        random_mix(words, RANDOM_SEED_BYTES);
        word = random_word();
        _exit(write(ends[1], &word, sizeof(word)) != sizeof(word));
    }
    CHECK(child > 0 && waitpid(child, NULL, 0) == child && read(ends[0], &word, sizeof(word)) == sizeof(word));
    return word;
}

static void test_a_seed_at_once(void)
{
    static const uint64_t words[] = {0x1111111111111111u, 0x2222222222222222u, 0x3333333333333333u,
                                     0x4444444444444444u};
    uint32_t wanted = word_of(words);
    begin(ENTROPY_SEED, ENTROPY_WORDS);
    CHECK(random_is_sound() && outcomes == 1 && calls == 1);
    CHECK_EQUAL(random_word(), wanted); /* all of it, and nothing else */
    expect_wiped();
    fake_wake(FAKE_BIT(SERVICE)); /* it has started anew: nobody here waits */
    CHECK_EQUAL(calls, 1);
}

static void test_a_seed_later(void)
{
    begin(ENTROPY_NONE_YET, 0);
    CHECK(!random_is_sound() && outcomes == 0 && calls == 1);
    fake_wake(FAKE_BIT(SERVICE)); /* for nothing */
    CHECK(!random_is_sound() && outcomes == 0 && calls == 2);
    label = ENTROPY_SEED;
    count = ENTROPY_WORDS;
    fake_wake(FAKE_BIT(SERVICE));
    CHECK(random_is_sound() && outcomes == 1 && calls == 3);
    expect_wiped();
}

static void test_no_source(void)
{
    begin(ENTROPY_NO_SOURCE, 0);
    CHECK(!random_is_sound() && outcomes == 1);
    label = ENTROPY_SEED;
    count = ENTROPY_WORDS;
    fake_wake(FAKE_BIT(SERVICE)); /* restarted, its tests have passed */
    CHECK(random_is_sound() && outcomes == 2);
}

/* Another label, too few words: as if it had none yet. */
static void test_nonsense(void)
{
    begin(77, ENTROPY_WORDS);
    CHECK(!random_is_sound() && outcomes == 0);
    label = ENTROPY_SEED;
    count = ENTROPY_WORDS - 1;
    fake_wake(FAKE_BIT(SERVICE));
    CHECK(!random_is_sound() && outcomes == 0);
}

static void test_no_service(void)
{
    static const struct entropy_client_config without = {.has_service = false};
    random_on_outcome(on_outcome, NULL);
    entropy_client_init(&without);
    CHECK(!random_is_sound() && outcomes == 1 && calls == 0);
}

static void test_no_configuration(void)
{
    random_on_outcome(on_outcome, NULL);
    entropy_client_init(NULL);
    CHECK(!random_is_sound() && outcomes == 1);
}

static const struct {
    const char *name;
    void (*function)(void);
} tests[] = {
    {"a_seed_at_once", test_a_seed_at_once}, {"a_seed_later", test_a_seed_later},
    {"no_source", test_no_source},           {"nonsense", test_nonsense},
    {"no_service", test_no_service},         {"no_configuration", test_no_configuration},
};

static const char *name_of(uint64_t n)
{
    return tests[n].name;
}

static void run(uint64_t n)
{
    fake_reset();
    tests[n].function();
    CHECK_EQUAL(fake_lost_deferred(), 0);
}

int main(int argc, char **argv)
{
    return in_turn(argc, argv, 0, sizeof(tests) / sizeof(*tests) - 1, name_of, run);
}
