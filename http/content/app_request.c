/* app_request.c: one request and its answer, between a connection and the application.
 *   consumes  a request that was parsed, and its body, from the connection's unread bytes: as the application takes it.
 *             The rest waits in TCP's window
 *   consumes  the application's answer (http/app_front.h)   NOT trusted: the head is copied, then checked; the body is
 *             bytes for a client
 *   produces  the request in its slot's circle; an answer for a connection that goes on: framed, with the connection's
 *             own fields
 *   invariant a request lives until the application has ended it. Its connection goes on when the answer is in TCP's
 *             hands, and may go before
 *   when full no slot, no circle for a long head, or the application has not said what the site is: requests wait in their
 *             connections, in order, until HTTP_APP_S (503), QUEUE_MAX of them (503). TCP's buffer: what is left of the
 *             answer stays in its circle
 *   waits     for the client's body, while the application waits for it: as long as it comes fast enough (408). For the
 *             application's answer to begin: HTTP_APP_S, again with each part of the body that it takes; then 504, or
 *             503 where nobody had begun to answer. For more of the answer, and in a tunnel that it has agreed to (101):
 *             for ever, but where its length is not told TCP asks whether the client is there (HTTP_PROBE_S)
 *   refuses   an answer that may not be: 500 where nothing has gone out, else the client is cut off; counted, and told on
 *             the console
 */
#include "http/content/app_request.h"

#include <assert.h>
#include <string.h>

#include "http/app_front.h"
#include "http/content/app_head.h"
#include "http/parse/chunk.h"
#include "http/response/lines.h"
#include "lib/log.h"
#include "lib/pd.h"
#include "net/ip/ip.h"
#include "timer/client.h"

#define WRITE_MAX 0xffffu
#define CHUNK_FRAME (8 + 2 + 2 + 5) /* size in hex, line ends, and room for the last chunk */
#define ROOM_WORTH_TELLING (2 * TCP_MSS)
#define UNLIMITED UINT64_MAX
#define CHUNK_LINE_MAX 2048 /* bytes of a line between a body's chunks */
#define TRAILERS_MAX 100    /* lines behind its last one */
#define PATIENCE_MAX_NS (HTTP_BODY_S * 1000000000ull)
#define PATIENCE_PER_BYTE_NS (1000000000ull / HTTP_BODY_RATE)

/* Of the application's answer. */
enum stage {
    HEAD,     /* has not come, or TCP had no room for it */
    COUNTED,  /* body: `left` bytes */
    CHUNKED,  /* body: chunked by us */
    TO_END,   /* body: to the end of the connection */
    TUNNEL,   /* behind 101: all, as it comes */
    NO_BODY,  /* none may follow; what comes is dropped */
    REDIRECT, /* a file goes in its place */
};

/* What the next bytes of the request's body are. */
enum part {
    BYTES,     /* `body_left` of them */
    CHUNK,     /* the same, of a chunk */
    CHUNK_END, /* the line end behind it */
    SIZE_LINE,
    TRAILER,
    RAW,       /* all, as they come */
    ALL_TAKEN, /* there are none */
};

struct app_request {
    struct app_slot *slot;        /* NULL: free */
    struct http_conn *connection; /* NULL: the client has gone, or has its answer */
    struct reply reply;
    bool keeps;         /* the client's connection may go on after this */
    bool expects;       /* the client waits for 100 (Continue) */
    bool begun;         /* something of the answer has been sent */
    bool write_blocked; /* TCP takes no more now */
    bool overwritten;   /* the head's place in the circle has been used for the body */
    bool too_long;      /* the answer, and that was counted */
    uint8_t stage, part;
    uint8_t trailers;
    uint32_t seen_taken;  /* of what was produced, by the application */
    uint64_t patience_ns; /* with its body: grows as it comes */
    uint64_t body_left;
    uint64_t left;
};

static struct {
    bool is_up; /* the application has said what the site is since it started */
    bool (*on_site)(void);
    struct app_request requests[APP_SLOTS];
    bool queue_due; /* a place is free, and those that wait have not been served yet */
    struct timer queue_timer;
    uint64_t nonsense;
    struct app_answer answer; /* points to the copy: */
    char answer_head[APP_HEAD_MAX];
    char text[HEAD_ROOM];
} self;

void app_request_count_nonsense(void)
{
    self.nonsense++;
}

uint64_t app_request_nonsense(void)
{
    return self.nonsense + app_link_counts.nonsense;
}

/* -- begin and end -- */

static void serve_queue(enum clock clock)
{
    struct http_conn *c, *next;
    for (c = timeouts_oldest(clock); c && app_front_has_room(false); c = next) {
        next = timeouts_next(c);
        if (c->state == QUEUED && (!c->long_head || app_front_has_room(true))) {
            c->state = READING;
            http_conn_go_on(c);
        }
    }
}

/* The one that has waited longest is next; half-closed clients come last. */
static void serve_queues(void *context)
{
    self.queue_due = false;
    if (self.is_up) {
        serve_queue(CLOCK_QUEUE);
        serve_queue(CLOCK_GONE);
    }
}

/* In an event of its own. */
static void serve_queues_soon(void)
{
    bool any_waits = timeouts_oldest(CLOCK_QUEUE) || timeouts_oldest(CLOCK_GONE);
    if (any_waits && !self.queue_due) {
        self.queue_due = true;
        timer_start(&self.queue_timer, pd_now_ns(), serve_queues, NULL);
    }
}

static void let_go(struct app_request *x)
{
    trace(app_closed, x->slot->serial, x->stage);
    if (x->slot->used) { /* else the application has started anew */
        app_front_release(x->slot);
    }
    x->slot = NULL;
    http_counts.app_requests--;
}

/* The client has its answer, of this status, or has gone: 0. The application still has to end. */
static void leave(struct app_request *x, int status)
{
    if (x->slot->in.ended || !x->slot->used) {
        let_go(x);
    } else {
        app_front_gone(x->slot, status);
    }
}

static void set_up_body(struct app_request *x, const struct http_request *request)
{
    bool raw = request->upgrade && !request->chunked && request->content_length == 0;
    x->part = raw ? RAW : request->chunked ? SIZE_LINE : request->content_length > 0 ? BYTES : ALL_TAKEN;
    x->body_left = request->content_length;
    x->expects = request->expect_continue && request->minor > 0;
    x->patience_ns = PATIENCE_MAX_NS;
}

static void set_up(struct app_request *x, struct app_slot *slot, struct http_conn *c,
                   const struct http_request *request, const struct reply *reply)
{
    struct app_peer peer = {.port = c->tcp->remote_port};
    memcpy(peer.address, &c->tcp->remote_ip, sizeof(peer.address));
    *x = (struct app_request){.slot = slot, .connection = c, .keeps = request->keep_alive};
    x->reply = (struct reply){.head_only = reply->head_only, .minor = reply->minor};
    set_up_body(x, request);
    bool open = x->part == RAW || x->part == SIZE_LINE;
    app_front_begin(slot, app_head_put(request, &peer, slot->out.at), x->part == RAW ? APP_UPGRADE : 0,
                    open ? APP_UNKNOWN : request->content_length);
}

/* Who waits already comes first. */
static struct app_slot *take_slot(struct http_conn *c, const struct http_request *request)
{
    uint32_t bytes = app_head_bytes(request);
    bool body = request->chunked || request->content_length > APP_SMALL / 2;
    c->long_head = bytes > APP_SMALL;
    return self.is_up && !self.queue_due ? app_front_take(bytes, body) : NULL;
}

/* What of its body has not been read is skipped where that is not much. */
static bool is_skippable(const struct app_request *x)
{
    return x->part == ALL_TAKEN || (x->part == BYTES && x->body_left <= SKIP_MAX && !x->expects) ||
           (x->part == RAW && x->stage != TUNNEL && x->slot->out.produced == x->slot->out.head);
}

/* The connection goes on without the application. */
static void part_from(struct app_request *x, bool ends)
{
    struct http_conn *c = x->connection;
    c->ends = ends || !is_skippable(x);
    c->skip = !c->ends && x->part == BYTES ? x->body_left : 0;
    c->app = NULL;
    x->connection = NULL;
}

/* The answer is with TCP, or a file that goes in its place begins. */
static enum content_outcome end(struct app_request *x)
{
    part_from(x, x->reply.ends || !x->keeps);
    let_go(x);
    return CONTENT_DONE;
}

/* Nothing has gone out: a page says what went wrong. */
static enum content_outcome tell(struct app_request *x, int status, bool ends)
{
    struct http_conn *c = x->connection;
    http_conn_let_go_file(c);
    part_from(x, ends || !x->keeps);
    struct reply reply = {.head_only = x->reply.head_only, .minor = x->reply.minor, .ends = c->ends};
    http_conn_tell_next(c, status, &reply);
    leave(x, status);
    return CONTENT_DONE;
}

/* The end of the connection would look like the answer's. */
static enum content_outcome cut_off(struct app_request *x, int status, bool ends)
{
    if (!x->begun) {
        return tell(x, status, ends);
    }
    http_conn_abort(x->connection); /* and closed() ends this */
    return CONTENT_WAIT;
}

static void expire(struct http_conn *c, int status)
{
    struct app_request *x = c->app;
    int why = status == 504 && !app_front_accepted(x->slot) ? 503 : status;
    if (cut_off(x, why, true) == CONTENT_DONE) {
        http_conn_go_on(c);
    }
}

static void closed(struct http_conn *c)
{
    struct app_request *x = c->app;
    c->app = NULL;
    x->connection = NULL;
    leave(x, 0);
}

/* -- the request's body -- */

static bool is_tunnel(const struct app_request *x)
{
    return x->stage == TUNNEL;
}

static enum clock clock_of(const struct http_conn *c)
{
    const struct app_request *x = c->app;
    if (x->slot->in.ended) {
        return CLOCK_STALL;
    }
    if (app_front_waits(x->slot) && !is_tunnel(x)) {
        return CLOCK_BODY;
    }
    return x->begun ? CLOCK_NONE : CLOCK_APP;
}

static uint64_t patience_ns(const struct http_conn *c)
{
    return c->app->patience_ns;
}

/* So many bytes have come: what was left of it while nobody waits for the client, and a little more. */
static void renew_patience(struct app_request *x, uint32_t count)
{
    const struct http_conn *c = x->connection;
    if (c->clock == CLOCK_BODY) {
        uint64_t now = pd_now_ns();
        x->patience_ns = c->due_ns > now ? c->due_ns - now : 0;
    }
    uint64_t patience_ns = x->patience_ns + count * PATIENCE_PER_BYTE_NS;
    x->patience_ns = patience_ns < PATIENCE_MAX_NS ? patience_ns : PATIENCE_MAX_NS;
}

/* From the connection into the circle, as much as there is and has room. How much that was. */
static uint64_t move(struct app_request *x, uint64_t most)
{
    struct app_slot *slot = x->slot;
    uint64_t left = most;
    uint32_t room;
    while (left > 0 && unread_any(x->connection)) {
        uint8_t *at = app_front_room(slot, &room);
        uint32_t count = unread_read(x->connection, at, left < room ? (uint32_t)left : room);
        if (count == 0) {
            break;
        }
        app_front_produced(slot, count);
        left -= count;
    }
    x->overwritten |= slot->out.produced > slot->out.size;
    x->expects &= left == most;
    return most - left;
}

static void end_body(struct app_request *x)
{
    x->part = ALL_TAKEN;
    app_front_end(x->slot);
}

/* A line of the framing: what comes next. False: that cannot be. */
static bool take_line(struct app_request *x, struct http_slice line)
{
    bool empty = line.length == 2 && line.at[0] == '\r';
    switch ((enum part)x->part) {
    case SIZE_LINE:
        if (!http_chunk_size(line, &x->body_left)) {
            return false;
        }
        x->part = x->body_left > 0 ? CHUNK : TRAILER;
        return true;
    case CHUNK_END: x->part = SIZE_LINE; return empty;
    case TRAILER:
        if (empty) {
            end_body(x);
        }
        return empty || (http_is_trailer(line) && ++x->trailers <= TRAILERS_MAX);
    case BYTES:
    case CHUNK:
    case RAW:
    case ALL_TAKEN: break;
    }
    return false;
}

/* 0, or what the client is to be told. */
static int take_chunks(struct app_request *x)
{
    struct http_conn *c = x->connection;
    struct http_slice line;
    while (x->part != ALL_TAKEN) {
        if (x->part == CHUNK) {
            x->body_left -= move(x, x->body_left);
            if (x->body_left > 0) {
                return 0;
            }
            x->part = CHUNK_END;
        }
        int status = head_buffer_line(c, x->part == CHUNK_END ? 2 : CHUNK_LINE_MAX, &line);
        if (status != 0) {
            return status == HTTP_INCOMPLETE ? 0 : status;
        }
        uint32_t length = line.length;
        if (!take_line(x, line)) {
            return 400;
        }
        head_buffer_take_line(c, length);
    }
    return 0;
}

/* Of a request that may be upgraded: bytes that follow its head are another request's until 101, unless the application
 * waits for them. */
static void take_raw(struct app_request *x)
{
    struct http_conn *c = x->connection;
    if (is_tunnel(x) || app_front_waits(x->slot)) {
        move(x, UNLIMITED);
        if (c->fin && !unread_any(c)) {
            end_body(x);
        }
    }
}

static int take_parts(struct app_request *x)
{
    switch ((enum part)x->part) {
    case BYTES:
        x->body_left -= move(x, x->body_left);
        if (x->body_left == 0) {
            end_body(x);
        }
        return 0;
    case CHUNK:
    case CHUNK_END:
    case SIZE_LINE:
    case TRAILER: return take_chunks(x);
    case RAW: take_raw(x); return 0;
    case ALL_TAKEN: return 0;
    }
    return 0;
}

/* The client may send its body (RFC 9110 10.1.1). Where there is no memory for it the client begins by itself, after
 * a while. */
static void say_continue(struct app_request *x)
{
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (x->expects && !x->begun) {
        http_conn_write(x->connection, line, sizeof(line) - 1, false);
    }
    x->expects = false;
}

/* 0, or what the client is to be told: its body is nonsense, or its end does not come. */
static int take_body(struct app_request *x)
{
    if (x->part == ALL_TAKEN) {
        return 0;
    }
    uint32_t before = x->slot->out.produced;
    int status = take_parts(x);
    if (x->slot->out.produced != before) {
        renew_patience(x, x->slot->out.produced - before);
    }
    if (status == 0 && app_front_waits(x->slot)) {
        say_continue(x);
        status = x->connection->fin ? 400 : 0;
    }
    return status;
}

/* -- the answer's head -- */

/* Method and path of a request, as far as they are still there. */
static void say_nonsense(const struct app_request *x, const char *wrong)
{
    struct http_request request = {.method_text = {"a request", 9}};
    if (!x->overwritten) {
        app_head_read(x->slot->out.at, x->slot->out.head, &request);
    }
    int method = (int)LWIP_MIN(request.method_text.length, 20u), path = (int)LWIP_MIN(request.path.length, 100u);
    log_line("%.*s %.*s: the application's answer is refused: %s", method, request.method_text.at, path,
             request.path.at ? request.path.at : "", wrong); /* the reason has to fit in the line, too */
    self.nonsense++;
}

static enum content_outcome refuse(struct app_request *x, const char *wrong)
{
    say_nonsense(x, wrong);
    return cut_off(x, 500, false);
}

/* Nobody has to say anything from now on, for ever: whether the client is still there TCP has to ask. */
static void keep_asking(struct tcp_pcb *pcb)
{
    ip_set_option(pcb, SOF_KEEPALIVE);
    pcb->keep_idle = HTTP_PROBE_S * 1000;
    pcb->keep_intvl = HTTP_PROBE_AGAIN_S * 1000;
    pcb->keep_cnt = HTTP_PROBES;
}

static enum stage framing(const struct app_request *x)
{
    int status = self.answer.status;
    if (status == 101) {
        return TUNNEL;
    }
    if (x->reply.head_only || app_head_has_no_body(status)) {
        return NO_BODY;
    }
    if (x->slot->in.length != APP_UNKNOWN) {
        return COUNTED;
    }
    return x->reply.minor > 0 ? CHUNKED : TO_END;
}

static void put_framing(const struct app_request *x, enum stage stage, struct writer *head)
{
    int status = self.answer.status;
    if (stage == TUNNEL) {
        writer_put(head, "Connection: Upgrade\r\n"); /* which the fields speak of */
    } else if (stage == CHUNKED) {
        writer_put(head, "Transfer-Encoding: chunked\r\n");
    } else if (status == 205) {
        response_content_length(head, 0); /* else it would end with the connection: RFC 9110 15.3.6 */
    } else if (!app_head_has_no_body(status) && x->slot->in.length != APP_UNKNOWN) {
        response_content_length(head, x->slot->in.length);
    }
}

/* A body that is there as a whole goes out with its head. How much that was. */
static uint32_t put_short_body(const struct app_request *x, enum stage stage, struct writer *head)
{
    const struct app_circle *in = &x->slot->in;
    if (stage != COUNTED || in->length > in->produced - in->head || in->length > (size_t)(head->end - head->at)) {
        return 0;
    }
    writer_put_bytes(head, in->at + in->head, (size_t)in->length);
    return (uint32_t)in->length;
}

/* And so much of the body: *body. */
static uint32_t make_head(const struct app_request *x, enum stage stage, uint32_t *body)
{
    struct writer head = writer_in(self.text, sizeof(self.text));
    struct reply reply = {.minor = x->reply.minor, .ends = x->reply.ends && stage != TUNNEL};
    app_head_status_line(&self.answer, &head);
    app_head_fields(&self.answer, &head);
    put_framing(x, stage, &head);
    response_end(&head, &reply, !self.answer.has_date);
    assert(!head.full); /* HEAD_ROOM */
    *body = put_short_body(x, stage, &head);
    return writer_length(&head);
}

static bool send_head(struct app_request *x)
{
    enum stage stage = framing(x);
    uint32_t body;
    x->keeps &= stage != TO_END && stage != TUNNEL && (x->part != RAW || is_skippable(x));
    x->reply.ends = !x->keeps;
    uint32_t length = make_head(x, stage, &body);
    if (!http_conn_write(x->connection, self.text, length, stage != NO_BODY)) {
        return false;
    }
    if (stage == CHUNKED || stage == TO_END || stage == TUNNEL) {
        keep_asking(x->connection->tcp);
    }
    x->stage = (uint8_t)stage;
    x->begun = true;
    x->left = stage == COUNTED ? x->slot->in.length - body : 0;
    trace(app_answers, x->slot->serial, self.answer.status);
    app_front_taken(x->slot, x->slot->in.head + body);
    return true;
}

/* A file goes in the answer's place when that is complete; bytes that come with it are not looked at. */
static enum content_outcome redirect(struct app_request *x)
{
    x->stage = REDIRECT;
    x->reply.ends = !x->keeps;
    return x->slot->in.ended ? CONTENT_REDIRECT : CONTENT_WAIT;
}

/* What the application says is copied, then looked at. CONTENT_WAIT: the head has gone out (x->begun), or the answer
 * waits for something, or the connection has been broken. */
static enum content_outcome begin_answer(struct app_request *x)
{
    const struct app_circle *in = &x->slot->in;
    if (!in->open || tcp_sndbuf(x->connection->tcp) < HEAD_ROOM) {
        return CONTENT_WAIT;
    }
    memcpy(self.answer_head, in->at, in->head);
    const char *wrong = app_head_check(self.answer_head, in->head, (x->slot->flags & APP_UPGRADE) != 0, &self.answer);
    bool file = self.answer.path.length > 0 && !app_head_has_no_body(self.answer.status);
    if (!wrong && file != (x->stage == REDIRECT) && x->stage == REDIRECT) {
        wrong = "it has changed its mind";
    }
    if (wrong) {
        return refuse(x, wrong);
    }
    if (file) {
        return redirect(x);
    }
    send_head(x);
    return CONTENT_WAIT;
}

/* -- its body -- */

/* With nothing under way no acknowledgement will come that makes more of it. */
static bool room_is_worth_it(const struct http_conn *c)
{
    uint32_t room = http_conn_room(c, false);
    return room >= ROOM_WORTH_TELLING || (room > CHUNK_FRAME && c->unacknowledged == 0);
}

/* As much as TCP takes. */
static uint32_t put(struct app_request *x, const void *data, uint32_t size)
{
    uint32_t room = http_conn_room(x->connection, false), count = size < room ? size : room;
    count = count < WRITE_MAX ? count : WRITE_MAX;
    while (count > 0 && !http_conn_write(x->connection, data, count, false)) {
        count = count > TCP_MSS ? count / 2 : 0;
    }
    return count;
}

/* A chunk goes out whole, or not at all: size line, data and line end are one write while that is small. */
static uint32_t put_chunk(struct app_request *x, const void *data, uint32_t size)
{
    uint32_t room = http_conn_room(x->connection, false), most = sizeof(self.text) - CHUNK_FRAME;
    if (room <= CHUNK_FRAME) {
        return 0;
    }
    uint32_t count = size < room - CHUNK_FRAME ? size : room - CHUNK_FRAME;
    count = count < most ? count : most;
    struct writer chunk = writer_in(self.text, sizeof(self.text));
    char size_text[HTTP_HEX_MAX];
    writer_put_bytes(&chunk, size_text, http_put_hex(size_text, count));
    writer_put(&chunk, "\r\n");
    writer_put_bytes(&chunk, data, count);
    writer_put(&chunk, "\r\n");
    return http_conn_write(x->connection, self.text, writer_length(&chunk), false) ? count : 0;
}

/* What is too much is cut off. */
static uint32_t put_counted(struct app_request *x, const void *data, uint32_t size)
{
    if (x->left > 0) {
        uint32_t count = put(x, data, size < x->left ? size : (uint32_t)x->left);
        x->left -= count;
        return count;
    }
    self.nonsense += !x->too_long;
    x->too_long = true;
    return size;
}

static uint32_t put_body(struct app_request *x, const void *data, uint32_t size)
{
    switch ((enum stage)x->stage) {
    case COUNTED: return put_counted(x, data, size);
    case CHUNKED: return put_chunk(x, data, size);
    case TO_END:
    case TUNNEL: return put(x, data, size);
    case NO_BODY: return size;
    case HEAD:
    case REDIRECT: return 0;
    }
    return 0;
}

/* What there is, as much as TCP takes. True: all. */
static bool send_body(struct app_request *x)
{
    const uint8_t *bytes;
    uint32_t count;
    if (x->write_blocked && !room_is_worth_it(x->connection)) {
        return false;
    }
    x->write_blocked = false;
    while (bytes = app_front_bytes(x->slot, &count), count > 0) {
        uint32_t done = put_body(x, bytes, count);
        if (done == 0) {
            x->write_blocked = true;
            return false;
        }
        app_front_taken(x->slot, done);
    }
    return true;
}

/* -- its end, which may have to wait for room -- */

/* All that its length promised is there, whatever the application says. */
static bool will_be_whole(const struct app_request *x)
{
    return x->stage == NO_BODY || (x->stage == COUNTED && x->left <= x->slot->in.produced - x->slot->in.taken);
}

static enum content_outcome finish(struct app_request *x)
{
    static const char last[] = "0\r\n\r\n";
    switch ((enum stage)x->stage) {
    case CHUNKED: return http_conn_write(x->connection, last, sizeof(last) - 1, false) ? end(x) : CONTENT_WAIT;
    case COUNTED: return x->left > 0 ? cut_off(x, 500, false) : end(x);
    case TO_END:
    case TUNNEL:
    case NO_BODY: return end(x);
    case HEAD:
    case REDIRECT: break;
    }
    return CONTENT_WAIT;
}

static enum content_outcome go_on(struct http_conn *c)
{
    struct app_request *x = c->app;
    int status = take_body(x), failure;
    if (status != 0) {
        return cut_off(x, status, true);
    }
    if (c->no_memory) {
        return CONTENT_WAIT;
    }
    if (app_front_failed(x->slot, &failure) && !will_be_whole(x)) {
        return cut_off(x, failure, false);
    }
    if (x->stage == HEAD || x->stage == REDIRECT) {
        enum content_outcome outcome = begin_answer(x);
        if (!c->app || !x->begun) {
            return outcome;
        }
        take_body(x); /* of a tunnel */
    }
    return send_body(x) && x->slot->in.ended ? finish(x) : CONTENT_WAIT;
}

static const struct content_ops content = {go_on, clock_of, patience_ns, expire, closed};

bool app_request_begin(struct http_conn *c, const struct http_request *request, const struct reply *reply)
{
    struct app_slot *slot = take_slot(c, request);
    if (!slot) {
        c->state = QUEUED;
        return false;
    }
    struct app_request *x = &self.requests[slot->number];
    set_up(x, slot, c, request, reply);
    trace(app_request, slot->serial, c);
    http_conn_take_request(c, request);
    http_counts.app_requests++;
    http_counts.handed_over++;
    c->skip = 0;
    c->app = x;
    c->state = ANSWERING;
    c->content = &content;
    return true;
}

/* -- what the application says -- */

static void on_changed(struct app_slot *slot)
{
    struct app_request *x = &self.requests[slot->number];
    struct http_conn *c = x->connection;
    if (c) {
        if (c->clock == CLOCK_APP && x->seen_taken != slot->out.taken) {
            timeouts_set(c, CLOCK_APP); /* it gets on */
        }
        x->seen_taken = slot->out.taken;
        http_conn_go_on(c);
    } else if (slot->in.ended) {
        let_go(x);
    } else if (slot->in.open) {
        app_front_taken(slot, slot->in.produced - slot->in.taken);
    }
}

static void on_control(void)
{
    if (self.on_site()) {
        self.is_up = true;
        serve_queues_soon();
    }
}

/* All slots are free already. Who had nothing of an answer is told to come again. */
static void on_restarted(void)
{
    self.is_up = false;
    for (uint32_t i = 0; i < APP_SLOTS; i++) {
        struct app_request *x = &self.requests[i];
        struct http_conn *c = x->connection;
        if (x->slot && !c) {
            let_go(x);
        } else if (x->slot && cut_off(x, 503, x->part == RAW) == CONTENT_DONE) {
            http_conn_go_on(c);
        }
    }
}

void app_request_init(const struct app_config *config, bool (*on_site)(void))
{
    static const struct app_front_handlers handlers = {on_changed, on_control, on_restarted, serve_queues_soon};
    self.on_site = on_site;
    app_front_init(config, &handlers);
}

/* -- for the file that an answer is redirected to -- */

struct http_slice app_request_redirection(const struct app_request *x, struct reply *reply)
{
    *reply = x->reply;
    return self.answer.path;
}

void app_request_redirected(struct app_request *x)
{
    end(x);
}

void app_request_read(const struct app_request *x, struct http_request *parsed)
{
    if (x->overwritten) {
        *parsed = (struct http_request){.method = HTTP_OTHER};
    } else {
        app_head_read(x->slot->out.at, x->slot->out.head, parsed);
    }
}

int app_request_status(const struct app_request *x)
{
    return self.answer.status;
}

void app_request_put_status_line(const struct app_request *x, struct writer *head)
{
    app_head_status_line(&self.answer, head);
}

void app_request_put_fields(const struct app_request *x, const char *lines, uint32_t length, struct writer *head)
{
    app_head_merge(&self.answer, lines, length, head);
}
