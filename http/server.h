/* http/server.h: the native front: it owns the listening socket, keeps connections, answers files, hands the rest to
 * the application.
 *
 * Serves: browsers (NOT trusted). A connection has at most one request in work; what is pipelined behind it waits in
 * TCP's window. Bounded per connection: one head of HTTP_HEAD_MAX bytes, one request with the application, TCP's
 * buffers; in time: HTTP_HEAD_S for a head, HTTP_IDLE_S between requests, HTTP_STALL_S without progress of an answer
 * (seen when HTTP_IDLE_S are over, for one that was idle before: at most 15 s late); a request that waits for a file or
 * for the application is told so after the times below. When all connections are in use one gives way to a new one
 * (server.c).
 *
 * The application is a protection domain of its own: it answers what is not a file, by the messages of
 * http/app_proto.h (NOT trusted). It says with its site (app_site.c) which requests are its own; without one, or before
 * it has said anything, the site is what the description says. The front frames its answers (Content-Length, else
 * chunked, else the end of the connection), sets Connection, adds Date and Server, and keeps the client's connection. An
 * answer with a path is replaced by that file of the site, with the answer's other fields; its type is the file's, or
 * what `X-Accel-Content-Type` says.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "http/app_config.h"

#define HTTP_CONNECTIONS_MAX 1024
#define HTTP_HEAD_S 15
#define HTTP_IDLE_S 75
#define HTTP_STALL_S 60
#define HTTP_WAIT_S 60 /* for the file server: then 503 */
/* For a place with the application, and for somebody who begins to answer: then 503. From then on for the answer to
 * begin, and again from each part of the request's body that is read: then 504. */
#define HTTP_APP_S 60
#define HTTP_BODY_S 30 /* of a request: it may be late by so much on HTTP_BODY_RATE bytes in a second: then 408 */
#define HTTP_BODY_RATE 512
/* Of an answer that has no end yet, and in a tunnel: who sends nothing for so long is asked whether it is there (TCP's
 * keep-alive), so many times; without an answer it has gone. */
#define HTTP_PROBE_S 60
#define HTTP_PROBE_AGAIN_S 15
#define HTTP_PROBES 4

/* Once; http_start() does it (http/start.h). app: NULL: there is none. */
void http_init(const struct app_config *app);
bool http_listen(uint16_t port); /* false: it cannot be had */
bool http_owns(uint16_t port);

/* This path of the file service (absolute; may hold "." and "..") was changed by one that says so at once: what is kept
 * of it, and with `below` of all that lies below it, is asked for anew. */
void http_path_changed(const char *path, uint32_t length, bool below);

struct http_counters {
    uint32_t connections, exchanges; /* now; exchanges: requests with the application */
    uint64_t accepted, requests, files, handed_over, refused, timed_out, given_way, broken;
};
void http_counters(struct http_counters *counters);

#endif
