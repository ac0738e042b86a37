/* net_driver_dwmac.c: net/driver_dwmac.c and net/dwmac_phy.c against a model of the GMAC (gmac_model.c) and of a PHY
 * with pages. */
#include <string.h>

#include "net/counters.h"
#include "gmac_model.h"
#include "tests/unit/net_driver_dwmac_rig.h"

static uint32_t glue_writes;

/* -- what lies around -- */

static struct {
    uint32_t page;
    uint16_t standard[32];
    uint16_t delays; /* page 0xd08, register 0x11 */
    bool absent, was_lost;
    uint32_t interrupt_clears;
} phy;

static uint16_t *phy_register(uint32_t reg)
{
    if (reg < 16) {
        CHECK_EQUAL(phy.page, 0);
        return &phy.standard[reg];
    }
    if (phy.page == 0xd08 && reg == 0x11) {
        return &phy.delays;
    }
    CHECK(phy.page == 0xa43 && reg == 29);
    phy.interrupt_clears++;
    return &phy.standard[reg];
}

uint16_t phy_read_register(uint32_t address, uint32_t reg)
{
    if (phy.absent || address != 3) {
        return 0xffff;
    }
    uint16_t value = *phy_register(reg);
    if (reg == 1 && phy.was_lost) { /* a loss of the link is latched: one read says so, whatever is now */
        phy.was_lost = false;
        value &= (uint16_t)~4u;
    }
    return value;
}

void phy_write_register(uint32_t address, uint32_t reg, uint16_t value)
{
    if (phy.absent || address != 3) {
        return;
    }
    if (reg == 31) {
        phy.page = value;
    } else {
        *phy_register(reg) = value;
    }
}

uint32_t glue_read(volatile void *at)
{
    return *(volatile uint32_t *)at;
}

void glue_write(volatile void *at, uint32_t value)
{
    *(volatile uint32_t *)at = value;
    glue_writes++;
}

void gmac_is_reset(void)
{
    CHECK_EQUAL(glue_writes, 2); /* clocks and delays came first */
}

/* -- the tests -- */

enum { SPEED_1000, SPEED_100, SPEED_100_HALF, SPEED_10 };

static void plug(int speed)
{
    static const uint16_t theirs[] = {0x1e1, 0x1e1, 0x0e1, 0x061};
    phy.standard[1] = 0x796d; /* link, extended, negotiated */
    phy.standard[4] = 0x1e1;
    phy.standard[5] = theirs[speed];
    phy.standard[9] = 0x200;
    phy.standard[10] = speed == SPEED_1000 ? 0x800 : 0;
}

static void unplug(void)
{
    phy.standard[1] &= (uint16_t)~4u;
    phy.was_lost = true;
}

static void prepare(void)
{
    gmac_prepare();
    phy.standard[0] = 0x1140;
    phy.standard[2] = 0x001c;
    plug(SPEED_1000);
}

static void boot(void)
{
    prepare();
    init();
    CHECK(gmac.operation & GMAC_OPERATION_ST && gmac.operation & GMAC_OPERATION_SR);
}

static void test_starts(void)
{
    boot();
    CHECK(glue[0] == 0xffff0050 && glue[1] == 0x2);
    CHECK(gmac.address[0][0] == 0x80001000 && gmac.address[1][0] == 0x00015452);
    CHECK(gmac.address[0][1] == 0x80001100 && gmac.address[1][1] == 0x00015452);
    CHECK_EQUAL(gmac.filter, GMAC_FILTER_PM);
    CHECK_EQUAL(gmac.config, GMAC_CONFIG_RE | GMAC_CONFIG_TE | GMAC_CONFIG_DM);
    CHECK(phy.delays == 0x100 && phy.page == 0); /* the board's PHY writes, and the page as others expect it */
    CHECK(net_dwmac_config.timer_page->deadline - gmac.now < 5000000001ull &&
          net_dwmac_config.timer_page->deadline - gmac.now > 4900000000ull);
    CHECK(strstr(fake_console(), "link up"));
}

static void test_too_few_filters(void)
{
    prepare();
    gmac.address_count = 1;
    init();
    CHECK_EQUAL(gmac.filter, GMAC_FILTER_PM | GMAC_FILTER_PR);
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
        CHECK_EQUAL(gmac.config, GMAC_CONFIG_RE | GMAC_CONFIG_TE | wanted[speed]);
    }
    CHECK_EQUAL(phy.interrupt_clears, 4);
    CHECK_EQUAL(phy.page, 0);
}

static void test_link_goes_and_comes(void)
{
    boot();
    unplug();
    gmac_timer();
    CHECK(strstr(fake_console(), "link down"));
    CHECK(net_dwmac_config.timer_page->deadline - gmac.now <= 1000000000); /* more often while it is down */
    put_frame(1, 1);
    kick();
    CHECK_EQUAL(gmac.sent_count, 1); /* nobody waits for a cable */
    plug(SPEED_100);
    gmac_timer();
    CHECK(gmac.config & GMAC_CONFIG_FES);
    phy.was_lost = true; /* lost for a moment, and back */
    gmac_timer();
    CHECK(strstr(strstr(fake_console(), "link down") + 1, "link down") == NULL);
}

static void test_phy_that_was_off_or_is_not_there(void)
{
    prepare();
    phy.standard[0] = 0x0800; /* powered down */
    init();
    CHECK_EQUAL(phy.standard[0], 0x1200);
}

static void test_no_phy(void)
{
    prepare();
    phy.absent = true;
    init();
    CHECK(strstr(fake_console(), "no PHY answers"));
    phy.absent = false;
    gmac_timer();
    CHECK(strstr(fake_console(), "link up"));
}

static void test_mdio_that_hangs(void)
{
    prepare();
    gmac.mdio_hangs = true;
    init();
    CHECK(gmac.now < 10000000); /* ms, not for ever */
    CHECK(gmac.operation & GMAC_OPERATION_ST);
}

static void test_receives(void)
{
    boot();
    give_buffers(100);
    CHECK(gmac.rx_polls > 0);
    CHECK(gmac_arrive(64, GOOD) && gmac_arrive(18, GOOD) && gmac_arrive(1518, GOOD));
    uint32_t fences = gmac.fences;
    gmac_interrupt();
    CHECK_EQUAL(fake_notified(RX_VIRT), 1);
    CHECK(gmac.fences >= fences + 3); /* each descriptor is read before whatever its frame is read for */
    CHECK(received(0, 60) && received(1, 14) && received(2, 1514) && nothing_received());
    CHECK(net_driver_counts()->frames_received == 3 && net_driver_counts()->bytes_received == 60 + 14 + 1514);
}

static void test_impossible_frames_go_back_to_the_device(void)
{
    static const uint32_t bad[][2] = {{0, GOOD},
                                      {17, GOOD},
                                      {2033, GOOD},
                                      {0x3fff, GOOD},
                                      {64, GOOD | RX_ERROR},
                                      {64, GOOD | RX_ERROR | RX_OVERFLOW},
                                      {64, RX_LAST},
                                      {64, 0},
                                      {2032, RX_FIRST}};
    boot();
    give_buffers(10);
    for (uint32_t i = 0; i < 9; i++) {
        CHECK(gmac_arrive(bad[i][0], bad[i][1]));
    }
    CHECK(gmac_arrive(64, GOOD));
    gmac_interrupt();
    CHECK(received(9, 60) && nothing_received());
    CHECK(net_driver_counts()->dropped_bad == 8 && net_driver_counts()->dropped_overflow == 1);
    for (uint32_t i = 0; i < 9; i++) {
        CHECK(gmac_arrive(64, GOOD));
    }
    CHECK(!gmac_arrive(64, GOOD)); /* nine came back, no more */
    gmac_interrupt();
    for (uint32_t i = 0; i < 9; i++) {
        CHECK(received(i, 60));
    }
}

/* QEMU's model writes the status twice; who is awake may see the first. */
static void test_descriptor_that_is_still_being_closed(void)
{
    boot();
    give_buffers(4);
    gmac.closing = (int)gmac.rx_at;
    CHECK(gmac_arrive(64, RX_FIRST));
    gmac_interrupt();
    CHECK(received(0, 60));
}

/* A device that closes the second before the first: nothing is taken out of turn. */
static void test_out_of_order_status(void)
{
    boot();
    give_buffers(4);
    uint32_t first = gmac.rx_at;
    gmac.rx_at += 4;
    CHECK(gmac_arrive(64, GOOD));
    gmac_interrupt();
    CHECK(nothing_received());
    gmac.rx_at = first;
    CHECK(gmac_arrive(65, GOOD));
    gmac_interrupt();
    CHECK(received(0, 61) && received(1, 60));
}

static void test_no_buffers(void)
{
    boot();
    give_buffers(2);
    CHECK(gmac_arrive(64, GOOD) && gmac_arrive(64, GOOD) && !gmac_arrive(64, GOOD));
    gmac_interrupt();
    CHECK(received(0, 60) && received(1, 60));
    uint32_t polls = gmac.rx_polls;
    give_buffers(2);
    CHECK(gmac.rx_polls > polls);
    CHECK(gmac_arrive(64, GOOD));
}

static void test_virtualiser_that_does_not_take(void)
{
    boot();
    give_buffers(RX_CAPACITY);
    for (uint32_t i = 0; i < 3 * RX_CAPACITY; i++) {
        CHECK(gmac_arrive(64, GOOD));
        gmac_interrupt();
    }
    for (uint32_t i = 0; i < FILLED_CAPACITY; i++) {
        CHECK(received(i, 60));
    }
    CHECK(nothing_received());
    CHECK_EQUAL(net_driver_counts()->frames_received, FILLED_CAPACITY);
    CHECK_EQUAL(net_driver_counts()->dropped_no_room, 3 * RX_CAPACITY - FILLED_CAPACITY);
}

static void test_sends_chains(void)
{
    boot();
    put_frame(5, 1);
    put_frame(6, NET_CHAIN_MAX);
    put_frame(7, 3);
    kick();
    CHECK_EQUAL(gmac.tx_polls, 1); /* one for all */
    CHECK(gmac.sent_count == 3 && gmac.piece_count == 1 + NET_CHAIN_MAX + 3);
    CHECK(gmac.pieces[0].first && gmac.pieces[0].last && gmac.pieces[0].buffer == 0x32000000 + 5 * 32);
    CHECK(gmac.pieces[NET_CHAIN_MAX].last && gmac.pieces[NET_CHAIN_MAX].length == 60 + NET_CHAIN_MAX - 1);
    fake_wake(FAKE_BIT(TX_VIRT));
    CHECK(returned(5) && returned(6) && returned(7));
    CHECK_EQUAL(fake_notified(TX_VIRT), 1);
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < gmac.piece_count; i++) {
        bytes += gmac.pieces[i].length;
    }
    CHECK(net_driver_counts()->frames_sent == 3 && net_driver_counts()->bytes_sent == bytes);
}

/* Who only sends wakes nobody who waits for what is received. */
static void test_wakes_whom_it_is_for(void)
{
    boot();
    CHECK_EQUAL(fake_notified(RX_VIRT), 1); /* at the start: it learns that we are here */
    CHECK(waits_for_frames());
    give_buffers(10);
    put_frame(5, 1);
    kick();
    CHECK_EQUAL(fake_notified(RX_VIRT), 0);
    CHECK(gmac_arrive(64, GOOD));
    gmac_interrupt();
    CHECK_EQUAL(fake_notified(RX_VIRT), 1);
}

static void test_checksums(void)
{
    boot();
    CHECK_EQUAL(offered.offloads, 0);
}

static void test_checksums_where_it_has_them(void)
{
    prepare();
    gmac.features = GMAC_FEATURE_TX_CHECKSUM;
    init();
    CHECK_EQUAL(offered.offloads, NET_CHECKSUM);
    put_frame_with(1, 3, NET_CHECKSUM);
    put_frame(2, 2);
    put_frame_with(3, 1, NET_CHECKSUM);
    kick();
    CHECK(gmac.operation & GMAC_OPERATION_TSF);
    CHECK(gmac.pieces[0].first && gmac.pieces[0].checksum == 3 && gmac.pieces[5].first && gmac.pieces[5].checksum == 3);
    for (uint32_t i = 1; i < 5; i++) {
        CHECK_EQUAL(gmac.pieces[i].checksum, 0);
    }
}

static void test_interrupts_for_one_in_sixteen(void)
{
    uint32_t wanted = 0;
    boot();
    for (uint32_t i = 0; i < 160; i++) {
        put_frame(i, 1 + i % 3);
    }
    kick();
    for (uint32_t i = 0; i < gmac.piece_count; i++) {
        wanted += gmac.pieces[i].interrupt;
    }
    CHECK_EQUAL(wanted, 10);
    gmac_interrupt();
    for (uint32_t i = 0; i < 160; i++) {
        CHECK(returned(i));
    }
}

/* Fewer have no interrupt of their own, but where the virtualiser waits for them: when all have left. */
static void test_a_virtualiser_that_waits(void)
{
    boot();
    put_frame(7, 1);
    kick();
    fake_wake(FAKE_BIT(TX_VIRT));
    CHECK(returned(7)); /* it has heard of that */
    gmac.tx_budget = 0;
    put_frame(0, 1);
    put_frame(1, 1);
    kick();
    CHECK(!(gmac.enable & GMAC_INT_TU));
    CHECK(gmac_wait_for_frames());
    fake_wake(FAKE_BIT(TX_VIRT));
    CHECK(gmac.enable & GMAC_INT_TU);
    (void)fake_notified(TX_VIRT);
    gmac.tx_budget = 100;
    gmac_send();
    gmac_interrupt();
    CHECK_EQUAL(fake_notified(TX_VIRT), 1);
    CHECK(returned(0) && returned(1) && !(gmac.enable & GMAC_INT_TU));
}

/* The longest chains fill the ring first; it goes on with the interrupts it asked for, and round the ring's end. */
static void test_waits_for_a_full_device(void)
{
    boot();
    gmac.tx_budget = 0;
    for (uint32_t i = 0; i < 200; i++) {
        put_frame(i, NET_CHAIN_MAX - 1);
    }
    kick();
    CHECK(!awaits_frames()); /* it does not ask to hear of more */
    for (uint32_t i = 0; i < 200; i++) {
        while (gmac.sent_count <= i) {
            gmac.tx_budget++;
            gmac_send();
            gmac_interrupt();
        }
    }
    gmac_interrupt();
    fake_wake(FAKE_BIT(TX_VIRT));
    for (uint32_t i = 0; i < 200; i++) {
        CHECK(returned(i));
        CHECK(gmac.pieces[i * (NET_CHAIN_MAX - 1)].buffer == 0x32000000 + i * 32);
    }
}

static void test_underrun(void)
{
    boot();
    gmac.tx_budget = 1;
    gmac.tx_flaws = TX_ERROR | TX_UNDERRUN;
    put_frame(1, 1);
    put_frame(2, 1);
    kick();
    uint32_t polls = gmac.tx_polls;
    gmac.tx_budget = 9;
    gmac.tx_flaws = 0;
    gmac.status |= GMAC_INT_UNF;
    gmac_interrupt();
    CHECK(gmac.tx_polls > polls); /* it has to be told to go on */
    CHECK(gmac.sent_count == 2);
    fake_wake(FAKE_BIT(TX_VIRT));
    CHECK(returned(1) && returned(2));
    CHECK_EQUAL(gmac.resets, 1);
    CHECK_EQUAL(net_driver_counts()->lost_underrun, 1);
}

static void fill_up_and_stop(uint32_t why)
{
    give_buffers(20);
    CHECK(gmac_arrive(64, GOOD) && gmac_arrive(64, GOOD));
    gmac.tx_budget = 1;
    for (uint32_t i = 0; i < 3; i++) {
        put_frame(i, 2);
    }
    kick();
    gmac.tx_budget = ~0u;
    gmac.status |= why;
    gmac_interrupt();
}

static void test_bus_error(void)
{
    boot();
    fill_up_and_stop(GMAC_INT_FBI);
    CHECK_EQUAL(gmac.resets, 2);
    CHECK(gmac.operation & GMAC_OPERATION_ST && gmac.address[0][1] == 0x80001100);
    CHECK(returned(0) && returned(1) && returned(2)); /* lost, but nobody waits for ever */
    CHECK(net_driver_counts()->resets == 1 && net_driver_counts()->lost_reset == 3);
    CHECK(received(0, 60) && received(1, 60));
    for (uint32_t i = 2; i < 20; i++) {
        CHECK(gmac_arrive(64, GOOD)); /* each buffer is there once */
    }
    CHECK(!gmac_arrive(64, GOOD));
    gmac_interrupt();
    for (uint32_t i = 2; i < 20; i++) {
        CHECK(received(i, 60));
    }
    put_frame(7, 2);
    kick();
    CHECK_EQUAL(gmac.sent_count, 1);
}

/* One that stops again and again does not get the CPU for itself. */
static void test_bus_errors_without_end(void)
{
    boot();
    gmac.status |= GMAC_INT_FBI;
    gmac_interrupt();
    CHECK_EQUAL(gmac.resets, 2);
    gmac.status |= GMAC_INT_TPS;
    gmac_interrupt();
    CHECK(gmac.resets == 2 && gmac.enable == 0);
    CHECK(net_dwmac_config.timer_page->deadline - gmac.now <= 1000000000);
    gmac_timer();
    CHECK(gmac.resets == 3 && gmac.enable != 0);
}

static void test_dma_that_stops_without_a_word(void)
{
    boot();
    gmac.tx_budget = 0;
    put_frame(1, 1);
    kick();
    gmac_timer();
    CHECK(gmac.resets == 1); /* it may have come a moment ago */
    gmac_timer();
    CHECK_EQUAL(gmac.resets, 2);
    CHECK(returned(1));
}

static void test_reset_that_does_not_end(void)
{
    prepare();
    gmac.reset_reads = ~0u;
    init();
    CHECK(strstr(fake_console(), "does not end"));
    CHECK(gmac.operation == 0);
    gmac.reset_reads = 1;
    gmac_timer();
    CHECK(gmac.operation & GMAC_OPERATION_ST);
    give_buffers(1);
    CHECK(gmac_arrive(64, GOOD));
}

int main(void)
{
    run_alone(test_starts);
    run_alone(test_too_few_filters);
    run_alone(test_speeds);
    run_alone(test_link_goes_and_comes);
    run_alone(test_phy_that_was_off_or_is_not_there);
    run_alone(test_no_phy);
    run_alone(test_mdio_that_hangs);
    run_alone(test_receives);
    run_alone(test_impossible_frames_go_back_to_the_device);
    run_alone(test_descriptor_that_is_still_being_closed);
    run_alone(test_out_of_order_status);
    run_alone(test_no_buffers);
    run_alone(test_virtualiser_that_does_not_take);
    run_alone(test_sends_chains);
    run_alone(test_wakes_whom_it_is_for);
    run_alone(test_checksums);
    run_alone(test_checksums_where_it_has_them);
    run_alone(test_interrupts_for_one_in_sixteen);
    run_alone(test_a_virtualiser_that_waits);
    run_alone(test_waits_for_a_full_device);
    run_alone(test_underrun);
    run_alone(test_bus_error);
    run_alone(test_bus_errors_without_end);
    run_alone(test_dma_that_stops_without_a_word);
    run_alone(test_reset_that_does_not_end);
    return 0;
}
