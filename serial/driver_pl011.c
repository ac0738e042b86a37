/* serial/driver_pl011.c: Arm PrimeCell UART PL011 (Technical Reference Manual, DDI 0183), for serial/driver.c.
 *
 * The transmit interrupt comes when the FIFO passes its mark downwards (3.4.2), so it is switched on only after the
 * FIFO was filled to the brim.
 *   trusts    the device to be a UART
 *   when full uart_send() says so, and driver.c waits for the interrupt
 */
#include "serial/registers.h"
#include "serial/uart.h"

/* Registers: DDI 0183, 3.2. */
enum {
    DR = 0x00,
    FR = 0x18,
    LCRH = 0x2c,
    CR = 0x30,
    IFLS = 0x34,
    IMSC = 0x38,
    MIS = 0x40,
    ICR = 0x44,
};

enum {
    DR_ERROR_MASK = 0x700, /* framing, parity, break: this byte is not what was sent */
    DR_OVERRUN = 1 << 11,  /* this byte is right, later ones were lost */
    FR_RXFE = 1 << 4,
    FR_TXFF = 1 << 5,
    FR_TXFE = 1 << 7,
    LCRH_FEN = 1 << 4,
    LCRH_8_BITS = 3 << 5,
    CR_UARTEN = 1 << 0,
    CR_TXE = 1 << 8,
    CR_RXE = 1 << 9,
    IFLS_TX_1_8 = 0 << 0,
    IFLS_RX_1_2 = 2 << 3,
    INT_RX = 1 << 4,
    INT_TX = 1 << 5,
    INT_RX_TIMEOUT = 1 << 6, /* fewer bytes than the mark, and silence: so no byte waits for its followers */
    INT_ALL = 0x7ff,
};

#define FIFO_DEPTH 16 /* of r1p4 and before; 32 since */

static struct {
    uint32_t tx_room; /* that it was seen to have: what is not used at once the kernel's own words may have filled */
    uint32_t overruns, errors;
} self;

/* LCRH may change only while the UART is off (3.3.8). */
void uart_init(void)
{
    device_write(IMSC, 0);
    device_write(ICR, INT_ALL);
    if (device_read(LCRH) != (LCRH_8_BITS | LCRH_FEN)) {
        device_write(CR, 0);
        device_write(LCRH, LCRH_8_BITS | LCRH_FEN);
    }
    device_write(IFLS, IFLS_TX_1_8 | IFLS_RX_1_2);
    device_write(CR, CR_UARTEN | CR_TXE | CR_RXE);
}

/* One look at the flags for as many bytes as there is room for, since a device's register takes long to read. */
bool uart_send(uint8_t byte)
{
    if (self.tx_room == 0) {
        uint32_t flags = device_read(FR);
        if (flags & FR_TXFF) {
            return false;
        }
        self.tx_room = flags & FR_TXFE ? FIFO_DEPTH : 1;
    }
    self.tx_room--;
    device_write(DR, byte);
    return true;
}

bool uart_receive(uint8_t *byte)
{
    while (!(device_read(FR) & FR_RXFE)) {
        uint32_t data = device_read(DR);
        if (data & DR_OVERRUN) {
            self.overruns++;
        }
        if (!(data & DR_ERROR_MASK)) {
            *byte = (uint8_t)data;
            return true;
        }
        self.errors++;
    }
    return false;
}

void uart_set_interrupts(bool transmit, bool receive)
{
    self.tx_room = 0;
    device_write(IMSC, (transmit ? INT_TX : 0u) | (receive ? INT_RX | INT_RX_TIMEOUT : 0u));
}

void uart_clear_interrupts(void)
{
    device_write(ICR, device_read(MIS));
}
