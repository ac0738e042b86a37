/* python_hash.c: PBKDF2 against the vectors of RFC 6070 (HMAC-SHA-1) and RFC 7914 11 (HMAC-SHA-256), and keys of every
 * length of password and salt up to three blocks against a second way to compute them.
 */
#include <string.h>

#include "check.h"
#include "python/hash.h"

#define KEY_MAX 80

static unsigned pauses;

static void let_events_pass(void)
{
    pauses++;
}

static struct hash_pbkdf2 problem(const struct hash_kind *kind, const void *password, size_t password_length,
                                  const void *salt, size_t salt_length, uint32_t iterations)
{
    return (struct hash_pbkdf2){
        .kind = kind,
        .password = password,
        .password_length = password_length,
        .salt = salt,
        .salt_length = salt_length,
        .iterations = iterations,
        .pause = let_events_pass,
    };
}

static void check_key(struct hash_pbkdf2 of, const char *expected)
{
    uint8_t key[KEY_MAX];
    char text[KEY_MAX * 2 + 1];
    size_t length = strlen(expected) / 2;
    memset(key, 0xaa, sizeof(key));
    hash_pbkdf2(&of, key, length);
    for (size_t i = 0; i < length; i++) {
        snprintf(text + 2 * i, 3, "%02x", key[i]);
    }
    CHECK_TEXT(text, expected);
    CHECK_EQUAL(key[length], 0xaa);
}

static void test_sha1(void)
{
    check_key(problem(&hash_sha1, "password", 8, "salt", 4, 1), "0c60c80f961f0e71f3a9b524af6012062fe037a6");
    check_key(problem(&hash_sha1, "password", 8, "salt", 4, 2), "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957");
    check_key(problem(&hash_sha1, "password", 8, "salt", 4, 4096), "4b007901b765489abead49d926f721d065a429c1");
    check_key(problem(&hash_sha1, "passwordPASSWORDpassword", 24, "saltSALTsaltSALTsaltSALTsaltSALTsalt", 36, 4096),
              "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038");
    check_key(problem(&hash_sha1, "pass\0word", 9, "sa\0lt", 5, 4096), "56fa6aa75548099dcc37d7f03425e0c3");
}

static void test_sha256(void)
{
    check_key(problem(&hash_sha256, "passwd", 6, "salt", 4, 1),
              "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
              "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783");
    pauses = 0;
    check_key(problem(&hash_sha256, "Password", 8, "NaCl", 4, 80000),
              "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"
              "a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d");
    CHECK(pauses > 100);
}

/* The plain way: whole messages, hashed as the standard pads them. */
static void hash(const struct hash_kind *kind, const uint8_t *data, size_t length, uint8_t *digest)
{
    uint8_t padded[1024] = {0};
    uint32_t state[HASH_WORDS_MAX];
    size_t whole = (length + 8) / HASH_BLOCK * HASH_BLOCK + HASH_BLOCK;
    memcpy(padded, data, length);
    padded[length] = 0x80;
    for (unsigned i = 0; i < 8; i++) {
        padded[whole - 1 - i] = (uint8_t)((uint64_t)length * 8 >> 8 * i);
    }
    memcpy(state, kind->start, sizeof(state));
    for (size_t at = 0; at < whole; at += HASH_BLOCK) {
        kind->take_block(state, padded + at);
    }
    for (unsigned i = 0; i < 4 * kind->words; i++) {
        digest[i] = (uint8_t)(state[i / 4] >> (24 - i % 4 * 8));
    }
}

static void hmac(const struct hash_pbkdf2 *of, const uint8_t *message, size_t length, uint8_t *digest)
{
    uint8_t key[HASH_BLOCK] = {0}, text[HASH_BLOCK + 512];
    if (of->password_length > HASH_BLOCK) {
        hash(of->kind, of->password, of->password_length, key);
    } else {
        memcpy(key, of->password, of->password_length);
    }
    for (size_t i = 0; i < HASH_BLOCK; i++) {
        text[i] = key[i] ^ 0x36;
    }
    memcpy(text + HASH_BLOCK, message, length);
    hash(of->kind, text, HASH_BLOCK + length, digest);
    for (size_t i = 0; i < HASH_BLOCK; i++) {
        text[i] = key[i] ^ 0x5c;
    }
    memcpy(text + HASH_BLOCK, digest, 4 * of->kind->words);
    hash(of->kind, text, HASH_BLOCK + 4 * of->kind->words, digest);
}

/* The first block of three iterations. */
static void check_against_plain(struct hash_pbkdf2 of)
{
    uint8_t message[512], digest[32], sum[32] = {0}, key[32];
    const uint32_t size = 4 * of.kind->words;
    memcpy(message, of.salt, of.salt_length);
    memcpy(message + of.salt_length, "\0\0\0\1", 4);
    hmac(&of, message, of.salt_length + 4, digest);
    for (unsigned turn = 0; turn < 3; turn++) {
        for (uint32_t i = 0; i < size; i++) {
            sum[i] ^= digest[i];
        }
        memcpy(message, digest, size);
        hmac(&of, message, size, digest);
    }
    hash_pbkdf2(&of, key, size);
    CHECK(memcmp(key, sum, size) == 0);
}

static void test_every_length(void)
{
    uint8_t text[3 * HASH_BLOCK + 2];
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (uint8_t)(i * 7 + 3);
    }
    for (size_t length = 0; length < sizeof(text); length++) {
        check_against_plain(problem(&hash_sha1, text, length, text, 16, 3));
        check_against_plain(problem(&hash_sha256, text, length, text, 16, 3));
        check_against_plain(problem(&hash_sha1, text, 16, text, length, 3));
        check_against_plain(problem(&hash_sha256, text, 16, text, length, 3));
    }
}

int main(void)
{
    test_sha1();
    test_sha256();
    test_every_length();
    return 0;
}
