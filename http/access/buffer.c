/* buffer.c: lines that wait, in order; a line lies in one piece.
 *   when full there is no room: who has a line counts it as lost
 */
#include "http/access/buffer.h"

#include <assert.h>
#include <string.h>

void access_buffer_init(struct access_buffer *b, void *start, uint32_t size)
{
    *b = (struct access_buffer){.start = start, .size = size, .free = size};
}

/* There is too little behind the last line. True: in front of the first one there is enough. */
bool access_buffer_wrap(struct access_buffer *b, uint32_t most)
{
    if (b->wrapped || b->from < most) {
        return false;
    }
    b->wrapped = true;
    b->end = b->to;
    b->to = 0;
    b->free = b->from;
    return true;
}

/* How many of the first bytes lie in one piece. */
static uint32_t first_piece(const struct access_buffer *b)
{
    return (b->wrapped ? b->end : b->to) - b->from;
}

uint32_t access_buffer_copy(const struct access_buffer *b, void *to, uint32_t most)
{
    uint32_t length = b->waits < most ? b->waits : most, first = first_piece(b);
    first = first < length ? first : length;
    memcpy(to, b->start + b->from, first);
    memcpy((char *)to + first, b->start, length - first);
    return length;
}

static void see_free(struct access_buffer *b)
{
    if (b->waits == 0) {
        access_buffer_init(b, b->start, b->size);
    } else {
        b->free = (b->wrapped ? b->from : b->size) - b->to;
    }
}

void access_buffer_take(struct access_buffer *b, uint32_t length)
{
    uint32_t first = first_piece(b);
    assert(length <= b->waits);
    b->waits -= length;
    if (b->wrapped && length >= first) {
        b->wrapped = false;
        b->from = length - first;
    } else {
        b->from += length;
    }
    see_free(b);
}
