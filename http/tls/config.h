/* http/tls/config.h: what the description says of HTTPS; compose/http.py writes the values. */
#ifndef HTTP_TLS_CONFIG_H
#define HTTP_TLS_CONFIG_H

#include "tls/config.h"
#include "tls/proto.h"

struct http_secured_config {
    const struct tls_client_config *tls;
    struct region sealed; /* a transmit region, of SEALED_BYTES */
    uint16_t port;
    uint16_t told_port; /* under which clients reach it */
    bool redirect;      /* what comes without TLS is sent there, but for /.well-known/acme-challenge/ */
    uint32_t hsts_s;    /* of Strict-Transport-Security; 0: it is not said */
    uint32_t chain_count;
    struct {
        const char *path; /* of the file service, or NULL: then this is the chain: */
        const char *pem;
    } chains[TLS_CHAINS_MAX];
};
extern const struct http_secured_config http_secured_config;

#endif
