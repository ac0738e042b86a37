/* crc.c: CRC-32C of an image, by the CPU's instructions where it has them (Arm ARM C6.2, CRC32CX; FEAT_CRC32). */
#include "sdk/loader/loader.h"

#include <arm_acle.h>
#include <stdbool.h>

#define POLYNOMIAL_REFLECTED 0x82f63b78u /* RFC 3720, 12.1 */
#define ISAR0_CRC32(isar0) (((isar0) >> 16) & 0xf)

static bool by_instruction(void)
{
    uint64_t isar0;

    __asm__("mrs %0, id_aa64isar0_el1" : "=r"(isar0));
    return ISAR0_CRC32(isar0) != 0;
}

static uint32_t half_by_bits(uint32_t crc, uint32_t half)
{
    crc ^= half;
    for (unsigned bit = 0; bit < 32; bit++) {
        crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL_REFLECTED : 0);
    }
    return crc;
}

static uint32_t by_bits(uint32_t crc, uint64_t word)
{
    return half_by_bits(half_by_bits(crc, (uint32_t)word), (uint32_t)(word >> 32));
}

uint32_t crc_words(uint32_t crc, uint64_t from, uint64_t to)
{
    const uint64_t *end = (const uint64_t *)to;

    if (!by_instruction()) {
        for (const uint64_t *word = (const uint64_t *)from; word < end; word++) {
            crc = by_bits(crc, *word);
        }
        return crc;
    }
#pragma clang loop unroll_count(8)
    for (const uint64_t *word = (const uint64_t *)from; word < end; word++) {
        crc = __crc32cd(crc, *word);
    }
    return crc;
}

uint32_t crc_zeros(uint32_t crc, uint64_t count)
{
    static const uint64_t zero;

    for (uint64_t n = 0; n < count; n++) {
        crc = crc_words(crc, (uint64_t)&zero, (uint64_t)(&zero + 1));
    }
    return crc;
}
