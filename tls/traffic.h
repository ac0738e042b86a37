/* tls/traffic.h: keys of records from traffic secrets (RFC 8446, 7.1 to 7.3): a connection's first ones in tls, which has
 * the time, the next ones in the front, which has the connection. Pure functions.
 */
#ifndef TLS_TRAFFIC_H
#define TLS_TRAFFIC_H

#include <stdbool.h>
#include <stdint.h>
#include "tls/proto.h"

/* How long a secret of this suite is (RFC 8446, B.4). 0: there is no such suite. */
uint8_t tls_traffic_secret_bytes(uint16_t suite);

/* Each false: there is no such suite, or the library has failed; what was to be written means nothing. */
bool tls_traffic_keys(struct tls_traffic *traffic, uint16_t suite); /* of its secret */
bool tls_traffic_next(struct tls_traffic *next, const uint8_t secret[TLS_SECRET_MAX],
                      uint16_t suite); /* of the one behind it */

#endif
