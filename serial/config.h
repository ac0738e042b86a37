/* serial/config.h: the configuration of each part of the serial service; compose/serial.py writes the values. */
#ifndef SERIAL_CONFIG_H
#define SERIAL_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/ring.h"
#include "serial/proto.h"

struct serial_driver_config {
    volatile void *registers;
    uint8_t irq;              /* channel */
    uint8_t tx_virt, rx_virt; /* channels */
    struct ring_config tx;    /* we consume */
    struct ring_config rx;    /* we produce */
};
extern const struct serial_driver_config serial_driver_config;

struct serial_virt_tx_config {
    uint8_t driver; /* channel */
    struct ring_config driver_tx;
    char greeting[128]; /* the console's first line, its newline included; empty: none */
    uint8_t client_count;
    struct {
        char name[SERIAL_NAME_MAX];
        uint8_t channel;
        uint8_t colour; /* ANSI 31..36, 0: none */
        bool raw;
        struct ring_config tx;
    } clients[SERIAL_CLIENTS_MAX];
};
extern const struct serial_virt_tx_config serial_virt_tx_config;

struct serial_virt_rx_config {
    uint8_t driver; /* channel */
    struct ring_config driver_rx;
    bool has_client;
    uint8_t client; /* channel */
    struct ring_config client_rx;
};
extern const struct serial_virt_rx_config serial_virt_rx_config;

struct serial_client_config {
    uint8_t tx_channel;
    struct ring_config tx;
    bool has_input;
    uint8_t rx_channel;
    struct ring_config rx;
};
extern const struct serial_client_config serial_client_config;

#endif
