/* tests/unit/entropy_server.c: entropy/server.c with a source that is played: who gets a seed, when, and when nobody. */
#include "entropy/config.h"
#include "entropy/health.h"
#include "entropy/source.h"
#include "serial/client.h"
#include "tests/unit/fake_microkit.h"
#include "tests/unit/in_turn.h"

enum { IRQ = 1, FIRST = 10, SECOND = 11, STRANGER = 30 };

const struct entropy_config entropy_config = {
    .has_irq = true, .irq = IRQ, .client_count = 2, .clients = {FIRST, SECOND}};
const struct serial_client_config serial_client_config;

/* -- the source -- */

static struct {
    const char *wrong;
    uint8_t bytes[SOURCE_BYTES_MAX];
    uint32_t asked, asks, brought;
    bool has, at_once; /* it has something; it needs no interrupt */
    uint64_t state;
} source;

static uint8_t next_byte(void)
{
    source.state = source.state * 6364136223846793005u + 1442695040888963407u;
    return (uint8_t)(source.state >> 56);
}

static void bring(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        source.bytes[i] = next_byte();
    }
    source.brought = count;
    source.has = true;
}

const char *source_start(void)
{
    return source.wrong;
}

void source_ask(uint32_t count)
{
    CHECK(count > 0 && count <= SOURCE_BYTES_MAX && source.asked == 0);
    source.asked = count;
    source.asks++;
    if (source.at_once) {
        bring(count);
    }
}

bool source_take(uint8_t **bytes, uint32_t *count)
{
    if (!source.has) {
        return false;
    }
    CHECK(source.asked > 0);
    source.has = false;
    source.asked = 0;
    *bytes = source.bytes;
    *count = source.brought;
    return true;
}

void source_interrupt(void) {}

/* -- the console -- */

static unsigned lines;
static char line[200];

void serial_client_init(const struct serial_client_config *config) {}

bool serial_client_log_sink(const char *text, size_t length)
{
    lines++;
    snprintf(line, sizeof(line), "%.*s", (int)length, text);
    return true;
}

/* -- the clients -- */

static uint64_t ask(microkit_channel channel, uint64_t seed[ENTROPY_WORDS])
{
    microkit_msginfo answer = protected(channel, microkit_msginfo_new(ENTROPY_ASK, 0));
    CHECK(!microkit_have_signal);
    if (microkit_msginfo_get_label(answer) == ENTROPY_SEED) {
        CHECK_EQUAL(microkit_msginfo_get_count(answer), ENTROPY_WORDS);
        for (uint8_t i = 0; i < ENTROPY_WORDS; i++) {
            seed[i] = microkit_mr_get(i);
        }
    }
    return microkit_msginfo_get_label(answer);
}

static uint64_t seeds[2][ENTROPY_WORDS];

static void interrupt_with(uint32_t count)
{
    bring(count);
    fake_wake(FAKE_BIT(IRQ));
    CHECK_EQUAL(fake_acked(IRQ), 1);
}

static void start(void)
{
    init();
    CHECK_EQUAL(source.asked, HEALTH_START_SAMPLES);
    interrupt_with(HEALTH_START_SAMPLES);
}

static void test_seeds(void)
{
    init();
    CHECK_EQUAL(ask(FIRST, seeds[0]), ENTROPY_NONE_YET);
    interrupt_with(HEALTH_START_SAMPLES);
    CHECK(fake_notified(FIRST) == 1 && fake_notified(SECOND) == 0); /* who has asked */
    CHECK_EQUAL(ask(FIRST, seeds[0]), ENTROPY_SEED);
    CHECK_EQUAL(ask(SECOND, seeds[1]), ENTROPY_SEED);
    CHECK(memcmp(seeds[0], seeds[1], sizeof(seeds[0])) != 0);
    CHECK_EQUAL(ask(FIRST, seeds[0]), ENTROPY_SEED);
    CHECK(memcmp(seeds[0], seeds[1], sizeof(seeds[0])) != 0);
    CHECK_EQUAL(lines, 0);
}

/* The very first bytes are used only when all of the first have passed. */
static void test_in_small_parts(void)
{
    init();
    for (uint32_t i = 0; i < HEALTH_START_SAMPLES - 1; i += 31) {
        CHECK_EQUAL(ask(SECOND, seeds[0]), ENTROPY_NONE_YET);
        interrupt_with(i + 31 > HEALTH_START_SAMPLES - 1 ? HEALTH_START_SAMPLES - 1 - i : 31);
        CHECK_EQUAL(source.asked, HEALTH_START_SAMPLES); /* again */
    }
    CHECK_EQUAL(ask(SECOND, seeds[0]), ENTROPY_NONE_YET);
    CHECK_EQUAL(fake_notified(SECOND), 0);
    interrupt_with(1);
    CHECK_EQUAL(fake_notified(SECOND), 1);
    CHECK_EQUAL(ask(SECOND, seeds[0]), ENTROPY_SEED);
}

/* One request at a time, and none that no client has caused. */
static void test_asks_for_fresh_bytes(void)
{
    start();
    CHECK(source.asked == 0 && source.asks == 1);
    (void)ask(FIRST, seeds[0]);
    CHECK(source.asked == 64 && source.asks == 2);
    for (int i = 0; i < 100; i++) {
        CHECK_EQUAL(ask(i % 2 ? FIRST : SECOND, seeds[0]), ENTROPY_SEED);
    }
    CHECK_EQUAL(source.asks, 2);
    interrupt_with(64);
    CHECK_EQUAL(source.asks, 2);
    for (uint8_t i = 0; i < ENTROPY_WORDS; i++) {
        CHECK_EQUAL(microkit_mr_get(i), 0); /* of the last seed nothing is left */
    }
    for (uint32_t i = 0; i < 64; i++) {
        CHECK_EQUAL(source.bytes[i], 0); /* nor of what it was made of */
    }
    (void)ask(FIRST, seeds[0]);
    CHECK_EQUAL(source.asks, 3);
}

/* What comes fresh enters the generator: the same life without it gives others. */
static void test_fresh_bytes_count(void)
{
    start();
    (void)ask(FIRST, seeds[0]);
    int ends[2];
    CHECK(pipe(ends) == 0);
    for (uint64_t change = 0; change < 2; change++) {
        pid_t child = fork();
        if (child == 0) {
            source.state += change;
            interrupt_with(64);
            (void)ask(FIRST, seeds[0]);
            _exit(write(ends[1], seeds[0], sizeof(seeds[0])) != sizeof(seeds[0]));
        }
        CHECK(child > 0 && waitpid(child, NULL, 0) == child);
        CHECK(read(ends[0], seeds[change], sizeof(seeds[change])) == sizeof(seeds[change]));
    }
    CHECK(memcmp(seeds[0], seeds[1], sizeof(seeds[0])) != 0);
}

static void test_a_source_at_once(void)
{
    source.at_once = true;
    init();
    CHECK_EQUAL(source.asks, 1);
    CHECK_EQUAL(ask(FIRST, seeds[0]), ENTROPY_SEED);
    CHECK_EQUAL(ask(FIRST, seeds[1]), ENTROPY_SEED);
    CHECK(memcmp(seeds[0], seeds[1], sizeof(seeds[0])) != 0 && source.asks == 3);
}

static void test_no_device(void)
{
    source.wrong = "there is none";
    init();
    CHECK(source.asks == 0 && lines == 1 && strstr(line, "there is none"));
    CHECK_EQUAL(ask(FIRST, seeds[0]), ENTROPY_NO_SOURCE);
    CHECK_EQUAL(fake_notified_bits(), 0);
}

static void bring_one_value(uint32_t count)
{
    memset(source.bytes, 7, count);
    source.brought = count;
    source.has = true;
    fake_wake(FAKE_BIT(IRQ));
}

static void test_it_fails_at_the_start(void)
{
    init();
    (void)ask(SECOND, seeds[0]);
    bring_one_value(20);
    CHECK(lines == 1 && strstr(line, "failed a test"));
    CHECK_EQUAL(fake_notified(SECOND), 1);
    CHECK_EQUAL(ask(SECOND, seeds[0]), ENTROPY_NO_SOURCE);
    CHECK_EQUAL(source.asks, 1); /* it is left alone */
    fake_wake(FAKE_BIT(IRQ));
    CHECK_EQUAL(lines, 1);
}

static void test_it_fails_later(void)
{
    start();
    CHECK_EQUAL(ask(FIRST, seeds[0]), ENTROPY_SEED);
    bring_one_value(64);
    CHECK(lines == 1 && strstr(line, "failed a test"));
    CHECK_EQUAL(ask(FIRST, seeds[0]), ENTROPY_NO_SOURCE);
    CHECK_EQUAL(ask(SECOND, seeds[0]), ENTROPY_NO_SOURCE);
}

/* A source at once, that fails as it is asked: who asks is not given what was known before. */
static void test_it_fails_as_it_is_asked(void)
{
    start();
    source.asked = 0;
    memset(source.bytes, 7, 64);
    source.brought = 64;
    source.has = true;
    CHECK_EQUAL(ask(FIRST, seeds[0]), ENTROPY_NO_SOURCE);
}

static void test_it_gives_nothing(void)
{
    init();
    for (int i = 0; i < 15; i++) {
        interrupt_with(0);
        CHECK(lines == 0 && source.asked > 0);
    }
    interrupt_with(1);
    for (int i = 0; i < 16; i++) {
        CHECK_EQUAL(lines, 0);
        interrupt_with(0);
    }
    CHECK(lines == 1 && strstr(line, "gives nothing") && source.asked == 0);
}

/* Another label, a channel that is no client's, an event that is nobody's. */
static void test_nonsense(void)
{
    start();
    microkit_msginfo answer = protected(FIRST, microkit_msginfo_new(77, 1));
    CHECK_EQUAL(microkit_msginfo_get_label(answer), ENTROPY_NONE_YET);
    CHECK_EQUAL(ask(STRANGER, seeds[0]), ENTROPY_NONE_YET);
    fake_wake(FAKE_BIT(FIRST) | FAKE_BIT(STRANGER));
    CHECK(source.asks == 1 && fake_notified_bits() == 0);
}

/* Who waited is not known: all are told. The interrupt may be one that nobody has acknowledged. */
static void test_a_restart(void)
{
    fake_set_generation(2);
    init();
    CHECK_EQUAL(fake_acked(IRQ), 1);
    CHECK_EQUAL(fake_notified_bits(), 0);
    interrupt_with(HEALTH_START_SAMPLES);
    CHECK(fake_notified(FIRST) == 1 && fake_notified(SECOND) == 1);
    CHECK_EQUAL(ask(FIRST, seeds[0]), ENTROPY_SEED);
}

static const struct {
    const char *name;
    void (*function)(void);
} tests[] = {
    {"seeds", test_seeds},
    {"in_small_parts", test_in_small_parts},
    {"asks_for_fresh_bytes", test_asks_for_fresh_bytes},
    {"fresh_bytes_count", test_fresh_bytes_count},
    {"a_source_at_once", test_a_source_at_once},
    {"no_device", test_no_device},
    {"it_fails_at_the_start", test_it_fails_at_the_start},
    {"it_fails_later", test_it_fails_later},
    {"it_fails_as_it_is_asked", test_it_fails_as_it_is_asked},
    {"it_gives_nothing", test_it_gives_nothing},
    {"nonsense", test_nonsense},
    {"a_restart", test_a_restart},
};

static const char *name_of(uint64_t n)
{
    return tests[n].name;
}

static void run(uint64_t n)
{
    fake_reset();
    source.state = 1;
    tests[n].function();
    CHECK_EQUAL(fake_lost_deferred(), 0);
}

int main(int argc, char **argv)
{
    return in_turn(argc, argv, 0, sizeof(tests) / sizeof(*tests) - 1, name_of, run);
}
