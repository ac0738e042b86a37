/* exchange.c: one request and its answer, between a connection and the application.
 *   consumes  what the application reads of head and body; the rest waits in TCP's window
 *   consumes  the application's answer, as if the connection ended behind it
 *             (its own code: trusted, but may be wrong)
 *   produces  the same for a connection that goes on: framed, with the connection's own fields
 *   invariant an exchange lives until the application has closed it and what it wrote is in TCP's hands
 *   when full all exchanges in use: requests wait in their connections, in order, until HTTP_APP_S (504), QUEUE_MAX of
 *             them (503). No place for a request's head: 503. No buffer for a long head of an answer, or TCP's full:
 *             write takes less, then writable() tells of room
 *   waits     for the client's body: as long as it comes fast enough (408); for the application's first byte:
 *             HTTP_APP_S (504); for more of it, and in a tunnel that it has agreed to (101): for ever, but where
 *             its length is not told TCP asks whether the client is there (HTTP_PROBE_S)
 */
#include "http/internal.h"

#include <stddef.h>
#include <string.h>

#include "http/text.h"
#include "lib/pd.h"
#include "net/ip/ip.h"

#define WRITE_MAX 0xffffu
#define CHUNK_FRAME (8 + 2 + 2 + 5) /* size in hex, line ends, and room for the last chunk */
#define ROOM_WORTH_TELLING (2 * TCP_MSS)
#define UNLIMITED UINT64_MAX
#define ANSWER_SHORT 512 /* bytes of a head; longer ones lie in a buffer of gather.c's */
#define PATIENCE_MAX_NS (HTTP_BODY_S * 1000000000ull)
#define PATIENCE_PER_BYTE_NS (1000000000ull / HTTP_BODY_RATE)

/* Of the application's answer. */
enum stage {
    HEAD,     /* not yet whole */
    READY,    /* whole, but TCP had no room for it */
    COUNTED,  /* body: Content-Length says how much */
    CHUNKED,  /* body: chunked by us */
    TO_END,   /* body: to the end of the connection */
    TUNNEL,   /* behind 101: all, as it comes */
    NO_BODY,  /* none may follow; what comes is dropped */
    REDIRECT, /* a file goes in its place */
    FAILED,   /* its head was nonsense: 502 */
};

struct exchange {
    struct http_exchange public; /* first: the application has a pointer to it */
    bool used, closed;
    bool failed;  /* closed, and the answer is not complete */
    bool hungry;  /* a read found nothing */
    bool stuck;   /* a write found no room */
    bool expects; /* the client waits for 100 (Continue) */
    bool begun;   /* something of the answer has been sent */
    bool upgrade; /* the client takes 101 */
    bool keeps;   /* the client's connection may go on after this */
    uint8_t stage;
    struct reply reply;
    struct connection *connection; /* NULL: the client has gone */
    struct kept request;           /* its head */
    uint32_t request_read;
    uint64_t patience_ns; /* with its body: grows as it comes */
    uint64_t body_left;   /* of the request's body, not yet read; UNLIMITED: as it comes, to the end */
    uint32_t head_length;
    uint64_t left; /* COUNTED: of the answer's body */
    struct answer_head head;
    char *answer; /* short, or long: */
    struct gathered *long_answer;
    char short_answer[ANSWER_SHORT];
};

static struct {
    const struct http_app *app;
    struct exchange exchanges[HTTP_EXCHANGES_MAX];
    bool heads_awaited; /* an answer's head waits for a buffer */
    char head[HEAD_ROOM];
} self;

void exchange_init(const struct http_app *app)
{
    self.app = app;
}

/* -- begin and end -- */

static struct exchange *take(void)
{
    for (uint32_t i = 0; i < HTTP_EXCHANGES_MAX; i++) {
        if (!self.exchanges[i].used) {
            return &self.exchanges[i];
        }
    }
    return NULL;
}

static void serve_queue(enum clock clock)
{
    struct connection *c, *next;
    for (c = server_oldest(clock); c && http_counts.exchanges < HTTP_EXCHANGES_MAX; c = next) {
        next = c->next;
        if (c->state == QUEUED) {
            c->state = READING;
            connection_go_on(c);
        }
    }
}

/* The one that has waited longest is next; half-closed clients come last. */
void exchange_serve_queue(void)
{
    serve_queue(CLOCK_QUEUE);
    serve_queue(CLOCK_GONE);
}

static void drop_long_answer(struct exchange *x)
{
    struct gathered *dropped = x->long_answer;
    if (dropped) {
        x->long_answer = NULL;
        gather_let_go(dropped);
    }
}

static void free_exchange(struct exchange *x)
{
    trace(app_closed, x, x->stage);
    x->used = false;
    drop_long_answer(x);
    kept_drop(&x->request);
    http_counts.exchanges--;
    server_serve_queue_soon();
}

/* False: there is no place for its head. */
static bool set_up(struct exchange *x, struct connection *c, const struct http_request *request,
                   const struct reply *reply)
{
    bool unlimited = request->upgrade || request->chunked;
    memset(x, 0, offsetof(struct exchange, short_answer));
    x->answer = x->short_answer;
    if (!gather_hand_over(c, request->head_length, &x->request)) {
        return false;
    }
    x->used = true;
    http_counts.exchanges++;
    x->connection = c;
    x->reply = (struct reply){.head_only = reply->head_only, .minor = reply->minor};
    x->keeps = request->keep_alive && !unlimited;
    x->patience_ns = PATIENCE_MAX_NS;
    x->body_left = unlimited ? UNLIMITED : request->content_length;
    x->expects = request->expect_continue && request->minor > 0;
    x->upgrade = request->upgrade;
    x->stage = HEAD;
    return true;
}

bool exchange_begin(struct connection *c, const struct http_request *request, const struct reply *reply)
{
    struct exchange *x = server_queue_is_due() ? NULL : take(); /* those that wait already come first */
    if (!x) {
        c->state = QUEUED;
        return false;
    }
    if (!set_up(x, c, request, reply)) {
        return answer_refuse(c, request, reply, 503);
    }
    http_counts.requests++;
    c->skip = 0;
    c->exchange = x;
    c->state = EXCHANGING;
    trace(app_request, x, c);
    if (self.app && self.app->begin(&x->public)) {
        http_counts.handed_over++;
        return true;
    }
    c->exchange = NULL;
    c->skip = reply->ends ? 0 : request->content_length;
    c->state = TELLING;
    c->telling = 503;
    c->told = *reply;
    free_exchange(x);
    return true;
}

/* The client is told why; the application still has to close. */
void exchange_expire(struct exchange *x, int status)
{
    struct connection *c = x->connection;
    struct reply reply = x->reply;
    if (x->begun) {
        connection_abort(c);
        return;
    }
    reply.ends = true;
    c->exchange = NULL;
    file_let_go(c);
    exchange_broken(x);
    connection_tell(c, status, &reply);
}

void exchange_broken(struct exchange *x)
{
    x->connection = NULL;
    if (x->closed) {
        free_exchange(x);
    } else {
        self.app->broken(&x->public);
    }
}

/* The answer is with TCP. What of the request's body was not read is skipped where that is not much. */
static bool end(struct exchange *x)
{
    struct connection *c = x->connection;
    bool skippable = x->body_left == 0 || (x->body_left <= SKIP_MAX && !x->expects);
    c->exchange = NULL;
    c->ends = x->reply.ends || !x->keeps || !skippable;
    c->skip = c->ends ? 0 : x->body_left;
    x->connection = NULL;
    if (c->state != SENDING) {
        connection_answered(c);
    }
    free_exchange(x);
    return true;
}

/* -- the request -- */

enum clock exchange_clock(const struct exchange *x)
{
    if (x->closed) {
        return CLOCK_STALL;
    }
    if (x->hungry && x->stage != TUNNEL) {
        return CLOCK_BODY;
    }
    return x->begun ? CLOCK_NONE : CLOCK_APP;
}

uint64_t exchange_patience_ns(const struct exchange *x)
{
    return x->patience_ns;
}

/* What is left of it while nobody waits for the client. */
static void stop_patience(struct exchange *x)
{
    const struct connection *c = x->connection;
    if (c->clock == CLOCK_BODY) {
        uint64_t now = pd_now_ns();
        x->patience_ns = c->due_ns > now ? c->due_ns - now : 0;
    }
}

static bool body_readable(const struct exchange *x)
{
    const struct connection *c = x->connection;
    return x->body_left == 0 || connection_unread(c) || c->fin;
}

void exchange_received(struct exchange *x)
{
    if (x->hungry && body_readable(x)) {
        x->hungry = false;
        stop_patience(x);
        self.app->readable(&x->public);
    }
}

/* The client may send its body (RFC 9110 10.1.1). Where there is no memory for it the client begins by itself, after
 * a while. */
static void say_continue(struct exchange *x)
{
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (x->expects && !x->begun) {
        connection_write(x->connection, line, sizeof(line) - 1, false);
    }
    x->expects = false;
}

static void get_hungry(struct exchange *x)
{
    say_continue(x);
    x->hungry = true;
    connection_see_clock(x->connection, true);
}

bool http_exchange_readable(struct http_exchange *exchange)
{
    struct exchange *x = (struct exchange *)exchange;
    if (!x->connection || x->request_read < x->request.length || body_readable(x)) {
        return true;
    }
    get_hungry(x);
    return false;
}

static int32_t read_body(struct exchange *x, void *buffer, uint32_t size)
{
    struct connection *c = x->connection;
    if (x->body_left == 0) {
        return -1;
    }
    uint32_t count = connection_read(c, buffer, x->body_left < size ? (uint32_t)x->body_left : size);
    if (x->body_left != UNLIMITED) {
        x->body_left -= count;
    }
    if (count > 0) {
        uint64_t patience_ns = x->patience_ns + count * PATIENCE_PER_BYTE_NS;
        x->patience_ns = patience_ns < PATIENCE_MAX_NS ? patience_ns : PATIENCE_MAX_NS;
        x->expects = false;
        return (int32_t)count;
    }
    if (c->fin) {
        return -1;
    }
    get_hungry(x);
    return 0;
}

int32_t http_exchange_read(struct http_exchange *exchange, void *buffer, uint32_t size)
{
    struct exchange *x = (struct exchange *)exchange;
    if (!x->connection) {
        return -1;
    }
    if (x->request_read == x->request.length) {
        return size > 0 ? read_body(x, buffer, size) : 0;
    }
    return (int32_t)kept_read(&x->request, &x->request_read, buffer, size);
}

void http_exchange_peer(const struct http_exchange *exchange, ip_addr_t *ip, uint16_t *port)
{
    const struct exchange *x = (const struct exchange *)exchange;
    if (x->connection) {
        *ip = x->connection->tcp->remote_ip;
        *port = x->connection->tcp->remote_port;
    } else {
        ip_addr_set_zero(ip);
        *port = 0;
    }
}

/* -- the answer's head -- */

/* False: no buffer is free; exchange_heads_again() will be called. */
static bool take_long_answer(struct exchange *x)
{
    x->long_answer = gather_take();
    if (!x->long_answer) {
        self.heads_awaited = true;
        return false;
    }
    memcpy(x->long_answer->bytes, x->short_answer, x->head_length);
    x->answer = x->long_answer->bytes;
    return true;
}

static bool head_has_room(struct exchange *x)
{
    if (x->head_length == HTTP_HEAD_MAX) {
        x->stage = FAILED;
        return false;
    }
    return x->head_length < ANSWER_SHORT || x->long_answer || take_long_answer(x);
}

void exchange_heads_again(void)
{
    bool awaited = self.heads_awaited;
    self.heads_awaited = false;
    for (uint32_t i = 0; awaited && i < HTTP_EXCHANGES_MAX; i++) {
        struct exchange *x = &self.exchanges[i];
        if (x->used && x->connection && x->stuck && x->stage == HEAD) {
            x->stuck = false;
            self.app->writable(&x->public);
        }
    }
}

/* Bytes up to and with the empty line; the rest of data is body. */
static uint32_t gather(struct exchange *x, const char *data, uint32_t size)
{
    uint32_t i = 0;
    while (i < size && x->stage == HEAD) {
        if (!head_has_room(x)) {
            break;
        }
        x->answer[x->head_length++] = data[i];
        if (data[i++] == '\n') {
            const char *at = x->answer + x->head_length - 1;
            bool empty = x->head_length > 1 &&
                         (at[-1] == '\n' || (x->head_length > 2 && at[-1] == '\r' && at[-2] == '\n'));
            x->stage = empty ? READY : HEAD;
        }
    }
    return i;
}

/* Nobody has to say anything from now on, for ever: whether the client is still there TCP has to ask. */
static void keep_asking(struct tcp_pcb *pcb)
{
    ip_set_option(pcb, SOF_KEEPALIVE);
    pcb->keep_idle = HTTP_PROBE_S * 1000;
    pcb->keep_intvl = HTTP_PROBE_AGAIN_S * 1000;
    pcb->keep_cnt = HTTP_PROBES;
}

static enum stage framing(struct exchange *x)
{
    const struct answer_head *head = &x->head;
    if (x->reply.head_only || answer_has_no_body(head->status)) {
        return NO_BODY;
    }
    if (head->framed) {
        x->keeps = false; /* whether it was complete we do not know */
        return TO_END;
    }
    if (head->has_length) {
        x->left = head->length;
        return COUNTED;
    }
    if (x->reply.minor > 0) {
        return CHUNKED;
    }
    x->keeps = false;
    return TO_END;
}

/* 1xx: the answer itself is still to come, but behind 101. Only a client of HTTP/1.1 knows them. */
static bool send_interim(struct exchange *x)
{
    struct writer head = writer_in(self.head, sizeof(self.head));
    answer_head_copy(x->answer, x->head_length, x->head.status, &head);
    writer_put(&head, "\r\n");
    if (head.full) {
        x->stage = FAILED;
        return true;
    }
    if (x->reply.minor > 0 && !connection_write(x->connection, self.head, writer_length(&head), false)) {
        return false;
    }
    if (x->head.status == 101) {
        x->stage = TUNNEL;
        x->begun = true;
        keep_asking(x->connection->tcp);
        drop_long_answer(x);
        return true;
    }
    x->expects &= x->head.status != 100;
    x->head_length = 0;
    x->stage = HEAD;
    return true;
}

static bool send_head(struct exchange *x)
{
    enum stage stage = framing(x);
    x->reply.ends = !x->keeps;
    struct writer head = writer_in(self.head, sizeof(self.head));
    answer_head_copy(x->answer, x->head_length, x->head.status, &head);
    if (stage != COUNTED && stage != NO_BODY) {
        writer_put(&head, stage == CHUNKED ? "Transfer-Encoding: chunked\r\n" : "");
        keep_asking(x->connection->tcp);
    }
    head_end(&head, &x->reply, !x->head.has_date);
    if (head.full) {
        x->stage = FAILED;
        return true;
    }
    if (!connection_write(x->connection, self.head, writer_length(&head), stage != NO_BODY)) {
        return false;
    }
    x->stage = (uint8_t)stage;
    x->begun = true;
    trace(app_answers, x, x->head.status);
    drop_long_answer(x);
    return true;
}

/* False: no room now. */
static bool see_head(struct exchange *x)
{
    if (!answer_head_parse(x->answer, x->head_length, &x->head) || (x->head.framed && x->reply.minor == 0)) {
        x->stage = FAILED;
        return true;
    }
    if (x->head.redirect.at && !answer_has_no_body(x->head.status)) {
        x->stage = REDIRECT;
        return true;
    }
    if (tcp_sndbuf(x->connection->tcp) < HEAD_ROOM) {
        return false;
    }
    if (x->head.status == 101 && !x->upgrade) {
        x->stage = FAILED;
        return true;
    }
    return x->head.status < 200 ? send_interim(x) : send_head(x);
}

/* -- its body -- */

/* With nothing under way no acknowledgement will come that makes more of it. */
static bool room_worth_telling(const struct connection *c)
{
    uint32_t room = connection_room(c, false);
    return room >= ROOM_WORTH_TELLING || (room > CHUNK_FRAME && c->unacknowledged == 0);
}

/* As much as TCP takes. */
static uint32_t put(struct exchange *x, const void *data, uint32_t size)
{
    uint32_t room = connection_room(x->connection, false), count = size < room ? size : room;
    count = count < WRITE_MAX ? count : WRITE_MAX;
    while (count > 0 && !connection_write(x->connection, data, count, false)) {
        count = count > TCP_MSS ? count / 2 : 0;
    }
    return count;
}

/* A chunk goes out whole, or not at all: size line, data and line end are one write while that is small. */
static uint32_t put_chunk(struct exchange *x, const void *data, uint32_t size)
{
    uint32_t room = connection_room(x->connection, false), most = sizeof(self.head) - CHUNK_FRAME;
    if (room <= CHUNK_FRAME || size == 0) {
        return 0;
    }
    uint32_t count = size < room - CHUNK_FRAME ? size : room - CHUNK_FRAME;
    count = count < most ? count : most;
    struct writer chunk = writer_in(self.head, sizeof(self.head));
    char size_text[HTTP_HEX_MAX];
    writer_put_bytes(&chunk, size_text, http_put_hex(size_text, count));
    writer_put(&chunk, "\r\n");
    writer_put_bytes(&chunk, data, count);
    writer_put(&chunk, "\r\n");
    return connection_write(x->connection, self.head, writer_length(&chunk), false) ? count : 0;
}

static uint32_t put_body(struct exchange *x, const void *data, uint32_t size)
{
    uint32_t count;
    switch ((enum stage)x->stage) {
    case COUNTED:
        count = put(x, data, size < x->left ? size : (uint32_t)x->left);
        x->left -= count;
        return x->left == 0 ? size : count; /* what is too much is cut off */
    case CHUNKED: return put_chunk(x, data, size);
    case TO_END:
    case TUNNEL: return put(x, data, size);
    case HEAD:
    case READY: return 0;
    case NO_BODY:
    case REDIRECT:
    case FAILED: return size;
    }
    return 0;
}

int32_t http_exchange_write(struct http_exchange *exchange, const void *data, uint32_t size)
{
    struct exchange *x = (struct exchange *)exchange;
    uint32_t done = 0;
    if (!x->connection) {
        return -1;
    }
    size = size < INT32_MAX ? size : INT32_MAX;
    while (x->stage <= READY) {
        if (x->stage == READY && !see_head(x)) {
            break;
        }
        if (x->stage == HEAD && done == size) {
            return (int32_t)done;
        }
        done += gather(x, (const char *)data + done, size - done);
        if (x->stage == HEAD && done < size) {
            break; /* put_body() takes nothing now */
        }
    }
    while (done < size) {
        uint32_t count = put_body(x, (const char *)data + done, size - done);
        if (count == 0) {
            x->stuck = true;
            break;
        }
        done += count;
    }
    connection_see_clock(x->connection, false);
    return (int32_t)done;
}

/* -- the end, which may have to wait for room -- */

static bool fail(struct exchange *x)
{
    x->keeps = false;
    x->reply.ends = true;
    if (!x->begun && !head_refusal(x->connection, &x->reply, 502, "")) {
        return false;
    }
    return end(x);
}

static bool redirect(struct exchange *x)
{
    x->reply.ends = !x->keeps;
    return answer_redirected(x->connection, x->head.redirect, &x->reply) && end(x);
}

/* All that its length promised is there, whatever the application says. */
static bool is_whole(const struct exchange *x)
{
    return x->stage == NO_BODY || (x->stage == COUNTED && x->left == 0);
}

/* The end of the connection would look like the answer's. */
static bool cut_off(struct exchange *x)
{
    if (!x->begun) {
        return fail(x);
    }
    connection_abort(x->connection); /* and broken() ends this exchange */
    return false;
}

static bool finish(struct exchange *x)
{
    static const char last[] = "0\r\n\r\n";
    if (x->failed && !is_whole(x)) {
        return cut_off(x);
    }
    if (x->stage == READY && !see_head(x)) {
        return false;
    }
    switch ((enum stage)x->stage) {
    case HEAD:
    case FAILED: return fail(x);
    case READY: return false;
    case REDIRECT: return redirect(x);
    case CHUNKED: return connection_write(x->connection, last, sizeof(last) - 1, false) && end(x);
    case COUNTED: return x->left > 0 ? cut_off(x) : end(x);
    case TO_END:
    case TUNNEL:
    case NO_BODY: return end(x);
    }
    return false;
}

bool exchange_go_on(struct exchange *x)
{
    struct connection *c = x->connection;
    if (c->starved) {
        return false;
    }
    if (x->closed) {
        return finish(x);
    }
    if (x->stage == READY) {
        see_head(x);
    }
    if (x->stuck && x->stage != READY && room_worth_telling(c)) {
        x->stuck = false;
        self.app->writable(&x->public);
    }
    return false;
}

void http_exchange_close(struct http_exchange *exchange)
{
    struct exchange *x = (struct exchange *)exchange;
    x->closed = true;
    if (x->connection) {
        connection_end_exchange(x->connection);
    } else {
        free_exchange(x);
    }
}

void http_exchange_fail(struct http_exchange *exchange)
{
    struct exchange *x = (struct exchange *)exchange;
    x->failed = true;
    http_exchange_close(exchange);
}

/* -- for the file that an answer is redirected to -- */

struct http_slice exchange_request(const struct exchange *x)
{
    return kept_whole(&x->request);
}

int exchange_status(const struct exchange *x)
{
    return x->head.status;
}

void exchange_status_line(const struct exchange *x, struct writer *head)
{
    answer_head_status(x->answer, x->head_length, head);
}

void exchange_fields(const struct exchange *x, const char *lines, uint32_t length, struct writer *head)
{
    answer_head_merge(x->answer, x->head_length, lines, length, x->head.status, head);
}
