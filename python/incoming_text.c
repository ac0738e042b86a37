/* incoming_text.c: a request as text of HTTP/1.1, for a program that reads it from a socket.
 *   consumes  the head and the body in the front's share
 *   produces  the request line and the fields as they came, and the body: framed as chunks where its length is not
 *             known, which the client has said, too; a tunnel's bytes as they are
 */
#include "lib/pd.h"

#include <string.h>
#include "http/parse/text.h"
#include "python/incoming.h"

#define SLICES 4

struct line {
    struct http_slice slices[SLICES];
    uint32_t length;
    uint32_t next_at; /* in the head, of the field behind it */
};

static const char versions[2][12] = {" HTTP/1.0\r\n", " HTTP/1.1\r\n"};

static bool in_body(const struct incoming *incoming)
{
    return incoming->text.line == UINT16_MAX;
}

/* The line of the head that is read now: behind the fields the empty one. */
static void compose(const struct incoming *incoming, struct line *line)
{
    struct incoming_head head;
    struct http_slice name, value;
    uint32_t at = incoming->text.field_at;
    *line = (struct line){.slices[0] = {"\r\n", 2}, .length = 2};
    if (!incoming_head(incoming, &head)) {
        return;
    }
    if (incoming->text.line == 0) {
        *line = (struct line){{head.method, {" ", 1}, head.target, {versions[head.head.minor > 0], 11}},
                              head.method.length + head.target.length + 12,
                              head.fields_at};
    } else if (incoming->text.line <= head.head.field_count && incoming_field(incoming, &at, &name, &value)) {
        *line = (struct line){{name, {": ", 2}, value, {"\r\n", 2}}, name.length + value.length + 4, at};
    }
}

static size_t copy(const struct line *line, uint32_t at, char *buffer, size_t size)
{
    size_t done = 0;
    for (uint32_t i = 0; i < SLICES && done < size; i++) {
        const struct http_slice *slice = &line->slices[i];
        if (at >= slice->length) {
            at -= slice->length;
            continue;
        }
        size_t count = slice->length - at < size - done ? slice->length - at : size - done;
        memcpy(buffer + done, slice->at + at, count);
        done += count;
        at = 0;
    }
    return done;
}

static size_t read_head(struct incoming *incoming, char *buffer, size_t size)
{
    struct incoming_text *text = &incoming->text;
    size_t done = 0;
    while (done < size && !in_body(incoming)) {
        struct line line;
        compose(incoming, &line);
        size_t count = copy(&line, text->at, buffer + done, size - done);
        done += count;
        text->at += (uint32_t)count;
        if (text->at == line.length) {
            text->at = 0;
            text->field_at = (uint16_t)line.next_at;
            text->line = line.next_at ? text->line + 1 : UINT16_MAX;
        }
    }
    if (in_body(incoming)) {
        incoming_accept(incoming);
    }
    return done;
}

/* -- the body -- */

static bool is_framed(const struct incoming *incoming)
{
    return incoming->slot->in.length == APP_UNKNOWN && !(incoming->slot->flags & APP_UPGRADE);
}

static void set_frame(struct incoming_text *text, const char *bytes, uint32_t count)
{
    memcpy(text->frame, bytes, count);
    text->frame_at = 0;
    text->frame_end = (uint8_t)count;
}

/* The next frame, of what is there. False: nothing is. */
static bool begin_chunk(struct incoming *incoming)
{
    struct incoming_text *text = &incoming->text;
    struct app_slot *slot = incoming->slot;
    char line[HTTP_HEX_MAX + 2];
    uint32_t count;
    app_client_bytes(slot, &count);
    if (count > 0) {
        text->chunk = count;
        uint32_t length = http_put_hex(line, count);
        memcpy(line + length, "\r\n", 2);
        set_frame(text, line, length + 2);
    } else if (slot->in.ended && !text->last) {
        text->last = true;
        set_frame(text, "0\r\n\r\n", 5);
    }
    return text->frame_at < text->frame_end;
}

static intptr_t read_framed(struct incoming *incoming, char *buffer, size_t size, int *error)
{
    struct incoming_text *text = &incoming->text;
    if (text->frame_at == text->frame_end && text->chunk == 0 && !begin_chunk(incoming)) {
        return incoming_nothing(incoming, true, error);
    }
    size_t frame = (size_t)text->frame_end - text->frame_at;
    if (frame > 0) {
        frame = frame < size ? frame : size;
        memcpy(buffer, text->frame + text->frame_at, frame);
        text->frame_at += (uint8_t)frame;
        return (intptr_t)frame;
    }
    intptr_t count = incoming_read(incoming, buffer, size < text->chunk ? size : text->chunk, error);
    text->chunk -= count > 0 ? (uint32_t)count : 0;
    if (count > 0 && text->chunk == 0) {
        set_frame(text, "\r\n", 2);
    }
    return count;
}

intptr_t incoming_text_read(struct incoming *incoming, void *buffer, size_t size, int *error)
{
    if (incoming->gone || size == 0) {
        return incoming_nothing(incoming, size > 0, error);
    }
    size_t head = in_body(incoming) ? 0 : read_head(incoming, buffer, size);
    if (head > 0) {
        return (intptr_t)head;
    }
    return is_framed(incoming) ? read_framed(incoming, buffer, size, error)
                               : incoming_read(incoming, buffer, size, error);
}

size_t incoming_text_line_length(struct incoming *incoming, size_t limit)
{
    struct incoming_text *text = &incoming->text;
    size_t there;
    if (incoming->gone) {
        return 0;
    }
    if (!in_body(incoming)) {
        struct line line;
        compose(incoming, &line);
        there = line.length - text->at;
    } else if (!is_framed(incoming)) {
        return incoming_line_length(incoming, limit);
    } else if (text->frame_at < text->frame_end || (text->chunk == 0 && begin_chunk(incoming))) {
        const char *end = memchr(text->frame + text->frame_at, '\n', (size_t)text->frame_end - text->frame_at);
        there = (size_t)(end - text->frame) + 1 - text->frame_at;
    } else {
        return incoming_line_length(incoming, text->chunk < limit ? text->chunk : limit);
    }
    return there < limit ? there : limit;
}

bool incoming_text_readable(struct incoming *incoming)
{
    const struct incoming_text *text = &incoming->text;
    return incoming->gone || !in_body(incoming) || text->frame_at < text->frame_end || incoming_readable(incoming);
}
