/* tests/unit/serial_driver_meson.c: the driver with Amlogic's UART over a model of the device, whose interrupt the
 * controller takes as an edge: of a line that is up while a cause lasts, or of a pulse as one arises. Bytes also come
 * in the middle of the driver's work.
 */
#include "tests/unit/serial_driver_rig.h"

#define DEVICE_FIFO 64
#define FIRMWARE_CONTROL (0x7u | 1u << 19 | 1u << 27) /* something of the baud rate, parity, an interrupt left on */

static struct {
    bool pulses;        /* the kind of line */
    bool line, pending; /* the line; an edge that the controller has kept */
    uint32_t control, marks, flaws;
    uint32_t tx_level, rx_first, rx_level, lost;
    uint8_t rx[DEVICE_FIFO];
    char sent[8192];
    size_t sent_length;
    const char *meanwhile; /* comes at the write of a byte */
} device;

#include "serial/driver_meson.c"

static void follow_line(void)
{
    bool up = !device.pulses && (((device.control & CONTROL_RX_INT) && device.rx_level >= (device.marks & 0xff)) ||
                                 ((device.control & CONTROL_TX_INT) && device.tx_level < device.marks >> 8));

    if (up && !device.line) {
        device.pending = true;
    }
    device.line = up;
}

static void pulse(bool cause)
{
    if (device.pulses && cause) {
        device.pending = true;
    }
}

static void receive_byte(uint8_t byte, uint32_t flaws)
{
    device.flaws |= flaws;
    if (device.rx_level == DEVICE_FIFO) {
        device.flaws |= STATUS_OVERRUN;
        device.lost++;
    } else {
        device.rx[(device.rx_first + device.rx_level++) % DEVICE_FIFO] = byte;
        pulse(device.control & CONTROL_RX_INT && device.rx_level >= (device.marks & 0xff));
    }
    follow_line();
}

static uint32_t device_read(uint32_t offset)
{
    uint8_t byte;

    switch (offset) {
    case CONTROL: return device.control;
    case STATUS:
        return device.flaws | device.rx_level | device.tx_level << 8 | (device.rx_level ? 0 : STATUS_RX_EMPTY) |
               (device.tx_level == DEVICE_FIFO ? STATUS_TX_FULL : 0u);
    case RFIFO:
        CHECK(device.rx_level);
        byte = device.rx[device.rx_first++ % DEVICE_FIFO];
        device.rx_level--;
        follow_line();
        return byte;
    default: CHECK(!"a register that the driver need not read"); return 0;
    }
}

static void put(uint8_t byte)
{
    CHECK(device.tx_level < DEVICE_FIFO && device.control & CONTROL_TX_ENABLE);
    device.tx_level++;
    device.sent[device.sent_length++] = (char)byte;
    for (; device.meanwhile && *device.meanwhile; device.meanwhile++) {
        receive_byte((uint8_t)*device.meanwhile, 0);
    }
}

static void device_write(uint32_t offset, uint32_t value)
{
    switch (offset) {
    case WFIFO: put((uint8_t)value); break;
    case CONTROL:
        CHECK_EQUAL(value & 0xfff, FIRMWARE_CONTROL & 0xfff); /* the firmware's baud rate */
        CHECK(!(value & (1u << 22 | 1u << 23)));              /* no reset: the loader's last words are in the FIFO */
        device.control = value;
        if (value & CONTROL_CLEAR_ERRORS) {
            device.flaws = 0;
        }
        break;
    case MISC: device.marks = value; break;
    default: CHECK(!"a register that the driver need not write");
    }
    follow_line();
}

/* Edges, until there are none; true: there was one. */
static bool deliver(void)
{
    unsigned rounds = 0;

    for (; device.pending; rounds++) {
        CHECK(rounds < 10);
        device.pending = false;
        fake_wake(FAKE_BIT(IRQ));
        CHECK(fake_acked(IRQ) >= 1);
    }
    return rounds > 0;
}

static void drain(uint32_t bytes)
{
    for (; bytes && device.tx_level; bytes--) {
        device.tx_level--;
        pulse(device.control & CONTROL_TX_INT && device.tx_level + 1 == device.marks >> 8);
        follow_line();
    }
    deliver();
}

static void device_drain(void)
{
    drain(DEVICE_FIFO);
}

static void type(const char *text, uint32_t flaws)
{
    for (; *text; text++) {
        receive_byte((uint8_t)*text, flaws);
    }
}

static void test_transmit(void)
{
    char text[1000];

    fill(text, sizeof(text), 'a');
    say("hello", 5);
    CHECK(device.sent_length == 5 && !(device.control & CONTROL_TX_INT)); /* nothing more to say */
    say(text, sizeof(text));
    while (device.sent_length < 1005) {
        size_t before = device.sent_length;
        drain(DEVICE_FIFO / 2 + 1); /* past the mark, not dry */
        CHECK(device.sent_length > before);
    }
    CHECK(memcmp(device.sent + 5, text, 1000) == 0);
    drain(DEVICE_FIFO);
    CHECK(!(device.control & CONTROL_TX_INT));
}

static void test_receive(void)
{
    char text[1000];
    uint32_t errors = self.errors;

    CHECK(read_all(text) == 0);
    fake_notified(RX_VIRT);
    type("abc", 0);
    CHECK(deliver());
    CHECK_EQUAL(fake_notified(RX_VIRT), 1);
    CHECK(read_all(text) == 3 && strcmp(text, "abc") == 0);
    type("p", 1u << 16);
    deliver();
    type("f", 1u << 17);
    deliver();
    type("y", 0);
    CHECK(deliver());
    CHECK(read_all(text) == 1 && text[0] == 'y');
    CHECK_EQUAL(self.errors, errors + 2);
    type("a", 0); /* which of them is the damaged one? Neither is believed */
    type("b", 1u << 17);
    CHECK(deliver());
    type("c", 0);
    CHECK(deliver());
    CHECK(read_all(text) == 1 && text[0] == 'c');
}

/* A byte comes after the receive FIFO was seen empty, while the transmit cause still holds the line up. */
static void test_meanwhile(void)
{
    char text[1000], long_text[500];

    memset(long_text, '.', sizeof(long_text));
    say(long_text, 300);
    CHECK(device.control & CONTROL_TX_INT);
    device.meanwhile = "now";
    drain(DEVICE_FIFO);
    CHECK(read_all(text) == 3 && strcmp(text, "now") == 0);
    while (device.tx_level) {
        drain(DEVICE_FIFO);
    }
    CHECK(!(device.control & CONTROL_TX_INT));
    type("later", 0);
    CHECK(deliver());
    CHECK(read_all(text) == 5);
}

/* Nobody reads: the ring fills, then the FIFO, then the device overruns; what was kept comes in order afterwards. */
static void test_receive_back_pressure(void)
{
    char text[1000], one[2] = "";
    uint32_t overruns = self.overruns, lost = device.lost;

    for (size_t i = 0; i < RX_CAPACITY + DEVICE_FIFO; i++) {
        one[0] = (char)('A' + i % 26);
        type(one, 0);
        deliver();
    }
    CHECK(!(device.control & CONTROL_RX_INT));
    type("lost", 0);
    CHECK_EQUAL(device.lost, lost + 4);
    CHECK(read_all(text) == RX_CAPACITY + DEVICE_FIFO);
    for (size_t i = 0; i < RX_CAPACITY + DEVICE_FIFO; i++) {
        CHECK(text[i] == (char)('A' + i % 26));
    }
    CHECK_EQUAL(self.overruns, overruns + 1);
    CHECK(device.control & CONTROL_RX_INT);
    type("again", 0);
    CHECK(deliver());
    CHECK(read_all(text) == 5);
}

int main(void)
{
    fake_reset();
    device.control = FIRMWARE_CONTROL;
    device.tx_level = 3; /* the loader's last words */
    init();
    CHECK((device.control & (3u << 18)) == 0 && device.tx_level == 3 && device.control & CONTROL_TWO_WIRES);
    drain(3);
    attach_ends();
    for (unsigned kind = 0; kind < 2; kind++) {
        device.pulses = kind;
        device.sent_length = 0;
        follow_line();
        device.pending = false;
        test_transmit();
        test_receive();
        test_meanwhile();
        test_receive_back_pressure();
    }
    CHECK_EQUAL(fake_lost_deferred(), 0);
    return 0;
}
