/* handshake.c: a handshake's bytes, between its client and PD tls.
 *   consumes  messages of PD tls, and its share    NOT trusted with more than the handshakes under way: all numbers are
 *             checked; what cannot be ends the handshake that it is of, and is counted. Secrets are copied before they
 *             are looked at
 *   produces  what clients send, in a share that only this PD can write: of each the bytes of one record at a time
 *   invariant bytes behind a record are not given before tls has done with it: what follows the handshake never is
 *   when full its circle in the share: what the client sends stays with the transport
 */
#include "http/tls/handshake.h"

#include <string.h>

#include "http/tls/slots.h"
#include "http/tls/tls_control.h"
#include "http/tls/tls_peer.h"
#include "lib/pd.h"

struct handshake_counters handshake_counts;

static struct {
    const struct tls_client_config *config;
    const struct handshake_handlers *handlers;
} self;

void handshake_begin(struct handshake *h)
{
    slots_begin(h);
}

void handshake_end(struct handshake *h)
{
    slots_end(h);
}

/* -- what the client sends -- */

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
    uint8_t *circle = (uint8_t *)self.config->out.base + slots_number(slot) * TLS_IN_BYTES;
    uint32_t at = slot->in_produced % TLS_IN_BYTES, first = TLS_IN_BYTES - at;
    first = first < count ? first : count;
    memcpy(circle + at, bytes, first);
    memcpy(circle, bytes + first, count - first);
}

uint32_t handshake_give(struct handshake *h, const uint8_t *bytes, uint32_t count)
{
    struct slot *slot = h->slot == HANDSHAKE_NONE ? slots_ask(h) : slots_of(h);
    uint32_t done = 0, part;
    while (slot && !slot->whole && slot->status <= TLS_WANTS && (part = next_part(slot, count - done)) > 0) {
        put_bytes(slot, bytes + done, part);
        frame(slot, bytes + done, part);
        slot->in_produced += part;
        slot->since_ns = pd_now_ns();
        slots_owe(slot);
        done += part;
    }
    return done;
}

/* -- what it is sent -- */

const uint8_t *handshake_bytes(const struct handshake *h, uint32_t *count)
{
    const struct slot *slot = slots_of(h);
    *count = 0;
    if (!slot) {
        return NULL;
    }
    uint32_t at = slot->out_taken % TLS_OUT_BYTES, there = slot->out_produced - slot->out_taken;
    *count = there < TLS_OUT_BYTES - at ? there : TLS_OUT_BYTES - at;
    return (const uint8_t *)self.config->in.base + slots_number(slot) * TLS_OUT_BYTES + at;
}

void handshake_sent(struct handshake *h, uint32_t count)
{
    struct slot *slot = slots_of(h);
    slot->out_taken += count;
    slot->since_ns = pd_now_ns();
    if (slot->status <= TLS_WANTS) { /* else it asks for no more room */
        slots_owe(slot);
    }
}

enum tls_status handshake_status(const struct handshake *h)
{
    const struct slot *slot = slots_of(h);
    if (!slot || slot->out_taken != slot->out_produced ||
        (slot->status == TLS_WANTS && slot->in_taken != slot->in_produced)) {
        return TLS_WORKS;
    }
    return (enum tls_status)slot->status;
}

bool handshake_is_answered(const struct handshake *h)
{
    const struct slot *slot = slots_of(h);
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
    const struct slot *slot = slots_of(h);
    uint64_t at = TLS_SECRETS_OFFSET + (uint64_t)h->slot * TLS_SECRETS_BYTES;
    if (!slot || slot->status != TLS_DONE || !region_copy(&self.config->in, at, sizeof(*secrets), secrets) ||
        secrets->name_length > TLS_NAME_MAX || !is_name(secrets)) {
        handshake_counts.nonsense++;
        return false;
    }
    handshake_counts.done++;
    handshake_counts.resumed += (secrets->flags & TLS_RESUMED) != 0;
    return true;
}

/* -- what tls says -- */

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
    if (message->slot == TLS_CONTROL) {
        handshake_counts.nonsense += !tls_control_take(message);
        return;
    }
    if (message->slot >= TLS_SLOTS || message->type != TLS_STATE) {
        handshake_counts.nonsense++;
        return;
    }
    struct slot *slot = slots_at(message->slot);
    struct handshake *h = slot->of;
    if (!h || slot->serial != message->serial) {
        handshake_counts.late++;
    } else if (take_state(slot, message)) {
        self.handlers->changed(h);
    } else {
        handshake_counts.nonsense++;
        slots_lose(h, &handshake_counts.lost);
    }
}

static void begin_anew(void)
{
    slots_forget();
    tls_control_forget();
    self.handlers->restarted();
}

/* -- what it is told -- */

/* What is told of an end makes a slot free. */
static bool tell_and_serve(void)
{
    bool all = tls_control_tell() && slots_tell();
    slots_serve();
    return all && !slots_owe_any();
}

/* Before the event's end. Each turn tells something, and what there is to tell ends. */
static void flush(void *context)
{
    if (!slots_owe_any() && !tls_control_owes() && !slots_are_awaited()) {
        return; /* most events have nothing to do with handshakes */
    }
    slots_serve();
    slots_end_silent();
    while (!tell_and_serve() && !tls_peer_await_room()) {
    }
    tls_peer_wake();
}

void handshake_init(const struct tls_client_config *config, const struct handshake_handlers *handlers)
{
    static const struct tls_peer_handlers peer = {.take = take_message, .restarted = begin_anew};
    static struct slots_handlers slots;
    require(config->out.base && config->out.size >= TLS_REQUESTS_BYTES, "tls: out.size", config->out.size);
    require(config->in.base && config->in.size >= TLS_ANSWERS_BYTES, "tls: in.size", config->in.size);
    self.config = config;
    self.handlers = handlers;
    slots = (struct slots_handlers){.changed = handlers->changed, .lost = handlers->lost};
    slots_init(&slots);
    tls_control_init(config, handlers->answered);
    pd_before_flush(flush, NULL);
    tls_peer_init(config, &peer);
}
