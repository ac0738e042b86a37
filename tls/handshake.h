/* tls/handshake.h: handshakes, by libssl. */
#ifndef TLS_HANDSHAKE_H
#define TLS_HANDSHAKE_H

#include "tls/link.h"

/* Of the heap. While one is worked on it may have TLS_HANDSHAKE_BYTES: enough for a hello of 8 KiB, or a chain of
 * TLS_CHAIN_MAX. While it waits for its client it has TLS_HANDSHAKE_OWN, which are a browser's, with ML-KEM, and beyond
 * that a part of TLS_COMMON_BYTES, in which also the library's own and a chain lie. */
#define TLS_HANDSHAKE_BYTES (48u << 10)
#define TLS_HANDSHAKE_OWN (23u << 9)
#define TLS_COMMON_BYTES (36u << 10)
#define TLS_HEAP_BYTES \
    (TLS_SLOTS * TLS_HANDSHAKE_OWN + TLS_HANDSHAKE_BYTES - TLS_HANDSHAKE_OWN + TLS_COMMON_BYTES) /* at least */

/* The heap and the keys are there. hybrid: X25519MLKEM768 is offered, too. */
void tls_handshake_init(bool hybrid);
/* There is a seed, or there will be none: before the first handshake. */
void tls_handshake_settled(void);

void tls_handshake_begin(struct tls_slot *slot);
void tls_handshake_end(struct tls_slot *slot);

/* Goes on as far as the client's bytes and the room for ours reach, and tells how it stands. Up to a million
 * instructions. */
void tls_handshake_step(struct tls_slot *slot);

#endif
