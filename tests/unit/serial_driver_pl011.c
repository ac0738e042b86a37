/* tests/unit/serial_driver_pl011.c: the driver with the PL011 over a model of the device (DDI 0183), whose FIFOs fill
 * and drain as told. */
#include "tests/unit/serial_driver_rig.h"

#define DEVICE_FIFO 16

static struct {
    uint32_t line, looks, tx_level, rx_first, rx_level, mask, raised, overrun;
    uint32_t rx[DEVICE_FIFO];
    char sent[4096];
    size_t sent_length;
    bool enabled;
} device;

#include "serial/driver_pl011.c"

static uint32_t device_read(uint32_t offset)
{
    uint32_t value;

    switch (offset) {
    case FR:
        device.looks++;
        return (device.rx_level ? 0 : FR_RXFE) | (device.tx_level == DEVICE_FIFO ? FR_TXFF : 0u) |
               (device.tx_level ? 0 : FR_TXFE);
    case LCRH: return device.line;
    case MIS: return device.raised & device.mask;
    case DR:
        CHECK(device.rx_level);
        value = device.rx[device.rx_first % DEVICE_FIFO];
        device.rx_first++;
        device.rx_level--;
        return value;
    default: CHECK(!"a register that the driver need not read"); return 0;
    }
}

static void device_write(uint32_t offset, uint32_t value)
{
    switch (offset) {
    case DR:
        CHECK(device.tx_level < DEVICE_FIFO);
        device.tx_level++;
        device.sent[device.sent_length++] = (char)value;
        break;
    case ICR: device.raised &= ~value; break;
    case IMSC: device.mask = value; break;
    case CR: device.enabled = value & CR_UARTEN; break;
    case LCRH:
        CHECK(!device.enabled && value & LCRH_FEN);
        device.line = value;
        break;
    case IFLS: break;
    default: CHECK(!"a register that the driver need not write");
    }
}

/* The level of the interrupt line, delivered until it is down. */
static void deliver(void)
{
    for (unsigned rounds = 0; device.raised & device.mask; rounds++) {
        CHECK(rounds < 10);
        fake_wake(FAKE_BIT(IRQ));
        CHECK(fake_acked(IRQ) >= 1);
    }
}

/* The line takes bytes; passing the mark downwards raises the interrupt. */
static void transmit_bytes(uint32_t count)
{
    while (count-- && device.tx_level) {
        if (--device.tx_level == DEVICE_FIFO / 8) {
            device.raised |= INT_TX;
            deliver();
        }
    }
}

static void device_drain(void)
{
    transmit_bytes(DEVICE_FIFO);
}

static void type(const char *text, uint32_t flags)
{
    for (; *text; text++) {
        if (device.rx_level == DEVICE_FIFO) {
            device.overrun++;
            device.rx[(device.rx_first + device.rx_level - 1) % DEVICE_FIFO] |= DR_OVERRUN;
            continue;
        }
        device.rx[(device.rx_first + device.rx_level++) % DEVICE_FIFO] = (uint8_t)*text | flags;
        if (device.rx_level == DEVICE_FIFO / 2) {
            device.raised |= INT_RX;
            deliver();
        }
    }
    if (device.rx_level) {
        device.raised |= INT_RX_TIMEOUT;
        deliver();
    }
}

static void test_transmit(void)
{
    char text[1000];

    fill(text, sizeof(text), 'a');
    say("hello", 5);
    CHECK(device.sent_length == 5 && device.mask & (INT_RX | INT_RX_TIMEOUT) && !(device.mask & INT_TX));
    transmit_bytes(100);
    say(text, 999);
    for (unsigned i = 0; i < 1000; i++) {
        transmit_bytes(1);
    }
    CHECK_EQUAL(device.sent_length, 1004);
    CHECK(memcmp(device.sent + 5, text, 999) == 0);
    CHECK(!(device.mask & INT_TX)); /* nothing to wait for */
    CHECK_EQUAL(device.tx_level, 0);
}

/* The flags are looked at once for what came in, and once for as much as the FIFO holds. */
static void test_looks(void)
{
    uint32_t before = device.looks;

    say("sixteen letters.", DEVICE_FIFO);
    CHECK_EQUAL(device.looks - before, 2);
    device_drain();
}

/* The kernel speaks, too: room that was seen in an event is no room in the next. */
static void test_somebody_else_sends(void)
{
    size_t before = device.sent_length;

    say("x", 1);
    device.tx_level = DEVICE_FIFO;
    say("yz", 2);
    CHECK_EQUAL(device.sent_length, before + 1);
    device_drain();
    CHECK_EQUAL(device.sent_length, before + 3);
    device_drain();
}

static void test_receive(void)
{
    char text[1000];

    CHECK(read_all(text) == 0);
    fake_notified(RX_VIRT);
    type("abc", 0);
    CHECK_EQUAL(fake_notified(RX_VIRT), 1);
    CHECK(read_all(text) == 3 && strcmp(text, "abc") == 0);
    type("x", 0x100); /* a framing error */
    CHECK(read_all(text) == 0);
    CHECK_EQUAL(self.errors, 1);
}

/* Nobody reads: the ring fills, then the FIFO, then the device overruns; what was kept comes in order afterwards. */
static void test_receive_back_pressure(void)
{
    char text[1000], want[RX_CAPACITY + DEVICE_FIFO + 1];

    fill(want, sizeof(want) - 1, 'A');
    want[sizeof(want) - 1] = '\0';
    type(want, 0);
    CHECK(!(device.mask & (INT_RX | INT_RX_TIMEOUT)));
    CHECK_EQUAL(device.overrun, 0);
    type("lost", 0);
    CHECK_EQUAL(device.overrun, 4);
    CHECK(read_all(text) == sizeof(want) - 1);
    CHECK(memcmp(text, want, RX_CAPACITY + DEVICE_FIFO) == 0);
    CHECK_EQUAL(self.overruns, 1);
    CHECK(device.mask & INT_RX);
    type("again", 0);
    CHECK(read_all(text) == 5);
}

/* It dies with bytes on their way to the FIFO, and before the interrupt was acknowledged. */
static void test_restart(void)
{
    char text[200];

    device.sent_length = 0;
    fill(text, sizeof(text), 'k');
    say(text, 200);
    fake_acked(IRQ);
    fake_set_generation(2);
    init();
    fake_set_generation(1);
    CHECK(fake_acked(IRQ) >= 1);
    for (unsigned i = 0; i < 300; i++) {
        transmit_bytes(1);
    }
    CHECK_EQUAL(device.sent_length, 200);
    CHECK(memcmp(device.sent, text, 200) == 0);
    type("here", 0);
    CHECK(read_all(text) == 4);
}

int main(void)
{
    fake_reset();
    device.enabled = true; /* as the kernel left it */
    init();
    attach_ends();
    CHECK(device.enabled);
    test_transmit();
    test_looks();
    test_somebody_else_sends();
    test_receive();
    test_receive_back_pressure();
    test_restart();
    CHECK_EQUAL(fake_lost_deferred(), 0);
    return 0;
}
