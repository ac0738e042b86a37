/* keys/config.h: what compose/tls.py writes for PD keys. */
#ifndef KEYS_CONFIG_H
#define KEYS_CONFIG_H

#include "keys/proto.h"
#include "lib/region.h"

struct keys_config {
    uint8_t tls; /* channel */
    uint8_t key_count;
    struct region page; /* that tls maps, too */
    struct keys_key {
        uint8_t scalar[KEYS_SCALAR_BYTES]; /* the private key, big-endian: it lies in this program and nowhere else */
        uint8_t point[KEYS_POINT_BYTES];   /* its public one */
    } keys[KEYS_MAX];
};
extern const struct keys_config keys_config;

#endif
