/* app_request.c: the life of a request that goes to the application, from its connection to the answer's end.
 *   consumes  a request that was parsed; word from the application (http/app_front.h)   NOT trusted
 *   produces  the request's head in its slot's circle; its body (app_body.c); the answer (app_answer.c)
 *   invariant a request lives until the application has ended it. Its connection goes on when the answer is in TCP's
 *             hands, and may go before
 *   when full no slot, or nobody to ask yet: it waits in its connection (app_queue.c)
 *   waits     for the answer to begin: HTTP_APP_S, again with each part of the body that the application takes; then
 *             504, or 503 where nobody had begun to answer. For the body app_body.c says how long, for the rest of an
 *             answer app_answer.c. In a tunnel that the application has agreed to (101): for ever
 *   refuses   an answer that may not be: 500 where nothing has gone out, else the client is cut off; counted, and told
 *             on the console
 */
#include "http/content/app_request.h"

#include "http/content/app_answer.h"
#include "http/content/app_body.h"
#include "http/content/app_head.h"
#include "http/content/app_long.h"
#include "http/content/app_queue.h"
#include "http/content/content.h"
#include "lib/log.h"
#include "lib/pd.h"

static struct {
    bool (*on_site)(void);
    struct app_request requests[APP_SLOTS];
} self;

void app_request_count_nonsense(void)
{
    app_link_counts.nonsense++;
}

uint64_t app_request_nonsense(void)
{
    return app_link_counts.nonsense;
}

/* -- begin and end -- */

static void let_go(struct app_request *x)
{
    app_long_end(x);
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

static void set_up(struct app_request *x, struct app_slot *slot, struct http_conn *c,
                   const struct http_request *request, const struct reply *reply)
{
    struct transport_peer peer;
    c->transport.ops->peer(&c->transport, &peer);
    if (app_head_bytes(request) + peer.server.length > APP_HEAD_MAX) {
        peer.server.length = 0;
    }
    *x = (struct app_request){.slot = slot, .connection = c, .keeps = request->keep_alive};
    x->reply = (struct reply){.head_only = reply->head_only, .minor = reply->minor, .secured = reply->secured};
    app_body_begin(x, request);
    app_front_begin(slot, app_head_put(request, &peer, slot->out.at), x->part == PART_RAW ? APP_UPGRADE : 0,
                    app_body_is_open(x) ? APP_UNKNOWN : request->content_length);
}

/* The connection goes on without the application. */
static void part_from(struct app_request *x, bool ends)
{
    struct http_conn *c = x->connection;
    c->ends = ends || !app_body_is_skippable(x);
    c->skip = !c->ends && x->part == PART_BYTES ? x->body_left : 0;
    content_of(c)->app = NULL;
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
    content_drop_file(c);
    part_from(x, ends || !x->keeps);
    struct reply reply = x->reply;
    reply.ends = c->ends;
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
    struct app_request *x = content_of(c)->app;
    int why = status == 504 && !app_front_accepted(x->slot) ? 503 : status;
    if (cut_off(x, why, true) == CONTENT_DONE) {
        http_conn_go_on(c);
    }
}

static void closed(struct http_conn *c)
{
    struct app_request *x = content_of(c)->app;
    content_of(c)->app = NULL;
    x->connection = NULL;
    leave(x, 0);
}

/* -- on its way -- */

static enum clock clock_of(struct http_conn *c)
{
    const struct app_request *x = content_of(c)->app;
    if (x->slot->in.ended) {
        return CLOCK_STALL;
    }
    if (app_front_waits(x->slot) && x->stage != STAGE_TUNNEL) {
        return CLOCK_BODY;
    }
    return x->begun ? CLOCK_NONE : CLOCK_APP;
}

static uint64_t patience_ns(struct http_conn *c)
{
    return content_of(c)->app->patience_ns;
}

static int at_most(uint32_t most, uint32_t length)
{
    return (int)(length < most ? length : most);
}

/* Method and path of a request, as far as they are still there. */
static void say_nonsense(const struct app_request *x, const char *what, const char *wrong)
{
    struct http_request request = {.method_text = {"a request", 9}};
    if (!x->overwritten) {
        app_head_read(x->slot->out.at, x->slot->out.head, &request);
    }
    int method = at_most(20, request.method_text.length), path = at_most(100, request.path.length);
    log_line("%.*s %.*s: the application's answer is %s: %s", method, request.method_text.at, path,
             request.path.at ? request.path.at : "", what, wrong); /* the reason has to fit in the line, too */
    app_link_counts.nonsense++;
}

static enum content_outcome refuse(struct app_request *x, const char *wrong)
{
    say_nonsense(x, "refused", wrong);
    return cut_off(x, 500, false);
}

/* CONTENT_WAIT with x->begun: its head has gone out. */
static enum content_outcome begin_answer(struct app_request *x)
{
    const char *wrong = app_answer_begin(x);
    if (wrong) {
        return refuse(x, wrong);
    }
    if (x->stage == STAGE_NO_PLACE) {
        return cut_off(x, 503, false);
    }
    return x->stage == STAGE_REDIRECT && x->slot->in.ended ? CONTENT_REDIRECT : CONTENT_WAIT;
}

static enum content_outcome finish(struct app_request *x)
{
    if (!app_answer_is_whole(x)) {
        say_nonsense(x, "cut off", "less has come than its Content-Length");
        return cut_off(x, 500, false);
    }
    return app_answer_end(x) ? end(x) : CONTENT_WAIT;
}

static enum content_outcome go_on(struct http_conn *c)
{
    struct app_request *x = content_of(c)->app;
    if (!x->slot->used) {
        return end(x); /* on_restarted() */
    }
    int status = app_body_take(x), failure;
    if (status != 0) {
        return cut_off(x, status, true);
    }
    if (c->transport.no_memory) {
        return CONTENT_WAIT;
    }
    if (app_front_failed(x->slot, &failure) && !app_answer_will_be_whole(x)) {
        return cut_off(x, failure, false);
    }
    if (x->stage == STAGE_HEAD || x->stage == STAGE_REDIRECT) {
        enum content_outcome outcome = begin_answer(x);
        if (!content_of(c)->app || !x->begun) {
            return outcome;
        }
        app_body_take(x); /* of a tunnel */
    }
    return app_answer_send(x) && x->slot->in.ended ? finish(x) : CONTENT_WAIT;
}

static const struct content_ops content = {go_on, clock_of, patience_ns, expire, closed, CLOCK_WAIT};

bool app_request_begin(struct http_conn *c, const struct http_request *request, const struct reply *reply)
{
    struct app_slot *slot = app_queue_take_slot(c, request);
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
    content_of(c)->app = x;
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
        app_queue_open();
    }
}

/* All slots are free already. Who had nothing of an answer is told so; whose answer lacks but the word that it has ended
 * goes on. */
static void on_restarted(void)
{
    app_queue_close();
    for (uint32_t i = 0; i < APP_SLOTS; i++) {
        struct app_request *x = &self.requests[i];
        struct http_conn *c = x->connection;
        if (x->slot && !c) {
            let_go(x);
        } else if (x->slot && (app_answer_is_sent(x) || cut_off(x, 502, x->part == PART_RAW) == CONTENT_DONE)) {
            http_conn_go_on(c);
        }
    }
}

void app_request_init(const struct app_config *config, bool (*on_site)(void))
{
    static const struct app_front_handlers handlers = {on_changed, on_control, on_restarted, app_queue_serve_soon};
    self.on_site = on_site;
    app_front_init(config, &handlers);
}

/* -- for the file that goes in an answer's place -- */

struct http_slice app_request_redirection(const struct app_request *x, struct reply *reply)
{
    *reply = x->reply;
    return app_answer_path();
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
