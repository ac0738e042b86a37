/* entropy/config.h: compose/entropy.py writes the values. */
#ifndef ENTROPY_CONFIG_H
#define ENTROPY_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include "entropy/proto.h"
#include "lib/region.h"

struct entropy_config {
    volatile void *registers; /* the device's first */
    bool has_irq;
    uint8_t irq;          /* channel */
    struct region memory; /* that the device writes and reads: a virtio device's queue and buffer */
    uint8_t client_count;
    uint8_t clients[ENTROPY_CLIENTS_MAX]; /* channels */
};
extern const struct entropy_config entropy_config;

struct entropy_client_config {
    bool has_service; /* false: the board has no source that we know */
    uint8_t channel;
};
extern const struct entropy_client_config entropy_client_config;

#endif
