/* python_endpoint_http.c: endpoints on the front's port (python/endpoint_http.c), against a front whose clients this
 * test plays.
 */
#include <string.h>

#include "fake_front.h"
#include "fake_microkit.h"
#include "python/endpoint.h"
#include "python/endpoint_internal.h"
#include "python/port.h"

#define REQUEST "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"

static unsigned wakes;
static struct endpoint *listener;

void port_wake(void)
{
    wakes++;
}

/* TCP as far as this test needs it: a socket that has not been bound yet. */
static void close_nothing(struct endpoint *endpoint) {}
const struct endpoint_family endpoint_tcp = {.close = close_nothing}, endpoint_udp;

struct endpoint *endpoint_tcp_new(void)
{
    return endpoint_take(&endpoint_tcp, TCP_NEW);
}

struct endpoint *endpoint_udp_new(void)
{
    return NULL;
}

void endpoint_tcp_init(void) {}

static struct endpoint *listen_on(uint16_t port, int expected)
{
    struct endpoint *endpoint = endpoint_new(false);
    struct endpoint_address address = {.port = port};
    CHECK_EQUAL(endpoint_bind(endpoint, &address), 0);
    CHECK_EQUAL(endpoint_listen(endpoint, 5), expected);
    return endpoint;
}

static struct endpoint *accept_one(void)
{
    struct endpoint_address peer;
    CHECK(endpoint_waits(listener, &peer));
    struct endpoint *endpoint = endpoint_accept(listener);
    CHECK_EQUAL(peer.port, 40000);
    return endpoint;
}

static void check_line(struct endpoint *endpoint, const char *expected)
{
    char line[200];
    int error = 0;
    size_t length = endpoint_line_length(endpoint, sizeof(line));
    CHECK_EQUAL(length, strlen(expected));
    CHECK_EQUAL(endpoint_receive(endpoint, line, length, NULL, &error), (intptr_t)length);
    CHECK(!memcmp(line, expected, length));
}

static void check_nothing(struct endpoint *endpoint, int expected)
{
    char byte;
    int error = 0;
    CHECK_EQUAL(endpoint_receive(endpoint, &byte, 1, NULL, &error), expected ? -1 : 0);
    CHECK_EQUAL(error, expected);
}

static void nobody_listens(void)
{
    static struct fake_client client;
    CHECK(!fake_client_begin(&client, REQUEST, 100));
}

static void a_program_without_a_site_gets_all(void)
{
    endpoint_http_program_begins();
    listener = listen_on(FAKE_FRONT_PORT, 0);
    CHECK(fake_front.whole_port && fake_front.not_found && fake_front.unmounts == 1);
    endpoint_close(listen_on(FAKE_FRONT_PORT, EADDRINUSE));
    endpoint_close(listener);
    endpoint_http_program_begins();
    CHECK(fake_front.whole_port);
    endpoint_http_take_site();
    CHECK(!fake_front.whole_port && !fake_front.not_found && fake_front.unmounts == 2);
    endpoint_http_take_site();
    listener = listen_on(FAKE_FRONT_PORT, 0);
    CHECK(fake_front.unmounts == 2);
}

static void a_request_and_its_answer(void)
{
    static struct fake_client client;
    int error = 0;
    char rest[100];
    CHECK_EQUAL(endpoint_ready(listener, ENDPOINT_READ), 0);
    wakes = 0;
    CHECK(fake_client_begin(&client, REQUEST, 100));
    CHECK_EQUAL(wakes, 1);
    CHECK_EQUAL(endpoint_ready(listener, ENDPOINT_READ), ENDPOINT_READ);
    struct endpoint *endpoint = accept_one();
    CHECK_EQUAL(endpoint_ready(endpoint, ENDPOINT_READ | ENDPOINT_WRITE), ENDPOINT_READ | ENDPOINT_WRITE);
    check_line(endpoint, "GET /hello HTTP/1.1\r\n");
    check_line(endpoint, "Host: a\r\n");
    check_line(endpoint, "\r\n");
    check_nothing(endpoint, EAGAIN);
    CHECK_EQUAL(endpoint_ready(endpoint, ENDPOINT_READ), 0);
    fake_client_send(&client, "body", true);
    CHECK_EQUAL(wakes, 2);
    CHECK_EQUAL(endpoint_receive(endpoint, rest, sizeof(rest), NULL, &error), 4);
    check_nothing(endpoint, 0);
    CHECK_EQUAL(endpoint_send(endpoint, "HTTP/1.0 200 OK\r\n\r\n", 19, &error), 19);
    endpoint_close(endpoint);
    CHECK(!client.open && client.written == 19);
}

/* A line that comes in pieces is told in pieces. */
static void a_line_in_pieces(void)
{
    static struct fake_client client;
    CHECK(fake_client_begin(&client, "GET /", 100));
    struct endpoint *endpoint = accept_one();
    check_line(endpoint, "GET /");
    CHECK_EQUAL(endpoint_line_length(endpoint, 100), 0);
    fake_client_send(&client, " HTTP/1.1\r\nA: b", false);
    check_line(endpoint, " HTTP/1.1\r\n");
    CHECK_EQUAL(endpoint_line_length(endpoint, 2), 2);
    endpoint_close(endpoint);
}

static void an_answer_waits_for_room(void)
{
    static struct fake_client client;
    int error = 0;
    CHECK(fake_client_begin(&client, REQUEST, 10));
    struct endpoint *endpoint = accept_one();
    CHECK_EQUAL(endpoint_send(endpoint, "0123456789", 10, &error), 10); /* just full: nobody has been told yet */
    CHECK_EQUAL(endpoint_ready(endpoint, ENDPOINT_WRITE), ENDPOINT_WRITE);
    CHECK_EQUAL(endpoint_send(endpoint, "abc", 3, &error), -1);
    CHECK_EQUAL(error, EAGAIN);
    CHECK_EQUAL(endpoint_ready(endpoint, ENDPOINT_WRITE), 0);
    wakes = 0;
    fake_client_send(&client, "x", false); /* not what it waits for */
    CHECK_EQUAL(wakes, 0);
    fake_client_take(&client, 2);
    CHECK_EQUAL(wakes, 1);
    CHECK_EQUAL(endpoint_ready(endpoint, ENDPOINT_WRITE), ENDPOINT_WRITE);
    CHECK_EQUAL(endpoint_send(endpoint, "abc", 3, &error), 2);
    CHECK_EQUAL(endpoint_ready(endpoint, ENDPOINT_WRITE), 0);
    endpoint_close(endpoint);
}

static void a_client_that_leaves(void)
{
    static struct fake_client client;
    int error = 0;
    CHECK(fake_client_begin(&client, REQUEST, 10));
    struct endpoint *endpoint = accept_one();
    check_line(endpoint, "GET /hello HTTP/1.1\r\n");
    check_line(endpoint, "Host: a\r\n");
    check_line(endpoint, "\r\n");
    CHECK_EQUAL(endpoint_ready(endpoint, ENDPOINT_READ), 0);
    wakes = 0;
    fake_client_leave(&client);
    CHECK_EQUAL(wakes, 1);
    CHECK(endpoint_ready(endpoint, ENDPOINT_READ) & ENDPOINT_ERROR);
    check_nothing(endpoint, ECONNRESET);
    check_nothing(endpoint, 0);
    CHECK_EQUAL(endpoint_send(endpoint, "x", 1, &error), -1);
    CHECK_EQUAL(error, EPIPE);
    CHECK_EQUAL(endpoint_line_length(endpoint, 10), 0);
    CHECK(client.open);
    endpoint_close(endpoint);
    CHECK(!client.open);
}

/* A program that cannot take a request says so: the client is told, and the next one is first. */
static void a_request_that_is_refused(void)
{
    static struct fake_client refused, next;
    CHECK(fake_client_begin(&refused, REQUEST, 1000) && fake_client_begin(&next, REQUEST, 1000));
    endpoint_refuse(listener);
    CHECK(!refused.open && refused.written > 0 && next.open);
    endpoint_close(accept_one());
    CHECK(!next.open && next.written == 0);
    CHECK_EQUAL(endpoint_ready(listener, ENDPOINT_READ), 0);
}

static void a_client_that_leaves_the_queue(void)
{
    static struct fake_client gone, next;
    struct endpoint_address peer;
    CHECK(fake_client_begin(&gone, REQUEST, 10) && fake_client_begin(&next, REQUEST, 10));
    fake_client_leave(&gone);
    endpoint_close(accept_one());
    CHECK(!gone.open && gone.written == 0 && !next.open);
    CHECK(!endpoint_waits(listener, &peer));
}

static void shut_down_before_close(void)
{
    static struct fake_client client;
    int error = 0;
    CHECK(fake_client_begin(&client, REQUEST, 100));
    struct endpoint *endpoint = accept_one();
    CHECK_EQUAL(endpoint_send(endpoint, "x", 1, &error), 1);
    CHECK_EQUAL(endpoint_shutdown(endpoint, false, true), 0);
    CHECK_EQUAL(endpoint_send(endpoint, "x", 1, &error), -1);
    CHECK_EQUAL(error, EPIPE);
    CHECK(client.open);
    endpoint_close(endpoint);
}

/* A part is not taken for the whole. */
static void an_answer_that_fails(void)
{
    static struct fake_client client, next;
    int error = 0;
    CHECK(fake_client_begin(&client, REQUEST, 100));
    struct endpoint *endpoint = accept_one();
    CHECK_EQUAL(endpoint_send(endpoint, "x", 1, &error), 1);
    endpoint_fail(endpoint);
    CHECK(client.open);
    endpoint_close(endpoint);
    CHECK(!client.open && client.failed);
    CHECK(fake_client_begin(&next, REQUEST, 100)); /* in the same endpoint */
    endpoint_close(accept_one());
    CHECK(!next.open && !next.failed);
}

/* As many as the front hands over at a time; those who waited when the program ended are told 503. */
static void all_of_them_and_the_end(void)
{
    static struct fake_client clients[HTTP_EXCHANGES_MAX + 1];
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < HTTP_EXCHANGES_MAX; i++) {
            CHECK(fake_client_begin(&clients[i], REQUEST, 1000));
        }
        CHECK(!fake_client_begin(&clients[HTTP_EXCHANGES_MAX], REQUEST, 1000));
        struct endpoint *accepted = accept_one();
        fake_client_leave(&clients[5]);
        endpoint_close(listener);
        CHECK_EQUAL(clients[0].written, 0);
        CHECK(!strncmp(clients[1].answer, "HTTP/1.0 503 ", 13) && clients[5].written == 0);
        CHECK(clients[0].open && !fake_client_begin(&clients[HTTP_EXCHANGES_MAX], REQUEST, 1000));
        endpoint_close(accepted);
        for (size_t i = 0; i < HTTP_EXCHANGES_MAX; i++) {
            CHECK(!clients[i].open);
        }
        listener = listen_on(FAKE_FRONT_PORT, 0);
    }
}

static struct fake_client waiting;

static void serve_waiting(void)
{
    fake_front_on_close = NULL;
    CHECK(fake_client_begin(&waiting, REQUEST, 1000));
}

/* When the front is told of the end all that the exchange used is back. */
static void a_place_is_free_when_it_is_said_to_be(void)
{
    static struct fake_client clients[HTTP_EXCHANGES_MAX];
    for (size_t i = 0; i < HTTP_EXCHANGES_MAX; i++) {
        CHECK(fake_client_begin(&clients[i], REQUEST, 1000));
    }
    struct endpoint *first = accept_one();
    fake_front_on_close = serve_waiting;
    endpoint_close(first);
    CHECK(!clients[0].open && waiting.open);
    for (size_t i = 0; i < HTTP_EXCHANGES_MAX; i++) {
        endpoint_close(accept_one());
    }
    CHECK(!waiting.open);
}

static void wrong_uses(void)
{
    static struct fake_client client;
    struct endpoint_address address = {.port = FAKE_FRONT_PORT};
    int error = 0;
    CHECK(fake_client_begin(&client, REQUEST, 10));
    struct endpoint *endpoint = accept_one();
    CHECK_EQUAL(endpoint_bind(endpoint, &address), EINVAL);
    CHECK_EQUAL(endpoint_listen(endpoint, 1), EOPNOTSUPP);
    CHECK_EQUAL(endpoint_connect(endpoint, &address), EISCONN);
    CHECK_EQUAL(endpoint_connect(listener, &address), EINVAL);
    CHECK_EQUAL(endpoint_send(listener, "x", 1, &error), -1);
    CHECK_EQUAL(endpoint_receive(listener, &address, 1, NULL, &error), -1);
    CHECK_EQUAL(endpoint_line_length(listener, 1), 0);
    CHECK(endpoint_local_address(endpoint, &address) && address.port == FAKE_FRONT_PORT);
    CHECK(!endpoint_peer_address(listener, &address));
    endpoint_close(endpoint);
}

int main(void)
{
    endpoint_init();
    nobody_listens();
    a_program_without_a_site_gets_all();
    a_request_and_its_answer();
    a_line_in_pieces();
    an_answer_waits_for_room();
    a_client_that_leaves();
    a_request_that_is_refused();
    a_client_that_leaves_the_queue();
    shut_down_before_close();
    an_answer_that_fails();
    all_of_them_and_the_end();
    a_place_is_free_when_it_is_said_to_be();
    wrong_uses();
    return 0;
}
