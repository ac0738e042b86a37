/* timer/client.c: timers in a sorted list; the driver is asked for the earliest only.
 *
 *   invariant after each flush the driver's deadline for us is no later than the list's first
 *   waits     for nobody: the driver is asked by a word and a notification (timer/proto.h)
 *   lost      a deadline that the driver has not kept, since it is dead or knows nothing of it, is noticed at the end of any
 *             event that comes LATE_NS after it or later: what is due runs then, and the driver is asked anew
 *
 * The driver is asked once per wake-up, before the flush, for what is then the earliest: timers that
 * come and go in between cost nothing. A deadline that the driver has and we no longer need is left there: its
 * event finds nothing due, and asks for the next.
 */
#include "timer/client.h"

#include <stddef.h>

#include "lib/pd.h"

#define NEVER_NS UINT64_MAX
#define LATE_NS \
    20000000ull /* longer than an event of ours takes: its end is not to come before a notification that is there */

static struct {
    const struct timer_client_config *config;
    struct timer *first;
    uint64_t asked_ns; /* what the driver will notify us at; NEVER_NS: nothing asked */
    uint64_t late;     /* ticks: not notified until then, we do without it; TIMER_NEVER: nothing asked */
    bool alone;        /* handlers run without the driver's word */
} self;

static void forget_asked(void)
{
    self.asked_ns = NEVER_NS;
    self.late = TIMER_NEVER;
}

static void ask_driver(void)
{
    uint64_t wanted = self.first ? self.first->deadline_ns : NEVER_NS;

    if (wanted >= self.asked_ns) {
        return;
    }
    self.asked_ns = wanted;
    self.late = pd_ticks_from_ns(wanted + LATE_NS);
    timer_page_set(self.config->page, pd_ticks_from_ns(wanted));
    pd_notify_later(self.config->channel);
}

static uint32_t count_due(uint64_t now)
{
    uint32_t count = 0;

    for (const struct timer *timer = self.first; timer && timer->deadline_ns <= now; timer = timer->next) {
        count++;
    }
    return count;
}

/* Due timers leave the list before their handlers run, so a handler may start or stop any timer. No more run than were
 * due at the beginning: a handler that starts its timer for now cannot keep the event loop here. */
static void on_deadline(void *context)
{
    uint64_t now = pd_now_ns();

    forget_asked();
    for (uint32_t left = count_due(now); left && self.first && self.first->deadline_ns <= now; left--) {
        struct timer *timer = self.first;

        self.first = timer->next;
        timer->armed = false;
        timer->handler(timer->context);
    }
}

/* What handlers cause in libraries above, which have had their turn, is seen by a flush of its own. */
static void before_flush(void *context)
{
    if (pd_now_ticks() > self.late) {
        self.alone = true;
        on_deadline(NULL);
        self.alone = false;
        pd_flush();
    }
    ask_driver();
}

bool timer_client_is_late(void)
{
    return self.alone;
}

void timer_client_init(const struct timer_client_config *config)
{
    self.config = config;
    forget_asked();
    pd_on_channel(config->channel, on_deadline, NULL);
    pd_before_flush(before_flush, NULL);
}

void timer_stop(struct timer *timer)
{
    if (!timer->armed) {
        return;
    }
    struct timer **link = &self.first;

    while (*link != timer) {
        link = &(*link)->next;
    }
    *link = timer->next;
    timer->armed = false;
}

/* Behind those of the same deadline: first started, first served. */
void timer_start(struct timer *timer, uint64_t deadline_ns, void (*handler)(void *), void *context)
{
    struct timer **link = &self.first;

    timer_stop(timer);
    *timer = (struct timer){.deadline_ns = deadline_ns, .handler = handler, .context = context, .armed = true};
    while (*link && (*link)->deadline_ns <= deadline_ns) {
        link = &(*link)->next;
    }
    timer->next = *link;
    *link = timer;
}
