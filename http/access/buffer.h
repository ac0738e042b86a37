/* http/access/buffer.h: whole lines that wait to be written, in memory of fixed size. */
#ifndef HTTP_ACCESS_BUFFER_H
#define HTTP_ACCESS_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct access_buffer {
    char *start;
    uint32_t size, from, to; /* the lines are from..to, or behind a wrap from..end and 0..to */
    uint32_t end;
    uint32_t free;  /* bytes behind `to`, in one piece */
    uint32_t waits; /* bytes of lines */
    bool wrapped;
};

void access_buffer_init(struct access_buffer *buffer, void *start, uint32_t size);
bool access_buffer_wrap(struct access_buffer *buffer, uint32_t most);

/* In one piece. NULL: it is full. */
static inline char *access_buffer_room(struct access_buffer *buffer, uint32_t most)
{
    return buffer->free >= most || access_buffer_wrap(buffer, most) ? buffer->start + buffer->to : NULL;
}

/* So much of that was written. */
static inline void access_buffer_put(struct access_buffer *buffer, uint32_t length)
{
    buffer->to += length;
    buffer->free -= length;
    buffer->waits += length;
}

/* The first bytes, at most so many: whole lines, unless that ends within one. Returns how many. */
uint32_t access_buffer_copy(const struct access_buffer *buffer, void *to, uint32_t most);
void access_buffer_take(struct access_buffer *buffer, uint32_t length); /* of what was copied */

#endif
