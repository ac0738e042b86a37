/* crypto.c: crypto.h by libcrypto (AWS-LC).
 *   serves    record.c, trusted: lengths are checked there
 *   trusts    libcrypto; what a client has sealed it authenticates before a byte of it counts
 *   invariant all keys and states are of fixed size, in the caller's memory: nothing is allocated, so nothing is full
 */
#include "http/tls/crypto.h"

#include <openssl/aead.h>
#include <openssl/err.h>
#include <openssl/mem.h>

_Static_assert(sizeof(EVP_AEAD_CTX) <= CRYPTO_AEAD_BYTES, "a key schedule has its place");

static const EVP_AEAD *cipher_of(enum crypto_cipher cipher)
{
    switch (cipher) {
    case CRYPTO_AES_128_GCM: return EVP_aead_aes_128_gcm();
    case CRYPTO_AES_256_GCM: return EVP_aead_aes_256_gcm();
    case CRYPTO_CHACHA20_POLY1305: return EVP_aead_chacha20_poly1305();
    }
    return NULL;
}

/* What the library notes of an error it would keep. */
static bool outcome(int result)
{
    if (result != 1) {
        ERR_clear_error();
    }
    return result == 1;
}

bool crypto_aead_set(struct crypto_aead *aead, enum crypto_cipher cipher, const uint8_t *key)
{
    const EVP_AEAD *algorithm = cipher_of(cipher);
    return outcome(EVP_AEAD_CTX_init((EVP_AEAD_CTX *)aead->state, algorithm, key, EVP_AEAD_key_length(algorithm),
                                     CRYPTO_TAG, NULL));
}

bool crypto_seal(const struct crypto_aead *aead, const uint8_t nonce[CRYPTO_NONCE], const uint8_t *head,
                 uint32_t head_length, const uint8_t *from, uint32_t length, uint8_t last, uint8_t *to)
{
    size_t tag;
    return outcome(EVP_AEAD_CTX_seal_scatter((const EVP_AEAD_CTX *)aead->state, to, to + length, &tag, 1 + CRYPTO_TAG,
                                             nonce, CRYPTO_NONCE, from, length, &last, 1, head, head_length)) &&
           tag == 1 + CRYPTO_TAG;
}

bool crypto_open(const struct crypto_aead *aead, const uint8_t nonce[CRYPTO_NONCE], const uint8_t *head,
                 uint32_t head_length, const uint8_t *from, uint32_t length, uint8_t *to)
{
    size_t count;
    return outcome(EVP_AEAD_CTX_open((const EVP_AEAD_CTX *)aead->state, to, &count, length - CRYPTO_TAG, nonce,
                                     CRYPTO_NONCE, from, length, head, head_length)) &&
           count == length - CRYPTO_TAG;
}

void crypto_wipe(void *memory, uint32_t count)
{
    OPENSSL_cleanse(memory, count);
}
