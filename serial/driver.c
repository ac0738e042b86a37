/* serial/driver.c: the UART's driver, whichever UART it is (serial/uart.h): bytes out, bytes in.
 *   consumes  tx   bytes to send                 from virt_tx, trusted for liveness only
 *   produces  rx   bytes received                to virt_rx, trusted for liveness only
 *   device    trusted to be a UART
 *   invariant when notified() returns: tx is empty and armed, or the transmit interrupt is on and its FIFO has no room;
 *             the receive FIFO is empty, or rx is full and armed and the receive interrupt is off
 *   restart   of anybody: the streams go on. What was on its way to the FIFO is kept, so not a byte is lost or comes twice
 *   dies      when its rings' own words have been written over: bytes make no sense of which it could tell
 *   when full rx: bytes stay in the FIFO, whose overruns the device reports
 *
 * virt_tx is woken when its ring is half empty, not for every byte.
 */
#include "lib/pd.h"
#include "serial/config.h"
#include "serial/uart.h"

#define BATCH 32 /* bytes taken from tx at a time */

static struct {
    struct ring tx, rx;
    bool tx_interrupt, rx_interrupt;
} self;

PD_KEPT static struct {
    uint8_t left[BATCH]; /* taken from tx, not yet in the FIFO */
    uint32_t left_first, left_end;
} kept;

static void set_interrupts(bool transmit, bool receive)
{
    self.tx_interrupt = transmit;
    self.rx_interrupt = receive;
    uart_set_interrupts(transmit, receive);
}

/* Into the FIFO while it has room; false: it has none. */
static bool send_left(void)
{
    while (kept.left_first < kept.left_end) {
        if (!uart_send(kept.left[kept.left_first])) {
            return false;
        }
        kept.left_first++;
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
            kept.left_first = 0;
            kept.left_end = ring_get_many(&self.tx, kept.left, sizeof(kept.left));
            if (kept.left_end == 0) {
                break;
            }
        }
        if (kept.left_first < kept.left_end) {
            set_interrupts(true, self.rx_interrupt);
            owe_tx_virt();
            return;
        }
    } while (!ring_arm_consumer(&self.tx));
    set_interrupts(false, self.rx_interrupt);
    owe_tx_virt();
}

static void receive(void)
{
    do {
        for (uint32_t room = ring_room(&self.rx); room; room--) {
            uint8_t byte;
            if (!uart_receive(&byte)) {
                set_interrupts(self.tx_interrupt, true);
                return;
            }
            ring_put(&self.rx, &byte);
        }
    } while (!ring_arm_producer(&self.rx));
    set_interrupts(self.tx_interrupt, false);
}

static void owe_rx_virt(void)
{
    if (ring_wake_consumer(&self.rx)) {
        pd_notify_later(serial_driver_config.rx_virt);
    }
}

/* The last life may have scribbled over it. */
static void check_kept(void)
{
    if (kept.left_first > kept.left_end || kept.left_end > BATCH) {
        kept.left_first = kept.left_end = 0;
    }
}

void init(void)
{
    ring_resume_consumer(&self.tx, &serial_driver_config.tx, 1);
    ring_resume_producer(&self.rx, &serial_driver_config.rx, 1);
    check_kept();
    uart_init();
    self.tx_interrupt = self.rx_interrupt = false; /* as it has set them */
    if (pd_generation() > 1) {
        microkit_irq_ack(serial_driver_config.irq); /* the last life may have died before it did */
    }
    receive();
    transmit();
    owe_rx_virt();
    pd_flush();
}

/* Whoever it was: a wake-up that was lost, or an interrupt that stayed off, is made good with the next one of another. */
void notified(microkit_channel channel)
{
    (void)channel;
    ring_check(&self.tx);
    ring_check(&self.rx);
    uart_clear_interrupts();
    receive();
    transmit();
    microkit_irq_ack(serial_driver_config.irq);
    owe_rx_virt();
    pd_flush_deferred();
}
