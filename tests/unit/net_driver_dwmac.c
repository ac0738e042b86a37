/* net_driver_dwmac.c: net/driver_dwmac.c and net/dwmac_phy.c against a model of the GMAC, of a PHY with pages, and of
 * memory as the device sees it.
 *
 * What the driver writes reaches the device's view at a fence, no earlier; and a descriptor may not be given away in the same
 * stretch between two fences in which its other words were written, since the device might see the one without the others.
 */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake_microkit.h"
#include "net/config.h"
#include "net/dwmac.h"
#include "net/mmio.h"
#include "timer/proto.h"

enum { IRQ = 1, RX_VIRT = 2, TX_VIRT = 3, TIMER = 4, PHY_IRQ = 5 };

#define BUS 0x30000000ul
#define FRAMES_BUS 0x31000000u
#define WORDS (0x4000 / 4)
#define RX_CAPACITY 256
#define FILLED_CAPACITY 128 /* smaller than the device's ring: it can be full */

static _Alignas(4096) uint32_t memory[WORDS];
static _Alignas(64) uint8_t rings[4][RING_BYTES(4096, 16)];
static uint8_t registers; /* only its address */
static volatile uint32_t glue[2] = {0xffff0000, 0x1};

const struct net_driver_config net_driver_config = {
    .registers = &registers,
    .irq = IRQ,
    .rx_virt = RX_VIRT,
    .tx_virt = TX_VIRT,
    .descriptors = {.base = memory, .size = sizeof memory, .bus = BUS},
    .rx_free = {.shared = rings[0], .capacity = RX_CAPACITY},
    .rx_filled = {.shared = rings[1], .capacity = FILLED_CAPACITY},
    .tx_filled = {.shared = rings[2], .capacity = 4096},
    .tx_free = {.shared = rings[3], .capacity = 256},
};

const struct net_dwmac_config net_dwmac_config = {
    .phy = 3,
    .mdc = 4,
    .phy_page = 31,
    .phy_irq = PHY_IRQ,
    .timer = TIMER,
    .phy_clear_page = 0xa43,
    .phy_clear_reg = 29,
    .mac_count = 2,
    .macs = {{0x52, 0x54, 1, 0, 0, 0x10}, {0x52, 0x54, 1, 0, 0, 0x11}},
    .glue_count = 2,
    .glue = {{&glue[0], 0xf0, 0x50}, {&glue[1], 0x3, 0x2}},
    .phy_write_count = 1,
    .phy_writes = {{0xd08, 0x11, 0x100, 0x100}},
};

static struct ring rx_free, rx_filled, tx_filled, tx_free;

/* -- memory -- */

static uint32_t seen[WORDS];  /* what the device sees */
static bool breaks_order;     /* a test of the test: it must be told */

void mmio_fence(void)
{
    for (uint32_t i = 0; i < WORDS; i += 4) {
        bool given = memory[i] != seen[i] && (memory[i] & DESC_OWN);
        bool written = memcmp(&memory[i + 1], &seen[i + 1], 12) != 0;
        breaks_order |= given && written;
    }
    memcpy(seen, memory, sizeof seen);
}

static void device_writes(uint32_t index, uint32_t value)
{
    memory[index] = seen[index] = value;
}

static uint32_t index_of(uint32_t bus)
{
    CHECK(bus >= BUS && bus < BUS + sizeof memory && bus % 16 == 0);
    return (bus - (uint32_t)BUS) / 4;
}

/* -- the device -- */

static struct {
    uint32_t config, filter, gmii_addr, gmii_data, bus_mode, status, operation, enable;
    uint32_t address[2][32];
    uint32_t rx_base, tx_base, rx_at, tx_at;
    uint32_t address_count;  /* that it has */
    uint32_t reset_reads;    /* until a reset ends; ~0: never */
    uint32_t resets, rx_polls, tx_polls, writes, glue_write_last;
    uint32_t tx_budget;      /* descriptors that it is willing to send */
    uint32_t tx_flaws;       /* in the status of what it sends */
    bool tx_suspended;
    uint32_t sent_count, piece_count;
    struct {
        uint32_t buffer, length;
        bool first, last, interrupt;
    } pieces[4096];
    int closing;             /* the word of a descriptor that it is still to close; -1: none */
    uint32_t mdio_busy;      /* reads until a transaction ends */
    uint32_t page;
    uint16_t phy[32];
    uint16_t delays;         /* page 0xd08, register 0x11 */
    uint32_t interrupt_clears;
    bool phy_absent, mdio_hangs;
    uint64_t now;
    uint64_t deadline; /* that the driver asked the timer for */
} device;

static uint16_t *phy_register(uint32_t reg)
{
    if (reg < 16) {
        CHECK_EQUAL(device.page, 0);
        return &device.phy[reg];
    }
    if (device.page == 0xd08 && reg == 0x11) {
        return &device.delays;
    }
    CHECK(device.page == 0xa43 && reg == 29);
    device.interrupt_clears++;
    return &device.phy[reg];
}

static void mdio(uint32_t value)
{
    uint32_t reg = value >> GMAC_GMII_REGISTER_BIT & 31;
    CHECK(value & GMAC_GMII_BUSY && (value >> GMAC_GMII_CLOCK_BIT & 15) == 4);
    CHECK(device.mdio_hangs || !(device.gmii_addr & GMAC_GMII_BUSY)); /* the last one has ended */
    device.gmii_addr = value;
    device.mdio_busy = device.mdio_hangs ? ~0u : 3;
    if (device.phy_absent || (value >> GMAC_GMII_PHY_BIT & 31) != 3) {
        device.gmii_data = 0xffff;
    } else if (reg == 31) {
        CHECK(value & GMAC_GMII_WRITE);
        device.page = device.gmii_data;
    } else if (value & GMAC_GMII_WRITE) {
        *phy_register(reg) = (uint16_t)device.gmii_data;
    } else {
        device.gmii_data = *phy_register(reg);
        if (reg == 1 && device.phy[16]) { /* a loss of the link is latched: one read says so, whatever is now */
            device.gmii_data &= ~4u;
            device.phy[16] = 0;
        }
    }
}

static void reset(void)
{
    device.resets++;
    device.config = device.filter = device.status = device.operation = device.enable = 0;
    device.rx_base = device.tx_base = 0;
    memset(device.address, 0, sizeof device.address);
    device.closing = -1;
    if (device.piece_count > 0) {
        device.pieces[device.piece_count - 1].last = true; /* half a frame is forgotten */
    }
}

uint32_t mmio_read(volatile void *at, uint32_t offset)
{
    if (at != &registers) {
        return *(volatile uint32_t *)at;
    }
    fake_set_now_ns(device.now += 1000);
    if (offset >= GMAC_ADDRESS_HIGH && offset < GMAC_ADDRESS_HIGH + 8 * 32) {
        return device.address[offset & 4 ? 1 : 0][(offset - GMAC_ADDRESS_HIGH) / 8];
    }
    switch (offset) {
    case GMAC_GMII_ADDR:
        if (device.mdio_busy && --device.mdio_busy == 0) {
            device.gmii_addr &= ~GMAC_GMII_BUSY;
        }
        return device.gmii_addr;
    case GMAC_GMII_DATA:
        CHECK(!(device.gmii_addr & GMAC_GMII_BUSY));
        return device.gmii_data;
    case GMAC_BUS_MODE:
        if (device.reset_reads != ~0u && device.reset_reads-- == 0) {
            device.bus_mode &= ~GMAC_BUS_RESET;
            device.reset_reads = 0;
        }
        return device.bus_mode;
    case GMAC_STATUS:
        return device.status;
    case GMAC_MISSED:
        if (device.closing >= 0) {
            device_writes((uint32_t)device.closing, memory[device.closing] | RX_LAST);
            device.closing = -1;
        }
        return 0;
    default:
        CHECK(!"a register that the driver need not read");
        return 0;
    }
}

static void send_frames(void)
{
    device.tx_suspended = false;
    while (device.tx_budget > 0) {
        uint32_t *desc = &seen[device.tx_at];
        if (!(desc[0] & DESC_OWN)) {
            device.tx_suspended = true;
            return;
        }
        device.tx_budget--;
        CHECK(device.piece_count < 4096 && (desc[1] & 0x7ff) > 0);
        CHECK(!(desc[1] & TX_FIRST) == !(device.piece_count == 0 || device.pieces[device.piece_count - 1].last));
        device.pieces[device.piece_count].buffer = desc[2];
        device.pieces[device.piece_count].length = desc[1] & 0x7ff;
        device.pieces[device.piece_count].first = desc[1] & TX_FIRST;
        device.pieces[device.piece_count].interrupt = desc[1] & TX_INTERRUPT;
        device.pieces[device.piece_count++].last = desc[1] & TX_LAST;
        device.sent_count += desc[1] & TX_LAST ? 1 : 0;
        device.status |= desc[1] & TX_INTERRUPT ? GMAC_INT_TI : 0;
        uint32_t at = device.tx_at;
        device.tx_at = desc[1] & TX_END_OF_RING ? index_of(device.tx_base) : device.tx_at + 4;
        device_writes(at, desc[1] & TX_LAST ? device.tx_flaws : 0);
    }
}

static void write_operation(uint32_t value)
{
    const uint32_t wanted = GMAC_OPERATION_TSF | GMAC_OPERATION_RSF;
    CHECK((value & wanted) == wanted && device.rx_base && device.tx_base && device.filter);
    device.operation = value;
    device.rx_at = index_of(device.rx_base);
    device.tx_at = index_of(device.tx_base);
    device.tx_suspended = true;
}

void mmio_write(volatile void *at, uint32_t offset, uint32_t value)
{
    device.writes++;
    if (at != &registers) {
        *(volatile uint32_t *)at = value;
        device.glue_write_last = device.writes;
        return;
    }
    if (offset >= GMAC_ADDRESS_HIGH && offset < GMAC_ADDRESS_HIGH + 8 * 32) {
        uint32_t n = (offset - GMAC_ADDRESS_HIGH) / 8;
        device.address[offset & 4 ? 1 : 0][n] = n < device.address_count ? value : 0;
        return;
    }
    switch (offset) {
    case GMAC_CONFIG: device.config = value; return;
    case GMAC_FRAME_FILTER: device.filter = value; return;
    case GMAC_GMII_ADDR: mdio(value); return;
    case GMAC_GMII_DATA: device.gmii_data = value; return;
    case GMAC_BUS_MODE:
        device.bus_mode = value;
        if (value & GMAC_BUS_RESET) {
            CHECK(device.glue_write_last == 2); /* clocks and delays came first */
            reset();
        } else {
            CHECK((value & 0x80) == 0); /* no enhanced descriptors */
        }
        return;
    case GMAC_TX_POLL:
        device.tx_polls++;
        send_frames();
        return;
    case GMAC_RX_POLL: device.rx_polls++; return;
    case GMAC_RX_BASE: device.rx_base = value; return;
    case GMAC_TX_BASE: device.tx_base = value; return;
    case GMAC_STATUS: device.status &= ~(value & GMAC_STATUS_CLEAR); return;
    case GMAC_OPERATION: write_operation(value); return;
    case GMAC_INT_ENABLE: device.enable = value; return;
    case GMAC_INT_MASK:
    case GMAC_MMC_RX_INT_MASK:
    case GMAC_MMC_TX_INT_MASK:
    case GMAC_MMC_IPC_INT_MASK: CHECK_EQUAL(value, 0xffffffff); return;
    case GMAC_FLOW_CONTROL: return;
    default: CHECK(!"a register that the driver need not write");
    }
}

/* A frame comes in; `status` is what its last descriptor says beside length. False: no buffer. */
static bool arrive(uint32_t length, uint32_t status)
{
    uint32_t *desc = &seen[device.rx_at];
    CHECK(device.operation & GMAC_OPERATION_SR);
    if (!(desc[0] & DESC_OWN)) {
        device.status |= GMAC_INT_RU | GMAC_INT_RI;
        return false;
    }
    CHECK((desc[1] & 0x7ff) % 16 == 0 && (desc[1] & 0x7ff) >= 1522 && desc[2] >= FRAMES_BUS);
    uint32_t at = device.rx_at;
    device.rx_at = desc[1] & RX_END_OF_RING ? index_of(device.rx_base) : device.rx_at + 4;
    device_writes(at, length << 16 | status);
    device.status |= GMAC_INT_RI;
    return true;
}

#define GOOD (RX_FIRST | RX_LAST)

/* The line is a level: delivered until it is down. */
static void interrupt(void)
{
    for (uint32_t rounds = 0; device.status & device.enable & ~(GMAC_INT_AIS | GMAC_INT_NIS); rounds++) {
        CHECK(rounds < 10);
        fake_wake(FAKE_BIT(IRQ));
        CHECK_EQUAL(fake_acked(IRQ), 1);
    }
}

static microkit_msginfo on_ppcall(microkit_channel channel, microkit_msginfo info)
{
    CHECK(channel == TIMER && microkit_msginfo_get_label(info) == TIMER_SET_DEADLINE);
    device.deadline = microkit_mr_get(0);
    return microkit_msginfo_new(0, 0);
}

static void timer(void)
{
    CHECK(device.deadline > device.now && device.deadline != TIMER_NEVER);
    fake_set_now_ns(device.now = device.deadline);
    device.deadline = TIMER_NEVER;
    fake_wake(FAKE_BIT(TIMER));
    CHECK(device.deadline != TIMER_NEVER); /* it asks again */
}

/* -- the tests -- */

enum { SPEED_1000, SPEED_100, SPEED_100_HALF, SPEED_10 };

static void plug(int speed)
{
    static const uint16_t theirs[] = {0x1e1, 0x1e1, 0x0e1, 0x061};
    device.phy[1] = 0x796d; /* link, extended, negotiated */
    device.phy[4] = 0x1e1;
    device.phy[5] = theirs[speed];
    device.phy[9] = 0x200;
    device.phy[10] = speed == SPEED_1000 ? 0x800 : 0;
}

static void unplug(void)
{
    device.phy[1] &= (uint16_t)~4u;
    device.phy[16] = 1;
}

static void prepare(void)
{
    fake_reset();
    fake_on_ppcall(on_ppcall);
    device.address_count = 32;
    device.reset_reads = 2;
    device.tx_budget = ~0u;
    device.closing = -1;
    device.phy[0] = 0x1140;
    device.phy[2] = 0x001c;
    device.now = 1;
    plug(SPEED_1000);
    ring_attach_producer(&rx_free, &net_driver_config.rx_free, 16);
    ring_attach_consumer(&rx_filled, &net_driver_config.rx_filled, 16);
    ring_attach_producer(&tx_filled, &net_driver_config.tx_filled, 16);
    ring_attach_consumer(&tx_free, &net_driver_config.tx_free, 16);
    ring_arm_consumer(&rx_filled);
    ring_arm_consumer(&tx_free);
}

static void boot(void)
{
    prepare();
    init();
    CHECK(device.operation & GMAC_OPERATION_ST && device.operation & GMAC_OPERATION_SR);
}

static void give_buffers(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct net_dma_desc buffer = {.bus = {FRAMES_BUS + i * 2048}, .length = 2048, .cookie = i};
        CHECK(ring_put(&rx_free, &buffer));
    }
    if (ring_wake_consumer(&rx_free)) {
        fake_wake(FAKE_BIT(RX_VIRT));
    }
}

static void send(uint32_t cookie, uint32_t pieces)
{
    for (uint32_t i = 0; i < pieces; i++) {
        struct net_dma_desc piece = {.bus = {0x32000000 + cookie * 32 + i}, .length = (uint16_t)(60 + i), .cookie = cookie,
            .flags = i + 1 < pieces ? NET_MORE : 0};
        CHECK(ring_put(&tx_filled, &piece));
    }
}

static void kick(void)
{
    if (ring_wake_consumer(&tx_filled)) {
        fake_wake(FAKE_BIT(TX_VIRT));
    }
}

static bool returned(uint32_t cookie)
{
    struct net_dma_desc done;
    return ring_get(&tx_free, &done) && done.cookie == cookie;
}

static bool received(uint32_t cookie, uint32_t length)
{
    struct net_dma_desc frame;
    return ring_get(&rx_filled, &frame) && frame.cookie == cookie && frame.length == length
        && frame.bus.value == FRAMES_BUS + cookie * 2048;
}

static bool nothing_received(void)
{
    struct net_dma_desc frame;
    return !ring_get(&rx_filled, &frame);
}

static void test_starts(void)
{
    boot();
    CHECK(glue[0] == 0xffff0050 && glue[1] == 0x2);
    CHECK(device.address[0][0] == 0x80001000 && device.address[1][0] == 0x00015452);
    CHECK(device.address[0][1] == 0x80001100 && device.address[1][1] == 0x00015452);
    CHECK_EQUAL(device.filter, GMAC_FILTER_PM);
    CHECK_EQUAL(device.config, GMAC_CONFIG_RE | GMAC_CONFIG_TE | GMAC_CONFIG_DM);
    CHECK(device.delays == 0x100 && device.page == 0); /* the board's PHY writes, and the page as others expect it */
    CHECK(device.deadline - device.now < 5000000001ull && device.deadline - device.now > 4900000000ull);
    CHECK(strstr(fake_console(), "link up"));
}

static void test_too_few_filters(void)
{
    prepare();
    device.address_count = 1;
    init();
    CHECK_EQUAL(device.filter, GMAC_FILTER_PM | GMAC_FILTER_PR);
}

static void test_speeds(void)
{
    static const uint32_t wanted[] = {GMAC_CONFIG_DM, GMAC_CONFIG_DM | GMAC_CONFIG_PS | GMAC_CONFIG_FES,
        GMAC_CONFIG_PS | GMAC_CONFIG_FES, GMAC_CONFIG_DM | GMAC_CONFIG_PS};
    boot();
    for (int speed = SPEED_10; speed >= SPEED_1000; speed--) {
        plug(speed);
        fake_wake(FAKE_BIT(PHY_IRQ));
        CHECK_EQUAL(fake_acked(PHY_IRQ), 1);
        CHECK_EQUAL(device.config, GMAC_CONFIG_RE | GMAC_CONFIG_TE | wanted[speed]);
    }
    CHECK_EQUAL(device.interrupt_clears, 4);
    CHECK_EQUAL(device.page, 0);
}

static void test_link_goes_and_comes(void)
{
    boot();
    unplug();
    timer();
    CHECK(strstr(fake_console(), "link down"));
    CHECK(device.deadline - device.now <= 1000000000); /* more often while it is down */
    send(1, 1);
    kick();
    CHECK_EQUAL(device.sent_count, 1); /* nobody waits for a cable */
    plug(SPEED_100);
    timer();
    CHECK(device.config & GMAC_CONFIG_FES);
    device.phy[16] = 1; /* lost for a moment, and back */
    timer();
    CHECK(strstr(strstr(fake_console(), "link down") + 1, "link down") == NULL);
}

static void test_phy_that_was_off_or_is_not_there(void)
{
    prepare();
    device.phy[0] = 0x0800; /* powered down */
    init();
    CHECK_EQUAL(device.phy[0], 0x1200);
}

static void test_no_phy(void)
{
    prepare();
    device.phy_absent = true;
    init();
    CHECK(strstr(fake_console(), "no PHY answers"));
    device.phy_absent = false;
    timer();
    CHECK(strstr(fake_console(), "link up"));
}

static void test_mdio_that_hangs(void)
{
    prepare();
    device.mdio_hangs = true;
    init();
    CHECK(device.now < 10000000); /* ms, not for ever */
    CHECK(device.operation & GMAC_OPERATION_ST);
}

static void test_receives(void)
{
    boot();
    give_buffers(100);
    CHECK(device.rx_polls > 0);
    CHECK(arrive(64, GOOD) && arrive(18, GOOD) && arrive(1518, GOOD));
    interrupt();
    CHECK_EQUAL(fake_notified(RX_VIRT), 1);
    CHECK(received(0, 60) && received(1, 14) && received(2, 1514) && nothing_received());
}

static void test_impossible_frames_go_back_to_the_device(void)
{
    static const uint32_t bad[][2] = {{0, GOOD}, {17, GOOD}, {2033, GOOD}, {0x3fff, GOOD}, {64, GOOD | RX_ERROR},
        {64, GOOD | RX_ERROR | RX_OVERFLOW}, {64, RX_LAST}, {64, 0}, {2032, RX_FIRST}};
    boot();
    give_buffers(10);
    for (uint32_t i = 0; i < 9; i++) {
        CHECK(arrive(bad[i][0], bad[i][1]));
    }
    CHECK(arrive(64, GOOD));
    interrupt();
    CHECK(received(9, 60) && nothing_received());
    for (uint32_t i = 0; i < 9; i++) {
        CHECK(arrive(64, GOOD));
    }
    CHECK(!arrive(64, GOOD)); /* nine came back, no more */
    interrupt();
    for (uint32_t i = 0; i < 9; i++) {
        CHECK(received(i, 60));
    }
}

/* QEMU's model writes the status twice; who is awake may see the first. */
static void test_descriptor_that_is_still_being_closed(void)
{
    boot();
    give_buffers(4);
    device.closing = (int)device.rx_at;
    CHECK(arrive(64, RX_FIRST));
    interrupt();
    CHECK(received(0, 60));
}

/* A device that closes the second before the first: nothing is taken out of turn. */
static void test_out_of_order_status(void)
{
    boot();
    give_buffers(4);
    uint32_t first = device.rx_at;
    device.rx_at += 4;
    CHECK(arrive(64, GOOD));
    interrupt();
    CHECK(nothing_received());
    device.rx_at = first;
    CHECK(arrive(65, GOOD));
    interrupt();
    CHECK(received(0, 61) && received(1, 60));
}

static void test_no_buffers(void)
{
    boot();
    give_buffers(2);
    CHECK(arrive(64, GOOD) && arrive(64, GOOD) && !arrive(64, GOOD));
    interrupt();
    CHECK(received(0, 60) && received(1, 60));
    uint32_t polls = device.rx_polls;
    give_buffers(2);
    CHECK(device.rx_polls > polls);
    CHECK(arrive(64, GOOD));
}

static void test_virtualiser_that_does_not_take(void)
{
    boot();
    give_buffers(RX_CAPACITY);
    for (uint32_t i = 0; i < 3 * RX_CAPACITY; i++) {
        CHECK(arrive(64, GOOD));
        interrupt();
    }
    for (uint32_t i = 0; i < FILLED_CAPACITY; i++) {
        CHECK(received(i, 60));
    }
    CHECK(nothing_received());
}

static void test_sends_chains(void)
{
    boot();
    send(5, 1);
    send(6, NET_CHAIN_MAX);
    send(7, 3);
    kick();
    CHECK_EQUAL(device.tx_polls, 1); /* one for all */
    CHECK(device.sent_count == 3 && device.piece_count == 1 + NET_CHAIN_MAX + 3);
    CHECK(device.pieces[0].first && device.pieces[0].last && device.pieces[0].buffer == 0x32000000 + 5 * 32);
    CHECK(device.pieces[NET_CHAIN_MAX].last && device.pieces[NET_CHAIN_MAX].length == 60 + NET_CHAIN_MAX - 1);
    fake_wake(FAKE_BIT(TX_VIRT));
    CHECK(returned(5) && returned(6) && returned(7));
    CHECK_EQUAL(fake_notified(TX_VIRT), 1);
}

static void test_interrupts_for_one_in_sixteen(void)
{
    uint32_t wanted = 0;
    boot();
    for (uint32_t i = 0; i < 160; i++) {
        send(i, 1 + i % 3);
    }
    kick();
    for (uint32_t i = 0; i < device.piece_count; i++) {
        wanted += device.pieces[i].interrupt;
    }
    CHECK_EQUAL(wanted, 10);
    interrupt();
    for (uint32_t i = 0; i < 160; i++) {
        CHECK(returned(i));
    }
}

/* The longest chains fill the ring first; it goes on with the interrupts it asked for, and round the ring's end. */
static void test_waits_for_a_full_device(void)
{
    boot();
    device.tx_budget = 0;
    for (uint32_t i = 0; i < 200; i++) {
        send(i, NET_CHAIN_MAX - 1);
    }
    kick();
    CHECK(!ring_wake_consumer(&tx_filled)); /* it does not ask to hear of more */
    for (uint32_t i = 0; i < 200; i++) {
        while (device.sent_count <= i) {
            device.tx_budget++;
            send_frames();
            interrupt();
        }
    }
    interrupt();
    fake_wake(FAKE_BIT(TX_VIRT));
    for (uint32_t i = 0; i < 200; i++) {
        CHECK(returned(i));
        CHECK(device.pieces[i * (NET_CHAIN_MAX - 1)].buffer == 0x32000000 + i * 32);
    }
}

static void test_underrun(void)
{
    boot();
    device.tx_budget = 1;
    device.tx_flaws = TX_ERROR | TX_UNDERRUN;
    send(1, 1);
    send(2, 1);
    kick();
    uint32_t polls = device.tx_polls;
    device.tx_budget = 9;
    device.tx_flaws = 0;
    device.status |= GMAC_INT_UNF;
    interrupt();
    CHECK(device.tx_polls > polls); /* it has to be told to go on */
    CHECK(device.sent_count == 2);
    fake_wake(FAKE_BIT(TX_VIRT));
    CHECK(returned(1) && returned(2));
    CHECK_EQUAL(device.resets, 1);
}

static void fill_up_and_stop(uint32_t why)
{
    give_buffers(20);
    CHECK(arrive(64, GOOD) && arrive(64, GOOD));
    device.tx_budget = 1;
    for (uint32_t i = 0; i < 3; i++) {
        send(i, 2);
    }
    kick();
    device.tx_budget = ~0u;
    device.status |= why;
    interrupt();
}

static void test_bus_error(void)
{
    boot();
    fill_up_and_stop(GMAC_INT_FBI);
    CHECK_EQUAL(device.resets, 2);
    CHECK(device.operation & GMAC_OPERATION_ST && device.address[0][1] == 0x80001100);
    CHECK(returned(0) && returned(1) && returned(2)); /* lost, but nobody waits for ever */
    CHECK(received(0, 60) && received(1, 60));
    for (uint32_t i = 2; i < 20; i++) {
        CHECK(arrive(64, GOOD)); /* each buffer is there once */
    }
    CHECK(!arrive(64, GOOD));
    interrupt();
    for (uint32_t i = 2; i < 20; i++) {
        CHECK(received(i, 60));
    }
    send(7, 2);
    kick();
    CHECK_EQUAL(device.sent_count, 1);
}

/* One that stops again and again does not get the CPU for itself. */
static void test_bus_errors_without_end(void)
{
    boot();
    device.status |= GMAC_INT_FBI;
    interrupt();
    CHECK_EQUAL(device.resets, 2);
    device.status |= GMAC_INT_TPS;
    interrupt();
    CHECK(device.resets == 2 && device.enable == 0);
    CHECK(device.deadline - device.now <= 1000000000);
    timer();
    CHECK(device.resets == 3 && device.enable != 0);
}

static void test_dma_that_stops_without_a_word(void)
{
    boot();
    device.tx_budget = 0;
    send(1, 1);
    kick();
    timer();
    CHECK(device.resets == 1); /* it may have come a moment ago */
    timer();
    CHECK_EQUAL(device.resets, 2);
    CHECK(returned(1));
}

static void test_reset_that_does_not_end(void)
{
    prepare();
    device.reset_reads = ~0u;
    init();
    CHECK(strstr(fake_console(), "does not end"));
    CHECK(device.operation == 0);
    device.reset_reads = 1;
    timer();
    CHECK(device.operation & GMAC_OPERATION_ST);
    give_buffers(1);
    CHECK(arrive(64, GOOD));
}

/* In a process of its own: the driver starts with its statics as they are at a start. */
static void run(void (*test)(void))
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        test();
        CHECK_EQUAL(fake_lost_deferred(), 0);
        CHECK(!breaks_order);
        exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

int main(void)
{
    run(test_starts);
    run(test_too_few_filters);
    run(test_speeds);
    run(test_link_goes_and_comes);
    run(test_phy_that_was_off_or_is_not_there);
    run(test_no_phy);
    run(test_mdio_that_hangs);
    run(test_receives);
    run(test_impossible_frames_go_back_to_the_device);
    run(test_descriptor_that_is_still_being_closed);
    run(test_out_of_order_status);
    run(test_no_buffers);
    run(test_virtualiser_that_does_not_take);
    run(test_sends_chains);
    run(test_interrupts_for_one_in_sixteen);
    run(test_waits_for_a_full_device);
    run(test_underrun);
    run(test_bus_error);
    run(test_bus_errors_without_end);
    run(test_dma_that_stops_without_a_word);
    run(test_reset_that_does_not_end);
    return 0;
}
