/* serial/virt_rx.c: input to the one client that the description names.
 *   consumes  driver rx   bytes     from the driver, trusted for liveness only
 *   produces  client rx   bytes     to the client, NOT trusted
 *   invariant when notified() returns: the driver's ring is empty and armed, or the client's is full and armed
 *   restart   of anybody: the streams go on, and what was on its way is kept
 *   dies      when its rings' own words have been written over: it would garble what is typed for as long as it lives
 *   when full the driver waits; only this client's own input is delayed. Without a client, input is dropped.
 */
#include "lib/pd.h"
#include "serial/config.h"

#define CHUNK 64

static struct {
    struct ring driver, client;
} self;

PD_KEPT static struct {
    uint8_t chunk[CHUNK]; /* taken from the driver, not yet given on */
    uint32_t first, end;
} kept;

static const struct serial_virt_rx_config *const config = &serial_virt_rx_config;

/* false: the client's ring is full and armed. */
static bool give(void)
{
    if (!config->has_client) {
        kept.first = kept.end;
        return true;
    }
    do {
        kept.first += ring_put_many(&self.client, kept.chunk + kept.first, kept.end - kept.first);
        if (kept.first == kept.end) {
            return true;
        }
    } while (!ring_arm_producer(&self.client));
    return false;
}

static void pump(void)
{
    do {
        do {
            if (!give()) {
                return;
            }
            kept.first = 0;
            kept.end = ring_get_many(&self.driver, kept.chunk, CHUNK);
        } while (kept.end);
    } while (!ring_arm_consumer(&self.driver));
}

static void run(void)
{
    ring_check(&self.driver);
    if (config->has_client) {
        ring_check(&self.client);
    }
    pump();
    if (config->has_client && ring_wake_consumer(&self.client)) {
        pd_notify_later(config->client);
    }
    if (ring_wake_producer(&self.driver)) {
        pd_notify_later(config->driver);
    }
}

void init(void)
{
    ring_resume_consumer(&self.driver, &config->driver_rx, 1);
    if (config->has_client) {
        ring_resume_producer(&self.client, &config->client_rx, 1);
    }
    if (kept.first > kept.end || kept.end > CHUNK) { /* the last life may have scribbled over it */
        kept.first = kept.end = 0;
    }
    run();
    pd_flush();
}

void notified(microkit_channel channel)
{
    run();
    pd_flush_deferred();
}
