/* tests/unit/serial_driver_ns16550.c: the 16550 driver over a model of the device, whose FIFOs fill and drain as told.
 * */
#include "tests/unit/serial_driver_rig.h"

#define DEVICE_FIFO 16

static struct {
    uint32_t enabled, tx_level, rx_first, rx_level, lost;
    bool overrun;
    struct {
        uint8_t byte, flaws;
    } rx[DEVICE_FIFO];
    char sent[4096];
    size_t sent_length;
    bool configured;
} device;

#include "serial/driver_ns16550.c"

static uint32_t device_read(uint32_t offset)
{
    uint32_t value = 0, top = device.rx_first % DEVICE_FIFO;

    switch (offset) {
    case LSR:
        value = (device.tx_level ? 0 : LSR_THRE) | (device.overrun ? LSR_OVERRUN : 0u);
        if (device.rx_level) {
            value |= LSR_DATA | device.rx[top].flaws;
            device.rx[top].flaws = 0;
        }
        device.overrun = false;
        return value;
    case RBR:
        CHECK(device.rx_level);
        device.rx_first++;
        device.rx_level--;
        return device.rx[top].byte;
    case IIR: return 1;
    default: CHECK(!"a register that the driver need not read"); return 0;
    }
}

static void device_write(uint32_t offset, uint32_t value)
{
    switch (offset) {
    case THR:
        CHECK(device.configured && device.tx_level < DEVICE_FIFO - 1); /* one place is the kernel's */
        device.tx_level++;
        device.sent[device.sent_length++] = (char)value;
        break;
    case IER: device.enabled = value; break;
    case LCR: CHECK_EQUAL(value, 3); break;
    case FCR:
        CHECK((value & FCR_ENABLE) && !device.enabled);
        device.configured = true;
        break;
    default: CHECK(!"a register that the driver need not write");
    }
}

/* The level of the interrupt line, delivered until it is down. */
static void deliver(void)
{
    for (unsigned rounds = 0;
         ((device.enabled & IER_RX) && device.rx_level) || ((device.enabled & IER_TX) && !device.tx_level); rounds++) {
        CHECK(rounds < 10);
        fake_wake(FAKE_BIT(IRQ));
        CHECK(fake_acked(IRQ) >= 1);
    }
}

static void device_drain(void)
{
    device.tx_level = 0;
    deliver();
}

static void type(const char *text, uint8_t flaws)
{
    for (; *text; text++) {
        if (device.rx_level == DEVICE_FIFO) {
            device.overrun = true;
            device.lost++;
            continue;
        }
        uint32_t at = (device.rx_first + device.rx_level++) % DEVICE_FIFO;
        device.rx[at].byte = (uint8_t)*text;
        device.rx[at].flaws = flaws;
    }
}

static void test_transmit(void)
{
    char text[1000];

    fill(text, sizeof(text), 'a');
    say("hello", 5);
    CHECK(device.sent_length == 5 && !(device.enabled & IER_TX)); /* nothing more to say */
    say(text, sizeof(text));
    while (device.sent_length < 1005) {
        size_t before = device.sent_length;
        device_drain();
        CHECK(device.sent_length > before);
    }
    CHECK(memcmp(device.sent + 5, text, 1000) == 0);
    device_drain();
    CHECK(!(device.enabled & IER_TX));
}

static void test_receive(void)
{
    char text[1000];

    CHECK(read_all(text) == 0);
    fake_notified(RX_VIRT);
    type("abc", 0);
    deliver();
    CHECK_EQUAL(fake_notified(RX_VIRT), 1);
    CHECK(read_all(text) == 3 && strcmp(text, "abc") == 0);
    type("x", 1 << 3); /* a framing error */
    type("y", 0);
    say("!", 1); /* whose look at the status takes the error bits away */
    deliver();
    CHECK(read_all(text) == 1 && text[0] == 'y');
    CHECK_EQUAL(self.errors, 1);
}

/* Nobody reads: the ring fills, then the FIFO, then the device overruns; what was kept comes in order afterwards. */
static void test_receive_back_pressure(void)
{
    char text[1000], one[2] = "";

    for (size_t i = 0; i < RX_CAPACITY + DEVICE_FIFO; i++) {
        one[0] = (char)('A' + i % 26);
        type(one, 0);
        deliver();
    }
    CHECK(!(device.enabled & IER_RX));
    type("lost", 0);
    CHECK_EQUAL(device.lost, 4);
    CHECK(read_all(text) == RX_CAPACITY + DEVICE_FIFO);
    for (size_t i = 0; i < RX_CAPACITY + DEVICE_FIFO; i++) {
        CHECK(text[i] == (char)('A' + i % 26));
    }
    CHECK_EQUAL(self.overruns, 1);
    CHECK(device.enabled & IER_RX);
    type("again", 0);
    deliver();
    CHECK(read_all(text) == 5);
}

int main(void)
{
    fake_reset();
    init();
    attach_ends();
    test_transmit();
    test_receive();
    test_receive_back_pressure();
    CHECK_EQUAL(fake_lost_deferred(), 0);
    return 0;
}
