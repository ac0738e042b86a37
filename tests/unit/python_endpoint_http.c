/* python_endpoint_http.c: what a program's end of http/app_proto.h makes of messages: requests as text that a socket
 * reads, and answers' text as messages (python/endpoint_http.c, incoming*.c), and what it says of its site
 * (python/control.c). The front and its clients are this test's.
 */
#include <string.h>

#include "fake_front.h"
#include "fake_microkit.h"
#include "python/control.h"
#include "python/endpoint.h"
#include "python/endpoint_internal.h"
#include "python/port.h"

#define REQUEST "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
#define POST "POST /form HTTP/1.1\r\nHost: a\r\n\r\n"
#define ALL_ROUTES "/ 0 3;* 1 3;"

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
    CHECK_EQUAL(peer.ip.addr, PP_HTONL(LWIP_MAKEU32(10, 0, 2, 2)));
    return endpoint;
}

/* Told as a whole: the front has heard it when the program waits. */
static void close_now(struct endpoint *endpoint)
{
    endpoint_close(endpoint);
    fake_front_pump();
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

static void check_head(struct endpoint *endpoint)
{
    check_line(endpoint, "GET /hello HTTP/1.1\r\n");
    check_line(endpoint, "Host: a\r\n");
    check_line(endpoint, "\r\n");
}

/* All that it gets now. */
static void check_all(struct endpoint *endpoint, const char *expected)
{
    static char text[FAKE_BYTES];
    int error = 0;
    intptr_t count;
    size_t length = 0;
    while ((count = endpoint_receive(endpoint, text + length, sizeof(text) - length, NULL, &error)) > 0) {
        length += (size_t)count;
    }
    CHECK_EQUAL(length, strlen(expected));
    CHECK(!memcmp(text, expected, length));
}

static void check_nothing(struct endpoint *endpoint, int expected)
{
    char byte;
    int error = 0;
    CHECK_EQUAL(endpoint_receive(endpoint, &byte, 1, NULL, &error), expected ? -1 : 0);
    CHECK_EQUAL(error, expected);
}

static void writes(struct endpoint *endpoint, const char *text)
{
    int error = 0;
    CHECK_EQUAL(endpoint_send(endpoint, text, strlen(text), &error), (intptr_t)strlen(text));
    CHECK_EQUAL(error, 0); /* a stream takes another number for a failure */
}

/* -- who gets requests -- */

static struct fake_client early[3];

/* They wait for a program that does, in order; one that leaves is forgotten. */
static void nobody_listens(void)
{
    for (int i = 0; i < 3; i++) {
        CHECK(fake_client_begin(&early[i], REQUEST, 0, 0));
    }
    CHECK(!early[0].ended && !early[0].accepted);
    fake_client_leave(&early[1]);
    CHECK(early[1].ended);
}

static void a_program_without_a_site_gets_all(void)
{
    control_program_begins();
    listener = listen_on(FAKE_FRONT_PORT, 0);
    fake_front_pump();
    CHECK(fake_site.told == 1 && fake_site.head.not_found && fake_site.head.port == FAKE_FRONT_PORT);
    CHECK_TEXT(fake_site.text, ALL_ROUTES);
    endpoint_close(listen_on(FAKE_FRONT_PORT, EADDRINUSE));
    close_now(accept_one());
    CHECK(early[0].ended && !early[2].ended);
    close_now(accept_one());
    CHECK(early[2].ended);
    endpoint_close(listener);
    control_program_begins();
    fake_front_pump();
    CHECK(fake_site.told == 1); /* it holds until the next one says something */
    control_take_site();
    fake_front_pump();
    CHECK(fake_site.told == 2 && !fake_site.head.not_found && !fake_site.text[0]);
    control_take_site();
    listener = listen_on(FAKE_FRONT_PORT, 0);
    fake_front_pump();
    CHECK(fake_site.told == 2);
}

/* -- requests -- */

static void a_request_and_its_answer(void)
{
    static struct fake_client client;
    CHECK_EQUAL(endpoint_ready(listener, ENDPOINT_READ), 0);
    wakes = 0;
    CHECK(fake_client_begin(&client, REQUEST, 4, 0));
    CHECK_EQUAL(wakes, 1);
    CHECK_EQUAL(endpoint_ready(listener, ENDPOINT_READ), ENDPOINT_READ);
    struct endpoint *endpoint = accept_one();
    CHECK_EQUAL(endpoint_ready(endpoint, ENDPOINT_READ | ENDPOINT_WRITE), ENDPOINT_READ | ENDPOINT_WRITE);
    check_head(endpoint);
    check_nothing(endpoint, EAGAIN);
    CHECK_EQUAL(endpoint_ready(endpoint, ENDPOINT_READ), 0);
    fake_front_pump();
    CHECK(fake_client_is_waited_for(&client) && app_front_accepted(client.slot));
    wakes = 0;
    CHECK_EQUAL(fake_client_send(&client, "body", 4, true), 4);
    CHECK_EQUAL(wakes, 1);
    check_all(endpoint, "body");
    check_nothing(endpoint, 0);
    writes(endpoint, "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhe");
    writes(endpoint, "llo");
    close_now(endpoint);
    CHECK(client.ended && !client.failed && client.length == APP_UNKNOWN);
    CHECK_TEXT(client.head, "200 OK||Content-Type: text/plain");
    CHECK_TEXT(client.body, "hello");
}

/* A line is told as far as it goes. */
static void a_line_in_pieces(void)
{
    static struct fake_client client;
    CHECK(fake_client_begin(&client, REQUEST, 4, 0));
    struct endpoint *endpoint = accept_one();
    CHECK_EQUAL(endpoint_line_length(endpoint, 5), 5);
    char part[5];
    int error = 0;
    CHECK_EQUAL(endpoint_receive(endpoint, part, 5, NULL, &error), 5);
    check_line(endpoint, "hello HTTP/1.1\r\n");
    check_line(endpoint, "Host: a\r\n");
    check_line(endpoint, "\r\n");
    CHECK_EQUAL(endpoint_line_length(endpoint, 100), 0);
    fake_client_send(&client, "a\nb", 3, false);
    check_line(endpoint, "a\n");
    check_line(endpoint, "b");
    close_now(endpoint);
    CHECK(client.failed && client.failed_as == 500); /* nothing was answered */
}

static void a_body_of_unknown_length_comes_in_chunks(void)
{
    static struct fake_client client;
    CHECK(fake_client_begin(&client, POST, APP_UNKNOWN, 0));
    struct endpoint *endpoint = accept_one();
    check_all(endpoint, "POST /form HTTP/1.1\r\nHost: a\r\n\r\n");
    fake_client_send(&client, "0123456789", 10, false);
    CHECK_EQUAL(endpoint_line_length(endpoint, 100), 3);
    check_all(endpoint, "a\r\n0123456789\r\n");
    fake_client_send(&client, "x", 1, true);
    check_all(endpoint, "1\r\nx\r\n0\r\n\r\n");
    check_nothing(endpoint, 0);
    close_now(endpoint);
    CHECK(fake_client_begin(&client, POST, APP_UNKNOWN, APP_UPGRADE)); /* a tunnel's bytes are as they are */
    endpoint = accept_one();
    fake_client_send(&client, "0123", 4, false);
    check_all(endpoint, "POST /form HTTP/1.1\r\nHost: a\r\n\r\n0123");
    writes(endpoint, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nhello");
    fake_client_send(&client, "4567", 4, true);
    check_all(endpoint, "4567");
    close_now(endpoint);
    CHECK_TEXT(client.head, "101 Switching Protocols||Upgrade: x|Connection: Upgrade");
    CHECK_TEXT(client.body, "hello");
}

/* More than any circle holds, in odd pieces. */
static void a_large_body(void)
{
    static struct fake_client client;
    char part[1000], got[777];
    uint32_t sent = 0, received = 0;
    int error = 0;
    CHECK(fake_client_begin(&client, POST, 300000, 0));
    struct endpoint *endpoint = accept_one();
    check_all(endpoint, "POST /form HTTP/1.1\r\nHost: a\r\n\r\n");
    while (received < 300000) {
        for (uint32_t i = 0; i < sizeof(part); i++) {
            part[i] = (char)((sent + i) * 7 + (sent + i) / 256);
        }
        sent += sent < 300000 ? fake_client_send(&client, part, sizeof(part), sent + sizeof(part) == 300000) : 0;
        intptr_t count;
        while ((count = endpoint_receive(endpoint, got, sizeof(got), NULL, &error)) > 0) {
            for (uint32_t i = 0; i < count; i++, received++) {
                CHECK_EQUAL(got[i], (char)(received * 7 + received / 256));
            }
        }
        fake_front_pump();
    }
    close_now(endpoint);
}

/* -- answers -- */

static void an_answer_waits_for_room(void)
{
    static struct fake_client client;
    static char data[20000];
    int error = 0;
    memset(data, 'x', sizeof(data));
    fake_front_reads = false;
    CHECK(fake_client_begin(&client, REQUEST, 4, 0));
    struct endpoint *endpoint = accept_one();
    check_head(endpoint);
    writes(endpoint, "HTTP/1.0 200 OK\r\n\r\n");
    intptr_t first = endpoint_send(endpoint, data, sizeof(data), &error);
    CHECK(first > 1000 && first <= APP_ANSWER_LARGE);
    CHECK_EQUAL(endpoint_send(endpoint, "abc", 3, &error), -1);
    CHECK_EQUAL(error, EAGAIN);
    CHECK_EQUAL(endpoint_ready(endpoint, ENDPOINT_WRITE), 0);
    wakes = 0;
    fake_client_send(&client, "x", 1, false); /* not what it waits for */
    CHECK_EQUAL(wakes, 0);
    fake_client_take(&client, 12000);
    CHECK_EQUAL(wakes, 1);
    CHECK_EQUAL(endpoint_ready(endpoint, ENDPOINT_WRITE), ENDPOINT_WRITE);
    writes(endpoint, "abc");
    close_now(endpoint);
    CHECK(!client.ended);
    fake_client_take(&client, 20000);
    CHECK(client.ended && !client.failed && client.read == (uint32_t)first + 3);
    CHECK(!memcmp(client.body + first, "abc", 3));
    fake_front_reads = true;
}

static const struct {
    const char *text, *head, *body;
    uint64_t length;
    int failed;
} replies[] = {
    {"HTTP/1.1 404 Not  here\r\nA: b\r\nContent-Length: 3\r\nC:d \r\n\r\nabc", "404 Not  here||A: b|C: d", "abc", 3, 0},
    {"HTTP/1.0 200\nA: b\n\nabc", "200 ||A: b", "abc", APP_UNKNOWN, 0},
    {"HTTP/1.0 200 \r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", "200 |", "", 5, 0},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nT: u\r\n\r\n",
     "200 OK|", "abc0123456789abcdef", APP_UNKNOWN, 0},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nmore", "200 OK|", "abc", APP_UNKNOWN,
     0},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.0 201 Made\r\n\r\n", "201 Made|", "",
     APP_UNKNOWN, 0},
    {"HTTP/1.0 200 OK\r\nX-Accel-Redirect: /a b\r\nX: y\r\n\r\n", "200 OK|/a b|X: y", "", APP_UNKNOWN, 0},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab", "200 OK|", "ab", APP_UNKNOWN, 500},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "200 OK|", "abc", APP_UNKNOWN, 500},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\nabc\r\n", "200 OK|", "", APP_UNKNOWN, 500},
    {"HTTP/1.0 200 OK\r\nA: b\r\n", "", "", 0, 500}, /* no end */
    {"HTTP/2.0 200 OK\r\n\r\n", "", "", 0, 500},     /* another protocol */
    {"HTTP/1.0 2x0 OK\r\n\r\n", "", "", 0, 500},
    {"HTTP/1.0 099 OK\r\n\r\n", "", "", 0, 500},
    {"HTTP/1.0 600 OK\r\n\r\n", "", "", 0, 500},
    {"HTTP/1.0 200 O\001K\r\n\r\n", "", "", 0, 500},
    {"HTTP/1.0 200 OK\r\nA b\r\n\r\n", "", "", 0, 500},
    {"HTTP/1.0 200 OK\r\n: b\r\n\r\n", "", "", 0, 500},
    {"HTTP/1.0 200 OK\r\nA : b\r\n\r\n", "", "", 0, 500},
    {"HTTP/1.0 200 OK\r\nA: b\rC: d\r\n\r\n", "", "", 0, 500},
    {"HTTP/1.0 200 OK\r\nA: b\r\n c\r\n\r\n", "", "", 0, 500}, /* folded */
    {"HTTP/1.0 200 OK\r\nContent-Length: x\r\n\r\n", "", "", 0, 500},
    {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "", "", 0, 500},
    {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "", "", 0, 500},
};

/* Each in one write, and byte by byte. */
static void answers_of_all_kinds(void)
{
    static struct fake_client client;
    size_t said = strlen(fake_console());
    for (size_t i = 0; i < 2 * sizeof(replies) / sizeof(*replies); i++) {
        const char *text = replies[i / 2].text;
        int error = 0;
        CHECK(fake_client_begin(&client, REQUEST, 0, 0));
        struct endpoint *endpoint = accept_one();
        if (i % 2) {
            writes(endpoint, text);
        } else {
            for (; *text; text++) {
                CHECK_EQUAL(endpoint_send(endpoint, text, 1, &error), 1);
                fake_front_pump();
            }
        }
        close_now(endpoint);
        CHECK(client.ended);
        CHECK_EQUAL(client.failed ? client.failed_as : 0, replies[i / 2].failed);
        CHECK_EQUAL(strlen(fake_console()) > said, replies[i / 2].failed > 0); /* who wrote it learns of it */
        said = strlen(fake_console());
        CHECK_TEXT(client.head, replies[i / 2].head);
        CHECK_TEXT(client.body, replies[i / 2].body);
        CHECK(!client.answered || client.length == replies[i / 2].length);
    }
}

/* Bodies that never end take no large circle from a head that needs one. */
static void streams_and_a_long_head(void)
{
    static struct fake_client streams[2 * APP_ANSWER_LARGE_COUNT], client;
    static char text[6000];
    struct endpoint *open[2 * APP_ANSWER_LARGE_COUNT];
    for (size_t i = 0; i < 2 * APP_ANSWER_LARGE_COUNT; i++) {
        CHECK(fake_client_begin(&streams[i], REQUEST, 0, 0));
        open[i] = accept_one();
        writes(open[i], "HTTP/1.0 200 OK\r\n\r\nevent");
    }
    snprintf(text, sizeof(text), "HTTP/1.0 200 OK\r\nA: %05000u\r\n\r\nbody", 1u);
    CHECK(fake_client_begin(&client, REQUEST, 0, 0));
    struct endpoint *endpoint = accept_one();
    writes(endpoint, text);
    close_now(endpoint);
    CHECK_TEXT(client.body, "body");
    for (size_t i = 0; i < 2 * APP_ANSWER_LARGE_COUNT; i++) {
        close_now(open[i]);
        CHECK_TEXT(streams[i].body, "event");
    }
}

/* A head that is larger than a small circle waits for a large one. */
static void long_heads(void)
{
    static struct fake_client holders[APP_ANSWER_LARGE_COUNT], client;
    static char text[APP_HEAD_MAX + 1000];
    struct endpoint *holding[APP_ANSWER_LARGE_COUNT];
    int error = 0;
    size_t most = (size_t)snprintf(text, sizeof(text), "HTTP/1.0 200 OK\r\nA: %04096u", 1u);
    for (size_t i = 0; i < APP_ANSWER_LARGE_COUNT; i++) { /* the last one is for a head that needs it */
        CHECK(fake_client_begin(&holders[i], REQUEST, 0, 0));
        holding[i] = accept_one();
        writes(holding[i], i + 1 < APP_ANSWER_LARGE_COUNT ? "HTTP/1.0 200 OK\r\n" : text);
    }
    CHECK(most > APP_ANSWER_SMALL);
    size_t length = (size_t)snprintf(text, sizeof(text), "HTTP/1.0 200 OK\r\nA: ");
    memset(text + length, 'a', 3900);
    length += 3900;
    length += (size_t)snprintf(text + length, sizeof(text) - length, "\r\nB: ");
    memset(text + length, 'b', 2000);
    length += 2000;
    length += (size_t)snprintf(text + length, sizeof(text) - length, "\r\n\r\nbody");
    CHECK(fake_client_begin(&client, REQUEST, 0, 0));
    struct endpoint *endpoint = accept_one();
    intptr_t done = endpoint_send(endpoint, text, length, &error);
    CHECK_EQUAL(done, APP_ANSWER_SMALL);
    CHECK_EQUAL(endpoint_send(endpoint, text + done, length - (size_t)done, &error), -1);
    CHECK_EQUAL(endpoint_ready(endpoint, ENDPOINT_WRITE), 0);
    wakes = 0;
    writes(holding[2], "\r\n");
    close_now(holding[2]);
    CHECK_EQUAL(wakes, 1);
    writes(endpoint, text + done);
    fake_front_pump();
    CHECK(client.answered && !memcmp(client.head, "200 OK||A: aaa", 14));
    CHECK_EQUAL(strlen(client.head), strlen("200 OK||A: |B: ") + 5900);
    close_now(endpoint);
    CHECK_TEXT(client.body, "body");
    for (size_t i = 0; i < APP_ANSWER_LARGE_COUNT; i++) {
        if (i != 2) {
            close_now(holding[i]);
            CHECK(holders[i].failed);
        }
    }
}

static void a_head_that_never_ends(void)
{
    static struct fake_client client;
    static char text[APP_HEAD_MAX + 1000];
    memset(text, 'a', sizeof(text) - 1);
    memcpy(text, "HTTP/1.0 200 OK\r\nA: ", 20);
    CHECK(fake_client_begin(&client, REQUEST, 0, 0));
    struct endpoint *endpoint = accept_one();
    writes(endpoint, text);
    close_now(endpoint);
    CHECK(client.failed && client.failed_as == 500 && !client.answered);
}

/* -- clients that leave -- */

static void a_client_that_leaves(void)
{
    static struct fake_client client;
    int error = 0;
    CHECK(fake_client_begin(&client, REQUEST, 4, 0));
    struct endpoint *endpoint = accept_one();
    check_head(endpoint);
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
    CHECK(!client.ended);
    close_now(endpoint);
    CHECK(client.ended);
}

/* A program that cannot take a request says so: the client is told, and the next one is first. */
static void a_request_that_is_refused(void)
{
    static struct fake_client refused, next;
    CHECK(fake_client_begin(&refused, REQUEST, 0, 0) && fake_client_begin(&next, REQUEST, 0, 0));
    endpoint_refuse(listener);
    fake_front_pump();
    CHECK(refused.ended && refused.failed_as == 503 && !next.ended);
    close_now(accept_one());
    CHECK(next.ended && next.failed_as == 500);
    CHECK_EQUAL(endpoint_ready(listener, ENDPOINT_READ), 0);
}

static void a_client_that_leaves_the_queue(void)
{
    static struct fake_client gone, next;
    struct endpoint_address peer;
    CHECK(fake_client_begin(&gone, REQUEST, 0, 0) && fake_client_begin(&next, REQUEST, 0, 0));
    fake_client_leave(&gone);
    close_now(accept_one());
    CHECK(gone.ended && next.ended);
    CHECK(!endpoint_waits(listener, &peer));
}

static void shut_down_before_close(void)
{
    static struct fake_client client;
    int error = 0;
    CHECK(fake_client_begin(&client, REQUEST, 0, 0));
    struct endpoint *endpoint = accept_one();
    writes(endpoint, "HTTP/1.0 200 OK\r\n\r\nx");
    CHECK_EQUAL(endpoint_shutdown(endpoint, false, true), 0);
    CHECK_EQUAL(endpoint_send(endpoint, "x", 1, &error), -1);
    CHECK_EQUAL(error, EPIPE);
    fake_front_pump();
    CHECK(!client.ended);
    close_now(endpoint);
    CHECK(client.ended && !client.failed && client.read == 1);
}

/* A part is not taken for the whole. */
static void an_answer_that_fails(void)
{
    static struct fake_client client, next;
    CHECK(fake_client_begin(&client, REQUEST, 0, 0));
    struct endpoint *endpoint = accept_one();
    writes(endpoint, "HTTP/1.0 200 OK\r\n\r\nx");
    endpoint_fail(endpoint);
    fake_front_pump();
    CHECK(!client.ended);
    close_now(endpoint);
    CHECK(client.ended && client.failed && client.read == 1);
    CHECK(fake_client_begin(&next, REQUEST, 0, 0)); /* in the same endpoint */
    endpoint = accept_one();
    writes(endpoint, "HTTP/1.0 200 OK\r\n\r\n");
    close_now(endpoint);
    CHECK(next.ended && !next.failed);
}

/* As many as the front hands over at a time; those who waited when the program ended are told 503. */
static void all_of_them_and_the_end(void)
{
    static struct fake_client clients[APP_SLOTS + 1];
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < APP_SLOTS; i++) {
            CHECK(fake_client_begin(&clients[i], REQUEST, 0, 0));
        }
        CHECK(!fake_client_begin(&clients[APP_SLOTS], REQUEST, 0, 0));
        struct endpoint *accepted = accept_one();
        fake_client_leave(&clients[5]);
        close_now(listener);
        CHECK(!clients[0].ended && clients[1].failed_as == 503 && clients[5].ended);
        CHECK(fake_client_begin(&clients[APP_SLOTS], REQUEST, 0, 0)); /* for the next program */
        CHECK(!clients[APP_SLOTS].ended);
        close_now(accepted);
        for (size_t i = 0; i < APP_SLOTS; i++) {
            CHECK(clients[i].ended);
        }
        listener = listen_on(FAKE_FRONT_PORT, 0);
        close_now(accept_one());
        CHECK(clients[APP_SLOTS].ended);
    }
}

/* Its requests are lost, the site is told again, and new ones come while the old ones are held. */
static void a_front_that_starts_anew(void)
{
    static struct fake_client old, waiting, next;
    int error = 0;
    CHECK(fake_client_begin(&old, REQUEST, 4, 0) && fake_client_begin(&waiting, REQUEST, 0, 0));
    struct endpoint *endpoint = accept_one();
    check_head(endpoint);
    CHECK_EQUAL(endpoint_ready(endpoint, ENDPOINT_READ), 0);
    uint32_t told = fake_site.told;
    wakes = 0;
    fake_front_restart();
    CHECK(wakes > 0);
    CHECK_EQUAL(fake_site.told, told + 1);
    CHECK(fake_client_begin(&next, REQUEST, 0, 0));
    struct endpoint *another = accept_one(); /* not the one that was lost while it waited */
    check_nothing(endpoint, ECONNRESET);
    CHECK_EQUAL(endpoint_send(endpoint, "x", 1, &error), -1);
    endpoint_close(endpoint);
    writes(another, "HTTP/1.0 200 OK\r\n\r\nx");
    close_now(another);
    CHECK(next.ended && !next.failed && next.read == 1);
}

static void wrong_uses(void)
{
    static struct fake_client client;
    struct endpoint_address address = {.port = FAKE_FRONT_PORT};
    int error = 0;
    CHECK(fake_client_begin(&client, REQUEST, 0, 0));
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
    close_now(endpoint);
}

/* -- what the program says of its site -- */

#define TEXT(text)             \
    {                          \
        text, sizeof(text) - 1 \
    }

static void mount(const char *prefix, const char *folder)
{
    struct control_text texts[APP_MOUNT_TEXTS] = {
        {prefix, strlen(prefix)}, {folder, strlen(folder)}, TEXT("f"), TEXT("r")};
    CHECK(control_mount(texts, APP_PRECOMPRESSED));
}

static void a_site_in_one_record(void)
{
    uint32_t told = fake_site.told, which = 99;
    control_program_begins();
    CHECK_EQUAL(control_port(), FAKE_FRONT_PORT);
    control_take_site();
    mount("/", "/www");
    mount("/img/", "/pictures");
    control_set_port(8080);
    control_no_routes();
    CHECK(control_route((struct control_text){"/api", sizeof("/api") - 1}, true, true));
    CHECK(control_route((struct control_text){"/form/", sizeof("/form/") - 1}, false, false));
    CHECK_EQUAL(control_commit(&which), APP_SITE_OK);
    CHECK_EQUAL(fake_site.told, told + 1);
    CHECK_TEXT(fake_site.text, "/ /www f r 1;/img/ /pictures f r 1;/api 1 3;/form/ 0 2;");
    CHECK(fake_site.head.port == 8080 && control_port() == 8080);
    mount("/", "/other"); /* in place of the one before */
    fake_front_pump();
    CHECK_EQUAL(fake_site.told, told + 2);
    CHECK_TEXT(fake_site.text, "/img/ /pictures f r 1;/ /other f r 1;/api 1 3;/form/ 0 2;");
}

static void a_site_that_is_refused(void)
{
    static uint8_t kept[APP_RECORD_MAX];
    uint32_t told = fake_site.told, which;
    struct control_site before = control_site();
    memcpy(kept, before.bytes, before.count);
    fake_site.refuse = APP_SITE_FIELDS;
    fake_site.refuse_which = 2;
    mount("/new/", "/new");
    CHECK_EQUAL(control_commit(&which), APP_SITE_FIELDS);
    CHECK_EQUAL(which, 2);
    control_put_back(&before, kept);
    fake_front_pump();
    CHECK_EQUAL(fake_site.told, told + 1); /* what the front has is what was before */
    CHECK(control_route((struct control_text){"/one/more", sizeof("/one/more") - 1}, true, true));
    fake_site.refuse = APP_SITE_TOO_MANY; /* of the routes: all are claimed */
    fake_site.refuse_which = 3;
    CHECK_EQUAL(control_commit(&which), APP_SITE_OK);
    CHECK_EQUAL(fake_site.told, told + 3);
    CHECK_TEXT(fake_site.text, "/img/ /pictures f r 1;/ /other f r 1;/ 0 3;");
}

/* More than a record holds. */
static void a_site_that_is_too_large(void)
{
    static char text[5000];
    struct control_text texts[APP_MOUNT_TEXTS] = {TEXT("/a/"), TEXT("/"), TEXT(""), {text, sizeof(text)}};
    uint32_t mounts = 0;
    memset(text, 't', sizeof(text));
    for (char c = 'a'; control_mount(texts, 0); c++) {
        static char prefixes[10][4];
        snprintf(prefixes[mounts], 4, "/%c/", c + 1);
        texts[0].at = prefixes[mounts++];
    }
    CHECK_EQUAL(mounts, 6);
    while (control_route((struct control_text){text, 100}, true, true)) {
    }
    control_program_begins();
    control_take_site();
    fake_front_pump();
    CHECK_EQUAL(fake_site.head.mounts, 0);
}

static void counters_are_asked_for(void)
{
    uint32_t counts = fake_site.counts;
    CHECK_EQUAL(control_counters()->requests, counts + 1);
    CHECK_EQUAL(control_counters()->requests, counts + 2);
    fake_front_silent = true;
    mount("/", "/www"); /* one of the two is under way at a time */
    fake_front_pump();
    fake_front_silent = false;
    fake_front_records();
    CHECK_EQUAL(control_counters()->requests, counts + 3);
}

static void no_change_is_lost(void)
{
    char path[600];
    fake_front_pump();
    fake_site.changed[0] = 0;
    control_path_changed("/a", 2, false);
    control_path_changed("/b", 2, true);
    fake_front_pump();
    CHECK_TEXT(fake_site.changed, "/a;/b/*;");
    fake_site.changed[0] = 0;
    fake_front_silent = true;
    memset(path, '/', sizeof(path));
    for (int i = 0; i < 100; i++) {
        control_path_changed(path, sizeof(path), false);
    }
    control_path_changed("/c", 2, false);
    fake_front_pump();
    fake_front_silent = false;
    for (int i = 0; i < 20; i++) { /* the test's own place is small */
        struct app_record record;
        static char bytes[APP_RECORD_MAX];
        CHECK(app_front_record(&record, bytes) && record.type == APP_CHANGED && record.length == sizeof(path));
    }
    while (fake_site.changed[0] == 0) {
        struct app_record record;
        static char bytes[APP_RECORD_MAX];
        if (app_front_record(&record, bytes)) {
            CHECK(record.length == sizeof(path) || (record.type == APP_CHANGED_BELOW && record.length == 1));
            fake_site.changed[0] = record.length == 1 ? '/' : 0;
        } else {
            fake_front_pump();
        }
    }
    control_path_changed("/d", 2, false);
    fake_site.changed[0] = 0;
    fake_front_pump();
    CHECK_TEXT(fake_site.changed, "/d;");
}

/* Without a network of its own a program's sockets can have the site's port, and no other. */
static void no_network(void)
{
    struct endpoint_address address = {.port = 7};
    endpoint_close(listener);
    endpoint_init(false);
    struct endpoint *endpoint = endpoint_new(false);
    CHECK(!endpoint_new(true));
    CHECK_EQUAL(endpoint_bind(endpoint, &address), ENODEV);
    CHECK_EQUAL(endpoint_listen(endpoint, 1), EINVAL);
    CHECK_EQUAL(endpoint_connect(endpoint, &address), ENODEV);
    CHECK_EQUAL(endpoint_ready(endpoint, ENDPOINT_READ), ENDPOINT_HANGUP);
    endpoint_close(endpoint);
    listener = listen_on(FAKE_FRONT_PORT, 0);
    static struct fake_client client;
    CHECK(fake_client_begin(&client, REQUEST, 0, 0));
    close_now(accept_one());
    CHECK(client.ended);
}

int main(void)
{
    fake_front_init();
    endpoint_init(true);
    incoming_init(&fake_app_config);
    fake_front_pump();
    nobody_listens();
    a_program_without_a_site_gets_all();
    a_request_and_its_answer();
    a_line_in_pieces();
    a_body_of_unknown_length_comes_in_chunks();
    a_large_body();
    an_answer_waits_for_room();
    answers_of_all_kinds();
    streams_and_a_long_head();
    long_heads();
    a_head_that_never_ends();
    a_client_that_leaves();
    a_request_that_is_refused();
    a_client_that_leaves_the_queue();
    shut_down_before_close();
    an_answer_that_fails();
    all_of_them_and_the_end();
    a_front_that_starts_anew();
    wrong_uses();
    a_site_in_one_record();
    a_site_that_is_refused();
    a_site_that_is_too_large();
    counters_are_asked_for();
    no_change_is_lost();
    no_network();
    CHECK_EQUAL(app_link_counts.nonsense, 0);
    return 0;
}
