/* tls/handshake.h: handshakes, by libssl. */
#ifndef TLS_HANDSHAKE_H
#define TLS_HANDSHAKE_H

#include "tls/link.h"

#define TLS_HANDSHAKE_BYTES \
    (48u << 10) /* of the heap, at most, for one: enough for a hello of 8 KiB; real ones have 2 */

/* The heap, the keys and the generator of random numbers are there. hybrid: X25519MLKEM768 is offered, too. */
void tls_handshake_init(bool hybrid);

void tls_handshake_begin(struct tls_slot *slot);
void tls_handshake_end(struct tls_slot *slot);

/* Goes on as far as the client's bytes and the room for ours reach, and tells how it stands. Up to a million
 * instructions. */
void tls_handshake_step(struct tls_slot *slot);

#endif
