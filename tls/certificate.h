/* tls/certificate.h: what a TLS server has to know of a certificate of its own (RFC 5280): pure functions. */
#ifndef TLS_CERTIFICATE_H
#define TLS_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/bytestring.h>

#include "keys/proto.h"

/* All point into the bytes that were given. */
struct certificate {
    CBS issuer, subject;           /* names, as they are */
    int64_t not_before, not_after; /* seconds since 1970 */
    CBS point;                     /* the key: a point of P-256, uncompressed; empty: it is another kind's */
    CBS names;                     /* subjectAltName: a row of GeneralName; empty: there is none */
};

/* False: it is no certificate. Looks at its shape alone, at no signature. */
bool certificate_read(struct certificate *certificate, const uint8_t *der, size_t length);

/* Whether it is for that server: a dNSName that is the same, or has "*" in the place of the first label (RFC 6125, 6.4).
 * host: in lower case. */
bool certificate_is_for(const struct certificate *certificate, const char *host, size_t length);

#endif
