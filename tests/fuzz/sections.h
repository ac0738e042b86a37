/* tests/fuzz/sections.h: before every source of a fuzz target but fuzz.c: its variables go into two sections, and its
 * heap is fuzz.c's, so that fuzz.c can put both back.
 */
#ifndef FUZZ_SECTIONS_H
#define FUZZ_SECTIONS_H

#include <stdlib.h>
#include <string.h>

void *fuzz_malloc(size_t size);
void *fuzz_calloc(size_t count, size_t size);
void *fuzz_realloc(void *old, size_t size);
void fuzz_free(void *at);
char *fuzz_strdup(const char *text);

/* Sources whose heap has an end: fuzz_heap_limit(). */
#ifdef FUZZ_SCARCE
void *fuzz_scarce_malloc(size_t size);
void *fuzz_scarce_calloc(size_t count, size_t size);
#define malloc fuzz_scarce_malloc
#define calloc fuzz_scarce_calloc
#else
#define malloc fuzz_malloc
#define calloc fuzz_calloc
#endif
#define realloc fuzz_realloc
#define free fuzz_free
#undef strdup
#define strdup fuzz_strdup

#define PD_KEPT /* each input is a first start */
#pragma clang section bss = "fuzz_bss" data = "fuzz_data"

#endif
