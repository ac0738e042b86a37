/* http/response/writer.h: text put together in a buffer of fixed size; the only way in which heads of answers are made.
 *   when full nothing more is put, and `full` stays set: the sender looks at it first, and answers something else
 */
#ifndef HTTP_RESPONSE_WRITER_H
#define HTTP_RESPONSE_WRITER_H

#include "http/parse/text.h"

struct writer {
    char *start, *at, *end;
    bool full; /* something did not fit */
};

static inline struct writer writer_in(char *buffer, size_t size)
{
    return (struct writer){.start = buffer, .at = buffer, .end = buffer + size};
}

static inline uint32_t writer_length(const struct writer *writer)
{
    return (uint32_t)(writer->at - writer->start);
}

static inline void writer_put_bytes(struct writer *writer, const void *bytes, size_t count)
{
    writer->full |= count > (size_t)(writer->end - writer->at);
    if (!writer->full) {
        memcpy(writer->at, bytes, count);
        writer->at += count;
    }
}

static inline void writer_put(struct writer *writer, const char *text)
{
    writer_put_bytes(writer, text, strlen(text));
}

static inline void writer_put_slice(struct writer *writer, struct http_slice slice)
{
    writer_put_bytes(writer, slice.at, slice.length);
}

static inline void writer_put_number(struct writer *writer, uint64_t number)
{
    char digits[HTTP_DECIMAL_MAX];
    writer_put_bytes(writer, digits, http_put_decimal(digits, number));
}

#endif
