/* measure.c: how long requests take and how they end; of some, which.
 *   consumes  requests that were parsed, and so of characters that a target may have; of a client, NOT trusted
 *   produces  counts, and the last requests, not more than one each SAMPLE_NS: copying a path would cost each
 *   when full the oldest of the last requests goes, ended or not
 */
#include "http/conn/measure.h"

#include "lib/pd.h"

#define SAMPLE_NS 20000000ull

struct measures http_measures;

static struct {
    uint64_t next_ns; /* from then on a request is kept again */
} self;

static uint32_t us_of(uint64_t ns)
{
    return (uint32_t)(ns / 1000) | 1; /* never 0 */
}

static void keep(const struct http_conn *c, const struct http_request *request, uint64_t now_ns)
{
    struct measure_recent *recent = &http_measures.recent[http_measures.recent_count++ % MEASURE_RECENT];
    uint32_t length = request->path.length < MEASURE_PATH ? request->path.length : MEASURE_PATH;
    http_measures.open += recent->connection == NULL;
    *recent = (struct measure_recent){
        .connection = c, .began_ns = now_ns, .method = request->method, .length = (uint8_t)length};
    memcpy(recent->path, request->path.at, length);
    self.next_ns = now_ns + SAMPLE_NS;
}

void measure_first(struct http_conn *c, const struct http_request *request)
{
    uint64_t now_ns = pd_now_ns();
    c->began_us = us_of(now_ns);
    if (now_ns >= self.next_ns) {
        keep(c, request, now_ns);
    }
}

static uint32_t bucket_of(uint32_t us)
{
    uint32_t bits = us == 0 ? 0 : 32u - (uint32_t)__builtin_clz(us);
    return bits < MEASURE_BUCKETS - 1 ? bits : MEASURE_BUCKETS - 1;
}

void measure_end_recent(const struct http_conn *c, uint16_t status, uint32_t took_us)
{
    for (uint32_t i = 0; i < MEASURE_RECENT; i++) {
        struct measure_recent *recent = &http_measures.recent[i];
        if (recent->connection == c) {
            recent->connection = NULL;
            recent->status = status;
            recent->took_us = took_us;
            http_measures.open--;
        }
    }
}

void measure_last(struct http_conn *c)
{
    uint32_t class = c->status / 100u;
    http_measures.classes[class < MEASURE_CLASSES ? class : 0]++;
    if (c->began_us != 0) { /* 0: what came was no request */
        uint32_t us = us_of(pd_now_ns()) - c->began_us;
        http_measures.latency[bucket_of(us)]++;
        http_measures.latency_us += us;
        if (http_measures.open > 0) {
            measure_end_recent(c, c->status, us);
        }
    }
    c->began_us = 0;
    c->status = 0;
}
