/* serial/client.c: a program's end of the console.
 *   produces  tx   bytes     to virt_tx, trusted for liveness only
 *   consumes  rx   bytes     from virt_rx, trusted for liveness only
 *   restart   of either side: the streams go on, nothing is lost
 *   when full tx: the caller chooses: wait (serial_client_wait_room) or drop the whole line (serial_client_log_sink)
 */
#include "serial/client.h"

#include "lib/pd.h"

static struct {
    const struct serial_client_config *config;
    struct ring tx, rx;
    void (*handler)(void *);
    void *context;
} self;

static void call_handler(void)
{
    if (self.handler) {
        self.handler(self.context);
    }
}

static void on_event(void *context)
{
    (void)context;
    call_handler();
}

static void owe_tx(void)
{
    if (ring_wake_consumer(&self.tx)) {
        pd_notify_later(self.config->tx_channel);
    }
}

static void owe_rx(void)
{
    if (ring_wake_producer(&self.rx)) {
        pd_notify_later(self.config->rx_channel);
    }
}

/* After a restart a peer may wait for what our last life had put, or taken: it is owed a wake-up then. */
void serial_client_init(const struct serial_client_config *config)
{
    self.config = config;
    ring_resume_producer(&self.tx, &config->tx, 1);
    pd_on_channel(config->tx_channel, on_event, NULL);
    owe_tx();
    if (config->has_input) {
        ring_resume_consumer(&self.rx, &config->rx, 1);
        pd_on_channel(config->rx_channel, on_event, NULL);
        owe_rx();
    }
}

size_t serial_client_write(const char *bytes, size_t length)
{
    uint32_t put = ring_put_many(&self.tx, bytes, length < UINT32_MAX ? (uint32_t)length : UINT32_MAX);

    if (put || ring_owes(&self.tx)) {
        owe_tx();
    }
    return put;
}

bool serial_client_wait_room(void)
{
    return ring_arm_producer(&self.tx);
}

size_t serial_client_read(char *bytes, size_t length)
{
    if (!self.config->has_input) {
        return 0;
    }
    uint32_t got = ring_get_many(&self.rx, bytes, length < UINT32_MAX ? (uint32_t)length : UINT32_MAX);

    if (got || ring_owes(&self.rx)) {
        owe_rx();
    }
    return got;
}

bool serial_client_wait_input(void)
{
    return !self.config->has_input || ring_arm_consumer(&self.rx);
}

void serial_client_on_event(void (*handler)(void *), void *context)
{
    self.handler = handler;
    self.context = context;
}

bool serial_client_log_sink(const char *line, size_t length)
{
    bool fits = ring_room(&self.tx) >= length;

    if (fits) {
        ring_put_many(&self.tx, line, (uint32_t)length);
    }
    if (fits || ring_owes(&self.tx)) {
        owe_tx();
    }
    return fits;
}
