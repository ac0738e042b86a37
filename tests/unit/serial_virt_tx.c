/* tests/unit/serial_virt_tx.c: virt_tx between a scripted driver and hostile clients. */
#include <string.h>

#include "serial/config.h"
#include "tests/unit/fake_microkit.h"

enum { DRIVER = 1, QUIET = 2, LOUD = 3, CONSOLE = 4 };

#define DRIVER_CAPACITY 128
#define CLIENT_CAPACITY 1024

static _Alignas(RING_LINE) uint8_t driver_memory[RING_BYTES(DRIVER_CAPACITY, 1)];
static _Alignas(RING_LINE) uint8_t client_memory[3][RING_BYTES(CLIENT_CAPACITY, 1)];

const struct serial_virt_tx_config serial_virt_tx_config = {
    .driver = DRIVER,
    .driver_tx = {driver_memory, DRIVER_CAPACITY},
    .client_count = 3,
    .clients =
        {
            {.name = "quiet", .channel = QUIET, .colour = 0, .tx = {client_memory[0], CLIENT_CAPACITY}},
            {.name = "loud", .channel = LOUD, .colour = 31, .tx = {client_memory[1], CLIENT_CAPACITY}},
            {.name = "console", .channel = CONSOLE, .raw = true, .tx = {client_memory[2], CLIENT_CAPACITY}},
        },
};

static struct ring driver, clients[3];
static char printed[100000];
static size_t printed_length;

/* What the UART would do: takes `most` bytes, wakes the producer that waits, and runs it. */
static void drain(size_t most)
{
    char bytes[64];

    while (most) {
        uint32_t got = ring_get_many(&driver, bytes, most < sizeof(bytes) ? (uint32_t)most : sizeof(bytes));

        memcpy(printed + printed_length, bytes, got);
        printed_length += got;
        printed[printed_length] = '\0';
        most -= got;
        if (got && ring_wake_producer(&driver)) {
            fake_wake(FAKE_BIT(DRIVER));
        }
        if (!got && ring_arm_consumer(&driver)) {
            return;
        }
    }
}

static void say(unsigned client, const char *text)
{
    CHECK_EQUAL(ring_put_many(&clients[client], text, (uint32_t)strlen(text)), strlen(text));
    if (ring_wake_consumer(&clients[client])) {
        fake_wake(FAKE_BIT(QUIET + client));
    }
}

static void expect(const char *text)
{
    drain(SIZE_MAX);
    CHECK_TEXT(printed, text);
    printed_length = 0;
    printed[0] = '\0';
    CHECK_EQUAL(fake_lost_deferred(), 0);
}

static void test_lines(void)
{
    say(0, "one\ntwo\n");
    expect("quiet| one\nquiet| two\n");
    CHECK(fake_notified(DRIVER) > 0);
    say(1, "red\n");
    expect("\033[31mloud| \033[0mred\n");
}

static void test_unfinished_line_waits(void)
{
    say(0, "begun ");
    say(1, "other\n");
    say(0, "and ended\n");
    expect("\033[31mloud| \033[0mother\nquiet| begun and ended\n");
}

static void test_fair(void)
{
    for (unsigned i = 0; i < 20; i++) {
        say(1, "again and again\n"); /* more than the driver's ring holds */
    }
    say(0, "me, too\n");
    drain(SIZE_MAX);
    const char *mine = strstr(printed, "quiet| me, too\n");

    CHECK(mine && mine - printed < 400);
    CHECK_EQUAL(printed_length, 20 * strlen("\033[31mloud| \033[0magain and again\n") + strlen("quiet| me, too\n"));
    printed_length = 0;
}

static void test_control_characters(void)
{
    say(0, "a\033[2Jb\rc\td\x7f\xc3\xa9\r\n");
    expect("quiet| a?[2Jb?c\td?\xc3\xa9\n");
    say(0, "\n\r\n");
    expect("quiet| \nquiet| \n");
}

static void test_long_line(void)
{
    char line[SERIAL_LINE_MAX + 101], want[SERIAL_LINE_MAX + 200];

    memset(line, 'x', sizeof(line));
    line[sizeof(line) - 2] = '\n';
    line[sizeof(line) - 1] = '\0';
    say(0, line);
    snprintf(want, sizeof(want), "quiet| %.*s\nquiet| %s", SERIAL_LINE_MAX, line, line + SERIAL_LINE_MAX);
    expect(want);
}

static void test_raw(void)
{
    say(2, ">>> \033[1m");
    expect(">>> \033[1m");
    say(0, "a line\n");
    say(2, "x");
    expect("\nquiet| a line\nx");
    say(2, "\n");
    say(0, "b\n");
    expect("\nquiet| b\n");
}

static void test_back_pressure(void)
{
    char line[100];
    size_t sent = 0;

    memset(line, 'y', sizeof(line));
    line[99] = '\n';
    for (;;) { /* the UART stands still: the client fills up and then may sleep */
        uint32_t put = ring_put_many(&clients[0], line + sent % 100, 100 - (uint32_t)(sent % 100));

        sent += put;
        if (ring_wake_consumer(&clients[0])) {
            fake_wake(FAKE_BIT(QUIET));
        }
        if (put == 0 && ring_arm_producer(&clients[0])) {
            break;
        }
        CHECK(sent < 10000);
    }
    fake_notified(QUIET);
    drain(SIZE_MAX);
    CHECK_EQUAL(fake_notified(QUIET), 1);
    CHECK_EQUAL(printed_length, sent / 100 * strlen("quiet| ") + sent / 100 * 100);
    printed_length = 0;
    ring_put_many(&clients[0], line + sent % 100, 100 - (uint32_t)(sent % 100));
    fake_wake(FAKE_BIT(QUIET));
    drain(SIZE_MAX);
    printed_length = 0;
}

/* It dies again and again, also with a line half on its way: not a byte is lost or comes twice, and no greeting. */
static void test_restarts(void)
{
    char line[80], want[4000] = "";

    for (unsigned i = 0; i < 20; i++) {
        snprintf(line, sizeof(line), "line %u of a client that does not notice\n", i);
        say(0, line);
        sprintf(want + strlen(want), "quiet| %s", line);
        if (i % 2) {
            drain(30);
        }
        fake_set_generation(2 + i);
        init();
        fake_set_generation(1);
    }
    expect(want);
}

static void test_lying_clients(void)
{
    struct ring_shared *shared = (void *)client_memory[1];
    uint32_t seed = 3;

    for (unsigned n = 0; n < 20000; n++) {
        seed = seed * 1664525 + 1013904223;
        shared->tail += seed >> 20;
        shared->elements[seed >> 8 & (CLIENT_CAPACITY - 1)] = (uint8_t)seed;
        fake_wake(FAKE_BIT(LOUD));
        drain(SIZE_MAX);
        printed_length = 0;
    }
    CHECK_EQUAL(driver.lies, 0);
    say(0, "still here\n");
    expect("quiet| still here\n");
}

int main(void)
{
    fake_reset();
    init();
    ring_attach_consumer(&driver, &serial_virt_tx_config.driver_tx, 1);
    for (unsigned i = 0; i < 3; i++) {
        ring_attach_producer(&clients[i], &serial_virt_tx_config.clients[i].tx, 1);
    }
    drain(1);
    test_lines();
    test_unfinished_line_waits();
    test_fair();
    test_control_characters();
    test_long_line();
    test_raw();
    test_back_pressure();
    test_restarts();
    test_lying_clients();
    return 0;
}
