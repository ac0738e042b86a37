/* connection.c: one connection's life, from its begin (accept.c) to the last acknowledgement.
 *   consumes  bytes of a client, from its transport     NOT trusted
 *   produces  writes to its transport, of pages of its own; what a request gets others write: its handlers, a content
 *   invariant at most one request is in work; what is behind it stays in `unread`, and the transport's window opens
 *             only for what was taken
 *   waits     a connection that waits for a file or the application holds no packets but those behind its head:
 *             HELD_MAX bytes of all such connections together, else 503. It has a clock, a short one when its client
 *             has closed its side
 *   when full no memory to write: the transport says when there may be some, also to send the page that says what went
 *             wrong
 */
#include "http/conn/connection.h"

#include <stddef.h>

#include "http/conn/pool.h"
#include "http/conn/waiting.h"
#include "lib/pd.h"

#define SKIP_AT_ONCE 0xffffu

static struct {
    const struct http_conn_handlers *handlers;
    char page[RESPONSE_PAGE_MAX];
} self;

/* Where the body is nobody's it is skipped, or the connection ends. */
void http_conn_take_request(struct http_conn *c, const struct http_request *request)
{
    watch_taken(c, request);
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

/* -- the end -- */

static void drop_unread(struct http_conn *c)
{
    unread_drop(c);
    head_buffer_drop(&c->kept);
}

/* There is no transport any more. */
static void release(struct http_conn *c)
{
    const struct content_ops *content = c->content;
    trace(http_gone, c, c->state);
    watch_ended(c, false);
    c->content = NULL;
    c->state = FREE;
    drop_unread(c);
    self.handlers->forget(c);
    see_held(c);
    timeouts_set(c, CLOCK_NONE);
    if (content) {
        content->closed(c);
    }
    pool_give_back(c);
}

void http_conn_failed(struct http_conn *c)
{
    http_counts.broken++;
    release(c);
}

void http_conn_abort(struct http_conn *c)
{
    c->transport.ops->abort(&c->transport);
    http_conn_failed(c);
}

/* The transport sends what is left, and gives it up after its own time. */
static void close_quietly(struct http_conn *c)
{
    uint32_t unread = unread_bytes(c);
    if (unread > 0) {
        c->transport.ops->consumed(&c->transport, unread);
    }
    if (c->transport.ops->close(&c->transport)) {
        release(c);
    } else {
        http_conn_abort(c);
    }
}

/* Both sides have sent all, and all is acknowledged, but perhaps our end. */
static void let_go_when_done(struct http_conn *c)
{
    if (c->fin && c->transport.unacknowledged == 0) {
        close_quietly(c);
    }
}

/* We say no more. What the client still sends is read and thrown away: a reset would take the answer from it. */
static void finish(struct http_conn *c)
{
    uint32_t unread = unread_bytes(c);
    drop_unread(c);
    self.handlers->forget(c);
    if (unread > 0) {
        c->transport.ops->consumed(&c->transport, unread);
    }
    c->skip = unread;
    c->state = LINGERING;
    if (!c->transport.ops->shut_down(&c->transport)) {
        http_conn_abort(c);
        return;
    }
    let_go_when_done(c);
}

void http_conn_answered(struct http_conn *c)
{
    trace(http_answered, c, c->transport.unacknowledged);
    watch_ended(c, true);
    if (c->ends) {
        finish(c);
    } else {
        c->state = c->skip > 0 ? SKIPPING : READING;
    }
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
    case CLOCK_PAGE:
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
    watch_page(c);
    return http_conn_write_head(c, self.page, writer_length(&page), false, status);
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
    if (!unread_any(c) && c->kept.length == 0 && !c->fin) {
        return false;
    }
    bool crowded = c->transport.unacknowledged > 0 && http_conn_room(c, false) < ANSWER_ROOM;
    if (c->transport.no_memory || crowded) {
        return false; /* an acknowledgement or a poll will come */
    }
    if ((unread_any(c) || c->kept.length > 0) && self.handlers->request(c)) {
        return true;
    }
    if (c->state == READING && c->fin && !c->transport.no_memory) {
        finish(c);
    }
    return false;
}

static bool skip_on(struct http_conn *c)
{
    c->skip -= unread_consume(c, c->skip < SKIP_AT_ONCE ? (uint32_t)c->skip : SKIP_AT_ONCE);
    if (c->skip == 0) {
        c->state = READING;
        return true;
    }
    if (!unread_any(c) && c->fin) {
        finish(c);
    }
    return c->state == SKIPPING && unread_any(c);
}

static bool tell_on(struct http_conn *c)
{
    if (c->told.ends) {
        unread_consume(c, UINT32_MAX);
        head_buffer_drop(&c->kept);
    }
    if (self.handlers->tell(c)) {
        return true;
    }
    if (c->transport.no_memory || !http_conn_refusal(c, &c->told, c->telling, response_retry(c->telling))) {
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
    case CONTENT_DONE: return c->content != content || done(c);
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

static enum clock wait_of(const struct http_conn *c)
{
    return c->content ? c->content->wait : CLOCK_WAIT;
}

static enum clock clock_of(struct http_conn *c)
{
    enum clock otherwise = CLOCK_NONE;
    switch ((enum state)c->state) {
    case QUEUED: return c->fin ? CLOCK_GONE : CLOCK_QUEUE;
    case WAITING: return c->fin ? CLOCK_GONE : wait_of(c);
    case TELLING:
    case SKIPPING: return CLOCK_STALL;
    case LINGERING: otherwise = CLOCK_LINGER; break;
    case ANSWERING:
        otherwise = c->content->clock(c);
        if (otherwise == CLOCK_BODY) {
            return otherwise;
        }
        break;
    case READING: otherwise = unread_any(c) || c->kept.length > 0 ? CLOCK_HEAD : CLOCK_IDLE; break;
    case FREE: break;
    }
    return c->transport.unacknowledged > 0 ? CLOCK_STALL : otherwise;
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

/* -- what the transport tells -- */

void http_conn_received(struct http_conn *c, struct pbuf *data)
{
    bool progress = c->transport.unacknowledged == 0; /* what it sends gets no answer on */
    if (data) {
        unread_append(c, data);
    } else {
        c->fin = true;
    }
    go_on(c, progress);
}

void http_conn_sent(struct http_conn *c)
{
    go_on(c, true);
}

/* -- begin -- */

static void on_ready(struct cache_waiter *waiter)
{
    struct http_conn *c = (struct http_conn *)((char *)waiter - offsetof(struct http_conn, waiter));
    if (c->state == WAITING) {
        c->state = c->content ? ANSWERING : READING;
    }
    go_on(c, true);
}

void http_conn_open(struct http_conn *c, const struct transport *transport)
{
    *c = (struct http_conn){.state = READING, .transport = *transport, .waiter.ready = on_ready};
    http_counts.accepted++;
    http_conn_update_deadline(c, false);
}

void http_conn_init(const struct http_conn_handlers *handlers)
{
    self.handlers = handlers;
}
