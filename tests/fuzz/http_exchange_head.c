/* tests/fuzz/http_exchange_head.c: heads of answers as an application may write them, with what a client has sent in
 * them. What goes out is made of whole lines that a client reads as they are meant, in a buffer of any size.
 *
 * Input: a byte for the buffer's size, then the head.
 */
#include <stdlib.h>
#include <string.h>

#include "http/internal.h"
#include "http/text.h"
#include "tests/fuzz/fuzz.h"

static const char file_lines[] = "Content-Type: text/css\r\nETag: \"1\"\r\nCache-Control: max-age=60\r\n";

/* Whole lines: a name and a text, but the first where `status` is said. */
static void check_lines(const char *at, const char *end, bool status)
{
    while (at < end) {
        const char *stop = memchr(at, '\r', (size_t)(end - at));
        const char *colon = memchr(at, ':', (size_t)(end - at));
        DEMAND(stop && stop + 1 < end && stop[1] == '\n');
        if (status) {
            DEMAND(stop - at >= 13 && memcmp(at, "HTTP/1.", 7) == 0 && at[8] == ' ' && at[12] == ' ');
        } else {
            DEMAND(colon && colon > at && colon < stop);
        }
        for (const char *c = at; c < stop; c++) {
            DEMAND(http_is(*c, status || c >= colon ? CLASS_TEXT : CLASS_TOKEN));
        }
        status = false;
        at = stop + 2;
    }
}

static void check_made(const char *text, uint32_t length, const struct answer_head *head, uint32_t size, bool merge)
{
    char *buffer = malloc(size + !size);
    struct writer out = writer_in(buffer, size);

    if (merge) {
        answer_head_merge(text, length, file_lines, sizeof(file_lines) - 1, head->status, &out);
    } else {
        answer_head_copy(text, length, head->status, &out);
    }
    DEMAND(out.at <= out.end && writer_length(&out) <= size);
    if (!out.full) {
        check_lines(buffer, out.at, !merge);
        DEMAND(merge || !answer_has_no_body(head->status) ||
               (!memmem(buffer, writer_length(&out), "\nContent-Type:", 14) &&
                !memmem(buffer, writer_length(&out), "\nTransfer-Encoding:", 19)));
    }
    DEMAND(size < HEAD_ROOM + length || !out.full);
    free(buffer);
}

static void check_head(const char *text, uint32_t length, uint32_t size)
{
    struct answer_head head;

    if (answer_head_parse(text, length, &head)) {
        DEMAND(head.status >= 100 && head.status < 600);
        for (int merge = 0; merge < 2; merge++) {
            check_made(text, length, &head, size, merge);
            check_made(text, length, &head, HEAD_ROOM + length, merge);
        }
    }
}

void fuzz_begin(void) {}

void fuzz_run(struct fuzz_input *in)
{
    uint32_t size = fuzz_byte(in) * 4u;

    if (in->left < HTTP_HEAD_MAX) {
        check_head(fuzz_exactly(in->at, in->left), (uint32_t)in->left, size);
    }
}
