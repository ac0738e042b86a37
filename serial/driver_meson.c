/* serial/driver_meson.c: Amlogic's UART, for serial/driver.c.
 *
 * Registers and bits: Linux, drivers/tty/serial/meson_uart.c; sDDF, drivers/serial/meson/include/uart.h, which names
 * the S905X3 Data Sheet, Revision 02, 13.5.4, as its source. The overrun of the receive FIFO, and that CLEAR_ERRORS
 * does not end by itself: Amlogic's own kernel, drivers/amlogic/uart/meson_uart.c. The data sheet itself was not at
 * hand.
 *
 * The interrupt is an edge at the controller, and it is not documented whether the device holds its line up while a
 * cause lasts or sends a pulse as it arises. Both work: at an interrupt the line is taken down and let go before the
 * FIFOs are looked at, so that a cause that is there, or comes, makes an edge of its own; the price is one more
 * interrupt that finds nothing.
 *
 * Errors are told of the FIFO, not of a byte: all that lies in it then is skipped.
 */
#include "serial/registers.h"
#include "serial/uart.h"

enum {
    WFIFO = 0x00,
    RFIFO = 0x04,
    CONTROL = 0x08,
    STATUS = 0x0c,
    MISC = 0x10, /* the FIFOs' marks for interrupts */
};

#define CONTROL_TX_ENABLE (1u << 12)
#define CONTROL_RX_ENABLE (1u << 13)
#define CONTROL_TWO_WIRES (1u << 15)      /* no RTS and CTS, which are not on the board's header */
#define CONTROL_FORMAT_MASK (0x3fu << 16) /* stop bits, parity, length; 0: one, none, 8 bits */
#define CONTROL_CLEAR_ERRORS (1u << 24)
#define CONTROL_RX_INT (1u << 27)
#define CONTROL_TX_INT (1u << 28)
#define CONTROL_INTERRUPTS (CONTROL_RX_INT | CONTROL_TX_INT)

#define STATUS_RX_COUNT(status) ((status)&0x7f)
#define STATUS_ERROR_MASK (3u << 16) /* parity, framing */
#define STATUS_RX_EMPTY (1u << 20)
#define STATUS_TX_FULL (1u << 21)
#define STATUS_OVERRUN (1u << 24) /* bytes came while the receive FIFO was full */

/* Interrupts: for each byte received, and when less than half of the 64 bytes are left to send. */
#define MISC_MARKS (1 | 32 << 8)

static struct {
    uint32_t control; /* without the bits that act once */
    uint32_t overruns, errors;
} self;

/* What lies in the transmit FIFO, words of the loader's or the kernel's, stays. */
void uart_init(void)
{
    uint32_t firmware = device_read(CONTROL);

    self.control = firmware & ~(CONTROL_INTERRUPTS | CONTROL_FORMAT_MASK | CONTROL_CLEAR_ERRORS);
    self.control |= CONTROL_TX_ENABLE | CONTROL_RX_ENABLE | CONTROL_TWO_WIRES;
    device_write(CONTROL, self.control | CONTROL_CLEAR_ERRORS);
    device_write(CONTROL, self.control);
    device_write(MISC, MISC_MARKS);
}

bool uart_send(uint8_t byte)
{
    if (device_read(STATUS) & STATUS_TX_FULL) {
        return false;
    }
    device_write(WFIFO, byte);
    return true;
}

static void skip_damaged(void)
{
    self.errors++;
    for (uint32_t left = STATUS_RX_COUNT(device_read(STATUS)); left; left--) {
        (void)device_read(RFIFO);
    }
}

/* Cleared first: a byte damaged after that is told again. */
static void note_flaws(uint32_t status)
{
    device_write(CONTROL, self.control | CONTROL_CLEAR_ERRORS);
    device_write(CONTROL, self.control);
    if (status & STATUS_OVERRUN) {
        self.overruns++;
    }
    if (status & STATUS_ERROR_MASK) {
        skip_damaged();
    }
}

bool uart_receive(uint8_t *byte)
{
    uint32_t status = device_read(STATUS);

    if (status & (STATUS_OVERRUN | STATUS_ERROR_MASK)) {
        note_flaws(status);
        status = device_read(STATUS);
    }
    if (status & STATUS_RX_EMPTY) {
        return false;
    }
    *byte = (uint8_t)device_read(RFIFO);
    return true;
}

void uart_set_interrupts(bool transmit, bool receive)
{
    self.control &= ~CONTROL_INTERRUPTS;
    self.control |= (transmit ? CONTROL_TX_INT : 0u) | (receive ? CONTROL_RX_INT : 0u);
    device_write(CONTROL, self.control);
}

void uart_clear_interrupts(void)
{
    device_write(CONTROL, self.control & ~CONTROL_INTERRUPTS);
    device_write(CONTROL, self.control);
}
