/* port.c: the status port: a listener of its own, beside the site's.
 *   consumes  requests, of anybody who reaches the port, NOT trusted: GET and HEAD of the paths below, POST and DELETE of
 *             /drain, and nothing else
 *   produces  /             the live page
 *             /healthz      200 while files can be had, else 503; 503 from POST to DELETE of /drain, when each answer of
 *                           the site is the last of its connection, too. Not of a page that a browser shows
 *             /status.json  what is known; /system.json: the parts and who talks to whom, as composed
 *             /metrics      the same for Prometheus
 *   holds     for each of CONNECTIONS a buffer for the request, then for the answer; of an answer PIECE bytes are with
 *             TCP at a time, so that a client which does not read takes no memory of the site's
 *   ends      a client has HEAD_S for a request, ANSWER_S for its answer; then its connection is reset
 *   when full a new client takes the place of the one that has been idle longest; if none is idle it is reset. No memory
 *             for an answer: that connection is reset
 */
#include "http/status.h"

#include "http/cache/cache.h"
#include "http/front/server.h"
#include "http/response/lines.h"
#include "http/status/config.h"
#include "http/status/measures.h"
#include "http/status/page.h"
#include "http/status/report.h"
#include "lib/list.h"
#include "lib/log.h"
#include "lib/pd.h"
#include "lwip/tcp.h"
#include "net/ip/ip.h"
#include "timer/client.h"

#define S 1000000000ull
#define CONNECTIONS 6
#define BACKLOG 4
#define HEAD_ROOM 512
#define PIECE (2 * TCP_MSS)
#define HEAD_S 30   /* also between two requests */
#define ANSWER_S 10 /* for the client to take it */
#define HEALTH_S 2  /* for the file service to answer */

enum phase { READS, ASKS, ANSWERS };

struct connection {
    struct tcp_pcb *pcb; /* NULL: nobody's */
    enum phase phase;
    bool ends, head_only;
    bool drain;                 /* /drain is asked for */
    uint64_t since_ns;          /* of READS */
    uint32_t length;            /* of what came of a request */
    uint32_t under_way;         /* bytes with TCP */
    struct http_slice parts[2]; /* of the answer, that TCP has not got: head, body */
    struct timer deadline;
    struct cache_waiter waiter; /* ASKS */
    char buffer[HEAD_ROOM + STATUS_REPORT_MAX];
};

static struct {
    struct connection connections[CONNECTIONS];
} self;

static const char plain_text[] = "text/plain; charset=utf-8", json[] = "application/json",
                  html[] = "text/html; charset=utf-8", metrics[] = "text/plain; version=0.0.4; charset=utf-8",
                  openmetrics[] = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/* -- the end -- */

static void forget(struct connection *c)
{
    timer_stop(&c->deadline);
    cache_cancel(&c->waiter);
    c->pcb = NULL;
}

/* lwIP's last word about a connection: its pcb is gone already. */
static void on_error(void *argument, err_t error)
{
    (void)error;
    forget(argument);
}

static struct tcp_pcb *detach(struct connection *c)
{
    struct tcp_pcb *pcb = c->pcb;
    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_err(pcb, NULL);
    forget(c);
    return pcb;
}

static err_t reset(struct connection *c)
{
    tcp_abort(detach(c));
    return ERR_ABRT;
}

static err_t end(struct connection *c)
{
    struct tcp_pcb *pcb = detach(c);
    if (tcp_close(pcb) != ERR_OK) {
        tcp_abort(pcb);
        return ERR_ABRT;
    }
    return ERR_OK;
}

/* -- answers -- */

static void on_deadline(void *context);

static void wait(struct connection *c, enum phase phase, uint32_t seconds)
{
    c->phase = phase;
    c->since_ns = pd_now_ns();
    timer_start(&c->deadline, c->since_ns + seconds * S, on_deadline, c);
}

static void read_next(struct connection *c)
{
    c->length = 0;
    wait(c, READS, HEAD_S);
}

static struct http_slice *rest(struct connection *c)
{
    return c->parts[0].length > 0 ? &c->parts[0] : &c->parts[1];
}

/* As much as may be with TCP. */
static err_t go_on(struct connection *c)
{
    for (struct http_slice *part = rest(c); part->length > 0 && c->under_way < PIECE; part = rest(c)) {
        uint32_t room = ip_tcp_room(c->pcb, false), most = PIECE - c->under_way;
        most = room < most ? room : most;
        uint32_t count = part->length < most ? part->length : most;
        if (count == 0 && c->under_way > 0) {
            break; /* an acknowledgement will come */
        }
        if (count == 0 || ip_tcp_write(c->pcb, part->at, (uint16_t)count, TCP_WRITE_FLAG_COPY) != ERR_OK) {
            return reset(c);
        }
        part->at += count;
        part->length -= count;
        c->under_way += count;
    }
    tcp_output(c->pcb);
    return ERR_OK;
}

static err_t answer(struct connection *c, int status, const char *type, struct http_slice body)
{
    struct writer head = writer_in(c->buffer, HEAD_ROOM);
    response_status_line(&head, status);
    writer_put(&head, "Content-Type: ");
    writer_put(&head, type);
    writer_put(&head, "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n");
    if (type == html) {
        writer_put(&head, "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; script-src "
                          "'unsafe-inline'; connect-src 'self'; img-src data:; frame-ancestors 'none'\r\n");
    }
    if (status == 405) {
        writer_put(&head, c->drain ? "Allow: POST, DELETE\r\n" : "Allow: GET, HEAD\r\n");
    }
    response_content_length(&head, body.length);
    writer_put(&head, c->ends ? "Connection: close\r\n\r\n" : "\r\n");
    c->parts[0] = (struct http_slice){c->buffer, writer_length(&head)};
    c->parts[1] = body;
    if (c->head_only) {
        c->parts[1].length = 0;
    }
    wait(c, ANSWERS, ANSWER_S);
    return go_on(c);
}

static struct http_slice slice_of(const char *text)
{
    return (struct http_slice){text, (uint32_t)strlen(text)};
}

static err_t answer_text(struct connection *c, int status, const char *text)
{
    return answer(c, status, plain_text, slice_of(text));
}

static err_t answer_report(struct connection *c, const char *type, void (*report)(struct writer *text))
{
    struct writer body = writer_in(c->buffer + HEAD_ROOM, STATUS_REPORT_MAX);
    report(&body);
    if (body.full) {
        return answer_text(c, 500, "too much to tell\n");
    }
    return answer(c, 200, type, (struct http_slice){body.start, writer_length(&body)});
}

/* -- whether files can be had -- */

/* The server has said so not long ago: what the cache gives while it is away is older. */
static bool is_confirmed(const struct cache_entry *entry)
{
    uint64_t age_s = pd_now_ns() / S - entry->confirmed_s;
    return entry->kind == CACHE_DIRECTORY && age_s <= status_config.fresh_ms / 1000 + HEALTH_S;
}

static err_t answer_health(struct connection *c, bool good)
{
    return good ? answer_text(c, 200, "ok\n") : answer_text(c, 503, "the files cannot be reached\n");
}

static err_t ask_health(struct connection *c)
{
    if (http_drains()) {
        return answer_text(c, 503, "draining\n");
    }
    const char *folder = status_config.folder;
    struct cache_entry *entry = cache_get(folder, (uint32_t)strlen(folder), &c->waiter);
    if (!entry) {
        return ERR_OK;
    }
    bool good = is_confirmed(entry);
    cache_release(entry);
    return answer_health(c, good);
}

static void on_ready(struct cache_waiter *waiter)
{
    struct connection *c = LIST_ITEM(struct connection, waiter, waiter);
    if (c->pcb && c->phase == ASKS) {
        ask_health(c);
    }
}

static void on_deadline(void *context)
{
    struct connection *c = context;
    if (c->phase == ASKS) {
        cache_cancel(&c->waiter);
        answer_health(c, false);
    } else if (c->phase == READS && c->length == 0) {
        end(c);
    } else {
        reset(c);
    }
}

/* -- requests -- */

static bool asks_for_openmetrics(const struct http_request *request)
{
    static const char name[] = "application/openmetrics-text";
    struct http_slice accept = http_field(request->fields, "accept");
    uint32_t length = sizeof(name) - 1;
    for (uint32_t i = 0; i + length <= accept.length; i++) {
        if (memcmp(accept.at + i, name, length) == 0) {
            return true;
        }
    }
    return false;
}

/* Letters of methods are what they are (RFC 9110, 9.1). */
static bool asks_to(const struct http_request *request, const char *method)
{
    struct http_slice text = request->method_text;
    return text.length == strlen(method) && memcmp(text.at, method, text.length) == 0;
}

/* A page that a browser shows could ask for it, whoever made that page: browsers say so. */
static err_t drain(struct connection *c, const struct http_request *request)
{
    bool begin = asks_to(request, "POST");
    if (!begin && !asks_to(request, "DELETE")) {
        return answer_text(c, 405, "POST begins it, DELETE ends it\n");
    }
    if (http_field(request->fields, "origin").at || http_field(request->fields, "sec-fetch-site").at) {
        return answer_text(c, 403, "not from a page\n");
    }
    if (begin != http_drains()) {
        http_drain(begin);
        log_line("%s", begin ? "draining: each answer is the last of its connection, until DELETE of /drain"
                             : "serving again");
    }
    return answer_text(c, 200, begin ? "draining\n" : "serving\n");
}

static err_t serve(struct connection *c, const struct http_request *request)
{
    struct http_slice path = request->path;
    c->head_only = request->method == HTTP_HEAD;
    c->drain = http_slice_is(path, "/drain");
    c->ends = !request->keep_alive || request->content_length > 0 || request->chunked ||
              c->length > request->head_length;
    if (c->drain) {
        return drain(c, request);
    }
    if (request->method != HTTP_GET && request->method != HTTP_HEAD) {
        return answer_text(c, 405, "GET and HEAD alone\n");
    }
    if (http_slice_is(path, "/")) {
        return answer(c, 200, html, (struct http_slice){status_page, (uint32_t)(status_page_end - status_page)});
    }
    if (http_slice_is(path, "/status.json")) {
        return answer_report(c, json, status_report_json);
    }
    if (http_slice_is(path, "/system.json")) {
        return answer(c, 200, json, slice_of(status_config.system));
    }
    if (http_slice_is(path, "/metrics")) {
        return asks_for_openmetrics(request) ? answer_report(c, openmetrics, status_report_openmetrics)
                                             : answer_report(c, metrics, status_report_metrics);
    }
    if (http_slice_is(path, "/healthz")) {
        wait(c, ASKS, HEALTH_S);
        return ask_health(c);
    }
    return answer_text(c, 404, "there are /, /healthz, /status.json, /system.json, /metrics and /drain\n");
}

/* What stands in the buffer is read before an answer is written there. */
static err_t read_request(struct connection *c)
{
    struct http_request request;
    int status = http_request_parse(c->buffer, c->length, &request);
    if (status == HTTP_INCOMPLETE) {
        return ERR_OK;
    }
    if (status == 0) {
        return serve(c, &request);
    }
    c->ends = true;
    c->head_only = false;
    return answer_text(c, status, "this is no request\n");
}

/* -- lwIP's callbacks -- */

/* A client that sends more before it has its answer is reset: there is one buffer. */
static err_t on_received(void *argument, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
    struct connection *c = argument;
    (void)error;
    if (!p) {
        return c->phase == READS ? end(c) : (c->ends = true, ERR_OK);
    }
    uint32_t count = p->tot_len;
    bool fits = c->phase == READS && count <= HTTP_HEAD_MAX - c->length;
    if (fits) {
        pbuf_copy_partial(p, c->buffer + c->length, (uint16_t)count, 0);
        c->length += count;
        ip_tcp_recved(pcb, (uint16_t)count);
    }
    pbuf_free(p);
    return fits ? read_request(c) : reset(c);
}

static err_t on_sent(void *argument, struct tcp_pcb *pcb, uint16_t count)
{
    struct connection *c = argument;
    (void)pcb;
    c->under_way -= count;
    if (c->phase != ANSWERS || rest(c)->length > 0) {
        return go_on(c);
    }
    if (c->under_way > 0) {
        return ERR_OK;
    }
    if (c->ends) {
        return end(c);
    }
    read_next(c);
    return ERR_OK;
}

static struct connection *take_place(void)
{
    struct connection *idle = NULL;
    for (uint32_t i = 0; i < CONNECTIONS; i++) {
        struct connection *c = &self.connections[i];
        if (!c->pcb) {
            return c;
        }
        if (c->phase == READS && (!idle || c->since_ns < idle->since_ns)) {
            idle = c;
        }
    }
    if (idle) {
        reset(idle);
    }
    return idle;
}

static err_t on_accept(void *argument, struct tcp_pcb *pcb, err_t error)
{
    (void)argument;
    if (error != ERR_OK || !pcb) {
        return ERR_VAL;
    }
    struct connection *c = take_place();
    if (!c) {
        tcp_abort(pcb);
        return ERR_ABRT;
    }
    c->pcb = pcb;
    c->under_way = 0;
    c->parts[0] = c->parts[1] = (struct http_slice){0};
    c->waiter = (struct cache_waiter){.ready = on_ready};
    tcp_arg(pcb, c);
    tcp_err(pcb, on_error);
    tcp_recv(pcb, on_received);
    tcp_sent(pcb, on_sent);
    tcp_nagle_disable(pcb);
    read_next(c);
    return ERR_OK;
}

static void on_address(void *context)
{
    (void)context;
    log_line("status at http://%s:%u/", ip4addr_ntoa(&(const ip4_addr_t){.addr = ip_address()}), status_config.port);
}

void status_start(void)
{
    struct tcp_pcb *pcb = tcp_new();
    require(status_config.part_count <= STATUS_PARTS_MAX, "status: part_count", status_config.part_count);
    require(pcb && tcp_bind(pcb, IP_ADDR_ANY, status_config.port) == ERR_OK, "status: port", status_config.port);
    pcb = tcp_listen_with_backlog(pcb, BACKLOG);
    require(pcb, "status: no memory to listen on port", status_config.port);
    tcp_accept(pcb, on_accept);
    measures_begin();
    ip_on_address(on_address, NULL);
}
