/* random.c: random numbers: ChaCha20 (RFC 8439 2.3) over a key that is replaced by its own output, fed by whoever has
 * something that others cannot know.
 *   consumes  seeds, jitter, arrival times of frames, which others choose: each is mixed into the key, none replaces it
 *   produces  as many words as are asked for, at once
 *   invariant what was given out is wiped, and cannot be computed from what is kept
 *   when full no more than HANDLERS_MAX handlers: refused; after STIRRED_MAX events no more are mixed in
 */
#include "lib/random.h"

#include <string.h>
#include "lib/pd.h"

#define STIRRED_MAX 256
#define HANDLERS_MAX 4

enum outcome { OPEN, WITHOUT, SOUND };

static struct {
    uint32_t key[8];
    uint32_t block[16];
    uint32_t given; /* words of the block; at first it has none */
    bool filled;
    uint32_t stirred;
    enum outcome outcome;
    uint32_t handler_count;
    struct {
        void (*function)(void *);
        void *context;
    } handlers[HANDLERS_MAX];
} self;

/* What nobody should find, on the stack. */
static void wipe(uint32_t *words, uint32_t count)
{
    memset(words, 0, count * sizeof(*words));
    __asm__ volatile("" : : "r"(words) : "memory"); /* somebody might read them */
}

/* -- the cipher -- */

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
    wipe(start, 16);
}

/* -- numbers out -- */

static void replace_key(void)
{
    uint32_t fresh[16];
    chacha(fresh, self.key, 0);
    memcpy(self.key, fresh, sizeof(self.key));
    wipe(fresh, 16);
}

/* Of one key the block 1 is for use, and half of block 0 the next key: from that, the block cannot be computed again. */
static void refill(void)
{
    chacha(self.block, self.key, 1);
    replace_key();
    self.given = 0;
    self.filled = true;
}

uint32_t random_word(void)
{
    if (!self.filled || self.given == 16) {
        refill();
    }
    uint32_t word = self.block[self.given];
    self.block[self.given++] = 0;
    return word;
}

void random_bytes(void *bytes, uint32_t count)
{
    uint8_t *at = bytes;
    while (count > 0) {
        uint32_t word = random_word();
        uint32_t step = count < sizeof(word) ? count : (uint32_t)sizeof(word);
        memcpy(at, &word, step);
        at += step;
        count -= step;
    }
}

uint64_t random_keyed_hash(const uint64_t key[2], uint64_t a, uint64_t b)
{
    uint32_t whole[8], out[16];
    memcpy(whole, key, 16);
    memcpy(whole + 4, &a, 8);
    memcpy(whole + 6, &b, 8);
    chacha(out, whole, 2);
    return (uint64_t)out[1] << 32 | out[0];
}

/* -- and what they are made of, in -- */

void random_stir(uint64_t value)
{
    if (self.stirred >= STIRRED_MAX) {
        return;
    }
    self.key[self.stirred % 4 * 2] ^= (uint32_t)value;
    self.key[self.stirred % 4 * 2 + 1] ^= (uint32_t)(value >> 32);
    self.stirred++;
    self.filled = false;
}

/* Cache and interpreter state, on QEMU the host's load. */
void random_stir_jitter(void)
{
    for (uint32_t i = 0; i < 64; i++) {
        uint64_t before = pd_now_ticks();
        for (uint64_t j = 0; j <= (before & 15); j++) {
            refill();
        }
        random_stir(before * 0x9e3779b97f4a7c15 ^ pd_now_ticks());
    }
}

/* The key passes the cipher after each part: who chose the next part could not undo one without knowing the key. */
void random_mix(const void *bytes, uint32_t count)
{
    const uint8_t *at = bytes;
    while (count > 0) {
        uint32_t part[8] = {0};
        uint32_t step = count < sizeof(part) ? count : (uint32_t)sizeof(part);
        memcpy(part, at, step);
        for (uint32_t i = 0; i < 8; i++) {
            self.key[i] ^= part[i];
        }
        replace_key();
        wipe(part, 8);
        at += step;
        count -= step;
    }
    self.filled = false;
}

/* -- the outcome -- */

bool random_is_sound(void)
{
    return self.outcome == SOUND;
}

void random_settle(bool sound)
{
    enum outcome outcome = sound ? SOUND : WITHOUT;
    if (self.outcome >= outcome) {
        return;
    }
    self.outcome = outcome;
    for (uint32_t i = 0; i < self.handler_count; i++) {
        self.handlers[i].function(self.handlers[i].context);
    }
}

void random_on_outcome(void (*handler)(void *context), void *context)
{
    require(self.handler_count < HANDLERS_MAX, "random: handlers of random_on_outcome", self.handler_count);
    self.handlers[self.handler_count].function = handler;
    self.handlers[self.handler_count].context = context;
    self.handler_count++;
    if (self.outcome != OPEN) {
        handler(context);
    }
}
