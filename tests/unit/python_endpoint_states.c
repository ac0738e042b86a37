/* python_endpoint_states.c: the interpreter's TCP and UDP endpoints in each of their states, over net/ip and lwIP, with a
 * peer that is this test: what an operation says that does not fit the state, what a program is told when its peer
 * refuses, resets, closes or is silent, and when there is no memory or no endpoint. All memory comes back.
 */
#include <errno.h>
#include <string.h>

#include "lwip/priv/tcp_priv.h"
#include "net/ip/internal.h"
#include "python/endpoint.h"
#include "python/port.h"
#include "wire_stack.h"

#define BUFFERS 64
#define PORT 7
#define PEER_PORT 4000
#define ENDPOINTS 272

WIRE_CARD(BUFFERS, 0, 64, 128);
const struct ip_config ip_config = {.hostname = "states", .wait_for_start = true};

static uint32_t wakes;

void port_wake(void)
{
    wakes++;
}

/* -- the peer -- */

static struct {
    uint32_t next, own;  /* the guest's number that it expects; its own */
    uint32_t guest_port; /* of the last segment */
    uint8_t flags;       /* all that came */
    uint32_t segments, datagrams, payload;
    bool silent;
} peer;

void at_peer(const uint8_t *frame, uint32_t length)
{
    if (wire_answers_arp(frame)) {
        return;
    }
    if (frame[23] == 17) {
        peer.datagrams++;
        return;
    }
    peer.segments++;
    peer.guest_port = get16(frame + 34);
    peer.flags |= frame[47];
    uint32_t payload = get16(frame + 16) - 20 - (frame[46] >> 4) * 4u;
    if (!peer.silent) {
        peer.payload += payload;
        peer.next = get32(frame + 38) + payload + !!(frame[47] & (SYN | FIN));
    }
}

static void say(uint8_t flags, const char *data)
{
    uint32_t length = (uint32_t)strlen(data);
    wire_send(&(struct segment){.port = PEER_PORT,
                                .guest_port = peer.guest_port,
                                .number = peer.own,
                                .acknowledged = peer.next,
                                .flags = flags,
                                .window = 0xffff,
                                .data = data,
                                .length = length});
    peer.own += length + !!(flags & (SYN | FIN));
}

static void flush(void)
{
    pd_flush();
    wire_take();
}

static struct endpoint *listener;

static struct endpoint *connect_in(void)
{
    struct endpoint_address from;
    memset(&peer, 0, sizeof(peer));
    peer.guest_port = PORT;
    peer.own = 100;
    say(SYN, "");
    CHECK(peer.flags == (SYN | ACK));
    say(ACK, "");
    if (!endpoint_waits(listener, &from)) {
        return NULL;
    }
    CHECK_EQUAL(from.port, PEER_PORT);
    peer.flags = 0;
    return endpoint_accept(listener);
}

static struct endpoint *connect_out(int expected)
{
    struct endpoint_address to = {.port = PEER_PORT};
    struct endpoint *endpoint = endpoint_new(false);
    memset(&peer, 0, sizeof(peer));
    peer.own = 100;
    IP4_ADDR(&to.ip, 10, 0, 2, 2);
    CHECK_EQUAL(endpoint_connect(endpoint, &to), expected);
    flush();
    return endpoint;
}

/* -- what an endpoint says -- */

static void receives(struct endpoint *endpoint, intptr_t count, int expected)
{
    char data[100];
    int error = 0;
    CHECK_EQUAL(endpoint_receive(endpoint, data, sizeof(data), NULL, &error), count);
    CHECK(count >= 0 || error == expected);
}

static void sends(struct endpoint *endpoint, intptr_t count, int expected)
{
    int error = 0;
    CHECK_EQUAL(endpoint_send(endpoint, "hello", 5, &error), count);
    CHECK(count >= 0 || error == expected);
}

static void is_ready(struct endpoint *endpoint, uint32_t expected)
{
    CHECK_EQUAL(endpoint_ready(endpoint, ENDPOINT_READ | ENDPOINT_WRITE), expected);
}

#define HUNG_UP (ENDPOINT_READ | ENDPOINT_WRITE | ENDPOINT_HANGUP)

static void check_all_is_back(void)
{
    wire_pass(200 * S);
    CHECK(!tcp_active_pcbs && !tcp_tw_pcbs);
    CHECK_EQUAL(ring_count(&rx_free), BUFFERS);
}

/* -- TCP -- */

static void test_new_ones(void)
{
    struct endpoint_address address = {.port = PORT};
    struct endpoint *endpoint = endpoint_new(false);
    receives(endpoint, -1, ENOTCONN);
    sends(endpoint, -1, EPIPE);
    is_ready(endpoint, ENDPOINT_HANGUP);
    CHECK_EQUAL(endpoint_shutdown(endpoint, true, true), ENOTCONN);
    CHECK(!endpoint_peer_address(endpoint, &address) && endpoint_local_address(endpoint, &address));
    CHECK(!endpoint_listens(endpoint) && !endpoint_is_udp(endpoint));
    CHECK_EQUAL(endpoint_take_error(endpoint), 0);
    endpoint_set_keepalive(endpoint, true);
    endpoint_set_keepalive(endpoint, false);
    endpoint_set_broadcast(endpoint, true); /* of no meaning here */
    address.port = 9;
    CHECK_EQUAL(endpoint_bind(endpoint, &address), 0);
    CHECK_EQUAL(endpoint_listen(endpoint, 1000), 0);
    CHECK_EQUAL(endpoint_listen(endpoint, 5), 0);
    CHECK_EQUAL(endpoint_bind(endpoint, &address), EINVAL);
    CHECK_EQUAL(endpoint_connect(endpoint, &address), EINVAL);
    CHECK(endpoint_listens(endpoint) && endpoint_local_address(endpoint, &address) && address.port == 9);
    receives(endpoint, -1, ENOTCONN);
    is_ready(endpoint, 0);
    struct endpoint *second = endpoint_new(false);
    CHECK_EQUAL(endpoint_bind(second, &address), 0);
    CHECK_EQUAL(endpoint_listen(second, 5), EADDRINUSE);
    endpoint_close(second);
    endpoint_close(endpoint);
}

static void test_accepted(void)
{
    struct endpoint_address address;
    struct endpoint *endpoint = connect_in();
    receives(endpoint, -1, EAGAIN);
    is_ready(endpoint, ENDPOINT_WRITE);
    CHECK_EQUAL(endpoint_connect(endpoint, &(struct endpoint_address){.port = 5}), EISCONN);
    CHECK_EQUAL(endpoint_listen(endpoint, 5), EOPNOTSUPP);
    CHECK(endpoint_peer_address(endpoint, &address) && address.port == PEER_PORT);
    CHECK_EQUAL(endpoint_ready(endpoint, ENDPOINT_READ), 0);
    wakes = 0;
    say(ACK | PSH, "a line\nmore");
    CHECK_EQUAL(wakes, 1);
    CHECK_EQUAL(endpoint_line_length(endpoint, 100), 7);
    CHECK_EQUAL(endpoint_line_length(endpoint, 3), 3);
    receives(endpoint, 11, 0);
    sends(endpoint, 5, 0);
    CHECK_EQUAL(peer.payload, 0); /* it leaves when the program waits */
    flush();
    CHECK_EQUAL(peer.payload, 5);
    say(ACK, "");
    say(FIN | ACK, "");
    receives(endpoint, 0, 0);
    receives(endpoint, 0, 0);
    is_ready(endpoint, ENDPOINT_READ | ENDPOINT_WRITE);
    sends(endpoint, 5, 0); /* half closed */
    CHECK_EQUAL(endpoint_shutdown(endpoint, false, true), 0);
    CHECK_EQUAL(endpoint_shutdown(endpoint, false, true), 0);
    flush();
    CHECK_EQUAL(peer.payload, 10);
    CHECK(peer.flags & FIN);
    sends(endpoint, -1, EPIPE);
    CHECK(!endpoint_peer_address(endpoint, &address) && !endpoint_local_address(endpoint, &address));
    say(ACK, "");
    endpoint_close(endpoint);
    check_all_is_back();
}

/* Before and behind what it has sent; what came before is read first. */
static void test_reset_by_the_peer(void)
{
    for (int i = 0; i < 4; i++) {
        struct endpoint *endpoint = connect_in();
        if (i & 1) {
            say(ACK | PSH, "data");
        }
        if (i & 2) {
            sends(endpoint, 5, 0); /* owed when it breaks */
        }
        wakes = 0;
        say(RST | ACK, "");
        CHECK(wakes > 0);
        is_ready(endpoint, HUNG_UP | ENDPOINT_ERROR);
        if (i & 1) {
            receives(endpoint, 4, 0);
        }
        receives(endpoint, -1, ECONNRESET);
        receives(endpoint, 0, 0); /* told once */
        sends(endpoint, -1, EPIPE);
        is_ready(endpoint, HUNG_UP);
        CHECK_EQUAL(endpoint_shutdown(endpoint, true, true), ENOTCONN);
        flush();
        endpoint_close(endpoint);
        endpoint = connect_in();
        say(RST | ACK, "");
        sends(endpoint, -1, ECONNRESET);
        CHECK_EQUAL(endpoint_take_error(endpoint), 0);
        endpoint_close(endpoint);
    }
    check_all_is_back();
}

static void test_connects(void)
{
    struct endpoint_address to = {.port = PEER_PORT};
    struct endpoint *endpoint = connect_out(EINPROGRESS);
    CHECK(peer.flags == SYN);
    is_ready(endpoint, 0);
    receives(endpoint, -1, EAGAIN);
    sends(endpoint, -1, EAGAIN);
    CHECK_EQUAL(endpoint_connect(endpoint, &to), EALREADY);
    wakes = 0;
    say(SYN | ACK, "");
    CHECK_EQUAL(wakes, 1);
    is_ready(endpoint, ENDPOINT_WRITE);
    CHECK_EQUAL(endpoint_take_error(endpoint), 0);
    CHECK_EQUAL(endpoint_connect(endpoint, &to), EISCONN);
    sends(endpoint, 5, 0);
    endpoint_close(endpoint); /* what was written goes out before */
    flush();
    CHECK_EQUAL(peer.payload, 5);
    CHECK(peer.flags & FIN);
    say(FIN | ACK, "");
    endpoint = connect_out(EINPROGRESS); /* refused */
    say(RST | ACK, "");
    is_ready(endpoint, HUNG_UP | ENDPOINT_ERROR);
    CHECK_EQUAL(endpoint_take_error(endpoint), ECONNREFUSED);
    CHECK_EQUAL(endpoint_connect(endpoint, &to), EINVAL);
    endpoint_close(endpoint);
    endpoint = connect_out(EINPROGRESS); /* nobody answers */
    wakes = 0;
    wire_pass(200 * S);
    CHECK_EQUAL(wakes, 1);
    CHECK_EQUAL(endpoint_take_error(endpoint), ETIMEDOUT);
    endpoint_close(endpoint);
    endpoint = connect_out(EINPROGRESS); /* given up meanwhile */
    endpoint_close(endpoint);
    say(SYN | ACK, "");
    check_all_is_back();
}

/* A program that does not read: what comes is kept as long as there is a window, and none of it is lost. */
static void test_unread(void)
{
    static char data[1461];
    memset(data, 'x', 1460);
    struct endpoint *endpoint = connect_in();
    uint32_t sent = 0, got = 0;
    for (; sent + 1460 < 14600; sent += 1460) {
        say(ACK | PSH, data);
    }
    int error = 0;
    intptr_t count;
    while ((count = endpoint_receive(endpoint, data, 100, NULL, &error)) > 0) {
        got += (uint32_t)count;
    }
    CHECK_EQUAL(error, EAGAIN);
    CHECK_EQUAL(got, sent);
    say(FIN | ACK, "");
    receives(endpoint, 0, 0);
    endpoint_close(endpoint);
    flush();
    say(ACK, "");
    memset(data, 'x', 1460);
    endpoint = connect_in(); /* closed with much unread: an end, no reset */
    say(ACK | PSH, data);
    peer.flags = 0;
    endpoint_close(endpoint);
    flush();
    CHECK(peer.flags & FIN && !(peer.flags & RST));
    say(FIN | ACK, "");
    check_all_is_back();
}

/* Of those that wait for accept one that has gone is not given, a refused one is closed, and a listener that closes takes
 * the rest along. */
static void test_accept_queue(void)
{
    struct endpoint_address from;
    for (int way = 0; way < 3; way++) {
        memset(&peer, 0, sizeof(peer));
        peer.guest_port = PORT;
        peer.own = 100;
        say(SYN, "");
        say(ACK, "");
        say(ACK | PSH, "early");
        is_ready(listener, ENDPOINT_READ);
        peer.flags = 0;
        if (way == 0) {
            say(RST | ACK, "");
            CHECK(!endpoint_waits(listener, &from));
        } else if (way == 1) {
            CHECK(endpoint_waits(listener, &from));
            endpoint_refuse(listener);
        } else {
            struct endpoint_address address = {.port = PORT};
            endpoint_close(listener);
            listener = endpoint_new(false);
            CHECK_EQUAL(endpoint_bind(listener, &address), 0);
            CHECK_EQUAL(endpoint_listen(listener, 5), 0);
        }
        flush();
        CHECK_EQUAL(peer.flags & FIN, way == 0 ? 0 : FIN);
        is_ready(listener, 0);
        if (way > 0) {
            say(FIN | ACK, "");
        }
        check_all_is_back();
    }
}

static void test_no_endpoint_left(void)
{
    static struct endpoint *all[ENDPOINTS];
    int count = 0;
    while (count < ENDPOINTS && (all[count] = endpoint_new(false)) != NULL) {
        count++;
    }
    CHECK_EQUAL(count, ENDPOINTS - 1); /* and the listener */
    CHECK(!endpoint_new(false) && !endpoint_new(true));
    CHECK(!connect_in());
    CHECK(peer.flags & RST);
    endpoint_close(all[--count]);
    struct endpoint *endpoint = connect_in();
    CHECK(endpoint);
    endpoint_close(endpoint);
    flush();
    say(FIN | ACK, "");
    while (count > 0) {
        endpoint_close(all[--count]);
    }
    check_all_is_back();
}

/* A write that finds no memory is tried again, and the program is told when it may. */
static void test_no_memory(void)
{
    memory.fails = 1;
    CHECK(!endpoint_new(false) && !endpoint_new(true));
    memory.fails = 0;
    struct endpoint *endpoint = connect_in();
    memory.fails = 1;
    sends(endpoint, -1, EAGAIN);
    is_ready(endpoint, 0);
    wakes = 0;
    memory.fails = 0;
    wire_pass(2 * S);
    CHECK_EQUAL(wakes, 1);
    is_ready(endpoint, ENDPOINT_WRITE);
    sends(endpoint, 5, 0);
    flush();
    CHECK_EQUAL(peer.payload, 5);
    say(ACK, "");
    say(RST | ACK, "");
    endpoint_close(endpoint);
    check_all_is_back();
}

/* -- UDP -- */

static void datagram(uint16_t from, uint16_t to, const char *text)
{
    uint8_t frame[NET_FRAME_MAX];
    uint32_t length = (uint32_t)strlen(text);
    put_headers(frame, 17, 8 + length, 0, 1);
    put16(frame + 34, from);
    put16(frame + 36, to);
    put16(frame + 38, 8 + length);
    put16(frame + 40, 0); /* no checksum */
    memcpy(frame + 42, text, length);
    wire_deliver(frame, 42 + length);
    wire_take();
}

static void test_datagrams(void)
{
    static char large[70000];
    struct endpoint_address address = {.port = 53}, from;
    struct endpoint *all[8], *endpoint = all[0] = endpoint_new(true);
    int error = 0;
    CHECK(endpoint_is_udp(endpoint) && endpoint_bind(endpoint, &address) == 0);
    CHECK(endpoint_local_address(endpoint, &address) && address.port == 53);
    CHECK(!endpoint_peer_address(endpoint, &address) && endpoint_line_length(endpoint, 5) == 0);
    CHECK_EQUAL(endpoint_listen(endpoint, 5), EOPNOTSUPP);
    CHECK_EQUAL(endpoint_shutdown(endpoint, true, true), ENOTCONN);
    receives(endpoint, -1, EAGAIN);
    sends(endpoint, -1, ENOTCONN);
    is_ready(endpoint, ENDPOINT_WRITE);
    CHECK_EQUAL(endpoint_ready(endpoint, ENDPOINT_READ), 0);
    wakes = 0;
    for (int i = 0; i < 20; i++) { /* four too many */
        datagram(1000, 53, "question");
    }
    CHECK_EQUAL(wakes, 1);
    CHECK_EQUAL(endpoint_receive(endpoint, large, 3, &from, &error), 3); /* the rest of it is gone, as UDP has it */
    CHECK_EQUAL(from.port, 1000);
    for (int i = 1; i < 16; i++) {
        receives(endpoint, 8, 0);
    }
    receives(endpoint, -1, EAGAIN);
    IP4_ADDR(&from.ip, 10, 0, 2, 2);
    CHECK_EQUAL(endpoint_connect(endpoint, &from), 0);
    CHECK(endpoint_peer_address(endpoint, &address) && address.port == 1000);
    datagram(1001, 53, "a stranger's");
    receives(endpoint, -1, EAGAIN);
    datagram(1000, 53, "answer");
    receives(endpoint, 6, 0);
    peer.datagrams = 0;
    sends(endpoint, 5, 0);
    flush();
    CHECK_EQUAL(peer.datagrams, 1);
    CHECK_EQUAL(endpoint_send(endpoint, large, 65536, &error), -1);
    CHECK_EQUAL(error, EINVAL);
    memory.fails = 1;
    sends(endpoint, -1, ENOMEM);
    memory.fails = 0;
    endpoint_set_broadcast(endpoint, true);
    endpoint_set_broadcast(endpoint, false);
    endpoint_set_keepalive(endpoint, true); /* of no meaning here */
    for (int i = 1; i < 8; i++) {
        all[i] = endpoint_new(true);
        CHECK(all[i]);
    }
    CHECK(!endpoint_new(true)); /* eight are all */
    datagram(1000, 53, "unread");
    for (int i = 0; i < 8; i++) {
        endpoint_close(all[i]);
    }
    all[0] = endpoint_new(true);
    CHECK(all[0]);
    endpoint_close(all[0]);
    check_all_is_back();
}

void init(void)
{
    wire_start(true, 9999, 1, NULL);
    endpoint_init(true);
}

int main(void)
{
    struct endpoint_address address = {.port = PORT};
    wire_begin();
    init();
    wire_take();
    listener = endpoint_new(false);
    CHECK(endpoint_available());
    CHECK_EQUAL(endpoint_bind(listener, &address), 0);
    CHECK_EQUAL(endpoint_listen(listener, 5), 0);
    test_new_ones();
    test_accepted();
    test_reset_by_the_peer();
    test_connects();
    test_unread();
    test_accept_queue();
    test_no_endpoint_left();
    test_no_memory();
    test_datagrams();
    endpoint_close(listener);
    return 0;
}
