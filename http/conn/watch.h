/* http/conn/watch.h: those who hear of each request and its answer: the status port, the access log. Neither, unless they
 * ask. The connection has the answer's `status`, `body_bytes` and, at the end, `took_us`.
 */
#ifndef HTTP_CONN_WATCH_H
#define HTTP_CONN_WATCH_H

#include "http/conn/conn.h"
#include "lib/pd.h"

/* The status port. */
struct http_watch {
    /* One is there: at connection->began. Told once, however often it is looked at; of nonsense never. */
    void (*begun)(const struct http_conn *connection, const struct http_request *request);
    /* All of an answer is with its transport, or the connection has gone: answered or not. */
    void (*ended)(const struct http_conn *connection, bool answered);
};

/* The access log, which asks for what is said, too. */
struct http_log {
    /* A request is taken: its head is at hand for the last time. True: its line is made, with how long it took, and ended()
     * need not be told that it is answered. */
    bool (*taken)(struct http_conn *connection, const struct http_request *request);
    void (*page)(struct http_conn *connection); /* a small page goes out, perhaps for what was no request */
    void (*ended)(struct http_conn *connection, bool answered);
};

extern const struct http_watch *http_watch; /* NULL: nobody */
extern const struct http_log *http_log;     /* the same */

static inline bool watch_any(void)
{
    return http_watch || http_log;
}

static inline void watch_begun(struct http_conn *c, const struct http_request *request)
{
    if (watch_any() && c->began == 0) {
        c->began = pd_now_ticks();
        if (http_watch) {
            http_watch->begun(c, request);
        }
    }
}

/* All of its answer is with its transport now, or its connection has gone. */
static inline void watch_note_time(struct http_conn *c, uint64_t now)
{
    c->took_us = c->began > 0 ? pd_us_from_ticks(now - c->began) : 0;
}

static inline void watch_taken(struct http_conn *c, const struct http_request *request)
{
    if (http_log) {
        c->logged = http_log->taken(c, request);
    }
}

static inline void watch_page(struct http_conn *c)
{
    if (http_log) {
        http_log->page(c);
    }
}

static inline void end_unlogged(struct http_conn *c, bool answered)
{
    if (!c->logged) {
        watch_note_time(c, pd_now_ticks());
    }
    if (http_log) {
        http_log->ended(c, answered);
    }
}

static inline void watch_ended(struct http_conn *c, bool answered)
{
    if (!watch_any()) {
        return;
    }
    if (!(c->logged && answered)) {
        end_unlogged(c, answered);
    }
    if (http_watch) {
        http_watch->ended(c, answered);
    }
    c->began = 0;
    c->status = 0;
    c->logged = false;
}

#endif
