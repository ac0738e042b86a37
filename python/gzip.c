/* gzip.c: _website.gzip(body, accept_encoding): the body as gzip (RFC 1952), by zlib: an answer on its way (website_compress.py).
 *   consumes  bytes of the program's; a field of a client, NOT trusted (http/parse/codings.c), or None
 *   produces  bytes; None where the client takes no gzip, it would be no shorter, or zlib finds no memory
 *   when full zlib's memory, at most 60 KiB, is of Python's heap, and goes back before this returns; no memory for the
 *             result is a MemoryError
 */
#include "lib/pd.h"

#include "http/parse/request.h"
#include "python/modwebsite.h"

#include "py/misc.h"
#include "py/objstr.h"
#include "py/runtime.h"

#include <zlib.h>

#define LEVEL 3 /* of 1 to 9: a tenth shorter than 1, for no more time */
#define WINDOW_BITS_MIN 9
#define WINDOW_BITS_MAX 13
#define MEMORY_LEVEL 5    /* of 1 to 9 */
#define WITH_GZIP_HEAD 16 /* added to the window's bits */

static void *take(void *context, unsigned count, unsigned size)
{
    return m_malloc_maybe((size_t)count * size);
}

static void give_back(void *context, void *memory)
{
    m_free(memory);
}

/* No larger than the body needs. */
static int window_bits_for(size_t length)
{
    int bits = WINDOW_BITS_MIN;
    while (bits < WINDOW_BITS_MAX && (size_t)1 << bits < length) {
        bits++;
    }
    return bits;
}

/* How many bytes of `out` that took; 0: they are not enough, or there is no memory. */
static size_t deflate_all(const mp_buffer_info_t *body, void *out, size_t room)
{
    z_stream stream = {.zalloc = take, .zfree = give_back};
    int bits = window_bits_for(body->len) + WITH_GZIP_HEAD;
    if (deflateInit2(&stream, LEVEL, Z_DEFLATED, bits, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
        return 0;
    }
    stream.next_in = body->buf;
    stream.avail_in = (uInt)body->len;
    stream.next_out = out;
    stream.avail_out = (uInt)room;
    bool whole = deflate(&stream, Z_FINISH) == Z_STREAM_END;
    deflateEnd(&stream);
    return whole ? stream.total_out : 0;
}

mp_obj_t website_gzip(mp_obj_t body_in, mp_obj_t accept_encoding)
{
    mp_buffer_info_t body;
    size_t length;
    if (accept_encoding == mp_const_none) {
        return mp_const_none;
    }
    struct http_slice accept = {.at = mp_obj_str_get_data(accept_encoding, &length)};
    accept.length = (uint32_t)length;
    mp_get_buffer_raise(body_in, &body, MP_BUFFER_READ);
    if (!(http_codings(accept) & HTTP_CODING_GZIP) || body.len < 2 || body.len > UINT32_MAX) {
        return mp_const_none;
    }
    byte *out = m_new_maybe(byte, body.len);
    length = out ? deflate_all(&body, out, body.len - 1) : 0;
    mp_obj_t packed = length > 0 ? mp_obj_new_bytes(out, length) : mp_const_none;
    m_del(byte, out, body.len);
    return packed;
}
