/* random.c: random numbers: ChaCha20 (RFC 8439 2.3) over a key that is replaced by its own output, seeded from what the
 * board has. How good the seed is: docs/LIMITS.md.
 *   consumes  the counter, the MAC address, the clock's seconds; arrival times of frames, which others choose: each is
 *             mixed into the key, none replaces it
 *   produces  as many words as are asked for, at once
 *   invariant what was given out is wiped, and cannot be computed from what is kept
 */
#include <string.h>

#include "lib/pd.h"
#include "net/ip/internal.h"

#define STIRRED_MAX 256 /* events that still add to the key */

static struct {
    uint32_t key[8];
    uint32_t block[16];
    uint32_t used; /* words of the block */
    uint32_t stirred;
    uint64_t hash_key[2];
} self = {.used = 16};

static uint32_t rotate(uint32_t x, int n)
{
    return x << n | x >> (32 - n);
}

static void quarter(uint32_t *s, int a, int b, int c, int d)
{
    s[a] += s[b];
    s[d] = rotate(s[d] ^ s[a], 16);
    s[c] += s[d];
    s[b] = rotate(s[b] ^ s[c], 12);
    s[a] += s[b];
    s[d] = rotate(s[d] ^ s[a], 8);
    s[c] += s[d];
    s[b] = rotate(s[b] ^ s[c], 7);
}

static void chacha(uint32_t out[16], const uint32_t key[8], uint32_t counter)
{
    static const uint32_t constant[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    uint32_t start[16] = {0};
    memcpy(start, constant, sizeof(constant));
    memcpy(start + 4, key, 8 * sizeof(*key));
    start[12] = counter;
    memcpy(out, start, sizeof(start));
    for (int i = 0; i < 10; i++) {
        quarter(out, 0, 4, 8, 12);
        quarter(out, 1, 5, 9, 13);
        quarter(out, 2, 6, 10, 14);
        quarter(out, 3, 7, 11, 15);
        quarter(out, 0, 5, 10, 15);
        quarter(out, 1, 6, 11, 12);
        quarter(out, 2, 7, 8, 13);
        quarter(out, 3, 4, 9, 14);
    }
    for (int i = 0; i < 16; i++) {
        out[i] += start[i];
    }
}

/* One block replaces the key, the next is for use: what was given out cannot be computed from what is kept. */
static void refill(void)
{
    uint32_t fresh[16];
    chacha(fresh, self.key, 0);
    memcpy(self.key, fresh, sizeof(self.key));
    chacha(self.block, self.key, 1);
    self.used = 0;
}

void ip_random_stir(uint64_t value)
{
    if (self.stirred >= STIRRED_MAX) {
        return;
    }
    self.key[self.stirred % 4 * 2] ^= (uint32_t)value;
    self.key[self.stirred % 4 * 2 + 1] ^= (uint32_t)(value >> 32);
    self.stirred++;
    self.used = 16;
}

/* The counter's low bits after work whose length varies: cache and interpreter state, on QEMU the host's load. */
static void stir_jitter(void)
{
    for (uint32_t i = 0; i < 64; i++) {
        uint64_t before = pd_now_ticks();
        for (uint64_t j = 0; j <= (before & 15); j++) {
            refill();
        }
        ip_random_stir(before * 0x9e3779b97f4a7c15 ^ pd_now_ticks());
    }
}

void ip_random_seed(const struct ip_config *config, const uint8_t mac[6])
{
    uint64_t mac_bits = 0;
    memcpy(&mac_bits, mac, 6);
    ip_random_stir(mac_bits);
    ip_random_stir(config->rtc ? *config->rtc : 0);
    stir_jitter();
    ip_random_bytes(self.hash_key, sizeof(self.hash_key));
}

uint32_t ip_random(void)
{
    if (self.used == 16) {
        refill();
    }
    uint32_t word = self.block[self.used];
    self.block[self.used++] = 0;
    return word;
}

void ip_random_bytes(void *bytes, uint32_t count)
{
    uint8_t *at = bytes;
    while (count > 0) {
        uint32_t word = ip_random();
        uint32_t step = count < sizeof(word) ? count : (uint32_t)sizeof(word);
        memcpy(at, &word, step);
        at += step;
        count -= step;
    }
}

/* Keyed with what nobody outside knows. One ChaCha block: as strong as it gets, and a new connection is rare enough. */
uint64_t ip_random_keyed_hash(uint64_t a, uint64_t b)
{
    uint32_t key[8], out[16];
    memcpy(key, self.hash_key, 16);
    memcpy(key + 4, &a, 8);
    memcpy(key + 6, &b, 8);
    chacha(out, key, 2);
    return (uint64_t)out[1] << 32 | out[0];
}
