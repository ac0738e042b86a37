/* tests/systems/tls/config.h: tls_probe.py writes the values. */
#ifndef TESTS_SYSTEMS_TLS_CONFIG_H
#define TESTS_SYSTEMS_TLS_CONFIG_H

#include <stdint.h>

struct probe_config {
    const char *right, *wrong; /* PEM: a certificate of the key that PD keys has, and one of another */
    int64_t unix_s;
    uint8_t supervisor;         /* channel */
    uint8_t tls, keys, entropy; /* children of it */
    uint32_t deaths;            /* of each of them */
};
extern const struct probe_config probe_config;

#endif
