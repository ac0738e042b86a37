/* link.c: the end of PD tls of tls/proto.h.
 *   consumes  the front's messages    NOT trusted: a slot that is none, an old serial number, a count that cannot be
 *             changes nothing and is counted
 *   consumes  the client's bytes, in a share that the front may change at any time: each is copied once
 *   produces  each slot's state, in messages; bytes for the client, and secrets, in a share that the front only reads
 *   invariant a slot is in the list of those that owe exactly while `owing`; secrets lie in the share only while their
 *             slot is used
 *   when full the ring: slots keep what they owe, and are served in turn when the front has taken messages
 *   ends      an event takes MESSAGES_MAX messages, or up to a chain; the rest is taken at the next event, which a timer
 *             brings at once
 */
#include "tls/link.h"

#include <string.h>
#include "lib/pd.h"
#include "timer/client.h"

#define MESSAGES_MAX TLS_SLOTS /* in one event */

struct tls_link_counters tls_link_counts;

static struct {
    const struct tls_client_config *config;
    const struct tls_link_handlers *handlers;
    struct ring to, from;
    struct tls_slot slots[TLS_SLOTS];
    struct tls_slot *owing, **owing_end;
    struct tls_message chains[TLS_CHAINS_MAX]; /* answers that are owed: those that have a type */
    bool put;                                  /* messages that the front has not been woken for */
    uint32_t left;                             /* messages that this event may still take */
    struct timer rest;                         /* messages that an event did not come to */
} self;

/* -- circles, secrets -- */

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Up to the circle's end, then from its beginning. */
uint32_t tls_link_read(struct tls_slot *slot, void *to, uint32_t count)
{
    const char *circle = (const char *)self.config->in.base + slot->number * TLS_IN_BYTES;
    uint32_t at = slot->in_taken & (TLS_IN_BYTES - 1);

    count = smaller(count, slot->in_produced - slot->in_taken);
    uint32_t first = smaller(count, TLS_IN_BYTES - at);
    memcpy(to, circle + at, first);
    memcpy((char *)to + first, circle, count - first);
    slot->in_taken += count;
    return count;
}

uint32_t tls_link_write(struct tls_slot *slot, const void *from, uint32_t count)
{
    char *circle = (char *)self.config->out.base + slot->number * TLS_OUT_BYTES;
    uint32_t at = slot->out_produced & (TLS_OUT_BYTES - 1);

    count = smaller(count, TLS_OUT_BYTES - (slot->out_produced - slot->out_taken));
    uint32_t first = smaller(count, TLS_OUT_BYTES - at);
    memcpy(circle + at, from, first);
    memcpy(circle, (const char *)from + first, count - first);
    slot->out_produced += count;
    return count;
}

struct tls_secrets *tls_link_secrets(const struct tls_slot *slot)
{
    return (struct tls_secrets *)((char *)self.config->out.base + TLS_SECRETS_OFFSET +
                                  slot->number * TLS_SECRETS_BYTES);
}

bool tls_link_copy_chain(const struct tls_message *message, char to[TLS_CHAIN_MAX])
{
    return message->produced <= TLS_CHAIN_MAX && region_copy(&self.config->in, TLS_CHAIN_OFFSET, message->produced, to);
}

/* -- what is owed -- */

static bool put(const struct tls_message *message)
{
    bool done = ring_put(&self.to, message);

    self.put |= done;
    return done;
}

static bool tell(const struct tls_slot *slot)
{
    return put(&(struct tls_message){.type = TLS_STATE,
                                     .status = slot->status,
                                     .alert = slot->alert,
                                     .slot = slot->number,
                                     .serial = slot->serial,
                                     .produced = slot->out_produced,
                                     .taken = slot->in_taken});
}

static bool tell_chains(void)
{
    for (uint32_t i = 0; i < TLS_CHAINS_MAX; i++) {
        if (self.chains[i].type) {
            if (!put(&self.chains[i])) {
                return false;
            }
            self.chains[i].type = 0;
        }
    }
    return true;
}

/* Of a slot that is over nothing is owed. */
static bool tell_all(void)
{
    while (self.owing) {
        struct tls_slot *slot = self.owing;
        if (slot->used && !tell(slot)) {
            return false;
        }
        slot->owing = false;
        self.owing = slot->next_owing;
        if (!self.owing) {
            self.owing_end = &self.owing;
        }
    }
    return tell_chains();
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

void tls_link_tell(struct tls_slot *slot, enum tls_status status, uint8_t alert)
{
    slot->status = (uint8_t)status;
    slot->alert = alert;
    if (!slot->owing) {
        slot->owing = true;
        slot->next_owing = NULL;
        *self.owing_end = slot;
        self.owing_end = &slot->next_owing;
    }
}

void tls_link_tell_chain(uint8_t number, uint32_t serial, enum tls_chain_status status, int64_t not_after)
{
    self.chains[number] = (struct tls_message){.type = TLS_CHAIN,
                                               .status = (uint8_t)status,
                                               .chain = number,
                                               .slot = TLS_CONTROL,
                                               .serial = serial,
                                               .time = not_after};
}

/* -- the front's words -- */

static void end(struct tls_slot *slot)
{
    slot->used = false;
    self.handlers->over(slot);
    memset(tls_link_secrets(slot), 0, TLS_SECRETS_BYTES);
}

/* What is owed of its last use is not owed of this one. */
static bool begin(struct tls_slot *slot, const struct tls_message *message)
{
    if (slot->used || message->produced > TLS_IN_BYTES) {
        return false;
    }
    slot->used = true;
    slot->serial = message->serial;
    slot->status = TLS_WORKS;
    slot->alert = 0;
    slot->in_produced = message->produced;
    slot->in_taken = slot->out_produced = slot->out_taken = 0;
    self.handlers->begun(slot);
    return true;
}

static bool follow(struct tls_slot *slot, const struct tls_message *message)
{
    uint32_t more = message->produced - slot->in_produced, back = message->taken - slot->out_taken;

    if (more > TLS_IN_BYTES - (slot->in_produced - slot->in_taken) || back > slot->out_produced - slot->out_taken) {
        return false;
    }
    slot->in_produced += more;
    slot->out_taken += back;
    self.handlers->changed(slot);
    return true;
}

static bool take_control(const struct tls_message *message)
{
    if (message->type == TLS_TIME) {
        self.handlers->time(message->time);
        return true;
    }
    if (message->type != TLS_CHAIN || message->chain >= TLS_CHAINS_MAX) {
        return false;
    }
    self.handlers->chain(message);
    self.left = 0; /* it has cost as much as many */
    return true;
}

static bool take_of(struct tls_slot *slot, const struct tls_message *message)
{
    if (message->type == TLS_BEGIN) {
        return begin(slot, message);
    }
    if (!slot->used || slot->serial != message->serial) {
        tls_link_counts.late++;
        return true;
    }
    if (message->type == TLS_OVER) {
        end(slot);
        return true;
    }
    return message->type == TLS_STATE && follow(slot, message);
}

static void take(const struct tls_message *message)
{
    bool good = message->slot == TLS_CONTROL
                    ? take_control(message)
                    : message->slot < TLS_SLOTS && take_of(&self.slots[message->slot], message);
    tls_link_counts.nonsense += !good;
}

static void forget_all(void)
{
    for (uint32_t i = 0; i < TLS_SLOTS; i++) {
        if (self.slots[i].used) {
            end(&self.slots[i]);
        }
        self.slots[i].owing = false;
    }
    for (uint32_t i = 0; i < TLS_CHAINS_MAX; i++) {
        self.chains[i].type = 0;
    }
    self.owing = NULL;
    self.owing_end = &self.owing;
}

/* It waits for our word: the rings are closed until then. */
static void see_restart(void)
{
    if (ring_pair_follow(&self.to, &self.from)) {
        forget_all();
        pd_notify_later(self.config->peer);
    }
}

static void receive(void *context)
{
    struct tls_message message;
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

void tls_link_init(const struct tls_client_config *config, const struct tls_link_handlers *handlers)
{
    require(config->in.size >= TLS_REQUESTS_BYTES, "tls: in.size", config->in.size);
    require(config->out.size >= TLS_ANSWERS_BYTES, "tls: out.size", config->out.size);
    self.config = config;
    self.handlers = handlers;
    for (uint32_t i = 0; i < TLS_SLOTS; i++) {
        self.slots[i].number = (uint16_t)i;
    }
    forget_all();
    memset((char *)config->out.base + TLS_SECRETS_OFFSET, 0, TLS_ANSWERS_BYTES - TLS_SECRETS_OFFSET);
    ring_attach_producer(&self.to, &config->to, sizeof(struct tls_message));
    ring_attach_consumer(&self.from, &config->from, sizeof(struct tls_message));
    pd_on_channel(config->peer, receive, NULL);
    pd_before_flush(flush, NULL);
    if (pd_generation() > 1) {
        pd_notify_later(config->peer); /* it lets us in */
    }
    receive(NULL);
}
