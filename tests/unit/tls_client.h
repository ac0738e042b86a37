/* tls_client.h: a client of AWS-LC's, beside PD tls, and what lies between the two: records, one at a time. */
#ifndef UNIT_TLS_CLIENT_H
#define UNIT_TLS_CLIENT_H

#include <openssl/ssl.h>

#include "tests/unit/tls_rig.h"

#define CLIENT_WIRE 65536

struct client_wire {
    uint8_t at[CLIENT_WIRE];
    uint32_t begin, end;
};

struct client {
    SSL *ssl;
    SSL_CTX *context;
    uint32_t slot;
    struct client_wire to_server, to_client;
    uint32_t record; /* bytes of the record under way that the front has still to give */
    uint32_t step;   /* the front gives so many bytes at a time; 0: all */
    SSL_SESSION *session;
};

struct client_wish {
    const char *name, *groups, *suites, *protocols; /* protocols: as RFC 7301 has them */
    SSL_SESSION *session;
    uint16_t most_version;
};

void client_open(struct client *client, uint32_t slot, struct client_wish wish);
/* Both go on until neither can. */
void client_run(struct client *client);
void client_handshake(struct client *client); /* to its end: TLS_DONE, the secrets are the same on both sides */
void client_close(struct client *client);     /* the front says TLS_OVER, too */

#endif
