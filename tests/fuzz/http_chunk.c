/* tests/fuzz/http_chunk.c: lines of a body that comes in chunks: a chunk's size, a trailer.
 *
 * Input: the line.
 */
#include <ctype.h>

#include "http/parse/chunk.h"
#include "tests/fuzz/fuzz.h"

void fuzz_begin(void) {}

/* What every reader takes for the same number: digits, then nothing, or what cannot be one of them. */
static void check_size(const char *line, uint32_t length, uint64_t size)
{
    uint64_t again = 0;
    uint32_t digits = 0;

    for (; digits < length && isxdigit((unsigned char)line[digits]); digits++) {
        again = again * 16 + (uint64_t)(isdigit((unsigned char)line[digits]) ? line[digits] - '0'
                                                                             : (line[digits] | 0x20) - 'a' + 10);
    }
    DEMAND(digits > 0 && digits <= 16 && again == size && strchr("\r; \t", line[digits]));
}

void fuzz_run(struct fuzz_input *in)
{
    struct http_slice line = {fuzz_exactly(in->at, in->left), (uint32_t)in->left};
    uint64_t size;
    bool is_size = http_chunk_size(line, &size), is_trailer = http_is_trailer(line);

    if (is_size) {
        check_size(line.at, line.length, size);
    }
    if (is_size || is_trailer) {
        DEMAND(line.length > 2 && memcmp(line.at + line.length - 2, "\r\n", 2) == 0);
        DEMAND(!memchr(line.at, '\n', line.length - 1) && !memchr(line.at, '\r', line.length - 2));
        DEMAND(!memchr(line.at, '\0', line.length));
    }
}
