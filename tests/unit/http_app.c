/* http_app.c: both ends of http/app_proto.h in one program, each with its rings, shares and notifications.
 *
 * The front's user sends requests with bodies of any size; the application answers each with its body, byte for byte
 * changed, in parts as room allows, or fails, or its client goes meanwhile. Seen to: every byte, in order; each request
 * is over once; all slots and circles come back; what a lying application says changes nothing but its own answers.
 */
#include <stdlib.h>
#include <string.h>

#include "fake_microkit.h"
#include "http/app_client.h"
#include "http/app_front.h"
#include "timer/client.h"

#include "check.h"

struct app_slot *client_link_slot(uint32_t number); /* the client's: http_app_ends.h */

enum { FRONT = 0, CLIENT = 1 };

static _Alignas(64) uint8_t to_app[RING_BYTES(APP_QUEUE_CAPACITY, 32)], from_app[RING_BYTES(APP_QUEUE_CAPACITY, 32)];
static _Alignas(64) uint8_t requests[APP_REQUESTS_BYTES], answers[APP_ANSWERS_BYTES];

static const struct app_config front_config = {
    .peer = FRONT,
    .to = {to_app, APP_QUEUE_CAPACITY},
    .from = {from_app, APP_QUEUE_CAPACITY},
    .out = {requests, sizeof(requests), 0},
    .in = {answers, sizeof(answers), 0},
};
static const struct app_config client_config = {
    .peer = CLIENT,
    .to = {from_app, APP_QUEUE_CAPACITY},
    .from = {to_app, APP_QUEUE_CAPACITY},
    .out = {answers, sizeof(answers), 0},
    .in = {requests, sizeof(requests), 0},
};

/* -- the front's user -- */

static struct request {
    struct app_slot *slot;
    uint32_t seed, head, body, sent, heard; /* bytes */
    bool answered, failed, gone, done;
} asked[APP_SLOTS];
static uint32_t done_count, wrong;
static bool lied_to; /* answers may be anything */

static uint8_t byte_at(uint32_t seed, uint32_t at)
{
    return (uint8_t)(seed * 31 + at * 7 + (at >> 8));
}

static void send_body(struct request *r)
{
    uint32_t room;
    while (r->sent < r->body) {
        uint8_t *at = app_front_room(r->slot, &room);
        uint32_t left = r->body - r->sent, count = left < room ? left : room;
        if (count == 0) {
            return;
        }
        count = count < 777 ? count : 777;
        for (uint32_t i = 0; i < count; i++) {
            at[i] = byte_at(r->seed, r->sent + i);
        }
        app_front_produced(r->slot, count);
        r->sent += count;
    }
    if (!r->slot->out.ended) {
        app_front_end(r->slot);
    }
}

static void hear(struct request *r)
{
    uint32_t count;
    struct app_slot *slot = r->slot;
    if (slot->in.open && !r->answered) {
        r->answered = true;
        app_front_taken(slot, slot->in.head);
    }
    while (r->answered) {
        const uint8_t *bytes = app_front_bytes(slot, &count);
        if (count == 0) {
            break;
        }
        for (uint32_t i = 0; i < count; i++) {
            wrong += bytes[i] != 255u - byte_at(r->seed, r->heard + i);
        }
        r->heard += count;
        app_front_taken(slot, count);
    }
    if (slot->in.ended) {
        int status;
        r->failed = app_front_failed(slot, &status);
        CHECK(lied_to || r->failed || r->gone || r->heard == r->body);
        CHECK(lied_to || wrong == 0);
        app_front_release(slot);
        *r = (struct request){.done = true};
        done_count++;
    }
}

static struct request *request_of(const struct app_slot *slot)
{
    return &asked[slot->number];
}

static void front_changed(struct app_slot *slot)
{
    struct request *r = request_of(slot);
    CHECK(r->slot == slot);
    if (!r->gone) {
        send_body(r);
    }
    hear(r);
}

/* Records are copied out as they come. */
static uint8_t record[APP_RECORD_MAX];
static uint32_t records;

static void front_control(void)
{
    struct app_record head;
    while (app_front_record(&head, record)) {
        records++;
        if (head.type == APP_SITE) {
            app_front_done(APP_SITE_TOO_LONG, record[0]);
        }
    }
}

static uint32_t front_restarts, client_restarts;

static void front_restarted(void)
{
    front_restarts++;
    memset(asked, 0, sizeof(asked));
}

static uint32_t freed;

static void front_freed(void)
{
    freed++;
}

static bool ask(uint32_t seed, uint32_t head, uint32_t body)
{
    struct app_slot *slot = app_front_take(head, body > 0);
    if (!slot) {
        return false;
    }
    struct request *r = &asked[slot->number];
    *r = (struct request){.slot = slot, .seed = seed, .head = head, .body = body};
    memset(slot->out.at, 'h', head);
    memcpy(slot->out.at, &seed, sizeof(seed));
    app_front_begin(slot, head, 0, body);
    send_body(r);
    return true;
}

/* -- the application -- */

static struct work {
    bool used, answered, fails, gone, ended;
    uint32_t at; /* of the body */
    uint32_t seed;
} works[APP_SLOTS];
static uint32_t begun_count, over_count, sites_done, site_which;
static bool slow; /* it takes up nothing */

static void work_on(struct app_slot *slot)
{
    struct work *w = &works[slot->number];
    uint32_t count;
    if (slow || w->ended) {
        return;
    }
    if (!w->answered) {
        w->answered = true;
        memset(app_client_head(slot, 100, false), 'a', 100);
        app_client_answer(slot, 100, APP_UNKNOWN);
    }
    for (;;) {
        const uint8_t *bytes = app_client_bytes(slot, &count);
        uint8_t part[500];
        count = count < sizeof(part) ? count : sizeof(part);
        for (uint32_t i = 0; i < count; i++) {
            CHECK_EQUAL(bytes[i], byte_at(w->seed, w->at + i));
            part[i] = (uint8_t)~bytes[i];
        }
        uint32_t put = count > 0 ? app_client_put(slot, part, count) : 0;
        if (put == 0) {
            break;
        }
        w->at += put;
        app_client_taken(slot, put);
        if (w->fails && w->at > 2000) {
            w->ended = true;
            app_client_fail(slot, 500);
            return;
        }
    }
    if ((slot->in.ended && slot->in.taken == slot->in.produced) || w->gone) {
        w->ended = true;
        app_client_end(slot);
    }
}

static void begun(struct app_slot *slot)
{
    struct work *w = &works[slot->number];
    CHECK(!w->used);
    *w = (struct work){.used = true};
    memcpy(&w->seed, slot->in.at, sizeof(w->seed));
    CHECK_EQUAL(slot->in.at[slot->in.head - 1], slot->in.head > 4 ? 'h' : slot->in.at[slot->in.head - 1]);
    w->fails = w->seed % 11 == 3;
    app_client_taken(slot, slot->in.head);
    begun_count++;
    work_on(slot);
}

static void client_gone(struct app_slot *slot)
{
    works[slot->number].gone = true;
    work_on(slot);
}

static void over(struct app_slot *slot)
{
    CHECK(works[slot->number].used && works[slot->number].ended);
    works[slot->number].used = false;
    over_count++;
}

static void done(int status, uint32_t which)
{
    CHECK_EQUAL(status, APP_SITE_TOO_LONG);
    sites_done++;
    site_which = which;
}

static void client_restarted(void)
{
    client_restarts++;
    memset(works, 0, sizeof(works));
}

void init(void)
{
    static const struct app_front_handlers front = {front_changed, front_control, front_restarted, front_freed};
    static const struct app_client_handlers client = {begun, work_on,          client_gone, over,
                                                      done,  client_restarted, NULL,        NULL};
    app_front_init(&front_config, &front);
    app_client_init(&client_config, &client);
}

/* -- time: a timer is of one of the two, and for now -- */

static struct timer *timers;

void timer_start(struct timer *timer, uint64_t deadline_ns, void (*handler)(void *), void *context)
{
    CHECK(deadline_ns <= pd_now_ns());
    if (!timer->armed) {
        *timer = (struct timer){.next = timers, .handler = handler, .context = context, .armed = true};
        timers = timer;
    }
}

static void run_timers(void)
{
    struct timer *timer = timers, *next;
    timers = NULL;
    for (; timer; timer = next) {
        next = timer->next;
        timer->armed = false;
        timer->handler(timer->context);
    }
    pd_flush();
}

static void pump(void)
{
    pd_flush();
    for (;;) {
        /* who notifies on its channel wakes the other */
        unsigned to_client = fake_notified(FRONT), to_front = fake_notified(CLIENT);
        if (!to_client && !to_front && !timers) {
            return;
        }
        fake_wake((to_client ? FAKE_BIT(CLIENT) : 0) | (to_front ? FAKE_BIT(FRONT) : 0));
        run_timers();
    }
}

static void check_all_is_back(void)
{
    uint32_t free_slots = 0;
    for (uint32_t i = 0; i < APP_SLOTS; i++) {
        free_slots += !app_link_slot(i)->used && !works[i].used;
    }
    CHECK_EQUAL(free_slots, APP_SLOTS);
    for (uint32_t i = 0; i < APP_LARGE_COUNT; i++) {
        CHECK(ask(1000 + i, 5000, 0)); /* each needs a large circle */
    }
    CHECK(!ask(1, 5000, 0));
    pump();
}

/* -- the cases -- */

static void test_one(void)
{
    CHECK(ask(1, 200, 0));
    pump();
    CHECK_EQUAL(done_count, 1);
    CHECK_EQUAL(over_count, 1);
    CHECK(ask(2, 4, 3 << 20)); /* as large as one likes: in circles */
    pump();
    CHECK_EQUAL(done_count, 2);
}

static void test_many(void)
{
    uint32_t before = done_count, count = 0;
    srand(5);
    while (count < 20000) {
        uint32_t size = rand() % 4 == 0 ? (uint32_t)rand() % 60000 : (uint32_t)rand() % 900;
        if (ask((uint32_t)rand(), 4 + (uint32_t)rand() % (rand() % 8 ? 2000 : 9000), size)) {
            count++;
        } else {
            pump();
        }
        struct request *r = &asked[rand() % APP_SLOTS];
        if (r->slot && !r->gone && rand() % 20 == 0) {
            r->gone = true;
            app_front_gone(r->slot, 0);
        }
        if (rand() % 10 == 0) {
            pump();
        }
    }
    pump();
    CHECK_EQUAL(done_count - before, count);
    check_all_is_back();
}

/* All slots, each with more than fits, and an application that takes nothing: they stand, and go on when it does. */
static void test_a_slow_application(void)
{
    uint32_t before = done_count;
    slow = true;
    for (uint32_t i = 0; i < APP_SLOTS; i++) {
        CHECK(ask(i * 11, 300, 50000));
    }
    CHECK(!ask(1, 300, 0));
    pump();
    CHECK_EQUAL(done_count, before);
    slow = false;
    for (uint32_t i = 0; i < APP_SLOTS; i++) {
        work_on(client_link_slot(i));
    }
    pump();
    CHECK_EQUAL(done_count - before, APP_SLOTS);
    check_all_is_back();
}

static void test_records(void)
{
    uint8_t bytes[20000];
    uint32_t before = records;
    memset(bytes, 7, sizeof(bytes));
    for (uint32_t i = 0; i < 100; i++) {
        CHECK(app_client_record(i % 10 ? APP_CHANGED : APP_SITE, bytes, (uint32_t)sizeof(bytes) - i * 100));
        CHECK(i > 50 || !app_client_record(APP_CHANGED, bytes, sizeof(bytes))); /* no room for two */
        pump();
    }
    CHECK_EQUAL(records - before, 100);
    CHECK_EQUAL(sites_done, 10);
    CHECK_EQUAL(site_which, 7);
}

/* Messages of any kind in the application's name: they cost it its own answers. Then a restart, and all is well. */
static void test_a_lying_application(void)
{
    struct ring_shared *ring = (struct ring_shared *)from_app;
    lied_to = true;
    srand(6);
    for (uint32_t i = 0; i < 200000; i++) {
        struct app_message m = {
            .type = (uint8_t)(rand() % 12),
            .flags = (uint8_t)rand(),
            .slot = (uint16_t)(rand() % 70),
            .serial = rand() % 3 ? app_link_slot((uint32_t)rand() % APP_SLOTS)->serial : (uint32_t)rand(),
            .offset = rand() % 2 ? (uint32_t)rand() : (uint32_t)rand() % sizeof(answers),
            .size = rand() % 2 ? (uint32_t)rand() : 1u << rand() % 20,
            .produced = rand() % 2 ? (uint32_t)rand() : (uint32_t)rand() % 9000,
            .head = (uint16_t)(rand() % 10000),
            .status = (uint16_t)rand(),
        };
        memcpy(ring->elements + ring->tail % APP_QUEUE_CAPACITY * sizeof(m), &m, sizeof(m));
        ring->tail++;
        if (rand() % 50 == 0) {
            ask((uint32_t)i, 100, (uint32_t)rand() % 5000);
            fake_wake(FAKE_BIT(FRONT));
        }
    }
    CHECK(app_link_counts.nonsense > 1000 && app_link_counts.late > 1000);
}

int main(void)
{
    init();
    pump();
    test_one();
    test_many();
    test_a_slow_application();
    test_records();
    CHECK_EQUAL(app_link_counts.nonsense, 0);
    test_a_lying_application();
    return 0;
}
