/* watch.c: tells those who watch what becomes of requests.
 *   consumes  what a connection's files say of it
 *   produces  calls; the time of a request's begin and end, once for all
 */
#include "http/conn/watch.h"

#include "lib/pd.h"

struct http_watch *http_watch;
http_reader *http_read_by;

void watch_add(struct http_watch *watch)
{
    watch->next = http_watch;
    http_watch = watch;
}

void watch_tell_begun(struct http_conn *c, const struct http_request *request)
{
    c->began_ns = pd_now_ns();
    for (const struct http_watch *w = http_watch; w; w = w->next) {
        w->begun(c, request);
    }
}

void watch_tell_ended(struct http_conn *c, bool answered)
{
    uint64_t now_ns = pd_now_ns();
    for (const struct http_watch *w = http_watch; w; w = w->next) {
        w->ended(c, now_ns, answered);
    }
    c->began_ns = 0;
    c->status = 0;
}
