/* file.c: a file's bytes on their way: the head of the answer, then block by block out of the cache, by reference.
 *   consumes  a resource (site.h) and its blocks (cache.h); the request's conditions and ranges, NOT trusted:
 *             http_select() makes a part of the file of them, or a refusal
 *   produces  the answer, in TCP's hands (http/conn/)
 *   order     the first block is there before the head is written, so that a file that cannot be read is a 503 and no
 *             broken answer; one that fails later breaks the connection: its length was promised
 *   holds     the resource until its last block is with TCP; a block until its last byte is, whose pin is TCP's then
 *             (http/conn/)
 *   when full no memory for a block: the connection waits for the cache. TCP takes no more, or all pins are out: it
 *             goes on when its client has acknowledged something
 */
#include "http/content/file.h"

#include <assert.h>
#include <string.h>

#include "http/content/app_answer.h"
#include "http/content/app_head.h"
#include "http/content/content.h"
#include "http/content/parts.h"
#include "http/parse/date.h"
#include "http/response/lines.h"
#include "lib/copy.h"
#include "lib/pd.h"

#define AHEAD 3                        /* blocks asked for before they are needed */
#define REFILL (8 * TRANSPORT_SEGMENT) /* with bytes under way, less room than this waits for more */

static struct {
    char head[HEAD_ROOM];
} self;

static void give_parts(struct content_state *state)
{
    parts_give(state->parts);
    state->parts = 0;
}

static uint32_t blocks_ahead(uint64_t offset, uint64_t end)
{
    uint64_t blocks = (end - 1) / CACHE_BLOCK_SIZE - offset / CACHE_BLOCK_SIZE;
    return blocks < AHEAD ? (uint32_t)blocks : AHEAD;
}

static enum cache_outcome read_block(struct http_conn *c, uint64_t offset, uint64_t end, struct cache_bytes *bytes)
{
    struct cache_entry *entry = content_of(c)->resource->file;
    enum cache_outcome outcome = cache_read(entry, offset, blocks_ahead(offset, end), bytes, &c->waiter);
    if (outcome == CACHE_READY && bytes->length > end - offset) {
        bytes->length = (uint32_t)(end - offset);
    }
    return outcome;
}

/* -- heads -- */

/* Of a 304: what tells of the file, not of a body (RFC 9110 15.4.5). */
static bool is_of_a_body(const char *line, uint32_t length)
{
    return length >= 8 && memcmp(line, "Content-", 8) == 0;
}

static bool is_a_type(const char *line, uint32_t length)
{
    return length >= 13 && memcmp(line, "Content-Type:", 13) == 0;
}

static bool is_of_a_success(const char *line, uint32_t length)
{
    const char *colon = memchr(line, ':', length);
    return colon && app_head_is_of_a_success((struct http_slice){line, (uint32_t)(colon - line)});
}

static inline void put_lines(struct writer *head, struct http_slice lines,
                             bool (*is_left_out)(const char *line, uint32_t length))
{
    while (lines.length > 0) {
        const char *end = memchr(lines.at, '\n', lines.length);
        uint32_t line = end ? (uint32_t)(end - lines.at) + 1 : lines.length;
        if (!is_left_out(lines.at, line)) {
            writer_put_bytes(head, lines.at, line);
        }
        lines.at += line;
        lines.length -= line;
    }
}

static void put_fields(struct writer *head, const struct content_state *state, struct http_slice lines)
{
    if (state->app) {
        app_answer_put_fields(lines.at, lines.length, head);
    } else {
        writer_put_slice(head, lines);
    }
}

static void put_parts(struct writer *head, const struct content_state *state, const struct http_selection *selection,
                      struct http_slice fields)
{
    response_status_line(head, 206);
    parts_put_type(state->parts, head);
    response_content_length(head, selection->length);
    put_lines(head, fields, is_a_type);
}

/* Of a page that says what went wrong. */
static void put_failure(struct writer *head, const struct http_selection *selection, struct http_slice fields,
                        const char *field)
{
    response_status_line(head, selection->status);
    response_content_length(head, selection->length);
    put_lines(head, fields, is_of_a_success);
    writer_put(head, "Cache-Control: no-cache\r\n");
    writer_put(head, field);
}

static void put_status(struct writer *head, const struct content_state *state, const struct http_selection *selection,
                       const char *field)
{
    const struct site_resource *resource = state->resource;
    struct http_slice fields = site_resource_fields(resource);
    if (selection->status == 304) {
        response_status_line(head, 304);
        put_lines(head, fields, is_of_a_body);
        return;
    }
    if (selection->status == 200 && !state->app) {
        writer_put_bytes(head, resource->whole, resource->whole_length);
        return;
    }
    if (selection->status == HTTP_SELECTED_PARTS) {
        put_parts(head, state, selection, fields);
        return;
    }
    if (selection->status >= 400) {
        put_failure(head, selection, fields, field);
        return;
    }
    if (selection->status == 206) {
        response_status_line(head, 206);
        response_content_range(head, selection->first, selection->length, resource->validators.size);
    } else {
        app_answer_put_status_line(head);
    }
    response_content_length(head, selection->length);
    put_fields(head, state, fields);
}

/* A Last-Modified later than Date would be refused: Date is told in its place (RFC 9110 8.8.2.1). */
static void put_modified_now(struct writer *head, const struct site_resource *resource)
{
    char date[HTTP_DATE_LENGTH];
    int64_t now_s = response_now_s(), mtime_s = resource->validators.mtime_s;
    http_date_format(mtime_s < now_s ? mtime_s : now_s, date);
    writer_put(head, "Last-Modified: ");
    writer_put_bytes(head, date, sizeof(date));
    writer_put(head, "\r\n");
}

/* field: a further line of a failure's. */
static uint32_t make_head(const struct content_state *state, const struct http_selection *selection,
                          const struct reply *reply, const char *field)
{
    struct writer head = writer_in(self.head, sizeof(self.head));
    put_status(&head, state, selection, field);
    if (state->resource->later && selection->status < 400) {
        put_modified_now(&head, state->resource);
    }
    response_end(&head, reply, true);
    assert(!head.full); /* HEAD_ROOM */
    return writer_length(&head);
}

/* -- answers -- */

static bool refuse(struct http_conn *c, const struct http_selection *selection, const struct reply *reply)
{
    char field[64] = "";
    if (selection->status == 416) {
        struct writer text = writer_in(field, sizeof(field) - 1);
        writer_put(&text, "Content-Range: bytes */");
        writer_put_number(&text, content_of(c)->resource->validators.size);
        writer_put(&text, "\r\n");
    }
    if (!(content_of(c)->app ? http_conn_page : http_conn_refusal)(c, reply, selection->status, field)) {
        return false;
    }
    content_drop_file(c);
    return true;
}

/* The body's first block is at hand, or there is no body. What fits into one segment with its head is copied, and
 * needs no pin. */
static bool begin(struct http_conn *c, int status, uint32_t head, uint64_t length, const struct cache_bytes *bytes)
{
    struct content_state *state = content_of(c);
    bool small = head + length <= TRANSPORT_SEGMENT && bytes->length == length;
    if (small && length > 0) {
        copy_long(self.head + head, bytes->at, length);
    }
    if (!http_conn_write_head(c, self.head, small ? head + (uint32_t)length : head, !small, status)) {
        return false;
    }
    if (!small) {
        state->bytes = *bytes;
    } else if (length > 0) {
        cache_unpin(bytes->block);
    }
    return true;
}

/* False: it waits, or the connection has been broken. */
static bool next_block(struct http_conn *c)
{
    struct content_state *state = content_of(c);
    if (c->waiter.link) {
        return false;
    }
    switch (read_block(c, state->offset, state->end, &state->bytes)) {
    case CACHE_READY: state->offset += state->bytes.length; return true;
    case CACHE_WAIT: return false;
    case CACHE_FAILED: break;
    }
    http_conn_abort(c);
    return false;
}

static bool write_block(struct http_conn *c)
{
    struct content_state *state = content_of(c);
    uint32_t left = state->bytes.length, count = left < TRANSPORT_WRITE_MAX ? left : TRANSPORT_WRITE_MAX;
    uint32_t room = http_conn_room(c, true);
    if (room < count && room < REFILL && c->transport.unacknowledged > 0) {
        return false;
    }
    count = room < count ? room : count;
    return count > 0 && http_conn_refer(c, &state->bytes, count, count < left || state->offset < state->end);
}

/* What stands before the next part, or the end. False: no room, no memory. */
static bool write_line(struct http_conn *c)
{
    struct content_state *state = content_of(c);
    struct writer text = writer_in(self.head, PARTS_LINE_MAX);
    struct http_range range;
    if (http_conn_room(c, false) < PARTS_LINE_MAX && c->transport.unacknowledged > 0) {
        return false;
    }
    parts_put_line(state->parts, &text, &range);
    if (!http_conn_write(c, self.head, writer_length(&text), range.length > 0)) {
        return false;
    }
    state->offset = range.first;
    state->end = range.first + range.length;
    if (!parts_advance(state->parts)) {
        give_parts(state);
    }
    return true;
}

static bool bytes_left(const struct content_state *state)
{
    return state->bytes.length > 0 || state->offset < state->end;
}

static enum content_outcome go_on(struct http_conn *c)
{
    struct content_state *state = content_of(c);
    while (bytes_left(state) || state->parts) {
        if (!(bytes_left(state) ? state->bytes.length > 0 ? write_block(c) : next_block(c) : write_line(c))) {
            return CONTENT_WAIT;
        }
    }
    content_drop_file(c);
    return CONTENT_DONE;
}

static enum clock clock_of(struct http_conn *c)
{
    return c->waiter.link ? CLOCK_REST : CLOCK_NONE;
}

static uint64_t patience_ns(struct http_conn *c)
{
    return 0; /* its request is there as a whole */
}

/* Its length was promised. */
static void expire(struct http_conn *c, int status)
{
    http_conn_abort(c);
}

/* The resource is forgotten with the request. */
static void closed(struct http_conn *c)
{
    struct cache_bytes *bytes = &content_of(c)->bytes;
    if (bytes->length > 0) {
        cache_unpin(bytes->block);
        bytes->length = 0;
    }
    if (content_of(c)->parts) {
        give_parts(content_of(c));
    }
}

static const struct content_ops content = {go_on, clock_of, patience_ns, expire, closed, CLOCK_WAIT};

static enum file_outcome send(struct http_conn *c, const struct http_selection *selection, const struct reply *reply,
                              const char *field)
{
    struct content_state *state = content_of(c);
    struct cache_bytes bytes = {.length = 0};
    uint64_t length = reply->head_only || selection->status == 304 ? 0 : selection->length;
    if (length > 0) {
        switch (read_block(c, selection->first, selection->first + length, &bytes)) {
        case CACHE_READY: break;
        case CACHE_WAIT: c->state = WAITING; return FILE_WAITS;
        case CACHE_FAILED: content_drop_file(c); return FILE_FAILED;
        }
    }
    int status = state->app && selection->status == 200 ? app_answer_status() : selection->status;
    if (!begin(c, status, make_head(state, selection, reply, field), length, &bytes)) {
        if (length > 0) {
            cache_unpin(bytes.block);
        }
        return FILE_NO_MEMORY;
    }
    trace(http_file, c, length);
    c->ends = reply->ends;
    if (state->bytes.length == 0) {
        content_drop_file(c); /* all is with TCP */
    } else {
        state->offset = selection->first + bytes.length;
        state->end = selection->first + length;
        c->state = ANSWERING;
        c->content = &content;
    }
    return FILE_SENT;
}

/* -- several parts -- */

static bool is_encoded(const struct site_resource *resource)
{
    return http_field(site_resource_fields(resource), "content-encoding").at;
}

/* False: the whole goes. What is encoded would be taken for an encoded message; of an application's answer the parts would
 * need its type. */
static bool take_parts(struct content_state *state, const struct http_request *request, struct http_range *first)
{
    struct http_range ranges[HTTP_RANGES_MAX];
    uint32_t count;
    http_select_ranges(request->range, state->resource->validators.size, ranges, &count);
    state->parts = state->app || is_encoded(state->resource) ? 0 : parts_take(ranges, count, state->resource);
    *first = ranges[0];
    return state->parts > 0;
}

/* As send(). What goes out is its head; the rest is its content's. */
static enum file_outcome send_head_of_parts(struct http_conn *c, const struct http_range *first,
                                            const struct reply *reply)
{
    struct content_state *state = content_of(c);
    struct http_selection selection = {.status = HTTP_SELECTED_PARTS, .length = parts_length(state->parts)};
    struct cache_bytes bytes;
    switch (read_block(c, first->first, first->first + first->length, &bytes)) {
    case CACHE_READY: cache_unpin(bytes.block); break;
    case CACHE_WAIT: c->state = WAITING; return FILE_WAITS;
    case CACHE_FAILED: content_drop_file(c); return FILE_FAILED;
    }
    if (!http_conn_write_head(c, self.head, make_head(state, &selection, reply, ""), true, 206)) {
        return FILE_NO_MEMORY;
    }
    c->ends = reply->ends;
    state->offset = state->end = 0;
    c->state = ANSWERING;
    c->content = &content;
    return FILE_SENT;
}

static enum file_outcome send_whole(struct http_conn *c, const struct reply *reply)
{
    struct http_selection whole = {.status = 200, .length = content_of(c)->resource->validators.size};
    enum file_outcome outcome = send(c, &whole, reply, "");
    http_counts.files += outcome == FILE_SENT;
    return outcome;
}

static enum file_outcome send_parts(struct http_conn *c, const struct http_request *request, const struct reply *reply)
{
    struct content_state *state = content_of(c);
    struct http_range first;
    if (!take_parts(state, request, &first)) {
        return send_whole(c, reply);
    }
    enum file_outcome outcome = send_head_of_parts(c, &first, reply);
    http_counts.files += outcome == FILE_SENT;
    if (outcome != FILE_SENT) {
        give_parts(state);
    }
    return outcome;
}

/* Neither the whole, nor one part of it, nor that it is as it was. */
static enum file_outcome answer_otherwise(struct http_conn *c, const struct http_request *request,
                                          const struct http_selection *selection, const struct reply *reply)
{
    if (selection->status == HTTP_SELECTED_PARTS) {
        return send_parts(c, request, reply);
    }
    return refuse(c, selection, reply) ? FILE_SENT : FILE_NO_MEMORY;
}

enum file_outcome file_answer(struct http_conn *c, const struct http_request *request, const struct reply *reply)
{
    struct content_state *state = content_of(c);
    struct http_selection selection = http_select(request, &state->resource->validators, response_now_s());
    if (selection.status > 206 && selection.status != 304) {
        return answer_otherwise(c, request, &selection, reply);
    }
    enum file_outcome outcome = send(c, &selection, reply, "");
    http_counts.files += outcome == FILE_SENT;
    return outcome;
}

enum file_outcome file_answer_page(struct http_conn *c, int status, const char *field, const struct reply *reply)
{
    struct http_selection selection = {.status = (uint16_t)status, .length = content_of(c)->resource->validators.size};
    return send(c, &selection, reply, field);
}
