/* checksum_blocks.c: what checksum_blocks.S does, for the host's tests. */
#include <string.h>

#include "net/ip/checksum.h"

uint64_t ip_checksum_blocks(const void *data, uint64_t blocks)
{
    const uint8_t *at = data;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < blocks * 8; i++) {
        uint64_t word;
        memcpy(&word, at + i * 8, sizeof(word));
        sum += word;
        sum += sum < word; /* the carry comes round */
    }
    return sum;
}
