/* parts.c: several parts of a file in one answer.
 *   consumes  ranges that http_select_ranges() let through: bounded in number, and no more bytes than the file has
 *   produces  the lines between the parts; the bytes are file.c's
 *   when full of such answers: the caller sends the whole file
 */
#include "http/content/parts.h"

#include <assert.h>

#include "http/response/lines.h"
#include "lib/pd.h"

#define ANSWERS_MAX 32
#define BOUNDARY 24 /* bytes of it */

struct parts {
    const struct site_resource *resource; /* NULL: free */
    struct http_slice type;               /* its Content-Type */
    uint32_t count, next;
    char boundary[BOUNDARY + 1];
    struct http_range ranges[HTTP_RANGES_MAX];
};

static struct {
    struct parts answers[ANSWERS_MAX];
    uint64_t count; /* ever */
} self;

static struct parts *parts_of(uint8_t number)
{
    return &self.answers[number - 1];
}

/* Another one for each answer, so that no file can have it in it. */
static void make_boundary(char boundary[BOUNDARY + 1])
{
    char digits[HTTP_HEX_MAX];
    struct writer text = writer_in(boundary, BOUNDARY);
    writer_put(&text, "serval");
    uint32_t length = http_put_hex(digits, (pd_now_ns() << 8) + self.count++ % 256);
    writer_put_bytes(&text, digits, length);
    boundary[writer_length(&text)] = '\0';
}

uint8_t parts_take(const struct http_range *ranges, uint32_t count, const struct site_resource *resource)
{
    for (uint32_t i = 0; i < ANSWERS_MAX; i++) {
        struct parts *parts = &self.answers[i];
        if (!parts->resource) {
            *parts = (struct parts){.resource = resource,
                                    .type = http_field(site_resource_fields(resource), "content-type"),
                                    .count = count};
            memcpy(parts->ranges, ranges, count * sizeof(ranges[0]));
            make_boundary(parts->boundary);
            return (uint8_t)(i + 1);
        }
    }
    return 0;
}

void parts_give(uint8_t number)
{
    parts_of(number)->resource = NULL;
}

void parts_put_type(uint8_t number, struct writer *head)
{
    writer_put(head, "Content-Type: multipart/byteranges; boundary=");
    writer_put(head, parts_of(number)->boundary);
    writer_put(head, "\r\n");
}

static void put_line(const struct parts *parts, const struct http_range *range, struct writer *text)
{
    writer_put(text, "\r\n--");
    writer_put(text, parts->boundary);
    writer_put(text, "\r\nContent-Type: ");
    writer_put_slice(text, parts->type);
    writer_put(text, "\r\n");
    response_content_range(text, range->first, range->length, parts->resource->validators.size);
    writer_put(text, "\r\n");
}

static void put_end(const struct parts *parts, struct writer *text)
{
    writer_put(text, "\r\n--");
    writer_put(text, parts->boundary);
    writer_put(text, "--\r\n");
}

uint64_t parts_length(uint8_t number)
{
    const struct parts *parts = parts_of(number);
    char line[PARTS_LINE_MAX];
    uint64_t length = 0;
    for (uint32_t i = 0; i < parts->count; i++) {
        struct writer text = writer_in(line, sizeof(line));
        put_line(parts, &parts->ranges[i], &text);
        assert(!text.full); /* a type has 160 bytes at most: head.c */
        length += writer_length(&text) + parts->ranges[i].length;
    }
    struct writer text = writer_in(line, sizeof(line));
    put_end(parts, &text);
    return length + writer_length(&text);
}

void parts_put_line(uint8_t number, struct writer *text, struct http_range *range)
{
    const struct parts *parts = parts_of(number);
    if (parts->next < parts->count) {
        *range = parts->ranges[parts->next];
        put_line(parts, range, text);
    } else {
        *range = (struct http_range){0, 0};
        put_end(parts, text);
    }
}

bool parts_advance(uint8_t number)
{
    struct parts *parts = parts_of(number);
    return parts->next++ < parts->count;
}
