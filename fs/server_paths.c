/* fs/server_paths.c: a path as a client or a symbolic link gives it, made into the form that operations see.
 *   consumes  bytes      NOT trusted: any length, any bytes; a copy that nobody changes meanwhile
 *   produces  a path     absolute, without ".", ".." and empty names, never above the root, terminated
 */
#include "lib/pd.h"

#include <string.h>
#include "fs/server.h"

enum fs_status fs_server_normalise(const char *from, uint64_t length, char *to, bool *slash)
{
    if (length == 0 || length > FS_PATH_MAX || from[0] != '/' || memchr(from, '\0', length)) {
        return FS_STATUS_INVALID_PATH;
    }
    uint64_t end = 0;
    for (uint64_t i = 0; i < length;) {
        const char *name = from + i;
        const char *end_of_name = memchr(name, '/', length - i);
        uint64_t size = end_of_name ? (uint64_t)(end_of_name - name) : length - i;
        i += size + 1;
        if (size == 0 || (size == 1 && name[0] == '.')) {
            continue;
        }
        if (size == 2 && name[0] == '.' && name[1] == '.') {
            if (end == 0) {
                return FS_STATUS_INVALID_PATH;
            }
            while (to[--end] != '/') {
            }
            continue;
        }
        if (size > FS_NAME_MAX) {
            return FS_STATUS_NAME_TOO_LONG;
        }
        to[end++] = '/';
        memcpy(to + end, name, size);
        end += size;
    }
    if (end == 0) {
        to[end++] = '/';
    }
    to[end] = '\0';
    *slash = from[length - 1] == '/' || (from[length - 1] == '.' && from[length - 2] == '/');
    return FS_STATUS_OK;
}
