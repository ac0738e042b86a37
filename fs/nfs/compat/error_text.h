/* fs/nfs/compat/error_text.h: included before each of libnfs' sources. libnfs writes the text of an error into memory
 * that it asks for, and does not look whether there was any: when the heap is full, just then, it would write to
 * address 0. Here there is no text then, which its readers know how to take.
 */
#ifndef NFS_COMPAT_ERROR_TEXT_H
#define NFS_COMPAT_ERROR_TEXT_H

#include <stdarg.h>
#include <stdio.h>

static inline int nfs_error_text(char *to, size_t size, const char *format, va_list arguments)
{
    return to ? vsnprintf(to, size, format, arguments) : -1;
}
#define vsnprintf nfs_error_text

#endif
