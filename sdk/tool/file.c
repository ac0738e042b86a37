/* file.c: whole files, in and out.
 *   invariant outputs are written beside their places, then renamed: each is the old one or the new one, whole, and
 *             where one cannot be written none is touched; a device or a pipe is written to as it is
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sdk/tool/file.h"

bool file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

char *file_read(struct place place, const char *path, size_t *size)
{
    struct stat st;
    FILE *file = fopen(path, "rb");
    if (file == NULL || fstat(fileno(file), &st) != 0) {
        diag_refuse(place, "cannot read '%s'; %s", path, strerror(errno));
    }
    if (!S_ISREG(st.st_mode)) {
        diag_refuse(place, "cannot read '%s'; not a regular file", path);
    }
    char *bytes = diag_alloc((size_t)st.st_size + 1);
    *size = fread(bytes, 1, (size_t)st.st_size, file);
    if (*size != (size_t)st.st_size) {
        diag_refuse(place, "cannot read '%s'; it ended after %zu of %zu bytes", path, *size, (size_t)st.st_size);
    }
    fclose(file);
    return bytes;
}

/* False: errno says why. */
static bool write_file(const char *path, const struct file_output *output)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        return false;
    }
    bool written = fwrite(output->bytes, 1, output->size, file) == output->size;
    return fclose(file) == 0 && written;
}

/* Where a link leads, so that it stays; the path itself where nothing is yet. */
static const char *behind_links(const char *path)
{
    char *end = realpath(path, NULL);
    const char *found = end != NULL ? diag_printf("%s", end) : path;
    free(end);
    return found;
}

/* The name under which an output is written first. What is there and is no file, like /dev/null or a pipe, has no other
 * one: it must stay what it is. NULL: a folder, errno says so. */
static const char *first_name(const char *path)
{
    struct stat st;
    bool there = stat(path, &st) == 0;
    if (there && S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        return NULL;
    }
    return there && !S_ISREG(st.st_mode) ? path : diag_printf("%s.%ld.tmp", behind_links(path), (long)getpid());
}

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && S_ISREG(x.st_mode) && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static void remove_first(const struct file_output *outputs, const char **first, size_t count)
{
    for (size_t i = 0; i < count && first[i] != NULL; i++) {
        if (first[i] != outputs[i].path) {
            unlink(first[i]);
        }
    }
}

void file_write_all(const struct file_output *outputs, size_t count)
{
    const char **first = diag_alloc(count * sizeof(first[0]));
    const char *failed = NULL;
    for (size_t i = 0; i < count && failed == NULL; i++) {
        first[i] = first_name(outputs[i].path);
        failed = first[i] != NULL && write_file(first[i], &outputs[i]) ? NULL : outputs[i].path;
        for (size_t j = 0; j < i && failed == NULL; j++) {
            if (same_file(first[i], first[j])) {
                remove_first(outputs, first, count);
                diag_fail("image and report are one file (%s)", outputs[i].path);
            }
        }
    }
    for (size_t i = 0; i < count && failed == NULL; i++) {
        bool renamed = first[i] == outputs[i].path || rename(first[i], behind_links(outputs[i].path)) == 0;
        failed = renamed ? NULL : outputs[i].path;
    }
    if (failed != NULL) {
        int reason = errno;
        remove_first(outputs, first, count);
        diag_fail("cannot write '%s'; %s", failed, strerror(reason));
    }
}
