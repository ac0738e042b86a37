/* python_endpoint.c: the interpreter's endpoints in the storm of net_ip_storm.c, in place of the echo service. A
 * fickle program holds many connections: it reads and writes pieces, leaves data unread, closes at any moment, shuts
 * one direction, connects out.
 */
#include <string.h>

#include "fake_microkit.h"
#include "net/ip/ip.h"
#include "python/endpoint.h"
#include "python/port.h"
#include "timer/client.h"

#define CONNECTIONS 400 /* more than there are endpoints */
#define PIECE 3000

static const uint16_t ports[] = {7, 9, 17, 19};

static struct {
    bool woken;
    uint32_t random;
    struct endpoint *listeners[4];
    struct endpoint *datagrams;
    struct endpoint *connections[CONNECTIONS];
    uint64_t received, sent, accepted, refused;
} self;

static uint32_t noise(void)
{
    self.random = self.random * 1664525 + 1013904223;
    return self.random >> 8;
}

void port_wake(void)
{
    self.woken = true;
}

static void hold(struct endpoint *endpoint)
{
    for (size_t i = 0; i < CONNECTIONS; i++) {
        if (!self.connections[i]) {
            self.connections[i] = endpoint;
            return;
        }
    }
    endpoint_close(endpoint);
}

static void accept_all(struct endpoint *listener)
{
    struct endpoint_address peer;
    struct endpoint *accepted;

    while (endpoint_waits(listener, &peer)) {
        accepted = endpoint_accept(listener);
        CHECK(peer.port != 0);
        self.accepted++;
        hold(accepted);
    }
    endpoint_ready(listener, ENDPOINT_READ);
}

/* False: the connection is of no use any more. */
static bool exchange(struct endpoint *endpoint)
{
    static char data[PIECE];
    int error = 0;
    size_t size = 1 + noise() % PIECE;
    size_t line = endpoint_line_length(endpoint, size);

    CHECK(line <= size);
    intptr_t count = endpoint_receive(endpoint, data, line ? line : size, NULL, &error);
    CHECK(count <= (intptr_t)size && (line == 0 || count == (intptr_t)line));
    if (count == 0 || (count < 0 && error != EAGAIN)) {
        return false;
    }
    if (count < 0) {
        return true;
    }
    self.received += (uint64_t)count;
    count = endpoint_send(endpoint, data, (size_t)count, &error);
    self.sent += count > 0 ? (uint64_t)count : 0;
    return count >= 0 || error == EAGAIN;
}

static void tend(struct endpoint **place)
{
    struct endpoint *endpoint = *place;
    uint32_t whim = noise() % 64;

    if (whim == 0 || (endpoint_ready(endpoint, ENDPOINT_READ) && whim > 8 && !exchange(endpoint))) {
        endpoint_close(endpoint);
        *place = NULL;
        return;
    }
    if (whim == 1) {
        endpoint_shutdown(endpoint, noise() % 2, noise() % 2);
    }
    endpoint_ready(endpoint, ENDPOINT_READ | (noise() % 2 ? ENDPOINT_WRITE : 0));
}

static void answer_datagrams(void)
{
    static char data[2000];
    struct endpoint_address from;
    int error;
    intptr_t count;

    while ((count = endpoint_receive(self.datagrams, data, sizeof(data), &from, &error)) >= 0) {
        endpoint_send_to(self.datagrams, data, (size_t)count, &from, &error);
    }
    CHECK_EQUAL(error, EAGAIN);
    endpoint_ready(self.datagrams, ENDPOINT_READ);
}

static void connect_out(void)
{
    struct endpoint *endpoint = endpoint_new(false);
    struct endpoint_address to = {.port = (uint16_t)(30000 + noise() % 200)};

    if (!endpoint) {
        self.refused++;
        return;
    }
    IP4_ADDR(&to.ip, 10, 0, 2, 2);
    if (endpoint_connect(endpoint, &to) == EINPROGRESS) {
        hold(endpoint);
    } else {
        endpoint_close(endpoint);
    }
}

static void program(void *context)
{
    if (!self.woken) {
        return;
    }
    self.woken = false;
    for (size_t i = 0; i < 4; i++) {
        accept_all(self.listeners[i]);
    }
    for (size_t i = 0; i < CONNECTIONS; i++) {
        if (self.connections[i]) {
            tend(&self.connections[i]);
        }
    }
    answer_datagrams();
    if (noise() % 256 == 0) {
        connect_out();
    }
}

/* A storm that nobody felt would prove nothing. */
static void check_busy(void)
{
    if (getenv("VERBOSE")) {
        printf("accepted %llu, received %llu, sent %llu, no endpoint %llu\n", (unsigned long long)self.accepted,
               (unsigned long long)self.received, (unsigned long long)self.sent, (unsigned long long)self.refused);
    }
    CHECK(self.accepted > 20 && self.received > 10000 && self.sent > 10000);
}

void init(void)
{
    atexit(check_busy);
    self.random = 1;
    timer_client_init(&timer_client_config);
    ip_init(&ip_config, &net_client_config);
    endpoint_init(true);
    pd_before_flush(program, NULL);
    for (size_t i = 0; i < 4; i++) {
        struct endpoint_address address = {.port = ports[i]};
        self.listeners[i] = endpoint_new(false);
        CHECK_EQUAL(endpoint_bind(self.listeners[i], &address), 0);
        CHECK_EQUAL(endpoint_listen(self.listeners[i], 5), 0);
    }
    self.datagrams = endpoint_new(true);
    struct endpoint_address address = {.port = 7};
    CHECK_EQUAL(endpoint_bind(self.datagrams, &address), 0);
    self.woken = true;
    pd_flush();
}
