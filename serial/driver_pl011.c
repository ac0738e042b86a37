/* serial/driver_pl011.c: Arm PrimeCell UART PL011 (Technical Reference Manual, DDI 0183): bytes out, bytes in.
 *   consumes  tx   bytes to send                 from virt_tx, trusted for liveness only
 *   produces  rx   bytes received                to virt_rx, trusted for liveness only
 *   device    trusted to be a UART; a byte received with an error is counted and dropped
 *   invariant when notified() returns: tx is empty and armed, or the transmit interrupt is on and its FIFO has no room;
 *             the receive FIFO is empty, or rx is full and armed and the receive interrupt is off
 *   when full rx: bytes stay in the FIFO, whose overruns the device reports and we count
 *
 * The transmit interrupt comes when the FIFO passes its mark downwards (3.4.2), so it is switched on only after the
 * FIFO was filled to the brim. virt_tx is woken when its ring is half empty, not for every byte.
 */
#include "lib/pd.h"
#include "serial/config.h"
#include "serial/registers.h"

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

#define FIFO_BYTES 32

static struct {
    struct ring tx, rx;
    uint32_t mask;      /* interrupts that are on */
    uint8_t left[FIFO_BYTES]; /* taken from tx, not yet in the FIFO */
    uint32_t left_first, left_end;
    uint32_t overruns, errors;
} self;

static void set_mask(uint32_t mask)
{
    if (mask != self.mask) {
        self.mask = mask;
        device_write(IMSC, mask);
    }
}

/* Into the FIFO while it has room; false: it has none. */
static bool send_left(void)
{
    while (self.left_first < self.left_end) {
        if (device_read(FR) & FR_TXFF) {
            return false;
        }
        device_write(DR, self.left[self.left_first++]);
    }
    return true;
}

static void owe_tx_virt(void)
{
    if (ring_count(&self.tx) <= self.tx.mask / 2 && ring_wake_producer(&self.tx)) {
        pd_notify_later(serial_driver_config.tx_virt);
    }
}

static void transmit(void)
{
    do {
        while (send_left()) {
            self.left_first = 0;
            self.left_end = ring_get_many(&self.tx, self.left, sizeof(self.left));
            if (self.left_end == 0) {
                break;
            }
        }
        if (self.left_first < self.left_end) {
            set_mask(self.mask | INT_TX);
            owe_tx_virt();
            return;
        }
    } while (!ring_arm_consumer(&self.tx));
    set_mask(self.mask & ~INT_TX);
    owe_tx_virt();
}

/* One byte of the FIFO into the ring, which has room. */
static void receive_one(void)
{
    uint32_t data = device_read(DR);
    uint8_t byte = (uint8_t)data;

    if (data & DR_OVERRUN) {
        self.overruns++;
    }
    if (data & DR_ERROR_MASK) {
        self.errors++;
        return;
    }
    ring_put(&self.rx, &byte);
}

static void receive(void)
{
    do {
        for (uint32_t room = ring_room(&self.rx); room; room--) {
            if (device_read(FR) & FR_RXFE) {
                set_mask(self.mask | INT_RX | INT_RX_TIMEOUT);
                return;
            }
            receive_one();
        }
    } while (!ring_arm_producer(&self.rx));
    set_mask(self.mask & ~(uint32_t)(INT_RX | INT_RX_TIMEOUT));
}

/* The interrupt's causes are cleared before the FIFOs are looked at: what comes in between raises it again. */
static void interrupt(void)
{
    device_write(ICR, device_read(MIS));
    receive();
    transmit();
    microkit_irq_ack(serial_driver_config.irq);
}

/* 8 bits, FIFOs on; the baud rate is what the firmware set. LCRH may change only while the UART is off (3.3.8). */
static void set_line(void)
{
    if (device_read(LCRH) != (LCRH_8_BITS | LCRH_FEN)) {
        device_write(CR, 0);
        device_write(LCRH, LCRH_8_BITS | LCRH_FEN);
    }
    device_write(IFLS, IFLS_TX_1_8 | IFLS_RX_1_2);
    device_write(CR, CR_UARTEN | CR_TXE | CR_RXE);
}

void init(void)
{
    ring_attach_consumer(&self.tx, &serial_driver_config.tx, 1);
    ring_attach_producer(&self.rx, &serial_driver_config.rx, 1);
    device_write(IMSC, 0);
    device_write(ICR, INT_ALL);
    set_line();
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
