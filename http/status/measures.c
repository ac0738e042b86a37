/* measures.c: how long requests take and how they end; of some, which.
 *   consumes  requests that were parsed, and so of characters that a target may have; of a client, NOT trusted
 *   produces  counts, and the last requests, not more than one each SAMPLE_NS: copying a path would cost each
 *   when full the oldest of the last requests goes, ended or not
 */
#include "http/status/measures.h"

#include <string.h>

#include "http/conn/watch.h"

#define SAMPLE_NS 20000000ull
#define US 1000u

struct measures measures;

static struct {
    uint64_t next_ns; /* from then on a request is kept again */
} self;

#define RARE __attribute__((noinline)) /* so that what is not needs no stack */

static RARE void keep(const struct http_conn *c, const struct http_request *request)
{
    struct measure_recent *recent = &measures.recent[measures.recent_count++ % MEASURE_RECENT];
    uint32_t length = request->path.length < MEASURE_PATH ? request->path.length : MEASURE_PATH;
    measures.open += recent->connection == NULL;
    *recent = (struct measure_recent){
        .connection = c, .began_ns = c->began_ns, .method = request->method, .length = (uint8_t)length};
    memcpy(recent->path, request->path.at, length);
    self.next_ns = c->began_ns + SAMPLE_NS;
}

static void begun(const struct http_conn *c, const struct http_request *request)
{
    if (c->began_ns >= self.next_ns) {
        keep(c, request);
    }
}

static uint32_t bucket_of(uint64_t us)
{
    uint32_t bits = us == 0 ? 0 : 64u - (uint32_t)__builtin_clzll(us);
    return bits < MEASURE_BUCKETS - 1 ? bits : MEASURE_BUCKETS - 1;
}

/* Without a status its connection has gone. */
static RARE void end_recent(const struct http_conn *c, uint16_t status, uint64_t took_us)
{
    for (uint32_t i = 0; i < MEASURE_RECENT; i++) {
        struct measure_recent *recent = &measures.recent[i];
        if (recent->connection == c) {
            recent->connection = NULL;
            recent->status = status;
            recent->took_us = took_us;
            measures.open--;
        }
    }
}

static void ended(const struct http_conn *c, uint64_t now_ns, bool answered)
{
    uint64_t us = 0;
    uint32_t class = c->status / 100u;
    if (answered) {
        measures.classes[class < MEASURE_CLASSES ? class : 0]++;
    }
    if (answered && c->began_ns > 0) { /* else what came was no request */
        us = (now_ns - c->began_ns) / US;
        measures.latency[bucket_of(us)]++;
        measures.latency_us += us;
    }
    if (measures.open > 0) {
        end_recent(c, answered ? c->status : 0, us);
    }
}

void measures_begin(void)
{
    static const struct http_watch watch = {.begun = begun, .ended = ended};
    http_watch = &watch;
}
