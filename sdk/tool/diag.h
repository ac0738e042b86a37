/* tool/diag.h: how the tool says no, and the memory it works in.
 *
 * A mistake is one line, `FILE:LINE:COLUMN: error: what (value); why or what is allowed`, and ends the run with status
 * 1 before any output file has been touched. The first mistake ends it: later ones are often its echo.
 * Memory is held until the process ends: a run builds one image.
 */
#ifndef TOOL_DIAG_H
#define TOOL_DIAG_H

#include <stddef.h>

struct place {
    const char *file;
    unsigned line;   /* 0: the whole file is meant */
    unsigned column; /* from 1, in bytes */
};

_Noreturn void diag_refuse(struct place place, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* For what has no place in a file: the command line, a failed write. */
_Noreturn void diag_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The tool contradicts itself: never the user's fault. */
_Noreturn void diag_broken(const char *format, ...) __attribute__((format(printf, 1, 2)));

void diag_warn(struct place place, const char *format, ...) __attribute__((format(printf, 2, 3)));

void *diag_alloc(size_t size); /* zeroed */
char *diag_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
void *diag_grow(void *items, size_t count, size_t item_size);

/* Append one zeroed item to an array that started as NULL with count 0; gives its address. Earlier addresses of items
 * are void after it. */
#define PUSH(items, count) ((items) = diag_grow((items), (count), sizeof(*(items))), &(items)[(count)++])

#endif
