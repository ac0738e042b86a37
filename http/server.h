/* http/server.h: the native front: it owns the listening socket, keeps connections, answers files, hands the rest to
 * the application.
 *
 * Serves: browsers (NOT trusted). A connection has at most one request in work; what is pipelined behind it waits in
 * TCP's window. Bounded per connection: one head of HTTP_HEAD_MAX bytes, one exchange, TCP's buffers; in time:
 * HTTP_HEAD_S for a head, HTTP_IDLE_S between requests, HTTP_STALL_S without progress of an answer (seen when
 * HTTP_IDLE_S are over, for one that was idle before: at most 15 s late); a request that
 * waits for a file or for the application is told so after the times below. When all connections are in use one gives
 * way to a new one (server.c).
 *
 * The application (http_app) is whoever answers what is not a file. An exchange is one request and one answer: it
 * reads the bytes that the client sent, head and body; it writes a response as if it had the connection alone
 * (HTTP/1.0, or 1.1 with "Connection: close"), and closes; or fails, so that no client takes a part for the whole. The
 * front frames the body (Content-Length, else chunked, else the end of the connection), corrects Connection, adds Date,
 * and keeps the client's connection. Of a request with Upgrade or a chunked body the application reads the bytes as
 * they are, to the end of the connection; behind its 101 they pass so both ways, and no clock holds. A response that
 * carries `X-Accel-Redirect: /path` is replaced by that file of the site, with the response's other fields; its type is
 * the file's, or what `X-Accel-Content-Type` says.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lwip/ip_addr.h"

#define HTTP_CONNECTIONS_MAX 1024
#define HTTP_EXCHANGES_MAX 64 /* at a time with the application; further requests wait in their connections */
#define HTTP_HEAD_S 15
#define HTTP_IDLE_S 75
#define HTTP_STALL_S 60
#define HTTP_WAIT_S 60 /* for the file server: then 503 */
#define HTTP_APP_S 60  /* for a place with the application, and for the first byte of its answer: then 504 */
#define HTTP_BODY_S 30 /* of a request: it may be late by so much on HTTP_BODY_RATE bytes in a second: then 408 */
#define HTTP_BODY_RATE 512
/* Of an answer that has no end yet, and in a tunnel: who sends nothing for so long is asked whether it is there (TCP's
 * keep-alive), so many times; without an answer it has gone. */
#define HTTP_PROBE_S 60
#define HTTP_PROBE_AGAIN_S 15
#define HTTP_PROBES 4

struct http_exchange {
    void *app; /* the application's own */
    /* the rest is the front's: http/exchange.c */
};

/* What the application implements; called from the event loop, must not wait. begin() is called in events of the
 * front's own, never inside a call of the application's: http_exchange_close() frees a place, and the request that
 * waits for it is begun when the caller is done. */
struct http_app {
    bool (*begin)(struct http_exchange *exchange);    /* a request; false: nobody answers now (503) */
    void (*readable)(struct http_exchange *exchange); /* there is more of the request, or its end */
    void (*writable)(struct http_exchange *exchange); /* there is room again after a write that was short */
    void (*broken)(struct http_exchange *exchange);   /* the client has gone; the application still has to close */
};

/* Bytes of the request: 0 when there is nothing now, -1 when there will be nothing more. */
int32_t http_exchange_read(struct http_exchange *exchange, void *buffer, uint32_t size);
/* Something, or the end; false: readable() will be called. */
bool http_exchange_readable(struct http_exchange *exchange);
/* Bytes taken of the answer: 0 when there is no room now, -1 when the client has gone. */
int32_t http_exchange_write(struct http_exchange *exchange, const void *data, uint32_t size);
void http_exchange_close(struct http_exchange *exchange); /* the answer is complete; the exchange is gone */
/* It will not be complete: 502 where nothing of it has gone out, else the client is reset. The exchange is gone. */
void http_exchange_fail(struct http_exchange *exchange);
void http_exchange_peer(const struct http_exchange *exchange, ip_addr_t *ip, uint16_t *port);

/* Once; http_start() does it (http/start.h). app: NULL: there is none. */
void http_init(const struct http_app *app);
bool http_listen(uint16_t port); /* false: it cannot be had */
bool http_owns(uint16_t port);

/* A route of the application: paths that are `text` (exact) or begin with it. gets: GET and HEAD of them; others:
 * the other methods. */
#define HTTP_CLAIMS_MAX 128
bool http_claim(const char *text, bool exact, bool gets, bool others); /* false: one too many, or too long */
void http_claims_clear(void);
void http_not_found_is_the_apps(bool yes); /* what the site does not have goes to the application, too */

/* This path of the file service (absolute; may hold "." and "..") was changed by one that says so at once: what is kept
 * of it, and with `below` of all that lies below it, is asked for anew. */
void http_path_changed(const char *path, uint32_t length, bool below);

struct http_counters {
    uint32_t connections, exchanges; /* now */
    uint64_t accepted, requests, files, handed_over, refused, timed_out, given_way, broken;
};
void http_counters(struct http_counters *counters);

#endif
