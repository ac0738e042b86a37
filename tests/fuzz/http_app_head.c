/* tests/fuzz/http_app_head.c: heads between HTTP's text and http/app_proto.h. Answers as an application may say them,
 * with any lengths, and with what a client has sent in them: what goes out is made of whole lines that a client reads as
 * they are meant, in a buffer of any size, and never longer than the front's. Requests as the parser lets them through:
 * what is read back of the message is what was parsed.
 *
 * Input: a byte for the buffer's size, then the head; its first half as a request, too.
 */
#include <stdlib.h>
#include <string.h>

#include "http/content/app_head.h"
#include "http/content/content.h"
#include "tests/fuzz/fuzz.h"

static const char file_lines[] = "Content-Type: text/css\r\nETag: \"1\"\r\nCache-Control: max-age=60\r\n";

/* -- answers -- */

/* Whole lines: a name and a text. */
static void check_lines(const char *at, const char *end)
{
    while (at < end) {
        const char *stop = memchr(at, '\r', (size_t)(end - at));
        const char *colon = memchr(at, ':', (size_t)(end - at));
        DEMAND(stop && stop + 1 < end && stop[1] == '\n');
        DEMAND(colon && colon > at && colon < stop);
        for (const char *c = at; c < stop; c++) {
            DEMAND(http_is(*c, c >= colon ? CLASS_TEXT : CLASS_TOKEN));
        }
        at = stop + 2;
    }
}

static bool has(const struct writer *out, const char *text)
{
    return memmem(out->start, writer_length(out), text, strlen(text)) != NULL;
}

static void check_made(const struct app_answer *answer, uint32_t size, bool merge)
{
    char *buffer = malloc(size + !size);
    struct writer out = writer_in(buffer, size);

    app_head_status_line(answer, &out);
    uint32_t line = writer_length(&out);
    if (merge) {
        app_head_merge(answer, file_lines, sizeof(file_lines) - 1, &out);
    } else {
        app_head_fields(answer, &out);
    }
    DEMAND(out.at <= out.end && writer_length(&out) <= size);
    if (!out.full) {
        DEMAND(line >= 15 && memcmp(buffer, "HTTP/1.1 ", 9) == 0 && memcmp(buffer + line - 2, "\r\n", 2) == 0);
        DEMAND(!memchr(buffer, '\r', line - 2) && !memchr(buffer, '\n', line - 2));
        check_lines(buffer + line, out.at);
        DEMAND(!has(&out, "\nConnection: ") && !has(&out, "\nTransfer-Encoding: ") && !has(&out, "\nContent-Length: "));
        DEMAND(merge || !app_head_has_no_body(answer->status) || !has(&out, "\nContent-Type: "));
    }
    DEMAND(size < HEAD_ROOM || !out.full);
    free(buffer);
}

static void check_answer(const char *text, uint32_t length, uint32_t size)
{
    struct app_answer answer;

    for (int upgrade = 0; upgrade < 2; upgrade++) {
        if (!app_head_check(text, length, upgrade, &answer)) {
            DEMAND((answer.status >= 200 && answer.status < 600) || (answer.status == 101 && upgrade));
            for (int merge = 0; merge < 2; merge++) {
                check_made(&answer, size, merge);
                check_made(&answer, HEAD_ROOM, merge);
            }
        }
    }
}

/* -- requests -- */

static bool same(struct http_slice a, struct http_slice b)
{
    return (a.at != NULL) == (b.at != NULL) && a.length == b.length && (!a.at || memcmp(a.at, b.at, a.length) == 0);
}

static void check_request(const char *text, uint32_t length)
{
    static const struct transport_peer peer = {.address = {1, 2, 3, 4}, .port = 5};
    struct http_request request, again;

    if (http_request_parse(text, length, &request) != 0) {
        return;
    }
    uint32_t most = app_head_bytes(&request);
    uint8_t *head = malloc(most);
    uint32_t bytes = app_head_put(&request, &peer, head);
    DEMAND(most <= APP_HEAD_MAX && bytes <= most);
    app_head_read(head, bytes, &again);
    DEMAND(again.method == request.method && again.minor == request.minor);
    DEMAND(same(again.method_text, request.method_text) && same(again.path, request.path));
    DEMAND(same(again.query, request.query) && same(again.accept_encoding, request.accept_encoding));
    DEMAND(same(again.range, request.range) && same(again.if_range, request.if_range));
    DEMAND(same(again.if_match, request.if_match) && same(again.if_none_match, request.if_none_match));
    DEMAND(same(again.if_modified_since, request.if_modified_since));
    DEMAND(same(again.if_unmodified_since, request.if_unmodified_since));
    free(head);
}

void fuzz_begin(void) {}

void fuzz_run(struct fuzz_input *in)
{
    uint32_t size = fuzz_byte(in) * 4u;

    if (in->left <= APP_HEAD_MAX) {
        check_answer(fuzz_exactly(in->at, in->left), (uint32_t)in->left, size);
        check_request(fuzz_exactly(in->at, in->left), (uint32_t)in->left);
    }
}
