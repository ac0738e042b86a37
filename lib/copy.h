/* lib/copy.h: memcpy() for what is long, in SIMD registers: 128 bytes in twelve instructions, where the C library has
 * twenty. For programs that have these registers anyway (WITHOUT_FP, mk/toolchain.mk): the kernel switches them among
 * those that do. Only memory: a device may take no such access.
 */
#ifndef LIB_COPY_H
#define LIB_COPY_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint64_t copy_words __attribute__((vector_size(16), aligned(1), may_alias));

/* The two may not overlap. */
static inline void copy_long(void *to, const void *from, size_t size)
{
    copy_words *out = to;
    const copy_words *in = from;

    for (; size >= 8 * sizeof(*in); size -= 8 * sizeof(*in), in += 8, out += 8) {
        copy_words a = in[0], b = in[1], c = in[2], d = in[3], e = in[4], f = in[5], g = in[6], h = in[7];

        out[0] = a, out[1] = b, out[2] = c, out[3] = d;
        out[4] = e, out[5] = f, out[6] = g, out[7] = h;
    }
    memcpy(out, in, size);
}

#endif
