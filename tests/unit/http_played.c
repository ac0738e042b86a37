/* tests/unit/http_played.c: an application that the tests play, at the other end of the front's rings: http_front.h says
 * what it answers. */
#include "http_front.h"

#include <stdlib.h>
#include <string.h>

#include "fake_microkit.h"
#include "http/app_client.h"
#include "http/app_front.h"
#include "http/front/server.h"

void client_restart(void);                               /* http_app_client.c */
bool client_link_say(const struct app_message *message); /* http_app_client_link.c */

enum { FRONT = 0, CLIENT = 1 }; /* channels: who notifies on its own wakes the other */

#define INPUT_MAX 20000
#define LARGE (APP_HEAD_MAX + 1)

static _Alignas(64) uint8_t to_app[RING_BYTES(APP_QUEUE_CAPACITY, 32)], from_app[RING_BYTES(APP_QUEUE_CAPACITY, 32)];
static _Alignas(64) uint8_t requests[APP_REQUESTS_BYTES], answers[APP_ANSWERS_BYTES];

const struct app_config played_front = {
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

struct task {
    struct app_slot *slot; /* NULL: free */
    bool gone, waits, all_read, said, ended, fails;
    int fails_as;
    char method[20], target[HTTP_HEAD_MAX + 1], fields[HTTP_HEAD_MAX + 1];
    char *input; /* of the body, INPUT_MAX bytes */
    uint32_t input_length;
    uint8_t head[2 * LARGE]; /* of the answer */
    uint32_t head_length;
    uint64_t length;
    uint8_t *output;
    uint32_t output_length, written;
};

bool app_absent, app_is_slow, app_has_the_rest;
uint32_t app_count, app_misses, app_broken, app_drops, app_site_status, app_site_which, app_dones;
uint64_t app_streamed;
const void *app_text = "";
char app_server[300];
uint32_t app_text_length;
static bool released, restarts;
static struct task tasks[APP_SLOTS];

/* -- what it says -- */

static void put(struct task *task, const void *bytes, uint32_t count)
{
    memcpy(task->head + task->head_length, bytes, count);
    task->head_length += count;
}

static void begin_head(struct task *task, int status, const char *reason, const char *path)
{
    struct app_answer_head head = {(uint16_t)status, (uint16_t)strlen(reason), (uint16_t)strlen(path), 0};
    task->head_length = 0;
    put(task, &head, sizeof(head));
    put(task, reason, (uint32_t)strlen(reason));
    put(task, path, (uint32_t)strlen(path));
}

static void add_field(struct task *task, const char *name, uint32_t name_length, const char *value, uint32_t length)
{
    struct app_field field = {(uint16_t)name_length, (uint16_t)length};
    put(task, &field, sizeof(field));
    put(task, name, name_length);
    put(task, value, length);
    ((struct app_answer_head *)task->head)->field_count++;
}

static void add(struct task *task, const char *name, const char *value)
{
    add_field(task, name, (uint32_t)strlen(name), value, (uint32_t)strlen(value));
}

static void add_body(struct task *task, const void *body, uint32_t length)
{
    free(task->output);
    task->output = malloc(length + 1);
    memcpy(task->output, body, length);
    task->output_length = length;
}

static void say(struct task *task, int status, uint64_t length, const char *body)
{
    begin_head(task, status, "", "");
    task->length = length;
    add_body(task, body, (uint32_t)strlen(body));
}

static void say_sized(struct task *task, uint64_t length, uint32_t size)
{
    begin_head(task, 200, "OK", "");
    add(task, "X-App", "yes");
    task->length = length;
    task->output = malloc(size + 1);
    task->output_length = size;
    for (uint32_t i = 0; i < size; i++) {
        task->output[i] = site_byte(size, i);
    }
}

static void say_file(struct task *task, int status, const char *reason, const char *path)
{
    begin_head(task, status, reason, path);
    task->length = 0;
}

/* Heads that no client may see, and some that are only odd. */
#define FIELD(name, value) name, sizeof(name) - 1, value, sizeof(value) - 1
static const struct {
    const char *path;
    int status;
    const char *reason, *name;
    uint32_t name_length;
    const char *value;
    uint32_t value_length;
    uint64_t length;
} raws[] = {
    {"cr", 200, "", FIELD("X-A", "a\rX-B: b"), 0},
    {"crlf", 200, "", FIELD("X-A", "a\r\nX-B: b"), 0},
    {"lf-at-the-end", 200, "", FIELD("X-A", "a\n"), 0},
    {"nul", 200, "", FIELD("X-A", "a\0b"), 0},
    {"escape", 200, "", FIELD("X-A", "\x1b[2J"), 0},
    {"delete", 200, "", FIELD("X-A", "\x7f"), 0},
    {"reason", 200, "O\rK", FIELD("X-A", "a"), 0},
    {"name", 200, "", FIELD("X A", "a"), 0},
    {"name-nul", 200, "", FIELD("X\0A", "a"), 0},
    {"name-lf", 200, "", FIELD("X-A\n", "a"), 0},
    {"name-colon", 200, "", FIELD("X-A:", "a"), 0},
    {"no-name", 200, "", FIELD("", "a"), 0},
    {"0", 0, "", FIELD("X-A", "a"), 0},
    {"99", 99, "", FIELD("X-A", "a"), 0},
    {"100", 100, "", FIELD("X-A", "a"), 0},
    {"101", 101, "", FIELD("X-A", "a"), 0},
    {"103", 103, "", FIELD("X-A", "a"), 0},
    {"199", 199, "", FIELD("X-A", "a"), 0},
    {"600", 600, "", FIELD("X-A", "a"), 0},
    {"204", 204, "N/A", FIELD("Content-Type", "text/plain"), 4},
    {"304", 304, "N/A", FIELD("Content-Encoding", "gzip"), 4},
    {"205", 205, "N/A", FIELD("Content-Type", "text/plain"), 4},
    {"huge", 200, "", FIELD("X-A", "a"), INT64_MAX},
    {"599", 599, "", FIELD("X-A", "a"), 0},
};

static bool say_raw(struct task *task, const char *name)
{
    static const char *const ours[] = {"Connection",     "Keep-Alive", "Transfer-Encoding", "Trailer",
                                       "Upgrade",        "TE",         "Proxy-Connection",  "Content-Length",
                                       "content-length", NULL};
    for (size_t i = 0; i < sizeof(raws) / sizeof(raws[0]); i++) {
        if (strcmp(name, raws[i].path) == 0) {
            say(task, raws[i].status, raws[i].length, raws[i].length ? "body" : "");
            begin_head(task, raws[i].status, raws[i].reason, "");
            add(task, "X-1", "1");
            add_field(task, raws[i].name, raws[i].name_length, raws[i].value, raws[i].value_length);
            return true;
        }
    }
    if (strcmp(name, "fine") == 0) {
        say(task, 200, 0, "");
        begin_head(task, 200, "\xc3\xbc\t!", "");
        add(task, "X-A", "\xff \x80\t\"");
        add(task, "X-B", "");
        add(task, "X-C", " \tblanks ");
    } else if (strcmp(name, "ours") == 0) {
        say(task, 200, 2, "ok");
        for (int i = 0; ours[i]; i++) {
            add(task, ours[i], "77");
        }
        add(task, "X-A", "a");
        add(task, "Server", "mine");
        add(task, "Date", "now");
    } else if (strcmp(name, "cut") == 0) { /* lengths that lead behind its end */
        say(task, 200, 0, "");
        add(task, "X-A", "a");
        task->head_length--;
    } else if (strcmp(name, "cut-lengths") == 0) {
        say(task, 200, 0, "");
        ((struct app_answer_head *)task->head)->field_count = 1;
    } else if (strcmp(name, "cut-reason") == 0) {
        say(task, 200, 0, "");
        ((struct app_answer_head *)task->head)->reason_length = 1;
    } else if (strcmp(name, "cut-path") == 0) {
        say(task, 200, 0, "");
        ((struct app_answer_head *)task->head)->path_length = 0xffff;
    } else if (strcmp(name, "path") == 0) {
        say_file(task, 200, "", "/f/1\r\nX: y");
    } else if (strcmp(name, "many") == 0 || strcmp(name, "most") == 0) {
        say(task, 200, 0, "");
        for (int i = 0; i < APP_FIELDS_MAX + (name[1] == 'a'); i++) {
            add(task, "a", "");
        }
    } else if (strcmp(name, "short") == 0) {
        say(task, 200, 0, "");
        task->head_length = sizeof(struct app_answer_head) - 1;
    } else if (strcmp(name, "empty") == 0) {
        say(task, 200, 0, "");
        task->head_length = 0;
    } else {
        return false;
    }
    return true;
}

static bool asked(const struct task *task, const char *path)
{
    return strncmp(task->target, path, strlen(path)) == 0;
}

static void say_large_head(struct task *task, uint32_t size)
{
    static char value[2 * LARGE];
    say(task, 204, 0, "");
    uint32_t least = task->head_length + 7;
    size = size < least ? least : size < sizeof(value) ? size : sizeof(value);
    memset(value, 'a', size);
    add_field(task, "X-A", 3, value, size - least);
}

static void say_text(struct task *task)
{
    task->head_length = app_text_length < LARGE ? app_text_length : LARGE;
    memcpy(task->head, app_text, task->head_length);
    task->length = task->head_length % 3 ? APP_UNKNOWN : task->head_length;
    add_body(task, app_text, app_text_length);
}

static void make_fails(struct task *task)
{
    bool part = asked(task, "/app/fails/chunk"), len = asked(task, "/app/fails/len");
    task->fails = true;
    if (part || len || asked(task, "/app/fails/whole")) {
        say(task, 200, part ? APP_UNKNOWN : 5, part ? "this is not all" : len ? "1234" : "12345");
    }
    task->fails_as = asked(task, "/app/fails/503") ? 503 : 500;
}

static void make_answer(struct task *task)
{
    const char *number = strrchr(task->target, '/') + 1;
    uint32_t size = (uint32_t)strtoul(number, NULL, 10);
    char path[80];
    sprintf(path, "/f/%u?q", size);
    if (asked(task, "/app/len/") || asked(task, "/app/unended/")) {
        say_sized(task, size, size);
    } else if (asked(task, "/app/chunk/") || asked(task, "/app/none/")) {
        say_sized(task, APP_UNKNOWN, size);
    } else if (asked(task, "/app/x/")) {
        say_file(task, 200, "", path);
        add(task, "Content-Type", "a/b");
        add(task, "X-Mine", "yes");
        add(task, "Cache-Control", "private");
    } else if (asked(task, "/app/order/")) {
        say_file(task, 200, "", task->target + strlen("/app/order"));
    } else if (asked(task, "/app/asked/")) {
        say_file(task, 200, "", task->target + strlen("/app/asked"));
        add(task, "X-Accel-For", "client");
    } else if (asked(task, "/app/type/")) {
        say_file(task, 200, "", path);
        add(task, "X-Accel-Content-Type", "a/b; c=\"d\"");
        add(task, "Content-Type", "text/html");
        add(task, "Server", "no");
    } else if (asked(task, "/app/404/")) {
        say_file(task, 404, "Really", path);
    } else if (asked(task, "/app/fields/")) { /* with the longest head */
        static char value[LARGE];
        memset(value, 'v', sizeof(value));
        say_file(task, 200, "", path);
        for (int i = 0; i < APP_FIELDS_MAX - 1; i++) {
            add(task, "X", "");
        }
        add_field(task, "X-A", 3, value, APP_HEAD_MAX - task->head_length - 7);
    } else if (asked(task, "/app/short")) {
        say(task, 200, 10, "12345");
    } else if (asked(task, "/app/long")) {
        say(task, 200, 5, "1234567890");
    } else if (asked(task, "/app/nonsense")) {
        say(task, 200, 0, "");
        task->head_length = 0;
        put(task, "Traceback (most recent call last):\r\n\r\n", 38);
    } else if (asked(task, "/app/head/")) {
        say_large_head(task, size);
    } else if (asked(task, "/app/drip")) {
        char text[101];
        sprintf(text, "%0100d", 0);
        say(task, 200, APP_UNKNOWN, text);
        if (asked(task, "/app/drip/events")) {
            add(task, "Content-Type", "text/event-stream");
        }
    } else if (asked(task, "/app/lazy")) {
        say(task, 200, 4, "lazy");
    } else if (asked(task, "/app/eager")) {
        say(task, 200, APP_UNKNOWN, "eager");
    } else if (asked(task, "/app/fat") || asked(task, "/app/hold/fat")) {
        static char fat[8001];
        memset(fat, '0', sizeof(fat) - 1);
        say(task, 200, 3, "fat");
        add(task, "X-Fat", fat);
    } else if (asked(task, "/app/early") || asked(task, "/app/fails/")) {
        make_fails(task);
    } else if (asked(task, "/app/raw/") && say_raw(task, number)) {
        CHECK(task->output || task->length == 0);
    } else if (asked(task, "/app/text")) {
        say_text(task);
    } else if (asked(task, "/app/upgrade") || asked(task, "/app/ws")) {
        say(task, 101, APP_UNKNOWN, "");
        add(task, "Connection", "upgrade");
        add(task, "Upgrade", "echo");
        add_body(task, task->input, task->input_length);
    } else if (asked(task, "/app/stream")) {
        say(task, 200, APP_UNKNOWN, "");
    } else if (asked(task, "/app/fields")) {
        say(task, 200, APP_UNKNOWN, task->fields);
    } else {
        say(task, 200, task->input_length, "");
        add_body(task, task->input, task->input_length);
    }
}

/* -- what it does -- */

static void read_head(struct task *task)
{
    const uint8_t *at = task->slot->in.at;
    struct app_request_head head;
    memcpy(&head, at, sizeof(head));
    uint32_t address = CLIENT_ADDRESS;
    CHECK(head.peer_port == CLIENT_PORT && head.peer_bytes == 4 && memcmp(head.peer, &address, 4) == 0);
    at += sizeof(head);
    snprintf(task->method, sizeof(task->method), "%.*s", head.method_length, at);
    at += head.method_length;
    snprintf(task->target, sizeof(task->target), "%.*s", head.target_length, at);
    at += head.target_length;
    char *to = task->fields;
    for (uint32_t i = 0; i < head.field_count; i++) {
        struct app_field field;
        memcpy(&field, at, sizeof(field));
        at += sizeof(field);
        to += sprintf(to, "%.*s=%.*s;", field.name_length, at, field.value_length, at + field.name_length);
        at += field.name_length + field.value_length;
    }
    snprintf(app_server, sizeof(app_server), "%s://%.*s", head.flags & APP_SECURED ? "https" : "http",
             head.server_length, at);
    at += head.server_length;
    CHECK_EQUAL(at - task->slot->in.at, task->slot->in.head);
}

static void read_on(struct task *task)
{
    uint32_t count, most = lwip_noise() % 4 ? 4096 : 1 + lwip_noise() % 7;
    const uint8_t *bytes = app_client_bytes(task->slot, &count);
    count = count < most ? count : most;
    CHECK(task->input_length + count < INPUT_MAX);
    memcpy(task->input + task->input_length, bytes, count);
    task->input_length += count;
    app_client_taken(task->slot, count);
    const struct app_circle *in = &task->slot->in;
    task->all_read = in->ended && in->taken == in->produced;
    if (!task->all_read && in->taken == in->produced && !task->waits) {
        task->waits = true;
        app_client_wait(task->slot);
    }
}

static bool say_head(struct task *task)
{
    uint8_t *at = app_client_head(task->slot, task->head_length, lwip_noise() % 2);
    if (!at) {
        return false;
    }
    memcpy(at, task->head, task->head_length);
    app_client_answer(task->slot, task->head_length, task->length);
    task->said = true;
    return true;
}

/* Its body goes out as it comes. */
static bool stream(struct task *task)
{
    uint32_t count;
    struct app_slot *slot = task->slot;
    for (;;) {
        const uint8_t *bytes = app_client_bytes(slot, &count);
        uint32_t done = app_client_put(slot, bytes, count);
        if (done == 0) {
            break;
        }
        app_client_taken(slot, done);
        app_streamed += done;
    }
    if (!slot->in.ended && count == 0 && !task->waits) {
        task->waits = true;
        app_client_wait(slot);
    }
    return slot->in.ended && slot->in.taken == slot->in.produced;
}

static void drip(struct task *task)
{
    if (app_drops != ALL_DROPS) {
        if (app_drops > 0) {
            app_drops--;
            CHECK_EQUAL(app_client_put(task->slot, task->output, 1), 1);
        }
        return;
    }
    task->ended = true;
    app_client_end(task->slot);
}

static void end(struct task *task)
{
    task->ended = true;
    if (task->fails) {
        app_client_fail(task->slot, task->fails_as);
    } else if (!task->said) {
        app_client_fail(task->slot, 500);
    } else {
        app_client_end(task->slot);
    }
}

static void write_on(struct task *task)
{
    while (task->written < task->output_length) {
        uint32_t left = task->output_length - task->written, most = 1 + lwip_noise() % (lwip_noise() % 2 ? 100 : 30000);
        most = left < most ? left : most;
        uint32_t count = app_client_put(task->slot, task->output + task->written, most);
        task->written += count;
        if (count < most || lwip_noise() % 8 == 0) {
            return;
        }
    }
    bool reads_on = asked(task, "/app/ws") || asked(task, "/app/eager");
    if (reads_on && !task->all_read) {
        read_on(task);
        return;
    }
    if (!asked(task, "/app/unended/") && (!asked(task, "/app/stream") || stream(task))) {
        end(task);
    }
}

static void run(struct task *task)
{
    if (!task->slot || task->ended || app_is_slow) {
        return;
    }
    if (task->gone) {
        end(task);
        return;
    }
    bool at_once = asked(task, "/app/ws") || asked(task, "/app/eager") || asked(task, "/app/lazy") ||
                   asked(task, "/app/stream");
    if (!at_once && !task->all_read) {
        read_on(task);
        return;
    }
    if (task->head_length == 0 && !task->fails) {
        if (asked(task, "/app/hold") && !released) {
            return;
        }
        make_answer(task);
    }
    if (!task->said && (task->head_length > 0 || !task->fails) && !say_head(task)) {
        return;
    }
    if (asked(task, "/app/drip")) {
        drip(task);
    } else {
        write_on(task);
    }
}

static void forget(struct task *task)
{
    app_count -= task->slot != NULL;
    free(task->input);
    free(task->output);
    *task = (struct task){.slot = NULL};
}

/* -- what it hears -- */

static void begun(struct app_slot *slot)
{
    struct task *task = &tasks[slot->number];
    CHECK(!task->slot);
    *task = (struct task){.slot = slot, .input = calloc(1, INPUT_MAX)};
    app_count++;
    read_head(task);
    if (!app_is_slow) {
        app_client_accept(slot);
    }
    if (app_absent) {
        task->ended = true;
        app_client_fail(slot, 503);
    }
}

static void changed(struct app_slot *slot)
{
    tasks[slot->number].waits = false;
}

static void gone(struct app_slot *slot)
{
    struct task *task = &tasks[slot->number];
    CHECK(task->slot && !task->gone);
    task->gone = true;
    app_broken++;
}

static void over(struct app_slot *slot)
{
    CHECK(tasks[slot->number].slot);
    forget(&tasks[slot->number]);
}

static void done(int status, uint32_t which)
{
    app_site_status = (uint32_t)status;
    app_site_which = which;
    app_dones++;
}

static void front_restarted(void)
{
    CHECK(!"the front has restarted");
}

/* -- for the tests -- */

void app_run(void)
{
    for (int i = 0; i < APP_SLOTS; i++) {
        run(&tasks[i]);
    }
}

void app_release(void)
{
    released = true;
}

void app_hold(void)
{
    released = false;
}

void app_exchange(void)
{
    pd_flush();
    for (;;) {
        unsigned to_client = fake_notified(FRONT), to_front = fake_notified(CLIENT);
        if (!to_client && !to_front) {
            return;
        }
        fake_wake((to_client && !restarts ? FAKE_BIT(CLIENT) : 0) | (to_front ? FAKE_BIT(FRONT) : 0));
    }
}

bool app_record(enum app_record_type type, const void *bytes, uint32_t length)
{
    bool taken = app_client_record(type, bytes, length);
    app_exchange();
    return taken;
}

/* All that begins with /app/ is its own. */
void app_say_site(void)
{
    struct app_site site = {.routes = 1, .not_found = app_has_the_rest};
    struct app_route route = {.text_length = 5, .others = 3};
    uint8_t bytes[sizeof(site) + sizeof(route) + 5];
    memcpy(bytes, &site, sizeof(site));
    memcpy(bytes + sizeof(site), &route, sizeof(route));
    memcpy(bytes + sizeof(site) + sizeof(route), "/app/", 5);
    CHECK(app_record(APP_SITE, bytes, sizeof(bytes)));
    CHECK_EQUAL(app_site_status, APP_SITE_OK);
}

void app_dies(void)
{
    restarts = true;
    for (int i = 0; i < APP_SLOTS; i++) {
        forget(&tasks[i]);
    }
}

void app_starts_anew(void)
{
    static uint32_t generation = 1;
    fake_set_generation(++generation);
    restarts = false;
    client_restart();
    app_exchange();
}

void app_lives_again(void)
{
    app_starts_anew();
    app_say_site();
}

void app_wake_front(void)
{
    fake_wake(FAKE_BIT(FRONT));
}

void app_say(const struct app_message *message)
{
    CHECK(client_link_say(message));
    app_wake_front();
    app_exchange();
}

const struct app_counters *app_counted(void)
{
    return app_client_counters();
}

struct app_slot *app_slot_of(const char *target)
{
    for (int i = 0; i < APP_SLOTS; i++) {
        if (tasks[i].slot && strcmp(tasks[i].target, target) == 0) {
            return tasks[i].slot;
        }
    }
    return NULL;
}

static void missed(void)
{
    app_misses++;
}

void app_begin(void)
{
    static const struct app_client_handlers handlers = {begun, changed,         gone, over,
                                                        done,  front_restarted, NULL, missed};
    app_client_init(&client_config, &handlers);
    app_say_site();
}
