/* serial_virt_tx_hurt.c: serial/virt_tx.c after its own memory was written over: it would lose or garble lines for as long
 * as it lives; so it ends, and its next life goes on where it was. */
#include "serial/virt_tx.c"

#include "tests/unit/fake_microkit.h"

enum { DRIVER = 1, FIRST = 2, SECOND = 3 };

static _Alignas(RING_LINE) uint8_t driver_memory[RING_BYTES(256, 1)], first_memory[RING_BYTES(64, 1)],
    second_memory[RING_BYTES(64, 1)];

const struct serial_virt_tx_config serial_virt_tx_config = {
    .driver = DRIVER,
    .driver_tx = {driver_memory, 256},
    .client_count = 2,
    .clients = {{.channel = FIRST, .name = "first", .tx = {first_memory, 64}},
                {.channel = SECOND, .name = "second", .tx = {second_memory, 64}}},
};

static void woken(void)
{
    fake_wake(FAKE_BIT(FIRST));
}

int main(void)
{
    fake_reset();
    init();
    fake_dies_of(&self.driver.size, 3, woken);
    fake_dies_of(&self.clients[0].size, 0x101, woken);
    fake_dies_of(&self.clients[1].mask, 0x8000003f, woken);
    return 0;
}
