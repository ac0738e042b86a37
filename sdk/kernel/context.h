/* context.h: the registers of a protection domain while it does not run.
 *
 * Saved by entry.S on every entry (general registers) and on a switch (FP/SIMD). The offsets are entry.S's; pd.c
 * asserts that the struct agrees.
 */
#ifndef KERNEL_CONTEXT_H
#define KERNEL_CONTEXT_H

#define CONTEXT_SP 248
#define CONTEXT_PC 256
#define CONTEXT_FP 272
#define CONTEXT_FPSR 784
#define CONTEXT_SIZE 816

#ifndef __ASSEMBLER__

#include <stdint.h>

struct context {
    uint64_t x[31];
    uint64_t sp;
    uint64_t pc;
    uint64_t spsr;
    __uint128_t q[32];
    uint64_t fpsr;
    uint64_t fpcr;
    uint64_t tpidr;
    uint64_t unused; /* the size is a multiple of 16 */
};

/* entry.S: FP/SIMD registers to `from`, then out of `to`. */
void context_switch_fp(struct context *from, const struct context *to);

#endif
#endif
