/* liar.c: an application of the front that lies: the far end of http/app_proto.h, by hand. What it must not achieve: a
 * fault of the front, a static page that is not whole, another client's connection, bytes that are not HTTP, or that
 * what is honest afterwards is not served (tests/test_app_liar.py).
 *   consumes  the front's messages and share, trusted: the tests' own system
 *   produces  all that can be put into two rings and a share
 *   /app/honest         200, a body, as any application's
 *   /app/script/HEX     does and says what the steps in HEX are (enum step): the test says each lie
 *   /app/lie..          answered by a lie that noise picks
 *   /app/folders        the same behind all that the ring holds of words about folders
 *   /app/storm/ROUNDS   from then on a lie each ROUND_NS, whoever asks what; at last it starts anew, honest
 */
#include "lib/pd.h"

#include <string.h>

#include "http/app_client.h"
#include "lib/log.h"
#include "serial/client.h"
#include "tests/systems/app/lies.h"
#include "timer/client.h"

#define ROUND_NS 2000000u
#define DEAF_NS 20000000u /* then it starts anew: it may not be told of anything */
#define SAID_AT 200
#define BODY "an honest answer\n"

static struct {
    struct timer timer;
    uint32_t rounds, rounds_left;
    bool served; /* a site has been agreed on */
} self;

/* -- honest -- */

static void text(struct app_liar_request *request, uint16_t status, const char *body)
{
    struct app_answer_head head = {.status = status};
    uint32_t length = (uint32_t)strlen(body), at = liar_circle(request);
    liar_write(at, &head, sizeof(head));
    liar_write(at + sizeof(head), body, length);
    struct app_message message = liar_about(request, APP_ANSWER);
    message.offset = at;
    message.size = LIAR_CIRCLE;
    message.head = sizeof(head);
    message.produced = sizeof(head) + length;
    message.length = length;
    message.flags = APP_END;
    liar_put(&message);
    request->open = false;
}

/* All below /app/ is asked for here. */
static void say_site(void)
{
    static const char route[] = "/app/";
    struct {
        struct app_record record;
        struct app_site site;
        struct app_route route;
        char text[sizeof(route) - 1];
    } __attribute__((packed)) said = {
        .record = {.type = APP_SITE, .length = sizeof(said) - sizeof(said.record)},
        .site = {.port = 80, .routes = 1},
        .route = {.text_length = sizeof(said.text), .others = 3},
    };
    memcpy(said.text, route, sizeof(said.text));
    liar_record(&said, sizeof(said));
}

static void start_anew(void)
{
    timer_stop(&self.timer);
    liar_start_anew();
    say_site();
}

/* -- what a test says -- */

static uint32_t word(const uint8_t *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}

/* STEP_MESSAGE: the fields of this request are added to the numbers of slot, serial and offset, or not. */
static void put_message(const struct app_liar_request *request, const uint8_t *at)
{
    struct app_message message;
    memcpy(&message, at + 1, sizeof(message));
    message.slot += at[0] & LIAR_SLOT ? 0 : request->slot;
    message.serial += at[0] & LIAR_SERIAL ? 0 : request->serial;
    message.offset += at[0] & LIAR_OFFSET ? 0 : liar_circle(request);
    liar_put(&message);
}

static void on_deaf(void *context)
{
    start_anew();
    liar_flush();
}

/* One step; how many bytes of the script it has. */
static uint32_t step(struct app_liar_request *request, const uint8_t *at, uint32_t left)
{
    switch ((enum step)at[0]) {
    case STEP_WRITE: liar_write(liar_circle(request) + word(at + 1), at + 9, word(at + 5)); return 9 + word(at + 5);
    case STEP_MESSAGE: put_message(request, at + 1); return 2 + sizeof(struct app_message);
    case STEP_RECORD: liar_record(at + 5, word(at + 1)); return 5 + word(at + 1);
    case STEP_ANSWER_WHEN_DONE: liar_self.when_done = request; return 1;
    case STEP_HONEST: text(request, 200, BODY); return 1;
    case STEP_START_ANEW: start_anew(); return 1;
    case STEP_CONTROL:
        liar_self.control_produced += word(at + 1);
        liar_record(at, 0);
        return 5;
    case STEP_INDEX:
        liar_set_index(at[1], word(at + 2));
        timer_start(&self.timer, pd_now_ns() + DEAF_NS, on_deaf, NULL);
        return 6;
    case STEP_FLOOD: liar_flood(word(at + 1)); return 5;
    case STEP_NOISE: liar_spoil_the_share(word(at + 1)); return 5;
    case STEP_SAY: liar_flush(); return 1;
    }
    log_line("a step that there is not: %u", at[0]);
    return left;
}

static uint8_t digit(char c)
{
    return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static void run(struct app_liar_request *request, const char *hex, uint32_t length)
{
    static uint8_t script[LIAR_SCRIPT_MAX];
    uint32_t count = length / 2 < sizeof(script) ? length / 2 : sizeof(script);
    for (uint32_t i = 0; i < count; i++) {
        script[i] = (uint8_t)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
    }
    for (uint32_t at = 0; at < count;) {
        at += step(request, script + at, count - at);
    }
}

/* -- the front's words -- */

static bool begins(const char *target, uint32_t length, const char *with, const char **rest)
{
    uint32_t size = (uint32_t)strlen(with);
    *rest = target + size;
    return length >= size && memcmp(target, with, size) == 0;
}

static uint32_t number(const char *at, const char *end)
{
    uint32_t number = 0;
    for (; at < end && *at >= '0' && *at <= '9'; at++) {
        number = number * 10 + (uint32_t)(*at - '0');
    }
    return number;
}

static void on_round(void *context);

static void begun(struct app_liar_request *request, const char *target, uint32_t length)
{
    const char *rest, *end = target + length;
    if (begins(target, length, "/app/lie", &rest)) {
        liar_lie_about(request);
    } else if (self.rounds_left > 0) { /* an old message, by an index that has jumped, or nobody's business now */
        text(request, 200, BODY);
    } else if (begins(target, length, "/app/script/", &rest)) {
        run(request, rest, (uint32_t)(end - rest));
    } else if (begins(target, length, "/app/storm/", &rest)) {
        self.rounds = 0;
        self.rounds_left = number(rest, end);
        text(request, 200, BODY);
        timer_start(&self.timer, pd_now_ns() + ROUND_NS, on_round, NULL);
    } else if (begins(target, length, "/app/folders", &rest)) {
        liar_say_folders();
        text(request, 200, BODY);
    } else if (begins(target, length, "/app/honest", &rest)) {
        text(request, 200, BODY);
    } else {
        text(request, 404, "there is no such lie\n");
    }
}

static void put_number(char *to, uint32_t size, const char *name, uint64_t value)
{
    uint32_t at = (uint32_t)strlen(to);
    log_format(to + at, size - at, "%s %llu\n", name, (unsigned long long)value);
}

/* What was done, and what the front counts: for who has waited for it. */
static void done(const struct app_message *message)
{
    struct app_liar_request *request = liar_self.when_done;
    const struct app_counters *counts = app_config.in.base;
    static char body[512];
    if (!self.served) {
        self.served = true;
        log_line("serves /app/: %u", message->status);
    }
    if (request) {
        body[0] = '\0';
        put_number(body, sizeof(body), "status", message->status);
        put_number(body, sizeof(body), "which", message->produced);
        put_number(body, sizeof(body), "connections", counts->connections);
        put_number(body, sizeof(body), "app_requests", counts->app_requests);
        put_number(body, sizeof(body), "requests", counts->requests);
        put_number(body, sizeof(body), "nonsense", counts->nonsense);
        put_number(body, sizeof(body), "cache_memory", counts->cache_memory);
        text(request, 200, body);
        liar_self.when_done = NULL;
    }
}

static void on_message(const struct app_message *message)
{
    struct app_liar_request *request = message->slot < APP_SLOTS ? &liar_self.requests[message->slot] : NULL;
    if (message->type == APP_DONE) {
        done(message);
    } else if (message->type == APP_REQUEST && request) {
        struct app_request_head head;
        const uint8_t *at = region_at(&app_config.in, message->offset, message->head);
        *request = (struct app_liar_request){.slot = message->slot, .serial = message->serial, .open = true};
        if (at) {
            memcpy(&head, at, sizeof(head));
            begun(request, (const char *)at + sizeof(head) + head.method_length, head.target_length);
        }
    } else if (message->type == APP_GONE && request && request->open) {
        struct app_message failed = liar_about(request, APP_FAILED);
        failed.status = 500;
        liar_put(&failed);
        request->open = false;
    }
}

static void on_front(void *context)
{
    liar_receive(on_message);
    liar_flush();
}

/* -- the storm -- */

static void on_round(void *context)
{
    self.rounds++;
    if (--self.rounds_left == 0) {
        log_line("%u rounds of lies are over", self.rounds);
        start_anew();
    } else {
        if (self.rounds % SAID_AT == 0) {
            log_line("%u rounds", self.rounds);
        }
        liar_lie();
        liar_receive(on_message); /* the front may not know that it should tell */
        if (liar_noise() % 16 == 0) {
            start_anew();
        }
        timer_start(&self.timer, pd_now_ns() + ROUND_NS, on_round, NULL);
    }
    liar_flush();
}

void init(void)
{
    serial_client_init(&serial_client_config);
    log_to(serial_client_log_sink);
    timer_client_init(&timer_client_config);
    pd_on_channel(app_config.peer, on_front, NULL);
    start_anew();
    liar_flush();
    pd_flush();
}
