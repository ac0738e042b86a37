/* file.c: whole files, in and out. */
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

void file_write(const char *path, const void *bytes, size_t size)
{
    char *temporary = diag_printf("%s.%ld.tmp", path, (long)getpid());
    FILE *file = fopen(temporary, "wb");
    if (file == NULL) {
        diag_fail("cannot write '%s'; %s", path, strerror(errno));
    }
    bool written = fwrite(bytes, 1, size, file) == size;
    written = fclose(file) == 0 && written;
    if (!written || rename(temporary, path) != 0) {
        int reason = errno;
        unlink(temporary);
        diag_fail("cannot write '%s'; %s", path, strerror(reason));
    }
}
