/* python/hash.h: SHA-1 and SHA-256 block by block (FIPS 180-4, 6.1 and 6.2), and PBKDF2 with HMAC of them (RFC 8018 5.2,
 * RFC 2104). Pure functions: nothing is kept, nothing allocated. */
#ifndef PYTHON_HASH_H
#define PYTHON_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_BLOCK 64
#define HASH_WORDS_MAX 8

struct hash_kind {
    const char *name;
    uint32_t words; /* of the state, and of the digest */
    uint32_t start[HASH_WORDS_MAX];
    void (*take_block)(uint32_t *state, const uint8_t *block);
};
extern const struct hash_kind hash_sha1, hash_sha256;

struct hash_pbkdf2 {
    const struct hash_kind *kind;
    const uint8_t *password, *salt;
    size_t password_length, salt_length;
    uint32_t iterations; /* 1 at least */
    void (*pause)(void); /* called every few hundred iterations */
};
/* The key's first `length` bytes; of at most 2^32 - 1 digests. */
void hash_pbkdf2(const struct hash_pbkdf2 *of, uint8_t *key, size_t length);

#endif
