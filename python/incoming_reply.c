/* incoming_reply.c: an answer that a program writes as text: "HTTP/1.x 200 ..", fields, an empty line, the body. Its
 * head becomes a message.
 *   input     the program's bytes, which may hold what a client has sent: names and values are checked byte by byte
 *             (RFC 9110 5.5, RFC 9112 5.1), and what is no head is not sent: 500
 *   body      ends where Content-Length says, where the chunks that the program made do (RFC 9112 7.1), or where the
 *             program closes. Answers 1xx other than 101 are dropped
 *   invariant a head is gathered in the circle that the answer will have, of which the front knows nothing yet
 *   when full a head that needs a large circle waits for one
 */
#include "lib/pd.h"

#include <string.h>
#include "http/parse/chunk.h"
#include "http/parse/text.h"
#include "python/incoming.h"

static struct {
    char text[APP_HEAD_MAX], fields[APP_HEAD_MAX];
} self;

/* -- the head -- */

/* The line at *at, without its end; *at moves on. */
static struct http_slice next_line(const char **at, const char *end)
{
    const char *start = *at, *stop = memchr(start, '\n', (size_t)(end - start));
    *at = stop ? stop + 1 : end;
    stop = stop ? stop : end;
    stop -= stop > start && stop[-1] == '\r';
    return (struct http_slice){start, (uint32_t)(stop - start)};
}

/* "HTTP/1.x SSS reason" */
static bool parse_status(struct http_slice line, struct incoming_answer *answer)
{
    const char *at = line.at;
    uint64_t status;
    if (line.length < 12 || memcmp(at, "HTTP/1.", 7) != 0 || at[8] != ' ' || (line.length > 12 && at[12] != ' ') ||
        !http_decimal((struct http_slice){at + 9, 3}, 999, &status) || status < 100 || status > 599) {
        return false;
    }
    answer->status = (uint16_t)status;
    answer->reason = line.length > 13 ? (struct http_slice){at + 13, line.length - 13} : (struct http_slice){at, 0};
    return http_all_are(answer->reason, CLASS_TEXT);
}

static bool take_length(struct http_slice value, struct incoming_answer *answer)
{
    uint64_t length, before = answer->length;
    if (!http_decimal(value, APP_UNKNOWN - 1, &length)) {
        return false;
    }
    answer->length = length;
    return before == APP_UNKNOWN || before == length;
}

static void keep(struct incoming_answer *answer, struct http_slice name, struct http_slice value)
{
    struct app_field field = {(uint16_t)name.length, (uint16_t)value.length};
    char *at = self.fields + answer->fields.length; /* there is room: it is shorter than the text */
    memcpy(at, &field, sizeof(field));
    memcpy(at + sizeof(field), name.at, name.length);
    memcpy(at + sizeof(field) + name.length, value.at, value.length);
    answer->fields.length += (uint32_t)sizeof(field) + name.length + value.length;
    answer->field_count++;
}

/* One field. False: it may not be. */
static bool take_field(struct http_slice line, struct incoming_answer *answer)
{
    const char *colon = memchr(line.at, ':', line.length);
    if (!colon || colon == line.at || answer->field_count == APP_FIELDS_MAX) {
        return false;
    }
    struct http_slice name = {line.at, (uint32_t)(colon - line.at)},
                      value = http_trim(colon + 1, line.at + line.length);
    if (!http_all_are(name, CLASS_TOKEN) || !http_all_are(value, CLASS_TEXT)) {
        return false;
    }
    if (http_slice_is(name, "content-length")) {
        return take_length(value, answer);
    }
    if (http_slice_is(name, "transfer-encoding")) {
        answer->chunked = true;
    } else if (http_slice_is(name, "x-accel-redirect")) {
        answer->path = value;
    } else {
        keep(answer, name, value);
    }
    return true;
}

static bool parse(uint32_t length, struct incoming_answer *answer)
{
    const char *at = self.text, *end = at + length;
    *answer = (struct incoming_answer){.fields = {self.fields, 0}, .length = APP_UNKNOWN};
    if (!parse_status(next_line(&at, end), answer)) {
        return false;
    }
    for (struct http_slice line; (line = next_line(&at, end)).length > 0;) {
        if (!take_field(line, answer)) {
            return false;
        }
    }
    return !(answer->chunked && answer->length != APP_UNKNOWN); /* two ends: RFC 9112 6.1 */
}

/* The head is there as a whole. False: no room for it now. */
static bool take_head(struct incoming *incoming)
{
    struct incoming_reply *reply = &incoming->reply;
    struct incoming_answer answer;
    memcpy(self.text, incoming->slot->out.at, reply->gathered);
    if (!parse(reply->gathered, &answer)) {
        reply->stage = REPLY_NONSENSE;
        return true;
    }
    if (answer.status < 200 && answer.status != 101) {
        reply->gathered = 0;
        return true;
    }
    return incoming_answer(incoming, &answer) == 0;
}

/* Room for one more byte of it. False: none now, or (REPLY_NONSENSE) never. */
static bool has_room(struct incoming *incoming)
{
    struct incoming_reply *reply = &incoming->reply;
    const struct app_circle *out = &incoming->slot->out;
    const uint8_t *before = out->at;
    if (reply->gathered == APP_HEAD_MAX) {
        reply->stage = REPLY_NONSENSE;
        return false;
    }
    if (before && reply->gathered < out->size) {
        return true;
    }
    if (!app_client_head(incoming->slot, reply->gathered + 1u, true)) {
        incoming_wait_for_head(incoming);
        return false;
    }
    if (before && before != out->at) {
        memcpy(out->at, before, reply->gathered);
    }
    return true;
}

static bool ends_head(const uint8_t *text, uint32_t length)
{
    return text[length - 1] == '\n' && ((length > 1 && text[length - 2] == '\n') ||
                                        (length > 2 && text[length - 2] == '\r' && text[length - 3] == '\n'));
}

/* Bytes up to and with the empty line; the rest of data is body. */
static size_t gather(struct incoming *incoming, const char *data, size_t size)
{
    struct incoming_reply *reply = &incoming->reply;
    size_t done = 0;
    while (done < size && reply->stage == REPLY_TEXT && has_room(incoming)) {
        uint8_t *text = incoming->slot->out.at;
        text[reply->gathered++] = (uint8_t)data[done++];
        if (ends_head(text, reply->gathered) && !take_head(incoming)) {
            reply->gathered--; /* the last byte again, when there is room */
            return done - 1;
        }
    }
    return done;
}

/* -- chunks that the program made -- */

/* Bytes of a line that are taken; *whole: it is there, in reply->line. */
static size_t take_line(struct incoming_reply *reply, const char *data, size_t size, bool *whole)
{
    size_t done = 0;
    *whole = false;
    while (done < size && !*whole) {
        if (reply->line_length == sizeof(reply->line)) {
            reply->stage = REPLY_NONSENSE;
            return size;
        }
        reply->line[reply->line_length++] = data[done];
        *whole = data[done++] == '\n';
    }
    return done;
}

static void see_line(struct incoming_reply *reply)
{
    struct http_slice line = {reply->line, reply->line_length};
    bool empty = line.length == 2 && line.at[0] == '\r';
    reply->line_length = 0;
    if (reply->stage == REPLY_SIZE) {
        bool good = http_chunk_size(line, &reply->left);
        reply->stage = !good ? REPLY_NONSENSE : reply->left > 0 ? REPLY_CHUNK : REPLY_TRAILERS;
    } else if (reply->stage == REPLY_CHUNK_END) {
        reply->stage = empty ? REPLY_SIZE : REPLY_NONSENSE;
    } else {
        reply->stage = empty ? REPLY_WHOLE : http_is_trailer(line) ? REPLY_TRAILERS : REPLY_NONSENSE;
    }
}

static size_t take_chunk(struct incoming *incoming, const char *data, size_t size)
{
    struct incoming_reply *reply = &incoming->reply;
    uint64_t most = size < reply->left ? size : reply->left;
    uint32_t done = app_client_put(incoming->slot, data, most < UINT32_MAX ? (uint32_t)most : UINT32_MAX);
    reply->left -= done;
    reply->stage = reply->left == 0 ? REPLY_CHUNK_END : REPLY_CHUNK;
    return done;
}

/* One step; 0: no room now. */
static size_t take_some(struct incoming *incoming, const char *data, size_t size)
{
    struct incoming_reply *reply = &incoming->reply;
    size_t done = 0;
    bool whole;
    switch ((enum incoming_stage)reply->stage) {
    case REPLY_TEXT: return gather(incoming, data, size);
    case REPLY_BODY: return app_client_put(incoming->slot, data, size < UINT32_MAX ? (uint32_t)size : UINT32_MAX);
    case REPLY_CHUNK: return take_chunk(incoming, data, size);
    case REPLY_SIZE:
    case REPLY_CHUNK_END:
    case REPLY_TRAILERS:
        done = take_line(reply, data, size, &whole);
        if (whole) {
            see_line(reply);
        }
        return done;
    case REPLY_WHOLE:
    case REPLY_NONSENSE: return size;
    }
    return size;
}

size_t incoming_reply_take(struct incoming *incoming, const char *data, size_t size)
{
    size_t done = 0;
    while (done < size) {
        enum incoming_stage before = (enum incoming_stage)incoming->reply.stage;
        size_t count = take_some(incoming, data + done, size - done);
        done += count;
        if (count == 0 && incoming->reply.stage == before) {
            break;
        }
    }
    return done;
}
