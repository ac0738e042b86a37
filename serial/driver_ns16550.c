/* serial/driver_ns16550.c: a 16550 UART (National PC16550D data sheet) with a register each 4 bytes,
 * for serial/driver.c.
 *
 * The device does not tell how full its transmit FIFO is, only that it is empty (LSR.THRE): from then on it takes
 * FIFO_BYTES, one less than it holds, since the kernel may put one of its own in between (sdk/kernel/uart_ns16550.c).
 */
#include "serial/registers.h"
#include "serial/uart.h"

/* Registers: data sheet, table 2; each 4 bytes apart. */
enum {
    RBR = 0x00, /* read */
    THR = 0x00, /* write */
    IER = 0x04,
    IIR = 0x08, /* read */
    FCR = 0x08, /* write */
    LCR = 0x0c,
    LSR = 0x14,
};

enum {
    IER_RX = 1 << 0, /* data, or a few bytes and silence */
    IER_TX = 1 << 1, /* the transmit FIFO is empty */
    FCR_ENABLE = 1 << 0,
    FCR_RX_TRIGGER_8 = 2 << 6,
    LCR_8_BITS = 3,
    LSR_DATA = 1 << 0,
    LSR_OVERRUN = 1 << 1,
    LSR_ERROR_MASK = 7 << 2, /* parity, framing, break: this byte is not what was sent */
    LSR_THRE = 1 << 5,
};

#define FIFO_BYTES 15 /* of 16 */

static struct {
    uint32_t room;  /* bytes that the transmit FIFO takes for certain */
    uint32_t flaws; /* error bits of the byte that is received next */
    uint32_t overruns, errors;
} self;

/* A read of LSR clears its error bits, which belong to the byte that is read next, whoever asked. */
static uint32_t read_status(void)
{
    uint32_t status = device_read(LSR);

    self.flaws |= status & (LSR_OVERRUN | LSR_ERROR_MASK);
    return status;
}

void uart_init(void)
{
    device_write(IER, 0);
    device_write(LCR, LCR_8_BITS);
    device_write(FCR, FCR_ENABLE | FCR_RX_TRIGGER_8);
}

bool uart_send(uint8_t byte)
{
    if (self.room == 0) {
        if (!(read_status() & LSR_THRE)) {
            return false;
        }
        self.room = FIFO_BYTES;
    }
    self.room--;
    device_write(THR, byte);
    return true;
}

/* The byte that lies in the FIFO's front; false: it is damaged. */
static bool take(uint8_t *byte)
{
    uint32_t flaws = self.flaws;

    *byte = (uint8_t)device_read(RBR);
    self.flaws = 0;
    if (flaws & LSR_OVERRUN) {
        self.overruns++;
    }
    if (flaws & LSR_ERROR_MASK) {
        self.errors++;
        return false;
    }
    return true;
}

bool uart_receive(uint8_t *byte)
{
    while (read_status() & LSR_DATA) {
        if (take(byte)) {
            return true;
        }
    }
    return false;
}

void uart_set_interrupts(bool transmit, bool receive)
{
    device_write(IER, (transmit ? IER_TX : 0u) | (receive ? IER_RX : 0u));
}

/* Both causes are levels that end with their reason;
 * the read of IIR is for models that want it for the transmit one. */
void uart_clear_interrupts(void)
{
    (void)device_read(IIR);
}
