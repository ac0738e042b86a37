/* checksum.c: the Internet checksum's sum (RFC 1071), 64 bits at a time: whole blocks in assembly, the rest here. */
#include "net/ip/checksum.h"

#include <string.h>

#define BLOCK 64

static uint64_t add(uint64_t sum, uint64_t word)
{
    sum += word;
    return sum + (sum < word); /* the carry comes round */
}

/* The one's complement sum of 64-bit words folds to that of 16-bit words, because 2^16 - 1 divides 2^64 - 1 (RFC 1071 2
 * (C)). */
static uint16_t fold(uint64_t sum)
{
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)(sum + (sum >> 16));
}

unsigned short ip_checksum(const void *data, int length)
{
    const uint8_t *at = data;
    uint64_t sum = 0, word;
    if (length >= BLOCK) {
        uint64_t blocks = (uint64_t)length / BLOCK;
        sum = ip_checksum_blocks(at, blocks);
        at += blocks * BLOCK;
        length -= (int)(blocks * BLOCK);
    }
    for (; length >= 8; length -= 8, at += 8) {
        memcpy(&word, at, sizeof(word));
        sum = add(sum, word);
    }
    if (length & 4) {
        uint32_t half;
        memcpy(&half, at, sizeof(half));
        sum = add(sum, half);
        at += 4;
    }
    if (length & 2) {
        uint16_t quarter;
        memcpy(&quarter, at, sizeof(quarter));
        sum = add(sum, quarter);
        at += 2;
    }
    if (length & 1) {
        sum = add(sum, *at);
    }
    return fold(sum);
}
