/* lines.c: the lines that heads of answers are made of: a file's, a small page's, the application's.
 *   consumes  a reason that was checked: no CR or LF is in it
 *   produces  whole lines
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

void response_content_length(struct writer *head, uint64_t length)
{
    writer_put(head, "Content-Length: ");
    writer_put_number(head, length);
    writer_put(head, "\r\n");
}
