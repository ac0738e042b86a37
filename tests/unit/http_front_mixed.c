/* http_front_mixed.c: the native front when several things happen at once that are tested one by one in http_front.c and
 * http_front_pressure.c: parts of files that are replaced while slow clients read them and the application is busy;
 * requests for both, sent ahead, by clients that stop reading; bodies that wait behind a full queue; tunnels beside all
 * that. As there: each case a process of its own, after which all has to be back.
 */
#include <stdlib.h>
#include <string.h>

#include "fake_microkit.h"
#include "http/parse/select.h"
#include "http/front/server.h"
#include "http_front_client.h"
#include "in_turn.h"

#define H "HTTP/1.1\r\nHost: x\r\n"
#define WEBSOCKET "GET /app/ws " H "Connection: Upgrade\r\nUpgrade: echo\r\n\r\n"
#define QUEUE 384 /* http/internal.h: QUEUE_MAX, */
#define GONE_S 3  /* HTTP_GONE_S */

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

/* So many connections that each have sent this. */
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

/* -- files that are replaced -- */

#define READERS 20
#define SIZE 400000

struct reader {
    struct client *client;
    uint64_t first, length; /* of the file */
    uint32_t versions;      /* that there were when it asked, */
    uint32_t whole, cut, refused;
};

static void ask_for_part(struct reader *r)
{
    char text[200];
    r->first = lwip_noise() % (SIZE - 1);
    r->length = 1 + lwip_noise() % (SIZE - r->first);
    if (lwip_noise() % 4 == 0) {
        r->first = 0;
        r->length = SIZE;
    }
    sprintf(text, "GET /v/%d " H "Range: bytes=%llu-%llu\r\n\r\n", SIZE, (unsigned long long)r->first,
            (unsigned long long)(r->first + r->length - 1));
    r->client = client_connect(80);
    r->versions = site_version;
    client_send(r->client, text, (uint32_t)strlen(text), 20);
}

/* All of its bytes are of one version: the one that its ETag names, which was there since it asked. */
static void check_part(struct reader *r)
{
    char tag[60];
    CHECK_EQUAL(response->status, 206);
    for (uint32_t version = r->versions; version <= site_version; version++) {
        struct http_validators validators;
        http_validators_set(&validators, SIZE, (1700000000 + version) * 1000000000ull, 1790000000, "");
        sprintf(tag, "ETag: %.*s", (int)validators.etag_length, validators.etag);
        if (has_field(response, tag)) {
            CHECK_EQUAL(response->body, r->length);
            for (uint32_t i = 0; i < response->body; i++) {
                CHECK((uint8_t)response->data[i] == site_byte(site_version_size(SIZE, version), r->first + i));
            }
            r->whole++;
            return;
        }
    }
    FAIL("of no version: %.*s", (int)response->head, response->text);
}

static void read_on(struct reader *r, bool last)
{
    if (!r->client) {
        if (!last) {
            ask_for_part(r);
        }
        return;
    }
    client_take(r->client, last ? 65000 : lwip_noise() % 9000);
    client_poll(r->client);
    if (client_was_reset(r->client)) {
        r->cut++;
    } else if (parse_response(r->client, false, false, response)) {
        if (response->status == 503) {
            r->refused++;
        } else {
            check_part(r);
        }
        client_reset(r->client);
    } else {
        return;
    }
    client_free(r->client);
    r->client = NULL;
}

/* Twenty slow clients read parts of a file that is replaced again and again, while the application has all it can take
 * and others are wanted from it: what a client gets whole is of one version, what is cut is reset. */
static void test_replaced_under_slow_readers(void)
{
    static struct client *busy[HTTP_APP_MAX + 30];
    static struct reader readers[READERS];
    uint32_t whole = 0, cut = 0;
    site_late = true;
    fill(busy, HTTP_APP_MAX + 30, "GET /app/hold " H "\r\n");
    CHECK_EQUAL(app_count, HTTP_APP_MAX);
    for (int round = 0; round < 4000; round++) {
        read_on(&readers[lwip_noise() % READERS], round > 3000);
        step();
        if (lwip_noise() % 100 == 0 && round < 3000) {
            site_version++;
        }
    }
    for (int i = 0; i < READERS * 300; i++) {
        read_on(&readers[i % READERS], true);
        step();
    }
    for (int i = 0; i < READERS; i++) {
        CHECK(!readers[i].client);
        whole += readers[i].whole;
        cut += readers[i].cut;
    }
    CHECK(whole > 20 && cut > 5);
    app_release();
    for (int i = 0; i < HTTP_APP_MAX + 30; i++) {
        client = busy[i];
        CHECK_EQUAL(receive(false), 200);
        leave();
    }
}

/* -- both kinds of answers, and a client that stops reading -- */

/* As receive(), but takes no more than it needs. */
static int receive_only(void)
{
    for (int i = 0; i < 4000 && !parse_response(client, false, false, response); i++) {
        step();
        client_take(client, 500);
        client_poll(client);
    }
    client_forget(client, response->whole);
    return response->status;
}

static void test_mixed_pipeline_of_one_who_stops(void)
{
    static const char *const paths[] = {"/f/90000", "/app/len/70000", "/app/chunk/300", "/app/x/90000",
                                        "/no",      "/f/0",           "/app/404/70000", "/app/order/away"};
    static const struct {
        int status;
        int64_t size; /* -1: any */
    } answers[] = {{200, 90000}, {200, 70000}, {200, 300}, {200, 90000}, {404, -1}, {200, 0}, {404, 70000}, {503, -1}};
    static char text[20000];
    for (int i = 0; i < 40; i++) {
        sprintf(text + strlen(text), "GET %s " H "\r\n", paths[i % 8]);
    }
    for (int stops = 0; stops < 3; stops++) { /* never, for a while, for good */
        site_late = stops == 1;
        connect();
        client_send(client, text, (uint32_t)strlen(text), 777);
        for (int i = 0; i < 40; i++) {
            if (stops > 0 && i == 13) {
                steps(100);
                CHECK(client_waiting(client) > 0 && client_waiting(client) <= lwip_share);
                CHECK(count().app_requests <= 1 && cache_pinned <= 9);
                pass_s(stops == 1 ? HTTP_STALL_S - 2 : HTTP_IDLE_S + 1);
                steps(100);
                if (stops == 2) {
                    break;
                }
            }
            CHECK_EQUAL(receive_only(), answers[i % 8].status);
            int64_t size = answers[i % 8].size;
            CHECK(size < 0 || body_is((uint64_t)size, 0, (uint64_t)size));
        }
        if (stops == 2) {
            CHECK(client_was_reset(client));
            client_free(client);
        } else {
            leave();
        }
    }
}

/* HTTP/1.0 that wants to be kept, of an answer whose end is the connection's: what it has sent ahead is not answered, and
 * the end waits for a client that has stopped; one that fails is reset, however late. */
static void test_old_client_without_length(void)
{
    for (int stops = 0; stops < 2; stops++) {
        connect();
        send("GET /app/none/170000 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /f/9 HTTP/1.0\r\n\r\n");
        if (stops) {
            steps(100);
            CHECK(client_waiting(client) > 0 && client_waiting(client) <= lwip_share);
            pass_s(HTTP_STALL_S - 1);
        }
        CHECK_EQUAL(receive(false), 200);
        CHECK(response->closes && !response->has_length && body_is(170000, 0, 170000));
        check_closed();
    }
    connect();
    lwip_share = 200; /* not even the head and all of it */
    send("GET /app/fails/chunk HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /f/9 HTTP/1.0\r\n\r\n");
    steps(100);
    lwip_share = 44 * 1460;
    take();
    CHECK(client_was_reset(client));
    client_free(client);
}

/* -- a full queue -- */

/* Who waits to be told to send its body is not told before it has a place, and is told once; who finds no place even in
 * the queue is told so, and what it sends all the same is thrown away. */
static void test_expectations_in_the_queue(void)
{
    static struct client *busy[HTTP_APP_MAX], *waiting[QUEUE];
    char text[200];
    fill(busy, HTTP_APP_MAX, "GET /app/hold " H "\r\n");
    fill(waiting, QUEUE, "POST /app/echo " H "Content-Length: 6\r\nExpect: 100-continue\r\n\r\n");
    CHECK_EQUAL(app_count, HTTP_APP_MAX);
    for (int i = 0; i < QUEUE; i++) {
        CHECK_EQUAL(client_waiting(waiting[i]), 0);
    }
    connect();
    send("POST /app/echo " H "Content-Length: 6\r\nExpect: 100-continue\r\n\r\n");
    CHECK_EQUAL(receive(false), 503);
    CHECK(has_field(response, "Retry-After: 2") && response->closes);
    send("Hello!");
    check_closed();
    client = waiting[7]; /* does not wait for the word */
    send("Number");
    pass_s(HTTP_APP_S - 5);
    app_release();
    for (int i = 0; i < HTTP_APP_MAX; i++) {
        client = busy[i];
        CHECK_EQUAL(receive(false), 200);
        leave();
    }
    for (int i = 0; i < QUEUE; i++) {
        client = waiting[i];
        sprintf(text, "%06d", i);
        take();
        if (i != 7) {
            CHECK_EQUAL(receive(false), 100);
            CHECK(nothing_more());
            send(text);
        }
        CHECK_EQUAL(receive(false), 200);
        CHECK(response->body == 6 && memcmp(response->data, i == 7 ? "Number" : text, 6) == 0);
        leave();
    }
}

/* All places are in use, those of tunnels by tunnels; uploads wait behind them, their bodies in TCP's windows and what is
 * received of them within bounds. None is lost or mixed up when they close one by one. */
static void test_tunnels_and_uploads(void)
{
    static struct client *tunnels[HTTP_LONG_MAX], *busy[HTTP_APP_MAX], *uploads[100];
    static char body[3000];
    char head[200];
    int refused = 0;
    fill(tunnels, HTTP_LONG_MAX, WEBSOCKET);
    for (int i = 0; i < HTTP_LONG_MAX; i++) {
        client = tunnels[i];
        CHECK_EQUAL(receive(false), 101);
    }
    fill(busy, HTTP_APP_MAX, "GET /app/hold " H "\r\n");
    for (int i = 0; i < 100; i++) {
        connect();
        uploads[i] = client;
        sprintf(head, "POST /app/echo " H "Content-Length: %d\r\n\r\n", (int)sizeof(body));
        send(head);
        memset(body, 'a' + i % 26, sizeof(body));
        client_send(client, body, sizeof(body), 1000);
        for (int k = 0; k < 3; k++) {
            client = tunnels[(i + k) % HTTP_LONG_MAX];
            send("a frame");
            step();
        }
        refused += client_waiting(uploads[i]) > 0;
    }
    CHECK(refused > 60 && refused < 100); /* 96 KiB are for 32 of them */
    for (int i = 0; i < HTTP_LONG_MAX; i++) {
        client = tunnels[i];
        client_end(client);
        check_closed();
    }
    app_release();
    for (int i = 0; i < HTTP_APP_MAX; i++) {
        client = busy[i];
        CHECK_EQUAL(receive(false), 200);
        leave();
    }
    for (int i = 0; i < 100; i++) {
        client = uploads[i];
        memset(body, 'a' + i % 26, sizeof(body));
        bool was_refused = i >= 100 - refused;
        CHECK_EQUAL(receive(false), was_refused ? 503 : 200);
        CHECK(was_refused || (response->body == sizeof(body) && memcmp(response->data, body, sizeof(body)) == 0));
        leave();
    }
}

/* -- all places in use -- */

/* Tunnels in which nobody speaks are no idle connections, and clients that take nothing are evicted for newcomers, each of
 * whom gets in; a tunnel whose client takes nothing is one of these. */
static void test_tunnels_outlive_the_stalled(void)
{
    static struct client *tunnels[HTTP_APP_MAX], *crowd[HTTP_CONNECTIONS_MAX];
    fill(tunnels, HTTP_APP_MAX - 1, WEBSOCKET);
    for (int i = 0; i < HTTP_APP_MAX - 1; i++) {
        client = tunnels[i];
        CHECK_EQUAL(receive(false), 101);
    }
    connect();
    tunnels[HTTP_APP_MAX - 1] = client;
    send(WEBSOCKET);
    steps(20);
    CHECK(client_waiting(client) > 0);
    int left = HTTP_CONNECTIONS_MAX - HTTP_APP_MAX;
    fill(crowd, left, "GET /f/100000 " H "\r\n");
    pass_s(10);
    for (int i = 0; i < 200; i++) {
        connect();
        CHECK(!client_was_reset(client));
        CHECK_EQUAL(get("/f/5", ""), 200);
        send("GET /f/100000 " H "\r\n");
        for (int k = 0; i == 0 && k < HTTP_APP_MAX - 1; k++) {
            CHECK(!client_was_reset(tunnels[k]) && !client_at_end(tunnels[k]));
        }
        client_reset(client);
        client_free(client);
    }
    go(crowd, left);
    for (int i = 0; i < HTTP_APP_MAX - 1; i++) {
        client = tunnels[i];
        client_end(client);
        check_closed();
    }
    client = tunnels[HTTP_APP_MAX - 1];
    CHECK(client_was_reset(client));
    client_free(client);
}

/* A file that is away, then the application, then a file, then a beginning: sent ahead by clients that then close their
 * side. Each answer comes within its three seconds, in order, the last one is the connection's end. */
static void test_half_closed_waits_for_everything(void)
{
    static struct client *busy[HTTP_APP_MAX], *crowd[50];
    site_away = true;
    fill(busy, HTTP_APP_MAX, "GET /app/hold " H "\r\n");
    fill(crowd, 50, "GET /w/7 " H "\r\nGET /app/len/9 " H "\r\nGET /f/5 " H "\r\nGET /f");
    for (int i = 0; i < 50; i++) {
        client_end(crowd[i]);
    }
    pass_s(GONE_S);
    for (int i = 0; i < 50; i++) {
        client = crowd[i];
        CHECK_EQUAL(receive(false), 503);
    }
    pass_s(GONE_S);
    for (int i = 0; i < 50; i++) {
        client = crowd[i];
        CHECK_EQUAL(receive(false), 503);
        CHECK_EQUAL(receive(false), 200);
        CHECK(body_is(5, 0, 5));
        check_closed();
    }
    CHECK_EQUAL(site_waiting, 0);
    site_away = false;
    app_release();
    for (int i = 0; i < HTTP_APP_MAX; i++) {
        client = busy[i];
        CHECK_EQUAL(receive(false), 200);
        leave();
    }
}

/* -- all -- */

static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
    {"replaced_under_slow_readers", test_replaced_under_slow_readers},
    {"mixed_pipeline_of_one_who_stops", test_mixed_pipeline_of_one_who_stops},
    {"old_client_without_length", test_old_client_without_length},
    {"expectations_in_the_queue", test_expectations_in_the_queue},
    {"tunnels_and_uploads", test_tunnels_and_uploads},
    {"tunnels_outlive_the_stalled", test_tunnels_outlive_the_stalled},
    {"half_closed_waits_for_everything", test_half_closed_waits_for_everything},
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
