/* fake_front.c: see fake_front.h. */
#include "fake_front.h"

#include <string.h>

#include "fake_microkit.h"
#include "http/app_client.h"
#include "python/config.h"
#include "python/port.h"

struct fake_site fake_site;
bool fake_front_silent, fake_front_reads = true;

static _Alignas(64) uint8_t to_app[RING_BYTES(APP_QUEUE_CAPACITY, 32)], from_app[RING_BYTES(APP_QUEUE_CAPACITY, 32)];
static _Alignas(64) uint8_t requests[APP_REQUESTS_BYTES], answers[APP_ANSWERS_BYTES];

static const struct app_config front_config = {
    .peer = FAKE_FRONT_CHANNEL,
    .to = {to_app, APP_QUEUE_CAPACITY},
    .from = {from_app, APP_QUEUE_CAPACITY},
    .out = {requests, sizeof(requests), 0},
    .in = {answers, sizeof(answers), 0},
};
const struct app_config fake_app_config = {
    .peer = FAKE_APP_CHANNEL,
    .to = {from_app, APP_QUEUE_CAPACITY},
    .from = {to_app, APP_QUEUE_CAPACITY},
    .out = {answers, sizeof(answers), 0},
    .in = {requests, sizeof(requests), 0},
};
const struct python_config python_config = {.site = &fake_app_config, .site_port = FAKE_FRONT_PORT};

static struct fake_client *clients[APP_SLOTS];

/* -- answers -- */

static const char *add(char *to, size_t room, const char *from, size_t count)
{
    size_t length = strlen(to);
    CHECK(length + count + 2 < room);
    memcpy(to + length, from, count);
    to[length + count] = 0;
    return from + count;
}

static void take_head(struct fake_client *client)
{
    const struct app_circle *in = &client->slot->in;
    struct app_answer_head head;
    struct app_field field;
    memcpy(&head, in->at, sizeof(head));
    const char *at = (const char *)in->at + sizeof(head), *end = (const char *)in->at + in->head;
    client->answered = true;
    client->status = head.status;
    client->length = in->length;
    snprintf(client->head, sizeof(client->head), "%d ", head.status);
    at = add(client->head, sizeof(client->head), at, head.reason_length);
    add(client->head, sizeof(client->head), "|", 1);
    at = add(client->head, sizeof(client->head), at, head.path_length);
    for (uint32_t i = 0; i < head.field_count; i++) {
        memcpy(&field, at, sizeof(field));
        add(client->head, sizeof(client->head), "|", 1);
        at = add(client->head, sizeof(client->head), at + sizeof(field), field.name_length);
        add(client->head, sizeof(client->head), ": ", 2);
        at = add(client->head, sizeof(client->head), at, field.value_length);
    }
    CHECK(at == end);
    app_front_taken(client->slot, in->head);
}

static uint32_t take_body(struct fake_client *client, uint32_t most)
{
    uint32_t done = 0;
    while (client->answered && done < most) {
        uint32_t count;
        const uint8_t *bytes = app_front_bytes(client->slot, &count);
        count = count < most - done ? count : most - done;
        if (count == 0) {
            break;
        }
        CHECK(client->read + count <= FAKE_BYTES);
        memcpy(client->body + client->read, bytes, count);
        client->read += count;
        done += count;
        app_front_taken(client->slot, count);
    }
    return done;
}

static void see_end(struct fake_client *client)
{
    const struct app_circle *in = &client->slot->in;
    client->failed = app_front_failed(client->slot, &client->failed_as);
    if (in->ended && (client->failed || in->produced == in->taken)) {
        clients[client->slot->number] = NULL;
        app_front_release(client->slot);
        client->slot = NULL;
        client->ended = true;
    }
}

static void changed(struct app_slot *slot)
{
    struct fake_client *client = clients[slot->number];
    CHECK(client && client->slot == slot);
    client->accepted = app_front_accepted(slot);
    if (slot->in.open && !client->answered) {
        take_head(client);
    }
    if (fake_front_reads) {
        take_body(client, UINT32_MAX);
    }
    see_end(client);
}

void fake_client_take(struct fake_client *client, uint32_t count)
{
    take_body(client, count);
    see_end(client);
    fake_front_pump();
}

/* -- requests -- */

static const char *put_slice(struct app_slot *slot, uint32_t *at, const char *from, const char *end)
{
    memcpy(slot->out.at + *at, from, (size_t)(end - from));
    *at += (uint32_t)(end - from);
    return end;
}

static uint32_t compose(struct app_slot *slot, const char *request)
{
    struct app_request_head head = {.peer = {10, 0, 2, 2}, .peer_bytes = 4, .peer_port = 40000};
    const char *space = strchr(request, ' '), *second = strchr(space + 1, ' ');
    uint32_t at = sizeof(head);
    head.method_length = (uint16_t)(put_slice(slot, &at, request, space) - request);
    head.target_length = (uint16_t)(put_slice(slot, &at, space + 1, second) - space - 1);
    head.minor = (uint8_t)(second[8] - '0');
    for (const char *line = strstr(request, "\r\n") + 2; memcmp(line, "\r\n", 2) != 0; head.field_count++) {
        const char *colon = strchr(line, ':'), *end = strstr(line, "\r\n");
        struct app_field field = {(uint16_t)(colon - line), (uint16_t)(end - colon - 2)};
        put_slice(slot, &at, (const char *)&field, (const char *)(&field + 1));
        put_slice(slot, &at, line, colon);
        put_slice(slot, &at, colon + 2, end);
        line = end + 2;
    }
    memcpy(slot->out.at, &head, sizeof(head));
    return at;
}

bool fake_client_begin(struct fake_client *client, const char *request, uint64_t length, uint8_t flags)
{
    struct app_slot *slot = app_front_take((uint32_t)strlen(request) + 64, length > 0);
    *client = (struct fake_client){.slot = slot};
    if (!slot) {
        return false;
    }
    clients[slot->number] = client;
    app_front_begin(slot, compose(slot, request), flags, length);
    fake_front_pump();
    return true;
}

uint32_t fake_client_send(struct fake_client *client, const char *more, uint32_t count, bool end)
{
    uint32_t done = 0, room;
    for (int part = 0; part < 2; part++) { /* behind what is there, and at the circle's beginning */
        uint8_t *at = app_front_room(client->slot, &room);
        room = room < count - done ? room : count - done;
        memcpy(at, more + done, room);
        app_front_produced(client->slot, room);
        done += room;
    }
    if (end && done == count) {
        app_front_end(client->slot);
    }
    fake_front_pump();
    return done;
}

void fake_client_leave(struct fake_client *client)
{
    app_front_gone(client->slot, 0);
    fake_front_pump();
}

bool fake_client_is_waited_for(const struct fake_client *client)
{
    return app_front_waits(client->slot);
}

/* -- records -- */

static const char *add_text(const char *at, size_t length, const char *behind)
{
    at = add(fake_site.text, sizeof(fake_site.text), at, length);
    add(fake_site.text, sizeof(fake_site.text), behind, strlen(behind));
    return at;
}

static void take_site(const char *at, const char *end)
{
    char flags[20];
    fake_site.told++;
    fake_site.text[0] = 0;
    memcpy(&fake_site.head, at, sizeof(fake_site.head));
    at += sizeof(fake_site.head);
    for (uint32_t i = 0; i < fake_site.head.mounts; i++) {
        struct app_mount mount;
        memcpy(&mount, at, sizeof(mount));
        at += sizeof(mount);
        for (uint32_t text = 0; text < APP_MOUNT_TEXTS; text++) {
            at = add_text(at, mount.lengths[text], " ");
        }
        snprintf(flags, sizeof(flags), "%u;", mount.flags);
        add_text(flags, strlen(flags), "");
    }
    for (uint32_t i = 0; i < fake_site.head.routes; i++) {
        struct app_route route;
        memcpy(&route, at, sizeof(route));
        at = add_text(at + sizeof(route), route.text_length, "");
        snprintf(flags, sizeof(flags), " %u %u;", route.exact, route.others);
        add_text(flags, strlen(flags), "");
    }
    CHECK(at == end);
    app_front_done(fake_site.refuse, fake_site.refuse_which);
    fake_site.refuse = APP_SITE_OK;
}

void fake_front_records(void)
{
    static char bytes[APP_RECORD_MAX];
    struct app_record record;
    while (app_front_record(&record, bytes)) {
        if (record.type == APP_SITE) {
            take_site(bytes, bytes + record.length);
        } else if (record.type == APP_COUNT) {
            struct app_counters counters = {.requests = ++fake_site.counts};
            app_front_counters(&counters);
            app_front_done(0, 0);
        } else {
            add(fake_site.changed, sizeof(fake_site.changed), bytes, record.length);
            add(fake_site.changed, sizeof(fake_site.changed), record.type == APP_CHANGED ? ";" : "/*;",
                record.type == APP_CHANGED ? 1 : 3);
        }
    }
}

static void control(void)
{
    if (!fake_front_silent) {
        fake_front_records();
    }
}

/* -- both -- */

static void restarted(void) {}

void fake_front_init(void)
{
    static const struct app_front_handlers handlers = {.changed = changed, .control = control, .restarted = restarted};
    app_front_init(&front_config, &handlers);
}

/* As if it had started anew: the rings say so, and it knows of no slot. They say so once more when all is as before: the
 * library here, which has not restarted, is let in again. */
void fake_front_restart(void)
{
    struct ring_shared *to = (struct ring_shared *)to_app, *from = (struct ring_shared *)from_app;
    for (uint32_t i = 0; i < APP_SLOTS; i++) {
        if (clients[i]) {
            app_front_release(clients[i]->slot);
            clients[i]->slot->owes = 0; /* it says nothing of it */
            clients[i] = NULL;
        }
    }
    app_link_take(app_link_slot(APP_CONTROL), 0);
    to->producer_generation++, from->consumer_generation++;
    fake_wake(FAKE_BIT(FAKE_APP_CHANNEL));
    to->producer_generation--, from->consumer_generation--;
    fake_wake(FAKE_BIT(FAKE_APP_CHANNEL));
    fake_front_pump();
}

void fake_front_pump(void)
{
    pd_flush();
    for (;;) {
        unsigned to_client = fake_notified(FAKE_FRONT_CHANNEL), to_front = fake_notified(FAKE_APP_CHANNEL);
        if (!to_client && !to_front) {
            return;
        }
        fake_wake((to_client ? FAKE_BIT(FAKE_APP_CHANNEL) : 0) | (to_front ? FAKE_BIT(FAKE_FRONT_CHANNEL) : 0));
    }
}

/* The worker waits: the other side has its turn. */
void port_wait(uint64_t deadline_ns)
{
    fake_front_pump();
}
