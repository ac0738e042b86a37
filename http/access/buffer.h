/* http/access/buffer.h: whole lines that wait to be written, in memory of fixed size. */
#ifndef HTTP_ACCESS_BUFFER_H
#define HTTP_ACCESS_BUFFER_H

#include <stdbool.h>
#include <stdint.h>

struct access_buffer {
    char *start, *limit;
    char *from, *to; /* the lines are from..to, or behind a wrap from..end and start..to */
    char *end;
    bool wrapped;
};

void access_buffer_init(struct access_buffer *buffer, void *start, uint32_t size);
uint32_t access_buffer_waits(const struct access_buffer *buffer); /* bytes of lines */
/* Bytes at `to`, where who has written a line moves it behind that: `most` at least in one piece, or 0: it is full. */
uint32_t access_buffer_room(struct access_buffer *buffer, uint32_t most);

/* The first bytes, at most so many: whole lines, unless that ends within one. Returns how many. */
uint32_t access_buffer_copy(const struct access_buffer *buffer, void *to, uint32_t most);
void access_buffer_take(struct access_buffer *buffer, uint32_t length); /* of what was copied */

#endif
