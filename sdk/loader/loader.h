/* loader.h: between start.S and loader.c. */
#ifndef LOADER_LOADER_H
#define LOADER_LOADER_H

#include <stdint.h>

/* Wherever the image lies, translation on or off: 0 if it lies where it belongs, else where the code that moves it can
 * be put: outside both places. Does not return if this is no image. `base` is where it lies. */
uint64_t loader_scratch(uint64_t base);

/* At its place, at EL1, translation off: builds the identity map and says how it is to be
 * read (MAIR, TCR); start.S then turns translation on. */
uint64_t *loader_map(void);

/* Translation on: checks and completes memory, then enters the kernel. */
_Noreturn void loader_finish(void);

/* start.S */
_Noreturn void enter_kernel(uint64_t system_va, uint64_t entry, uint64_t ttbr1);
void zero(uint64_t pa, uint64_t size);

/* crc.c: CRC-32C (RFC 3720, 12.1) of the 64-bit words of [from, to), and of `count` words of 0, continuing `crc`.
 * Without the inversions at its begin and end. */
uint32_t crc_words(uint32_t crc, uint64_t from, uint64_t to);
uint32_t crc_zeros(uint32_t crc, uint64_t count);

/* uart_pl011.c or another, as the board has it */
void uart_putc(uint64_t uart_pa, char c);

#endif
