/* http_front_long.c: answers that last, and what they leave to others. Each test is a process of its own. */
#include "http/conn/limits.h"
#include "http_front_client.h"
#include "in_turn.h"

#define H "HTTP/1.1\r\nHost: x\r\n"
#define WEBSOCKET "GET /app/ws " H "Connection: Upgrade\r\nUpgrade: echo\r\n\r\n"
#define EVENTS "GET /app/drip/events " H "\r\n"
#define STREAM "GET /app/drip " H "\r\n"

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

static void fill(struct client **crowd, int number, const char *text)
{
    for (int i = 0; i < number; i++) {
        connect();
        crowd[i] = client;
        send(text);
    }
    steps(20);
}

static void go(struct client **crowd, int number)
{
    for (int i = 0; i < number; i++) {
        client_reset(crowd[i]);
        client_free(crowd[i]);
    }
    steps(3);
}

static bool has_begun(struct client *of)
{
    uint32_t length;
    client_take(of, 20000);
    return client_bytes(of, &length) && length > 12;
}

static void check_counts(uint32_t requests, uint32_t lasting)
{
    struct http_counters now = count();
    CHECK_EQUAL(now.app_requests, requests);
    CHECK_EQUAL(now.app_long, lasting);
}

/* As many as there may be, one more, and what others get meanwhile. */
static void check_quota(const char *text)
{
    static struct client *crowd[HTTP_LONG_MAX];
    uint64_t before = count().refused;
    fill(crowd, HTTP_LONG_MAX, text);
    check_counts(HTTP_LONG_MAX, HTTP_LONG_MAX);
    for (int i = 0; i < HTTP_LONG_MAX; i++) {
        CHECK(has_begun(crowd[i]));
    }
    connect();
    for (int i = 0; i < 3; i++) {
        CHECK_EQUAL(ask(text), 503);
        CHECK(has_field(response, "Retry-After: 2") && count().refused == before + 1 + (uint64_t)i);
        if (response->closes) {
            check_closed();
            connect();
        }
    }
    for (int i = 0; i < 100; i++) {
        CHECK_EQUAL(get("/app/len/5", ""), 200);
        CHECK_EQUAL(get("/app/chunk/5", ""), 200);
    }
    check_counts(HTTP_LONG_MAX, HTTP_LONG_MAX);
    go(crowd, 1);
    check_counts(HTTP_LONG_MAX - 1, HTTP_LONG_MAX - 1);
    send(text);
    steps(20);
    CHECK(has_begun(client));
    check_counts(HTTP_LONG_MAX, HTTP_LONG_MAX);
    go(crowd + 1, HTTP_LONG_MAX - 1);
    client_reset(client);
    client_free(client);
    steps(20);
    check_counts(0, 0);
    CHECK_EQUAL(app_count, 0);
}

static void test_tunnels(void)
{
    check_quota(WEBSOCKET);
    check_quota(WEBSOCKET);
}

static void test_events(void)
{
    check_quota(EVENTS);
    app_drops = ALL_DROPS; /* complete when it begins: it does not last */
    connect();
    CHECK_EQUAL(ask(EVENTS), 200);
    check_counts(0, 0);
    leave();
}

/* All places of others, too: these wait, as ever. */
static void test_beside_a_full_house(void)
{
    static struct client *tabs[HTTP_LONG_MAX], *busy[HTTP_APP_MAX + 1];
    fill(tabs, HTTP_LONG_MAX, EVENTS);
    fill(busy, HTTP_APP_MAX + 1, "GET /app/hold " H "\r\n");
    check_counts(HTTP_LONG_MAX + HTTP_APP_MAX, HTTP_LONG_MAX);
    go(tabs, 1);
    steps(20);
    check_counts(HTTP_LONG_MAX + HTTP_APP_MAX - 1, HTTP_LONG_MAX - 1); /* that place is for another that lasts */
    app_release();
    for (int i = 0; i <= HTTP_APP_MAX; i++) {
        client = busy[i];
        CHECK_EQUAL(receive(false), 200);
        leave();
    }
    go(tabs + 1, HTTP_LONG_MAX - 1);
}

/* Of a stream it shows in time whether it lasts. */
static void test_streams(void)
{
    static struct client *first[HTTP_APP_MAX], *more[HTTP_APP_MAX], *waiting;
    fill(first, HTTP_APP_MAX, STREAM);
    check_counts(HTTP_APP_MAX, 0);
    connect();
    waiting = client;
    send("GET /app/len/5 " H "\r\n");
    steps(5);
    pass_s(HTTP_LONG_S - 1);
    steps(5);
    check_counts(HTTP_APP_MAX, 0);
    pass_s(2);
    steps(5);
    CHECK_EQUAL(receive(false), 200);
    leave();
    check_counts(HTTP_APP_MAX, HTTP_LONG_MAX);
    fill(more, HTTP_APP_MAX, STREAM);
    pass_s(HTTP_LONG_S + 1);
    steps(5);
    check_counts(2 * HTTP_APP_MAX, HTTP_LONG_MAX); /* no place: they stay where they are */
    connect();
    send("GET /app/len/5 " H "\r\n");
    steps(20);
    CHECK(!has_begun(client));
    waiting = client;
    go(first, 1); /* one of them moves up */
    steps(5);
    client = waiting;
    CHECK_EQUAL(receive(false), 200);
    leave();
    check_counts(2 * HTTP_APP_MAX - 1, HTTP_LONG_MAX);
    app_drops = ALL_DROPS;
    for (int i = 1; i < 2 * HTTP_APP_MAX; i++) {
        client = i < HTTP_APP_MAX ? first[i] : more[i - HTTP_APP_MAX];
        CHECK_EQUAL(receive(false), 200);
        leave();
    }
    check_counts(0, 0);
    app_drops = 0;
}

static void test_the_application_dies(void)
{
    static struct client *tabs[30], *streams[30];
    fill(tabs, 30, EVENTS);
    fill(streams, 30, STREAM);
    check_counts(60, 30);
    app_dies();
    steps(3);
    app_lives_again();
    steps(3);
    check_counts(0, 0);
    pass_s(HTTP_LONG_S + 1);
    check_counts(0, 0);
    for (int i = 0; i < 60; i++) {
        client = i < 30 ? tabs[i] : streams[i - 30];
        take();
        CHECK(client_was_reset(client));
        client_free(client);
    }
    check_quota(EVENTS);
}

static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
    {"tunnels", test_tunnels},
    {"events", test_events},
    {"beside_a_full_house", test_beside_a_full_house},
    {"streams", test_streams},
    {"the_application_dies", test_the_application_dies},
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
