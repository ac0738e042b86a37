/* tls/config.h: what compose/tls.py writes for PD tls and for its client. */
#ifndef TLS_CONFIG_H
#define TLS_CONFIG_H

#include <stdbool.h>
#include "lib/region.h"
#include "lib/ring.h"

/* The front's end. */
struct tls_client_config {
    uint8_t peer;                /* channel */
    struct ring_config to, from; /* messages for the peer, and its own */
    struct region out, in;       /* the share that we write, and the one that it writes */
};
extern const struct tls_client_config tls_client_config;

struct tls_config {
    struct tls_client_config client; /* the same of our side: the peer is the front */
    uint8_t keys;                    /* channel */
    uint8_t key_count;
    bool hybrid; /* X25519MLKEM768, too */
    struct region keys_page, heap;
};
extern const struct tls_config tls_config;

#endif
