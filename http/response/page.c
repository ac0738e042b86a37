/* page.c: answers that need no file and no application, and the small pages that say why there is nothing else.
 *   consumes  a cleaned path (http/parse/path.c) and a query as the parser has let it through, of a client: NOT trusted
 *             beyond that: the path is escaped before it goes into Location
 *   produces  head and body in the caller's writer
 *   invariant what stands in a head is ours, or was checked: no CR or LF of a client's
 *   when full cannot be, in a buffer of RESPONSE_PAGE_MAX or RESPONSE_MOVED_MAX bytes, which hold the longest of all
 */
#include "http/response/page.h"

#include <assert.h>

#include "http/response/lines.h"
#include "http/response/reason.h"

#define HTTPS_PORT 443 /* an address without a port means this one */

#define BODY_MAX 1024

#define PATH_PLAIN "/-._~!$&'()*+,;=:@" /* what a path may have as it is, beside letters and digits: RFC 3986 3.3 */

static struct {
    char body[BODY_MAX];
} self;

static const struct {
    int status;
    const char *says;
} pages[] = {
    {400, "The request could not be understood."},
    {401, "Who you are has to be said first: a name and a password."},
    {403, "This file may not be read."},
    {404, "There is nothing at this address."},
    {405, "That cannot be done with this address."},
    {408, "The request did not arrive in time."},
    {412, "The file is not as the request supposes."},
    {414, "The address is too long."},
    {416, "The file has no such part."},
    {431, "The request is larger than this server accepts."},
    {501, "This server cannot do that."},
    {503, "That is out of reach just now. Please try again in a moment."},
    {504, "That takes too long just now. Please try again in a moment."},
    {505, "This server speaks HTTP/1.1."},
    {500, "Something went wrong while answering."}, /* last: for any other */
};

static const char *says(int status)
{
    uint32_t i = 0;
    while (i + 1 < sizeof(pages) / sizeof(pages[0]) && pages[i].status != status) {
        i++;
    }
    return pages[i].says;
}

static struct writer make_body(int status)
{
    struct writer body = writer_in(self.body, sizeof(self.body));
    char title[64] = "";
    struct writer both = writer_in(title, sizeof(title) - 1);
    writer_put_number(&both, (uint64_t)status);
    writer_put(&both, " ");
    writer_put(&both, http_reason(status));
    writer_put(&body, "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">"
                      "<meta name=\"viewport\" content=\"width=device-width\">"
                      "<meta name=\"color-scheme\" content=\"light dark\"><link rel=\"icon\" href=\"data:,\">"
                      "<meta name=\"description\" content=\"");
    writer_put(&body, says(status));
    writer_put(&body, "\"><title>");
    writer_put(&body, title);
    writer_put(&body, "</title><style>body{font:1.1rem/1.6 system-ui,sans-serif;max-width:32rem;"
                      "margin:20vh auto;padding:0 1.5rem}</style><main><h1>");
    writer_put(&body, title);
    writer_put(&body, "</h1><p>");
    writer_put(&body, says(status));
    writer_put(&body, "</p><p><a href=\"/\">To the start page</a></p></main></html>\n");
    assert(!body.full);
    return body;
}

static void begin(struct writer *answer, int status)
{
    response_status_line(answer, status);
    response_server(answer);
}

void response_page(struct writer *answer, const struct reply *reply, int status, const char *field)
{
    struct writer body = make_body(status);
    begin(answer, status);
    writer_put(answer, "Content-Type: text/html; charset=utf-8\r\n");
    response_content_length(answer, writer_length(&body));
    writer_put(answer, "Cache-Control: no-cache\r\n");
    writer_put(answer, field);
    response_end(answer, reply, true);
    if (!reply->head_only) {
        writer_put_bytes(answer, body.start, writer_length(&body));
    }
    assert(!answer->full); /* RESPONSE_PAGE_MAX */
}

const char *response_retry(int status)
{
    return status == 503 || status == 504 ? "Retry-After: 2\r\n" : "";
}

void response_options(struct writer *answer, const struct reply *reply)
{
    begin(answer, 204);
    writer_put(answer, "Allow: GET, HEAD, OPTIONS\r\n");
    response_end(answer, reply, true);
}

void response_moved(struct writer *answer, const struct reply *reply, const char *path, uint32_t length,
                    struct http_slice query)
{
    begin(answer, 301);
    writer_put(answer, "Location: ");
    response_put_encoded(answer, (struct http_slice){path, length}, PATH_PLAIN);
    writer_put(answer, "/");
    if (query.at) {
        writer_put(answer, "?");
        writer_put_slice(answer, query);
    }
    writer_put(answer, "\r\n");
    response_content_length(answer, 0);
    writer_put(answer, "Cache-Control: public, max-age=60\r\n");
    response_end(answer, reply, true);
    assert(!answer->full); /* RESPONSE_MOVED_MAX */
}

/* As it was sent, and taken apart: it has no character that may not stand there. Another method than GET stays what it
 * is (RFC 9110, 15.4.9). */
int response_moved_to_tls(struct writer *answer, const struct reply *reply, const struct http_request *request,
                          struct http_slice host, uint16_t port)
{
    int status = request->method == HTTP_GET || request->method == HTTP_HEAD ? 301 : 308;
    begin(answer, status);
    writer_put(answer, "Location: https://");
    writer_put_slice(answer, host);
    if (port != HTTPS_PORT) {
        writer_put(answer, ":");
        writer_put_number(answer, port);
    }
    writer_put_slice(answer, request->path);
    if (request->query.at) {
        writer_put(answer, "?");
        writer_put_slice(answer, request->query);
    }
    writer_put(answer, "\r\n");
    response_content_length(answer, 0);
    writer_put(answer, "Cache-Control: no-cache\r\n");
    response_end(answer, reply, true);
    assert(!answer->full); /* RESPONSE_MOVED_MAX */
    return status;
}
