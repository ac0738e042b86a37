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
char *access_buffer_room(struct access_buffer *buffer, uint32_t most); /* in one piece. NULL: it is full */
void access_buffer_put(struct access_buffer *buffer, uint32_t length); /* so much of that was written */
/* The first bytes that lie in one piece: whole lines, unless some of them were taken. */
const char *access_buffer_first(const struct access_buffer *buffer, uint32_t *length);
void access_buffer_take(struct access_buffer *buffer, uint32_t length);

#endif
