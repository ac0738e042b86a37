/* diag.c: the tool's refusals and its memory. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/tool/diag.h"

#define LINE_MAX_BYTES 8192 /* of a message; what is longer is cut off */

struct block {
    struct block *next;
    max_align_t bytes[];
};

static struct self {
    struct block *blocks; /* reachable until the end, so that a leak checker stays quiet */
} self;

static void print_place(struct place place)
{
    if (place.line == 0) {
        fprintf(stderr, "%s: ", place.file);
    } else {
        fprintf(stderr, "%s:%u:%u: ", place.file, place.line, place.column);
    }
}

/* One line, whatever the values in it: a name in a description may hold a line feed. */
static void print_line(const char *kind, const char *format, va_list args)
{
    char text[LINE_MAX_BYTES];
    vsnprintf(text, sizeof(text), format, args);
    fprintf(stderr, "%s: ", kind);
    for (const char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f) {
            fprintf(stderr, "\\x%02x", (unsigned)*c);
        } else {
            fputc(*c, stderr);
        }
    }
    fputc('\n', stderr);
}

void diag_refuse(struct place place, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_place(place);
    print_line("error", format, args);
    exit(1);
}

void diag_fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_line("microkit: error", format, args);
    exit(1);
}

void diag_broken(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_line("microkit: internal error", format, args);
    exit(1);
}

void diag_warn(struct place place, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_place(place);
    print_line("warning", format, args);
    va_end(args);
}

void *diag_alloc(size_t size)
{
    struct block *block = calloc(1, sizeof(*block) + size);
    if (block == NULL) {
        diag_fail("out of memory (%zu bytes wanted)", size);
    }
    block->next = self.blocks;
    self.blocks = block;
    return block->bytes;
}

char *diag_printf(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = diag_alloc((size_t)length + 1);
    va_start(args, format);
    vsnprintf(text, (size_t)length + 1, format, args);
    va_end(args);
    return text;
}

void *diag_grow(void *items, size_t count, size_t item_size)
{
    /* Room doubles whenever the count reaches a power of two. */
    if ((count & (count - 1)) != 0) {
        return items;
    }
    size_t room = count == 0 ? 1 : 2 * count;
    void *larger = diag_alloc(room * item_size);
    if (count != 0) {
        memcpy(larger, items, count * item_size);
    }
    return larger;
}
