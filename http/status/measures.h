/* http/conn/measure.h: how long requests take and how they end, for http/status/; nothing is measured until that is there.
 * Who writes an answer's status line sets the connection's `status`.
 */
#ifndef HTTP_CONN_MEASURE_H
#define HTTP_CONN_MEASURE_H

#include "http/conn/conn.h"

#define MEASURE_CLASSES 6  /* status / 100; 0: none was written */
#define MEASURE_BUCKETS 26 /* [i]: less than 2^i us; the last: all that took longer */
#define MEASURE_RECENT 16  /* requests */
#define MEASURE_PATH 48    /* bytes of one's path */

struct measure_recent {
    const struct http_conn *connection; /* NULL: it has ended */
    uint64_t began_ns;                  /* 0: there is none */
    uint32_t took_us;
    uint16_t status; /* 0: under way, or its connection has ended */
    uint8_t method, length;
    char path[MEASURE_PATH];
};

struct measures {
    bool on;
    uint32_t open; /* of the recent ones: they have not ended */
    uint64_t classes[MEASURE_CLASSES], latency[MEASURE_BUCKETS], latency_us;
    uint64_t recent_count; /* ever; the last lies at (recent_count - 1) modulo MEASURE_RECENT */
    struct measure_recent recent[MEASURE_RECENT];
};
extern struct measures http_measures;

void measure_first(struct http_conn *connection, const struct http_request *request);
void measure_last(struct http_conn *connection);
void measure_end_recent(const struct http_conn *connection, uint16_t status, uint32_t took_us);

/* A request is there. Of one that is looked at again the first time counts. */
static inline void measure_begin(struct http_conn *c, const struct http_request *request)
{
    if (http_measures.on && c->began_us == 0) {
        measure_first(c, request);
    }
}

/* Its answer is written. */
static inline void measure_answered(struct http_conn *c)
{
    if (http_measures.on) {
        measure_last(c);
    }
}

static inline void measure_gone(const struct http_conn *c)
{
    if (http_measures.open > 0) {
        measure_end_recent(c, 0, 0);
    }
}

#endif
