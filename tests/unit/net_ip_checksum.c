/* net_ip_checksum.c: ip_checksum against the definition (RFC 1071), over all alignments and lengths. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/ip/checksum.h"
#include "tests/unit/check.h"

static uint16_t by_definition(const uint8_t *data, int length)
{
    uint32_t sum = 0;
    for (int i = 0; i + 1 < length; i += 2) {
        sum += (uint32_t)data[i] | (uint32_t)data[i + 1] << 8;
    }
    if (length & 1) {
        sum += data[length - 1];
    }
    while (sum >> 16) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)sum;
}

static void compare(const uint8_t *source, int alignment, int length)
{
    size_t exact = (size_t)alignment + (size_t)length; /* a read beyond the end is caught */
    uint8_t *memory = malloc(exact ? exact : 1);
    uint8_t *data = memory + alignment;
    memcpy(data, source, (size_t)length);
    uint16_t is = ip_checksum(data, length), should = by_definition(data, length);
    if (is != should) {
        FAIL("alignment %d, length %d: %#x, should be %#x", alignment, length, is, should);
    }
    free(memory);
}

int main(void)
{
    static uint8_t bytes[70000];
    srand(1);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)rand();
    }
    for (int alignment = 0; alignment < 16; alignment++) {
        for (int length = 0; length < 1600; length += length < 200 ? 1 : 37) {
            compare(bytes, alignment, length);
        }
    }
    compare(bytes, 1, 65535);
    memset(bytes, 0xff, sizeof(bytes)); /* every carry there can be */
    for (int length = 0; length < 300; length++) {
        compare(bytes, 0, length);
    }
    compare(bytes, 3, 65535);
    memset(bytes, 0, sizeof(bytes));
    compare(bytes, 0, 64);
    return 0;
}
