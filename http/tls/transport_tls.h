/* http/tls/transport_tls.h: connections over TLS 1.3 over TCP. */
#ifndef HTTP_TLS_TRANSPORT_TLS_H
#define HTTP_TLS_TRANSPORT_TLS_H

#include "http/tls/handshake.h"
#include "lib/region.h"

struct transport_tls_handlers {
    void (*answered)(uint32_t chain, enum tls_chain_status status, int64_t until_s); /* as of handshake_handlers */
    void (*restarted)(void);
    void (*opened)(void); /* a connection, whose handshake begins */
};

/* Once, behind all that writes to connections. sealed: a transmit region of SEALED_BYTES, from which nothing of a
 * former life is sent any more. Connections are accepted with transport_tcp_accept_above(). */
void transport_tls_init(const struct tls_client_config *config, const struct region *sealed,
                        const struct transport_tls_handlers *handlers);

#endif
