/* gmac_model.c: see the header. A register that the driver has no business with fails the test. */
#include "gmac_model.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/mmio.h"
#include "timer/proto.h"

#define WORDS_MAX (0x20000 / 4)

struct gmac_model gmac;

static struct ring rx_free, rx_filled, tx_filled, tx_free;

/* -- memory -- */

static uint32_t seen[WORDS_MAX]; /* what the device sees */

static uint32_t *written(void)
{
    return net_driver_config.descriptors.base;
}

void mmio_fence(void)
{
    uint32_t *memory = written(), words = (uint32_t)net_driver_config.descriptors.size / 4;

    gmac.fences++;
    for (uint32_t i = 0; i < words; i += 4) {
        bool given = memory[i] != seen[i] && (memory[i] & DESC_OWN);
        bool others = memcmp(&memory[i + 1], &seen[i + 1], 12) != 0;
        gmac.breaks_order |= given && others;
    }
    memcpy(seen, memory, words * 4);
}

static void device_writes(uint32_t index, uint32_t value)
{
    written()[index] = seen[index] = value;
}

static uint32_t index_of(uint32_t bus)
{
    const struct region *region = &net_driver_config.descriptors;

    CHECK(bus >= region->bus && bus < region->bus + region->size && bus % 16 == 0);
    return (bus - (uint32_t)region->bus) / 4;
}

/* -- registers -- */

static void mdio(uint32_t value)
{
    uint32_t phy = value >> GMAC_GMII_PHY_BIT & 31, reg = value >> GMAC_GMII_REGISTER_BIT & 31;

    CHECK(value & GMAC_GMII_BUSY && (value >> GMAC_GMII_CLOCK_BIT & 15) == net_dwmac_config.mdc);
    CHECK(gmac.mdio_hangs || !(gmac.gmii_addr & GMAC_GMII_BUSY)); /* the last one has ended */
    gmac.gmii_addr = value;
    gmac.mdio_busy = gmac.mdio_hangs ? FOREVER : 3;
    if (value & GMAC_GMII_WRITE) {
        phy_write_register(phy, reg, (uint16_t)gmac.gmii_data);
    } else {
        gmac.gmii_data = phy_read_register(phy, reg);
    }
}

static void reset(void)
{
    gmac_is_reset();
    gmac.resets++;
    gmac.config = gmac.filter = gmac.status = gmac.operation = gmac.enable = 0;
    gmac.rx_base = gmac.tx_base = 0;
    memset(gmac.address, 0, sizeof(gmac.address));
    gmac.closing = -1;
    if (gmac.piece_count > 0) {
        gmac.pieces[gmac.piece_count - 1].last = true; /* half a frame is forgotten */
    }
}

static bool is_address(uint32_t offset)
{
    return offset >= GMAC_ADDRESS_HIGH && offset < GMAC_ADDRESS_HIGH + 8 * 32;
}

static uint32_t read_mdio(void)
{
    if (gmac.mdio_busy && --gmac.mdio_busy == 0) {
        gmac.gmii_addr &= ~GMAC_GMII_BUSY;
    }
    return gmac.gmii_addr;
}

static uint32_t read_bus_mode(void)
{
    if (gmac.reset_reads != FOREVER && gmac.reset_reads-- == 0) {
        gmac.bus_mode &= ~GMAC_BUS_RESET;
        gmac.reset_reads = 0;
    }
    return gmac.bus_mode;
}

static uint32_t read_missed(void)
{
    if (gmac.closing >= 0) {
        device_writes((uint32_t)gmac.closing, written()[gmac.closing] | RX_LAST);
        gmac.closing = -1;
    }
    return 0;
}

uint32_t mmio_read(volatile void *at, uint32_t offset)
{
    if (at != net_driver_config.registers) {
        return glue_read(at);
    }
    fake_set_now_ns(gmac.now += 1000);
    if (is_address(offset)) {
        return gmac.address[offset & 4 ? 1 : 0][(offset - GMAC_ADDRESS_HIGH) / 8];
    }
    switch (offset) {
    case GMAC_GMII_ADDR: return read_mdio();
    case GMAC_GMII_DATA: CHECK(!(gmac.gmii_addr & GMAC_GMII_BUSY)); return gmac.gmii_data;
    case GMAC_BUS_MODE: return read_bus_mode();
    case GMAC_STATUS: return gmac.status;
    case GMAC_MISSED: return read_missed();
    case GMAC_HW_FEATURE: return gmac.features;
    default: CHECK(!"a register that the driver need not read"); return 0;
    }
}

static void send_piece(uint32_t *desc)
{
    uint32_t count = gmac.piece_count, at = gmac.tx_at, control = desc[1];

    CHECK(count < GMAC_PIECES_MAX && (control & 0x7ff) > 0);
    CHECK(!(control & TX_FIRST) == !(count == 0 || gmac.pieces[count - 1].last));
    gmac.pieces[count].buffer = desc[2];
    gmac.pieces[count].length = control & 0x7ff;
    gmac.pieces[count].first = control & TX_FIRST;
    gmac.pieces[count].interrupt = control & TX_INTERRUPT;
    gmac.pieces[count].checksum = control >> 27 & 3;
    gmac.pieces[gmac.piece_count++].last = control & TX_LAST;
    gmac.sent_count += control & TX_LAST ? 1 : 0;
    gmac.status |= control & TX_INTERRUPT ? GMAC_INT_TI : 0;
    gmac.tx_at = control & TX_END_OF_RING ? index_of(gmac.tx_base) : at + 4;
    device_writes(at, control & TX_LAST ? gmac.tx_flaws : 0);
}

void gmac_send(void)
{
    gmac.tx_suspended = false;
    for (; gmac.tx_budget > 0; gmac.tx_budget--) {
        if (!(seen[gmac.tx_at] & DESC_OWN)) {
            gmac.tx_suspended = true;
            gmac.status |= GMAC_INT_TU;
            return;
        }
        send_piece(&seen[gmac.tx_at]);
    }
}

static void write_operation(uint32_t value)
{
    const uint32_t wanted = GMAC_OPERATION_TSF | GMAC_OPERATION_RSF;

    CHECK((value & wanted) == wanted && gmac.rx_base && gmac.tx_base && gmac.filter);
    gmac.operation = value;
    gmac.rx_at = index_of(gmac.rx_base);
    gmac.tx_at = index_of(gmac.tx_base);
    CHECK(!(seen[gmac.tx_at] & DESC_OWN) && !(seen[gmac.rx_at] & DESC_OWN && seen[gmac.rx_at + 2] < FRAMES_BUS));
    gmac.tx_suspended = true;
}

static void write_bus_mode(uint32_t value)
{
    gmac.bus_mode = value;
    if (value & GMAC_BUS_RESET) {
        reset();
    } else {
        CHECK((value & 0x80) == 0); /* no enhanced descriptors */
    }
}

static void write_address(uint32_t offset, uint32_t value)
{
    uint32_t n = (offset - GMAC_ADDRESS_HIGH) / 8;

    gmac.address[offset & 4 ? 1 : 0][n] = n < gmac.address_count ? value : 0;
}

void mmio_write(volatile void *at, uint32_t offset, uint32_t value)
{
    if (at != net_driver_config.registers) {
        glue_write(at, value);
        return;
    }
    if (is_address(offset)) {
        write_address(offset, value);
        return;
    }
    switch (offset) {
    case GMAC_CONFIG: gmac.config = value; return;
    case GMAC_FRAME_FILTER: gmac.filter = value; return;
    case GMAC_GMII_ADDR: mdio(value); return;
    case GMAC_GMII_DATA: gmac.gmii_data = value; return;
    case GMAC_BUS_MODE: write_bus_mode(value); return;
    case GMAC_TX_POLL:
        gmac.tx_polls++;
        gmac_send();
        return;
    case GMAC_RX_POLL: gmac.rx_polls++; return;
    case GMAC_RX_BASE: gmac.rx_base = value; return;
    case GMAC_TX_BASE: gmac.tx_base = value; return;
    case GMAC_STATUS: gmac.status &= ~(value & GMAC_STATUS_CLEAR); return;
    case GMAC_OPERATION: write_operation(value); return;
    case GMAC_INT_ENABLE: gmac.enable = value; return;
    case GMAC_INT_MASK:
    case GMAC_MMC_RX_INT_MASK:
    case GMAC_MMC_TX_INT_MASK:
    case GMAC_MMC_IPC_INT_MASK: CHECK_EQUAL(value, 0xffffffff); return;
    case GMAC_FLOW_CONTROL: return;
    default: CHECK(!"a register that the driver need not write");
    }
}

/* -- events -- */

bool gmac_arrive(uint32_t length, uint32_t status)
{
    uint32_t *desc = &seen[gmac.rx_at], at = gmac.rx_at;

    CHECK(gmac.operation & GMAC_OPERATION_SR);
    if (!(desc[0] & DESC_OWN)) {
        gmac.status |= GMAC_INT_RU | GMAC_INT_RI;
        return false;
    }
    CHECK((desc[1] & 0x7ff) % 16 == 0 && (desc[1] & 0x7ff) >= 1522 && desc[2] >= FRAMES_BUS);
    gmac.rx_at = desc[1] & RX_END_OF_RING ? index_of(gmac.rx_base) : at + 4;
    device_writes(at, length << 16 | status);
    gmac.status |= GMAC_INT_RI;
    return true;
}

void gmac_interrupt(void)
{
    for (uint32_t rounds = 0; gmac.status & gmac.enable & ~(GMAC_INT_AIS | GMAC_INT_NIS); rounds++) {
        CHECK(rounds < 10);
        fake_wake(FAKE_BIT(net_driver_config.irq));
        CHECK_EQUAL(fake_acked(net_driver_config.irq), 1);
    }
}

void gmac_timer(void)
{
    CHECK(net_dwmac_config.timer_page->deadline > gmac.now && net_dwmac_config.timer_page->deadline != TIMER_NEVER);
    fake_set_now_ns(gmac.now = net_dwmac_config.timer_page->deadline);
    net_dwmac_config.timer_page->deadline = TIMER_NEVER;
    fake_notified(net_dwmac_config.timer);
    fake_wake(FAKE_BIT(net_dwmac_config.timer));
    CHECK(net_dwmac_config.timer_page->deadline != TIMER_NEVER &&
          fake_notified(net_dwmac_config.timer)); /* it asks again */
}

/* -- the virtualisers -- */

bool gmac_wait_for_frames(void)
{
    return ring_arm_consumer(&tx_free);
}

void gmac_prepare(void)
{
    CHECK(net_driver_config.descriptors.size <= sizeof(seen));
    memset(written(), 0xa5, net_driver_config.descriptors.size);
    memset(seen, 0xa5, sizeof(seen));
    fake_reset();
    net_dwmac_config.timer_page->deadline = TIMER_NEVER;
    gmac = (struct gmac_model){.address_count = 32, .reset_reads = 2, .tx_budget = ~0u, .closing = -1, .now = 1};
    ring_attach_producer(&rx_free, &net_driver_config.rx_free, 16);
    ring_attach_consumer(&rx_filled, &net_driver_config.rx_filled, 16);
    ring_attach_producer(&tx_filled, &net_driver_config.tx_filled, 16);
    ring_attach_consumer(&tx_free, &net_driver_config.tx_free, 16);
    ring_arm_consumer(&rx_filled);
    ring_arm_consumer(&tx_free);
}

void give_buffers(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct net_dma_desc buffer = {.bus = {FRAMES_BUS + i * 2048}, .length = 2048, .cookie = i};
        CHECK(ring_put(&rx_free, &buffer));
    }
    if (ring_wake_consumer(&rx_free)) {
        fake_wake(FAKE_BIT(net_driver_config.rx_virt));
    }
}

void put_frame(uint32_t cookie, uint32_t pieces)
{
    put_frame_with(cookie, pieces, 0);
}

void put_frame_with(uint32_t cookie, uint32_t pieces, uint8_t flags)
{
    for (uint32_t i = 0; i < pieces; i++) {
        struct net_dma_desc piece = {.bus = {0x32000000 + cookie * 32 + i}, .length = (uint16_t)(60 + i)};
        piece.cookie = cookie;
        piece.flags = (uint8_t)((i + 1 < pieces ? NET_MORE : 0) | (i == 0 ? flags : 0));
        CHECK(ring_put(&tx_filled, &piece));
    }
}

bool awaits_frames(void)
{
    return ring_wake_consumer(&tx_filled);
}

void kick(void)
{
    if (awaits_frames()) {
        fake_wake(FAKE_BIT(net_driver_config.tx_virt));
    }
}

bool returned(uint32_t cookie)
{
    struct net_dma_desc done;

    return ring_get(&tx_free, &done) && done.cookie == cookie;
}

bool received(uint32_t cookie, uint32_t length)
{
    struct net_dma_desc frame;

    return ring_get(&rx_filled, &frame) && frame.cookie == cookie && frame.length == length &&
           frame.bus.value == FRAMES_BUS + cookie * 2048;
}

bool nothing_received(void)
{
    struct net_dma_desc frame;

    return !ring_get(&rx_filled, &frame);
}

bool waits_for_frames(void)
{
    return ring_arm_consumer(&rx_filled);
}

void run_alone(void (*test)(void))
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        test();
        CHECK_EQUAL(fake_lost_deferred(), 0);
        CHECK(!gmac.breaks_order);
        exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}
