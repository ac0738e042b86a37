/* http/front/server.h: the native front: it owns the listening socket, keeps connections, answers files, hands the rest to
 * the application.
 *
 * Serves: browsers (NOT trusted). A connection has at most one request in work; what is pipelined behind it waits in
 * TCP's window. Bounded per connection: one head of HTTP_HEAD_MAX bytes, one request with the application, TCP's
 * buffers; in time: HTTP_HEAD_S for a head, HTTP_IDLE_S between requests, HTTP_STALL_S without progress of an answer
 * (seen when HTTP_IDLE_S are over, for one that was idle before: at most 15 s late); a request that waits for a file or
 * for the application is told so after the times below. When all connections are in use one is evicted for a new one
 * (http/conn/accept.c).
 *
 * The application is a protection domain of its own: it answers what is not a file, by the messages of
 * http/app_proto.h (NOT trusted). It says with its site (app_site.c) which requests are its own; without one, or before
 * it has said anything, the site is what the description says. The front frames its answers (Content-Length, else
 * chunked, else the end of the connection), sets Connection, adds Date and Server, and keeps the client's connection. An
 * answer with a path is replaced by that file of the site, with the answer's other fields; its type is the file's, or
 * what `X-Accel-Content-Type` says; with `X-Accel-For: client` it is what that would get had it asked for it: not of an
 * internal mount, nor what is hidden.
 */
#ifndef HTTP_FRONT_SERVER_H
#define HTTP_FRONT_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "http/app_config.h"
#include "http/conn/counters.h"
#include "http/conn/limits.h"
#include "http/front/listeners.h"

/* Once; http_start() does it (http/front/start.h). app: NULL: there is none. wait_s: for files that have to be asked for;
 * 0: HTTP_WAIT_S. */
void http_init(const struct app_config *app, uint32_t wait_s);
/* Any file of the file service may be another one now: what is kept is asked for anew. */
void http_files_changed(void);
/* Before a planned stop: what stands is answered to its end, with `Connection: close`. New connections are served as ever. */
void http_drain(bool begin);
bool http_drains(void);

void http_counters(struct http_counters *counters);

#endif
