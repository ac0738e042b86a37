/* http_answer_fuzz.c: heads of answers as an application may write them, with what a client has sent in them. What goes
 * out is made of whole lines that a client reads as they are meant, in a buffer of any size.
 *
 * Input: a byte for the buffer's size, one for how the head begins, then characters and words.
 */
#include <stdlib.h>
#include <string.h>
#include "http/internal.h"
#include "http/text.h"
#include "tests/unit/fuzz.h"

static const char *const words[] = {
    "HTTP/1.0 200 OK\r\n", "HTTP/1.1 204 N/A\n", "HTTP/1.0 101\r\n", "HTTP/1.0 404 ", "\r\n", "\r\n\r\n", "\n", ": ",
    "Content-Length: ", "Transfer-Encoding: chunked\r\n", "Content-Type: text/plain\r\n", "Connection: close\r\n",
    "X-Accel-Redirect: /a\r\n", "Date: x\r\n", "Set-Cookie: a=b\n", "a:\n", "ETag: \"a\"\r\n", "0",
    "18446744073709551615", "X-Text: \xc3\xbc\t \r\n", "\r", " ",
};
#define WORDS (sizeof(words) / sizeof(words[0]))

static const char file_lines[] = "Content-Type: text/css\r\nETag: \"1\"\r\nCache-Control: max-age=60\r\n";

static void demand(int condition)
{
    if (!condition) {
        abort();
    }
}

/* Whole lines: a name and a text, but the first where `status` is said. */
static void check_lines(const char *at, const char *end, bool status)
{
    while (at < end) {
        const char *stop = memchr(at, '\r', (size_t)(end - at));
        const char *colon = memchr(at, ':', (size_t)(end - at));
        demand(stop && stop + 1 < end && stop[1] == '\n');
        if (status) {
            demand(stop - at >= 13 && memcmp(at, "HTTP/1.", 7) == 0 && at[8] == ' ' && at[12] == ' ');
        } else {
            demand(colon && colon > at && colon < stop);
        }
        for (const char *c = at; c < stop; c++) {
            demand(http_is(*c, status || c >= colon ? CLASS_TEXT : CLASS_TOKEN));
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
        answer_head_merge(text, length, file_lines, sizeof file_lines - 1, head->status, &out);
    } else {
        answer_head_copy(text, length, head->status, &out);
    }
    demand(out.at <= out.end && writer_length(&out) <= size);
    if (!out.full) {
        check_lines(buffer, out.at, !merge);
        demand(merge || !answer_has_no_body(head->status) ||
               (!memmem(buffer, writer_length(&out), "\nContent-Type:", 14) &&
                !memmem(buffer, writer_length(&out), "\nTransfer-Encoding:", 19)));
    }
    demand(size < HEAD_ROOM + length || !out.full);
    free(buffer);
}

static void check_head(const char *text, uint32_t length, uint32_t size)
{
    struct answer_head head;

    if (answer_head_parse(text, length, &head)) {
        demand(head.status >= 100 && head.status < 600);
        for (int merge = 0; merge < 2; merge++) {
            check_made(text, length, &head, size, merge);
            check_made(text, length, &head, HEAD_ROOM + length, merge);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static char text[HTTP_HEAD_MAX];
    size_t length = 0;

    if (size > 1 && bytes[1] & 1) { /* past the status line, which is hard to guess */
        length = (size_t)sprintf(text, "%s", words[(bytes[1] >> 1) % 3]);
    }
    for (size_t i = 2; i < size && length < sizeof(text) - 64; i++) {
        if (bytes[i] >= 0x80 && bytes[i] < 0x80 + WORDS) {
            length += (size_t)sprintf(text + length, "%s", words[bytes[i] - 0x80]);
        } else {
            text[length++] = (char)bytes[i];
        }
    }
    if (size > 1 && bytes[1] & 0x80) {
        length += (size_t)sprintf(text + length, "\n\n");
    }
    char *exact = malloc(length + !length);
    memcpy(exact, text, length);
    check_head(exact, (uint32_t)length, size > 0 ? bytes[0] * 4u : 0);
    free(exact);
    return 0;
}

FUZZ_BOUNDED("200000", "400")
