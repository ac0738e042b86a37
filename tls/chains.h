/* tls/chains.h: the certificate chains that a server shows, by the name that a client asks for. */
#ifndef TLS_CHAINS_H
#define TLS_CHAINS_H

#include <openssl/pool.h>

#include "tls/certificate.h"
#include "tls/proto.h"

#define TLS_CHAIN_CERTIFICATES_MAX 6

struct tls_chain {
    CRYPTO_BUFFER *certificates[TLS_CHAIN_CERTIFICATES_MAX]; /* the leaf first */
    uint32_t count;                                          /* 0: there is no such chain */
    uint8_t number, key;
    struct certificate leaf; /* lies in certificates[0] */
};

/* Takes a chain in, in the place of that number, if all is right with it; its text is spoilt. now: seconds since 1970; 0: not known. Any
 * other status than OK and OK_UNDATED: the place is as it was. *not_after: of the leaf, where one was read. */
enum tls_chain_status tls_chains_set(uint8_t number, char *pem, size_t length, int64_t now, int64_t *not_after);

/* How the dates of one that is in are: OK, NOT_YET, EXPIRED; or, where there is none, NOT_PEM. */
enum tls_chain_status tls_chains_dates(uint8_t number, int64_t now, int64_t *not_after);

/* For a client that names `name` (in lower case), or with length 0 none. NULL: there is no chain yet. */
const struct tls_chain *tls_chains_for(const char *name, size_t length);

#endif
