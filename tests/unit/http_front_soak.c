/* http_front_soak.c: many clients, random requests, segments, acknowledgements, waits, lack of memory, resets. */
#include <stdio.h>
#include <string.h>

#include "fake_microkit.h"
#include "http_front.h"

#define CLIENTS 40
#define EXPECTED_MAX 64

struct expected {
    bool head;
    int status;   /* 0: the connection breaks */
    int64_t size; /* of a body that site_byte() tells; -1: any */
};

struct walker {
    struct client *client;
    struct expected expected[EXPECTED_MAX];
    uint32_t first, last;
    char unsent[EXPECTED_MAX * 200];
    uint32_t length;
    bool ends;
    uint64_t answered;
};

static uint64_t total_answered;
static struct response response;

static void add_request(struct walker *w)
{
    static const char *const methods[] = {"GET", "GET", "GET", "HEAD"};
    static const struct {
        const char *path;
        int status;
        bool sized;
    } kinds[] = {{"/f/", 200, true},         {"/f/", 200, true},        {"/f/", 200, true},  {"/app/len/", 200, true},
                 {"/app/chunk/", 200, true}, {"/app/x/", 200, true},    {"/no", 404, false}, {"/dir", 301, false},
                 {"/away", 503, false},      {"/app/early", 500, false}};
    uint32_t kind = lwip_noise() % (lwip_noise() % 8 ? 6 : 10);
    const char *method = methods[lwip_noise() % 4];
    uint32_t size = lwip_noise() % 3 ? lwip_noise() % 3000 : lwip_noise() % 300000;
    char *at = w->unsent + w->length;
    bool head = method[0] == 'H', ends = lwip_noise() % 12 == 0;
    at += sprintf(at, "%s %s", method, kinds[kind].path);
    if (kinds[kind].sized) {
        at += sprintf(at, "%u", size);
    }
    at += sprintf(at, " HTTP/1.1\r\nHost: x\r\n%s\r\n", ends ? "Connection: close\r\n" : "");
    w->length = (uint32_t)(at - w->unsent);
    int64_t body = kinds[kind].sized ? (int64_t)size : -1;
    w->expected[w->last++ % EXPECTED_MAX] = (struct expected){head, kinds[kind].status, body};
    w->ends |= ends;
}

static void check_answers(struct walker *w)
{
    while (w->first != w->last) {
        struct expected *expected = &w->expected[w->first % EXPECTED_MAX];
        if (!parse_response(w->client, expected->head, client_at_end(w->client), &response)) {
            return;
        }
        CHECK_EQUAL(response.status, expected->status);
        if (expected->size >= 0 && !expected->head) {
            CHECK(body_of_site(&response, (uint64_t)expected->size, 0, (uint64_t)expected->size));
        }
        client_forget(w->client, response.whole);
        w->first++;
        total_answered++;
    }
}

static void finish_walk(struct walker *w)
{
    uint32_t length;
    if (client_was_reset(w->client)) {
        client_free(w->client);
        *w = (struct walker){.client = NULL};
        return;
    }
    client_bytes(w->client, &length);
    CHECK_EQUAL(length, 0);
    CHECK(w->first == w->last);
    client_end(w->client);
    if (client_gone(w->client)) {
        client_free(w->client);
        *w = (struct walker){.client = NULL};
    }
}

static void walk(struct walker *w, bool wind_down)
{
    if (!w->client) {
        if (!wind_down) {
            w->client = client_connect(80);
        }
        return;
    }
    if (!w->ends && !wind_down && w->last - w->first < 20 && w->length < 2000 && lwip_noise() % 3 == 0) {
        add_request(w);
    }
    uint32_t count = 1 + lwip_noise() % (lwip_noise() % 2 ? 20 : 1460);
    count = count < w->length ? count : w->length;
    count = count < client_window(w->client) ? count : client_window(w->client);
    client_send(w->client, w->unsent, count, 1460);
    w->length -= count;
    memmove(w->unsent, w->unsent + count, w->length);
    client_take(w->client, lwip_noise() % 40000);
    check_answers(w);
    if (lwip_noise() % 4 == 0) {
        client_poll(w->client);
    }
    if (!wind_down && lwip_noise() % 1000 == 0) {
        client_reset(w->client);
    }
    if (client_was_reset(w->client) || (w->length == 0 && w->first == w->last && (w->ends || wind_down))) {
        finish_walk(w);
    }
}

void test_soak(void)
{
    static struct walker walkers[CLIENTS];
    site_late = true;
    lwip_fail_one_in = 20;
    for (int round = 0; round < 20000; round++) {
        bool wind_down = round > 18000;
        lwip_share = 2920 + lwip_noise() % 60000;
        walk(&walkers[lwip_noise() % CLIENTS], wind_down);
        if (lwip_noise() % 4 == 0) {
            step();
        }
    }
    lwip_fail_one_in = 0;
    for (int round = 0; round < 4000; round++) {
        for (int i = 0; i < CLIENTS; i++) {
            walk(&walkers[i], true);
        }
        step();
    }
    for (int i = 0; i < CLIENTS; i++) {
        CHECK(!walkers[i].client);
    }
    CHECK(total_answered > 500);
}
