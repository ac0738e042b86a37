/* lines.c: the lines that heads of answers are made of: a file's, a small page's, the application's.
 *   consumes  a reason that was checked: no CR or LF is in it; parts of addresses, NOT trusted: any bytes
 *   produces  whole lines; of an address what may stand in it
 *   when full the writer says so
 */
#include "http/response/lines.h"

#include "http/response/reason.h"

void response_status_line_as(struct writer *head, int status, struct http_slice reason)
{
    writer_put(head, "HTTP/1.1 ");
    writer_put_number(head, (uint64_t)status);
    writer_put(head, " "); /* also before an empty reason: RFC 9112 4 */
    if (reason.length > 0) {
        writer_put_slice(head, reason);
    } else {
        writer_put(head, http_reason(status));
    }
    writer_put(head, "\r\n");
}

void response_status_line(struct writer *head, int status)
{
    response_status_line_as(head, status, (struct http_slice){.length = 0});
}

void response_server(struct writer *head)
{
    writer_put(head, "Server: Serval\r\n");
}

void response_content_range(struct writer *head, uint64_t first, uint64_t count, uint64_t size)
{
    writer_put(head, "Content-Range: bytes ");
    writer_put_number(head, first);
    writer_put(head, "-");
    writer_put_number(head, first + count - 1);
    writer_put(head, "/");
    writer_put_number(head, size);
    writer_put(head, "\r\n");
}

void response_put_encoded(struct writer *text, struct http_slice part, const char *plain)
{
    static const char hex[] = "0123456789ABCDEF";
    for (uint32_t i = 0; i < part.length; i++) {
        uint8_t c = (uint8_t)part.at[i];
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if (letter || http_is((char)c, CLASS_DIGIT) || (c && strchr(plain, c))) {
            writer_put_bytes(text, &part.at[i], 1);
        } else {
            writer_put_bytes(text, (char[]){'%', hex[c >> 4], hex[c & 15]}, 3);
        }
    }
}

void response_content_length(struct writer *head, uint64_t length)
{
    writer_put(head, "Content-Length: ");
    writer_put_number(head, length);
    writer_put(head, "\r\n");
}
