/* handshake.c: the front's end of tls/proto.h.
 *   consumes  messages of PD tls, and its share    NOT trusted with more than the handshakes under way: all numbers are
 *             checked; what cannot be ends the handshake that it is of, and is counted. Secrets are copied before they
 *             are looked at
 *   produces  what clients send, in a share that only this PD can write: of each the bytes of one record at a time
 *   invariant a slot is one handshake's, or free; not taken again before tls was told TLS_OVER
 *   when full no slot: handshakes wait in order, and one whose client has been silent for SILENT_NS gives its slot up:
 *             else clients that say nothing would hold all of them. The ring: slots keep what they owe, and are served
 *             when tls has taken messages
 *   ends      each is lost HANDSHAKE_S after its begin, wherever it is. An event takes MESSAGES_MAX messages; the rest
 *             is taken at the next, which a timer brings at once
 */
#include "http/tls/handshake.h"

#include <string.h>

#include "lib/pd.h"
#include "timer/client.h"

#define S 1000000000ull
#define SILENT_NS S /* as of a client that is slow with its head (accept.c) */
#define MESSAGES_MAX TLS_SLOTS
_Static_assert(TLS_SLOTS == 64, "slots are the bits of 64");

struct handshake_counters handshake_counts;

struct slot {
    struct handshake *of; /* NULL: free, when nothing is owed */
    uint32_t serial;
    uint64_t since_ns;                /* that nothing has come of it */
    bool begun, owes, owes_over;      /* it was told of; its state, its end is to be told */
    uint8_t status;                   /* enum tls_status */
    uint32_t in_produced, in_taken;   /* of what the client sends: bytes given to tls, bytes that it has taken */
    uint32_t out_produced, out_taken; /* of what it is sent */
    uint8_t head[RECORD_HEAD], head_bytes;
    uint32_t record_left; /* bytes behind the head that have not come */
    bool whole;           /* the record was given: tls has to want another one first */
};

static struct {
    const struct tls_client_config *config;
    const struct handshake_handlers *handlers;
    struct ring to, from;
    struct slot slots[TLS_SLOTS];
    uint64_t owing; /* slots that owe tls something, */
    uint32_t next;  /* and which one is served next */
    uint32_t serial;
    struct list under_way, waiting;
    struct timer deadline, silence, rest;
    bool deadline_set, put;
    bool knows_time, owes_time, owes_chain, chain_asked;
    int64_t time_told;
    uint32_t chain, chain_bytes, chain_serial;
    uint32_t undated; /* chains whose dates are looked at later: bits */
} self;

static struct slot *slot_of(const struct handshake *h)
{
    return h->slot == HANDSHAKE_NONE ? NULL : &self.slots[h->slot];
}

static uint32_t number_of(const struct slot *slot)
{
    return (uint32_t)(slot - self.slots);
}

/* -- what tls is told -- */

static void owe(struct slot *slot)
{
    slot->owes = true;
    self.owing |= 1ull << number_of(slot);
}

static bool put(const struct tls_message *message)
{
    bool done = ring_put(&self.to, message);
    self.put |= done;
    return done;
}

/* False: the ring is full. */
static bool tell_slot(struct slot *slot)
{
    struct tls_message message = {.slot = (uint16_t)number_of(slot), .serial = slot->serial};
    if (slot->owes_over) {
        message.type = TLS_OVER;
        if (!put(&message)) {
            return false;
        }
        slot->owes_over = false;
    }
    if (slot->owes) {
        message.type = slot->begun ? TLS_STATE : TLS_BEGIN;
        message.produced = slot->in_produced;
        message.taken = slot->out_taken;
        if (!put(&message)) {
            return false;
        }
        slot->owes = false;
        slot->begun = true;
    }
    return true;
}

static int64_t time_of_day(void)
{
    return (int64_t)(pd_unix_time_ns() - pd_now_ns());
}

static bool tell_control(void)
{
    int64_t time = time_of_day();
    if (self.owes_time && !put(&(struct tls_message){.type = TLS_TIME, .slot = TLS_CONTROL, .time = time})) {
        return false;
    }
    if (self.owes_time) {
        self.knows_time = true;
        self.time_told = time;
    }
    self.owes_time = false;
    if (self.owes_chain && !put(&(struct tls_message){.type = TLS_CHAIN,
                                                      .slot = TLS_CONTROL,
                                                      .chain = (uint8_t)self.chain,
                                                      .serial = self.chain_serial,
                                                      .produced = self.chain_bytes})) {
        return false;
    }
    self.owes_chain = false;
    return true;
}

/* In turn, so that a full ring serves all. */
static bool tell_all(void)
{
    if (!tell_control()) {
        return false;
    }
    while (self.owing) {
        uint64_t later = self.owing >> self.next << self.next; /* from there on, else from the first */
        uint32_t number = (uint32_t)__builtin_ctzll(later ? later : self.owing);
        if (!tell_slot(&self.slots[number])) {
            return false;
        }
        self.owing &= ~(1ull << number);
        self.next = (number + 1) % TLS_SLOTS;
    }
    return true;
}

/* -- slots -- */

static struct slot *free_slot(void)
{
    for (uint32_t i = 0; i < TLS_SLOTS; i++) {
        if (!self.slots[i].of && !self.slots[i].owes_over) {
            return &self.slots[i];
        }
    }
    return NULL;
}

/* Tickets have times, certificates dates: before a handshake that may need them. */
void handshake_see_time(void)
{
    int64_t moved = time_of_day() - self.time_told;
    if (pd_unix_time_is_known() && (!self.knows_time || moved > (int64_t)S || moved < -(int64_t)S)) {
        self.owes_time = true;
    }
}

static void take_slot(struct handshake *h, struct slot *slot)
{
    handshake_see_time();
    *slot = (struct slot){.of = h, .serial = ++self.serial, .since_ns = pd_now_ns()};
    owe(slot);
    h->slot = (uint16_t)number_of(slot);
    handshake_counts.begun++;
}

/* Those that wait, as long as there are slots. */
static void serve_waiting(void)
{
    struct slot *slot;
    while (!list_is_empty(&self.waiting) && (slot = free_slot()) != NULL) {
        struct handshake *h = LIST_ITEM(struct handshake, waiting, list_take_first(&self.waiting));
        handshake_counts.waiting--;
        take_slot(h, slot);
        self.handlers->changed(h);
    }
}

static void lose(struct handshake *h, uint64_t *count)
{
    (*count)++;
    self.handlers->lost(h);
    handshake_end(h);
}

/* There is nothing to do for it, here or in tls. */
static bool waits_for_client(const struct slot *slot)
{
    return slot->of && (slot->out_taken != slot->out_produced ||
                        (slot->status == TLS_WANTS && slot->in_taken == slot->in_produced));
}

static struct slot *most_silent(void)
{
    struct slot *found = NULL;
    for (uint32_t i = 0; i < TLS_SLOTS; i++) {
        struct slot *slot = &self.slots[i];
        if (waits_for_client(slot) && (!found || slot->since_ns < found->since_ns)) {
            found = slot;
        }
    }
    return found;
}

/* What follows is done before the event's end. */
static void on_silence(void *context) {}

/* For each that waits, as long as there are some that are silent. */
static void end_silent(void)
{
    struct slot *slot;
    for (uint32_t wanted = handshake_counts.waiting; wanted > 0 && (slot = most_silent()) != NULL; wanted--) {
        uint64_t due_ns = slot->since_ns + SILENT_NS;
        if (due_ns > pd_now_ns()) {
            timer_start(&self.silence, due_ns, on_silence, NULL);
            return;
        }
        lose(slot->of, &handshake_counts.silent);
    }
}

/* What is told of an end makes a slot free. */
static bool tell_and_serve(void)
{
    bool all = tell_all();
    serve_waiting();
    return all && !self.owing;
}

/* Before the event's end. Each turn tells something, and what there is to tell ends. */
static void flush(void *context)
{
    if (!self.owing && !self.owes_time && !self.owes_chain && list_is_empty(&self.waiting)) {
        return; /* most events have nothing to do with handshakes */
    }
    serve_waiting();
    end_silent();
    while (!tell_and_serve() && !ring_arm_producer(&self.to)) {
    }
    if (self.put && ring_wake_consumer(&self.to)) {
        pd_notify_later(self.config->peer);
    }
    self.put = false;
}

/* -- time -- */

static void on_deadline(void *context)
{
    struct list_link *link;
    self.deadline_set = false;
    while ((link = list_first(&self.under_way)) != NULL) {
        struct handshake *h = LIST_ITEM(struct handshake, link, link);
        if (h->due_ns > pd_now_ns()) {
            self.deadline_set = true;
            timer_start(&self.deadline, h->due_ns, on_deadline, NULL);
            return;
        }
        lose(h, &handshake_counts.timed_out);
    }
}

void handshake_begin(struct handshake *h)
{
    *h = (struct handshake){.due_ns = pd_now_ns() + HANDSHAKE_S * S, .slot = HANDSHAKE_NONE};
    list_add_last(&self.under_way, &h->link);
    if (!self.deadline_set) {
        self.deadline_set = true;
        timer_start(&self.deadline, h->due_ns, on_deadline, NULL);
    }
}

/* Its client has begun to speak: whoever only connects takes no slot from others. */
static struct slot *ask_for_slot(struct handshake *h)
{
    struct slot *slot = list_is_empty(&self.waiting) ? free_slot() : NULL;
    if (slot) {
        take_slot(h, slot);
    } else if (!list_has(&h->waiting)) {
        list_add_last(&self.waiting, &h->waiting);
        handshake_counts.waiting++;
    }
    return slot;
}

/* What tls was never told of has no end either. */
void handshake_end(struct handshake *h)
{
    struct slot *slot = slot_of(h);
    handshake_counts.waiting -= list_has(&h->waiting);
    list_remove(&h->link);
    list_remove(&h->waiting);
    if (slot) {
        slot->of = NULL;
        slot->owes = false;
        slot->owes_over = slot->begun;
        self.owing = slot->begun ? self.owing | 1ull << number_of(slot) : self.owing & ~(1ull << number_of(slot));
    }
    h->slot = HANDSHAKE_NONE;
}

/* -- bytes -- */

/* The record's beginning says how long it is; whether it may be is for tls to say. */
static void frame(struct slot *slot, const uint8_t *bytes, uint32_t count)
{
    uint32_t room = RECORD_HEAD - slot->head_bytes, of_head = count < room ? count : room;
    memcpy(slot->head + slot->head_bytes, bytes, of_head);
    slot->head_bytes = (uint8_t)(slot->head_bytes + of_head);
    if (of_head > 0 && slot->head_bytes == RECORD_HEAD) {
        slot->record_left = (uint32_t)slot->head[3] << 8 | slot->head[4];
    }
    slot->record_left -= count - of_head;
    if (slot->head_bytes == RECORD_HEAD && slot->record_left == 0) {
        slot->whole = slot->head[0] != RECORD_CHANGE_CIPHER_SPEC;
        slot->head_bytes = 0;
    }
}

/* Of these bytes: the rest of the head, or what there may be behind it. */
static uint32_t next_part(const struct slot *slot, uint32_t count)
{
    uint32_t most = slot->head_bytes < RECORD_HEAD ? (uint32_t)(RECORD_HEAD - slot->head_bytes) : slot->record_left;
    uint32_t room = TLS_IN_BYTES - (slot->in_produced - slot->in_taken);
    most = most < room ? most : room;
    return most < count ? most : count;
}

static void put_bytes(const struct slot *slot, const uint8_t *bytes, uint32_t count)
{
    uint8_t *circle = (uint8_t *)self.config->out.base + number_of(slot) * TLS_IN_BYTES;
    uint32_t at = slot->in_produced % TLS_IN_BYTES, first = TLS_IN_BYTES - at;
    first = first < count ? first : count;
    memcpy(circle + at, bytes, first);
    memcpy(circle, bytes + first, count - first);
}

uint32_t handshake_give(struct handshake *h, const uint8_t *bytes, uint32_t count)
{
    struct slot *slot = h->slot == HANDSHAKE_NONE ? ask_for_slot(h) : slot_of(h);
    uint32_t done = 0, part;
    while (slot && !slot->whole && slot->status <= TLS_WANTS && (part = next_part(slot, count - done)) > 0) {
        put_bytes(slot, bytes + done, part);
        frame(slot, bytes + done, part);
        slot->in_produced += part;
        slot->since_ns = pd_now_ns();
        owe(slot);
        done += part;
    }
    return done;
}

const uint8_t *handshake_bytes(const struct handshake *h, uint32_t *count)
{
    const struct slot *slot = slot_of(h);
    *count = 0;
    if (!slot) {
        return NULL;
    }
    uint32_t at = slot->out_taken % TLS_OUT_BYTES, there = slot->out_produced - slot->out_taken;
    *count = there < TLS_OUT_BYTES - at ? there : TLS_OUT_BYTES - at;
    return (const uint8_t *)self.config->in.base + number_of(slot) * TLS_OUT_BYTES + at;
}

void handshake_sent(struct handshake *h, uint32_t count)
{
    struct slot *slot = slot_of(h);
    slot->out_taken += count;
    slot->since_ns = pd_now_ns();
    if (slot->status <= TLS_WANTS) { /* else it asks for no more room */
        owe(slot);
    }
}

enum tls_status handshake_status(const struct handshake *h)
{
    const struct slot *slot = slot_of(h);
    if (!slot || slot->out_taken != slot->out_produced ||
        (slot->status == TLS_WANTS && slot->in_taken != slot->in_produced)) {
        return TLS_WORKS;
    }
    return (enum tls_status)slot->status;
}

bool handshake_is_answered(const struct handshake *h)
{
    const struct slot *slot = slot_of(h);
    return slot && slot->out_taken > 0;
}

/* A name as hosts have it; it goes into heads that the application reads. */
static bool is_name(const struct tls_secrets *secrets)
{
    for (uint32_t i = 0; i < secrets->name_length; i++) {
        char c = secrets->name[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_')) {
            return false;
        }
    }
    return true;
}

bool handshake_secrets(const struct handshake *h, struct tls_secrets *secrets)
{
    const struct slot *slot = slot_of(h);
    uint64_t at = TLS_SECRETS_OFFSET + (uint64_t)h->slot * TLS_SECRETS_BYTES;
    if (!slot || slot->status != TLS_DONE || !region_copy(&self.config->in, at, sizeof(*secrets), secrets) ||
        secrets->secret_bytes > sizeof(secrets->client_secret) || !is_name(secrets)) {
        handshake_counts.nonsense++;
        return false;
    }
    handshake_counts.done++;
    handshake_counts.resumed += (secrets->flags & TLS_RESUMED) != 0;
    return true;
}

/* -- certificates -- */

bool handshake_chain(uint32_t chain, const void *pem, uint32_t bytes)
{
    if (self.chain_asked || bytes > TLS_CHAIN_MAX || chain >= TLS_CHAINS_MAX) {
        return false;
    }
    memcpy((uint8_t *)self.config->out.base + TLS_CHAIN_OFFSET, pem, bytes);
    self.chain = chain;
    self.chain_bytes = bytes;
    self.chain_serial++;
    self.chain_asked = self.owes_chain = true;
    return true;
}

/* -- what tls says -- */

/* Of the chain that was asked for, or once more of one whose dates were not known: each is a line on the console, so
 * nothing else is heard. */
static bool take_chain(const struct tls_message *message)
{
    if (message->chain >= TLS_CHAINS_MAX || message->status >= TLS_CHAIN_STATUSES) {
        return false;
    }
    uint32_t bit = 1u << message->chain;
    bool answer = self.chain_asked && message->serial == self.chain_serial && message->chain == self.chain;
    bool undated = message->status == TLS_CHAIN_OK_UNDATED;
    if (!answer && (undated || !(self.undated & bit))) {
        return false;
    }
    self.chain_asked = self.chain_asked && !answer;
    self.undated = undated ? self.undated | bit : self.undated & ~bit;
    self.handlers->answered(message->chain, (enum tls_chain_status)message->status, message->time);
    return true;
}

/* RFC 8446, 6.2 */
static void count_failure(uint8_t alert)
{
    handshake_counts.failed++;
    switch (alert) {
    case ALERT_PROTOCOL_VERSION: handshake_counts.old_version++; return;
    case ALERT_HANDSHAKE_FAILURE:
    case ALERT_NO_APPLICATION_PROTOCOL: handshake_counts.no_common++; return;
    case ALERT_INTERNAL_ERROR: handshake_counts.internal++; return;
    default: return;
    }
}

/* False: it cannot be, and nothing has changed. */
static bool take_state(struct slot *slot, const struct tls_message *message)
{
    uint32_t made = message->produced - slot->out_produced, taken = message->taken - slot->in_taken;
    if (slot->status > TLS_WANTS || message->status > TLS_FAILED || taken > slot->in_produced - slot->in_taken ||
        made > TLS_OUT_BYTES - (slot->out_produced - slot->out_taken)) {
        return false;
    }
    slot->out_produced += made;
    slot->in_taken += taken;
    slot->status = message->status;
    slot->since_ns = pd_now_ns();
    if (slot->status == TLS_WANTS && slot->whole && slot->in_taken == slot->in_produced) {
        slot->whole = false;
    }
    if (slot->status == TLS_FAILED) {
        count_failure(message->alert);
    }
    return true;
}

static void take_message(const struct tls_message *message)
{
    if (message->slot == TLS_CONTROL && message->type == TLS_CHAIN) {
        handshake_counts.nonsense += !take_chain(message);
        return;
    }
    if (message->slot >= TLS_SLOTS || message->type != TLS_STATE) {
        handshake_counts.nonsense++;
        return;
    }
    struct slot *slot = &self.slots[message->slot];
    struct handshake *h = slot->of;
    if (!h || slot->serial != message->serial) {
        handshake_counts.late++;
    } else if (take_state(slot, message)) {
        self.handlers->changed(h);
    } else {
        handshake_counts.nonsense++;
        lose(h, &handshake_counts.lost);
    }
}

/* All that it had begun is lost; what waits goes on with its next life. */
static void begin_anew(void)
{
    for (uint32_t i = 0; i < TLS_SLOTS; i++) {
        struct handshake *h = self.slots[i].of;
        if (h && self.slots[i].begun) {
            lose(h, &handshake_counts.lost);
        }
        self.slots[i].owes_over = false;
        self.owing &= self.slots[i].owes ? UINT64_MAX : ~(1ull << i);
    }
    self.knows_time = self.owes_time = false;
    handshake_see_time();
    self.owes_chain = self.chain_asked = false;
    self.chain_serial++;
    self.undated = 0;
}

static void see_restart(void)
{
    if (ring_pair_follow(&self.to, &self.from)) {
        begin_anew();
        pd_notify_later(self.config->peer);
        self.handlers->restarted();
    }
}

static void receive(void *context)
{
    struct tls_message message;
    uint32_t left = MESSAGES_MAX;
    see_restart();
    if (!ring_pair_agrees(&self.to, &self.from)) {
        return; /* it has begun another life meanwhile, and will say so */
    }
    while (ring_get_bounded(&self.from, &message, &left)) {
        take_message(&message);
    }
    if (left == 0 && !ring_arm_consumer(&self.from)) {
        timer_start(&self.rest, pd_now_ns(), receive, NULL);
    }
    if (left < MESSAGES_MAX && ring_wake_producer(&self.from)) {
        pd_notify_later(self.config->peer);
    }
}

void handshake_init(const struct tls_client_config *config, const struct handshake_handlers *handlers)
{
    require(config->out.base && config->out.size >= TLS_REQUESTS_BYTES, "tls: out.size", config->out.size);
    require(config->in.base && config->in.size >= TLS_ANSWERS_BYTES, "tls: in.size", config->in.size);
    self.config = config;
    self.handlers = handlers;
    self.serial = pd_generation() << 20;
    handshake_see_time();
    list_init(&self.under_way);
    list_init(&self.waiting);
    ring_attach_producer(&self.to, &config->to, sizeof(struct tls_message));
    ring_attach_consumer(&self.from, &config->from, sizeof(struct tls_message));
    pd_on_channel(config->peer, receive, NULL);
    pd_before_flush(flush, NULL);
    if (pd_generation() > 1) {
        pd_notify_later(config->peer); /* it lets us in */
    }
    receive(NULL);
}
