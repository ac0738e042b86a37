/* tls/keys.h: the end of PD tls of keys/proto.h. */
#ifndef TLS_KEYS_H
#define TLS_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include "keys/proto.h"
#include "lib/region.h"

#define TLS_KEYS_NONE UINT8_MAX

/* Asks for the public halves; a call that is answered at once, as each here. */
void tls_keys_init(uint8_t channel, uint8_t count, const struct region *page);

/* Which key's public half that is; TLS_KEYS_NONE: none's. */
uint8_t tls_keys_find(const uint8_t point[KEYS_POINT_BYTES]);

/* Has `text`, a CertificateVerify's (RFC 8446, 4.4.3), signed: its last part, the hash, is all that is sent. Bytes of the
 * signature, 0: it is no such text, or PD keys refuses. */
size_t tls_keys_sign(uint8_t key, const uint8_t *text, size_t length, uint8_t signature[KEYS_SIGNATURE_MAX]);

#endif
