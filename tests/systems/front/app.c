/* app.c: an application of the native front, in C, without an interpreter. It claims /app/:
 *   /app/hello    five bytes
 *   /app/echo     the request's body, as it comes
 *   /app/fields   method, target and fields of the request, one a line
 *   /app/page     /index.html in its place
 *   /app/counters what the front counts: connections, requests with an application, accepted,
 *                 refused, timed out, evicted, broken, revalidations
 */
#include "lib/pd.h"

#include <stdio.h>
#include <string.h>

#include "http/app_client.h"
#include "timer/client.h"

static struct task {
    bool said, ended;
    bool counts, echoes; /* what it is about */
} tasks[APP_SLOTS];

static struct {
    bool counting;
} self;

/* -- answers -- */

static uint32_t put(uint8_t *to, uint32_t at, const void *bytes, size_t count)
{
    memcpy(to + at, bytes, count);
    return at + (uint32_t)count;
}

/* A field, and a path where it is not "". False: no room now, which cannot be for so little. */
static void say_head(struct app_slot *slot, uint64_t length, const char *path, const char *name, const char *value)
{
    struct app_answer_head head = {.status = 200, .path_length = (uint16_t)strlen(path), .field_count = 1};
    struct app_field field = {(uint16_t)strlen(name), (uint16_t)strlen(value)};
    uint8_t *to = app_client_head(slot, 200, length == APP_UNKNOWN);
    uint32_t at = put(to, 0, &head, sizeof(head));
    at = put(to, at, path, strlen(path));
    at = put(to, at, &field, sizeof(field));
    at = put(to, at, name, strlen(name));
    at = put(to, at, value, strlen(value));
    app_client_answer(slot, at, length);
}

static void end(struct app_slot *slot)
{
    tasks[slot->number].ended = true;
    app_client_end(slot);
}

static void say(struct app_slot *slot, const char *text)
{
    say_head(slot, strlen(text), "", "Content-Type", "text/plain");
    app_client_put(slot, text, (uint32_t)strlen(text));
    end(slot);
}

static void echo(struct app_slot *slot)
{
    uint32_t count;
    for (;;) {
        const uint8_t *bytes = app_client_bytes(slot, &count);
        uint32_t done = app_client_put(slot, bytes, count);
        if (done == 0) {
            break;
        }
        app_client_taken(slot, done);
    }
    if (count > 0) {
        return; /* no room */
    }
    if (slot->in.ended) {
        end(slot);
    } else {
        app_client_wait(slot);
    }
}

static uint32_t put_line(char *text, uint32_t at, const char *bytes, uint32_t count)
{
    return at + (uint32_t)sprintf(text + at, "%.*s\n", (int)count, bytes);
}

static void say_fields(struct app_slot *slot, const struct app_request_head *head)
{
    static char text[APP_HEAD_MAX];
    const char *at = (const char *)slot->in.at + sizeof(*head);
    uint32_t length = put_line(text, 0, at, head->method_length);
    at += head->method_length;
    length = put_line(text, length, at, head->target_length);
    at += head->target_length;
    for (uint32_t i = 0; i < head->field_count && length < 2000; i++) {
        struct app_field field;
        memcpy(&field, at, sizeof(field));
        at += sizeof(field);
        length += (uint32_t)sprintf(text + length, "%.*s: %.*s\n", field.name_length, at, field.value_length,
                                    at + field.name_length);
        at += field.name_length + field.value_length;
    }
    say(slot, text);
}

static void count_up(void)
{
    if (!self.counting) {
        self.counting = app_client_record(APP_COUNT, NULL, 0);
    }
}

/* The front's are those before this. */
static void say_counters(void)
{
    char text[200];
    const struct app_counters *c = app_client_counters();
    snprintf(text, sizeof(text), "%u %u %llu %llu %llu %llu %llu %llu\n", (unsigned)c->connections,
             (unsigned)c->app_requests, (unsigned long long)c->accepted, (unsigned long long)c->refused,
             (unsigned long long)c->timed_out, (unsigned long long)c->evicted, (unsigned long long)c->broken,
             (unsigned long long)c->cache_revalidations);
    for (uint32_t i = 0; i < APP_SLOTS; i++) {
        if (tasks[i].counts) {
            tasks[i].counts = false;
            say(app_link_slot(i), text);
        }
    }
}

/* -- what the front says -- */

static bool asks(const struct app_slot *slot, const struct app_request_head *head, const char *path)
{
    const uint8_t *target = slot->in.at + sizeof(*head) + head->method_length;
    return head->target_length == strlen(path) && memcmp(target, path, strlen(path)) == 0;
}

static void begun(struct app_slot *slot)
{
    struct task *task = &tasks[slot->number];
    struct app_request_head head;
    *task = (struct task){.ended = false};
    memcpy(&head, slot->in.at, sizeof(head));
    if (asks(slot, &head, "/app/echo")) {
        task->echoes = true;
        app_client_accept(slot);
        say_head(slot, APP_UNKNOWN, "", "Content-Type", "application/octet-stream");
        echo(slot);
    } else if (asks(slot, &head, "/app/counters")) {
        task->counts = true;
        count_up();
    } else if (asks(slot, &head, "/app/fields")) {
        say_fields(slot, &head);
    } else if (asks(slot, &head, "/app/page")) {
        say_head(slot, 0, "/index.html", "X-Mine", "yes");
        end(slot);
    } else {
        say(slot, "Hello");
    }
}

static void changed(struct app_slot *slot)
{
    struct task *task = &tasks[slot->number];
    if (task->echoes && !task->ended) {
        echo(slot);
    }
}

static void gone(struct app_slot *slot)
{
    struct task *task = &tasks[slot->number];
    task->counts = false;
    if (!task->ended) {
        task->ended = true;
        app_client_fail(slot, 500);
    }
}

static void over(struct app_slot *slot)
{
    tasks[slot->number] = (struct task){.ended = true};
}

static void done(int status, uint32_t which)
{
    if (self.counting) {
        self.counting = false;
        say_counters();
    } else {
        require(status == APP_SITE_OK, "app: site", status);
    }
}

/* -- its start -- */

static void say_site(void)
{
    static const char claim[] = "/app/";
    struct app_site site = {.routes = 1};
    struct app_route route = {.text_length = sizeof(claim) - 1, .others = 3};
    uint8_t record[sizeof(site) + sizeof(route) + sizeof(claim)];
    uint32_t at = put(record, 0, &site, sizeof(site));
    at = put(record, at, &route, sizeof(route));
    at = put(record, at, claim, sizeof(claim) - 1);
    require(app_client_record(APP_SITE, record, at), "app: record", at);
}

static void restarted(void)
{
    memset(tasks, 0, sizeof(tasks));
    self.counting = false;
    say_site();
}

void init(void)
{
    static const struct app_client_handlers handlers = {begun, changed, gone, over, done, restarted, NULL, NULL};
    timer_client_init(&timer_client_config);
    app_client_init(&app_config, &handlers);
    say_site();
    pd_flush();
}
