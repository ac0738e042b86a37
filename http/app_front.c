/* app_front.c: the front's end of http/app_proto.h.
 *   consumes  the application's messages   NOT trusted (app_link.c); a share that it writes at any time: what is read
 *             there is bytes for a client, or copied before it is looked at
 *   produces  requests, in a share that only this PD can write
 *   invariant a slot is taken until its answer has ended and app_front_release() was called, and not taken again before
 *             the application was told so
 *   refuses   of a request that is not answered yet a message that cannot be is its end: it has failed (500)
 *   when full no slot, no large circle: app_front_take() says so, and the request waits; freed() tells of one. Of the
 *             large circles LARGE_FOR_HEADS are not for bodies. A circle: app_front_room() has less; changed() tells
 *             of more
 */
#include "lib/pd.h"

#include <string.h>
#include "http/app_front.h"

#define LARGE_FOR_HEADS 3
#define MISSED_NS 250000000ull /* between two words of it */

static struct {
    const struct app_config *config;
    const struct app_front_handlers *handlers;
    uint32_t serial;
    uint64_t missed_ns;        /* when that was told */
    uint8_t failed[APP_SLOTS]; /* 0, or 50x's x + 1 */
    bool accepted[APP_SLOTS];
    bool mute; /* a record cannot be: no more is read until the application starts anew */
    struct app_pool pool;
} self;

static bool take_control(struct app_slot *slot, const struct app_message *message)
{
    bool good = false;
    if (message->type == APP_ANSWER && !slot->in.open) {
        good = app_circle_open(&slot->in, &self.config->in, message) && slot->in.size > APP_RECORD_MAX &&
               slot->in.size / 2 <= APP_RECORD_MAX;
        slot->in.open = good;
    } else if (message->type == APP_BODY) {
        good = app_circle_follow(&slot->in, message);
    }
    if (good) {
        self.handlers->control();
        app_link_enough();
    }
    return good;
}

static bool take_taken(struct app_slot *slot, const struct app_message *message)
{
    if (!app_circle_given_back(&slot->out, message)) {
        return false;
    }
    self.accepted[slot->number] |= slot->out.taken >= slot->out.head;
    slot->waits = message->flags & APP_WAITS && slot->out.taken == slot->out.produced && !slot->out.ended;
    return true;
}

static void fail(struct app_slot *slot, int status)
{
    self.failed[slot->number] = status == 503 ? 4 : 1;
    slot->in.ended = true;
}

static bool take_message(struct app_slot *slot, const struct app_message *message)
{
    bool good = false, open = !slot->in.ended;
    if (message->type == APP_REQUEST && !(slot->used && slot->serial == message->serial)) {
        return false; /* of no request: the link does not look at the number of one that begins */
    }
    if (slot->number == APP_CONTROL) {
        return take_control(slot, message);
    }
    switch (message->type) {
    case APP_ANSWER: good = !slot->in.open && open && app_circle_open(&slot->in, &self.config->in, message); break;
    case APP_BODY: good = app_circle_follow(&slot->in, message); break;
    case APP_TAKEN: good = take_taken(slot, message); break;
    case APP_FAILED:
        good = open;
        if (good) {
            fail(slot, message->status);
        }
        break;
    default: break;
    }
    if (!good && open) {
        fail(slot, 500);
    }
    if (good || open) {
        self.handlers->changed(slot);
    }
    return good;
}

static void begin_anew(void)
{
    self.mute = false;
    self.pool = (struct app_pool){
        .start = APP_COUNTERS_BYTES, .small = APP_SMALL, .large = APP_LARGE, .large_count = APP_LARGE_COUNT};
}

static void restarted(void)
{
    begin_anew();
    app_link_take(app_link_slot(APP_CONTROL), 0);
    self.handlers->restarted();
}

void app_front_init(const struct app_config *config, const struct app_front_handlers *handlers)
{
    require(config->out.base && config->out.size >= APP_REQUESTS_BYTES, "http: app.out.size", config->out.size);
    self.config = config;
    self.handlers = handlers;
    self.serial = pd_generation() << 20;
    begin_anew();
    app_link_init(config, take_message, restarted, handlers->freed);
    app_link_take(app_link_slot(APP_CONTROL), 0);
}

static struct app_slot *free_slot(void)
{
    for (uint32_t i = 0; i < APP_SLOTS; i++) {
        struct app_slot *slot = app_link_slot(i);
        if (!slot->used && !slot->owing) {
            return slot;
        }
    }
    return NULL;
}

static uint32_t free_large(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < APP_LARGE_COUNT; i++) {
        count += !self.pool.large_used[i];
    }
    return count;
}

bool app_front_has_room(bool large)
{
    return free_slot() && (!large || free_large() > 0);
}

struct app_slot *app_front_take(uint32_t head_bytes, bool body)
{
    struct app_slot *slot = free_slot();
    if (!slot || head_bytes > APP_HEAD_MAX) {
        return NULL;
    }
    app_link_take(slot, ++self.serial);
    self.failed[slot->number] = 0;
    self.accepted[slot->number] = false;
    if (!app_pool_take(&self.pool, slot, head_bytes, body && free_large() > LARGE_FOR_HEADS)) {
        app_link_free(slot);
        return NULL;
    }
    return slot;
}

void app_front_begin(struct app_slot *slot, uint32_t head_bytes, uint8_t flags, uint64_t length)
{
    slot->out.produced = slot->out.head = head_bytes;
    slot->out.length = length;
    slot->out.open = true;
    slot->out.ended = length == 0;
    slot->flags = flags;
    app_link_owe(slot, APP_REQUEST);
}

uint8_t *app_front_room(const struct app_slot *slot, uint32_t *count)
{
    return app_circle_room(&slot->out, count);
}

void app_front_produced(struct app_slot *slot, uint32_t count)
{
    app_circle_produce(&slot->out, count);
    slot->waits = false;
    app_link_owe(slot, APP_BODY);
}

void app_front_end(struct app_slot *slot)
{
    slot->out.ended = true;
    slot->waits = false;
    app_link_owe(slot, APP_BODY);
}

const uint8_t *app_front_bytes(const struct app_slot *slot, uint32_t *count)
{
    return app_circle_bytes(&slot->in, count);
}

/* Half a circle's bytes, or all that there are, are worth a message; of what is complete none is. */
void app_front_taken(struct app_slot *slot, uint32_t count)
{
    struct app_circle *in = &slot->in;
    app_circle_take(in, count);
    if (!in->ended && (in->taken == in->produced || in->taken - in->told >= in->size / 2)) {
        in->told = in->taken;
        app_link_owe(slot, APP_TAKEN);
    }
}

bool app_front_failed(const struct app_slot *slot, int *status)
{
    *status = 499 + self.failed[slot->number];
    return self.failed[slot->number] != 0;
}

void app_front_gone(struct app_slot *slot, int status)
{
    slot->status = (uint16_t)status;
    app_link_owe(slot, APP_GONE);
}

void app_front_release(struct app_slot *slot)
{
    app_pool_give_back(&self.pool, slot);
    slot->owes = 0;
    app_link_owe(slot, APP_OVER);
    app_link_free(slot);
}

bool app_front_accepted(const struct app_slot *slot)
{
    return self.accepted[slot->number] || slot->in.open;
}

bool app_front_waits(const struct app_slot *slot)
{
    return slot->waits;
}

/* -- records -- */

static void copy_out(const struct app_circle *circle, uint32_t skipped, void *to, uint32_t count)
{
    uint32_t at = (circle->taken + skipped) & (circle->size - 1);
    uint32_t first = count < circle->size - at ? count : circle->size - at;
    memcpy(to, circle->at + at, first);
    memcpy((uint8_t *)to + first, circle->at, count - first);
}

bool app_front_record(struct app_record *record, void *bytes)
{
    struct app_slot *control = app_link_slot(APP_CONTROL);
    struct app_circle *in = &control->in;
    uint32_t there = in->produced - in->taken;
    if (self.mute || there < sizeof(*record)) {
        return false;
    }
    copy_out(in, 0, record, sizeof(*record));
    if (record->length > APP_RECORD_MAX) {
        self.mute = true;
        app_link_counts.nonsense++;
        return false;
    }
    if (there < sizeof(*record) + record->length) {
        return false;
    }
    copy_out(in, sizeof(*record), bytes, record->length);
    app_front_taken(control, sizeof(*record) + record->length);
    return true;
}

void app_front_missed(void)
{
    uint64_t now = self.config ? pd_now_ns() : 0;
    if (self.config && now - self.missed_ns >= MISSED_NS) {
        self.missed_ns = now;
        app_link_owe(app_link_slot(APP_CONTROL), APP_MISSED);
    }
}

bool app_front_may_ask(void)
{
    return !(app_link_slot(APP_CONTROL)->owes & 1u << APP_DONE);
}

void app_front_done(int status, uint32_t which)
{
    struct app_slot *control = app_link_slot(APP_CONTROL);
    control->status = (uint16_t)status;
    control->out.produced = which;
    app_link_owe(control, APP_DONE);
}

void app_front_counters(const struct app_counters *counters)
{
    memcpy(self.config->out.base, counters, sizeof(*counters));
}
