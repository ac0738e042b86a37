/* app_answer.c: the application's answer, on its way to the client.
 *   consumes  the slot's circle (http/app_front.h)   NOT trusted: the head is copied, then checked; the body is bytes
 *             for a client
 *   produces  an answer for a connection that goes on: framed, with the connection's own fields
 *   invariant what was checked is what is sent: `answer` points into the copy, and holds until the next head is looked
 *             at
 *   when full TCP's buffer: what is left of the answer stays in its circle. A head waits for room for the longest one
 *   waits     for more of it: for ever, but where its length is not told TCP asks whether the client is there
 *             (HTTP_PROBE_S)
 *   refuses   an answer that would last where there is no place for one more (app_long.c): the caller tells 503
 *   refuses   a head that may not be: the caller is told why. What is more than its length said is cut off, and counted
 */
#include "http/content/app_answer.h"

#include <assert.h>
#include <string.h>

#include "http/conn/connection.h"
#include "http/content/app_body.h"
#include "http/content/app_head.h"
#include "http/content/app_long.h"
#include "http/content/content.h"
#include "http/response/lines.h"
#include "lib/pd.h"

#define CHUNK_FRAME (8 + 2 + 2 + 5) /* size in hex, line ends, and room for the last chunk */
#define ROOM_WORTH_TELLING (2 * TRANSPORT_SEGMENT)

static struct {
    struct app_answer answer; /* points to the copy: */
    char head[APP_HEAD_MAX];
    char text[HEAD_ROOM];
} self;

/* -- its head -- */

static enum stage framing(const struct app_request *x)
{
    int status = self.answer.status;
    if (status == 101) {
        return STAGE_TUNNEL;
    }
    if (x->reply.head_only || app_head_has_no_body(status)) {
        return STAGE_NO_BODY;
    }
    if (x->slot->in.length != APP_UNKNOWN) {
        return STAGE_COUNTED;
    }
    return x->reply.minor > 0 ? STAGE_CHUNKED : STAGE_TO_END;
}

static void put_framing(const struct app_request *x, enum stage stage, struct writer *head)
{
    int status = self.answer.status;
    if (stage == STAGE_TUNNEL) {
        writer_put(head, "Connection: Upgrade\r\n"); /* which the fields speak of */
    } else if (stage == STAGE_CHUNKED) {
        writer_put(head, "Transfer-Encoding: chunked\r\n");
    } else if (status == 205) {
        response_content_length(head, 0); /* else it would end with the connection: RFC 9110 15.3.6 */
    } else if (!app_head_has_no_body(status) && x->slot->in.length != APP_UNKNOWN) {
        response_content_length(head, x->slot->in.length);
    }
}

/* A body that is there as a whole goes out with its head. How much that was. */
static uint32_t put_short_body(const struct app_request *x, enum stage stage, struct writer *head)
{
    const struct app_circle *in = &x->slot->in;
    if (stage != STAGE_COUNTED || in->length > in->produced - in->head || in->length > (size_t)(head->end - head->at)) {
        return 0;
    }
    writer_put_bytes(head, in->at + in->head, (size_t)in->length);
    return (uint32_t)in->length;
}

/* And so much of the body: *body. */
static uint32_t make_head(const struct app_request *x, enum stage stage, uint32_t *body)
{
    struct writer head = writer_in(self.text, sizeof(self.text));
    struct reply reply = {.minor = x->reply.minor, .ends = x->reply.ends && stage != STAGE_TUNNEL};
    app_head_status_line(&self.answer, &head);
    app_head_fields(&self.answer, &head);
    put_framing(x, stage, &head);
    response_end(&head, &reply, !self.answer.has_date);
    assert(!head.full); /* HEAD_ROOM */
    *body = put_short_body(x, stage, &head);
    return writer_length(&head);
}

static bool is_open_ended(enum stage stage)
{
    return stage == STAGE_CHUNKED || stage == STAGE_TO_END || stage == STAGE_TUNNEL;
}

/* By its own word: a tunnel, or events. */
static bool lasts(const struct app_request *x, enum stage stage)
{
    return stage == STAGE_TUNNEL || (is_open_ended(stage) && !x->slot->in.ended && app_head_is_of_events(&self.answer));
}

static bool send_head(struct app_request *x)
{
    enum stage stage = framing(x);
    uint32_t body;
    bool lasting = lasts(x, stage);
    if (lasting && !app_long_has_room()) {
        x->stage = STAGE_NO_PLACE;
        return false;
    }
    x->keeps &= stage != STAGE_TO_END && stage != STAGE_TUNNEL && (x->part != PART_RAW || app_body_is_skippable(x));
    x->reply.ends = !x->keeps;
    uint32_t length = make_head(x, stage, &body);
    if (!http_conn_write_head(x->connection, self.text, length, stage != STAGE_NO_BODY, self.answer.status)) {
        return false;
    }
    if (is_open_ended(stage)) {
        struct transport *transport = &x->connection->transport;
        transport->ops->keep_asking(transport);
        app_long_begin(x, lasting);
    }
    x->stage = (uint8_t)stage;
    x->begun = true;
    x->left = stage == STAGE_COUNTED ? x->slot->in.length - body : 0;
    trace(app_answers, x->slot->serial, self.answer.status);
    app_front_taken(x->slot, x->slot->in.head + body);
    return true;
}

/* What the application says is copied, then looked at. */
const char *app_answer_begin(struct app_request *x)
{
    const struct app_circle *in = &x->slot->in;
    if (!in->open || x->connection->transport.unacknowledged > TRANSPORT_BUFFER - HEAD_ROOM) {
        return NULL;
    }
    memcpy(self.head, in->at, in->head);
    const char *wrong = app_head_check(self.head, in->head, (x->slot->flags & APP_UPGRADE) != 0, &self.answer);
    bool file = self.answer.path.length > 0 && !app_head_has_no_body(self.answer.status);
    if (!wrong && !file && x->stage == STAGE_REDIRECT) {
        wrong = "it has changed its mind";
    }
    if (wrong) {
        return wrong;
    }
    if (file) {
        x->stage = STAGE_REDIRECT;
        x->reply.ends = !x->keeps;
    } else {
        send_head(x);
    }
    return NULL;
}

/* -- its body -- */

/* With nothing under way no acknowledgement will come that makes more of it. */
static bool room_is_worth_it(const struct http_conn *c)
{
    uint32_t room = http_conn_room(c, false);
    return room >= ROOM_WORTH_TELLING || (room > CHUNK_FRAME && c->transport.unacknowledged == 0);
}

/* As much as TCP takes. */
static uint32_t put(struct app_request *x, const void *data, uint32_t size)
{
    uint32_t room = http_conn_room(x->connection, false), count = size < room ? size : room;
    count = count < TRANSPORT_WRITE_MAX ? count : TRANSPORT_WRITE_MAX;
    while (count > 0 && !http_conn_write(x->connection, data, count, false)) {
        count = count > TRANSPORT_SEGMENT ? count / 2 : 0;
    }
    return count;
}

/* A chunk goes out whole, or not at all: size line, data and line end are one write while that is small. */
static uint32_t put_chunk(struct app_request *x, const void *data, uint32_t size)
{
    uint32_t room = http_conn_room(x->connection, false), most = sizeof(self.text) - CHUNK_FRAME;
    if (room <= CHUNK_FRAME) {
        return 0;
    }
    uint32_t count = size < room - CHUNK_FRAME ? size : room - CHUNK_FRAME;
    count = count < most ? count : most;
    struct writer chunk = writer_in(self.text, sizeof(self.text));
    char size_text[HTTP_HEX_MAX];
    writer_put_bytes(&chunk, size_text, http_put_hex(size_text, count));
    writer_put(&chunk, "\r\n");
    writer_put_bytes(&chunk, data, count);
    writer_put(&chunk, "\r\n");
    return http_conn_write(x->connection, self.text, writer_length(&chunk), false) ? count : 0;
}

/* What is too much is cut off. */
static uint32_t put_counted(struct app_request *x, const void *data, uint32_t size)
{
    if (x->left > 0) {
        uint32_t count = put(x, data, size < x->left ? size : (uint32_t)x->left);
        x->left -= count;
        return count;
    }
    app_link_counts.nonsense += !x->too_long;
    x->too_long = true;
    return size;
}

static uint32_t put_body(struct app_request *x, const void *data, uint32_t size)
{
    switch ((enum stage)x->stage) {
    case STAGE_COUNTED: return put_counted(x, data, size);
    case STAGE_CHUNKED: return put_chunk(x, data, size);
    case STAGE_TO_END:
    case STAGE_TUNNEL: return put(x, data, size);
    case STAGE_NO_BODY: return size;
    case STAGE_HEAD:
    case STAGE_NO_PLACE:
    case STAGE_REDIRECT: return 0;
    }
    return 0;
}

bool app_answer_send(struct app_request *x)
{
    const uint8_t *bytes;
    uint32_t count;
    if (x->write_blocked && !room_is_worth_it(x->connection)) {
        return false;
    }
    x->write_blocked = false;
    while (bytes = app_front_bytes(x->slot, &count), count > 0) {
        uint32_t done = put_body(x, bytes, count);
        if (done == 0) {
            x->write_blocked = true;
            return false;
        }
        app_front_taken(x->slot, done);
    }
    return true;
}

/* -- its end -- */

bool app_answer_will_be_whole(const struct app_request *x)
{
    return x->stage == STAGE_NO_BODY ||
           (x->stage == STAGE_COUNTED && x->left <= x->slot->in.produced - x->slot->in.taken);
}

bool app_answer_is_whole(const struct app_request *x)
{
    return x->stage != STAGE_COUNTED || x->left == 0;
}

bool app_answer_is_sent(const struct app_request *x)
{
    return x->stage == STAGE_NO_BODY || (x->stage == STAGE_COUNTED && x->left == 0);
}

bool app_answer_end(struct app_request *x)
{
    static const char last[] = "0\r\n\r\n";
    return x->stage != STAGE_CHUNKED || http_conn_write(x->connection, last, sizeof(last) - 1, false);
}

/* -- for the file that goes in its place -- */

struct http_slice app_answer_path(void)
{
    return self.answer.path;
}

bool app_answer_is_for_client(void)
{
    return app_head_is_for_client(&self.answer);
}

int app_answer_status(void)
{
    return self.answer.status;
}

void app_answer_put_status_line(struct writer *head)
{
    app_head_status_line(&self.answer, head);
}

void app_answer_put_fields(const char *lines, uint32_t length, struct writer *head)
{
    app_head_merge(&self.answer, lines, length, head);
}
