/* cache.c: DC instructions line by line (Arm ARM, C6.2 DC CVAC, DC CIVAC; CTR_EL0.DminLine). */
#include "net/cache.h"

#include <stdint.h>

static uintptr_t line_size(void)
{
    uint64_t ctr;
    __asm__("mrs %0, ctr_el0" : "=r"(ctr));
    return 4ul << ((ctr >> 16) & 0xf);
}

void cache_clean(const void *start, size_t length)
{
    uintptr_t line = line_size();
    for (uintptr_t at = (uintptr_t)start & ~(line - 1); at < (uintptr_t)start + length; at += line) {
        __asm__ volatile("dc cvac, %0" ::"r"(at) : "memory");
    }
    __asm__ volatile("dsb sy" ::: "memory");
}

void cache_invalidate(const void *start, size_t length)
{
    uintptr_t line = line_size();
    for (uintptr_t at = (uintptr_t)start & ~(line - 1); at < (uintptr_t)start + length; at += line) {
        __asm__ volatile("dc civac, %0" ::"r"(at) : "memory");
    }
    __asm__ volatile("dsb sy" ::: "memory");
}
