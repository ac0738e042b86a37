/* app_long.c: which answers last, and how many they are.
 *   consumes  word that an answer of unknown length begins, that a request is over
 *   produces  http_counts.app_long; places for others, when an answer turns out to last
 *   invariant a request is in the list of the young, or is_long, or neither: never both
 *   when full an answer that would last by its own word is refused by who asks app_long_has_room(); one that turns out to
 *             last keeps its place among the others until there is room
 */
#include "http/content/app_long.h"

#include "http/conn/conn.h"
#include "http/content/app_queue.h"
#include "lib/pd.h"
#include "timer/client.h"

#define S 1000000000ull

static struct {
    struct list young; /* by begun_ns */
    bool ready;
    struct timer timer;
} self;

static struct app_request *oldest(void)
{
    struct list_link *link = list_first(&self.young);
    return link ? LIST_ITEM(struct app_request, young, link) : NULL;
}

static uint64_t lasts_from(const struct app_request *x)
{
    return x->begun_ns + HTTP_LONG_S * S;
}

static void make_long(struct app_request *x)
{
    x->is_long = true;
    http_counts.app_long++;
    app_queue_serve_soon();
}

static void grow_up(void *context)
{
    struct app_request *x;
    while ((x = oldest()) != NULL && app_long_has_room() && lasts_from(x) <= pd_now_ns()) {
        app_long_end(x);
        make_long(x);
    }
    if (x && app_long_has_room()) {
        timer_start(&self.timer, lasts_from(x), grow_up, NULL);
    }
}

bool app_long_has_room(void)
{
    return http_counts.app_long < HTTP_LONG_MAX;
}

void app_long_begin(struct app_request *x, bool at_once)
{
    if (at_once) {
        make_long(x);
        return;
    }
    if (!self.ready) {
        list_init(&self.young);
        self.ready = true;
    }
    x->begun_ns = pd_now_ns();
    list_add_last(&self.young, &x->young);
    if (!self.timer.armed) {
        grow_up(NULL);
    }
}

void app_long_end(struct app_request *x)
{
    if (list_has(&x->young)) {
        list_remove(&x->young);
    }
    if (x->is_long) {
        x->is_long = false;
        http_counts.app_long--;
        if (self.ready) {
            grow_up(NULL);
        }
    }
}
