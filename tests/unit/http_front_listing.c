/* http_front_listing.c: folders as pages. Each test is a process of its own. */
#include "http/conn/conn.h"
#include "http_front_client.h"
#include "in_turn.h"

#define S 1000000000ull
#define H "HTTP/1.1\r\nHost: x\r\n"

void init(void) {}

/* The names in the page's rows, in order, with a blank behind each. */
static void check_rows(const char *expected)
{
    char found[40000] = "";
    CHECK_EQUAL(response->status, 200);
    CHECK(has_field(response, "Content-Type: text/html; charset=utf-8") && has_field(response, "X-Mount: yes"));
    CHECK(has_field(response, "Cache-Control: no-cache") && !strstr(response->text, "ETag"));
    response->data[response->body] = '\0';
    for (const char *at = response->data; (at = strstr(at, "<bdi>")) != NULL;) {
        at += strlen("<bdi>");
        strncat(found, at, (size_t)(strstr(at, "</bdi>") - at));
        strcat(found, " ");
    }
    CHECK_TEXT(found, expected);
    CHECK(strstr(response->data, "</html>\n"));
}

static void some_names(void)
{
    static const char *const some[] = {"b.txt", "a.txt", "B2", "z@", "y@", "!hidden", "gone?", "off-", "a<b>", "Ab"};
    for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
        site_name(some[i]);
    }
}

#define SOME "y@/ z@/ a.txt a&lt;b&gt; Ab b.txt B2 off- "

static void test_listing(void)
{
    some_names();
    connect();
    CHECK_EQUAL(get("/list/", ""), 404);
    site_lists = true;
    get("/list/", "");
    check_rows(SOME);
    CHECK(strstr(response->data, "<a href=\"a.txt\"><bdi>a.txt</bdi></a><td>11 kB<td>13 Sep 2020 12:26\n"));
    CHECK(strstr(response->data, "<h1>/list/</h1>") && strstr(response->data, "<p>8 names.</p>"));
    get("/list/", "If-None-Match: *\r\nRange: bytes=0-1\r\nConnection: close\r\n");
    check_rows(SOME);
    CHECK(response->closes);
    check_closed();
    connect();
    CHECK_EQUAL(ask("HEAD /list/ " H "\r\n"), 200);
    CHECK(response->has_length && nothing_more());
    CHECK_EQUAL(get("/list", ""), 404);
    CHECK_EQUAL(ask("POST /list/ " H "Content-Length: 0\r\n\r\n"), 405);
    send("GET /list/ " H "\r\nGET /f/5 " H "\r\n");
    receive(false);
    check_rows(SOME);
    CHECK_EQUAL(receive(false), 200);
    get("/app/asked/list/", ""); /* where the application has no answer */
    check_rows(SOME);
    CHECK_EQUAL(get("/app/order/list/", ""), 404);
    site_names_more = true;
    get("/list/", "");
    CHECK(strstr(response->data, "There is more here"));
    leave();
}

/* A row has a date where there is one that it can show. */
static void test_dates(void)
{
    static const struct {
        uint64_t mtime_ns;
        const char *shown;
    } cases[] = {
        {S - 1, "<td>11 kB<td>\n"}, /* a file of the image */
        {S, "<td>11 kB<td>01 Jan 1970 00:00\n"},
        {(1ull << 32) * S - 1, "<td>11 kB<td>07 Feb 2106 06:28\n"},
        {(1ull << 32) * S, "<td>11 kB<td>\n"},
        {UINT64_MAX, "<td>11 kB<td>\n"}, /* before 1970 */
    };

    site_lists = true;
    site_name("a.txt");
    connect();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        site_mtime_ns = cases[i].mtime_ns;
        CHECK_EQUAL(get("/list/", ""), 200);
        response->data[response->body] = '\0';
        CHECK(strstr(response->data, cases[i].shown));
    }
    leave();
}

static void test_failures(void)
{
    static const struct {
        enum cache_names_state state;
        int status;
    } cases[] = {{CACHE_NAMES_ABSENT, 404}, {CACHE_NAMES_FORBIDDEN, 403}, {CACHE_NAMES_FAILED, 503}};
    site_lists = true;
    connect();
    for (int i = 0; i < 3; i++) {
        site_names_state = cases[i].state;
        CHECK_EQUAL(get("/list/", ""), cases[i].status);
        CHECK_EQUAL(get("/app/asked/list/", ""), cases[i].status);
    }
    site_names_state = CACHE_NAMES_HERE;
    get("/list/", "");
    check_rows("");
    leave();
}

static void test_late(void)
{
    some_names();
    site_lists = site_late = true;
    for (int round = 0; round < 150; round++) {
        lwip_fail_one_in = round % 3 ? 0 : 4;
        connect();
        send("GET /list/ " H "\r\nGET /app/asked/list/ " H "\r\n");
        if (round % 5 == 4) {
            for (int i = 0; i < round / 5; i++) {
                step();
            }
            lwip_fail_one_in = 0;
            client_reset(client);
            client_free(client);
            continue;
        }
        receive(false);
        check_rows(SOME);
        receive(false);
        check_rows(SOME);
        lwip_fail_one_in = 0;
        leave();
    }
}

static void test_that_does_not_come(void)
{
    site_lists = site_away = true;
    site_names_state = CACHE_NAMES_COMING;
    connect();
    send("GET /list/ " H "\r\n");
    take();
    pass_s(HTTP_WAIT_S + 1);
    CHECK_EQUAL(receive(false), 503);
    CHECK(has_field(response, "Retry-After: 2"));
    send("GET /list/ " H "\r\n");
    take();
    client_reset(client);
    client_free(client);
    site_away = false;
    site_names_state = CACHE_NAMES_HERE;
}

/* More at a time than have a place: 503; and all is well later. */
static void thousand_names(void)
{
    static char name[1000][8];
    for (int i = 0; i < 1000; i++) {
        sprintf(name[i], "%03d", 999 - i);
        site_name(name[i]);
    }
    site_lists = true;
}

/* They are not asked for one after the other: in the calls that take() makes all have come. */
static void test_slow(void)
{
    thousand_names();
    site_slow = true;
    connect();
    CHECK_EQUAL(get("/list/", ""), 200);
    CHECK(strstr(response->data, "<p>1000 names.</p>"));
    leave();
    CHECK_EQUAL(site_waiting, 0);
}

/* Others have their turn between them. */
static void test_turns(void)
{
    thousand_names();
    connect();
    site_gets = site_gets_most = 0;
    CHECK_EQUAL(get("/list/", ""), 200);
    CHECK(strstr(response->data, "<p>1000 names.</p>"));
    CHECK(site_gets_most <= 100);
    leave();
}

static void test_many(void)
{
    static struct client *crowd[5];
    int busy = 0;
    thousand_names();
    lwip_share = 3000;
    for (int i = 0; i < 5; i++) {
        connect();
        crowd[i] = client;
        send("GET /list/ " H "\r\n");
        step();
    }
    for (int i = 0; i < 5; i++) {
        client = crowd[i];
        if (receive(false) == 503) {
            busy++;
        } else {
            CHECK(response->status == 200 && strstr(response->data, "<p>1000 names.</p>"));
            CHECK(strstr(response->data, "<bdi>000</bdi>") < strstr(response->data, "<bdi>001</bdi>"));
        }
        leave();
    }
    CHECK_EQUAL(busy, 3); /* the made-up cache has two places */
    connect();
    CHECK_EQUAL(get("/list/", ""), 200);
    leave();
}

static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
    {"listing", test_listing},
    {"dates", test_dates},
    {"failures", test_failures},
    {"late", test_late},
    {"that_does_not_come", test_that_does_not_come},
    {"many", test_many},
    {"slow", test_slow},
    {"turns", test_turns},
};

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
