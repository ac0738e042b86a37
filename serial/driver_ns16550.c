/* serial/driver_ns16550.c: a 16550 UART (National PC16550D data sheet) with a register each 4 bytes: bytes out, bytes in.
 *   consumes  tx   bytes to send                 from virt_tx, trusted for liveness only
 *   produces  rx   bytes received                to virt_rx, trusted for liveness only
 *   device    trusted to be a UART; a byte received with an error is counted and dropped
 *   invariant when notified() returns: tx is empty and armed, or the transmit interrupt is on and comes when the FIFO is empty;
 *             the receive FIFO is empty, or rx is full and armed and the receive interrupt is off
 *   when full rx: bytes stay in the FIFO, whose overruns the device reports and we count
 *
 * The device does not tell how full its transmit FIFO is, only that it is empty (LSR.THRE): so it is filled then, with
 * one byte less than it holds, since the kernel may put one of its own in between (sdk/kernel/uart_ns16550.c).
 */
#include "lib/pd.h"
#include "serial/config.h"
#include "serial/registers.h"

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
    struct ring tx, rx;
    uint32_t interrupts; /* that are on */
    uint32_t flaws;      /* error bits of the byte that is received next */
    uint32_t overruns, errors;
} self;

static void set_interrupts(uint32_t interrupts)
{
    if (interrupts != self.interrupts) {
        self.interrupts = interrupts;
        device_write(IER, interrupts);
    }
}

/* A read of LSR clears its error bits, which belong to the byte that is read next, whoever asked. */
static uint32_t read_status(void)
{
    uint32_t status = device_read(LSR);

    self.flaws |= status & (LSR_OVERRUN | LSR_ERROR_MASK);
    return status;
}

/* An empty FIFO is filled. False: there was nothing to send. */
static bool fill(void)
{
    uint8_t bytes[FIFO_BYTES];
    uint32_t count = ring_get_many(&self.tx, bytes, sizeof(bytes));

    for (uint32_t i = 0; i < count; i++) {
        device_write(THR, bytes[i]);
    }
    return count > 0;
}

static void transmit(void)
{
    do {
        while (read_status() & LSR_THRE) {
            if (!fill()) {
                break;
            }
        }
        if (ring_count(&self.tx)) {
            set_interrupts(self.interrupts | IER_TX);
            break;
        }
        set_interrupts(self.interrupts & ~(uint32_t)IER_TX);
    } while (!ring_arm_consumer(&self.tx));
    if (ring_count(&self.tx) <= self.tx.mask / 2 && ring_wake_producer(&self.tx)) {
        pd_notify_later(serial_driver_config.tx_virt);
    }
}

/* One byte of the FIFO into the ring, which has room. */
static void receive_one(void)
{
    uint8_t byte = (uint8_t)device_read(RBR);
    uint32_t flaws = self.flaws;

    self.flaws = 0;
    if (flaws & LSR_OVERRUN) {
        self.overruns++;
    }
    if (flaws & LSR_ERROR_MASK) {
        self.errors++;
        return;
    }
    ring_put(&self.rx, &byte);
}

static void receive(void)
{
    do {
        for (uint32_t room = ring_room(&self.rx); room; room--) {
            if (!(read_status() & LSR_DATA)) {
                set_interrupts(self.interrupts | IER_RX);
                return;
            }
            receive_one();
        }
    } while (!ring_arm_producer(&self.rx));
    set_interrupts(self.interrupts & ~(uint32_t)IER_RX);
}

/* Both causes are levels that end with their reason; the read of IIR is for models that want it for the transmit interrupt. */
static void interrupt(void)
{
    (void)device_read(IIR);
    receive();
    transmit();
    microkit_irq_ack(serial_driver_config.irq);
}

void init(void)
{
    ring_attach_consumer(&self.tx, &serial_driver_config.tx, 1);
    ring_attach_producer(&self.rx, &serial_driver_config.rx, 1);
    device_write(IER, 0);
    device_write(LCR, LCR_8_BITS); /* the baud rate is what the firmware set */
    device_write(FCR, FCR_ENABLE | FCR_RX_TRIGGER_8);
    if (ring_wake_producer(&self.tx)) { /* after a restart it may wait */
        pd_notify_later(serial_driver_config.tx_virt);
    }
    receive();
    transmit();
    if (ring_wake_consumer(&self.rx)) {
        pd_notify_later(serial_driver_config.rx_virt);
    }
    pd_flush();
}

static void follow_restarts(void)
{
    if (ring_peer_restarted(&self.tx)) {
        ring_reset(&self.tx);
    }
    if (ring_peer_restarted(&self.rx)) {
        ring_reset(&self.rx);
    }
}

void notified(microkit_channel channel)
{
    follow_restarts();
    if (channel == serial_driver_config.irq) {
        interrupt();
    } else if (channel == serial_driver_config.tx_virt) {
        transmit();
    } else if (channel == serial_driver_config.rx_virt) {
        receive();
    }
    if (ring_wake_consumer(&self.rx)) {
        pd_notify_later(serial_driver_config.rx_virt);
    }
    pd_flush_deferred();
}
