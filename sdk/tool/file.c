/* file.c: whole files, in and out.
 *   invariant outputs are written beside their places, then renamed: each is the old one or the new one, whole, and
 *             where one cannot be written none is touched
 */
#include <errno.h>
#include <stdio.h>
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

/* A folder cannot be replaced: that is found out before anything is. */
static bool can_be_replaced(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
        return true;
    }
    errno = EISDIR;
    return false;
}

void file_write_all(const struct file_output *outputs, size_t count)
{
    const char **fresh = diag_alloc(count * sizeof(fresh[0]));
    const char *failed = NULL;
    for (size_t i = 0; i < count && failed == NULL; i++) {
        fresh[i] = diag_printf("%s.%ld.tmp", outputs[i].path, (long)getpid());
        failed = can_be_replaced(outputs[i].path) && write_file(fresh[i], &outputs[i]) ? NULL : outputs[i].path;
    }
    for (size_t i = 0; i < count && failed == NULL; i++) {
        failed = rename(fresh[i], outputs[i].path) == 0 ? NULL : outputs[i].path;
    }
    if (failed != NULL) {
        int reason = errno;
        for (size_t i = 0; i < count && fresh[i] != NULL; i++) {
            unlink(fresh[i]);
        }
        diag_fail("cannot write '%s'; %s", failed, strerror(reason));
    }
}
