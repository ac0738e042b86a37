/* serial/virt_rx.c: input to the one client that the description names.
 *   consumes  driver rx   bytes     from the driver, trusted for liveness only
 *   produces  client rx   bytes     to the client, NOT trusted
 *   invariant when notified() returns: the driver's ring is empty and armed, or the client's is full and armed
 *   when full the driver waits; only this client's own input is delayed. Without a client, input is dropped.
 */
#include "lib/pd.h"
#include "serial/config.h"

#define CHUNK 64

static struct {
    struct ring driver, client;
    uint8_t chunk[CHUNK]; /* taken from the driver, not yet given on */
    uint32_t first, end;
} self;

static const struct serial_virt_rx_config *const config = &serial_virt_rx_config;

/* false: the client's ring is full and armed. */
static bool give(void)
{
    if (!config->has_client) {
        self.first = self.end;
        return true;
    }
    do {
        self.first += ring_put_many(&self.client, self.chunk + self.first, self.end - self.first);
        if (self.first == self.end) {
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
            self.first = 0;
            self.end = ring_get_many(&self.driver, self.chunk, CHUNK);
        } while (self.end);
    } while (!ring_arm_consumer(&self.driver));
}

static void follow_restarts(void)
{
    if (ring_peer_restarted(&self.driver)) {
        ring_reset(&self.driver);
    }
    if (config->has_client && ring_peer_restarted(&self.client)) {
        ring_reset(&self.client);
    }
}

static void run(void)
{
    follow_restarts();
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
    ring_attach_consumer(&self.driver, &config->driver_rx, 1);
    if (config->has_client) {
        ring_attach_producer(&self.client, &config->client_rx, 1);
    }
    run();
    pd_flush();
}

void notified(microkit_channel channel)
{
    run();
    pd_flush_deferred();
}
