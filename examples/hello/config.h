/* hello/config.h: what the description tells the two programs. */
#ifndef HELLO_CONFIG_H
#define HELLO_CONFIG_H

#include <stdint.h>

struct hello_config {
    uint32_t peer; /* channel to the other one */
};

extern const struct hello_config hello_config;

#endif
