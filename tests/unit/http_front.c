/* http_front.c: the native front (http/, but its site and cache) with the real
 * parsers, between clients of a made-up TCP, a made-up site, and an application. Each test is a process of its own;
 * after each all must have come back: pbufs, pins, resources, requests with the application, connections.
 */
#include <stdlib.h>
#include <string.h>

#include "fake_microkit.h"
#include "http/app_front.h"
#include "http/front/routes.h"
#include "http/front/server.h"
#include "http_front_client.h"
#include "in_turn.h"

#define ALL UINT32_MAX

void init(void) {}

/* -- files -- */

static void test_files(void)
{
    static const uint32_t sizes[] = {0, 1, 1000, 1460, 5000, 65535, 65536, 65537, 200000, 1000000};
    connect();
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char path[30];
        sprintf(path, "/f/%u", sizes[i]);
        CHECK_EQUAL(get(path, ""), 200);
        CHECK(body_is(sizes[i], 0, sizes[i]) && !response->closes && has_field(response, "Server: Serval"));
    }
    CHECK_EQUAL(ask("HEAD /f/70000 HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
    CHECK(has_field(response, "Content-Length: 70000") && nothing_more());
    leave();
}

static void test_parts_and_conditions(void)
{
    connect();
    CHECK_EQUAL(get("/f/200000", "Range: bytes=65530-131080\r\n"), 206);
    CHECK(body_is(200000, 65530, 131080 - 65530 + 1));
    CHECK(has_field(response, "Content-Range: bytes 65530-131080/200000"));
    CHECK_EQUAL(get("/f/2000", "Range: bytes=-5\r\n"), 206);
    CHECK(body_is(2000, 1995, 5) && has_field(response, "Cache-Control: max-age=60"));
    CHECK_EQUAL(get("/f/2000", "Range: bytes=2000-\r\n"), 416);
    CHECK(has_field(response, "Content-Range: bytes */2000"));
    CHECK_EQUAL(get("/f/2000", "If-None-Match: *\r\n"), 304);
    CHECK(strstr(response->text, "ETag: ") && !strstr(response->text, "Content-"));
    CHECK_EQUAL(get("/f/2000", "If-Match: \"none\"\r\n"), 412);
    CHECK_EQUAL(get("/f/2000", ""), 200);
    leave();
}

static bool modified_is_date(void)
{
    char line[50] = "Last-Modified";
    const char *date = strstr(response->text, "\r\nDate: ");
    strncat(line, date + 6, 31);
    return has_field(response, line);
}

/* RFC 9110 8.8.2.1: a time of modification ahead of now is not told. */
static void test_modified_later(void)
{
    connect();
    for (int i = 0; i < 3; i++) {
        CHECK_EQUAL(get("/late/5", ""), 200);
        CHECK(modified_is_date());
        CHECK_EQUAL(get("/late/500", "Range: bytes=1-2\r\n"), 206);
        CHECK(modified_is_date());
        CHECK_EQUAL(get("/late/5", "If-None-Match: *\r\n"), 304);
        CHECK(modified_is_date());
        CHECK_EQUAL(ask("HEAD /late/5 HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
        CHECK(modified_is_date());
        pass_s(1);
    }
    leave();
    pass_s(4000);
    connect();
    CHECK_EQUAL(get("/late/5", ""), 200);
    CHECK(has_field(response, "Last-Modified: Mon, 21 Sep 2026 15:13:20 GMT"));
    leave();
}

static void test_refusals(void)
{
    connect();
    CHECK_EQUAL(get("/no", ""), 404);
    CHECK_EQUAL(get("/none", ""), 404);
    CHECK_EQUAL(get("/forbidden", ""), 403);
    CHECK_EQUAL(get("/away", ""), 503);
    CHECK(has_field(response, "Retry-After: 2"));
    CHECK_EQUAL(get("/bad/9", ""), 503);
    CHECK(has_field(response, "Retry-After: 2"));
    CHECK_EQUAL(get("/%2e%2e/x", ""), 404);
    CHECK_EQUAL(get("/dir?a=b", ""), 301);
    CHECK(has_field(response, "Location: /dir/?a=b"));
    CHECK_EQUAL(ask("POST /f/5 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nHello"), 405);
    CHECK(has_field(response, "Allow: GET, HEAD, OPTIONS") && !response->closes);
    CHECK_EQUAL(ask("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"), 204);
    CHECK_EQUAL(ask("HEAD /no HTTP/1.1\r\nHost: x\r\n\r\n"), 404);
    CHECK_EQUAL(get("/f/5", ""), 200);
    CHECK_EQUAL(ask("PUT /f/5 HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n"), 405);
    CHECK(response->closes);
    check_closed();
}

/* A file that cannot be read on: the length was promised. */
static void test_broken_file(void)
{
    connect();
    send("GET /broken/100000 HTTP/1.1\r\nHost: x\r\n\r\n");
    take();
    CHECK(client_was_reset(client));
    client_free(client);
}

static void test_nonsense(void)
{
    static const struct {
        const char *text;
        int status;
    } cases[] = {
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET /\r\n\r\n", 400},
        {"\x16\x03\x01\x02\x01\r\n\r\n", 400},
        {"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505},
        {"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        connect();
        CHECK_EQUAL(ask(cases[i].text), cases[i].status);
        CHECK(response->closes);
        for (int more = 0; more < 50; more++) {
            send("still talking, and talking, and talking\r\n");
        }
        check_closed();
    }
    connect();
    send("GET / HTTP/1.1\r\nHost: x\r\n");
    for (int i = 0; i < 700; i++) {
        send("Cookie: 0123456789: 0123456789: 0123456789: 0123456789: 0123456789: 0123456789: 0123456789: 012345\r\n");
    }
    CHECK_EQUAL(receive(false), 431);
    check_closed();
}

/* -- connections -- */

static void test_versions(void)
{
    connect();
    CHECK_EQUAL(ask("GET /f/10 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), 200);
    CHECK(has_field(response, "Connection: keep-alive"));
    CHECK_EQUAL(ask("GET /f/10 HTTP/1.0\r\n\r\n"), 200);
    CHECK(response->closes);
    check_closed();
    connect();
    CHECK_EQUAL(get("/f/100000", "Connection: close\r\n"), 200);
    CHECK(response->closes && body_is(100000, 0, 100000));
    check_closed();
}

static void test_pipeline(void)
{
    char text[4000] = "";
    for (int i = 0; i < 30; i++) {
        sprintf(text + strlen(text), "GET /%s/%d HTTP/1.1\r\nHost: x\r\n\r\n", i % 4 == 3 ? "app/len" : "f", i * 300);
    }
    for (uint32_t segment = 1; segment < 3000; segment = segment * 3 / 2 + 1) {
        connect();
        client_send(client, text, (uint32_t)strlen(text), segment);
        for (uint32_t i = 0; i < 30; i++) {
            CHECK_EQUAL(receive(false), 200);
            CHECK(body_is(i * 300, 0, i * 300));
        }
        leave();
    }
}

/* FIN right behind the requests: they are answered first. */
static void test_half_closed(void)
{
    connect();
    send("GET /f/300000 HTTP/1.1\r\nHost: x\r\n\r\nGET /app/len/7 HTTP/1.1\r\nHost: x\r\n\r\nGET /f");
    client_end(client);
    CHECK_EQUAL(receive(false), 200);
    CHECK(body_is(300000, 0, 300000));
    CHECK_EQUAL(receive(false), 200);
    check_closed();
}

/* A client that sends on and on without reading is stopped by its window. */
static void test_window(void)
{
    char request[2000];
    sprintf(request, "GET /f/60000 HTTP/1.1\r\nHost: x\r\nCookie: %01500d\r\n\r\n", 0);
    connect();
    uint32_t sent = 0;
    while (client_window(client) >= sizeof(request) && sent < 1000) {
        send(request);
        step();
        sent++;
    }
    CHECK(sent > 80 && sent < 100);
    for (uint32_t i = 0; i < sent; i++) {
        CHECK_EQUAL(receive(false), 200);
    }
    CHECK(nothing_more());
    leave();
}

static void test_timeouts(void)
{
    struct http_counters counters;
    connect(); /* idle */
    pass_s(HTTP_IDLE_S - 1);
    CHECK(!client_at_end(client));
    pass_s(2);
    check_closed();
    connect(); /* a head, byte by byte */
    for (int i = 0; i < HTTP_HEAD_S + 1; i++) {
        if (!client_waiting(client)) {
            send("G");
        }
        pass_s(1);
    }
    CHECK_EQUAL(receive(false), 408);
    check_closed();
    connect(); /* does not read */
    send("GET /f/500000 HTTP/1.1\r\nHost: x\r\n\r\n");
    pass_s(HTTP_STALL_S - 5);
    client_take(client, 1000);
    pass_s(HTTP_STALL_S - 5);
    CHECK(!client_was_reset(client));
    pass_s(10);
    CHECK(client_was_reset(client));
    client_free(client);
    connect(); /* does not send its body */
    send("POST /app/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nHe");
    take();
    pass_s(HTTP_BODY_S + 1);
    CHECK_EQUAL(receive(false), 408);
    check_closed();
    connect(); /* does not close */
    CHECK_EQUAL(get("/f/5", "Connection: close\r\n"), 200);
    pass_s(60);
    CHECK(client_gone(client));
    client_free(client);
    http_counters(&counters);
    CHECK_EQUAL(counters.timed_out, 5);
}

static void test_crowd(void)
{
    static struct client *crowd[HTTP_CONNECTIONS_MAX];
    for (int i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
        connect();
        crowd[i] = client;
        CHECK_EQUAL(get("/f/1", ""), 200);
    }
    client = crowd[0];
    CHECK_EQUAL(get("/f/1", ""), 200); /* now the second is idle for longest */
    connect();
    CHECK_EQUAL(get("/f/1", ""), 200);
    CHECK(client_gone(crowd[1]) && !client_gone(crowd[0]) && !client_was_reset(crowd[1]));
    leave();
    for (int i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
        client = crowd[i];
        leave();
    }
}

/* Beginnings of heads hold no packet's memory, and new clients are served. */
static void test_dribblers(void)
{
    static struct client *crowd[1000];
    for (int i = 0; i < 1000; i++) {
        connect();
        crowd[i] = client;
        send(i % 2 ? "GET /f/1 HTTP/1.1\r\nHo" : "GET /f/1 HT");
        if (i % 2 == 0) {
            send("TP/1.1\r\nHo");
        }
        CHECK_EQUAL(lwip_pbufs, 0);
        CHECK_EQUAL(client_window(client), TCP_WND);
    }
    for (int i = 0; i < 50; i++) {
        connect();
        CHECK_EQUAL(get("/f/1", ""), 200);
        leave();
    }
    for (int i = 0; i < 1000; i++) {
        client = crowd[i];
        send("st: x\r\n\r\n");
        CHECK_EQUAL(receive(false), 200);
        leave();
    }
}

/* More of them than there is memory for: none is evicted within five seconds, then the oldest. Each is told. */
static void test_long_beginnings(void)
{
    static struct client *crowd[60];
    char line[1000];
    int places = 0;
    sprintf(line, "X: %0900d\r\n", 0);
    for (int i = 0; i < 60; i++) {
        connect();
        crowd[i] = client;
        send("GET /f/1 HTTP/1.1\r\nHost: x\r\n");
        for (int j = 0; j < 8 && !client_waiting(client); j++) {
            send(line);
        }
        places += !client_waiting(client);
    }
    CHECK(places > 45 && places < 55);
    CHECK_EQUAL(lwip_pbufs, 0);
    for (int i = places; i < 60; i++) {
        client = crowd[i];
        CHECK_EQUAL(receive(false), 503);
        CHECK(has_field(response, "Retry-After: 2"));
        check_closed();
    }
    pass_s(6);
    connect();
    send("GET /f/1 HTTP/1.1\r\nHost: x\r\n");
    for (int j = 0; j < 8; j++) {
        send(line);
    }
    send("\r\n");
    CHECK_EQUAL(receive(false), 200);
    leave();
    client = crowd[0];
    CHECK_EQUAL(receive(false), 408);
    check_closed();
    for (int i = 1; i < places; i++) {
        client = crowd[i];
        send("\r\n");
        CHECK_EQUAL(receive(false), 200);
        leave();
    }
}

/* Nobody is closed without a word because there was no memory for it. */
static void test_told_when_there_is_memory(void)
{
    connect();
    send("G");
    lwip_fail_one_in = 1;
    pass_s(HTTP_HEAD_S + 1);
    take();
    CHECK(!client_at_end(client) && client_waiting(client) == 0);
    lwip_fail_one_in = 0;
    CHECK_EQUAL(receive(false), 408);
    check_closed();
    app_absent = true;
    connect();
    lwip_fail_one_in = 1;
    send("POST /app/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nHello");
    take();
    lwip_fail_one_in = 0;
    CHECK_EQUAL(receive(false), 503);
    CHECK_EQUAL(get("/f/5", ""), 200);
    leave();
}

/* -- who waits for files -- */

static struct client *crowd_of_waiters[700];

static int ask_for_late(int from, int to)
{
    int refused = 0;
    char text[400];
    for (int i = from; i < to; i++) {
        connect();
        crowd_of_waiters[i] = client;
        sprintf(text, "GET /w/%d HTTP/1.1\r\nHost: x\r\nUser-Agent: %0150d\r\n\r\n", i, 0);
        send(text);
        refused += client_waiting(client) > 0;
    }
    return refused;
}

/* They are bounded, hold no packets, see their clients go, and are told in time; others are served all along. */
static void test_waiters(void)
{
    site_away = true;
    CHECK_EQUAL(ask_for_late(0, 600), 600 - 512);
    CHECK_EQUAL(lwip_pbufs, 0);
    for (int i = 512; i < 600; i++) {
        client = crowd_of_waiters[i];
        CHECK_EQUAL(receive(false), 503);
        CHECK(has_field(response, "Retry-After: 2"));
        leave();
    }
    client_reset(crowd_of_waiters[0]);
    client_end(crowd_of_waiters[1]);
    CHECK_EQUAL(site_waiting, 511);
    pass_s(4);
    client = crowd_of_waiters[1];
    CHECK_EQUAL(receive(false), 503);
    check_closed();
    CHECK_EQUAL(site_waiting, 510);
    CHECK_EQUAL(ask_for_late(512, 513), 1); /* the service is slow: no more now */
    CHECK_EQUAL(receive(false), 503);
    leave();
    connect();
    CHECK_EQUAL(get("/f/5", ""), 200);
    leave();
    pass_s(HTTP_WAIT_S - 3);
    CHECK_EQUAL(site_waiting, 0);
    client_free(crowd_of_waiters[0]);
    for (int i = 2; i < 512; i++) {
        client = crowd_of_waiters[i];
        CHECK_EQUAL(receive(false), 503);
        leave();
    }
    site_away = false;
}

static void test_waiters_are_answered(void)
{
    struct http_counters counters;
    site_away = true;
    CHECK_EQUAL(ask_for_late(0, 100), 0);
    pass_s(HTTP_WAIT_S - 1);
    client = crowd_of_waiters[0]; /* a request sent ahead, and one that breaks off */
    send("GET /f/7 HTTP/1.1\r\nHost: x\r\n\r\nGET ");
    site_away = false;
    for (int i = 0; i < 100; i++) {
        client = crowd_of_waiters[i];
        CHECK_EQUAL(receive(false), 200);
        CHECK(body_is((uint64_t)i, 0, (uint64_t)i));
        if (i == 0) {
            CHECK_EQUAL(receive(false), 200);
        }
        leave();
    }
    http_counters(&counters);
    CHECK_EQUAL(counters.timed_out, 0);
}

/* Behind their heads, too, they hold little: whose bytes are too many is told. */
static void test_waiters_with_bodies(void)
{
    static char body[16000];
    uint32_t refused = 0;
    site_away = true;
    CHECK_EQUAL(ask_for_late(0, 20), 0);
    for (int i = 0; i < 20; i++) {
        client = crowd_of_waiters[i];
        client_send(client, body, sizeof(body), 1460);
        refused += client_waiting(client) > 0;
    }
    CHECK(refused > 10 && refused < 16);
    site_away = false;
    for (int i = 0; i < 20; i++) {
        client = crowd_of_waiters[i];
        int status = receive(false); /* first: what follows is about what is left */
        CHECK_EQUAL(status, client_waiting(client) > 0 || i >= 20 - (int)refused ? 503 : 200);
        CHECK_EQUAL(receive(false), 400);
        check_closed();
    }
}

/* -- the application -- */

static void test_framing(void)
{
    connect();
    CHECK_EQUAL(get("/app/len/100000", ""), 200);
    CHECK(body_is(100000, 0, 100000) && has_field(response, "X-App: yes") && !response->closes);
    CHECK_EQUAL(get("/app/chunk/100000", ""), 200);
    CHECK(body_is(100000, 0, 100000) && response->chunked && has_field(response, "X-App: yes"));
    CHECK_EQUAL(ask("HEAD /app/len/77 HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
    CHECK(has_field(response, "Content-Length: 77") && nothing_more());
    CHECK_EQUAL(ask("HEAD /app/chunk/77 HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
    CHECK(nothing_more());
    CHECK_EQUAL(ask("GET /app/len/5 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), 200);
    CHECK(has_field(response, "Connection: keep-alive"));
    CHECK_EQUAL(ask("GET /app/none/70000 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), 200);
    CHECK(response->closes && body_is(70000, 0, 70000));
    check_closed();
}

static void test_bodies(void)
{
    connect();
    send("POST /app/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nHelloGET /f/9 HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK_EQUAL(receive(false), 200);
    CHECK(response->body == 5 && memcmp(response->data, "Hello", 5) == 0);
    CHECK_EQUAL(receive(false), 200);
    CHECK(body_is(9, 0, 9));
    send("POST /app/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    CHECK_EQUAL(receive(false), 100);
    send("World");
    CHECK_EQUAL(receive(false), 200);
    CHECK(memcmp(response->data, "World", 5) == 0);
    CHECK_EQUAL(ask("POST /app/lazy HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nHello"), 200);
    CHECK(!response->closes);
    CHECK_EQUAL(get("/f/9", ""), 200);
    CHECK_EQUAL(ask("POST /app/lazy HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\nHello"), 200);
    check_closed();
    connect();
    send("POST /app/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nHe");
    client_end(client); /* and no more */
    CHECK_EQUAL(receive(false), 400);
    check_closed();
    CHECK_EQUAL(app_broken, 1);
}

static void test_failures(void)
{
    static const char *const paths[] = {"/app/early", "/app/nonsense"};
    connect();
    for (int i = 0; i < 2; i++) {
        CHECK_EQUAL(get(paths[i], ""), 500);
        CHECK(!response->closes);
    }
    CHECK_EQUAL(get("/app/fails/503", ""), 503);
    CHECK(has_field(response, "Retry-After: 2") && !response->closes);
    send("GET /app/short HTTP/1.1\r\nHost: x\r\n\r\n");
    take();
    CHECK(client_was_reset(client));
    CHECK(strstr(fake_console(), "GET /app/short: the application's answer is cut off"));
    client_free(client);
    app_absent = true;
    connect();
    CHECK_EQUAL(get("/app/len/5", ""), 503);
    CHECK_EQUAL(get("/f/5", ""), 200);
    leave();
    app_absent = false;
    connect();
    send("GET /app/hold HTTP/1.1\r\nHost: x\r\n\r\n");
    take();
    client_reset(client);
    step();
    CHECK_EQUAL(app_broken, 1); /* of the short answer it was the application that had gone */
    client_free(client);
}

static void check_reset(const char *request, bool end)
{
    connect();
    send(request);
    if (end) {
        client_end(client);
    }
    take();
    CHECK(client_was_reset(client));
    client_free(client);
}

/* The application fails in the middle of an answer: no client may take what it has for the whole, however its end is
 * told: by a chunk, by a length, by the end of the connection. */
static void test_answers_that_fail(void)
{
    check_reset("GET /app/fails/chunk HTTP/1.1\r\nHost: x\r\n\r\n", false);
    check_reset("GET /app/fails/chunk HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", false);
    check_reset("GET /app/fails/chunk HTTP/1.0\r\n\r\n", false);
    check_reset("GET /app/fails/len HTTP/1.1\r\nHost: x\r\n\r\n", false);
    check_reset("POST /app/fails/chunk HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", true);
    connect();
    CHECK_EQUAL(get("/app/fails/none", ""), 500);
    CHECK_EQUAL(get("/app/fails/whole", ""), 200);
    CHECK(response->body == 5 && !response->closes);
    CHECK_EQUAL(ask("HEAD /app/fails/chunk HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
    leave();
}

/* What RFC 9110 5.5 forbids reaches no client: the answer is another one, and the console says so. */
static void test_heads_of_answers(void)
{
    static const char *const bad[] = {
        "cr",      "crlf",       "lf-at-the-end", "nul",        "escape",   "delete", "reason", "name",  "name-nul",
        "name-lf", "name-colon", "no-name",       "0",          "99",       "100",    "101",    "103",   "199",
        "600",     "cut",        "cut-lengths",   "cut-reason", "cut-path", "path",   "many",   "short", "empty"};
    connect();
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char path[40], line[100];
        sprintf(path, "/app/raw/%s", bad[i]);
        CHECK_EQUAL(get(path, ""), 500);
        sprintf(line, "GET %s: the application's answer is refused", path);
        CHECK_CASE(!strstr(response->text, "X-") && !response->closes, path);
        CHECK_CASE(strstr(fake_console(), line), path);
    }
    CHECK_EQUAL(get("/app/raw/fine", ""), 200);
    CHECK(has_field(response, "X-A: \xff \x80\t\"") && has_field(response, "X-B: ") &&
          has_field(response, "X-C: blanks"));
    CHECK(memcmp(response->text, "HTTP/1.1 200 \xc3\xbc\t!\r\n", 18) == 0 && has_field(response, "Server: Serval"));
    CHECK_EQUAL(get("/app/raw/most", ""), 200);
    CHECK_EQUAL(get("/app/raw/599", ""), 599);
    leave();
}

/* Fields that are the front's own the application may say, and no client hears them. */
static void test_fields_of_the_connection(void)
{
    connect();
    for (int i = 0; i < 2; i++) {
        CHECK_EQUAL(ask(i ? "HEAD /app/raw/ours HTTP/1.1\r\nHost: x\r\n\r\n"
                          : "GET /app/raw/ours HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
                    200);
        CHECK(has_field(response, "Content-Length: 2") && has_field(response, "X-A: a"));
        CHECK(has_field(response, "Server: mine") && has_field(response, "Date: now"));
        CHECK(!strstr(response->text, "77") && !response->closes);
        CHECK(i || has_field(response, "Connection: keep-alive"));
    }
    leave();
}

/* RFC 9110 8.6, 15.3.6; RFC 9112 6.1: an answer that has no body says nothing of one, whatever the application says. */
static void test_answers_without_a_body(void)
{
    static const int cases[] = {204, 304, 205};
    connect();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char path[40];
        sprintf(path, "/app/raw/%d", cases[i]);
        CHECK_EQUAL(get(path, ""), cases[i]);
        CHECK(has_field(response, "X-1: 1") && !strstr(response->text, "Transfer-") && !response->closes);
        CHECK(cases[i] == 205 ? has_field(response, "Content-Length: 0") : !strstr(response->text, "Content-"));
        CHECK(!strstr(response->text, "Content-Type") && response->body == 0 && nothing_more());
    }
    CHECK_EQUAL(get("/f/5", ""), 200);
    leave();
}

static void test_redirected(void)
{
    connect();
    CHECK_EQUAL(get("/app/x/100000", ""), 200);
    CHECK(body_is(100000, 0, 100000) && !response->closes);
    CHECK(has_field(response, "X-Mine: yes") && has_field(response, "Content-Type: text/plain"));
    CHECK(has_field(response, "Cache-Control: private") && !has_field(response, "Cache-Control: max-age=60"));
    CHECK_EQUAL(get("/app/x/1000", "Range: bytes=5-9\r\n"), 206);
    CHECK(body_is(1000, 5, 5) && has_field(response, "X-Mine: yes"));
    CHECK_EQUAL(ask("POST /app/x/10 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nRange: bytes=5-9\r\n\r\nab"), 200);
    CHECK(body_is(10, 0, 10));
    CHECK_EQUAL(get("/app/404/70000", "Range: bytes=5-9\r\nIf-None-Match: *\r\n"), 404);
    CHECK(memcmp(response->text, "HTTP/1.1 404 Really\r\n", 21) == 0 && body_is(70000, 0, 70000));
    CHECK(has_field(response, "Content-Length: 70000") && !strstr(response->text, "X-Accel") && !response->closes);
    CHECK(!has_field(response, "ETag:") && !has_field(response, "Cache-Control: max-age=60"));
    CHECK_EQUAL(ask("HEAD /app/404/7 HTTP/1.1\r\nHost: x\r\n\r\n"), 404);
    CHECK(has_field(response, "Content-Length: 7") && nothing_more());
    CHECK_EQUAL(get("/app/type/9", ""), 200);
    CHECK(body_is(9, 0, 9) && has_field(response, "Content-Type: a/b; c=\"d\"") &&
          has_field(response, "Server: Serval"));
    CHECK(!strstr(response->text, "text/") && !strcasestr(response->text, "x-accel"));
    CHECK_EQUAL(get("/app/type/9", "Range: bytes=1-2\r\n"), 206);
    CHECK(body_is(9, 1, 2) && has_field(response, "Content-Type: a/b; c=\"d\""));
    CHECK_EQUAL(get("/app/type/9", "If-None-Match: *\r\n"), 304);
    CHECK(!strcasestr(response->text, "content-type"));
    CHECK_EQUAL(get("/i/9", ""), 404);
    CHECK_EQUAL(get("/app/order/i/9", ""), 200);
    CHECK(body_is(9, 0, 9));
    CHECK_EQUAL(get("/app/asked/i/9", ""), 404); /* as if the client had asked */
    CHECK_EQUAL(get("/app/asked/f/9", ""), 200);
    CHECK(body_is(9, 0, 9) && !strcasestr(response->text, "x-accel"));
    CHECK_EQUAL(get("/app/fields/10", ""), 200); /* as many as there may be */
    CHECK(body_is(10, 0, 10) && has_field(response, "Content-Type: text/plain"));
    CHECK_EQUAL(get("/app/x/1000", "Connection: close\r\n"), 200);
    check_closed();
}

static void test_tunnel(void)
{
    connect();
    send("GET /app/upgrade HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nbytes");
    take();
    send(" and more");
    client_end(client);
    take();
    uint32_t length;
    const char *at = client_bytes(client, &length);
    static const char end[] = "\r\n\r\nbytes and more";
    CHECK(memmem(at, length, "\r\nUpgrade: echo\r\n", 17) && memmem(at, length, "\r\nConnection: Upgrade\r\n", 23));
    CHECK(!memmem(at, length, "\r\nConnection: upgrade\r\n", 23));
    CHECK(length > sizeof(end) && memcmp(at, "HTTP/1.1 101 ", 13) == 0);
    CHECK(memcmp(at + length - (sizeof(end) - 1), end, sizeof(end) - 1) == 0);
    check_closed();
}

/* Bytes pass as they are only behind 101; every other answer has a head, and an end, that the client can trust. */
static void test_bodies_in_chunks(void)
{
    connect();
    send("POST /app/chunk/300 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    CHECK_EQUAL(receive(false), 200);
    CHECK(response->chunked && !response->closes && body_is(300, 0, 300));
    send("GET /app/raw/204 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    client_end(client);
    CHECK_EQUAL(receive(false), 204);
    CHECK(!strstr(response->text, "Content-"));
    check_closed();
    connect();
    send("POST /app/x/70000 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    CHECK_EQUAL(receive(false), 200);
    CHECK(!response->closes && body_is(70000, 0, 70000));
    CHECK_EQUAL(get("/app/upgrade", ""), 500); /* 101 to a request that did not ask for it */
    leave();
}

/* More requests than places: the rest waits, in order, and is answered. */
static void test_queue(void)
{
    static struct client *crowd[300];
    for (int i = 0; i < 300; i++) {
        connect();
        crowd[i] = client;
        send("GET /app/hold HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    step();
    CHECK_EQUAL(app_count, HTTP_APP_MAX);
    client_reset(crowd[299]); /* one that waits goes away */
    client_free(crowd[299]);
    app_release();
    for (int i = 0; i < 299; i++) {
        client = crowd[i];
        CHECK_EQUAL(receive(false), 200);
    }
    for (int i = 0; i < 299; i++) {
        client = crowd[i];
        leave();
    }
}

/* Those that wait have all closed their side: a place that is free again is theirs at once. */
static void test_queue_of_half_closed(void)
{
    static struct client *crowd[HTTP_APP_MAX + 3];
    for (int i = 0; i < HTTP_APP_MAX + 3; i++) {
        connect();
        crowd[i] = client;
        send("GET /app/hold HTTP/1.1\r\nHost: x\r\n\r\n");
        step();
    }
    for (int i = HTTP_APP_MAX; i < HTTP_APP_MAX + 3; i++) {
        client_end(crowd[i]);
    }
    app_release();
    for (int i = 0; i < HTTP_APP_MAX + 3; i++) {
        client = crowd[i];
        CHECK_EQUAL(receive(false), 200);
        leave();
    }
}

/* More long heads of requests than there are large circles: the rest waits, and short ones pass them. Each answer has a
 * long head, too, and comes; also when all that is left of the room is with clients that are slow at their heads, in segments or not. */
static void test_long_heads(void)
{
    static struct client *crowd[120], *slow[40];
    static char request[3000];
    sprintf(request, "GET /app/hold/fat HTTP/1.1\r\nHost: x\r\nCookie: %02000d\r\n\r\n", 0);
    for (int i = 0; i < 120; i++) {
        connect();
        crowd[i] = client;
        client_send(client, request, (uint32_t)strlen(request), i % 2 ? 1460 : 4000);
    }
    step();
    CHECK_EQUAL(app_count, APP_LARGE_COUNT);
    connect();
    CHECK_EQUAL(get("/app/len/5", ""), 200);
    leave();
    for (int i = 0; i < 40; i++) {
        connect();
        slow[i] = client;
        send("GET /f/1 HT");
        send("TP/1.1\r\nHo");
    }
    step();
    app_release();
    for (int i = 0; i < 120; i++) {
        client = crowd[i];
        CHECK_EQUAL(receive(false), 200);
        CHECK(response->body == 3 && has_field(response, "Content-Length: 3"));
        leave();
    }
    for (int i = 0; i < 40; i++) {
        client = slow[i];
        leave();
    }
}

/* The application goes while many wait: all are told. */
static void test_queue_refused(void)
{
    static struct client *crowd[300];
    for (int i = 0; i < 300; i++) {
        connect();
        crowd[i] = client;
        send("GET /app/hold HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    step();
    app_absent = true;
    app_release();
    for (int i = 0; i < 300; i++) {
        client = crowd[i];
        CHECK_EQUAL(receive(false), i < HTTP_APP_MAX ? 200 : 503);
        leave();
    }
}

/* Those that wait for a place, and those whose handler does not say a word. */
static void test_patience_with_the_application(void)
{
    static struct client *crowd[80];
    for (int i = 0; i < 80; i++) {
        connect();
        crowd[i] = client;
        send("GET /app/hold HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    step();
    step();
    client_end(crowd[79]);
    pass_s(HTTP_APP_S - 1);
    client = crowd[79];
    CHECK_EQUAL(receive(false), 503);
    check_closed();
    CHECK_EQUAL(app_broken, 0);
    pass_s(2);
    CHECK_EQUAL(app_broken, HTTP_APP_MAX);
    for (int i = 0; i < 79; i++) {
        client = crowd[i];
        CHECK_EQUAL(receive(false), i < HTTP_APP_MAX ? 504 : 503);
        CHECK(has_field(response, "Retry-After: 2"));
        leave();
    }
    connect();
    app_release();
    CHECK_EQUAL(get("/app/hold", ""), 200);
    leave();
}

/* A body has to come at HTTP_BODY_RATE, but for HTTP_BODY_S. */
static void test_slow_bodies(void)
{
    static char body[600];
    connect();
    send("POST /app/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 12000\r\n\r\n");
    for (int i = 0; i < 20; i++) {
        for (int turn = 0; turn < 9; turn++) {
            step();
        }
        pass_s(i == 10 ? HTTP_BODY_S - 5 : 1);
        client_send(client, body, sizeof(body), 1460);
    }
    CHECK_EQUAL(receive(false), 200);
    CHECK_EQUAL(response->body, 12000);
    send("POST /app/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 12000\r\n\r\n");
    for (int i = 0; i < HTTP_BODY_S / 5 + 1; i++) {
        CHECK(!client_at_end(client));
        client_send(client, body, 1, 1460);
        for (int turn = 0; turn < 9; turn++) {
            step();
        }
        pass_s(5);
    }
    CHECK_EQUAL(receive(false), 408);
    check_closed();
}

/* In a tunnel, too, until the application has agreed to it. */
static void test_silent_tunnels(void)
{
    static const char *const requests[] = {
        "POST /app/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHe",
        "GET /app/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET /app/echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"};
    for (int i = 0; i < 3; i++) {
        connect();
        send(requests[i]);
        take();
        pass_s(HTTP_BODY_S - 1);
        CHECK(!client_at_end(client));
        pass_s(2);
        CHECK_EQUAL(receive(false), 408);
        check_closed();
    }
    connect();
    send("GET /app/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    take();
    pass_s(4000);
    CHECK(!client_at_end(client) && !client_was_reset(client));
    CHECK_EQUAL(receive(false), 101);
    client_end(client);
    check_closed();
}

static void test_the_rest(void)
{
    routes_take_the_rest(true);
    connect();
    CHECK_EQUAL(get("/no/thing", ""), 200);
    CHECK_EQUAL(ask("POST /f/5 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"), 405);
    CHECK_EQUAL(ask("POST /no/thing HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"), 200);
    CHECK(response->body == 3);
    leave();
}

/* Whoever answers, and also what was under way. */
static void test_drained(void)
{
    static const char *const paths[] = {"/f/70000", "/no", "/app/len/1000", "/app/chunk/1000"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        connect();
        CHECK_EQUAL(get("/f/5", ""), 200);
        CHECK(!response->closes);
        http_drain(true);
        CHECK(http_drains() && !client_at_end(client));
        get(paths[i], "");
        CHECK(response->closes && has_field(response, "Connection: close"));
        check_closed();
        http_drain(false);
    }
    connect();
    CHECK_EQUAL(get("/f/5", ""), 200);
    CHECK(!response->closes && !http_drains());
    leave();
}

/* -- all -- */

/* clang-format off */
static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
    {"files", test_files}, {"parts_and_conditions", test_parts_and_conditions}, {"refusals", test_refusals},
    {"modified_later", test_modified_later},
    {"broken_file", test_broken_file}, {"nonsense", test_nonsense}, {"versions", test_versions},
    {"pipeline", test_pipeline}, {"half_closed", test_half_closed}, {"window", test_window},
    {"timeouts", test_timeouts}, {"crowd", test_crowd}, {"dribblers", test_dribblers}, {"framing", test_framing},
    {"bodies", test_bodies}, {"failures", test_failures}, {"answers_that_fail", test_answers_that_fail},
    {"answers_without_a_body", test_answers_without_a_body},
    {"bodies_in_chunks", test_bodies_in_chunks}, {"heads_of_answers", test_heads_of_answers},
    {"fields_of_the_connection", test_fields_of_the_connection},
    {"redirected", test_redirected}, {"tunnel", test_tunnel},
    {"queue", test_queue}, {"queue_of_half_closed", test_queue_of_half_closed}, {"long_heads", test_long_heads},
    {"queue_refused", test_queue_refused},
    {"the_rest", test_the_rest}, {"long_beginnings", test_long_beginnings},
    {"told_when_there_is_memory", test_told_when_there_is_memory}, {"waiters", test_waiters},
    {"waiters_are_answered", test_waiters_are_answered}, {"waiters_with_bodies", test_waiters_with_bodies},
    {"patience_with_the_application", test_patience_with_the_application}, {"slow_bodies", test_slow_bodies},
    {"silent_tunnels", test_silent_tunnels}, {"drained", test_drained}, {"soak", test_soak}};
/* clang-format on */

static void run(uint64_t i)
{
    begin_case();
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
