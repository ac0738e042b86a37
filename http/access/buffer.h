/* http/access/buffer.h: whole lines that wait to be written, in memory of fixed size. */
#ifndef HTTP_ACCESS_BUFFER_H
#define HTTP_ACCESS_BUFFER_H

#include <stdbool.h>
#include <stdint.h>

struct access_buffer {
    char *start;
    uint32_t size, from, to; /* the lines are from..to, or behind a wrap from..end and 0..to */
    uint32_t end;
    bool wrapped;
};

void access_buffer_init(struct access_buffer *buffer, void *start, uint32_t size);
uint32_t access_buffer_waits(const struct access_buffer *buffer); /* bytes of lines */
/* Bytes behind the last line that lie in one piece: `most` at least, or 0: it is full. */
uint32_t access_buffer_room(struct access_buffer *buffer, uint32_t most);

static inline char *access_buffer_at(const struct access_buffer *buffer)
{
    return buffer->start + buffer->to;
}

/* So much of that was written. */
static inline void access_buffer_put(struct access_buffer *buffer, uint32_t length)
{
    buffer->to += length;
}

/* The first bytes, at most so many: whole lines, unless that ends within one. Returns how many. */
uint32_t access_buffer_copy(const struct access_buffer *buffer, void *to, uint32_t most);
void access_buffer_take(struct access_buffer *buffer, uint32_t length); /* of what was copied */

#endif
