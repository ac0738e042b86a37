/* malloc.c: libssl takes the buffers of records, and the state of errors, by C's names: they are of the same heap, and of
 * the same handshake's part of it (tls/heap.h).
 *   serves    libssl, which parses what strangers send: what it may take is bounded there, for each handshake
 *   when full NULL: that handshake fails, others go on
 */
#include <stdlib.h>
#include <string.h>

#include "tls/heap.h"

void *malloc(size_t size)
{
    return tls_heap_take(size);
}

void *calloc(size_t count, size_t size)
{
    size_t bytes;
    void *piece = __builtin_mul_overflow(count, size, &bytes) ? NULL : tls_heap_take(bytes);

    if (piece) {
        memset(piece, 0, bytes);
    }
    return piece;
}

void *realloc(void *piece, size_t size)
{
    return tls_heap_again(piece, size);
}

void free(void *piece)
{
    tls_heap_give_back(piece);
}
