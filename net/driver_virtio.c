/* driver_virtio.c: a virtio network device on MMIO (VIRTIO 1.2), by interrupts.
 *   consumes  rx.free    empty buffers, by bus address          from net_virt_rx, trusted: it names only the DMA region
 *   consumes  tx.filled  frames, by bus address                 from net_virt_tx, trusted: it has checked them
 *   consumes  the device's used rings                           NOT trusted: ids and lengths are checked
 *   produces  rx.filled, tx.free                                a frame's cookie comes back once
 *   never     touches a frame with the CPU: the device's 12-byte header lies in this driver's own descriptor memory
 *   restart   the device is reset first, and only then do the virtualisers see the new life: from there on the device
 *             holds no memory of the former one. A virtualiser's new life is let in when the device has nothing more of
 *             its former one: net_virt_tx when all is sent. Receive buffers never come back by themselves: net_virt_rx
 *             restarts with this PD (compose/net.py)
 *   dies      when the device has failed and asks for a reset: it would do nothing any more, and the next life resets it
 *   when full with no slot left for the device it leaves tx.filled alone and goes on when the device has sent
 *   ends      an event ends when the device and net_virt_tx have nothing more. Frames that cannot be end by themselves:
 *             their buffers are the device's again after the event, so one has as many as there are buffers; so do used
 *             rings that name nothing which was offered (virtio/virtq.h). What can be is work, and nothing else of this
 *             PD waits meanwhile: to be woken again at once would give nobody a turn. What is to run beside a flood
 *             needs that this PD has a budget in the description
 * Woken by the device's interrupt, by net_virt_tx, and by net_virt_rx when the device had been short of buffers.
 */
#include <string.h>

#include "lib/pd.h"

#include "net/config.h"
#include "net/counters.h"
#include "net/virtio_net.h"
#include "virtio/device.h"
#include "virtio/virtq.h"

#define QUEUE_SIZE_MAX VIRTQ_SIZE_MAX
#define RX_CHAIN 2                   /* header, buffer */
#define TX_CHAIN (1 + NET_CHAIN_MAX) /* header, pieces of the frame */

#define BIT(n) VIRTIO_BIT(n)
#define FEATURES_NEEDED (BIT(VIRTIO_F_VERSION_1_BIT) | BIT(VIRTIO_F_INDIRECT_DESC_BIT))
#define FEATURES_WANTED                                                                                            \
    (FEATURES_NEEDED | BIT(VIRTIO_NET_F_CSUM_BIT) | BIT(VIRTIO_NET_F_GUEST_CSUM_BIT) | BIT(VIRTIO_NET_F_MAC_BIT) | \
     BIT(VIRTIO_NET_F_HOST_TSO4_BIT) | BIT(VIRTIO_F_EVENT_IDX_BIT))

static struct {
    struct virtio_device device;
    struct ring rx_free, rx_filled, tx_filled, tx_free;
    struct virtq rx, tx;
    struct net_dma_desc rx_owner[QUEUE_SIZE_MAX]; /* the buffer that lies in the slot */
    uint16_t tx_owner[QUEUE_SIZE_MAX];            /* the cookie of the frame that lies in the slot */
    struct virtio_net_header *rx_headers;
    uint64_t rx_headers_bus;
    uint64_t tx_plain_bus, tx_checksum_bus; /* the two headers that an ordinary frame to send may have */
    struct virtio_net_header *tx_tso;       /* a large one's, by slot */
    uint64_t tx_tso_bus;
    uint16_t rx_back[QUEUE_SIZE_MAX]; /* slots of frames that could not be, for the device again */
    uint32_t rx_back_count;
    bool filled;   /* frames were put since net_virt_rx was last woken */
    bool returned; /* and since net_virt_tx was, frames that have left */
    bool leaving;  /* a virtualiser has restarted, and the device still has something of its former life */
} self;

/* 5.1.3.1: a device that cuts needs leave to complete checksums. */
static uint32_t offloads(uint64_t features)
{
    bool checksum = features & BIT(VIRTIO_NET_F_CSUM_BIT), tso = features & BIT(VIRTIO_NET_F_HOST_TSO4_BIT);
    return !checksum ? 0 : tso ? NET_CHECKSUM | NET_TSO : NET_CHECKSUM;
}

static void *cut(uint64_t bytes, uint64_t *bus)
{
    void *memory = virtio_device_cut(&self.device, bytes, bus);
    require(memory, "net driver: descriptors.size", net_driver_config.descriptors.size);
    return memory;
}

/* Headers to send are written once, with a checksum to complete or all zeros; of a large frame only the segments'
 * size is missing. */
static void prepare_tables(void)
{
    struct virtio_net_header *checksum;
    self.rx_headers = cut(sizeof(struct virtio_net_header) * QUEUE_SIZE_MAX, &self.rx_headers_bus);
    (void)cut(sizeof(struct virtio_net_header), &self.tx_plain_bus);
    checksum = cut(sizeof(struct virtio_net_header), &self.tx_checksum_bus);
    *checksum = (struct virtio_net_header){
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = NET_CHECKSUM_START, .csum_offset = NET_CHECKSUM_OFFSET};
    self.tx_tso = cut(sizeof(struct virtio_net_header) * QUEUE_SIZE_MAX, &self.tx_tso_bus);
    for (uint16_t i = 0; i < self.rx.size; i++) {
        virtq_table(&self.rx,
                    i)[0] = (struct virtq_desc){.address = self.rx_headers_bus + sizeof(struct virtio_net_header) * i,
                                                .length = sizeof(struct virtio_net_header),
                                                .flags = VIRTQ_DESC_F_WRITE};
    }
    for (uint16_t i = 0; i < self.tx.size; i++) {
        virtq_table(&self.tx, i)[0].length = sizeof(struct virtio_net_header);
        self.tx_tso[i] = *checksum;
        self.tx_tso[i].gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
        self.tx_tso[i].hdr_len = NET_CHECKSUM_HEADERS;
    }
}

static void start_device(void)
{
    struct virtio_device *device = &self.device;
    require(net_driver_config.registers != NULL, "net driver: registers", 0);
    device->registers = net_driver_config.registers;
    device->memory = net_driver_config.descriptors;
    bool up = virtio_device_begin(device, VIRTIO_ID_NET, FEATURES_NEEDED, FEATURES_WANTED) &&
              virtio_device_queue(device, &self.rx, VIRTIO_NET_RX, QUEUE_SIZE_MAX, RX_CHAIN) &&
              virtio_device_queue(device, &self.tx, VIRTIO_NET_TX, QUEUE_SIZE_MAX, TX_CHAIN);
    require(up, device->wrong, device->value);
    prepare_tables();
    net_driver_config.device->offloads = offloads(device->features);
    virtio_device_go(device);
}

static void acknowledge(void)
{
    if (!virtio_device_acknowledge(&self.device)) {
        pd_die("net driver: the device has failed and asks for a reset");
    }
}

static void publish(struct virtq *q, uint32_t index)
{
    virtio_device_publish(&self.device, q, index);
}

/* 5.1.6.4.2 */
static bool checked(uint16_t slot)
{
    return (self.rx_headers[slot].flags & (VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID)) != 0;
}

/* Frames that the device has received go to the virtualiser; one with an impossible length, or no room, goes back when
 * this event ends. */
static void return_received(void)
{
    uint16_t slot;
    uint32_t written;
    while (virtq_collect(&self.rx, &slot, &written)) {
        struct net_dma_desc frame = self.rx_owner[slot];
        uint32_t length = written - (uint32_t)sizeof(struct virtio_net_header);
        trace(nic_received, length, slot);
        bool possible = written >= sizeof(struct virtio_net_header) + NET_FRAME_MIN && length <= frame.length;
        if (possible) {
            frame.length = (uint16_t)length;
            frame.flags = checked(slot) ? NET_CHECKED : 0;
        }
        if (!possible || !ring_put(&self.rx_filled, &frame)) {
            *(possible ? &net_driver_counts()->dropped_no_room : &net_driver_counts()->dropped_bad) += 1;
            (void)virtq_slot(&self.rx, &slot); /* the one just collected: the same table, the same buffer */
            self.rx_back[self.rx_back_count++] = slot;
        } else {
            net_driver_counts()->frames_received++;
            net_driver_counts()->bytes_received += length;
            self.filled = true;
        }
    }
}

static void provide_buffers(void)
{
    uint16_t slot;
    while (self.rx.free_count > 0) {
        struct net_dma_desc buffer;
        if (!ring_get(&self.rx_free, &buffer)) {
            break;
        }
        (void)virtq_slot(&self.rx, &slot);
        self.rx_owner[slot] = buffer;
        virtq_table(&self.rx, slot)[1] = (struct virtq_desc){
            .address = buffer.bus.value, .length = buffer.length, .flags = VIRTQ_DESC_F_WRITE};
        virtq_offer(&self.rx, slot, RX_CHAIN);
    }
    publish(&self.rx, VIRTIO_NET_RX);
}

/* At the end of an event: at once, a device that returns nothing but nonsense would never let one end. */
static void give_back(void)
{
    if (self.rx_back_count == 0) {
        return;
    }
    while (self.rx_back_count > 0) {
        virtq_offer(&self.rx, self.rx_back[--self.rx_back_count], RX_CHAIN);
    }
    publish(&self.rx, VIRTIO_NET_RX);
}

static void return_sent(void)
{
    uint16_t slot;
    uint32_t written;
    while (virtq_collect(&self.tx, &slot, &written)) {
        struct net_dma_desc done = {.cookie = self.tx_owner[slot]};
        trace(nic_sent, done.cookie, slot);
        (void)ring_put(&self.tx_free, &done); /* as long as the queue: room for every frame on its way */
        self.returned = true;
    }
}

static uint64_t header_for(uint16_t slot, const struct net_dma_desc *first)
{
    if (first->flags & NET_TSO) {
        self.tx_tso[slot].gso_size = first->segment;
        return self.tx_tso_bus + sizeof(struct virtio_net_header) * slot;
    }
    return first->flags & NET_CHECKSUM ? self.tx_checksum_bus : self.tx_plain_bus;
}

/* One frame, whole, into a slot. The virtualiser puts chains whole and within the limit; one that is not is cut
 * there. */
static void provide_frame(uint16_t slot, struct net_dma_desc *piece)
{
    struct virtq_desc *table = virtq_table(&self.tx, slot);
    uint32_t bytes = piece->length;
    uint16_t count = 1;
    table[0].flags = 0;
    table[0].address = header_for(slot, piece);
    table[count++] = (struct virtq_desc){.address = piece->bus.value, .length = piece->length};
    while ((piece->flags & NET_MORE) && count < TX_CHAIN && ring_get(&self.tx_filled, piece)) {
        table[count++] = (struct virtq_desc){.address = piece->bus.value, .length = piece->length};
        bytes += piece->length;
    }
    net_driver_counts()->frames_sent++;
    net_driver_counts()->bytes_sent += bytes;
    self.tx_owner[slot] = piece->cookie;
    trace(nic_send, piece->cookie, count - 1);
    virtq_offer(&self.tx, slot, count);
}

static void provide_frames(void)
{
    uint16_t slot;
    while (self.tx.free_count > 0) {
        struct net_dma_desc piece;
        if (!ring_get(&self.tx_filled, &piece)) {
            break;
        }
        (void)virtq_slot(&self.tx, &slot);
        provide_frame(slot, &piece);
    }
    publish(&self.tx, VIRTIO_NET_TX);
}

/* A lone frame's departure is no event (NET_LAZY) but where net_virt_tx waits for it; a full device is. */
static bool sleep_until_sent(void)
{
    if (self.tx.in_flight < NET_LAZY && self.tx.free_count > 0 && !self.leaving && !ring_is_armed(&self.tx_free)) {
        virtq_interrupt_never(&self.tx);
        return true;
    }
    uint16_t few = self.leaving ? 0 : self.tx.in_flight / 4;
    return self.tx.in_flight == 0 || virtq_interrupt_after(&self.tx, (uint16_t)(self.tx.in_flight - few));
}

/* Arms all that could wake us. False: something is there already. */
static bool sleep(void)
{
    bool device_short = self.rx.free_count > self.rx.size / 2;
    return virtq_interrupt_after(&self.rx, 1) && sleep_until_sent() &&
           (!device_short || ring_arm_consumer(&self.rx_free)) &&
           (self.tx.free_count == 0 || ring_is_armed(&self.tx_filled) || ring_arm_consumer(&self.tx_filled));
}

/* Nobody is woken for what was only sent: net_virt_rx would find nothing. */
static void wake_rx_virt(void)
{
    if (self.filled && ring_wake_consumer(&self.rx_filled)) {
        microkit_notify(net_driver_config.rx_virt);
    }
    self.filled = false;
}

/* Nor for nothing: it would wake us, which would find nothing, for as long as the device keeps its frames. */
static void wake_tx_virt(void)
{
    if (self.returned && ring_wake_consumer(&self.tx_free)) {
        microkit_notify(net_driver_config.tx_virt);
    }
    self.returned = false;
}

/* False: not yet. */
static bool let_in(struct ring *ring, struct ring *other, const struct virtq *q)
{
    if (ring_pair_restarted(ring, other) && q->in_flight == 0) {
        ring_pair_reset(ring, other);
        self.filled = self.returned = true; /* the virtualiser hears of it */
    }
    return !ring_any_restarted(ring, other);
}

static bool virtualiser_restarted(microkit_channel channel)
{
    return channel == net_driver_config.tx_virt ? ring_any_restarted(&self.tx_filled, &self.tx_free)
                                                : ring_any_restarted(&self.rx_filled, &self.rx_free);
}

static void follow_restarts(void)
{
    bool rx_in = let_in(&self.rx_filled, &self.rx_free, &self.rx);
    self.leaving = !let_in(&self.tx_free, &self.tx_filled, &self.tx) || !rx_in;
}

static void run(void)
{
    do {
        return_received();
        provide_buffers();
        return_sent();
        if (self.leaving) {
            follow_restarts();
        }
        if (!ring_is_armed(&self.tx_filled)) {
            provide_frames();
        }
    } while (!sleep());
    give_back();
    wake_rx_virt();
    wake_tx_virt();
}

void init(void)
{
    const struct net_driver_config *config = &net_driver_config;
    counters_begin();
    start_device();
    /* The virtualisers take a new life on both rings of a pair for the word that the device is reset. */
    ring_attach_consumer(&self.rx_free, &config->rx_free, sizeof(struct net_dma_desc));
    ring_attach_producer(&self.rx_filled, &config->rx_filled, sizeof(struct net_dma_desc));
    ring_attach_consumer(&self.tx_filled, &config->tx_filled, sizeof(struct net_dma_desc));
    ring_attach_producer(&self.tx_free, &config->tx_free, sizeof(struct net_dma_desc));
    if (pd_generation() > 1) {
        microkit_irq_ack(config->irq); /* the former life may have died before it did */
    }
    self.filled = self.returned = true; /* after a restart the virtualisers hear of it */
    run();
}

void notified(microkit_channel channel)
{
    bool interrupt = channel == net_driver_config.irq;
    virtq_woken(&self.rx);
    virtq_woken(&self.tx);
    if (interrupt) {
        acknowledge();
    } else if (virtualiser_restarted(channel)) {
        self.leaving = true; /* until run() finds that it is not */
    }
    run();
    if (interrupt) {
        microkit_deferred_irq_ack(channel);
    }
}
