/* buffer.c: lines that wait, in order; a line lies in one piece.
 *   when full there is no room: who has a line counts it as lost
 */
#include "http/access/buffer.h"

#include <assert.h>
#include <stddef.h>

void access_buffer_init(struct access_buffer *b, void *start, uint32_t size)
{
    *b = (struct access_buffer){.start = start, .size = size};
}

char *access_buffer_room(struct access_buffer *b, uint32_t most)
{
    if (!b->wrapped && b->size - b->to < most) {
        b->wrapped = true;
        b->end = b->to;
        b->to = 0;
    }
    return (b->wrapped ? b->from : b->size) - b->to >= most ? b->start + b->to : NULL;
}

void access_buffer_put(struct access_buffer *b, uint32_t length)
{
    b->to += length;
}

static void see_end(struct access_buffer *b)
{
    if (b->wrapped && b->from == b->end) {
        b->wrapped = false;
        b->from = 0;
    }
    if (!b->wrapped && b->from == b->to) {
        b->from = b->to = 0;
    }
}

const char *access_buffer_first(const struct access_buffer *b, uint32_t *length)
{
    *length = (b->wrapped ? b->end : b->to) - b->from;
    return b->start + b->from;
}

void access_buffer_take(struct access_buffer *b, uint32_t length)
{
    b->from += length;
    assert(b->from <= (b->wrapped ? b->end : b->to));
    see_end(b);
}
