/* http_front_app.c: the front and its application, message by message: bodies in any form and of any size, answers that
 * cannot be, an end of the one or the other at each step, what the application says of the site. As http_front.c: each
 * case a process of its own, after which all has to be back.
 */
#include <stdlib.h>
#include <string.h>

#include "fake_microkit.h"
#include "http/app_client.h"
#include "http/app_front.h"
#include "http/front/routes.h"
#include "http/front/server.h"
#include "http/site/site.h"
#include "http_front_client.h"
#include "in_turn.h"

struct app_slot *client_link_slot(uint32_t number);      /* the application's: http_app_ends.h */
bool client_link_say(const struct app_message *message); /* http_app_client_link.c */

#define H "HTTP/1.1\r\nHost: x\r\n"
#define CHUNKED H "Transfer-Encoding: chunked\r\n\r\n"
#define UPGRADE H "Connection: Upgrade\r\nUpgrade: echo\r\n\r\n"

void init(void) {}

static struct http_counters count(void)
{
    struct http_counters counters;
    http_counters(&counters);
    return counters;
}

static void steps(uint32_t number)
{
    for (uint32_t i = 0; i < number; i++) {
        step();
    }
}

static bool body_says(const char *text)
{
    return response->body == strlen(text) && memcmp(response->data, text, response->body) == 0;
}

/* -- heads of requests -- */

static void test_heads_of_requests(void)
{
    connect();
    CHECK_EQUAL(ask("GET /app/fields?a=b&c HTTP/1.1\r\nHost: h\r\nX-A:a  b \t\r\nx-a:\r\nTE: trailers\r\n\r\n"), 200);
    CHECK(body_says("Host=h;X-A=a  b;x-a=;TE=trailers;"));
    CHECK_TEXT(app_server, "http://");
    /* RFC 9112 3.2.2: what an absolute-form target names overrules Host */
    CHECK_EQUAL(ask("GET http://other:81/app/fields?x HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n"), 200);
    CHECK(body_says("Host=other:81;A=b;"));
    CHECK_EQUAL(ask("PROPFIND /app/fields HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n"),
                200);
    CHECK(body_says("Host=h;Expect=100-continue;Content-Length=0;"));
    leave();
    connect();
    CHECK_EQUAL(ask("GET /app/fields HTTP/1.0\r\n\r\n"), 200);
    CHECK(response->body == 0);
    check_closed();
}

/* As long as a head may be, and as many fields: none is lost on the way. */
static void test_longest_heads(void)
{
    static char text[HTTP_HEAD_MAX + 1], wanted[2 * HTTP_HEAD_MAX];
    for (uint32_t fields = 1; fields < 100; fields += 49) {
        strcpy(text, "GET /app/fields HTTP/1.1\r\nHost: h\r\n");
        strcpy(wanted, "Host=h;");
        for (uint32_t i = 1; i < fields; i++) {
            strcat(text, "a:\r\n");
            strcat(wanted, "a=;");
        }
        uint32_t left = HTTP_HEAD_MAX - (uint32_t)strlen(text) - 7;
        sprintf(text + strlen(text), "b:%0*d\r\n\r\n", (int)left, 0);
        sprintf(wanted + strlen(wanted), "b=%0*d;", (int)left, 0);
        for (uint32_t segment = 1460; segment < 20000; segment *= 6) {
            connect();
            client_send(client, text, (uint32_t)strlen(text), segment);
            CHECK_EQUAL(receive(false), 200);
            CHECK(body_says(wanted));
            leave();
        }
    }
}

/* -- bodies in chunks -- */

/* In odd pieces, with extensions and trailers, and a request behind it. */
static void test_chunks(void)
{
    static const char text[] = "POST /app/echo " CHUNKED "3\r\nabc\r\n0a;x=\"y;\r\"\r\n";
    static const char good[] = "POST /app/echo " CHUNKED
                               "3\r\nabc\r\n00000000000a;x=\"y;\t\" ; z\r\n0123456789\r\n1\r\n!\r\n"
                               "0;last\r\nA: b\r\nC:\r\n\r\nGET /f/7 " H "\r\n";
    for (uint32_t segment = 1; segment < sizeof(good); segment++) {
        connect();
        client_send(client, good, sizeof(good) - 1, segment);
        CHECK_EQUAL(receive(false), 200);
        CHECK(body_says("abc0123456789!"));
        CHECK_EQUAL(receive(false), 200);
        CHECK(body_is(7, 0, 7));
        leave();
    }
    connect();
    send(text); /* a bare CR */
    CHECK_EQUAL(receive(false), 400);
    check_closed();
}

static void refuse_chunks(const char *body)
{
    for (uint32_t segment = 1; segment < 2000; segment += 1459) {
        uint32_t before = app_broken;
        connect();
        send("POST /app/echo " CHUNKED);
        client_send(client, body, (uint32_t)strlen(body), segment);
        CHECK_CASE(receive(false) == 400, body);
        CHECK_CASE(response->closes, body);
        check_closed();
        CHECK_CASE(app_broken == before + 1, body);
        CHECK_EQUAL(app_count, 0);
    }
}

static void test_nonsense_in_chunks(void)
{
    static char many[101 * 5 + 30], line[2100];
    static const char *const bodies[] = {"\r\n",
                                         "x\r\n",
                                         "-1\r\nab",
                                         "3\nabc\r\n0\r\n\r\n",
                                         "3\r\nabcd\r\n",
                                         "3\r\nabc\n0\r\n\r\n",
                                         "3 \r\nabc\r\n0\r\n\r\n",
                                         "3\r\nabc\r\r\n0\r\n\r\n",
                                         "11111111111111111\r\n",
                                         "0\r\nno trailer\r\n\r\n",
                                         "0\r\n folded: x\r\n\r\n",
                                         "0\r\nA: b\rc\r\n\r\n",
                                         "1;x=\"\r\na\r\n0\r\n\r\n"};
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        refuse_chunks(bodies[i]);
    }
    strcpy(many, "0\r\n");
    for (int i = 0; i < 101; i++) {
        strcat(many, "A:\r\n");
    }
    strcat(many, "\r\n");
    refuse_chunks(many);
    sprintf(line, "0;%02047d", 0);
    refuse_chunks(line);
}

/* As many trailers, and as long a line, as there may be. */
static void test_long_lines_of_chunks(void)
{
    static char text[4000];
    sprintf(text, "POST /app/echo " CHUNKED "1;%0*d\r\na\r\n0\r\n", 2048 - 4, 0);
    for (int i = 0; i < 99; i++) {
        strcat(text, "A:\r\n");
    }
    strcat(text, "\r\n");
    for (uint32_t segment = 1; segment < 5000; segment = segment * 7 + 3) {
        connect();
        client_send(client, text, (uint32_t)strlen(text), segment);
        CHECK_EQUAL(receive(false), 200);
        CHECK(body_says("a"));
        leave();
    }
}

/* Beginnings of lines hold no packets. */
static void test_dribbled_lines(void)
{
    connect();
    send("POST /app/stream " CHUNKED);
    steps(5);
    for (int i = 0; i < 1000; i++) {
        send(i == 0 ? "1" : i == 1 ? ";" : "x");
        CHECK_EQUAL(lwip_pbufs, 0);
    }
    send("\r\na\r\n0\r\n\r\n");
    CHECK_EQUAL(receive(false), 200);
    CHECK(body_says("a"));
    leave();
}

/* -- bodies of any size -- */

static uint8_t byte_of(uint64_t at)
{
    return (uint8_t)(at * 11 + (at >> 9));
}

/* What has come of an answer in chunks, its bytes checked, is forgotten. `state`: of the decoder, across calls. */
struct decoder {
    uint64_t done, left;
    bool headless, ended;
};

static void decode(struct decoder *d)
{
    uint32_t length, at = 0;
    const char *bytes = client_bytes(client, &length);
    if (!d->headless) {
        const char *end = length > 0 ? memmem(bytes, length, "\r\n\r\n", 4) : NULL;
        if (!end) {
            return;
        }
        at = (uint32_t)(end + 4 - bytes);
        d->headless = true;
    }
    while (at < length && !d->ended) {
        if (d->left == 0) {
            const char *end = memmem(bytes + at, length - at, "\r\n", 2);
            if (!end) {
                break;
            }
            if (end == bytes + at) { /* behind a chunk */
                at += 2;
                continue;
            }
            d->left = strtoull(bytes + at, NULL, 16);
            at = (uint32_t)(end + 2 - bytes);
            d->ended = d->left == 0;
            continue;
        }
        CHECK_EQUAL((uint8_t)bytes[at], byte_of(d->done));
        at++;
        d->done++;
        d->left--;
    }
    client_forget(client, d->ended ? length : at);
}

/* Ten megabytes there and back through circles of 2 and 16 KiB, in all forms; what lies in the front stays bounded. */
static void stream(uint32_t form, uint64_t size)
{
    static char part[1500];
    struct decoder d = {.done = 0};
    char head[200];
    uint64_t sent = 0;
    bool ended = false;
    if (form == 0) {
        sprintf(head, "POST /app/stream " H "Content-Length: %llu\r\n\r\n", (unsigned long long)size);
    } else {
        sprintf(head, "%s",
                form == 1 ? "POST /app/stream " CHUNKED
                          : "PUT /app/stream " H "Transfer-Encoding: chunked\r\n"
                            "Expect: 100-continue\r\n\r\n");
    }
    connect();
    send(head);
    for (int turns = 0; turns < 4000000 && !d.ended; turns++) {
        uint32_t window = client_window(client), most = 1 + lwip_noise() % (lwip_noise() % 4 ? 1400 : 9);
        uint64_t left = size - sent;
        uint32_t length = most < left ? most : (uint32_t)left, at = 0;
        if (length > 0 && window > length + 20) {
            at = form ? (uint32_t)sprintf(part, "%x\r\n", length) : 0;
            for (uint32_t i = 0; i < length; i++) {
                part[at++] = (char)byte_of(sent++);
            }
            at += form ? (uint32_t)sprintf(part + at, "\r\n") : 0;
            client_send(client, part, at, 1460);
        } else if (length == 0 && form && !ended) {
            ended = true;
            send("0\r\n\r\n");
        }
        if (turns % 3 == 0) {
            step();
            client_take(client, lwip_noise() % 9000);
            client_poll(client);
            decode(&d);
        }
        CHECK(lwip_pbufs <= 700);
    }
    CHECK(d.ended);
    CHECK_EQUAL(d.done, size);
    leave();
}

static void test_bodies_of_any_size(void)
{
    for (uint32_t form = 0; form < 2; form++) {
        stream(form, 1);
        stream(form, APP_SMALL + 1);
        stream(form, 3 << 20);
    }
    lwip_fail_one_in = 50;
    stream(1, 300000);
    lwip_fail_one_in = 0;
}

/* An application that takes nothing closes the client's window; nothing is read beyond a circle. */
static void test_back_pressure(void)
{
    static char many[4000];
    app_is_slow = true;
    connect();
    send("POST /app/echo " H "Content-Length: 10000000\r\n\r\n");
    while (client_window(client) >= sizeof(many)) {
        client_send(client, many, sizeof(many), 1460);
        step();
    }
    struct app_slot *slot = app_link_slot(0);
    CHECK(slot->used && slot->out.produced == slot->out.size);
    pass_s(HTTP_APP_S + 1); /* nobody has begun to answer */
    app_is_slow = false;
    CHECK_EQUAL(receive(false), 503);
    CHECK(has_field(response, "Retry-After: 2"));
    check_closed();
}

/* One that reads on, but slower than the client sends, is not late: its time runs from the last part that it took. */
static void test_a_slow_reader_is_not_late(void)
{
    static char many[9000];
    connect();
    send("POST /app/echo " H "Content-Length: 9000\r\n\r\n");
    client_send(client, many, sizeof(many), 1460);
    for (int i = 0; i < 4; i++) {
        step(); /* takes a part */
        pass_s(HTTP_APP_S - 1);
        CHECK_EQUAL(client_waiting(client), 0);
    }
    CHECK_EQUAL(receive(false), 200);
    CHECK_EQUAL(response->body, 9000);
    leave();
}

/* What a file's answer depends on lies in the request's circle, unless a long body has taken its place: one that looks
 * like a head, here. */
static void test_a_file_behind_a_body(void)
{
    static char body[16500];
    static const char target[] = "/app/order/f/70", fields[] = "rangebytes=3-5";
    struct app_request_head head = {.method_length = 3, .target_length = sizeof(target) - 1, .field_count = 1};
    struct app_field field = {5, 9};
    char *at = body;
    connect();
    CHECK_EQUAL(ask("GET /app/order/f/70 " H "Range: bytes=1-2\r\nContent-Length: 0\r\n\r\n"), 206);
    CHECK(body_is(70, 1, 2));
    send("GET /app/order/f/70 " H "Range: bytes=1-2\r\nContent-Length: 16500\r\n\r\n");
    step();
    at += APP_LARGE - app_slot_of(target)->in.head;
    memcpy(at, &head, sizeof(head));
    memcpy(at += sizeof(head), "GET", 3);
    memcpy(at += 3, target, sizeof(target) - 1);
    memcpy(at += sizeof(target) - 1, &field, sizeof(field));
    memcpy(at + sizeof(field), fields, sizeof(fields) - 1);
    client_send(client, body, sizeof(body), 1460);
    CHECK_EQUAL(receive(false), 200);
    CHECK(body_is(70, 0, 70));
    leave();
}

/* The client's time runs while the application waits for it, not while it has something to do. */
static void test_whose_time_it_is(void)
{
    connect();
    send("POST /app/echo " H "Content-Length: 10\r\n\r\n");
    steps(5);
    app_is_slow = true;
    send("12345");
    pass_s(HTTP_BODY_S + 5);
    CHECK_EQUAL(client_waiting(client), 0);
    pass_s(HTTP_APP_S - HTTP_BODY_S);
    app_is_slow = false;
    CHECK_EQUAL(receive(false), 504);
    check_closed();
}

/* An application that goes on after its client has gone is not stopped by a full circle. */
static void test_who_goes_on_alone(void)
{
    static const uint8_t part[1000];
    uint32_t done = 0;
    connect();
    send("GET /app/drip " H "\r\n");
    take();
    app_is_slow = true;
    struct app_slot *slot = app_slot_of("/app/drip");
    client_reset(client);
    client_free(client);
    for (int i = 0; i < 30; i++) {
        done += app_client_put(slot, part, sizeof(part));
        app_exchange();
    }
    CHECK_EQUAL(done, 30 * sizeof(part));
    CHECK_EQUAL(count().app_requests, 1);
    app_is_slow = false;
    steps(3);
    CHECK_EQUAL(count().app_requests, 0);
}

static void test_continue(void)
{
    connect();
    send("POST /app/lazy " H "Content-Length: 6\r\nExpect: 100-continue\r\n\r\n"); /* not read, so not sent */
    CHECK_EQUAL(receive(false), 200);
    check_closed();
    connect();
    send("POST /app/echo " H "Content-Length: 6\r\nExpect: 100-continue\r\n\r\n");
    CHECK_EQUAL(receive(false), 100);
    CHECK(nothing_more());
    send("Hello!");
    CHECK_EQUAL(receive(false), 200);
    send("POST /app/echo " H "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
    CHECK_EQUAL(receive(false), 100);
    send("1\r\na\r\n");
    CHECK(nothing_more());
    send("1\r\nb\r\n0\r\n\r\n");
    CHECK_EQUAL(receive(false), 200);
    CHECK(body_says("ab"));
    send("POST /app/echo " H "Content-Length: 6\r\nExpect: 100-continue\r\n\r\nHello!"); /* has not waited */
    CHECK_EQUAL(receive(false), 200);
    CHECK(body_says("Hello!") && nothing_more());
    send("POST /app/echo " H "Content-Length: 6\r\nExpect: 100-continue\r\n\r\nHel"); /* nor here */
    CHECK(nothing_more());
    send("lo!");
    CHECK_EQUAL(receive(false), 200);
    leave();
}

/* Who offers to upgrade, and is answered plainly, goes on; what it has sent behind is the next request. With a body it
 * is a request like others. */
static void test_offers_to_upgrade(void)
{
    connect();
    send("GET /app/lazy " UPGRADE "GET /f/9 " H "\r\n");
    CHECK_EQUAL(receive(false), 200);
    CHECK(!response->closes);
    CHECK_EQUAL(receive(false), 200);
    CHECK(body_is(9, 0, 9));
    send("POST /app/echo " H "Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabcGET /f/9 " H "\r\n");
    CHECK_EQUAL(receive(false), 200);
    CHECK(body_says("abc"));
    CHECK_EQUAL(receive(false), 200);
    CHECK_EQUAL(ask("POST /app/upgrade " H "Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc"), 500);
    send("GET /app/echo " UPGRADE "bytes"); /* that the application waits for: nothing is behind them */
    client_end(client);
    CHECK_EQUAL(receive(false), 200);
    CHECK(body_says("bytes"));
    check_closed();
}

/* -- answers that cannot be -- */

static void say(const char *target, struct app_message message)
{
    struct app_slot *slot = app_slot_of(target);
    CHECK(slot);
    message.slot = slot->number;
    message.serial = slot->serial;
    app_say(&message);
}

/* Messages that cannot be, of a request that waits for its answer: that is 500. */
static void test_messages_that_cannot_be(void)
{
    static const struct app_message bad[] = {
        {.type = APP_ANSWER, .offset = UINT32_MAX, .size = 4096, .produced = 20, .head = 20},
        {.type = APP_ANSWER, .offset = APP_ANSWERS_BYTES - 4095, .size = 4096, .produced = 20, .head = 20},
        {.type = APP_ANSWER, .size = 0, .produced = 0, .head = 0},
        {.type = APP_ANSWER, .size = 4095, .produced = 20, .head = 20},
        {.type = APP_ANSWER, .size = 4096, .produced = 20, .head = 21},
        {.type = APP_ANSWER, .size = 4096, .produced = 4097, .head = 20},
        {.type = APP_ANSWER, .size = 0x8000, .produced = 20000, .head = APP_HEAD_MAX + 1},
        {.type = APP_BODY, .produced = 1},
        {.type = APP_TAKEN, .produced = 100000},
        {.type = APP_REQUEST, .size = 4096, .produced = 20, .head = 20},
        {.type = APP_GONE},
        {.type = APP_OVER},
        {.type = APP_DONE},
        {.type = APP_MISSED},
        {.type = 0},
        {.type = 255},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        connect();
        send("GET /app/hold " H "\r\n");
        steps(5);
        say("/app/hold", bad[i]);
        CHECK_EQUAL(receive(false), 500);
        CHECK(!response->closes);
        CHECK_EQUAL(count().app_requests, 0);
        leave();
    }
    CHECK_EQUAL(app_count, 0);
}

/* One that waits for a body that has ended is late itself: its client is not. */
static void test_waits_for_nothing(void)
{
    static const char *const requests[] = {"POST /app/hold " H "Content-Length: 2\r\n\r\nab",
                                           "POST /app/hold " CHUNKED "0\r\n\r\n", "GET /app/hold " H "\r\n"};
    for (int i = 0; i < 3; i++) {
        connect();
        send(requests[i]);
        steps(5);
        uint32_t produced = app_slot_of("/app/hold")->in.produced;
        say("/app/hold", (struct app_message){.type = APP_TAKEN, .flags = APP_WAITS, .produced = produced});
        pass_s(HTTP_BODY_S + 1);
        CHECK_EQUAL(client_waiting(client), 0);
        app_release();
        CHECK_EQUAL(receive(false), 200);
        app_hold();
        leave();
    }
}

/* Late, or of nobody: nothing happens. */
static void test_messages_of_nobody(void)
{
    struct app_message none = {.type = APP_FAILED, .status = 500};
    uint64_t late = app_link_counts.late;
    connect();
    send("GET /app/hold " H "\r\n");
    steps(5);
    none.slot = app_slot_of("/app/hold")->number;
    none.serial = app_slot_of("/app/hold")->serial - 1;
    app_say(&none);
    none.slot = 63;
    app_say(&none);
    CHECK_EQUAL(app_link_counts.late, late + 2);
    none.slot = APP_SLOTS + 1;
    app_say(&none);
    app_release();
    CHECK_EQUAL(receive(false), 200);
    leave();
}

/* A second answer, while the first is under way and behind its end. */
static void test_two_answers(void)
{
    struct app_message again = {.type = APP_ANSWER, .size = 4096, .produced = 20, .head = 20};
    connect();
    send("GET /app/drip " H "\r\n");
    take();
    say("/app/drip", again);
    CHECK(client_was_reset(client));
    client_free(client);
    app_drops = ALL_DROPS;
    steps(5);
    app_drops = 0;
    lwip_share = 3000;
    connect();
    send("GET /app/len/4000 " H "\r\n"); /* all said, but not all with TCP */
    steps(30);
    CHECK(count().app_requests == 1 && app_slot_of("/app/len/4000")->out.ended);
    say("/app/len/4000", again);
    CHECK_EQUAL(receive(false), 200);
    CHECK(body_is(4000, 0, 4000));
    leave();
}

/* More than it has promised is cut off, and counted; the connection goes on. */
static void test_too_long(void)
{
    connect();
    for (int i = 0; i < 2; i++) {
        CHECK_EQUAL(get("/app/long", ""), 200);
        CHECK(body_says("12345") && !response->closes && nothing_more());
    }
    CHECK(app_record(APP_COUNT, NULL, 0));
    CHECK_EQUAL(app_counted()->nonsense, 2);
    CHECK_EQUAL(app_counted()->requests, 2);
    CHECK(app_counted()->cache_entries == 3 && app_counted()->cache_stale == 9);
    leave();
}

/* -- the application goes, and comes again -- */

/* Requests at each stage: without a place, not taken up, waiting for a body, with a part of the answer, in a tunnel, with
 * all of it but in our hands, waiting for a file, and one whose client has gone. */
static void test_restart(void)
{
    enum { WITH_IT = HTTP_APP_MAX + 1 }; /* the tunnel has a place of its own */
    static struct client *c[WITH_IT + 40];
    static const char *const requests[] = {
        "GET /app/hold " H "\r\n",
        "POST /app/echo " H "Content-Length: 9\r\n\r\nHello",
        "POST /app/echo " CHUNKED "9\r\nHello",
        "GET /app/order/w/5 " H "\r\n",
        "HEAD /app/hold " H "\r\n",
        "GET /app/drip " H "\r\n",
        "GET /app/ws " UPGRADE,
        "GET /app/len/9000 " H "\r\n",
        "GET /app/hold " H "\r\n",
    };
    const int kinds = sizeof(requests) / sizeof(requests[0]);
    site_away = true;
    lwip_share = 3000;
    for (int i = 0; i < WITH_IT + 40; i++) {
        connect();
        c[i] = client;
        send(i < kinds ? requests[i] : "GET /app/hold " H "\r\n");
        if (i < kinds) {
            steps(20);
        }
    }
    steps(5);
    client_reset(c[8]);
    CHECK_EQUAL(count().app_requests, WITH_IT);
    app_dies();
    steps(3);
    app_lives_again();
    for (int i = 0; i < WITH_IT; i++) {
        client = c[i];
        if (i >= 5 && i <= 8) {
            take();
            CHECK(client_was_reset(client));
            client_free(client);
        } else {
            CHECK_EQUAL(receive(i == 4), 502);
            CHECK_EQUAL(response->closes, i == 2);
            if (i == 2) {
                check_closed();
            } else if (i == 1) {
                send("Moin");
                leave();
            } else {
                leave();
            }
        }
    }
    app_release();
    for (int i = WITH_IT; i < WITH_IT + 40; i++) { /* who waited goes on waiting, and is answered */
        client = c[i];
        CHECK_EQUAL(receive(false), 200);
        leave();
    }
    site_away = false;
    CHECK_EQUAL(site_waiting, 0);
}

/* Who has the whole answer, but for the word that it is the whole, keeps its connection; a part of one is cut off. */
static void test_dies_behind_the_answer(void)
{
    static const char *const requests[] = {"GET /app/unended/7 " H "\r\n", "HEAD /app/unended/7 " H "\r\n",
                                           "POST /app/unended/7 " H "Content-Length: 2\r\n\r\nab"};
    static struct client *c[3];
    for (int i = 0; i < 3; i++) {
        connect();
        c[i] = client;
        send(requests[i]);
        steps(5);
    }
    app_dies();
    app_lives_again();
    for (int i = 0; i < 3; i++) {
        client = c[i];
        CHECK_EQUAL(receive(i == 1), 200);
        CHECK(i == 1 || body_is(7, 0, 7));
        CHECK_EQUAL(get("/f/5", ""), 200);
        leave();
    }
    CHECK_EQUAL(count().app_requests, 0);
    CHECK_EQUAL(app_count, 0);
}

/* Before it has said what the site is, and after its end: requests wait in order, for HTTP_APP_S at most; files do not. */
static void test_not_there_yet(void)
{
    static struct client *crowd[100];
    routes_take_the_rest(true);
    app_has_the_rest = true;
    for (int i = 0; i < 100; i++) {
        connect();
        crowd[i] = client;
        send(i % 2 ? "GET /app/len/7 " H "\r\n" : "GET /no " H "\r\n");
        CHECK(client_waiting(client) == 0);
    }
    connect();
    CHECK_EQUAL(get("/f/5", ""), 200);
    leave();
    CHECK_EQUAL(count().app_requests, 0);
    pass_s(HTTP_APP_S - 1);
    client = crowd[0];
    client_reset(client);
    client_free(client);
    app_begin();
    for (int i = 1; i < 100; i++) {
        client = crowd[i];
        CHECK_EQUAL(receive(false), 200);
        CHECK(i % 2 == 0 || body_is(7, 0, 7));
        leave();
    }
}

/* A new life has to say what the site is before it gets anything. */
static void test_a_new_life_without_a_site(void)
{
    connect();
    CHECK_EQUAL(get("/app/len/7", ""), 200);
    app_dies();
    app_starts_anew();
    send("GET /app/len/7 " H "\r\n");
    steps(5);
    CHECK(count().app_requests == 0 && client_waiting(client) == 0);
    app_say_site();
    CHECK_EQUAL(receive(false), 200);
    leave();
}

static void test_never_there(void)
{
    static struct client *crowd[100];
    for (int i = 0; i < 100; i++) {
        connect();
        crowd[i] = client;
        send("GET /app/len/7 " H "\r\n");
    }
    pass_s(HTTP_APP_S + 1);
    for (int i = 0; i < 100; i++) {
        client = crowd[i];
        CHECK_EQUAL(receive(false), 503);
        CHECK(has_field(response, "Retry-After: 2"));
        leave();
    }
}

/* All places are with requests that nobody takes up: files go on, and each is told in time. */
static void test_a_busy_application(void)
{
    static struct client *crowd[HTTP_APP_MAX + 50];
    app_is_slow = true;
    for (int i = 0; i < HTTP_APP_MAX + 50; i++) {
        connect();
        crowd[i] = client;
        send("GET /app/len/7 " H "\r\n");
        step();
    }
    for (int i = 0; i < 50; i++) {
        connect();
        CHECK_EQUAL(get("/f/70000", ""), 200);
        leave();
    }
    pass_s(HTTP_APP_S + 1);
    for (int i = 0; i < HTTP_APP_MAX + 50; i++) {
        client = crowd[i];
        CHECK_EQUAL(receive(false), 503);
        CHECK(has_field(response, "Retry-After: 2"));
        leave();
    }
    CHECK_EQUAL(count().app_requests, HTTP_APP_MAX); /* until it has ended them */
    CHECK_EQUAL(app_broken, HTTP_APP_MAX);
    app_is_slow = false;
    steps(5);
    CHECK_EQUAL(count().app_requests, 0);
}

/* -- what it says of the site -- */

static struct {
    uint8_t bytes[APP_RECORD_MAX];
    uint32_t length;
} record;

static void put(const void *bytes, size_t count)
{
    memcpy(record.bytes + record.length, bytes, count);
    record.length += (uint32_t)count;
}

static void begin_site(uint16_t port, uint16_t mounts, uint16_t routes, bool not_found)
{
    struct app_site site = {.port = port, .mounts = mounts, .routes = routes, .not_found = not_found};
    record.length = 0;
    put(&site, sizeof(site));
}

static void add_mount(const char *prefix, const char *folder, const char *fields, uint16_t flags)
{
    const char *const texts[APP_MOUNT_TEXTS] = {prefix, folder, fields, "r"};
    struct app_mount mount = {.flags = flags};
    for (int i = 0; i < APP_MOUNT_TEXTS; i++) {
        mount.lengths[i] = (uint16_t)strlen(texts[i]);
    }
    put(&mount, sizeof(mount));
    for (int i = 0; i < APP_MOUNT_TEXTS; i++) {
        put(texts[i], strlen(texts[i]));
    }
}

static void add_route(const char *text, bool exact, uint8_t others)
{
    struct app_route route = {.text_length = (uint16_t)strlen(text), .exact = exact, .others = others};
    put(&route, sizeof(route));
    put(text, strlen(text));
}

static enum app_site_status tell(void)
{
    uint32_t before = app_dones;
    CHECK(app_record(APP_SITE, record.bytes, record.length));
    CHECK_EQUAL(app_dones, before + 1);
    return app_site_status;
}

static void test_site(void)
{
    begin_site(81, 2, 3, true);
    add_mount("/", "/mine", "p", APP_PRECOMPRESSED);
    add_mount("/b/", "/mine/b", "", APP_INTERNAL);
    add_route("/app/len", false, 3);
    add_route("/f/1", true, 1);
    add_route("/f/2", true, 2);
    CHECK_EQUAL(tell(), APP_SITE_OK);
    CHECK(strcmp(site_mounts, "/=described;/=/mine[p|r|pre];/b/=/mine/b[|r|int];") == 0);
    CHECK(http_owns(81) && http_owns(80));
    client = client_connect(81);
    CHECK_EQUAL(get("/app/len/3", ""), 200);
    CHECK_EQUAL(get("/f/1", ""), 200); /* the application's: it says nothing of a file */
    CHECK(!has_field(response, "Content-Type: text/plain"));
    CHECK_EQUAL(get("/f/12", ""), 200);
    CHECK(has_field(response, "Content-Type: text/plain"));
    CHECK_EQUAL(get("/f/2", ""), 200);
    CHECK(has_field(response, "Content-Type: text/plain"));
    CHECK_EQUAL(ask("POST /f/2 " H "Content-Length: 2\r\n\r\nab"), 200);
    CHECK_EQUAL(get("/no", ""), 200);
    begin_site(0, 0, 0, false);
    CHECK_EQUAL(tell(), APP_SITE_OK);
    CHECK(strcmp(site_mounts, "/=described;") == 0);
    CHECK_EQUAL(get("/app/len/3", ""), 404);
    CHECK_EQUAL(get("/no", ""), 404);
    leave();
    lwip_pcbs--; /* 81 listens */
}

/* Its program may have changed: it is told, and nobody waits for it. A few times a second, whoever asks for what. */
static void test_what_the_site_does_not_have(void)
{
    static const char *const missed[] = {"GET /no " H "\r\n", "HEAD /no " H "\r\n", "GET /%2e%2e/x " H "\r\n",
                                         "POST /no " H "Content-Length: 2\r\n\r\nab",
                                         "POST /f/5 " H "Content-Length: 2\r\n\r\nab"};
    static const char *const had[] = {"GET /f/5 " H "\r\n", "GET /app/len/3 " H "\r\n", "GET /dir " H "\r\n",
                                      "GET /away " H "\r\n", "OPTIONS /no " H "\r\n"};
    connect();
    for (int i = 0; i < 5; i++) {
        uint32_t before = app_misses;
        pass_s(1);
        (void)ask(missed[i]);
        (void)ask(missed[i]);
        app_exchange();
        CHECK_EQUAL(app_misses, before + 1);
        pass_s(1);
        (void)ask(had[i]);
        app_exchange();
        CHECK_EQUAL(app_misses, before + 1);
    }
    CHECK_EQUAL(app_count, 0);
    leave();
}

/* What is wrong with a site is said, and nothing of it holds. */
static void is_refused(enum app_site_status status, uint32_t which)
{
    CHECK(app_record(APP_COUNT, NULL, 0));
    uint64_t before = app_counted()->nonsense;
    CHECK_EQUAL(tell(), status);
    CHECK_EQUAL(app_site_which, which);
    CHECK(app_record(APP_COUNT, NULL, 0));
    CHECK_EQUAL(app_counted()->nonsense, before + 1);
    CHECK(strcmp(site_mounts, "/=described;/a/=/a[p|r];") == 0);
    CHECK(!http_owns(82));
    CHECK_EQUAL(get("/app/len/3", ""), 200);
    CHECK_EQUAL(get("/no", ""), 404);
}

static void test_sites_that_cannot_be(void)
{
    static char text[400];
    begin_site(80, 1, 1, false);
    add_mount("/a/", "/a", "p", 0);
    add_route("/app/", false, 3);
    CHECK_EQUAL(tell(), APP_SITE_OK);
    connect();

    record.length = 3;
    is_refused(APP_SITE_NONSENSE, 0);
    begin_site(82, 2, 0, true);
    add_mount("/c/", "/c", "", 0);
    is_refused(APP_SITE_NONSENSE, 1); /* the second is missing */
    begin_site(82, 1, 0, true);
    add_mount("/c/", "/c", "", 0);
    record.length--;
    is_refused(APP_SITE_NONSENSE, 0);
    begin_site(82, 0, 1, true);
    add_route("/c", true, 3);
    record.length--;
    is_refused(APP_SITE_NONSENSE, 0);
    begin_site(82, 0, 0, true);
    put("x", 1); /* behind its end */
    is_refused(APP_SITE_NONSENSE, 0);

    begin_site(82, 2, 0, true);
    add_mount("/c/", "/c", "", 0);
    add_mount("c/", "/c", "", 0);
    is_refused(APP_SITE_NO_FOLDER, 1);
    begin_site(82, 1, 0, true);
    add_mount("/c/", "/c", "", 0);
    record.bytes[record.length - 2] = '\0';
    is_refused(APP_SITE_NO_FOLDER, 0);
    begin_site(82, 1, 0, true);
    add_mount("/c/", "/c", "!", 0);
    is_refused(APP_SITE_FIELDS, 0);

    memset(text, 'a', SITE_TEXT_MAX);
    text[0] = '/';
    begin_site(82, 1, 0, true);
    add_mount("/c/", text, "", 0);
    is_refused(APP_SITE_TOO_LONG, 0);
    text[ROUTE_PREFIX_MAX + 1] = '\0';
    begin_site(82, 1, 2, true);
    add_mount("/c/", "/c", "", 0);
    add_route("/c", true, 3);
    add_route(text, true, 3);
    is_refused(APP_SITE_TOO_LONG, 2);

    begin_site(82, SITE_MOUNTS_MAX, 0, true); /* one is described */
    for (int i = 0; i < SITE_MOUNTS_MAX; i++) {
        sprintf(text, "/%d/", i);
        add_mount(text, "/c", "", 0);
    }
    is_refused(APP_SITE_TOO_MANY, SITE_MOUNTS_MAX - 1);
    begin_site(82, 0, ROUTES_MAX + 1, true);
    for (int i = 0; i <= ROUTES_MAX; i++) {
        add_route("/c", true, 3);
    }
    is_refused(APP_SITE_TOO_MANY, ROUTES_MAX);

    CHECK(http_listen(91) && http_listen(92) && http_listen(93));
    begin_site(82, 0, 0, true); /* no listener is left */
    is_refused(APP_SITE_PORT, 0);
    leave();
    lwip_pcbs -= 3;
}

/* As many mounts as there may be: those of the same prefix take one place. */
static void test_most_mounts(void)
{
    char text[20];
    begin_site(0, SITE_MOUNTS_MAX + 10, 0, true);
    for (int i = 0; i < 5; i++) {
        add_mount("/", "/c", "", 0);
        add_mount("/1/", "/c", "", 0);
    }
    for (int i = 0; i < SITE_MOUNTS_MAX; i++) {
        sprintf(text, "/%d/", i < SITE_MOUNTS_MAX - 1 ? i : 0);
        add_mount(text, "/c", "", 0);
    }
    CHECK_EQUAL(tell(), APP_SITE_OK);
    begin_site(0, 4 * SITE_MOUNTS_MAX + 1, 0, true);
    for (int i = 0; i <= 4 * SITE_MOUNTS_MAX; i++) {
        add_mount("/1/", "/c", "", 0);
    }
    CHECK_EQUAL(tell(), APP_SITE_TOO_MANY);
    CHECK_EQUAL(app_site_which, 4 * SITE_MOUNTS_MAX);
}

/* The queue goes the way of the new site. */
static void test_a_site_for_who_waits(void)
{
    static struct client *crowd[HTTP_APP_MAX + 1];
    for (int i = 0; i < HTTP_APP_MAX + 1; i++) {
        connect();
        crowd[i] = client;
        send(i < HTTP_APP_MAX ? "GET /app/hold " H "\r\n" : "GET /app/len/9 " H "\r\n");
        step();
    }
    begin_site(0, 0, 0, false);
    CHECK_EQUAL(tell(), APP_SITE_OK);
    app_release();
    for (int i = 0; i < HTTP_APP_MAX + 1; i++) {
        client = crowd[i];
        CHECK_EQUAL(receive(false), i < HTTP_APP_MAX ? 200 : 404);
        leave();
    }
}

static void test_other_records(void)
{
    CHECK(app_record(APP_CHANGED, "/a/b", 4));
    CHECK(strcmp(site_changed, "/a/b") == 0);
    CHECK(app_record(APP_CHANGED_BELOW, "/c", 2));
    CHECK(strcmp(site_changed, "/c below") == 0);
    for (int i = 0; i < 3000; i++) {
        CHECK(app_record(APP_CHANGED, record.bytes, (uint32_t)i * 10)); /* each has room when it has been heard */
    }
    CHECK(app_record(APP_COUNT, NULL, 0));
    CHECK_EQUAL(app_counted()->nonsense, 0);
    CHECK(app_record((enum app_record_type)99, "x", 1));
    CHECK(app_record(APP_COUNT, NULL, 0));
    CHECK_EQUAL(app_counted()->nonsense, 1);
}

/* -- how much of it an event takes -- */

/* Records in the circle, and what each message says of it is `step` bytes more. */
static void say_records(uint32_t messages, uint32_t step)
{
    struct app_slot *control = client_link_slot(APP_CONTROL);
    struct app_message more = {.type = APP_BODY, .slot = APP_CONTROL, .produced = control->out.taken};
    for (uint32_t i = 0; i < messages; i++) {
        more.produced += step;
        CHECK(client_link_say(&more));
    }
    CHECK_EQUAL(more.produced, control->out.produced);
}

/* As many words about folders as the circle holds: one look through the cache. */
static void test_many_folders_at_once(void)
{
    uint32_t before = site_walks, words = 0;
    while (app_client_record(APP_CHANGED_BELOW, "/c", 2)) {
        words++;
    }
    CHECK(words > 3000);
    app_exchange();
    CHECK(strcmp(site_changed, "/c below") == 0);
    CHECK_EQUAL(site_walks, before + 1);
    CHECK(app_record(APP_CHANGED_BELOW, "/d", 2)); /* all were taken */
    CHECK_EQUAL(site_walks, before + 2);
}

/* In a message for each: an event acts upon one. The answer behind them waits until all have had their effect. */
static void test_a_folder_in_each_message(void)
{
    enum { WORDS = 100, BYTES = sizeof(struct app_record) + 2 };
    uint32_t before = site_walks;
    connect();
    send("GET /app/hold " H "\r\n");
    steps(5);
    for (int i = 0; i < WORDS; i++) {
        CHECK(app_client_record(APP_CHANGED_BELOW, "/c", 2));
    }
    say_records(WORDS, BYTES);
    struct app_slot *slot = app_slot_of("/app/hold");
    CHECK(client_link_say(
        &(struct app_message){.type = APP_FAILED, .slot = slot->number, .serial = slot->serial, .status = 503}));
    for (uint32_t i = 1; i <= WORDS; i++) {
        app_wake_front();
        CHECK_EQUAL(site_walks, before + i);
        CHECK_EQUAL(client_waiting(client), 0);
    }
    CHECK_EQUAL(receive(false), 503); /* a timer brings the rest */
    CHECK_EQUAL(site_walks, before + WORDS);
    leave();
}

#define MESSAGES 64 /* in one event: app_link.c */

static void test_messages_of_an_event(void)
{
    struct app_message none = {.type = APP_FAILED, .slot = 63};
    uint64_t before = app_link_counts.late;
    for (int i = 0; i < APP_QUEUE_CAPACITY; i++) {
        CHECK(client_link_say(&none));
    }
    CHECK(!client_link_say(&none));
    for (uint32_t i = 1; i < APP_QUEUE_CAPACITY / MESSAGES; i++) {
        app_wake_front();
        CHECK_EQUAL(app_link_counts.late, before + i * MESSAGES);
    }
    pass_s(0);
    CHECK_EQUAL(app_link_counts.late, before + APP_QUEUE_CAPACITY);
    CHECK(client_link_say(&none)); /* and its wake-up is armed again: the peer's is as well */
    app_exchange();
    app_wake_front();
    CHECK_EQUAL(app_link_counts.late, before + APP_QUEUE_CAPACITY + 1);
}

/* Of what is answered one is under way. */
static void test_two_questions(void)
{
    struct app_site site = {.routes = 0};
    uint32_t before = app_dones;
    CHECK(app_client_record(APP_COUNT, NULL, 0));
    CHECK(app_client_record(APP_COUNT, NULL, 0));
    CHECK(app_client_record(APP_SITE, &site, sizeof(site)));
    app_exchange();
    CHECK_EQUAL(app_dones, before + 1);
    CHECK(app_record(APP_COUNT, NULL, 0));
    CHECK_EQUAL(app_counted()->nonsense, 2);
    connect();
    CHECK_EQUAL(get("/app/len/3", ""), 200); /* the site is what it was */
    leave();
}

/* -- all -- */

static const struct {
    const char *name;
    void (*run)(void);
    bool alone; /* the application has not begun */
} tests[] = {
    {"heads_of_requests", test_heads_of_requests, false},
    {"longest_heads", test_longest_heads, false},
    {"chunks", test_chunks, false},
    {"nonsense_in_chunks", test_nonsense_in_chunks, false},
    {"long_lines_of_chunks", test_long_lines_of_chunks, false},
    {"dribbled_lines", test_dribbled_lines, false},
    {"bodies_of_any_size", test_bodies_of_any_size, false},
    {"back_pressure", test_back_pressure, false},
    {"a_slow_reader_is_not_late", test_a_slow_reader_is_not_late, false},
    {"a_file_behind_a_body", test_a_file_behind_a_body, false},
    {"whose_time_it_is", test_whose_time_it_is, false},
    {"who_goes_on_alone", test_who_goes_on_alone, false},
    {"continue", test_continue, false},
    {"offers_to_upgrade", test_offers_to_upgrade, false},
    {"messages_that_cannot_be", test_messages_that_cannot_be, false},
    {"messages_of_nobody", test_messages_of_nobody, false},
    {"waits_for_nothing", test_waits_for_nothing, false},
    {"two_answers", test_two_answers, false},
    {"too_long", test_too_long, false},
    {"restart", test_restart, false},
    {"what_the_site_does_not_have", test_what_the_site_does_not_have, false},
    {"dies_behind_the_answer", test_dies_behind_the_answer, false},
    {"not_there_yet", test_not_there_yet, true},
    {"a_new_life_without_a_site", test_a_new_life_without_a_site, false},
    {"never_there", test_never_there, true},
    {"a_busy_application", test_a_busy_application, false},
    {"site", test_site, false},
    {"sites_that_cannot_be", test_sites_that_cannot_be, false},
    {"most_mounts", test_most_mounts, false},
    {"a_site_for_who_waits", test_a_site_for_who_waits, false},
    {"other_records", test_other_records, false},
    {"many_folders_at_once", test_many_folders_at_once, false},
    {"a_folder_in_each_message", test_a_folder_in_each_message, false},
    {"messages_of_an_event", test_messages_of_an_event, false},
    {"two_questions", test_two_questions, false},
};

static void run(uint64_t i)
{
    if (tests[i].alone) {
        response = malloc(sizeof(*response));
        fake_reset();
        pass_s(0);
        app_start_front();
    } else {
        begin_case();
    }
    tests[i].run();
    end_case();
}

static const char *name_of(uint64_t i)
{
    return tests[i].name;
}

int main(int argc, char **argv)
{
    return in_turn(argc, argv, 0, sizeof(tests) / sizeof(tests[0]) - 1, name_of, run);
}
