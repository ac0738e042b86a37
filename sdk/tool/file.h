/* tool/file.h: whole files, in and out. */
#ifndef TOOL_FILE_H
#define TOOL_FILE_H

#include <stdbool.h>

#include "sdk/tool/diag.h"

/* The bytes of a file, with a NUL after them that `size` does not count. A failure is reported at `place`. */
char *file_read(struct place place, const char *path, size_t *size);

bool file_exists(const char *path);

struct file_output {
    const char *path;
    const void *bytes;
    size_t size;
};

/* All of them or none: written beside their places, then renamed. Whoever reads sees an old file or a whole new one. */
void file_write_all(const struct file_output *outputs, size_t count);

#endif
