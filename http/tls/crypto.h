/* http/tls/crypto.h: what records need of libcrypto: three functions, so that a proof and a fuzzer can have others. */
#ifndef HTTP_TLS_CRYPTO_H
#define HTTP_TLS_CRYPTO_H

#include <stdbool.h>
#include <stdint.h>

#define CRYPTO_NONCE 12
#define CRYPTO_TAG 16
#define CRYPTO_KEY_MAX 32

/* Its key schedule, in place. */
#define CRYPTO_AEAD_BYTES 592
struct crypto_aead {
    _Alignas(8) uint8_t state[CRYPTO_AEAD_BYTES];
};

enum crypto_cipher {
    CRYPTO_AES_128_GCM,
    CRYPTO_AES_256_GCM,
    CRYPTO_CHACHA20_POLY1305,
};

/* Each false: the library has failed, and what was to be written means nothing. */
bool crypto_aead_set(struct crypto_aead *aead, enum crypto_cipher cipher, const uint8_t *key);
/* `length` bytes and one more, `last`, to length + 1 + CRYPTO_TAG at `to`: in one pass, to other memory than they are
 * in. */
bool crypto_seal(const struct crypto_aead *aead, const uint8_t nonce[CRYPTO_NONCE], const uint8_t *head,
                 uint32_t head_length, const uint8_t *from, uint32_t length, uint8_t last, uint8_t *to);
/* `length` bytes with their tag to length - CRYPTO_TAG at `to`, which may be `from`. */
bool crypto_open(const struct crypto_aead *aead, const uint8_t nonce[CRYPTO_NONCE], const uint8_t *head,
                 uint32_t head_length, const uint8_t *from, uint32_t length, uint8_t *to);
void crypto_wipe(void *memory, uint32_t count);

#endif
