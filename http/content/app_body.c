/* app_body.c: the body of a request, from its connection to the application.
 *   consumes  the connection's unread bytes, NOT trusted: counted, in chunks, or all there are (behind an Upgrade). As
 *             the application takes them; the rest waits in TCP's window
 *   produces  plain bytes in the slot's circle, and their end; 100 (Continue), when the application waits for them
 *   invariant what follows the body is not touched: it is another request's
 *   waits     for the client, while the application waits for it: as long as it comes fast enough (408)
 *   refuses   a framing that cannot be, a body of which the end does not come: 400; a line's beginning that finds no
 *             place: 503
 */
#include "http/content/app_body.h"

#include "http/conn/connection.h"
#include "http/parse/chunk.h"
#include "lib/pd.h"

#define UNLIMITED UINT64_MAX
#define CHUNK_LINE_MAX 2048 /* bytes of a line between a body's chunks */
#define TRAILERS_MAX 100    /* lines behind its last one */
#define PATIENCE_MAX_NS (HTTP_BODY_S * 1000000000ull)
#define PATIENCE_PER_BYTE_NS (1000000000ull / HTTP_BODY_RATE)

void app_body_begin(struct app_request *x, const struct http_request *request)
{
    bool raw = request->upgrade && !request->chunked && request->content_length == 0;
    x->part = raw                           ? PART_RAW
              : request->chunked            ? PART_SIZE_LINE
              : request->content_length > 0 ? PART_BYTES
                                            : PART_ALL_TAKEN;
    x->body_left = request->content_length;
    x->expects = request->expect_continue && request->minor > 0;
    x->patience_ns = PATIENCE_MAX_NS;
}

bool app_body_is_open(const struct app_request *x)
{
    return x->part == PART_RAW || x->part == PART_SIZE_LINE;
}

bool app_body_is_skippable(const struct app_request *x)
{
    return x->part == PART_ALL_TAKEN || (x->part == PART_BYTES && x->body_left <= SKIP_MAX && !x->expects) ||
           (x->part == PART_RAW && x->stage != STAGE_TUNNEL && x->slot->out.produced == x->slot->out.head);
}

/* So many bytes have come: what was left of it while nobody waits for the client, and a little more. */
static void renew_patience(struct app_request *x, uint32_t count)
{
    const struct http_conn *c = x->connection;
    if (c->clock == CLOCK_BODY) {
        uint64_t now = pd_now_ns();
        x->patience_ns = c->due_ns > now ? c->due_ns - now : 0;
    }
    uint64_t patience_ns = x->patience_ns + count * PATIENCE_PER_BYTE_NS;
    x->patience_ns = patience_ns < PATIENCE_MAX_NS ? patience_ns : PATIENCE_MAX_NS;
}

/* From the connection into the circle, as much as there is and has room. How much that was. */
static uint64_t move(struct app_request *x, uint64_t most)
{
    struct app_slot *slot = x->slot;
    uint64_t left = most;
    uint32_t room;
    while (left > 0 && unread_any(x->connection)) {
        uint8_t *at = app_front_room(slot, &room);
        uint32_t count = unread_read(x->connection, at, left < room ? (uint32_t)left : room);
        if (count == 0) {
            break;
        }
        app_front_produced(slot, count);
        left -= count;
    }
    x->overwritten |= slot->out.produced > slot->out.size;
    x->expects &= left == most;
    return most - left;
}

static void end_body(struct app_request *x)
{
    x->part = PART_ALL_TAKEN;
    app_front_end(x->slot);
}

/* A line of the framing: what comes next. False: that cannot be. */
static bool take_line(struct app_request *x, struct http_slice line)
{
    bool empty = line.length == 2 && line.at[0] == '\r';
    switch ((enum part)x->part) {
    case PART_SIZE_LINE:
        if (!http_chunk_size(line, &x->body_left)) {
            return false;
        }
        x->part = x->body_left > 0 ? PART_CHUNK : PART_TRAILER;
        return true;
    case PART_CHUNK_END: x->part = PART_SIZE_LINE; return empty;
    case PART_TRAILER:
        if (empty) {
            end_body(x);
        }
        return empty || (http_is_trailer(line) && ++x->trailers <= TRAILERS_MAX);
    case PART_BYTES:
    case PART_CHUNK:
    case PART_RAW:
    case PART_ALL_TAKEN: break;
    }
    return false;
}

/* 0, or what the client is to be told. */
static int take_chunks(struct app_request *x)
{
    struct http_conn *c = x->connection;
    struct http_slice line;
    while (x->part != PART_ALL_TAKEN) {
        if (x->part == PART_CHUNK) {
            x->body_left -= move(x, x->body_left);
            if (x->body_left > 0) {
                return 0;
            }
            x->part = PART_CHUNK_END;
        }
        int status = head_buffer_line(c, x->part == PART_CHUNK_END ? 2 : CHUNK_LINE_MAX, &line);
        if (status != 0) {
            return status == HTTP_INCOMPLETE ? 0 : status;
        }
        uint32_t length = line.length;
        if (!take_line(x, line)) {
            return 400;
        }
        head_buffer_take_line(c, length);
    }
    return 0;
}

/* Of a request that may be upgraded: bytes that follow its head are another request's until 101, unless the application
 * waits for them. */
static void take_raw(struct app_request *x)
{
    struct http_conn *c = x->connection;
    if (x->stage == STAGE_TUNNEL || app_front_waits(x->slot)) {
        move(x, UNLIMITED);
        if (c->fin && !unread_any(c)) {
            end_body(x);
        }
    }
}

static int take_parts(struct app_request *x)
{
    switch ((enum part)x->part) {
    case PART_BYTES:
        x->body_left -= move(x, x->body_left);
        if (x->body_left == 0) {
            end_body(x);
        }
        return 0;
    case PART_CHUNK:
    case PART_CHUNK_END:
    case PART_SIZE_LINE:
    case PART_TRAILER: return take_chunks(x);
    case PART_RAW: take_raw(x); return 0;
    case PART_ALL_TAKEN: return 0;
    }
    return 0;
}

/* The client may send its body (RFC 9110 10.1.1). Where there is no memory for it the client begins by itself, after
 * a while. */
static void say_continue(struct app_request *x)
{
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (x->expects && !x->begun) {
        http_conn_write(x->connection, line, sizeof(line) - 1, false);
    }
    x->expects = false;
}

int app_body_take(struct app_request *x)
{
    if (x->part == PART_ALL_TAKEN) {
        return 0;
    }
    uint32_t before = x->slot->out.produced;
    int status = take_parts(x);
    if (x->slot->out.produced != before) {
        renew_patience(x, x->slot->out.produced - before);
    }
    if (status == 0 && app_front_waits(x->slot)) {
        say_continue(x);
        status = x->connection->fin ? 400 : 0;
    }
    return status;
}
