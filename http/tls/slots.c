/* slots.c: who has one of PD tls's slots.
 *   consumes  handshakes, each from its client's first byte on
 *   produces  for each slot in use the messages that it owes tls: its begin, its state, its end
 *   invariant a slot is one handshake's, or free; not taken again before tls was told TLS_OVER
 *   when full no slot: handshakes wait in order, and one whose client has been silent for SILENT_NS gives its slot up:
 *             else clients that say nothing would hold all of them. The ring: slots keep what they owe, and are served in
 *             turn
 *   ends      each handshake is lost HANDSHAKE_S after its begin, wherever it is
 */
#include "http/tls/slots.h"

#include "http/tls/tls_control.h"
#include "http/tls/tls_peer.h"
#include "lib/pd.h"
#include "timer/client.h"

#define S 1000000000ull
#define SILENT_NS S /* as of a client that is slow with its head (accept.c) */
_Static_assert(TLS_SLOTS <= 64, "slots are bits of a number");

static struct {
    const struct slots_handlers *handlers;
    struct slot slots[TLS_SLOTS];
    uint64_t owing; /* slots that owe tls something, */
    uint32_t next;  /* and which one is served next */
    uint32_t serial;
    struct list under_way, waiting;
    struct timer deadline, silence;
    bool deadline_set;
} self;

struct slot *slots_of(const struct handshake *h)
{
    return h->slot == HANDSHAKE_NONE ? NULL : &self.slots[h->slot];
}

struct slot *slots_at(uint32_t number)
{
    return &self.slots[number];
}

uint32_t slots_number(const struct slot *slot)
{
    return (uint32_t)(slot - self.slots);
}

/* -- what tls is told -- */

void slots_owe(struct slot *slot)
{
    slot->owes = true;
    self.owing |= 1ull << slots_number(slot);
}

bool slots_owe_any(void)
{
    return self.owing != 0;
}

/* False: the ring is full. */
static bool tell(struct slot *slot)
{
    struct tls_message message = {.slot = (uint16_t)slots_number(slot), .serial = slot->serial};
    if (slot->owes_over) {
        message.type = TLS_OVER;
        if (!tls_peer_put(&message)) {
            return false;
        }
        slot->owes_over = false;
    }
    if (slot->owes) {
        message.type = slot->begun ? TLS_STATE : TLS_BEGIN;
        message.produced = slot->in_produced;
        message.taken = slot->out_taken;
        if (!tls_peer_put(&message)) {
            return false;
        }
        slot->owes = false;
        slot->begun = true;
    }
    return true;
}

/* In turn, so that a full ring serves all. */
bool slots_tell(void)
{
    while (self.owing) {
        uint64_t later = self.owing >> self.next << self.next; /* from there on, else from the first */
        uint32_t number = (uint32_t)__builtin_ctzll(later ? later : self.owing);
        if (!tell(&self.slots[number])) {
            return false;
        }
        self.owing &= ~(1ull << number);
        self.next = (number + 1) % TLS_SLOTS;
    }
    return true;
}

/* -- who has one, who waits -- */

static struct slot *free_slot(void)
{
    for (uint32_t i = 0; i < TLS_SLOTS; i++) {
        if (!self.slots[i].of && !self.slots[i].owes_over) {
            return &self.slots[i];
        }
    }
    return NULL;
}

static void take_slot(struct handshake *h, struct slot *slot)
{
    tls_control_see_time();
    *slot = (struct slot){.of = h, .serial = ++self.serial, .since_ns = pd_now_ns()};
    slots_owe(slot);
    h->slot = (uint16_t)slots_number(slot);
    handshake_counts.begun++;
}

/* Its client has begun to speak: whoever only connects takes no slot from others. */
struct slot *slots_ask(struct handshake *h)
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

bool slots_are_awaited(void)
{
    return !list_is_empty(&self.waiting);
}

void slots_serve(void)
{
    struct slot *slot;
    while (!list_is_empty(&self.waiting) && (slot = free_slot()) != NULL) {
        struct handshake *h = LIST_ITEM(struct handshake, waiting, list_take_first(&self.waiting));
        handshake_counts.waiting--;
        take_slot(h, slot);
        self.handlers->changed(h);
    }
}

/* What tls was never told of has no end either. */
void slots_end(struct handshake *h)
{
    struct slot *slot = slots_of(h);
    handshake_counts.waiting -= list_has(&h->waiting);
    list_remove(&h->link);
    list_remove(&h->waiting);
    if (slot) {
        uint64_t bit = 1ull << slots_number(slot);
        slot->of = NULL;
        slot->owes = false;
        slot->owes_over = slot->begun;
        self.owing = slot->begun ? self.owing | bit : self.owing & ~bit;
    }
    h->slot = HANDSHAKE_NONE;
}

void slots_lose(struct handshake *h, uint64_t *count)
{
    (*count)++;
    self.handlers->lost(h);
    slots_end(h);
}

/* -- clients that say nothing -- */

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

void slots_end_silent(void)
{
    struct slot *slot;
    for (uint32_t wanted = handshake_counts.waiting; wanted > 0 && (slot = most_silent()) != NULL; wanted--) {
        uint64_t due_ns = slot->since_ns + SILENT_NS;
        if (due_ns > pd_now_ns()) {
            timer_start(&self.silence, due_ns, on_silence, NULL);
            return;
        }
        slots_lose(slot->of, &handshake_counts.silent);
    }
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
        slots_lose(h, &handshake_counts.timed_out);
    }
}

void slots_begin(struct handshake *h)
{
    *h = (struct handshake){.due_ns = pd_now_ns() + HANDSHAKE_S * S, .slot = HANDSHAKE_NONE};
    list_add_last(&self.under_way, &h->link);
    if (!self.deadline_set) {
        self.deadline_set = true;
        timer_start(&self.deadline, h->due_ns, on_deadline, NULL);
    }
}

/* What waits goes on with its next life. */
void slots_forget(void)
{
    for (uint32_t i = 0; i < TLS_SLOTS; i++) {
        struct handshake *h = self.slots[i].of;
        if (h && self.slots[i].begun) {
            slots_lose(h, &handshake_counts.lost);
        }
        self.slots[i].owes_over = false;
        self.owing &= self.slots[i].owes ? UINT64_MAX : ~(1ull << i);
    }
}

void slots_init(const struct slots_handlers *handlers)
{
    self.handlers = handlers;
    self.serial = pd_generation() << 20;
    list_init(&self.under_way);
    list_init(&self.waiting);
}
