/* app_queue.c: requests that wait for a place with the application, in their connections, in order.
 *   consumes  word that a place is free, that the application has said what the site is, that it has started anew
 *   produces  go on, for those that have waited longest, while there is a place; half-closed clients come last. Who
 *             waits already comes before a newcomer
 *   when full no slot, no circle for a long head, or the application has not said what the site is: they wait until
 *             HTTP_APP_S (503), QUEUE_MAX of them (503; http/conn/waiting.c)
 */
#include "http/content/app_queue.h"

#include "http/app_front.h"
#include "http/conn/connection.h"
#include "http/content/app_head.h"
#include "http/content/content.h"
#include "lib/pd.h"
#include "timer/client.h"

#define SERVER_MAX 255 /* bytes of a name */

static struct {
    bool is_open;
    bool due; /* a place is free, and those that wait have not been served yet */
    struct timer timer;
} self;

/* Long answers have places of their own. */
static bool has_place(void)
{
    return http_counts.app_requests - http_counts.app_long < HTTP_APP_MAX && app_front_has_room(false);
}

static void serve(enum clock clock)
{
    struct http_conn *c, *next;
    for (c = timeouts_oldest(clock); c && has_place(); c = next) {
        next = timeouts_next(c);
        if (c->state == QUEUED && (!content_of(c)->long_head || app_front_has_room(true))) {
            c->state = READING;
            http_conn_go_on(c);
        }
    }
}

/* The one that has waited longest is next; half-closed clients come last. */
static void serve_all(void *context)
{
    self.due = false;
    if (self.is_open) {
        serve(CLOCK_QUEUE);
        serve(CLOCK_GONE);
    }
}

/* In an event of its own. */
void app_queue_serve_soon(void)
{
    bool any_waits = timeouts_oldest(CLOCK_QUEUE) || timeouts_oldest(CLOCK_GONE);
    if (any_waits && !self.due) {
        self.due = true;
        timer_start(&self.timer, pd_now_ns(), serve_all, NULL);
    }
}

void app_queue_open(void)
{
    self.is_open = true;
    app_queue_serve_soon();
}

void app_queue_close(void)
{
    self.is_open = false;
}

struct app_slot *app_queue_take_slot(struct http_conn *c, const struct http_request *request)
{
    uint32_t bytes = app_head_bytes(request) + (c->transport.ops->secure ? SERVER_MAX : 0);
    bytes = bytes < APP_HEAD_MAX ? bytes : APP_HEAD_MAX;
    bool body = request->chunked || request->content_length > APP_SMALL / 2;
    content_of(c)->long_head = bytes > APP_SMALL;
    return self.is_open && !self.due && has_place() ? app_front_take(bytes, body) : NULL;
}
