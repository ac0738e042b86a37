/* http_front_pressure.c: the native front when something is short: places, memory, patience; and clients that go, or do
 * two things at once, where it hurts. As http_front.c: each case a process of its own, after which all has to be back.
 */
#include <stdlib.h>
#include <string.h>

#include "fake_microkit.h"
#include "http/app_client.h"
#include "http/app_front.h"
#include "http/front/routes.h"
#include "http/front/server.h"
#include "http_front_client.h"
#include "in_turn.h"

void init(void) {}

static struct http_counters count(void)
{
    struct http_counters counters;
    http_counters(&counters);
    return counters;
}

static void take_steps(uint32_t steps)
{
    for (uint32_t i = 0; i < steps; i++) {
        step();
    }
}

static void forget_reset(void)
{
    CHECK(client_was_reset(client));
    client_free(client);
}

/* Requests whose answers nobody takes, of a connection that has been idle before. */
static void get_and_leave_it(const char *path)
{
    char text[200];
    connect();
    CHECK_EQUAL(get("/f/1", ""), 200);
    sprintf(text, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
    send(text);
    for (int turn = 0; turn < 50 && client_waiting(client) == 0; turn++) {
        step();
    }
    CHECK(client_waiting(client) > 0);
}

/* -- who does not take his answer -- */

/* What the client sends meanwhile, and what the application writes, do not get the answer on: it is acknowledged or
 * not. Of a connection that has been idle before that is seen when the time for being idle is over. */
static void test_only_acknowledgements_are_progress(void)
{
    static const struct {
        const char *path;
        bool talks, writes, idle; /* idle: in that list when the answer begins */
    } cases[] = {{"/f/500000", false, false, true},
                 {"/f/500000", true, false, true},
                 {"/app/drip", false, false, false},
                 {"/app/drip", false, true, false},
                 {"/app/drip", true, true, false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        get_and_leave_it(cases[i].path);
        for (int s = 0; s < (cases[i].idle ? HTTP_IDLE_S : HTTP_STALL_S) - 1; s++) {
            app_drops = cases[i].writes;
            step();
            pass_s(1);
            if (cases[i].talks) {
                send("G");
            }
            CHECK_CASE(!client_was_reset(client), cases[i].path);
        }
        pass_s(2);
        forget_reset();
        app_drops = ALL_DROPS;
        step();
        app_drops = 0;
    }
}

/* One byte that is acknowledged renews all of its time, in the idle list, too. */
static void test_progress_renews(void)
{
    get_and_leave_it("/f/500000");
    pass_s(50);
    CHECK_EQUAL(client_take(client, 1), 1);
    pass_s(HTTP_STALL_S - 1);
    CHECK(!client_was_reset(client));
    pass_s(2);
    forget_reset();
    get_and_leave_it("/app/drip"); /* all is acknowledged, and then a byte is not */
    take();
    pass_s(1000);
    app_drops = 1;
    step();
    CHECK_EQUAL(client_waiting(client), strlen("1\r\n0\r\n"));
    pass_s(HTTP_STALL_S - 1);
    CHECK(!client_was_reset(client));
    pass_s(2);
    forget_reset();
    app_drops = ALL_DROPS;
}

/* A word for which there is no memory is tried again by a poll, each of which is no progress. */
static void test_nothing_can_be_said(void)
{
    connect();
    send("G");
    lwip_fail_one_in = 1;
    pass_s(HTTP_HEAD_S + 1);
    for (int s = 0; s < HTTP_STALL_S - 2; s++) {
        client_poll(client);
        pass_s(1);
        CHECK(!client_was_reset(client));
    }
    client_poll(client);
    pass_s(3);
    forget_reset();
    lwip_fail_one_in = 0;
}

/* -- which one is evicted -- */

static struct client *crowd[HTTP_CONNECTIONS_MAX];

static void fill(int from, int to, const char *path)
{
    for (int i = from; i < to; i++) {
        get_and_leave_it(path);
        crowd[i] = client;
    }
}

static void go_all(int from, int to)
{
    for (int i = from; i < to; i++) {
        client_reset(crowd[i]);
        client_free(crowd[i]);
    }
}

/* Clients that take nothing, in all places: the one that has taken nothing for longest is evicted, but not before four
 * seconds, in which it may have lost a segment. */
static void test_all_places_are_stalled(void)
{
    fill(0, HTTP_CONNECTIONS_MAX, "/f/1000");
    connect();
    forget_reset(); /* none can be evicted yet */
    pass_s(5);
    CHECK_EQUAL(client_take(crowd[0], 10), 10);
    for (int i = 1; i < 101; i++) {
        connect();
        CHECK_EQUAL(get("/f/1", ""), 200);
        CHECK(client_was_reset(crowd[i]) && client_gone(crowd[i]) && !client_was_reset(crowd[i + 1]));
        client_free(crowd[i]);
        crowd[i] = client;
        send("GET /f/1000 HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    CHECK(!client_was_reset(crowd[0]));
    CHECK_EQUAL(count().evicted, 100);
    go_all(0, HTTP_CONNECTIONS_MAX);
}

/* An idle one goes first, however many stalled ones stand before it in the list: a newcomer looks at a few at most, and
 * the next one goes on from there. */
static void test_idle_behind_stalled(void)
{
    fill(0, HTTP_CONNECTIONS_MAX - 1, "/f/1000");
    connect();
    CHECK_EQUAL(get("/f/1", ""), 200);
    crowd[HTTP_CONNECTIONS_MAX - 1] = client;
    int refused = 0;
    for (;;) {
        connect();
        if (!client_was_reset(client)) {
            break;
        }
        client_free(client);
        refused++;
    }
    CHECK(refused > 10 && refused < 100);
    CHECK_EQUAL(get("/f/1", ""), 200);
    CHECK(client_gone(crowd[HTTP_CONNECTIONS_MAX - 1]) && !client_was_reset(crowd[HTTP_CONNECTIONS_MAX - 1]));
    leave();
    go_all(0, HTTP_CONNECTIONS_MAX);
}

/* A client at its head for a second goes before one that has taken nothing; a younger one after it. It is told. */
static void test_heads_and_stalled(void)
{
    fill(0, HTTP_CONNECTIONS_MAX - 1, "/f/1000");
    pass_s(5);
    connect();
    send("GET /f/1 HT");
    crowd[HTTP_CONNECTIONS_MAX - 1] = client;
    connect();
    CHECK_EQUAL(get("/f/1", ""), 200);
    CHECK(client_was_reset(crowd[0]));
    client_free(crowd[0]);
    client_reset(client);
    client_free(client);
    connect();
    send("GET /f/1 HT");
    crowd[0] = client;
    pass_s(2);
    connect();
    send("GET /f/1 HT");
    struct client *newcomer = client;
    client = crowd[HTTP_CONNECTIONS_MAX - 1];
    CHECK_EQUAL(receive(false), 408);
    check_closed();
    crowd[HTTP_CONNECTIONS_MAX - 1] = newcomer;
    go_all(0, HTTP_CONNECTIONS_MAX);
}

/* -- clients that go, memory that is not there, at each step of each kind of answer -- */

#define H "HTTP/1.1\r\nHost: x\r\n"
static const char *const requests[] = {
    "GET /f/0 " H "\r\n",
    "GET /f/1000 " H "\r\n",
    "GET /f/200000 " H "\r\n",
    "GET /f/200000 " H "Range: bytes=65000-66000\r\n\r\n",
    "GET /f/200000 " H "Range: bytes=900000-\r\n\r\n",
    "GET /f/1000 " H "If-None-Match: *\r\n\r\n",
    "HEAD /f/70000 " H "\r\n",
    "GET /no " H "\r\n",
    "GET /dir " H "\r\n",
    "GET /away " H "\r\n",
    "GET /bad/9 " H "\r\n",
    "GET /broken/100000 " H "\r\n",
    "POST /f/5 " H "Content-Length: 20\r\n\r\n01234567890123456789",
    "PUT /f/5 " H "Content-Length: 2000000\r\n\r\n01234567890123456789",
    "OPTIONS * " H "\r\n",
    "nonsense\r\n\r\n",
    "GET /app/len/100000 " H "\r\n",
    "GET /app/chunk/100000 " H "\r\n",
    "GET /app/none/70000 HTTP/1.0\r\n\r\n",
    "HEAD /app/chunk/70000 " H "\r\n",
    "GET /app/x/100000 " H "\r\n",
    "GET /app/404/70000 " H "\r\n",
    "GET /app/order/no " H "\r\n",
    "GET /app/order/away " H "\r\n",
    "GET /app/order/bad/9 " H "\r\n",
    "GET /app/order/broken/100000 " H "\r\n",
    "GET /app/order/dir " H "\r\n",
    "GET /app/fat " H "\r\n",
    "GET /app/fields/9000 " H "\r\n",
    "GET /app/long " H "\r\n",
    "GET /app/early " H "\r\n",
    "GET /app/short " H "\r\n",
    "GET /app/nonsense " H "\r\n",
    "GET /app/fails/none " H "\r\n",
    "GET /app/fails/chunk " H "\r\n",
    "GET /app/fails/whole " H "\r\n",
    "GET /app/fails/503 " H "\r\n",
    "GET /app/raw/103 " H "\r\n",
    "GET /app/raw/204 " H "\r\n",
    "GET /app/raw/cr " H "\r\n",
    "POST /app/echo " H "Content-Length: 20\r\nExpect: 100-continue\r\n\r\n01234567890123456789",
    "POST /app/echo " H "Transfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n0\r\n\r\n",
    "POST /app/echo " H "Transfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n0\r\nTrailer: x",
    "POST /app/stream " H "Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nHello\r\n0\r\n\r\n",
    "POST /app/stream " H "Transfer-Encoding: chunked\r\n\r\n5\r\nHelloGoodbye",
    "POST /app/stream " H "Content-Length: 200000\r\n\r\n01234567890123456789",
    "POST /app/lazy " H "Content-Length: 20\r\n\r\n01234567890123456789",
    "POST /app/lazy " H "Content-Length: 200000\r\n\r\n01234567890123456789",
    "GET /app/upgrade " H "Connection: Upgrade\r\nUpgrade: echo\r\n\r\nbytes",
    "GET /app/ws " H "Connection: Upgrade\r\nUpgrade: echo\r\n\r\nbytes",
    "GET /app/hold " H "\r\nGET /f/1000 " H "\r\n",
};
#define MOMENTS 10

enum ending { RESETS, CLOSES, IS_SILENT, ENDINGS };
enum lack { NOTHING, NO_MEMORY, LITTLE_ROOM, NO_APPLICATION, LACKS };

/* What the client does, one thing at each moment. */
static void do_one_thing(const char *request, uint32_t moment)
{
    uint32_t length = (uint32_t)strlen(request), first = length - 7;
    switch (moment) {
    case 0: connect(); break;
    case 1: client_send(client, request, first, 1460); break;
    case 2: client_send(client, request + first, length - first, 3); break;
    case 5: client_take(client, 100); break;
    case 7: client_poll(client); break;
    case 8: client_take(client, 30000); break;
    default: step(); break;
    }
}

static void begin_lack(enum lack lack)
{
    lwip_fail_one_in = lack == NO_MEMORY;
    lwip_share = lack == LITTLE_ROOM ? 3000 : 44 * 1460;
    app_absent = lack == NO_APPLICATION;
}

/* The client goes at this moment, or stays and is silent, with a lack of something from the one before on. All that it
 * held comes back: at once when it has gone, else after the times that are said in http/front/server.h. */
static void go_at(const char *request, uint32_t moment, enum ending ending, enum lack lack)
{
    uint64_t broken = count().broken;
    for (uint32_t i = 0; i <= moment; i++) {
        if (i == moment) {
            begin_lack(lack);
        }
        do_one_thing(request, i);
    }
    if (ending == RESETS && !client_was_reset(client)) {
        client_reset(client);
        CHECK_EQUAL(count().broken, broken + 1);
        CHECK_EQUAL(count().connections, 0);
    }
    if (ending == CLOSES) {
        client_end(client);
    }
    for (int i = 0; i < 5; i++) {
        step();
        client_poll(client);
    }
    begin_lack(NOTHING);
    for (int i = 0; i < 300 && !(client_gone(client) && app_count == 0); i++) {
        step();
        if (ending == CLOSES) {
            client_take(client, 20000);
        }
        if (i > 100) {
            app_release();
            client_poll(client);
            pass_s(ending == RESETS ? 0 : 1);
        }
        if (i == 299 && client_is_probed(client)) {
            client_reset(client); /* in a tunnel: TCP has asked, and nobody answered */
            take_steps(2);
        }
    }
    if (!client_gone(client)) {
        FAIL("%.40s..: at %u, ending %u, lack %u: still there", request, moment, ending, lack);
    }
    client_free(client);
    app_hold();
    if (count().app_requests) {
        FAIL("%.40s..: at %u, ending %u, lack %u: still with the application", request, moment, ending, lack);
    }
    check_all_is_back();
}

static void test_gone_at_each_step(void)
{
    static const uint32_t count_of = sizeof(requests) / sizeof(requests[0]);
    for (uint32_t i = 0; i < count_of * MOMENTS * ENDINGS * LACKS; i++) {
        site_late = i % 2;
        go_at(requests[i % count_of], i / count_of % MOMENTS, i / count_of / MOMENTS % ENDINGS,
              i / count_of / MOMENTS / ENDINGS);
    }
}

/* The application's circles for long heads are all with clients that have no room; the next one's has to wait, and goes
 * when one of them reads on, or goes away. */
static void test_long_heads_of_answers_wait(void)
{
    static struct client *full[APP_ANSWER_LARGE_COUNT];
    char text[200];
    sprintf(text, "GET /f/%d " H "\r\nGET /app/fat " H "\r\n", TCP_SND_BUF - 7000);
    lwip_share = TCP_SND_BUF;
    for (int i = 0; i < APP_ANSWER_LARGE_COUNT; i++) {
        connect();
        full[i] = client;
        send(text);
        take_steps(60);
    }
    CHECK_EQUAL(app_count, APP_ANSWER_LARGE_COUNT);
    for (int i = 0; i < 3; i++) {
        connect();
        send("GET /app/fat " H "\r\n");
        CHECK(nothing_more() && app_count == APP_ANSWER_LARGE_COUNT + 1);
        if (i == 0) { /* one that waits goes */
            client_reset(client);
            client_free(client);
        } else if (i == 1) { /* one that has a buffer goes */
            client_reset(full[0]);
            client_free(full[0]);
            CHECK_EQUAL(receive(false), 200);
            CHECK_EQUAL(response->body, 3);
            leave();
            connect();
            full[0] = client;
            send(text);
            take_steps(60);
        } else { /* one that has a buffer reads on */
            struct client *waiting = client;
            client = full[0];
            CHECK_EQUAL(receive(false), 200);
            CHECK_EQUAL(receive(false), 200);
            leave();
            client = waiting;
            CHECK_EQUAL(receive(false), 200);
            leave();
        }
        take_steps(20);
    }
    for (int i = 1; i < APP_ANSWER_LARGE_COUNT; i++) {
        client = full[i];
        CHECK_EQUAL(receive(false), 200);
        CHECK_EQUAL(receive(false), 200);
        leave();
    }
}

/* -- ends that are rare -- */

static void is_reset_by(const char *text)
{
    connect();
    send(text);
    take();
    forget_reset();
}

/* Of the room for heads the last part is the application's: when that is used up, too, a request for it is told so. */
static void test_no_room_for_the_applications_head(void)
{
    static struct client *slow[64], *busy[20];
    static char head[8000];
    int told = 0;
    sprintf(head, "GET /f/1 " H "X: %06000d\r\n", 0);
    for (int i = 0; i < 64; i++) {
        connect();
        slow[i] = client;
        send(head);
    }
    sprintf(head, "GET /app/hold " H "X: %07000d\r\n\r\n", 0);
    for (int i = 0; i < 20; i++) {
        connect();
        busy[i] = client;
        client_send(client, head, (uint32_t)strlen(head), 8000); /* else it is a beginning at first */
        told += client_waiting(client) > 0;
    }
    take_steps(100);
    CHECK(told == 10 && app_count == APP_LARGE_COUNT); /* 128 units of 120 bytes are two heads */
    app_release();
    for (int i = 0; i < 20; i++) {
        client = busy[i];
        CHECK_EQUAL(receive(false), i < 20 - told ? 200 : 503);
        leave();
    }
    for (int i = 0; i < 64; i++) {
        client_reset(slow[i]);
        client_free(slow[i]);
    }
}

static void test_rare_ends(void)
{
    static char many[60000];
    connect(); /* its answer has begun, its body stops coming: no status can be told any more */
    send("POST /app/eager " H "Content-Length: 5\r\n\r\nHe");
    take();
    pass_s(HTTP_BODY_S + 1);
    forget_reset();
    connect(); /* told what is wrong, it sends on for more than a megabyte */
    CHECK_EQUAL(ask("nonsense\r\n\r\n"), 400);
    for (int i = 0; i < 1100 * 1024 / (int)sizeof(many) && !client_was_reset(client); i++) {
        client_send(client, many, sizeof(many), 1460);
    }
    forget_reset();
    connect(); /* the rest of a file does not come, and the application's file does not */
    site_rest_away = true;
    send("GET /f/200000 " H "\r\n");
    for (int s = 0; s < HTTP_REST_S - 1; s++) {
        take();
        pass_s(1);
        CHECK(!client_was_reset(client));
    }
    pass_s(2);
    forget_reset();
    site_rest_away = false;
    site_away = true;
    connect();
    send("GET /app/order/w/5 " H "\r\n");
    take();
    pass_s(HTTP_WAIT_S + 1);
    CHECK_EQUAL(receive(false), 503);
    check_closed();
    site_away = false;
    connect();
    CHECK_EQUAL(get("/app/head/9216", ""), 204);
    CHECK_EQUAL(get("/app/head/9217", ""), 500);
    leave();
    is_reset_by("GET /broken/100000 " H "\r\n");
}

/* A client that has closed its side and waits is evicted without a word: by a reset where it still has to take a part of
 * a file, else by an end. */
static void test_half_closed_give_way(void)
{
    site_away = true;
    connect();
    crowd[0] = client;
    send("GET /f/3000 " H "\r\nGET /w/5 " H "\r\nGET /f/1 ");
    client_end(client);
    connect();
    crowd[1] = client;
    send("GET /w/5 " H "\r\nGET /f/1 ");
    client_end(client);
    pass_s(0);
    for (int i = 2; i < HTTP_CONNECTIONS_MAX; i++) {
        connect();
        crowd[i] = client;
        send("GET /f/1 H");
    }
    for (int i = 0; i < 2; i++) {
        connect();
        CHECK(!client_was_reset(client) && client_gone(crowd[i]));
        CHECK_EQUAL(client_was_reset(crowd[i]), i == 0);
        client_free(crowd[i]);
        crowd[i] = client;
    }
    CHECK_EQUAL(lwip_pbufs, 0);
    site_away = false;
    go_all(0, HTTP_CONNECTIONS_MAX);
}

static void test_ports_and_routes(void)
{
    static char text[98];
    CHECK(http_listen(80)); /* it does already */
    CHECK(http_listen(81) && http_listen(82) && http_listen(83) && !http_listen(84) && !http_owns(84));
    memset(text, 'a', 97);
    CHECK(!routes_add(text, 97, true, true, true));
    int routes = 1; /* /app/ */
    while (routes_add(text, 96, true, true, true)) {
        routes++;
    }
    CHECK_EQUAL(routes, ROUTES_MAX);
    routes_clear();
    connect();
    CHECK_EQUAL(get("/app/len/5", ""), 404);
    leave();
    lwip_pcbs -= 3; /* that listen */
}

/* -- what is counted -- */

static void test_counts(void)
{
    struct http_counters before = count(), now;
    connect();
    CHECK_EQUAL(get("/no", ""), 404);
    CHECK_EQUAL(get("/f/5", "Range: bytes=9-\r\n"), 416);
    CHECK_EQUAL(get("/away", ""), 503);
    now = count();
    CHECK_EQUAL(now.refused - before.refused, 3);
    CHECK_EQUAL(now.handed_over, before.handed_over);
    before = now;
    CHECK_EQUAL(get("/app/order/no", ""), 404); /* what the application has ordered is its answer */
    CHECK_EQUAL(get("/app/order/%2e%2e/a", ""), 404);
    CHECK_EQUAL(get("/app/order/forbidden", ""), 403);
    CHECK_EQUAL(get("/app/order/away", ""), 503);
    CHECK(has_field(response, "Retry-After: 2"));
    CHECK_EQUAL(get("/app/order/bad/9", ""), 503);
    CHECK_EQUAL(get("/app/order/f/5", "Range: bytes=9-\r\n"), 416);
    CHECK_EQUAL(get("/app/order/f/5", "If-Match: \"other\"\r\n"), 412);
    CHECK_EQUAL(get("/app/order/dir", ""), 301);
    CHECK_EQUAL(get("/app/order/f/5", ""), 200);
    now = count();
    CHECK_EQUAL(now.refused, before.refused);
    CHECK_EQUAL(now.handed_over - before.handed_over, 9);
    CHECK_EQUAL(now.files - before.files, 1);
    CHECK_EQUAL(get("/app/early", ""), 500); /* in its place */
    CHECK_EQUAL(count().refused - now.refused, 1);
    leave();
}

/* RFC 9110 9.3.2: HEAD tells the length that GET would; it holds nothing, and the connection goes on. */
static void test_head_of_huge(void)
{
    connect();
    for (int i = 0; i < 3; i++) {
        CHECK_EQUAL(ask("HEAD /app/raw/huge HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
        CHECK(has_field(response, "Content-Length: 9223372036854775807") && has_field(response, "X-A: a"));
        CHECK(!response->closes && nothing_more());
        CHECK_EQUAL(count().app_requests, 0);
    }
    CHECK_EQUAL(get("/f/5", ""), 200);
    send("GET /app/raw/huge HTTP/1.1\r\nHost: x\r\n\r\n");
    take();
    forget_reset();
}

/* -- a client that vanishes -- */

/* Where nobody has to say anything for ever TCP asks whether the other side is there: in a tunnel, and in an answer of
 * which nobody knows the end. */
static void test_keep_alive(void)
{
    static const char *const told[] = {
        "GET /app/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n",
        "GET /app/drip HTTP/1.1\r\nHost: x\r\n\r\n", "GET /app/drip HTTP/1.0\r\n\r\n"};
    for (int i = 0; i < 3; i++) {
        connect();
        CHECK(!client_is_probed(client));
        send(told[i]);
        take();
        CHECK(client_is_probed(client));
        CHECK_EQUAL(count().app_requests, 1);
        client_reset(client); /* what lwIP does when no probe is answered */
        client_free(client);
        app_drops = ALL_DROPS;
        take_steps(2);
        app_drops = 0;
        CHECK_EQUAL(count().app_requests, 0);
    }
}

/* -- all -- */

static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
    {"only_acknowledgements_are_progress", test_only_acknowledgements_are_progress},
    {"progress_renews", test_progress_renews},
    {"nothing_can_be_said", test_nothing_can_be_said},
    {"all_places_are_stalled", test_all_places_are_stalled},
    {"idle_behind_stalled", test_idle_behind_stalled},
    {"heads_and_stalled", test_heads_and_stalled},
    {"gone_at_each_step", test_gone_at_each_step},
    {"long_heads_of_answers_wait", test_long_heads_of_answers_wait},
    {"no_room_for_the_applications_head", test_no_room_for_the_applications_head},
    {"rare_ends", test_rare_ends},
    {"half_closed_give_way", test_half_closed_give_way},
    {"ports_and_routes", test_ports_and_routes},
    {"counts", test_counts},
    {"head_of_huge", test_head_of_huge},
    {"keep_alive", test_keep_alive},
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
