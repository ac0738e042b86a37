/* tests/unit/serial_driver_rig.h: what a UART's driver runs in on the host, once for the tests of all: the
 * configuration, the virtualisers' ends of both rings, and a person's words. Each test has the model of its device, and
 * says how that makes room (device_drain).
 */
#ifndef SERIAL_DRIVER_RIG_H
#define SERIAL_DRIVER_RIG_H

#include <string.h>

#include "serial/config.h"
#include "tests/unit/fake_microkit.h"

enum { IRQ = 0, TX_VIRT = 1, RX_VIRT = 2 };

#define TX_CAPACITY 256
#define RX_CAPACITY 64

static _Alignas(RING_LINE) uint8_t tx_memory[RING_BYTES(TX_CAPACITY, 1)], rx_memory[RING_BYTES(RX_CAPACITY, 1)];

const struct serial_driver_config serial_driver_config = {
    .irq = IRQ,
    .tx_virt = TX_VIRT,
    .rx_virt = RX_VIRT,
    .tx = {tx_memory, TX_CAPACITY},
    .rx = {rx_memory, RX_CAPACITY},
};

/* The model's. */
static uint32_t device_read(uint32_t offset);
static void device_write(uint32_t offset, uint32_t value);
static void device_drain(void); /* it sends all that it has */

#define SERIAL_REGISTERS_H /* the driver reads and writes the model */

static struct ring out, in;

static void attach_ends(void)
{
    ring_attach_producer(&out, &serial_driver_config.tx, 1);
    ring_attach_consumer(&in, &serial_driver_config.rx, 1);
}

static void say(const char *text, size_t length)
{
    while (length) {
        uint32_t count = ring_put_many(&out, text, (uint32_t)length);

        text += count;
        length -= count;
        if (ring_wake_consumer(&out)) {
            fake_wake(FAKE_BIT(TX_VIRT));
        }
        while (length && ring_arm_producer(&out)) {
            device_drain();
        }
    }
}

/* Text for say(), none of it twice in a row. */
static void fill(char *text, size_t size, char first)
{
    for (size_t i = 0; i < size; i++) {
        text[i] = (char)(first + i % 26);
    }
}

static size_t read_all(char *text)
{
    size_t length = 0;

    for (;;) {
        uint32_t got = ring_get_many(&in, text + length, 100);

        length += got;
        if (got && ring_wake_producer(&in)) {
            fake_wake(FAKE_BIT(RX_VIRT));
        }
        if (!got && ring_arm_consumer(&in)) {
            text[length] = '\0';
            return length;
        }
    }
}

#endif
