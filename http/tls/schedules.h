/* http/tls/schedules.h: key schedules of ciphers, for the keys that are in use.
 *
 * A schedule takes twenty times as much memory as its key, and is made of it in a thousand instructions. So all keys have
 * their bytes, and those that were used last a schedule, too.
 */
#ifndef HTTP_TLS_SCHEDULES_H
#define HTTP_TLS_SCHEDULES_H

#include "http/tls/crypto.h"

#define SCHEDULES 144 /* of 72 connections */

/* Zeros: there is none. */
struct schedule_key {
    uint64_t number; /* which no other key has, or had */
    uint8_t bytes[CRYPTO_KEY_MAX];
    uint8_t cipher; /* enum crypto_cipher */
    uint8_t place;  /* where its schedule is, if it has one */
};
_Static_assert(SCHEDULES <= UINT8_MAX, "a place has a number");

/* Its bytes were written. */
void schedules_begin(struct schedule_key *key, enum crypto_cipher cipher);
/* Good until the next call. NULL: the library has failed. */
const struct crypto_aead *schedules_get(struct schedule_key *key);
/* Its bytes, and its schedule; also of a key that there is not. */
void schedules_wipe(struct schedule_key *key);

#endif
