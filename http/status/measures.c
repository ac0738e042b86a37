/* measures.c: how long requests take and how they end; of some, which.
 *   consumes  requests that were parsed, and so of characters that a target may have; of a client, NOT trusted
 *   produces  counts, and the last requests, not more than one each SAMPLE_NS: copying a path would cost each
 *   when full the oldest of the last requests goes, ended or not
 */
#include "http/status/measures.h"

#include <string.h>

#include "http/conn/watch.h"
#include "lib/rare.h"

#define SAMPLE_NS 20000000ull

struct measures measures;

static struct {
    uint64_t next, between; /* ticks: from then on a request is kept again, and not before so many */
} self;

static RARE void keep(const struct http_conn *c, const struct http_request *request)
{
    struct measure_recent *recent = &measures.recent[measures.recent_count++ % MEASURE_RECENT];
    uint32_t length = request->path.length < MEASURE_PATH ? request->path.length : MEASURE_PATH;
    measures.open += recent->connection == NULL;
    *recent = (struct measure_recent){
        .connection = c, .began = c->began, .method = request->method, .length = (uint8_t)length};
    memcpy(recent->path, request->path.at, length);
    self.next = c->began + self.between;
}

static void begun(const struct http_conn *c, const struct http_request *request)
{
    if (c->began >= self.next) {
        keep(c, request);
    }
}

static uint32_t bucket_of(uint64_t us)
{
    return 63u - (uint32_t)__builtin_clzll(us << 1 | 1);
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

static void ended(const struct http_conn *c, bool answered)
{
    if (answered) {
        measures.classes[c->status / 100]++;
    }
    if (answered && c->began > 0) { /* else what came was no request */
        measures.latency[bucket_of(c->took_us)]++;
        measures.latency_us += c->took_us;
    }
    if (measures.open > 0) {
        end_recent(c, answered ? c->status : 0, answered ? c->took_us : 0);
    }
}

void measures_begin(void)
{
    static const struct http_watch watch = {.begun = begun, .ended = ended};
    self.between = pd_ticks_from_ns(SAMPLE_NS);
    http_watch = &watch;
}
