/* memory.c: what a compiler may call without being asked to: even freestanding code has to have it (GCC 12 manual, 2.1).
 * Clang makes no call of it here, and the linker then leaves it out.
 *   trusts    the compiler: length and place are its own
 *   invariant makes no call of itself, whatever a compiler takes the loop for
 */
#include "sdk/kernel/arch.h"

#include <stddef.h>

void *memset(void *to, int value, size_t size);

void *memset(void *to, int value, size_t size)
{
    unsigned char *byte = to;

    for (size_t n = 0; n < size; n++) {
        byte[n] = (unsigned char)value;
        __asm__ volatile("" : : : "memory"); /* else this loop is taken for a memset and becomes a call of itself */
    }
    return to;
}
