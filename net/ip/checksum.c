/* checksum.c: the Internet checksum's sum (RFC 1071), 64 bits at a time. */
#include <stdint.h>
#include <string.h>

unsigned short ip_checksum(const void *data, int length);

static uint64_t word_at(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

/* The one's complement sum of 64-bit words folds to that of 16-bit words, because 2^16 - 1 divides 2^64 - 1 (RFC 1071 2 (C)). */
static uint16_t fold(unsigned __int128 sum)
{
    uint64_t low = (uint64_t)sum;
    uint64_t high = (uint64_t)(sum >> 64);
    uint64_t folded = (low & 0xffffffff) + (low >> 32) + high;
    folded = (folded & 0xffff) + (folded >> 16 & 0xffff) + (folded >> 32);
    folded = (folded & 0xffff) + (folded >> 16);
    folded = (folded & 0xffff) + (folded >> 16);
    return (uint16_t)folded;
}

/* lwIP wants the sum itself, not its complement, of 16-bit words as they lie in memory; an odd last byte is padded with zero. */
unsigned short ip_checksum(const void *data, int length)
{
    const uint8_t *at = data;
    unsigned __int128 sum = 0;
    for (; length >= 32; length -= 32, at += 32) {
        sum += word_at(at);
        sum += word_at(at + 8);
        sum += word_at(at + 16);
        sum += word_at(at + 24);
    }
    for (; length >= 8; length -= 8, at += 8) {
        sum += word_at(at);
    }
    if (length > 0) {
        uint64_t last = 0;
        memcpy(&last, at, (size_t)length);
        sum += last;
    }
    return fold(sum);
}
