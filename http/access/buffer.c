/* buffer.c: lines that wait, in order; a line lies in one piece.
 *   serves    file.c, which it trusts; what is in a line means nothing here
 *   when full there is no room: who has a line counts it as lost
 */
#include "http/access/buffer.h"

#include <assert.h>
#include <string.h>

#include "lib/copy.h"

void access_buffer_init(struct access_buffer *b, void *start, uint32_t size)
{
    *b = (struct access_buffer){.start = start, .limit = (char *)start + size, .from = start, .to = start};
}

/* How many of the first bytes lie in one piece. */
static uint32_t first_piece(const struct access_buffer *b)
{
    return (uint32_t)((b->wrapped ? b->end : b->to) - b->from);
}

uint32_t access_buffer_waits(const struct access_buffer *b)
{
    return first_piece(b) + (b->wrapped ? (uint32_t)(b->to - b->start) : 0);
}

uint32_t access_buffer_room(struct access_buffer *b, uint32_t most)
{
    if (!b->wrapped && b->limit - b->to < most) {
        b->wrapped = true;
        b->end = b->to;
        b->to = b->start;
    }
    uint32_t room = (uint32_t)((b->wrapped ? b->from : b->limit) - b->to);
    return room >= most ? room : 0;
}

uint32_t access_buffer_copy(const struct access_buffer *b, void *to, uint32_t most)
{
    uint32_t waits = access_buffer_waits(b), length = waits < most ? waits : most, first = first_piece(b);
    first = first < length ? first : length;
    copy_long(to, b->from, first);
    memcpy((char *)to + first, b->start, length - first);
    return length;
}

void access_buffer_take(struct access_buffer *b, uint32_t length)
{
    uint32_t waits = access_buffer_waits(b), first = first_piece(b);
    assert(length <= waits);
    if (length == waits) {
        access_buffer_init(b, b->start, (uint32_t)(b->limit - b->start));
    } else if (b->wrapped && length >= first) {
        b->wrapped = false;
        b->from = b->start + (length - first);
    } else {
        b->from += length;
    }
}
