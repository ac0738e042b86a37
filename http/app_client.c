/* app_client.c: the application's end of http/app_proto.h.
 *   consumes  the front's messages  trusted for liveness; its numbers are checked all the same (app_link.c)
 *   produces  answers and records, in a share that the front only reads
 *   invariant a slot has one answer: a head, a body, an end; what comes after its end is dropped here
 *   when full a circle: app_client_put() takes less, changed() tells of room; app_client_record() says no
 */
#include "lib/pd.h"

#include <string.h>
#include "http/app_client.h"

static struct {
    const struct app_config *config;
    const struct app_client_handlers *handlers;
    struct app_pool pool;
} self;

static bool begin(struct app_slot *slot, const struct app_message *message)
{
    struct app_circle in;
    if (slot->used || slot->number == APP_CONTROL || !app_circle_open(&in, &self.config->in, message)) {
        return false;
    }
    app_link_take(slot, message->serial);
    slot->in = in;
    slot->flags = message->flags;
    self.handlers->begun(slot);
    return true;
}

static bool take_control(struct app_slot *slot, const struct app_message *message)
{
    if (message->type == APP_DONE) {
        self.handlers->done(message->status, message->produced);
        return true;
    }
    if (message->type == APP_MISSED) {
        if (self.handlers->missed) {
            self.handlers->missed();
        }
        return true;
    }
    bool good = message->type == APP_TAKEN && app_circle_given_back(&slot->out, message);
    if (good && self.handlers->room) {
        self.handlers->room();
    }
    return good;
}

static bool take_message(struct app_slot *slot, const struct app_message *message)
{
    bool good = false;
    if (slot->number == APP_CONTROL) {
        return take_control(slot, message);
    }
    switch (message->type) {
    case APP_REQUEST: return begin(slot, message);
    case APP_BODY:
        good = app_circle_follow(&slot->in, message);
        slot->waits = false;
        break;
    case APP_TAKEN: good = app_circle_given_back(&slot->out, message); break;
    case APP_GONE: self.handlers->gone(slot); return true;
    case APP_OVER:
        app_pool_give_back(&self.pool, slot);
        app_link_free(slot);
        self.handlers->over(slot);
        return true;
    default: break;
    }
    if (good) {
        self.handlers->changed(slot);
    }
    return good;
}

static void open_control(void)
{
    struct app_slot *control = app_link_slot(APP_CONTROL);
    self.pool = (struct app_pool){.start = APP_CONTROL_SIZE,
                                  .small = APP_ANSWER_SMALL,
                                  .large = APP_ANSWER_LARGE,
                                  .large_count = APP_ANSWER_LARGE_COUNT};
    app_link_take(control, 0);
    control->out = (struct app_circle){
        .at = self.config->out.base, .size = APP_CONTROL_SIZE, .length = APP_UNKNOWN, .open = true};
    app_link_owe(control, APP_ANSWER);
}

static void restarted(void)
{
    open_control();
    self.handlers->restarted();
}

void app_client_init(const struct app_config *config, const struct app_client_handlers *handlers)
{
    require(config->out.base && config->out.size >= APP_ANSWERS_BYTES, "app: out.size", config->out.size);
    self.config = config;
    self.handlers = handlers;
    app_link_init(config, take_message, restarted, NULL);
    open_control();
}

const uint8_t *app_client_bytes(const struct app_slot *slot, uint32_t *count)
{
    return app_circle_bytes(&slot->in, count);
}

void app_client_taken(struct app_slot *slot, uint32_t count)
{
    app_circle_take(&slot->in, count);
    app_link_owe(slot, APP_TAKEN);
}

void app_client_accept(struct app_slot *slot)
{
    if (slot->in.taken < slot->in.head) {
        app_client_taken(slot, slot->in.head - slot->in.taken);
    }
}

void app_client_wait(struct app_slot *slot)
{
    slot->waits = true;
    app_link_owe(slot, APP_TAKEN);
}

/* The last large circle is for heads that need it: bodies may keep theirs for ever. */
static bool has_large_for_body(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < self.pool.large_count; i++) {
        count += !self.pool.large_used[i];
    }
    return count > 1;
}

uint8_t *app_client_head(struct app_slot *slot, uint32_t head_bytes, bool body)
{
    return app_pool_take(&self.pool, slot, head_bytes, body && has_large_for_body()) ? slot->out.at : NULL;
}

void app_client_answer(struct app_slot *slot, uint32_t head_bytes, uint64_t length)
{
    slot->out.produced = slot->out.head = head_bytes;
    slot->out.length = length;
    slot->out.open = true;
    app_link_owe(slot, APP_ANSWER);
}

uint32_t app_client_put(struct app_slot *slot, const void *bytes, uint32_t count)
{
    uint32_t done = app_circle_write(&slot->out, bytes, count);
    if (done > 0) {
        app_link_owe(slot, APP_BODY);
    }
    return done;
}

void app_client_end(struct app_slot *slot)
{
    slot->out.ended = true;
    app_link_owe(slot, APP_BODY);
}

void app_client_fail(struct app_slot *slot, int status)
{
    slot->status = (uint16_t)status; /* out.ended would say that it is complete */
    app_link_owe(slot, APP_FAILED);
}

bool app_client_record(enum app_record_type type, const void *bytes, uint32_t count)
{
    struct app_slot *control = app_link_slot(APP_CONTROL);
    struct app_circle *out = &control->out;
    struct app_record record = {.type = type, .length = count};
    if (out->size - (out->produced - out->taken) < sizeof(record) + count) {
        return false;
    }
    app_circle_write(out, &record, sizeof(record));
    app_circle_write(out, bytes, count);
    app_link_owe(control, APP_BODY);
    return true;
}

const struct app_counters *app_client_counters(void)
{
    return self.config->in.base;
}
