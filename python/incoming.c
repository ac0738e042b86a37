/* incoming.c: requests that the front hands over, and their answers.
 *   consumes  messages   from the front (http/app_client.h); a request's bytes are the network's, NOT trusted, and lie
 *             in a share that the front may write: lengths are read once, and checked
 *   produces  answers, from the worker; what it writes in a turn leaves together
 *   invariant a request is its taker's until incoming_close(), also when its client or the front has gone; its place is
 *             free when the front has said its last word, too
 *   when full no place: the request is told 503. Nobody answers, yet: it waits, in order, as long as the front lets it.
 *             An answer's circle: a write is short, and the worker is woken when there is room
 */
#include "lib/log.h"
#include "lib/pd.h"

#include <string.h>
#include "python/control.h"
#include "python/counters.h"
#include "python/endpoint.h"
#include "python/incoming.h"
#include "python/port.h"

#include "py/mperrno.h"

static struct {
    bool available;
    incoming_taker *taker; /* NULL: nobody answers */
    void (*missed)(void);  /* or NULL */
    struct incoming all[APP_SLOTS];
    struct incoming *free;
    struct incoming *waiting, **waiting_end; /* for a taker, in order */
    struct incoming *of_slot[APP_SLOTS];     /* NULL: refused, or of a front that has gone */
    bool heads_wait;                         /* some answer's head does, for a large circle */
} self;

static void notify(struct incoming *incoming, uint32_t events)
{
    if (*incoming->interest & events) {
        *incoming->interest = 0;
        port_wake();
    }
}

/* -- the front's words -- */

static void give_back(struct incoming *incoming)
{
    incoming->next = self.free;
    self.free = incoming;
}

static void wait_for_taker(struct incoming *incoming)
{
    incoming->waits = true;
    incoming->next = NULL;
    *self.waiting_end = incoming;
    self.waiting_end = &incoming->next;
}

static void unwait(struct incoming *incoming)
{
    struct incoming **link = &self.waiting;
    while (*link != incoming) {
        link = &(*link)->next;
    }
    *link = incoming->next;
    if (!*link) {
        self.waiting_end = link;
    }
    incoming->waits = false;
}

static void hand_on(struct incoming *incoming)
{
    if (!self.taker) {
        wait_for_taker(incoming);
    } else if (!self.taker(incoming)) {
        incoming_close(incoming, 503);
    }
}

static void begun(struct app_slot *slot)
{
    struct incoming *incoming = self.free;
    python_counts()->requests++;
    self.of_slot[slot->number] = NULL;
    if (!incoming) {
        python_counts()->refused++;
        app_client_fail(slot, 503);
        return;
    }
    self.free = incoming->next;
    *incoming = (struct incoming){.slot = slot};
    incoming->interest = &incoming->own_interest;
    self.of_slot[slot->number] = incoming;
    hand_on(incoming);
}

/* Half a circle is worth a turn of the worker's. */
static bool has_room(const struct app_circle *circle)
{
    return circle->produced - circle->taken <= circle->size / 2;
}

static void changed(struct app_slot *slot)
{
    struct incoming *incoming = self.of_slot[slot->number];
    if (!incoming || incoming->closed) {
        return;
    }
    uint32_t events = slot->in.produced != slot->in.taken || slot->in.ended ? ENDPOINT_READ : 0;
    if (incoming->write_blocked && !incoming->head_waits && has_room(&slot->out)) {
        incoming->write_blocked = false;
    }
    notify(incoming, events | (incoming->write_blocked ? 0 : ENDPOINT_WRITE));
}

static void leave(struct incoming *incoming)
{
    incoming->gone = true;
    notify(incoming, ENDPOINT_READ | ENDPOINT_WRITE);
}

static void gone(struct app_slot *slot)
{
    struct incoming *incoming = self.of_slot[slot->number];
    if (incoming && incoming->waits) {
        unwait(incoming);
        incoming_close(incoming, 503);
    } else if (incoming && !incoming->closed) {
        leave(incoming);
    }
}

/* The front knows of it no more. */
static void lose(struct incoming *incoming)
{
    self.of_slot[incoming->slot->number] = NULL;
    incoming->slot = NULL;
    if (incoming->waits) {
        unwait(incoming);
        give_back(incoming);
    } else if (incoming->closed) {
        give_back(incoming);
    } else {
        leave(incoming);
    }
}

static void retry_heads(void)
{
    self.heads_wait = false;
    for (uint32_t i = 0; i < APP_SLOTS; i++) {
        struct incoming *incoming = self.of_slot[i];
        if (incoming && incoming->head_waits) {
            incoming->head_waits = incoming->write_blocked = false;
            notify(incoming, ENDPOINT_WRITE);
        }
    }
}

static void over(struct app_slot *slot)
{
    if (self.of_slot[slot->number]) {
        lose(self.of_slot[slot->number]);
    }
    if (self.heads_wait) {
        retry_heads();
    }
}

static void restarted(void)
{
    for (uint32_t i = 0; i < APP_SLOTS; i++) {
        if (self.of_slot[i]) {
            lose(self.of_slot[i]);
        }
    }
    control_restarted();
}

static void on_missed(void)
{
    if (self.missed) {
        self.missed();
    }
}

void incoming_init(const struct app_config *config)
{
    static const struct app_client_handlers handlers = {
        .begun = begun,
        .changed = changed,
        .gone = gone,
        .over = over,
        .done = control_done,
        .restarted = restarted,
        .room = control_tell,
        .missed = on_missed,
    };
    self.available = true;
    self.waiting_end = &self.waiting;
    for (uint32_t i = APP_SLOTS; i-- > 0;) {
        give_back(&self.all[i]);
    }
    app_client_init(config, &handlers);
    control_init();
}

bool incoming_available(void)
{
    return self.available;
}

void incoming_serve(incoming_taker *taker)
{
    self.taker = taker;
    while (self.taker && self.waiting) {
        struct incoming *first = self.waiting;
        unwait(first);
        hand_on(first);
    }
}

bool incoming_is_served(void)
{
    return self.taker != NULL;
}

void incoming_when_missed(void (*missed)(void))
{
    self.missed = missed;
}

void incoming_put_back(struct incoming *incoming)
{
    if (incoming->gone) {
        incoming_close(incoming, 503);
    } else {
        wait_for_taker(incoming);
    }
}

uint32_t incoming_under_way(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < APP_SLOTS; i++) {
        const struct incoming *incoming = self.of_slot[i];
        count += incoming && !incoming->closed && !incoming->waits;
    }
    return count;
}

/* -- the request -- */

bool incoming_head(const struct incoming *incoming, struct incoming_head *head)
{
    const struct app_slot *slot = incoming->slot;
    if (!slot || slot->in.head < sizeof(head->head)) {
        return false;
    }
    memcpy(&head->head, slot->in.at, sizeof(head->head));
    const char *at = (const char *)slot->in.at + sizeof(head->head);
    head->method = (struct http_slice){at, head->head.method_length};
    head->target = (struct http_slice){at + head->method.length, head->head.target_length};
    head->fields_at = (uint32_t)sizeof(head->head) + head->method.length + head->target.length;
    if (head->fields_at + head->head.server_length > slot->in.head) {
        return false;
    }
    const char *end = (const char *)slot->in.at + slot->in.head;
    head->server = (struct http_slice){end - head->head.server_length, head->head.server_length};
    return true;
}

bool incoming_field(const struct incoming *incoming, uint32_t *at, struct http_slice *name, struct http_slice *value)
{
    const struct app_circle *in = &incoming->slot->in;
    struct app_field field;
    if (*at + sizeof(field) > in->head) {
        return false;
    }
    memcpy(&field, in->at + *at, sizeof(field));
    *at += (uint32_t)sizeof(field);
    *name = (struct http_slice){(const char *)in->at + *at, field.name_length};
    *value = (struct http_slice){name->at + field.name_length, field.value_length};
    *at += (uint32_t)field.name_length + field.value_length;
    return *at <= in->head;
}

void incoming_accept(struct incoming *incoming)
{
    if (incoming->slot) {
        app_client_accept(incoming->slot);
    }
}

intptr_t incoming_nothing(struct incoming *incoming, bool waits, int *error)
{
    if (incoming->gone ? incoming->told : incoming->slot->in.ended || !waits) {
        return 0;
    }
    *error = incoming->gone ? MP_ECONNRESET : MP_EAGAIN;
    if (incoming->gone) {
        incoming->told = true;
    } else if (!incoming->slot->waits) {
        app_client_wait(incoming->slot);
    }
    return -1;
}

intptr_t incoming_read(struct incoming *incoming, void *buffer, size_t size, int *error)
{
    uint32_t count = 0;
    if (incoming->gone || size == 0) {
        return incoming_nothing(incoming, size > 0, error);
    }
    app_client_accept(incoming->slot);
    const uint8_t *bytes = app_client_bytes(incoming->slot, &count);
    if (count == 0) {
        return incoming_nothing(incoming, true, error);
    }
    count = count < size ? count : (uint32_t)size;
    memcpy(buffer, bytes, count);
    app_client_taken(incoming->slot, count);
    return count;
}

size_t incoming_there(struct incoming *incoming)
{
    uint32_t count = 0;
    if (!incoming->gone) {
        app_client_accept(incoming->slot);
        app_client_bytes(incoming->slot, &count);
    }
    return count;
}

size_t incoming_line_length(struct incoming *incoming, size_t limit)
{
    uint32_t count;
    if (incoming->gone) {
        return 0;
    }
    app_client_accept(incoming->slot);
    const uint8_t *bytes = app_client_bytes(incoming->slot, &count);
    count = count < limit ? count : (uint32_t)limit;
    const uint8_t *end = memchr(bytes, '\n', count);
    return end ? (size_t)(end - bytes) + 1 : count;
}

/* Where nothing is there the front is to know that it is waited for. */
bool incoming_readable(struct incoming *incoming)
{
    struct app_slot *slot = incoming->slot;
    if (incoming->gone) {
        return true;
    }
    app_client_accept(slot);
    if (slot->in.produced != slot->in.taken || slot->in.ended) {
        return true;
    }
    if (!slot->waits) {
        app_client_wait(slot);
    }
    return false;
}

/* -- the answer -- */

void incoming_wait_for_head(struct incoming *incoming)
{
    incoming->write_blocked = incoming->head_waits = self.heads_wait = true;
}

static uint8_t *put(uint8_t *at, struct http_slice slice)
{
    if (slice.length > 0) {
        memcpy(at, slice.at, slice.length);
    }
    return at + slice.length;
}

int incoming_answer(struct incoming *incoming, const struct incoming_answer *answer)
{
    struct app_answer_head head = {.status = answer->status,
                                   .reason_length = (uint16_t)answer->reason.length,
                                   .path_length = (uint16_t)answer->path.length,
                                   .field_count = answer->field_count};
    uint32_t bytes = (uint32_t)sizeof(head) + answer->reason.length + answer->path.length + answer->fields.length;
    if (incoming->gone) {
        return MP_ECONNRESET;
    }
    control_tell(); /* what the program has said before it answers is known before */
    uint8_t *at = app_client_head(incoming->slot, bytes, answer->length > APP_ANSWER_SMALL - bytes);
    if (!at) {
        incoming_wait_for_head(incoming);
        return MP_EAGAIN;
    }
    memcpy(at, &head, sizeof(head));
    at = put(at + sizeof(head), answer->reason);
    at = put(at, answer->path);
    put(at, answer->fields);
    app_client_answer(incoming->slot, bytes, answer->length);
    incoming->answered = true;
    incoming->reply.stage = answer->chunked ? REPLY_SIZE : REPLY_BODY;
    return 0;
}

intptr_t incoming_write(struct incoming *incoming, const void *data, size_t size, int *error)
{
    size_t done;
    if (incoming->gone) {
        *error = incoming->told ? MP_EPIPE : MP_ECONNRESET;
        incoming->told = true;
        return -1;
    }
    if (incoming->reply.stage == REPLY_BODY) {
        done = app_client_put(incoming->slot, data, size < UINT32_MAX ? (uint32_t)size : UINT32_MAX);
    } else {
        done = incoming_reply_take(incoming, data, size);
    }
    incoming->write_blocked |= done < size;
    if (done > 0 || size == 0) {
        return (intptr_t)done;
    }
    *error = MP_EAGAIN;
    return -1;
}

uint32_t incoming_events(struct incoming *incoming)
{
    if (incoming->gone) {
        return ENDPOINT_READ | ENDPOINT_WRITE | (incoming->told ? 0 : ENDPOINT_ERROR) | ENDPOINT_HANGUP;
    }
    return (incoming_readable(incoming) ? ENDPOINT_READ : 0) | (incoming->write_blocked ? 0 : ENDPOINT_WRITE);
}

uint32_t incoming_ready(struct incoming *incoming, uint32_t events)
{
    uint32_t there = ENDPOINT_READ | ENDPOINT_WRITE | ENDPOINT_HANGUP;
    if (!incoming->gone) {
        bool read = events & ENDPOINT_READ && incoming_readable(incoming);
        there = (read ? ENDPOINT_READ : 0) | (incoming->write_blocked ? 0 : ENDPOINT_WRITE);
    }
    uint32_t ready = there & (events | ENDPOINT_HANGUP);
    *incoming->interest = ready ? 0 : (uint8_t)events;
    return ready;
}

static bool is_whole(const struct incoming *incoming)
{
    return incoming->answered && (incoming->reply.stage == REPLY_BODY || incoming->reply.stage == REPLY_WHOLE);
}

/* The program takes it for whole. */
static void say_nonsense(const struct incoming *incoming)
{
    bool begun = incoming->answered || incoming->reply.stage == REPLY_NONSENSE || incoming->reply.gathered > 0;
    log_line("python: %s: it has failed",
             begun ? "an answer is no HTTP, or is not framed as it says" : "a request has ended without an answer");
}

void incoming_close(struct incoming *incoming, int failure)
{
    if (!incoming->slot) {
        give_back(incoming);
        return;
    }
    trace(python_closed, incoming->slot->serial, failure != 0);
    incoming->closed = true;
    incoming->head_waits = false;
    incoming->interest = &incoming->own_interest;
    incoming->own_interest = 0;
    if (failure == 0 && is_whole(incoming)) {
        python_counts()->answers_whole++;
        app_client_end(incoming->slot);
    } else {
        if (failure == 0 && !incoming->gone) {
            say_nonsense(incoming);
        }
        python_counts()->answers_failed++;
        app_client_fail(incoming->slot, failure == 503 ? 503 : 500);
    }
}
