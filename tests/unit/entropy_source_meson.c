/* tests/unit/entropy_source_meson.c: the service with the S905X3's generator, against a model of its one register: a word
 * that is new with each read, every few reads, or never. */
#include "entropy/config.h"
#include "entropy/health.h"
#include "lib/mmio.h"
#include "serial/client.h"
#include "tests/unit/fake_microkit.h"
#include "tests/unit/in_turn.h"

enum { CLIENT = 10 };

static uint32_t register_at;
const struct entropy_config entropy_config = {.registers = &register_at, .client_count = 1, .clients = {CLIENT}};
const struct serial_client_config serial_client_config;

static struct {
    uint64_t state;
    uint32_t word, reads, reads_per_word; /* 0: it stands */
    bool prefers;                         /* one of its bytes is always the same */
} model;

uint32_t mmio_read(volatile void *registers, uint32_t offset)
{
    CHECK(registers == &register_at && offset == 0);
    if (model.reads_per_word && model.reads++ % model.reads_per_word == 0) {
        model.state = model.state * 6364136223846793005u + 1442695040888963407u;
        model.word = (uint32_t)(model.state >> 32);
        model.word = model.prefers ? model.word | 0xff : model.word;
    }
    return model.word;
}

void mmio_write(volatile void *registers, uint32_t offset, uint32_t value)
{
    CHECK(!"it has nothing to write to");
}

static char line[200];

void serial_client_init(const struct serial_client_config *config) {}

bool serial_client_log_sink(const char *text, size_t length)
{
    snprintf(line, sizeof(line), "%.*s", (int)length, text);
    return true;
}

static uint64_t ask(uint64_t *first_word)
{
    microkit_msginfo answer = protected(CLIENT, microkit_msginfo_new(ENTROPY_ASK, 0));
    *first_word = microkit_mr_get(0);
    return microkit_msginfo_get_label(answer);
}

static void test_each_read_a_word(void)
{
    uint64_t one, two;
    model.reads_per_word = 1;
    init();
    CHECK_EQUAL(model.reads, 1 + HEALTH_START_SAMPLES / 4);
    CHECK(ask(&one) == ENTROPY_SEED && ask(&two) == ENTROPY_SEED && one != two);
    CHECK_EQUAL(model.reads, 1 + HEALTH_START_SAMPLES / 4 + 2 * 64 / 4); /* fresh ones with each */
    CHECK_EQUAL(line[0], 0);
}

/* Read faster than it makes them: each word counts once. */
static void test_each_word_read_often(void)
{
    uint64_t one, two;
    model.reads_per_word = 7;
    init();
    CHECK(model.reads > 7 * (HEALTH_START_SAMPLES / 4 - 1));
    CHECK(ask(&one) == ENTROPY_SEED && ask(&two) == ENTROPY_SEED && one != two);
}

static void test_it_stands(void)
{
    uint64_t one;
    init();
    CHECK(strstr(line, "gives nothing"));
    CHECK_EQUAL(ask(&one), ENTROPY_NO_SOURCE);
}

static void test_it_stands_later(void)
{
    uint64_t one;
    model.reads_per_word = 1;
    init();
    model.reads_per_word = 0;
    int given = 0;
    while (ask(&one) == ENTROPY_SEED) {
        CHECK(++given < 100);
    }
    CHECK(strstr(line, "gives nothing"));
}

static void test_a_byte_that_is_always_the_same(void)
{
    uint64_t one;
    model.reads_per_word = 1;
    model.prefers = true;
    init();
    CHECK(strstr(line, "failed a test"));
    CHECK_EQUAL(ask(&one), ENTROPY_NO_SOURCE);
}

static const struct {
    const char *name;
    void (*function)(void);
} tests[] = {
    {"each_read_a_word", test_each_read_a_word},
    {"each_word_read_often", test_each_word_read_often},
    {"it_stands", test_it_stands},
    {"it_stands_later", test_it_stands_later},
    {"a_byte_that_is_always_the_same", test_a_byte_that_is_always_the_same},
};

static const char *name_of(uint64_t n)
{
    return tests[n].name;
}

static void run(uint64_t n)
{
    fake_reset();
    model.state = 1;
    tests[n].function();
}

int main(int argc, char **argv)
{
    return in_turn(argc, argv, 0, sizeof(tests) / sizeof(*tests) - 1, name_of, run);
}
