/* app_link.c: one end of http/app_proto.h.
 *   consumes  the peer's messages    NOT trusted: a slot that is none, an old serial number, a count that cannot be
 *             changes nothing and is counted
 *   produces  messages about our slots
 *   invariant a slot is in the list of those that owe exactly while `owing`
 *   when full the ring: slots keep what they owe, and are served in turn when the peer has taken messages. A slot owes
 *             each kind of message once, so an honest peer's ring never stays full
 *   ends      an event takes MESSAGES_MAX messages, or up to one that the handler calls enough; the rest is taken at the
 *             next event, which a timer brings at once: others of this program have their turn between the two
 */
#include "lib/pd.h"

#include <string.h>
#include "http/app_link.h"
#include "timer/client.h"

#define MESSAGES_MAX 64 /* in one event */

struct app_link_counters app_link_counts;

static struct {
    const struct app_config *config;
    app_handler handler;
    void (*restarted)(void), (*freed)(void);
    struct ring to, from;
    struct app_slot slots[APP_SLOTS + 1];
    struct app_slot *owing, **owing_end;
    bool put;          /* messages that the peer has not been woken for */
    uint32_t left;     /* messages that this event may still take */
    struct timer rest; /* messages that an event did not come to */
} self;

struct app_slot *app_link_slot(uint32_t number)
{
    return number <= APP_CONTROL ? &self.slots[number] : NULL;
}

/* -- circles -- */

uint8_t *app_circle_room(const struct app_circle *circle, uint32_t *count)
{
    uint32_t room = circle->size - (circle->produced - circle->taken), at = circle->produced & (circle->size - 1);
    *count = room < circle->size - at ? room : circle->size - at;
    return circle->at + at;
}

void app_circle_produce(struct app_circle *circle, uint32_t count)
{
    circle->produced += count;
}

/* Once behind `produced`, once more at the beginning. */
uint32_t app_circle_write(struct app_circle *circle, const void *bytes, uint32_t count)
{
    uint32_t done = 0, room;
    for (int part = 0; part < 2 && done < count; part++) {
        uint8_t *at = app_circle_room(circle, &room);
        room = room < count - done ? room : count - done;
        memcpy(at, (const uint8_t *)bytes + done, room);
        app_circle_produce(circle, room);
        done += room;
    }
    return done;
}

const uint8_t *app_circle_bytes(const struct app_circle *circle, uint32_t *count)
{
    uint32_t at = circle->taken & (circle->size - 1), there = circle->produced - circle->taken;
    *count = there < circle->size - at ? there : circle->size - at;
    return circle->at + at;
}

void app_circle_take(struct app_circle *circle, uint32_t count)
{
    circle->taken += count;
}

bool app_circle_open(struct app_circle *circle, const struct region *region, const struct app_message *message)
{
    uint8_t *at = region_at(region, message->offset, message->size);
    if (!at || message->size == 0 || (message->size & (message->size - 1)) || message->head > message->produced ||
        message->produced > message->size || message->head > APP_HEAD_MAX) {
        return false;
    }
    *circle = (struct app_circle){.at = at,
                                  .offset = message->offset,
                                  .size = message->size,
                                  .produced = message->produced,
                                  .head = message->head,
                                  .length = message->length,
                                  .open = true,
                                  .ended = message->flags & APP_END};
    return true;
}

bool app_circle_follow(struct app_circle *circle, const struct app_message *message)
{
    uint32_t more = message->produced - circle->produced;
    if (!circle->open || more > circle->size - (circle->produced - circle->taken) || (circle->ended && more > 0)) {
        return false;
    }
    circle->produced += more;
    circle->ended |= (message->flags & APP_END) != 0;
    return true;
}

bool app_circle_given_back(struct app_circle *circle, const struct app_message *message)
{
    uint32_t more = message->produced - circle->taken;
    if (!circle->open || more > circle->produced - circle->taken) {
        return false;
    }
    circle->taken += more;
    return true;
}

/* -- where they lie -- */

static bool take_large(struct app_pool *pool, struct app_slot *slot)
{
    for (uint32_t i = 0; i < pool->large_count; i++) {
        if (!pool->large_used[i]) {
            pool->large_used[i] = true;
            pool->large_of[slot->number] = (uint8_t)(i + 1);
            slot->out.offset = pool->start + APP_SLOTS * pool->small + i * pool->large;
            slot->out.size = pool->large;
            return true;
        }
    }
    return false;
}

bool app_pool_take(struct app_pool *pool, struct app_slot *slot, uint32_t least, bool large)
{
    if (pool->large_of[slot->number]) {
        return least <= pool->large;
    }
    if (least > pool->large || (!((large || least > pool->small) && take_large(pool, slot)) && least > pool->small)) {
        return false;
    }
    if (!pool->large_of[slot->number]) {
        slot->out.offset = pool->start + slot->number * pool->small;
        slot->out.size = pool->small;
    }
    slot->out.at = (uint8_t *)self.config->out.base + slot->out.offset;
    return true;
}

void app_pool_give_back(struct app_pool *pool, const struct app_slot *slot)
{
    uint8_t *large = &pool->large_of[slot->number];
    if (*large) {
        pool->large_used[*large - 1] = false;
        *large = 0;
    }
}

/* -- what is owed -- */

static void fill(struct app_message *message, const struct app_slot *slot)
{
    const struct app_circle *out = &slot->out;
    switch ((enum app_message_type)message->type) {
    case APP_REQUEST:
    case APP_ANSWER:
        message->offset = out->offset;
        message->size = out->size;
        message->head = (uint16_t)out->head;
        message->length = out->length;
        message->flags = message->type == APP_REQUEST ? slot->flags : 0;
        /* fall through */
    case APP_BODY:
        message->produced = out->produced;
        message->flags |= out->ended ? APP_END : 0;
        return;
    case APP_TAKEN:
        message->produced = slot->in.taken;
        message->flags = slot->waits ? APP_WAITS : 0;
        return;
    case APP_DONE: message->produced = out->produced; /* fall through */
    case APP_GONE:
    case APP_FAILED: message->status = slot->status; return;
    case APP_OVER:
    case APP_MISSED:
    case APP_MESSAGE_TYPES: return;
    }
}

/* What opens a circle contains its BODY, and an answer that is complete says that its request was taken. False: the ring
 * is full. */
static bool tell(struct app_slot *slot)
{
    static const uint8_t order[] = {APP_REQUEST, APP_TAKEN, APP_ANSWER, APP_BODY,  APP_FAILED,
                                    APP_GONE,    APP_DONE,  APP_OVER,   APP_MISSED};
    if (slot->owes & 1u << APP_ANSWER && slot->out.ended) {
        slot->owes &= (uint16_t) ~(1u << APP_TAKEN);
    }
    for (uint32_t i = 0; slot->owes && i < sizeof(order); i++) {
        if (slot->owes & 1u << order[i]) {
            struct app_message message = {.type = order[i], .slot = slot->number, .serial = slot->serial};
            fill(&message, slot);
            if (!ring_put(&self.to, &message)) {
                return false;
            }
            self.put = true;
            slot->owes &= (uint16_t) ~(1u << order[i]);
            if (order[i] == APP_REQUEST || order[i] == APP_ANSWER) {
                slot->owes &= (uint16_t) ~(1u << APP_BODY);
            }
        }
    }
    return true;
}

static bool tell_all(void)
{
    while (self.owing) {
        struct app_slot *slot = self.owing;
        if (!tell(slot)) {
            return false;
        }
        slot->owing = false;
        self.owing = slot->next_owing;
        if (!self.owing) {
            self.owing_end = &self.owing;
        }
        if (!slot->used && self.freed) {
            self.freed();
        }
    }
    return true;
}

/* Before the event's end. Each turn puts something, and what is owed ends. */
static void flush(void *context)
{
    while (!tell_all() && !ring_arm_producer(&self.to)) {
    }
    if (self.put && ring_wake_consumer(&self.to)) {
        pd_notify_later(self.config->peer);
    }
    self.put = false;
}

void app_link_owe(struct app_slot *slot, enum app_message_type type)
{
    slot->owes |= (uint16_t)(1u << type);
    if (!slot->owing) {
        slot->owing = true;
        slot->next_owing = NULL;
        *self.owing_end = slot;
        self.owing_end = &slot->next_owing;
    }
}

/* -- the peer's words -- */

static void forget_all(void)
{
    for (uint32_t i = 0; i <= APP_CONTROL; i++) {
        self.slots[i] = (struct app_slot){.number = (uint16_t)i, .serial = self.slots[i].serial};
    }
    self.owing = NULL;
    self.owing_end = &self.owing;
}

void app_link_take(struct app_slot *slot, uint32_t serial)
{
    slot->serial = serial;
    slot->status = 0;
    slot->flags = 0;
    slot->used = true;
    slot->out = slot->in = (struct app_circle){.open = false};
}

void app_link_free(struct app_slot *slot)
{
    slot->used = false;
}

static void take(const struct app_message *message)
{
    struct app_slot *slot = app_link_slot(message->slot);
    if (!slot) {
        app_link_counts.nonsense++;
    } else if (message->type != APP_REQUEST && (!slot->used || slot->serial != message->serial)) {
        app_link_counts.late++;
    } else if (!self.handler(slot, message)) {
        app_link_counts.nonsense++;
    }
}

/* It waits for our word: the rings are closed until then. */
static void see_restart(void)
{
    if (ring_pair_follow(&self.to, &self.from)) {
        forget_all();
        pd_notify_later(self.config->peer);
        self.restarted();
    }
}

void app_link_enough(void)
{
    self.left = 0;
}

static void receive(void *context)
{
    struct app_message message;
    bool any = false;
    self.left = MESSAGES_MAX;
    see_restart();
    if (!ring_pair_agrees(&self.to, &self.from)) {
        return; /* it has begun another life meanwhile, and will say so */
    }
    while (ring_get_bounded(&self.from, &message, &self.left)) {
        any = true;
        take(&message);
    }
    if (self.left == 0 && !ring_arm_consumer(&self.from)) {
        timer_start(&self.rest, pd_now_ns(), receive, NULL);
    }
    if (any && ring_wake_producer(&self.from)) {
        pd_notify_later(self.config->peer);
    }
}

void app_link_init(const struct app_config *config, app_handler handler, void (*restarted)(void), void (*freed)(void))
{
    self.config = config;
    self.handler = handler;
    self.restarted = restarted;
    self.freed = freed;
    ring_attach_producer(&self.to, &config->to, sizeof(struct app_message));
    ring_attach_consumer(&self.from, &config->from, sizeof(struct app_message));
    forget_all();
    pd_on_channel(config->peer, receive, NULL);
    pd_before_flush(flush, NULL);
    if (pd_generation() > 1) {
        pd_notify_later(config->peer); /* it lets us in */
    }
    receive(NULL);
}
