/* tests/isolation/shares.h: who gets how much of the processor. isolation_shares.py composes it. */
#ifndef TESTS_ISOLATION_SHARES_H
#define TESTS_ISOLATION_SHARES_H

#include <stdint.h>

/* A protection domain that wants all of the processor until *stop is set, itself or through a server. */
struct burner_config {
    const volatile uint32_t *stop;
    uint8_t meter;  /* channel: told to begin */
    uint8_t calls;  /* 1: burns in calls to a server, on its own budget */
    uint8_t server; /* channel */
};

#define SHARES_MAX 8

struct meter_config {
    volatile uint32_t *uart;
    volatile uint32_t *stop;
    uint8_t count;
    struct {
        const char *name;
        uint8_t channel;
    } burners[SHARES_MAX];
};

extern const struct burner_config burner_config;
extern const struct meter_config meter_config;

#endif
