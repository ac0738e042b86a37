/* serial_driver_hurt.c: serial/driver.c after its own memory was written over: it ends, and its next life goes on where it
 * was. */
#include "serial/driver.c"

#include "tests/unit/fake_microkit.h"

enum { IRQ = 0, TX_VIRT = 1, RX_VIRT = 2 };

static _Alignas(RING_LINE) uint8_t tx_memory[RING_BYTES(256, 1)], rx_memory[RING_BYTES(64, 1)];

const struct serial_driver_config serial_driver_config = {
    .irq = IRQ,
    .tx_virt = TX_VIRT,
    .rx_virt = RX_VIRT,
    .tx = {tx_memory, 256},
    .rx = {rx_memory, 64},
};

/* A UART that is ready for ever, and at which nobody types. */
void uart_init(void) {}

bool uart_send(uint8_t byte)
{
    (void)byte;
    return true;
}

bool uart_receive(uint8_t *byte)
{
    (void)byte;
    return false;
}

void uart_set_interrupts(bool transmit, bool receive)
{
    (void)transmit;
    (void)receive;
}

void uart_clear_interrupts(void) {}

static void woken(void)
{
    fake_wake(FAKE_BIT(TX_VIRT));
}

int main(void)
{
    fake_reset();
    init();
    fake_dies_of(&self.tx.size, 3, woken);
    fake_dies_of(&self.rx.size, 0, woken);
    fake_dies_of(&self.rx.mask, 0x3fff, woken);
    return 0;
}
