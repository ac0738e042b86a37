/* chunk.h: the lines of a body that comes in chunks (RFC 9112 7.1), strictly: a reader before us must not see
 * other ends than we do. */
#ifndef HTTP_PARSE_CHUNK_H
#define HTTP_PARSE_CHUNK_H

#include "http/parse/request.h"

/* A chunk's first line, with its CR LF: at most 16 hexadecimal digits, then nothing or extensions. False: it is not. */
bool http_chunk_size(struct http_slice line, uint64_t *size);
/* A line behind the last chunk, with its CR LF, but not the empty one. */
bool http_is_trailer(struct http_slice line);

#endif
