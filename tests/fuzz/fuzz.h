/* tests/fuzz/fuzz.h: a fuzz target: a parser of bytes from outside, and a way to hand it bytes.
 *
 *   tests/fuzz/NAME.c         fuzz_begin() once, then fuzz_run() for each input
 *   tests/fuzz/NAME.dict      words of the language, where they help (libFuzzer's format)
 *   tests/fuzz/corpus/NAME/   inputs that are kept: what reaches the parser's lines, and what once broke it
 *
 * Every run begins in the state that fuzz_begin() left: all variables and the heap of what is under test are put back
 * (tests/fuzz/sections.h). So an input alone makes a fault come again.
 *
 * Without arguments the program replays the kept corpus, as one of `make unit`'s tests; with arguments it is libFuzzer.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/unit/check.h"

/* An input that is read from its beginning; behind its end there are zeros. */
struct fuzz_input {
    const uint8_t *at;
    size_t left;
};

/* The target's. A target whose state is all in fuzz_run() has an empty fuzz_begin(). */
void fuzz_begin(void);
void fuzz_run(struct fuzz_input *in);

uint8_t fuzz_byte(struct fuzz_input *in);
uint16_t fuzz_16(struct fuzz_input *in);
uint32_t fuzz_32(struct fuzz_input *in);
uint64_t fuzz_64(struct fuzz_input *in);
void fuzz_fill(struct fuzz_input *in, void *to, size_t size);
/* So many bytes, or all that are left; nothing is copied. */
const uint8_t *fuzz_take(struct fuzz_input *in, size_t size, size_t *taken);

/* A copy in memory of exactly its size, so that the address sanitizer sees every byte too many. */
void *fuzz_exactly(const void *bytes, size_t size);

/* In the middle of a run: everything as fuzz_begin() left it, but for the input, and for what fuzz_keep() was given. */
void fuzz_again(void);
void *fuzz_keep(const void *bytes, size_t size); /* a copy that stays until the run's end; at most 1 MiB of all */

/* Bytes of the heap that are in use: what a run left behind. */
size_t fuzz_heap_used(void);

/* More than so many bytes of it are not given to sources that are compiled with -DFUZZ_SCARCE; at first all are. */
void fuzz_heap_limit(size_t bytes);

/* What a right program guarantees. */
#define DEMAND(condition) CHECK(condition)

#endif
