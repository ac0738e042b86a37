/* tests/unit/serial_virt_rx.c: virt_rx between the driver and a client that reads when it likes; the client library. */
#include <string.h>

#include "lib/log.h"
#include "serial/client.h"
#include "serial/config.h"
#include "tests/unit/fake_microkit.h"

enum { DRIVER = 1, CLIENT = 2, CLIENT_TX = 3 };

static _Alignas(RING_LINE) uint8_t driver_memory[RING_BYTES(256, 1)],
    client_memory[RING_BYTES(32, 1)], tx_memory[RING_BYTES(64, 1)];

const struct serial_virt_rx_config serial_virt_rx_config = {
    .driver = DRIVER,
    .driver_rx = {driver_memory, 256},
    .has_client = true,
    .client = CLIENT,
    .client_rx = {client_memory, 32},
};

/* The client's end, in the same program: its rx channel is the one on which virt_rx notifies it. */
static const struct serial_client_config client_config = {
    .tx_channel = CLIENT_TX,
    .tx = {tx_memory, 64},
    .has_input = true,
    .rx_channel = CLIENT,
    .rx = {client_memory, 32},
};

static struct ring driver, tx;

static void type(const char *text)
{
    CHECK_EQUAL(ring_put_many(&driver, text, (uint32_t)strlen(text)), strlen(text));
    if (ring_wake_consumer(&driver)) {
        fake_wake(FAKE_BIT(DRIVER));
    }
}

/* Reads until it may sleep; whatever wake-up it owes is then sent, and run. */
static size_t read_some(char *text, size_t most)
{
    size_t length = 0;

    while (length < most) {
        size_t got = serial_client_read(text + length, most - length);

        length += got;
        pd_flush();
        if (fake_notified(CLIENT)) {
            fake_wake(FAKE_BIT(CLIENT));
        }
        if (!got && serial_client_wait_input()) {
            break;
        }
    }
    return length;
}

static void test_input(void)
{
    char text[300], want[201];

    CHECK(serial_client_wait_input());
    type("abc");
    CHECK_EQUAL(fake_notified(CLIENT), 1);
    CHECK(read_some(text, 2) == 2 && memcmp(text, "ab", 2) == 0);
    CHECK(read_some(text, 100) == 1 && text[0] == 'c');
    for (size_t i = 0; i < 200; i++) {
        want[i] = (char)('0' + i % 70);
    }
    want[200] = '\0';
    type(want); /* more than the client's ring: the rest stays with the driver */
    fake_notified(CLIENT);
    CHECK(ring_room(&driver) < 256);
    CHECK_EQUAL(read_some(text, 300), 200);
    CHECK(memcmp(text, want, 200) == 0);
    CHECK_EQUAL(ring_room(&driver), 256);
}

static void test_output(void)
{
    char text[100];

    memset(text, 'x', sizeof(text));
    CHECK(ring_arm_consumer(&tx));
    CHECK_EQUAL(serial_client_write(text, 100), 64);
    CHECK_EQUAL(fake_notified(CLIENT_TX), 0);
    pd_flush();
    CHECK_EQUAL(fake_notified(CLIENT_TX), 1);
    CHECK_EQUAL(serial_client_write(text, 1), 0);
    CHECK(serial_client_wait_room());
    CHECK_EQUAL(ring_get_many(&tx, text, 100), 64);
    CHECK(ring_wake_producer(&tx));
    CHECK(!serial_client_wait_room());

    /* A log line is there as a whole, or not at all. */
    log_to(serial_client_log_sink);
    memset(text, 'y', 60);
    log_line("%.60s", text);
    log_line("this one does not fit");
    CHECK_EQUAL(ring_get_many(&tx, text, 100), 61);
    log_line("fits");
    CHECK_EQUAL(ring_get_many(&tx, text, 100), strlen("[1 lost] fits\n"));
    CHECK(memcmp(text, "[1 lost] fits\n", strlen("[1 lost] fits\n")) == 0);
}

static void test_lying_client(void)
{
    struct ring_shared *shared = (void *)client_memory;
    char text[300];
    uint32_t seed = 5;

    for (unsigned n = 0; n < 5000; n++) {
        seed = seed * 1664525 + 1013904223;
        shared->head = n % 2 ? shared->head + (seed >> 27) : seed;
        shared->producer_armed = 1;
        if (ring_room(&driver) > 10) {
            type("0123456789");
        }
        fake_wake(FAKE_BIT(CLIENT));
    }
    CHECK_EQUAL(driver.lies, 0);
    read_some(text, 300);
}

/* The client dies with its ring full, while more input waits; started anew, it is woken for the rest. */
static void test_restarted_client(void)
{
    static const struct serial_client_config anew = {
        .tx_channel = 10, .tx = {tx_memory, 64}, .has_input = true, .rx_channel = 11, .rx = {client_memory, 32}};
    char text[300];
    size_t length = 0, got;

    for (unsigned i = 0; i < 10; i++) {
        type("0123456789");
    }
    CHECK(serial_client_wait_input() == false);
    fake_set_generation(2);
    serial_client_init(&anew);
    fake_set_generation(1);
    do {
        pd_flush();
        if (fake_notified(11)) {
            fake_wake(FAKE_BIT(CLIENT));
        }
        got = serial_client_read(text + length, sizeof(text) - length);
        length += got;
    } while (got || !serial_client_wait_input());
    CHECK_EQUAL(length, 100);
    for (unsigned i = 0; i < 100; i++) {
        CHECK_EQUAL(text[i], '0' + i % 10);
    }
}

/* virt_rx dies with a piece in its hands that the client's ring had no room for; and with nonsense in its memory. */
static void test_own_restart(void)
{
    char text[300];

    for (unsigned i = 0; i < 10; i++) {
        type("0123456789");
    }
    fake_set_generation(2);
    init();
    fake_set_generation(1);
    size_t length = read_some(text, 300);
    CHECK_EQUAL(length, 100);
    for (unsigned i = 0; i < 100; i++) {
        CHECK_EQUAL(text[i], '0' + i % 10);
    }
}

int main(void)
{
    fake_reset();
    init();
    ring_attach_producer(&driver, &serial_virt_rx_config.driver_rx, 1);
    ring_attach_consumer(&tx, &client_config.tx, 1);
    serial_client_init(&client_config);
    test_input();
    test_output();
    test_own_restart();
    test_restarted_client();
    test_lying_client();
    CHECK_EQUAL(fake_lost_deferred(), 0);
    return 0;
}
