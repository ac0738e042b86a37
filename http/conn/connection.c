/* connection.c: one connection's life, from its begin (accept.c) to the last acknowledgement.
 *   consumes  bytes of a client, through lwIP's callbacks            NOT trusted
 *   produces  tcp_write; what was written in lwIP's callback leaves at its end, else when this batch of events is done
 *   invariant at most one request is in work; what is behind it stays in `unread`, and TCP's window open only for what
 *             was taken
 *             a block of the cache is pinned until TCP has the acknowledgement of all bytes in it
 *   waits     a connection that waits for a file or the application holds no packets but those behind its head:
 *             HELD_MAX bytes of all such connections together, else 503. It has a clock, a short one when its client
 *             has closed its side
 *   when full no memory to write: on_poll tries again, also to send the page that says what went wrong
 */
#include "http/conn/connection.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "http/conn/output.h"
#include "http/conn/pool.h"
#include "http/conn/waiting.h"
#include "lib/pd.h"
#include "net/ip/ip.h"

#define WRITE_MAX 0xffffu /* bytes that tcp_write takes at once */
#define QUEUE_SPARE 8     /* pbufs that one write of a head needs at most */

static struct {
    const struct http_conn_handlers *handlers;
    struct tcp_pcb *inside; /* whose callback this is */
    bool aborted;           /* it was, in there */
    char page[RESPONSE_PAGE_MAX];
} self;

/* Where the body is nobody's it is skipped, or the connection ends. */
void http_conn_take_request(struct http_conn *c, const struct http_request *request)
{
    unread_consume(c, request->head_length - c->kept.length);
    if (c->kept.length > 0) {
        head_buffer_drop(&c->kept);
    }
    c->skip = request->content_length;
    if (c->clock >= CLOCK_WAIT) {
        timeouts_set(c, CLOCK_NONE); /* the next request's begins anew */
    }
    http_counts.requests++;
}

/* -- what is sent -- */

uint32_t http_conn_room(const struct http_conn *c, bool stays)
{
    if (c->no_memory || tcp_sndqueuelen(c->tcp) + QUEUE_SPARE > TCP_SND_QUEUELEN) {
        return 0;
    }
    return ip_tcp_room(c->tcp, stays);
}

static err_t on_poll(void *context, struct tcp_pcb *pcb);

/* Where bytes of this block are counted. What lies before it is acknowledged before it, so that one pin does for both.
 * NULL: all are out. */
static struct pin *pin_for(struct http_conn *c, const struct cache_block *block)
{
    struct pin *last = c->pin_count > 0 ? &c->pins[c->pin_count - 1] : NULL;
    if (last && (!block || !last->block || last->block == block)) {
        return last;
    }
    if (c->pin_count == PINS_MAX) {
        return NULL;
    }
    c->pins[c->pin_count] = (struct pin){.block = NULL};
    return &c->pins[c->pin_count++];
}

static bool put(struct http_conn *c, struct pin *pin, const void *data, uint32_t length, uint8_t flags)
{
    if (length > WRITE_MAX || ip_tcp_write(c->tcp, data, (uint16_t)length, flags) != ERR_OK) {
        c->no_memory = true;
        tcp_poll(c->tcp, on_poll, 1);
        return false;
    }
    pin->bytes += length;
    c->unacknowledged += length;
    if (c->tcp != self.inside) {
        output_owe(c);
    }
    return true;
}

bool http_conn_write(struct http_conn *c, const void *data, uint32_t length, bool more)
{
    return put(c, pin_for(c, NULL), data, length, TCP_WRITE_FLAG_COPY | (more ? TCP_WRITE_FLAG_MORE : 0));
}

bool http_conn_refer(struct http_conn *c, struct cache_bytes *bytes, uint32_t count, bool more)
{
    struct pin *pin = pin_for(c, bytes->block);
    if (!pin || !put(c, pin, bytes->at, count, more ? TCP_WRITE_FLAG_MORE : 0)) {
        return false;
    }
    pin->by_reference = true;
    bytes->at += count;
    bytes->length -= count;
    if (bytes->length == 0 && pin->block) {
        cache_unpin(bytes->block); /* once is enough */
    } else if (bytes->length == 0) {
        pin->block = bytes->block;
    }
    return true;
}

static void drop_pin(struct http_conn *c)
{
    struct cache_block *block = c->pins[0].block;
    c->pin_count--;
    memmove(&c->pins[0], &c->pins[1], c->pin_count * sizeof(c->pins[0]));
    if (block) {
        cache_unpin(block);
    }
}

static void acknowledged(struct http_conn *c, uint32_t count)
{
    c->unacknowledged -= count;
    while (c->pin_count > 0) {
        uint32_t here = count < c->pins[0].bytes ? count : c->pins[0].bytes;
        c->pins[0].bytes -= here;
        count -= here;
        if (c->pins[0].bytes > 0) {
            break;
        }
        drop_pin(c);
    }
}

/* -- the end -- */

static void detach(struct tcp_pcb *pcb)
{
    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_err(pcb, NULL);
    tcp_poll(pcb, NULL, 0);
    tcp_setprio(pcb, TCP_PRIO_MIN); /* the first that lwIP takes when it needs another */
}

static void drop_unread(struct http_conn *c)
{
    unread_drop(c);
    head_buffer_drop(&c->kept);
}

/* -- what waiting connections hold -- */

static bool waits(const struct http_conn *c)
{
    return c->state == QUEUED || (c->state == WAITING && !c->content);
}

/* Counts what it holds while it waits. False: that is more than before, and all together now hold too much. */
static bool see_held(struct http_conn *c)
{
    uint32_t before = c->held;
    c->held = waits(c) ? unread_bytes(c) : 0;
    return waiting_held((int32_t)(c->held - before)) || c->held <= before;
}

/* lwIP has the rest, or there is none. */
static void release(struct http_conn *c)
{
    const struct content_ops *content = c->content;
    trace(http_gone, c, c->state);
    c->tcp = NULL;
    c->content = NULL;
    c->state = FREE;
    drop_unread(c);
    self.handlers->forget(c);
    see_held(c);
    while (c->pin_count > 0) {
        drop_pin(c);
    }
    timeouts_set(c, CLOCK_NONE);
    output_forget(c);
    if (content) {
        content->closed(c);
    }
    pool_give_back(c);
}

void http_conn_abort(struct http_conn *c)
{
    struct tcp_pcb *pcb = c->tcp;
    if (pcb == self.inside) {
        self.aborted = true;
    }
    detach(pcb);
    tcp_abort(pcb);
    http_counts.broken++;
    release(c);
}

/* Both sides have sent all, and all is acknowledged, but perhaps our FIN. lwIP frees the pcb and does not tell us. */
static void let_go(struct http_conn *c)
{
    detach(c->tcp);
    release(c);
}

static void let_go_when_done(struct http_conn *c)
{
    if (c->fin && c->unacknowledged == 0) {
        let_go(c);
    }
}

/* We say no more. What the client still sends is read and thrown away: a reset would take the answer from it. */
static void finish(struct http_conn *c)
{
    uint32_t unread = unread_bytes(c);
    drop_unread(c);
    self.handlers->forget(c);
    if (unread > 0) {
        unread_open_window(c, unread);
    }
    c->skip = unread;
    c->state = LINGERING;
    if (tcp_shutdown(c->tcp, 0, 1) != ERR_OK) {
        http_conn_abort(c);
        return;
    }
    let_go_when_done(c);
}

void http_conn_answered(struct http_conn *c)
{
    trace(http_answered, c, c->unacknowledged);
    if (c->ends) {
        finish(c);
    } else {
        c->state = c->skip > 0 ? SKIPPING : READING;
    }
}

/* A client that has been told all, but does not close: lwIP sends what is copied, and gives it up after its own time.
 */
static void close_quietly(struct http_conn *c)
{
    struct tcp_pcb *pcb = c->tcp;
    for (uint32_t i = 0; i < c->pin_count; i++) {
        if (c->pins[i].by_reference) {
            http_conn_abort(c);
            return;
        }
    }
    uint32_t all = unread_bytes(c);
    if (all > 0) {
        unread_open_window(c, all);
    }
    let_go(c);
    tcp_close(pcb);
}

static const struct reply unknown = {.ends = true, .minor = 1}; /* of a request that is not there as a whole */

static void waited(struct http_conn *c)
{
    if (c->content) {
        c->content->expire(c, 503);
    } else {
        self.handlers->waited(c, 503);
    }
}

void http_conn_expire(struct http_conn *c, enum clock clock)
{
    if (clock == CLOCK_IDLE && http_conn_stalls(c)) {
        return;
    }
    http_counts.timed_out++;
    switch (clock) {
    case CLOCK_HEAD: http_conn_tell(c, 408, &unknown); return;
    case CLOCK_STALL: http_conn_abort(c); return;
    case CLOCK_WAIT:
    case CLOCK_REST:
    case CLOCK_QUEUE:
    case CLOCK_GONE: waited(c); return;
    case CLOCK_BODY: c->content->expire(c, 408); return;
    case CLOCK_APP: c->content->expire(c, 504); return;
    case CLOCK_NONE:
    case CLOCK_IDLE:
    case CLOCK_LINGER:
    case CLOCKS: close_quietly(c); return;
    }
}

bool http_conn_page(struct http_conn *c, const struct reply *reply, int status, const char *field)
{
    struct writer page = writer_in(self.page, sizeof(self.page));
    trace(http_page, c, status);
    response_page(&page, reply, status, field);
    return http_conn_write(c, self.page, writer_length(&page), false);
}

bool http_conn_refusal(struct http_conn *c, const struct reply *reply, int status, const char *field)
{
    bool sent = http_conn_page(c, reply, status, field);
    http_counts.refused += sent;
    return sent;
}

/* One at its head is told so, where there is memory for that. The answer of one that stalls is not whole. */
void http_conn_evict(struct http_conn *c)
{
    http_counts.evicted++;
    if (c->clock == CLOCK_STALL) {
        http_conn_abort(c);
        return;
    }
    if (c->clock == CLOCK_HEAD) {
        http_conn_refusal(c, &unknown, 408, "");
    }
    close_quietly(c);
}

/* -- what comes next -- */

static bool read_on(struct http_conn *c)
{
    if (!c->unread && c->kept.length == 0 && !c->fin) {
        return false;
    }
    bool crowded = c->unacknowledged > 0 && http_conn_room(c, false) < ANSWER_ROOM;
    if (c->no_memory || crowded) {
        return false; /* an acknowledgement or a poll will come */
    }
    if ((c->unread || c->kept.length > 0) && self.handlers->request(c)) {
        return true;
    }
    if (c->state == READING && c->fin && !c->no_memory) {
        finish(c);
    }
    return false;
}

static bool skip_on(struct http_conn *c)
{
    c->skip -= unread_consume(c, c->skip < WRITE_MAX ? (uint32_t)c->skip : WRITE_MAX);
    if (c->skip == 0) {
        c->state = READING;
        return true;
    }
    if (!c->unread && c->fin) {
        finish(c);
    }
    return c->state == SKIPPING && c->unread;
}

static bool tell_on(struct http_conn *c)
{
    if (c->told.ends) {
        unread_consume(c, UINT32_MAX);
        head_buffer_drop(&c->kept);
    }
    const char *field = c->telling == 503 || c->telling == 504 ? "Retry-After: 2\r\n" : "";
    if (c->no_memory || !http_conn_refusal(c, &c->told, c->telling, field)) {
        return false;
    }
    c->ends = c->told.ends;
    http_conn_answered(c);
    return true;
}

static void linger_on(struct http_conn *c)
{
    c->skip += unread_consume(c, UINT32_MAX);
    if (c->skip > LINGER_BYTES) {
        http_conn_abort(c);
    } else {
        let_go_when_done(c);
    }
}

static bool done(struct http_conn *c)
{
    c->content = NULL;
    if (c->state == ANSWERING) {
        http_conn_answered(c);
    }
    return true;
}

static bool content_on(struct http_conn *c)
{
    const struct content_ops *content = c->content;
    switch (content->go_on(c)) {
    case CONTENT_WAIT: return false;
    case CONTENT_DONE: return done(c);
    case CONTENT_REDIRECT: return self.handlers->redirect(c) && (c->content != content || done(c));
    }
    return false;
}

static bool step(struct http_conn *c)
{
    switch ((enum state)c->state) {
    case READING: return read_on(c);
    case ANSWERING: return content_on(c);
    case SKIPPING: return skip_on(c);
    case TELLING: return tell_on(c);
    case LINGERING: linger_on(c); return false;
    case FREE:
    case WAITING:
    case QUEUED: return false;
    }
    return false;
}

static enum clock clock_of(struct http_conn *c)
{
    enum clock otherwise = CLOCK_NONE;
    switch ((enum state)c->state) {
    case QUEUED: return c->fin ? CLOCK_GONE : CLOCK_QUEUE;
    case WAITING: return c->fin ? CLOCK_GONE : CLOCK_WAIT;
    case TELLING:
    case SKIPPING: return CLOCK_STALL;
    case LINGERING: otherwise = CLOCK_LINGER; break;
    case ANSWERING:
        otherwise = c->content->clock(c);
        if (otherwise == CLOCK_BODY) {
            return otherwise;
        }
        break;
    case READING: otherwise = c->unread || c->kept.length > 0 ? CLOCK_HEAD : CLOCK_IDLE; break;
    case FREE: break;
    }
    return c->unacknowledged > 0 ? CLOCK_STALL : otherwise;
}

/* A head's time runs from its first byte, a wait's and lingering from its begin; a stall ends with each byte that gets
 * on. An answer on its way leaves an idle connection in its list until http_conn_stalls() is asked: most are
 * acknowledged long before, and a page then costs one change of the lists. */
void http_conn_update_deadline(struct http_conn *c, bool progress)
{
    enum clock clock = clock_of(c);
    if (clock == CLOCK_STALL && c->clock == CLOCK_IDLE) {
        c->got_on_ns = progress ? pd_now_ns() : c->got_on_ns;
        return;
    }
    bool renewed = progress && (clock == CLOCK_STALL || clock == CLOCK_IDLE);
    if (clock == c->clock && !renewed) {
        return;
    }
    if (clock == CLOCK_BODY) {
        timeouts_set_for(c, clock, c->content->patience_ns(c));
    } else {
        timeouts_set(c, clock);
    }
}

bool http_conn_stalls(struct http_conn *c)
{
    if (clock_of(c) != CLOCK_STALL) {
        return false;
    }
    uint64_t age = pd_now_ns() - c->got_on_ns, limit = timeouts_limit_ns(CLOCK_STALL);
    timeouts_set_for(c, CLOCK_STALL, age < limit ? limit - age : 0);
    return true;
}

static void go_on(struct http_conn *c, bool progress)
{
    while (c->state == READING ? read_on(c) : step(c)) {
    }
    if (c->state != FREE) {
        http_conn_update_deadline(c, progress);
    }
    if ((c->held > 0 || c->state == WAITING || c->state == QUEUED) && !see_held(c)) {
        self.handlers->waited(c, 503);
    }
}

void http_conn_tell_next(struct http_conn *c, int status, const struct reply *reply)
{
    c->content = NULL;
    c->state = TELLING;
    c->telling = (uint16_t)status;
    c->told = *reply;
}

void http_conn_tell(struct http_conn *c, int status, const struct reply *reply)
{
    http_conn_tell_next(c, status, reply);
    go_on(c, true);
}

void http_conn_go_on(struct http_conn *c)
{
    go_on(c, false);
}

/* -- lwIP's callbacks -- */

static void enter(struct tcp_pcb *pcb)
{
    self.inside = pcb;
    self.aborted = false;
}

static err_t leave(void)
{
    self.inside = NULL;
    return self.aborted ? ERR_ABRT : ERR_OK;
}

static err_t on_receive(void *context, struct tcp_pcb *pcb, struct pbuf *data, err_t error)
{
    struct http_conn *c = context;
    bool progress = c->unacknowledged == 0; /* what it sends gets no answer on */
    enter(pcb);
    if (data) {
        unread_append(c, data);
    } else {
        c->fin = true;
    }
    go_on(c, progress);
    return leave();
}

static err_t on_sent(void *context, struct tcp_pcb *pcb, uint16_t count)
{
    struct http_conn *c = context;
    enter(pcb);
    c->no_memory = false;
    acknowledged(c, count);
    go_on(c, true);
    return leave();
}

static err_t on_poll(void *context, struct tcp_pcb *pcb)
{
    struct http_conn *c = context;
    enter(pcb);
    tcp_poll(pcb, NULL, 0);
    c->no_memory = false;
    go_on(c, false);
    return leave();
}

/* The pcb is gone. */
static void on_error(void *context, err_t error)
{
    http_counts.broken++;
    release(context);
}

static void on_ready(struct cache_waiter *waiter)
{
    struct http_conn *c = (struct http_conn *)((char *)waiter - offsetof(struct http_conn, waiter));
    if (c->state == WAITING) {
        c->state = c->content ? ANSWERING : READING;
    }
    go_on(c, true);
}

void http_conn_open(struct http_conn *c, struct tcp_pcb *pcb)
{
    *c = (struct http_conn){.state = READING, .tcp = pcb, .waiter.ready = on_ready};
    tcp_arg(pcb, c);
    tcp_recv(pcb, on_receive);
    tcp_sent(pcb, on_sent);
    tcp_err(pcb, on_error);
    tcp_nagle_disable(pcb); /* what belongs together is written together */
    http_counts.accepted++;
    trace(http_accepted, c, pcb->remote_port);
    http_conn_update_deadline(c, false);
}

void http_conn_init(const struct http_conn_handlers *handlers)
{
    self.handlers = handlers;
}
