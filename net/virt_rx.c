/* virt_rx.c: hand each received frame to the one client it is for.
 *   consumes  driver.filled  frames in the DMA region                   from the driver, trusted for liveness only
 *   consumes  client.free    empty buffers in that client's own region  from the client, NOT trusted
 *   consumes  client.small   the same, for small frames
 *   produces  client.filled, driver.free
 *   invariant every buffer taken from the driver is back in driver.free before notified() returns, but one whose
 *             address or length cannot be: that word may be about another's buffer
 *   restart   of the driver: the device is reset before we see it, so all buffers are ours, and given anew. Of a client:
 *             nothing of it is here. Our own: the driver restarts with us (its device has the buffers), the clients give
 *             their buffers anew
 *   when full the frame is dropped for that client and counted; neither the driver nor another client waits for it
 *   ends      an event ends when the driver has put no more: each BATCH clients are woken, and nothing else of this PD
 *             waits meanwhile. With more in the ring a return to the dispatcher would be no end: it would be woken at
 *             once, before all of lower priority. What is to run beside a flood needs that this PD has a budget in the
 *             description
 * A frame goes by its destination address: to the client that has it, to all when it is a group address (IEEE 802.3
 * 3.2.3), to nobody otherwise. Clients are woken once for each batch.
 */
#include <string.h>

#include "lib/pd.h"

#include "net/config.h"
#include "net/counters.h"
#include "net/dma.h"

#define MAC_BYTES 6
#define BATCH 64 /* frames, then the clients hear of them */

static struct {
    struct ring driver_free, driver_filled;
    struct {
        struct ring free, small, filled;
        bool owed;  /* frames put since it was last woken */
        bool takes; /* it has had a frame in this life */
    } clients[NET_CLIENTS_MAX];
    bool provided; /* all buffers, to the life of the driver that we know */
} self;

/* The next empty buffer in a ring of the client's; what cannot be one is thrown away, at most `bound` per call. */
static uint8_t *take_from(struct ring *ring, uint32_t bound, uint32_t client, uint32_t size, struct net_desc *buffer)
{
    while (bound-- > 0 && ring_get(ring, buffer)) {
        uint8_t *memory = region_at(&net_virt_rx_config.clients[client].buffers, buffer->offset, size);
        if (memory) {
            return memory;
        }
        ring_check(ring);
        net_virt_rx_counts()->nonsense_client++;
    }
    return NULL;
}

/* A small frame takes a small buffer while there is one. */
static uint8_t *take_buffer(uint32_t client, uint32_t length, struct net_desc *buffer)
{
    uint32_t count = net_virt_rx_config.clients[client].free.capacity;
    uint32_t small_count = length <= NET_SMALL_MAX ? net_virt_rx_config.clients[client].small.capacity : 0;
    uint8_t *memory = take_from(&self.clients[client].small, small_count, client, NET_BUFFER_SMALL, buffer);
    return memory ? memory : take_from(&self.clients[client].free, count, client, NET_BUFFER_SIZE, buffer);
}

/* Of one that has not begun yet nobody expects any. */
static void count_no_buffer(uint32_t client)
{
    if (self.clients[client].takes) {
        net_virt_rx_counts()->dropped_no_buffer++;
    } else {
        net_virt_rx_counts()->dropped_absent++;
    }
}

static void deliver(uint32_t client, const uint8_t *frame, const struct net_dma_desc *desc)
{
    struct net_desc buffer;
    uint8_t *memory = take_buffer(client, desc->length, &buffer);
    if (!memory) {
        count_no_buffer(client);
        trace(frame_dropped, net_virt_rx_config.clients[client].channel, desc->length);
        return;
    }
    memcpy(memory, frame, desc->length);
    trace(frame_in, net_virt_rx_config.clients[client].channel, desc->length);
    struct net_desc filled = {
        .offset = buffer.offset, .length = desc->length, .flags = desc->flags & NET_CHECKED, .cookie = buffer.cookie};
    if (ring_put(&self.clients[client].filled, &filled)) {
        self.clients[client].owed = self.clients[client].takes = true;
    } else {
        net_virt_rx_counts()->dropped_no_room++;
    }
}

static void distribute(const uint8_t *frame, const struct net_dma_desc *desc)
{
    if (frame[0] & 1) {
        for (uint32_t i = 0; i < net_virt_rx_config.client_count; i++) {
            deliver(i, frame, desc);
        }
        return;
    }
    for (uint32_t i = 0; i < net_virt_rx_config.client_count; i++) {
        if (memcmp(frame, net_virt_rx_config.clients[i].mac, MAC_BYTES) == 0) {
            deliver(i, frame, desc);
            return;
        }
    }
    net_virt_rx_counts()->dropped_unclaimed++;
}

/* The address is the driver's word: it must be the start of one of the buffers, and the frame must fit in it. */
static const uint8_t *received_frame(const struct net_dma_desc *desc)
{
    const struct net_virt_rx_config *config = &net_virt_rx_config;
    if (desc->length < NET_FRAME_MIN || desc->length > NET_BUFFER_SIZE) {
        return NULL;
    }
    const uint8_t *frame = dma_from_device(&config->dma, desc->bus, desc->length, config->coherent);
    uint64_t offset = desc->bus.value - config->dma.bus;
    return frame && offset % NET_BUFFER_SIZE == 0 && offset / NET_BUFFER_SIZE < config->buffer_count ? frame : NULL;
}

static void take_frame(const struct net_dma_desc *desc)
{
    const uint8_t *frame = received_frame(desc);
    if (!frame) {
        ring_check(&self.driver_filled);
        net_virt_rx_counts()->nonsense_driver++;
        return;
    }
    distribute(frame, desc);
    struct net_dma_desc buffer = {.bus = desc->bus, .length = NET_BUFFER_SIZE};
    if (!ring_put(&self.driver_free, &buffer)) {
        net_virt_rx_counts()->nonsense_driver++; /* more buffers than there are: the driver returned one twice */
    }
}

static void wake_clients(void)
{
    for (uint32_t i = 0; i < net_virt_rx_config.client_count; i++) {
        if (self.clients[i].owed && ring_wake_consumer(&self.clients[i].filled)) {
            microkit_notify(net_virt_rx_config.clients[i].channel);
        }
        self.clients[i].owed = false;
    }
}

static void run(void)
{
    struct net_dma_desc desc;
    do {
        uint32_t batch = 0;
        while (batch < BATCH && ring_get(&self.driver_filled, &desc)) {
            take_frame(&desc);
            batch++;
        }
        if (ring_wake_consumer(&self.driver_free)) {
            microkit_notify(net_virt_rx_config.driver);
        }
        wake_clients();
    } while (!ring_arm_consumer(&self.driver_filled));
}

/* False: the ring is closed, since the driver has just restarted; it will speak again. */
static bool provide_all(void)
{
    const struct net_virt_rx_config *config = &net_virt_rx_config;
    for (uint32_t i = 0; i < config->buffer_count; i++) {
        struct net_dma_desc buffer = {.length = NET_BUFFER_SIZE};
        bool inside = dma_for_device(&config->dma, (uint64_t)i * NET_BUFFER_SIZE, NET_BUFFER_SIZE, &buffer.bus);
        require(inside, "net_virt_rx: buffer_count", config->buffer_count);
        if (!ring_put(&self.driver_free, &buffer)) {
            return false;
        }
    }
    return true;
}

/* The driver attaches after it has reset the device. */
static void follow_driver(void)
{
    if (ring_pair_follow(&self.driver_free, &self.driver_filled)) {
        self.provided = false;
    }
    if (!self.provided && ring_pair_agrees(&self.driver_free, &self.driver_filled) &&
        ring_is_open(&self.driver_filled)) {
        self.provided = provide_all();
    }
}

static void follow_client(microkit_channel channel)
{
    for (uint32_t i = 0; i < net_virt_rx_config.client_count; i++) {
        if (net_virt_rx_config.clients[i].channel == channel) {
            ring_pair_reset(&self.clients[i].free, &self.clients[i].filled);
            self.clients[i].owed = true;
            self.clients[i].takes = false;
            if (net_virt_rx_config.clients[i].small.capacity > 0) {
                ring_reset(&self.clients[i].small);
            }
        }
    }
}

void init(void)
{
    const struct net_virt_rx_config *config = &net_virt_rx_config;
    counters_begin();
    require(config->client_count <= NET_CLIENTS_MAX, "net_virt_rx: client_count", config->client_count);
    require(config->buffer_count <= config->driver_free.capacity, "net_virt_rx: buffer_count", config->buffer_count);
    ring_attach_producer(&self.driver_free, &config->driver_free, sizeof(struct net_dma_desc));
    ring_attach_consumer(&self.driver_filled, &config->driver_filled, sizeof(struct net_dma_desc));
    for (uint32_t i = 0; i < config->client_count; i++) {
        ring_attach_consumer(&self.clients[i].free, &config->clients[i].free, sizeof(struct net_desc));
        if (config->clients[i].small.capacity > 0) {
            ring_attach_consumer(&self.clients[i].small, &config->clients[i].small, sizeof(struct net_desc));
        }
        ring_attach_producer(&self.clients[i].filled, &config->clients[i].filled, sizeof(struct net_desc));
        self.clients[i].owed = pd_generation() > 1;
    }
    notified(config->driver);
}

/* The driver has frames, or is in a new life; a client speaks only when it is in one. */
void notified(microkit_channel channel)
{
    if (channel == net_virt_rx_config.driver) {
        if (!self.provided || ring_any_restarted(&self.driver_free, &self.driver_filled)) {
            follow_driver();
        }
    } else {
        follow_client(channel);
    }
    run();
}
