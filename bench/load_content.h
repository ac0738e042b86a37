/* load_content.h: what the load generator asks for, and what the answers should be. */
#ifndef BENCH_LOAD_CONTENT_H
#define BENCH_LOAD_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct load_content {
    const uint8_t *bytes; /* NULL: not compared */
    size_t size;
};

/* The path of request `number`. */
void load_path(char *out, size_t size, uint32_t number);

/* All requests are for one file. */
bool load_one_file(void);

/* The file below --root that this path names, mapped; bytes == NULL without a root. Ends the program if it is
 * missing or empty. */
struct load_content load_content_of(const char *path);

#endif
