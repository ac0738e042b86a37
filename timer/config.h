/* timer/config.h: compose/timer.py writes the values. */
#ifndef TIMER_CONFIG_H
#define TIMER_CONFIG_H

#include <stdint.h>
#include "timer/proto.h"

struct timer_driver_config {
    volatile void *registers; /* NULL for the architected timer */
    uint8_t irq;              /* channel */
    uint8_t client_count;
    struct {
        const struct timer_page *page;
        uint8_t channel;
    } clients[TIMER_CLIENTS_MAX];
};
extern const struct timer_driver_config timer_driver_config;

struct timer_client_config {
    struct timer_page *page;
    uint8_t channel;
};
extern const struct timer_client_config timer_client_config;

#endif
