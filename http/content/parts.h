/* http/content/parts.h: several parts of a file in one answer: multipart/byteranges (RFC 9110 14.6). */
#ifndef HTTP_CONTENT_PARTS_H
#define HTTP_CONTENT_PARTS_H

#include "http/parse/select.h"
#include "http/response/writer.h"
#include "http/site/site.h"

#define PARTS_LINE_MAX 320 /* bytes that stand before a part */

/* For a file that is held as long. Counted from 1; 0: too many answers have parts now. */
uint8_t parts_take(const struct http_range *ranges, uint32_t count, const struct site_resource *resource);
void parts_give(uint8_t parts);

void parts_put_type(uint8_t parts, struct writer *head); /* Content-Type's line */
uint64_t parts_length(uint8_t parts);                    /* of the whole body */
/* What stands before the next part, which is *range; behind the last one the end, and *range is empty. */
void parts_put_line(uint8_t parts, struct writer *text, struct http_range *range);
/* That has been sent. False: it was the end. */
bool parts_advance(uint8_t parts);

#endif
