/* timer/driver.c: one deadline per client over one timer, whichever it is (timer/device.h).
 *   consumes  a word of each client's page, when it notifies: NOT trusted, each can move its own deadline, nothing else
 *   produces  one notification per deadline
 *   restart   the deadlines are forgotten: each client is notified once, finds nothing due, and tells its own anew
 *   invariant the timer is set to the earliest deadline, or off when there is none: no tick, ever
 *   lost      an interrupt that does not come, whatever keeps it, is noticed when a client asks next: what is due is told,
 *             and a second one that does not come ends this PD: a new life sets all anew. So do own words that have
 *             become others: who waits for a deadline that is not there any more would wait for ever
 *
 * Where the interrupt is a level it ends before the acknowledgement: the timer is moved, or switched off.
 */
#include <string.h>

#include "lib/pd.h"
#include "timer/config.h"
#include "timer/counters.h"
#include "timer/device.h"

static struct {
    uint64_t deadlines[TIMER_CLIENTS_MAX]; /* ticks; TIMER_NEVER: none */
    uint64_t due;                          /* when the interrupt is to come, TIMER_NEVER: it is not */
    uint64_t sum;                          /* of these words, by exclusive or: who writes one writes this, too */
    bool missed;                           /* the last interrupt did not come */
} self;

#define LATE_MS 250 /* this PD is above all its clients: an interrupt comes before any of them asks */

static const struct timer_driver_config *const config = &timer_driver_config;

static void write_word(uint64_t *word, uint64_t value)
{
    self.sum ^= *word ^ value;
    *word = value;
}

static void set_timer(void)
{
    uint64_t earliest = TIMER_NEVER, now = pd_now_ticks(), sum = self.due;

    for (uint32_t i = 0; i < config->client_count; i++) {
        sum ^= self.deadlines[i];
        if (self.deadlines[i] < earliest) {
            earliest = self.deadlines[i];
        }
    }
    if (sum != self.sum) {
        pd_die("a deadline has changed by itself");
    }
    if (earliest == TIMER_NEVER) {
        timer_device_off();
    } else {
        timer_device_set(earliest);
    }
    if (earliest > now) {
        write_word(&self.due, earliest);
    } else if (self.due > now) {
        write_word(&self.due, now); /* else it was due already */
    }
}

static void notify_due(void)
{
    uint64_t now = pd_now_ticks();

    for (uint32_t i = 0; i < config->client_count; i++) {
        if (self.deadlines[i] <= now && self.deadlines[i] != TIMER_NEVER) {
            write_word(&self.deadlines[i], TIMER_NEVER);
            timer_counts()->deadlines++;
            microkit_notify(config->clients[i].channel);
        }
    }
}

/* One may be late: whoever emulates a machine may have held up its timer, and not its CPU. */
static void check_interrupt(void)
{
    uint64_t late = pd_now_ticks() - self.due;

    if (self.due == TIMER_NEVER || (int64_t)late <= (int64_t)(pd_ticks_per_second() / 1000 * LATE_MS)) {
        return;
    }
    if (self.missed) {
        pd_die("the timer's interrupt has not come");
    }
    self.missed = true;
    notify_due();
    write_word(&self.due, TIMER_NEVER);
}

/* After a restart, whose cause may have come before the interrupt was acknowledged. */
static void ask_again(void)
{
    microkit_irq_ack(config->irq);
    for (uint32_t i = 0; i < config->client_count; i++) {
        microkit_notify(config->clients[i].channel);
    }
}

void init(void)
{
    counters_begin();
    require(config->client_count <= TIMER_CLIENTS_MAX, "timer_driver: client_count", config->client_count);
    memset(&self, 0, sizeof(self)); /* the sum of nothing */
    for (uint32_t i = 0; i < config->client_count; i++) {
        write_word(&self.deadlines[i], TIMER_NEVER);
    }
    write_word(&self.due, TIMER_NEVER);
    timer_device_off();
    if (pd_generation() > 1) {
        ask_again();
    }
}

static void on_interrupt(void)
{
    timer_counts()->interrupts++;
    self.missed = false;
    notify_due();
    write_word(&self.due, TIMER_NEVER);
    set_timer();
    microkit_deferred_irq_ack(config->irq); /* the only deferred call of this PD */
}

/* A deadline that has passed raises the interrupt at once, which then notifies as for any other. */
static void on_client(microkit_channel channel)
{
    for (uint32_t i = 0; i < config->client_count; i++) {
        if (config->clients[i].channel == channel) {
            check_interrupt();
            timer_counts()->asked++;
            write_word(&self.deadlines[i], timer_page_get(config->clients[i].page));
            set_timer();
            return;
        }
    }
}

void notified(microkit_channel channel)
{
    if (channel == config->irq) {
        on_interrupt();
    } else {
        on_client(channel);
    }
}
