/* hash.c: see the header.
 *   consumes  passwords and salts of any length, from whoever sent them: read in place
 *   invariant what is known of the password lies on the stack alone, and is wiped
 */
#include "python/hash.h"

#include <string.h>

#define ITERATIONS_A_TURN 256
#define DIGEST_MAX (4 * HASH_WORDS_MAX)

static uint32_t rotate_left(uint32_t x, unsigned count)
{
    return x << count | x >> (32 - count);
}

static uint32_t rotate_right(uint32_t x, unsigned count)
{
    return x >> count | x << (32 - count);
}

static void wipe(void *at, size_t size)
{
    memset(at, 0, size);
    __asm__ volatile("" : : "r"(at) : "memory"); /* as if somebody read it */
}

static uint32_t word_at(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void put_word(uint8_t *at, uint32_t word)
{
    for (unsigned i = 0; i < 4; i++) {
        at[i] = (uint8_t)(word >> (24 - 8 * i));
    }
}

/* -- SHA-1 -- */

static uint32_t mix(size_t round, uint32_t b, uint32_t c, uint32_t d)
{
    static const uint32_t constants[] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
    uint32_t mixed = b ^ c ^ d;
    if (round < 20) {
        mixed = (b & c) | (~b & d);
    } else if (round >= 40 && round < 60) {
        mixed = (b & c) | (b & d) | (c & d);
    }
    return mixed + constants[round / 20];
}

static void sha1_take_block(uint32_t *state, const uint8_t *block)
{
    uint32_t word[80], v[5];
    for (size_t i = 0; i < 16; i++) {
        word[i] = word_at(block + 4 * i);
    }
    for (size_t i = 16; i < 80; i++) {
        word[i] = rotate_left(word[i - 3] ^ word[i - 8] ^ word[i - 14] ^ word[i - 16], 1);
    }
    memcpy(v, state, sizeof(v));
    for (size_t i = 0; i < 80; i++) {
        uint32_t next = rotate_left(v[0], 5) + mix(i, v[1], v[2], v[3]) + v[4] + word[i];
        v[4] = v[3];
        v[3] = v[2];
        v[2] = rotate_left(v[1], 30);
        v[1] = v[0];
        v[0] = next;
    }
    for (size_t i = 0; i < 5; i++) {
        state[i] += v[i];
    }
}

const struct hash_kind hash_sha1 = {
    .name = "sha1",
    .words = 5,
    .start = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0},
    .take_block = sha1_take_block,
};

/* -- SHA-256 -- */

/* clang-format off */
static const uint32_t sha256_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};
/* clang-format on */

static void spread(uint32_t word[64], const uint8_t *block)
{
    for (size_t i = 0; i < 16; i++) {
        word[i] = word_at(block + 4 * i);
    }
    for (size_t i = 16; i < 64; i++) {
        uint32_t a = word[i - 15], b = word[i - 2];
        a = rotate_right(a, 7) ^ rotate_right(a, 18) ^ a >> 3;
        b = rotate_right(b, 17) ^ rotate_right(b, 19) ^ b >> 10;
        word[i] = word[i - 16] + a + word[i - 7] + b;
    }
}

static void sha256_take_block(uint32_t *state, const uint8_t *block)
{
    uint32_t word[64], a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    spread(word, block);
    for (size_t i = 0; i < 64; i++) {
        uint32_t first = h + (rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25)) + ((e & f) ^ (~e & g)) +
                         sha256_constants[i] + word[i];
        uint32_t second = (rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22)) +
                          ((a & b) ^ (a & c) ^ (b & c));
        h = g;
        g = f;
        f = e;
        e = d + first;
        d = c;
        c = b;
        b = a;
        a = first + second;
    }
    uint32_t v[8] = {a, b, c, d, e, f, g, h};
    for (size_t i = 0; i < 8; i++) {
        state[i] += v[i];
    }
}

const struct hash_kind hash_sha256 = {
    .name = "sha256",
    .words = 8,
    .start = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19},
    .take_block = sha256_take_block,
};

/* -- PBKDF2 -- */

struct stream {
    const struct hash_kind *kind;
    uint64_t length;
    uint32_t state[HASH_WORDS_MAX];
    uint8_t block[HASH_BLOCK];
};

static void begin(struct stream *stream, const struct hash_kind *kind)
{
    stream->kind = kind;
    stream->length = 0;
    memcpy(stream->state, kind->start, sizeof(stream->state));
}

static void take(struct stream *stream, const uint8_t *data, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        stream->block[stream->length++ % HASH_BLOCK] = data[i];
        if (stream->length % HASH_BLOCK == 0) {
            stream->kind->take_block(stream->state, stream->block);
        }
    }
}

static void put_state(const struct hash_kind *kind, const uint32_t *state, uint8_t *at)
{
    for (uint32_t i = 0; i < kind->words; i++) {
        put_word(at + 4 * i, state[i]);
    }
}

static void finish(struct stream *stream, uint8_t *digest)
{
    uint64_t bits = stream->length * 8;
    uint8_t end[8];
    put_word(end, (uint32_t)(bits >> 32));
    put_word(end + 4, (uint32_t)bits);
    take(stream, (const uint8_t *)"\x80", 1);
    while (stream->length % HASH_BLOCK != HASH_BLOCK - sizeof(end)) {
        take(stream, (const uint8_t *)"", 1);
    }
    take(stream, end, sizeof(end));
    put_state(stream->kind, stream->state, digest);
}

/* The two states behind the key's block, from which each HMAC of that key goes on. */
struct keyed {
    struct stream inner, outer;
};

static void key_with(struct keyed *keyed, const struct hash_pbkdf2 *of)
{
    uint8_t key[HASH_BLOCK] = {0}, pad[HASH_BLOCK];
    if (of->password_length > HASH_BLOCK) {
        begin(&keyed->inner, of->kind);
        take(&keyed->inner, of->password, of->password_length);
        finish(&keyed->inner, key);
    } else {
        memcpy(key, of->password, of->password_length);
    }
    for (uint32_t turn = 0; turn < 2; turn++) {
        struct stream *stream = turn ? &keyed->outer : &keyed->inner;
        for (size_t i = 0; i < HASH_BLOCK; i++) {
            pad[i] = key[i] ^ (turn ? 0x5c : 0x36);
        }
        begin(stream, of->kind);
        take(stream, pad, HASH_BLOCK);
    }
    wipe(key, sizeof(key));
    wipe(pad, sizeof(pad));
}

static void first_hmac(const struct keyed *keyed, const struct hash_pbkdf2 *of, uint32_t number, uint8_t *digest)
{
    struct stream stream = keyed->inner;
    uint8_t end[4];
    put_word(end, number);
    take(&stream, of->salt, of->salt_length);
    take(&stream, end, sizeof(end));
    finish(&stream, digest);
    stream = keyed->outer;
    take(&stream, digest, 4 * of->kind->words);
    finish(&stream, digest);
}

/* One block behind the key's: a digest, and the end of a message of so many bytes. */
static void make_tail(uint8_t block[HASH_BLOCK], const struct hash_kind *kind)
{
    memset(block, 0, HASH_BLOCK);
    block[4 * kind->words] = 0x80;
    put_word(block + HASH_BLOCK - 4, (HASH_BLOCK + 4 * kind->words) * 8);
}

/* HMAC of the digest at the beginning of `block`, in its place. */
static void next_hmac(const struct keyed *keyed, uint8_t block[HASH_BLOCK])
{
    const struct hash_kind *kind = keyed->inner.kind;
    uint32_t state[HASH_WORDS_MAX];
    memcpy(state, keyed->inner.state, sizeof(state));
    kind->take_block(state, block);
    put_state(kind, state, block);
    memcpy(state, keyed->outer.state, sizeof(state));
    kind->take_block(state, block);
    put_state(kind, state, block);
}

static void one_block(const struct keyed *keyed, const struct hash_pbkdf2 *of, uint32_t number, uint8_t *sum)
{
    const uint32_t digest = 4 * of->kind->words;
    uint8_t block[HASH_BLOCK];
    make_tail(block, of->kind);
    first_hmac(keyed, of, number, block);
    memcpy(sum, block, digest);
    for (uint32_t i = 1; i < of->iterations; i++) {
        next_hmac(keyed, block);
        for (uint32_t n = 0; n < digest; n++) {
            sum[n] ^= block[n];
        }
        if (i % ITERATIONS_A_TURN == 0) {
            of->pause();
        }
    }
    wipe(block, sizeof(block));
}

void hash_pbkdf2(const struct hash_pbkdf2 *of, uint8_t *key, size_t length)
{
    struct keyed keyed;
    uint8_t sum[DIGEST_MAX];
    key_with(&keyed, of);
    for (uint32_t number = 1; length > 0; number++) {
        size_t count = 4 * of->kind->words;
        count = count < length ? count : length;
        one_block(&keyed, of, number, sum);
        memcpy(key, sum, count);
        key += count;
        length -= count;
    }
    wipe(&keyed, sizeof(keyed));
    wipe(sum, sizeof(sum));
}
