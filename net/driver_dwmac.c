/* driver_dwmac.c: Synopsys DesignWare GMAC 3.x, normal descriptors, by interrupts.
 *   consumes  rx.free    empty buffers, by bus address          from net_virt_rx, trusted: it names only the DMA region
 *   consumes  tx.filled  frames, by bus address                 from net_virt_tx, trusted: it has checked them
 *   consumes  the descriptors that the device gives back        NOT trusted: lengths checked, order and count ours
 *   produces  rx.filled, tx.free                                a frame's cookie comes back once, sent or lost
 *   never     touches a frame with the CPU
 *   when full with no room for the longest frame it leaves tx.filled alone and goes on when the device has sent
 * Woken by the device's interrupt, by net_virt_tx, by net_virt_rx when the device had been short of buffers; for the
 * link by the PHY's interrupt, and by a timer every few seconds: a PHY without an interrupt line can only be asked,
 * and a device whose DMA has stopped says nothing either.
 *
 * Descriptors lie in memory that is mapped uncached. Four share a cache line, and both sides write them: with caches,
 * cleaning our write of one would put back what the line held of its three neighbours, over what the device has
 * written there since, and user level has no invalidation that discards. Frames are cached, and maintained by those
 * who touch them, the virtualisers (net/cache.h).
 */
#include "lib/pd.h"

#include "net/config.h"
#include "net/counters.h"
#include "net/dwmac.h"
#include "net/dwmac_phy.h"
#include "lib/mmio.h"

#define RX_SIZE 256u
#define TX_SIZE 512u          /* at least 31 frames of the longest chain */
#define TX_INTERRUPT_EACH 16u /* frames; at most half of NET_LAZY: whoever waits for a return has one to come */
#define CHECK_UP_NS 5000000000ull
#define CHECK_DOWN_NS 1000000000ull
#define RESET_NS_MAX 100000000ull

#define INTERRUPTS                                                                                          \
    (GMAC_INT_TI | GMAC_INT_TPS | GMAC_INT_TJT | GMAC_INT_UNF | GMAC_INT_RI | GMAC_INT_RPS | GMAC_INT_FBI | \
     GMAC_INT_AIS | GMAC_INT_NIS)
#define STOPPED (GMAC_INT_TPS | GMAC_INT_TJT | GMAC_INT_RPS | GMAC_INT_FBI)

static struct {
    struct ring rx_free, rx_filled, tx_filled, tx_free;
    struct {
        volatile struct dwmac_desc *at;
        uint32_t bus, next, count; /* next: to be given to the device; count: with the device, before next */
    } rx, tx;
    struct net_dma_desc rx_owner[RX_SIZE]; /* the buffer that lies in the slot */
    struct net_dma_desc rx_kept[RX_SIZE];  /* over a reset */
    struct {
        uint16_t cookie;
        bool last; /* of its frame */
    } tx_owner[TX_SIZE];
    uint32_t tx_frames; /* put since the start: every TX_INTERRUPT_EACH-th asks for an interrupt */
    uint64_t sent;      /* descriptors that came back */
    uint64_t sent_at_check;
    bool waited; /* at that time there was something to send */
    struct dwmac_link link;
    bool running; /* false: the reset did not end, or helped for a moment only; the timer tries again */
    uint64_t restarted_ns;
    bool attached;   /* to the virtualisers' rings: not before the device has let go of a former life's memory */
    bool leaving;    /* a virtualiser has restarted, and the device still has something of its former life */
    bool filled;     /* frames were put since net_virt_rx was last woken */
    bool returned;   /* and since net_virt_tx was, frames that have left */
    bool kick_rx;    /* buffers were provided since the device was told */
    bool tells_sent; /* the device interrupts when it finds no frame to send */
    bool was_full;   /* tx.filled was left alone for want of room */
    uint32_t resets;
} self;

static uint32_t read_register(uint32_t offset)
{
    return mmio_read(net_driver_config.registers, offset);
}

static void write_register(uint32_t offset, uint32_t value)
{
    mmio_write(net_driver_config.registers, offset, value);
}

/* -- descriptors -- */

/* The last word is the one that gives it away: the others are there before. */
static void give(volatile struct dwmac_desc *desc, uint32_t control, uint64_t buffer)
{
    desc->control = control;
    desc->buffer = (uint32_t)buffer;
    desc->buffer2 = 0;
    mmio_fence();
    desc->status = DESC_OWN;
}

static void provide(const struct net_dma_desc *buffer)
{
    uint32_t slot = self.rx.next;
    uint32_t size = buffer->length < RX_BUFFER_MAX ? buffer->length : RX_BUFFER_MAX;

    self.rx_owner[slot] = *buffer;
    give(&self.rx.at[slot], (size & ~15u) | (slot == RX_SIZE - 1 ? RX_END_OF_RING : 0), buffer->bus.value);
    self.rx.next = (slot + 1) % RX_SIZE;
    self.rx.count++;
    self.kick_rx = true;
}

static void provide_buffers(void)
{
    struct net_dma_desc buffer;

    while (self.rx.count < RX_SIZE && ring_get(&self.rx_free, &buffer)) {
        provide(&buffer);
    }
    if (self.kick_rx) {
        self.kick_rx = false;
        mmio_fence();
        write_register(GMAC_RX_POLL, 1);
    }
}

/* Ours again? A frame of ours is never longer than a buffer, so one that is first and not last is either too long, or
 * still being closed: QEMU's model writes the word twice. A read of a register waits for the model, then the word says
 * which. */
static bool taken_back(volatile struct dwmac_desc *desc, uint32_t *status)
{
    *status = desc->status;
    if (*status & DESC_OWN) {
        return false;
    }
    if ((*status & (RX_FIRST | RX_LAST)) == RX_FIRST) {
        (void)read_register(GMAC_MISSED);
        *status = desc->status;
    }
    mmio_fence();
    return true;
}

static bool whole(uint32_t status, uint16_t capacity)
{
    uint32_t length = RX_LENGTH(status);

    return (status & (RX_FIRST | RX_LAST | RX_ERROR)) == (RX_FIRST | RX_LAST) && length >= NET_FRAME_MIN + 4 &&
           length <= RX_BUFFER_MAX && length - 4 <= capacity;
}

static void count_bad(uint32_t status)
{
    if (status & RX_OVERFLOW) {
        net_driver_counts()->dropped_overflow++;
    } else {
        net_driver_counts()->dropped_bad++;
    }
}

/* Frames that the device has received go to the virtualiser; what is none, or finds no room, goes back to it. */
static void return_received(void)
{
    uint32_t status;

    while (self.rx.count > 0) {
        uint32_t slot = (self.rx.next - self.rx.count) % RX_SIZE;
        if (!taken_back(&self.rx.at[slot], &status)) {
            return;
        }
        struct net_dma_desc frame = self.rx_owner[slot];
        self.rx.count--;
        if (!whole(status, frame.length)) {
            count_bad(status);
            provide(&frame);
            continue;
        }
        struct net_dma_desc filled = frame;
        filled.length = (uint16_t)(RX_LENGTH(status) - 4);
        trace(nic_received, filled.length, slot);
        if (ring_put(&self.rx_filled, &filled)) {
            net_driver_counts()->frames_received++;
            net_driver_counts()->bytes_received += filled.length;
            self.filled = true;
        } else {
            net_driver_counts()->dropped_no_room++;
            provide(&frame);
        }
    }
}

static void return_cookie(uint32_t slot)
{
    struct net_dma_desc done = {.cookie = self.tx_owner[slot].cookie};

    if (self.tx_owner[slot].last) {
        trace(nic_sent, done.cookie, slot);
        (void)ring_put(&self.tx_free, &done); /* as long as the virtualiser's frames are many: room for every one */
    }
}

static void count_lost(uint32_t status)
{
    if (status & TX_UNDERRUN) {
        net_driver_counts()->lost_underrun++;
    } else {
        net_driver_counts()->lost_bad++;
    }
}

static void return_sent(void)
{
    while (self.tx.count > 0) {
        uint32_t slot = (self.tx.next - self.tx.count) % TX_SIZE;
        uint32_t status = self.tx.at[slot].status;
        if (status & DESC_OWN) {
            return;
        }
        if (self.tx_owner[slot].last && (status & TX_ERROR)) {
            count_lost(status);
        }
        return_cookie(slot);
        self.returned = true;
        self.tx.count--;
        self.sent++;
    }
}

static uint32_t tx_control(uint32_t slot, const struct net_dma_desc *piece)
{
    return piece->length | (slot == TX_SIZE - 1 ? TX_END_OF_RING : 0);
}

static uint32_t tx_first_control(uint32_t slot, const struct net_dma_desc *piece)
{
    return tx_control(slot, piece) | TX_FIRST | (piece->flags & NET_CHECKSUM ? TX_CHECKSUM : 0);
}

/* One frame, whole; its first descriptor is given away last, so the device never runs into half a frame. The
 * virtualiser puts chains whole and within the limit; one that is not is cut there. */
static void provide_frame(struct net_dma_desc *piece)
{
    uint32_t first = self.tx.next, slot = first, count = 1, bytes = piece->length;
    uint32_t first_control = tx_first_control(first, piece);
    uint64_t first_buffer = piece->bus.value;
    uint32_t last_flags = TX_LAST | (++self.tx_frames % TX_INTERRUPT_EACH == 0 ? TX_INTERRUPT : 0);

    self.tx_owner[slot].last = false;
    while ((piece->flags & NET_MORE) && count < NET_CHAIN_MAX && ring_get(&self.tx_filled, piece)) {
        bool more = (piece->flags & NET_MORE) && count + 1 < NET_CHAIN_MAX;
        slot = (slot + 1) % TX_SIZE;
        count++;
        self.tx_owner[slot].last = false;
        bytes += piece->length;
        give(&self.tx.at[slot], tx_control(slot, piece) | (more ? 0 : last_flags), piece->bus.value);
    }
    self.tx_owner[slot].last = true;
    self.tx_owner[slot].cookie = piece->cookie;
    trace(nic_send, piece->cookie, count);
    net_driver_counts()->frames_sent++;
    net_driver_counts()->bytes_sent += bytes;
    give(&self.tx.at[first], first_control | (count == 1 ? last_flags : 0), first_buffer);
    self.tx.next = (slot + 1) % TX_SIZE;
    self.tx.count += count;
}

static void provide_frames(void)
{
    struct net_dma_desc piece;
    bool put = false;

    while (TX_SIZE - self.tx.count >= NET_CHAIN_MAX && ring_get(&self.tx_filled, &piece)) {
        provide_frame(&piece);
        put = true;
    }
    self.was_full = TX_SIZE - self.tx.count < NET_CHAIN_MAX;
    if (put) {
        mmio_fence();
        write_register(GMAC_TX_POLL, 1);
    }
}

/* -- the device -- */

static void write_glue(void)
{
    for (uint32_t i = 0; i < net_dwmac_config.glue_count; i++) {
        const struct dwmac_glue *glue = &net_dwmac_config.glue[i];
        volatile void *at = glue->at;
        mmio_write(at, 0, (mmio_read(at, 0) & ~glue->mask) | glue->value);
    }
}

/* It ends within a few clocks, if all the clocks are there: the receive clock comes from the PHY. */
static bool reset_device(void)
{
    uint64_t begin = pd_now_ns();

    write_register(GMAC_BUS_MODE, GMAC_BUS_RESET);
    while (read_register(GMAC_BUS_MODE) & GMAC_BUS_RESET) {
        if (pd_now_ns() - begin > RESET_NS_MAX) {
            return false;
        }
    }
    return true;
}

/* Perfect filter registers, one for each station. Where a MAC has fewer of them the next ones read back as something
 * else, and the virtualiser alone sorts. An address is taken over when its low half is written. */
static void set_filter(void)
{
    uint32_t filter = GMAC_FILTER_PM;

    for (uint32_t i = 0; i < net_dwmac_config.mac_count; i++) {
        const uint8_t *mac = net_dwmac_config.macs[i];
        uint32_t high = GMAC_ADDRESS_ENABLE | (uint32_t)mac[5] << 8 | mac[4];
        uint32_t low = (uint32_t)mac[3] << 24 | (uint32_t)mac[2] << 16 | (uint32_t)mac[1] << 8 | mac[0];
        write_register(GMAC_ADDRESS_HIGH + 8 * i, high);
        write_register(GMAC_ADDRESS_LOW + 8 * i, low);
        if (read_register(GMAC_ADDRESS_HIGH + 8 * i) != high || read_register(GMAC_ADDRESS_LOW + 8 * i) != low) {
            filter |= GMAC_FILTER_PR;
        }
    }
    write_register(GMAC_FRAME_FILTER, filter);
}

static void set_link(void)
{
    uint32_t config = GMAC_CONFIG_RE | GMAC_CONFIG_TE;

    config |= self.link.full_duplex ? GMAC_CONFIG_DM : 0;
    config |= self.link.speed == 1000 ? 0 : GMAC_CONFIG_PS;
    config |= self.link.speed == 100 ? GMAC_CONFIG_FES : 0;
    write_register(GMAC_CONFIG, config);
}

/* While the link is down frames go to the PHY, which loses them, as a cable would: nobody has to wait for one. */
static void check_link(void)
{
    struct dwmac_link before = self.link;

    if (!dwmac_phy_link(net_driver_config.registers, &self.link)) {
        return;
    }
    if (self.link.up != before.up) {
        microkit_dbg_puts(self.link.up ? "net driver: link up\n" : "net driver: link down\n");
    }
    if (self.link.up && (self.link.speed != before.speed || self.link.full_duplex != before.full_duplex)) {
        set_link();
    }
}

/* Frames on their way are lost, and their cookies returned; buffers stay with the driver. */
static void empty_rings(void)
{
    uint32_t kept = self.rx.count;

    for (uint32_t i = 0; i < kept; i++) {
        self.rx_kept[i] = self.rx_owner[(self.rx.next - kept + i) % RX_SIZE];
    }
    for (; self.tx.count > 0; self.tx.count--) {
        uint32_t slot = (self.tx.next - self.tx.count) % TX_SIZE;
        net_driver_counts()->lost_reset += self.tx_owner[slot].last;
        return_cookie(slot);
    }
    for (uint32_t i = 0; i < RX_SIZE; i++) {
        self.rx.at[i].status = 0;
    }
    for (uint32_t i = 0; i < TX_SIZE; i++) {
        self.tx.at[i].status = 0;
    }
    self.rx.next = self.rx.count = self.tx.next = 0;
    for (uint32_t i = 0; i < kept; i++) {
        provide(&self.rx_kept[i]);
    }
}

/* From any state to running. The PHY first, since the reset needs its receive clock; and the device is silent before
 * the rings are touched. */
static void start_device(void)
{
    if (!dwmac_phy_start(net_driver_config.registers)) {
        microkit_dbg_puts("net driver: no PHY answers\n");
    }
    self.running = reset_device();
    if (!self.running) {
        microkit_dbg_puts("net driver: the reset does not end: a clock is missing; trying again\n");
        return;
    }
    empty_rings();
    write_register(GMAC_BUS_MODE, GMAC_BUS_PBL_8 | GMAC_BUS_ADDRESS_ALIGNED);
    write_register(GMAC_RX_BASE, self.rx.bus);
    write_register(GMAC_TX_BASE, self.tx.bus);
    write_register(GMAC_INT_MASK, 0xffffffff);
    write_register(GMAC_MMC_RX_INT_MASK, 0xffffffff);
    write_register(GMAC_MMC_TX_INT_MASK, 0xffffffff);
    write_register(GMAC_MMC_IPC_INT_MASK, 0xffffffff);
    write_register(GMAC_FLOW_CONTROL, 0);
    set_filter();
    write_register(GMAC_STATUS, GMAC_STATUS_CLEAR);
    write_register(GMAC_INT_ENABLE, INTERRUPTS);
    self.tells_sent = false;
    mmio_fence();
    write_register(GMAC_OPERATION, GMAC_OPERATION_RSF | GMAC_OPERATION_TSF | GMAC_OPERATION_OSF | GMAC_OPERATION_ST |
                                       GMAC_OPERATION_SR);
    set_link();
    check_link();
}

static void set_timer(void)
{
    if (net_dwmac_config.timer != DWMAC_NONE) {
        uint64_t wait_ns = self.link.up && self.running ? CHECK_UP_NS : CHECK_DOWN_NS;
        timer_page_set(net_dwmac_config.timer_page, pd_now_ticks() + pd_ticks_from_ns(wait_ns));
        microkit_notify(net_dwmac_config.timer);
    }
}

/* A device that stops again at once is left alone until the timer comes: it must not keep all others from the CPU. */
static void restart_device(const char *why)
{
    uint64_t now = pd_now_ns();

    microkit_dbg_puts(why);
    net_driver_counts()->resets++;
    if (self.resets++ > 0 && now - self.restarted_ns < CHECK_DOWN_NS && net_dwmac_config.timer != DWMAC_NONE) {
        self.running = false;
        write_register(GMAC_INT_ENABLE, 0);
        set_timer();
        return;
    }
    self.restarted_ns = now;
    start_device();
}

/* The device first, the rings after: what comes in between raises a new interrupt. */
static void acknowledge(void)
{
    uint32_t reasons = read_register(GMAC_STATUS) & GMAC_STATUS_CLEAR;

    write_register(GMAC_STATUS, reasons);
    if (reasons & STOPPED) {
        return_received();
        return_sent();
        restart_device("net driver: the device has stopped (bus error, jabber): restarted\n");
        return;
    }
    if (reasons & GMAC_INT_UNF) { /* the frame's descriptor says so, too */
        write_register(GMAC_TX_POLL, 1);
    }
    self.kick_rx |= (reasons & GMAC_INT_RU) != 0;
}

/* -- time -- */

/* What was there to send the last time is there still: the DMA has stopped without a word. */
static bool stuck(void)
{
    bool waiting = self.tx.count > 0;
    bool result = waiting && self.waited && self.sent == self.sent_at_check;

    self.waited = waiting;
    self.sent_at_check = self.sent;
    return result;
}

static void look_after_device(void)
{
    return_sent();
    if (!self.running) {
        start_device();
    } else if (stuck()) {
        restart_device("net driver: nothing has left for seconds: restarted\n");
    } else {
        check_link();
    }
    set_timer();
}

/* -- the loop -- */

/* Where net_virt_tx waits for frames that are fewer than those of an interrupt: also when all have left. */
static void tell_when_sent(bool tells)
{
    if (tells != self.tells_sent) {
        self.tells_sent = tells;
        write_register(GMAC_INT_ENABLE, tells ? INTERRUPTS | GMAC_INT_TU : INTERRUPTS);
    }
}

/* Arms all that could wake us. False: something is there already. The device interrupts for each frame received and
 * for every TX_INTERRUPT_EACH-th sent; a lone frame's departure is no event (NET_LAZY) but where somebody waits. */
static bool sleep(void)
{
    tell_when_sent(self.running && self.tx.count > 0 && ring_is_armed(&self.tx_free));
    return (self.rx.count > RX_SIZE / 2 || ring_arm_consumer(&self.rx_free)) &&
           (self.was_full || ring_arm_consumer(&self.tx_filled));
}

static void attach(void)
{
    const struct net_driver_config *config = &net_driver_config;

    /* The virtualisers take a new life on both rings of a pair for the word that the device is reset. */
    ring_attach_consumer(&self.rx_free, &config->rx_free, sizeof(struct net_dma_desc));
    ring_attach_producer(&self.rx_filled, &config->rx_filled, sizeof(struct net_dma_desc));
    ring_attach_consumer(&self.tx_filled, &config->tx_filled, sizeof(struct net_dma_desc));
    ring_attach_producer(&self.tx_free, &config->tx_free, sizeof(struct net_dma_desc));
    self.attached = true;
    self.filled = self.returned = true; /* after a restart the virtualisers hear of it */
}

/* False: not yet. */
static bool let_in(struct ring *ring, struct ring *other, uint32_t with_device)
{
    if (ring_pair_restarted(ring, other) && with_device == 0) {
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
    bool rx_in = let_in(&self.rx_filled, &self.rx_free, self.rx.count);
    self.leaving = !let_in(&self.tx_free, &self.tx_filled, self.tx.count) || !rx_in;
}

static void run(void)
{
    if (!self.attached) {
        if (!self.running) {
            return;
        }
        attach();
    }
    do {
        return_received();
        provide_buffers();
        return_sent();
        if (self.leaving) {
            follow_restarts();
        }
        provide_frames();
    } while (!sleep());
    if (self.filled && ring_wake_consumer(&self.rx_filled)) { /* not for what was only sent */
        microkit_notify(net_driver_config.rx_virt);
    }
    self.filled = false;
    /* Nor for nothing: it would wake us, which would find nothing, for as long as the device keeps its frames. */
    if (self.returned && ring_wake_consumer(&self.tx_free)) {
        microkit_notify(net_driver_config.tx_virt);
    }
    self.returned = false;
}

static void cut_rings(void)
{
    const struct region *region = &net_driver_config.descriptors;
    uint64_t rx_bytes = sizeof(struct dwmac_desc) * RX_SIZE, tx_bytes = sizeof(struct dwmac_desc) * TX_SIZE;
    struct bus_address rx, tx;

    self.rx.at = region_at(region, 0, rx_bytes);
    self.tx.at = region_at(region, rx_bytes, tx_bytes);
    require(self.tx.at && region_bus(region, 0, rx_bytes, &rx) && region_bus(region, rx_bytes, tx_bytes, &tx),
            "net driver: descriptors.size", region->size);
    require(tx.value + tx_bytes <= 1ull << 32, "net driver: descriptors.bus", region->bus);
    self.rx.bus = (uint32_t)rx.value;
    self.tx.bus = (uint32_t)tx.value;
}

/* The former life may have died before it did. */
static void acknowledge_interrupts(void)
{
    microkit_irq_ack(net_driver_config.irq);
    if (net_dwmac_config.phy_irq != DWMAC_NONE) {
        microkit_irq_ack(net_dwmac_config.phy_irq);
    }
}

void init(void)
{
    const struct net_driver_config *config = &net_driver_config;

    counters_begin();
    require(config->registers != NULL, "net driver: registers", 0);
    require(net_dwmac_config.mac_count <= NET_CLIENTS_MAX, "net driver: mac_count", net_dwmac_config.mac_count);
    cut_rings();
    self.link = (struct dwmac_link){.up = false, .speed = 1000, .full_duplex = true};
    write_glue();
    config->device->offloads = read_register(GMAC_HW_FEATURE) & GMAC_FEATURE_TX_CHECKSUM ? NET_CHECKSUM : 0;
    start_device();
    set_timer();
    if (pd_generation() > 1) {
        acknowledge_interrupts();
    } else {
        attach();
    }
    run();
}

void notified(microkit_channel channel)
{
    bool interrupt = channel == net_driver_config.irq, phy = channel == net_dwmac_config.phy_irq;

    if (interrupt) {
        acknowledge();
    } else if (phy) {
        dwmac_phy_clear_interrupt(net_driver_config.registers);
        check_link();
    } else if (channel == net_dwmac_config.timer) {
        look_after_device();
    } else if (self.attached && virtualiser_restarted(channel)) {
        self.leaving = true; /* until run() finds that it is not */
    }
    run();
    if (interrupt || phy) {
        microkit_deferred_irq_ack(channel);
    }
}
