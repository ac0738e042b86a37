/* paths.c: what the status port answers.
 *   consumes  requests, of anybody who reaches the port, NOT trusted: GET and HEAD of the paths below, POST and DELETE of
 *             /drain, and nothing else
 *   produces  /             the live page
 *             /healthz      200 while files can be had, else 503; 503 from POST to DELETE of /drain, when each answer of
 *                           the site is the last of its connection, too. Not of a page that a browser shows
 *             /status.json  what is known; /system.json: the parts and who talks to whom, as composed
 *             /metrics      the same for Prometheus
 *   holds     nothing: a head and a report are written into the connection's buffer
 *   when full a report that does not fit there is 500
 */
#include "http/status/paths.h"

#include <string.h>
#include "http/front/server.h"
#include "http/response/head.h"
#include "http/response/lines.h"
#include "http/status/config.h"
#include "http/status/page.h"
#include "lib/list.h"
#include "lib/log.h"
#include "lib/pd.h"

#define HEALTH_S 2 /* for the file service to answer */

static const char plain_text[] = "text/plain; charset=utf-8", json[] = "application/json",
                  html[] = "text/html; charset=utf-8", metrics[] = "text/plain; version=0.0.4; charset=utf-8",
                  openmetrics[] = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/* -- answers -- */

static err_t answer(struct status_connection *c, int status, const char *type, struct http_slice body)
{
    struct writer head = writer_in(c->buffer, STATUS_HEAD_ROOM);
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
    response_end(&head, &(struct reply){.ends = c->ends, .minor = 1}, true);
    c->parts[0] = (struct http_slice){c->buffer, writer_length(&head)};
    c->parts[1] = body;
    if (c->head_only) {
        c->parts[1].length = 0;
    }
    return status_send(c);
}

static struct http_slice slice_of(const char *text)
{
    return (struct http_slice){text, (uint32_t)strlen(text)};
}

static err_t answer_text(struct status_connection *c, int status, const char *text)
{
    return answer(c, status, plain_text, slice_of(text));
}

static err_t answer_report(struct status_connection *c, const char *type, void (*report)(struct writer *text))
{
    struct writer body = writer_in(c->buffer + STATUS_HEAD_ROOM, STATUS_REPORT_MAX);
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
    uint64_t age_s = pd_now_ns() / 1000000000 - entry->confirmed_s;
    return entry->kind == CACHE_DIRECTORY && age_s <= status_config.fresh_ms / 1000 + HEALTH_S;
}

static err_t answer_health(struct status_connection *c, bool good)
{
    return good ? answer_text(c, 200, "ok\n") : answer_text(c, 503, "the files cannot be reached\n");
}

static err_t ask_health(struct status_connection *c)
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

static void on_known(struct cache_waiter *waiter)
{
    ask_health(LIST_ITEM(struct status_connection, waiter, waiter));
}

static void on_late(struct status_connection *c)
{
    answer_health(c, false);
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
static err_t drain(struct status_connection *c, const struct http_request *request)
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

err_t status_serve(struct status_connection *c, const struct http_request *request)
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
        c->waiter.ready = on_known;
        status_ask(c, HEALTH_S, on_late);
        return ask_health(c);
    }
    return answer_text(c, 404, "there are /, /healthz, /status.json, /system.json, /metrics and /drain\n");
}

err_t status_refuse(struct status_connection *c, int status)
{
    c->ends = true;
    c->head_only = false;
    return answer_text(c, status, "this is no request\n");
}
