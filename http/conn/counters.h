/* http/conn/counters.h: what the front counts, where it happens. */
#ifndef HTTP_CONN_COUNTERS_H
#define HTTP_CONN_COUNTERS_H

#include <stdint.h>

struct http_counters {
    uint32_t connections, app_requests, app_long; /* now; with the application; of those, long answers */
    uint64_t accepted, requests, files, handed_over, refused, timed_out, evicted, broken;
    uint64_t bytes; /* given to TCP, of all connections */
};
extern struct http_counters http_counts;

#endif
