/* serial_virt_rx_hurt.c: serial/virt_rx.c after its own memory was written over: it would lose what is typed, for as long
 * as it lives, and write over its own memory; so it ends, and its next life goes on where it was. */
#include "serial/virt_rx.c"

#include "tests/unit/fake_microkit.h"

enum { DRIVER = 1, CLIENT = 2 };

static _Alignas(RING_LINE) uint8_t driver_memory[RING_BYTES(256, 1)], client_memory[RING_BYTES(32, 1)];

const struct serial_virt_rx_config serial_virt_rx_config = {
    .driver = DRIVER,
    .driver_rx = {driver_memory, 256},
    .has_client = true,
    .client = CLIENT,
    .client_rx = {client_memory, 32},
};

static void typed(void)
{
    fake_wake(FAKE_BIT(DRIVER));
}

int main(void)
{
    fake_reset();
    init();
    fake_dies_of(&self.driver.size, 3, typed);
    fake_dies_of(&self.driver.mask, 0x8ff, typed);
    fake_dies_of(&self.client.size, 5, typed);
    fake_dies_of(&self.client.mask, 0xf, typed);
    return 0;
}
