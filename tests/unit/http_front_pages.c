/* http_front_pages.c: what goes in the place of what is not there: the site's pages that say what went wrong, and what it
 * has for pages that are not there. Each test is a process of its own. */
#include "http/conn/conn.h"
#include "http_front_client.h"
#include "in_turn.h"

#define H "HTTP/1.1\r\nHost: x\r\n"
#define HTML "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n"

void init(void) {}

static uint64_t refused(void)
{
    struct http_counters counters;
    http_counters(&counters);
    return counters.refused;
}

/* The site's page, whole, and nothing that makes caches keep it. */
static void check_page(int status, uint64_t size)
{
    CHECK_EQUAL(response->status, status);
    CHECK(body_is(size + (uint64_t)status, 0, size + (uint64_t)status) &&
          has_field(response, "Content-Type: text/plain"));
    CHECK(has_field(response, "Cache-Control: no-cache") && !strstr(response->text, "ETag") &&
          !strstr(response->text, "max-age") && !strstr(response->text, "Last-Modified"));
    CHECK_EQUAL(has_field(response, "Retry-After: 2"), status == 503 || status == 504);
}

static void check_small_page(int status)
{
    CHECK_EQUAL(response->status, status);
    CHECK(has_field(response, "Content-Type: text/html; charset=utf-8") && strstr(response->data, "<h1>"));
    CHECK(strstr(response->data, "<link rel=\"icon\" href=\"data:,\">")); /* or it is asked for, and is not there */
}

static void test_pages(void)
{
    static const uint64_t sizes[] = {1, 1000, 5000, 200000};
    connect();
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint64_t before = refused();
        site_pages = sizes[i];
        get("/no", "");
        check_page(404, sizes[i]);
        get("/none", "If-None-Match: *\r\nRange: bytes=0-1\r\nIf-Modified-Since: Mon, 14 Sep 2037 12:26:40 GMT\r\n");
        check_page(404, sizes[i]);
        get("/forbidden", "");
        check_page(403, sizes[i]);
        get("/away", "");
        check_page(503, sizes[i]);
        get("/bad/9", "");
        check_page(503, sizes[i]);
        get("/%2e%2e/x", "");
        check_page(404, sizes[i]);
        CHECK(!response->closes);
        CHECK_EQUAL(refused(), before + 6);
        CHECK_EQUAL(get("/f/200", ""), 200);
        CHECK(body_is(200, 0, 200) && has_field(response, "Cache-Control: max-age=60"));
    }
    CHECK_EQUAL(ask("HEAD /no " H "\r\n"), 404);
    CHECK(has_field(response, "Content-Length: 200404") && nothing_more());
    CHECK_EQUAL(ask("POST /no " H "Content-Length: 2\r\n\r\nab"), 405); /* a page for that there is not */
    check_small_page(405);
    send("GET /no " H "\r\nGET /f/5 " H "\r\nGET /no " H "Connection: close\r\n\r\n");
    receive(false);
    check_page(404, 200000);
    CHECK_EQUAL(receive(false), 200);
    receive(false);
    check_page(404, 200000);
    CHECK(response->closes);
    check_closed();
    connect();
    CHECK_EQUAL(ask("GET /no HTTP/1.0\r\n\r\n"), 404);
    check_closed();
}

/* Of which there is no page, or none that can be read: and none is looked for because of that. */
static void test_small_pages(void)
{
    connect();
    get("/no", "");
    check_small_page(404);
    site_pages = 100;
    site_page_fails = true;
    get("/no", "");
    check_small_page(404);
    get("/bad/9", "");
    check_small_page(503);
    CHECK(has_field(response, "Retry-After: 2"));
    CHECK_EQUAL(get("/f/200", "If-Match: \"no\"\r\n"), 412);
    check_small_page(412);
    leave();
}

static void test_of_the_application(void)
{
    site_pages = 3000;
    connect();
    get("/app/fails/none", "");
    check_page(500, 3000);
    get("/app/nonsense", "");
    check_page(500, 3000);
    get("/app/fails/503", "");
    check_page(503, 3000);
    uint64_t before = refused();
    get("/app/order/no", "");
    check_page(404, 3000);
    CHECK(!strcasestr(response->text, "x-accel"));
    get("/app/order/forbidden", "");
    check_page(403, 3000);
    get("/app/order/bad/5", "");
    check_page(503, 3000);
    CHECK_EQUAL(refused(), before); /* that was its own */
    CHECK_EQUAL(ask("POST /app/order/no " H "Content-Length: 2\r\n\r\nab"), 404);
    check_page(404, 3000);
    send("POST /app/order/no " H "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\nGET /f/7 " H "\r\n");
    receive(false);
    check_page(404, 3000);
    CHECK_EQUAL(receive(false), 200);
    CHECK_EQUAL(get("/app/len/5", ""), 200); /* what it says itself is its own */
    CHECK_EQUAL(get("/app/404/9", ""), 404);
    CHECK(body_is(9, 0, 9));
    app_is_slow = true;
    send("GET /app/len/5 " H "\r\n");
    take();
    pass_s(70);
    receive(false);
    check_page(503, 3000);
    CHECK(response->closes);
    app_is_slow = false;
    check_closed();
}

static void test_when_the_application_dies(void)
{
    site_pages = 3000;
    connect();
    send("GET /app/hold " H "\r\n");
    take();
    app_dies();
    app_lives_again();
    receive(false);
    check_page(502, 3000);
    CHECK_EQUAL(site_held, 2); /* of each mount, for the time when the files are away */
    CHECK_EQUAL(cache_pinned, 2);
    site_pages = 0;
    app_say_site();
    leave();
}

/* Answers of site and cache come late, or are others when they come; writes fail. */
static void test_late(void)
{
    site_late = true;
    for (int round = 0; round < 200; round++) {
        site_pages = (uint64_t)round * 997;
        lwip_fail_one_in = round % 3 ? 0 : 5;
        connect();
        send("GET /no " H "\r\nGET /app/order/no " H "\r\nGET /forbidden " H "\r\n");
        for (int i = 0; i < 3; i++) {
            int status = i == 2 ? 403 : 404;
            CHECK_EQUAL(receive(false), status);
            if (round > 0) {
                check_page(status, site_pages);
            }
        }
        lwip_fail_one_in = 0;
        leave();
    }
}

/* It is waited for, not as long as for any other file; and not where it is known, or said, that the files are away. */
static void test_away(void)
{
    site_pages = 100;
    site_away = true;
    connect();
    send("GET /no " H "\r\n");
    take();
    CHECK_EQUAL(site_waiting, 1);
    pass_s(HTTP_PAGE_S + 1);
    receive(false);
    check_small_page(404);
    site_known_away = true;
    get("/no", "");
    check_small_page(404);
    site_known_away = false;
    send("GET /w/5 " H "\r\n");
    take();
    pass_s(HTTP_WAIT_S + 1);
    receive(false);
    check_page(503, 100);
    send("GET /no " H "\r\n");
    take();
    client_end(client); /* has perhaps gone */
    take();
    pass_s(HTTP_GONE_S + 1);
    receive(false);
    check_small_page(404);
    check_closed();
    connect();
    send("GET /no " H "\r\n");
    take();
    client_reset(client);
    client_free(client);
    CHECK_EQUAL(site_waiting, 0);
    site_away = false;
}

/* What is kept for the time when the files are away is there also where they are asked whether it is the same still. */
static void test_that_is_looked_for(void)
{
    site_pages = 100;
    connect();
    app_say_site();
    CHECK_EQUAL(get("/f/5", ""), 200);
    uint32_t held = site_held;
    site_pages_slow = true;
    for (int i = 0; i < 3; i++) {
        get("/away", "");
        check_page(503, 100);
        get("/app/fails/503", "");
        check_page(503, 100);
    }
    CHECK(site_held == held && site_waiting == 0);
    site_pages_slow = false;
    site_pages = 0;
    app_say_site();
    leave();
}

static void test_fallback(void)
{
    site_fallback = 777;
    connect();
    CHECK_EQUAL(get("/no", HTML), 200);
    CHECK(body_is(777, 0, 777) && strstr(response->text, "ETag"));
    CHECK_EQUAL(get("/none", HTML "Range: bytes=7-8\r\n"), 206);
    CHECK(body_is(777, 7, 2));
    CHECK_EQUAL(get("/no", HTML "If-None-Match: *\r\n"), 304);
    CHECK_EQUAL(ask("HEAD /no " H HTML "\r\n"), 200);
    CHECK(has_field(response, "Content-Length: 777") && nothing_more());
    CHECK_EQUAL(get("/no", "ACCEPT: application/xhtml+xml\r\n"), 200);
    static const char *const others[] = {"",
                                         "Accept: */*\r\n",
                                         "Accept: text/*\r\n",
                                         "Accept: text/html;q=0\r\n",
                                         "Accept:\r\n",
                                         "Accept: text/html;level=1; Q=0.000\r\n",
                                         "Accept: text/htmlx, image/png\r\n",
                                         "Accept-X: text/html\r\n",
                                         "X-Accept: text/html\r\n"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        CHECK_CASE(get("/no", others[i]) == 404, others[i]);
    }
    CHECK_EQUAL(get("/forbidden", HTML), 403);
    CHECK_EQUAL(get("/away", HTML), 503);
    CHECK_EQUAL(get("/f/5", HTML), 200);
    CHECK(body_is(5, 0, 5));
    CHECK_EQUAL(ask("POST /no " H HTML "Content-Length: 0\r\n\r\n"), 405);
    CHECK_EQUAL(get("/app/asked/no", HTML), 200); /* as if the client had asked */
    CHECK(body_is(777, 0, 777));
    CHECK_EQUAL(get("/app/asked/no", ""), 404);
    CHECK_EQUAL(get("/app/order/no", HTML), 404);
    site_late = true;
    for (int i = 0; i < 100; i++) {
        CHECK_EQUAL(get("/no", HTML), 200);
        CHECK(body_is(777, 0, 777));
        CHECK_EQUAL(get("/app/asked/no", HTML), 200);
    }
    leave();
}

#define LOCK "WWW-Authenticate: Basic realm=\"2\", charset=\"UTF-8\""

/* In place of what is not there for clients, within the locked mount. */
static void test_locks_of_substitutes(void)
{
    static const char *const paths[] = {"/l/i/x", "/app/asked/l/i/x"};
    site_locks = site_lists = true;
    site_fallback = 777;
    connect();
    for (int i = 0; i < 2; i++) {
        CHECK_CASE(get(paths[i], HTML) == 401 && has_field(response, LOCK), paths[i]);
        CHECK_CASE(get(paths[i], HTML "Authorization: open\r\n") == 200 && body_is(777, 0, 777), paths[i]);
    }
    CHECK_EQUAL(get("/l/i/", ""), 401);
    CHECK_EQUAL(get("/app/asked/l/i/", ""), 401);
    CHECK_EQUAL(get("/l/%zz", HTML), 404);
    leave();
}

static void test_locks(void)
{
    site_locks = true;
    connect();
    get("/l/5", "");
    check_small_page(401);
    CHECK(has_field(response, LOCK) && !response->closes);
    CHECK_EQUAL(get("/l/5", "Authorization: shut\r\n"), 401);
    CHECK_EQUAL(get("/l/5", "Authorization: open\r\n"), 200);
    CHECK(body_is(5, 0, 5));
    CHECK_EQUAL(ask("HEAD /l/5 " H "\r\n"), 401);
    CHECK(has_field(response, LOCK) && nothing_more());
    CHECK_EQUAL(get("/l/5", "authorization:open\r\nRange: bytes=1-2\r\n"), 206);
    CHECK_EQUAL(get("/f/5", ""), 200);
    site_pages = 300;
    get("/l/5", "");
    check_page(401, 300);
    CHECK(has_field(response, LOCK));
    get("/f/none", "If-None-Match: *\r\n");
    site_pages = 0;
    CHECK_EQUAL(get("/app/l/len/5", ""), 401); /* what the application has there, too */
    CHECK_EQUAL(get("/app/l/len/5", "Authorization: open\r\n"), 200);
    CHECK_EQUAL(get("/app/k/len/5", ""), 401); /* by the lock of another mount */
    CHECK(has_field(response, "WWW-Authenticate: Basic realm=\"3\", charset=\"UTF-8\""));
    CHECK_EQUAL(get("/app/k/len/5", "Authorization: open\r\n"), 200);
    CHECK_EQUAL(ask("POST /app/l/x " H "Content-Length: 2\r\n\r\nab"), 401);
    CHECK_EQUAL(get("/app//l/./len/5", ""), 401);
    CHECK_EQUAL(get("/%61pp/l/len/5", ""), 401);
    CHECK_EQUAL(get("/app/l/%zz", "Authorization: open\r\n"), 404); /* what that means nobody knows */
    CHECK_EQUAL(get("/app/l/../l/5", ""), 404);
    CHECK_EQUAL(get("/app/asked/l/5", ""), 401);
    CHECK(has_field(response, LOCK));
    CHECK_EQUAL(get("/app/asked/l/5", "Authorization: open\r\n"), 200);
    CHECK_EQUAL(get("/app/order/l/5", ""), 200);
    site_late = true;
    for (int i = 0; i < 50; i++) {
        CHECK_EQUAL(get("/l/5", ""), 401);
        CHECK_EQUAL(get("/l/5", "Authorization: open\r\n"), 200);
    }
    leave();
}

static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
    {"pages", test_pages},
    {"small_pages", test_small_pages},
    {"of_the_application", test_of_the_application},
    {"when_the_application_dies", test_when_the_application_dies},
    {"late", test_late},
    {"away", test_away},
    {"that_is_looked_for", test_that_is_looked_for},
    {"fallback", test_fallback},
    {"locks", test_locks},
    {"locks_of_substitutes", test_locks_of_substitutes},
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
