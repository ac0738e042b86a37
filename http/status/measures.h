/* http/status/measures.h: how long requests take and how they end; nothing is measured before measures_begin(). */
#ifndef HTTP_STATUS_MEASURES_H
#define HTTP_STATUS_MEASURES_H

#include "http/conn/conn.h"

#define MEASURE_CLASSES 6  /* status / 100; 0: none was written */
#define MEASURE_BUCKETS 64 /* [i]: less than 2^i us, and no less than half of that */
#define MEASURE_RECENT 16  /* requests */
#define MEASURE_PATH 48    /* bytes of one's path */

struct measure_recent {
    const struct http_conn *connection; /* NULL: it has ended */
    uint64_t began;                     /* pd_now_ticks(); 0: there is none */
    uint64_t took_us;
    uint16_t status; /* 0: under way, or its connection has ended */
    uint8_t method, length;
    char path[MEASURE_PATH];
};

struct measures {
    uint32_t open; /* of the recent ones: they have not ended */
    uint64_t classes[MEASURE_CLASSES], latency[MEASURE_BUCKETS], latency_us;
    uint64_t recent_count; /* ever; the last lies at (recent_count - 1) modulo MEASURE_RECENT */
    struct measure_recent recent[MEASURE_RECENT];
};
extern struct measures measures;

void measures_begin(void);

#endif
