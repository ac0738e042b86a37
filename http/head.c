/* head.c: heads of answers, and the small pages that say why there is nothing else.
 *   consumes  a cleaned path (http/parse/path.c) and a query as the parser has let it through, of a client: NOT trusted
 *             beyond that: the path is escaped before it goes into Location
 *   produces  head and page in one write, whole or not at all
 *   invariant what stands in a head is ours, or was checked: no CR or LF of a client's
 *   when full connection_write() refuses: false, and the caller asks again; ROOM and PAGE_MAX hold the longest of all
 */
#include "http/internal.h"

#include <assert.h>
#include <string.h>

#include "http/parse/date.h"
#include "http/reason.h"
#include "lib/pd.h"

#define S 1000000000ull
#define DATE_LINE (6 + HTTP_DATE_LENGTH + 2)
#define PAGE_MAX 1024
#define ROOM (3 * HTTP_PATH_MAX + HTTP_HEAD_MAX + 512) /* Location: an escaped path, and the request's query */

static struct {
    char date_line[DATE_LINE]; /* "Date: ...\r\n", of the second up to: */
    uint64_t date_until_ns;    /* pd_now_ns() */
    int64_t now_s;             /* since 1970 */
    char head[ROOM];
    char page[PAGE_MAX];
} self;

static const struct {
    int status;
    const char *says;
} pages[] = {
    {400, "The request could not be understood."},
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

/* -- the clock -- */

static void see_time(void)
{
    uint64_t now = pd_now_ns();
    if (now < self.date_until_ns) {
        return;
    }
    uint64_t unix_ns = pd_unix_time_ns();
    self.now_s = (int64_t)(unix_ns / S);
    self.date_until_ns = now + S - unix_ns % S;
    memcpy(self.date_line, "Date: ", 6);
    http_date_format(self.now_s, self.date_line + 6);
    memcpy(self.date_line + DATE_LINE - 2, "\r\n", 2);
}

int64_t head_now_s(void)
{
    see_time();
    return self.now_s;
}

/* -- heads -- */

/* Of a request whose body, if it has one, nobody will read. */
struct reply reply_to(const struct http_request *request)
{
    bool skippable = !request->chunked && request->content_length <= SKIP_MAX &&
                     !(request->expect_continue && request->content_length > 0);
    return (struct reply){
        .head_only = request->method == HTTP_HEAD,
        .ends = !request->keep_alive || !skippable,
        .minor = request->minor,
    };
}

static const char *says(int status)
{
    uint32_t i = 0;
    while (i + 1 < sizeof(pages) / sizeof(pages[0]) && pages[i].status != status) {
        i++;
    }
    return pages[i].says;
}

void head_status(struct writer *head, int status)
{
    writer_put(head, "HTTP/1.1 ");
    writer_put_number(head, (uint64_t)status);
    writer_put(head, " ");
    writer_put(head, http_reason(status));
    writer_put(head, "\r\nServer: Serval\r\n");
}

void head_end(struct writer *head, const struct reply *reply, bool date)
{
    if (date) {
        see_time();
        writer_put_bytes(head, self.date_line, DATE_LINE);
    }
    if (reply->ends) {
        writer_put(head, "Connection: close\r\n");
    } else if (reply->minor == 0) {
        writer_put(head, "Connection: keep-alive\r\n");
    }
    writer_put(head, "\r\n");
}

/* False: no memory now. */
static bool send(struct connection *c, const struct writer *text)
{
    assert(!text->full); /* ROOM is for the longest */
    return connection_write(c, text->start, writer_length(text), false);
}

/* -- pages -- */

static struct writer make_page(int status)
{
    struct writer page = writer_in(self.page, sizeof(self.page));
    char title[64] = "";
    struct writer both = writer_in(title, sizeof(title) - 1);
    writer_put_number(&both, (uint64_t)status);
    writer_put(&both, " ");
    writer_put(&both, http_reason(status));
    writer_put(&page, "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">"
                      "<meta name=\"viewport\" content=\"width=device-width\">"
                      "<meta name=\"color-scheme\" content=\"light dark\"><title>");
    writer_put(&page, title);
    writer_put(&page, "</title><style>body{font:1.1rem/1.6 system-ui,sans-serif;max-width:32rem;"
                      "margin:20vh auto;padding:0 1.5rem}</style><h1>");
    writer_put(&page, title);
    writer_put(&page, "</h1><p>");
    writer_put(&page, says(status));
    writer_put(&page, "</p><p><a href=\"/\">To the start page</a></p></html>\n");
    assert(!page.full);
    return page;
}

bool head_page(struct connection *c, const struct reply *reply, int status, const char *field)
{
    trace(http_page, c, status);
    struct writer page = make_page(status), head = writer_in(self.head, sizeof(self.head));
    head_status(&head, status);
    writer_put(&head, "Content-Type: text/html; charset=utf-8\r\nContent-Length: ");
    writer_put_number(&head, writer_length(&page));
    writer_put(&head, "\r\nCache-Control: no-cache\r\n");
    writer_put(&head, field);
    head_end(&head, reply, true);
    if (!reply->head_only) {
        writer_put_bytes(&head, page.start, writer_length(&page));
    }
    return send(c, &head);
}

bool head_refusal(struct connection *c, const struct reply *reply, int status, const char *field)
{
    bool sent = head_page(c, reply, status, field);
    http_counts.refused += sent;
    return sent;
}

bool head_options(struct connection *c, const struct reply *reply)
{
    struct writer head = writer_in(self.head, sizeof(self.head));
    head_status(&head, 204);
    writer_put(&head, "Allow: GET, HEAD, OPTIONS\r\n");
    head_end(&head, reply, true);
    return send(c, &head);
}

/* A path, fit for a Location field: what RFC 3986 3.3 lets stand in one stands, the rest is escaped. */
static void put_path(struct writer *head, const char *path, uint32_t length)
{
    static const char plain[] = "/-._~!$&'()*+,;=:@";
    static const char hex[] = "0123456789ABCDEF";
    for (uint32_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)path[i];
        bool letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
        if (letter || (byte >= '0' && byte <= '9') || (byte && strchr(plain, byte))) {
            writer_put_bytes(head, &path[i], 1);
        } else {
            writer_put_bytes(head, (char[]){'%', hex[byte >> 4], hex[byte & 15]}, 3);
        }
    }
}

bool head_moved(struct connection *c, const struct reply *reply, const char *path, uint32_t length,
                struct http_slice query)
{
    struct writer head = writer_in(self.head, sizeof(self.head));
    head_status(&head, 301);
    writer_put(&head, "Location: ");
    put_path(&head, path, length);
    writer_put(&head, "/");
    if (query.at) {
        writer_put(&head, "?");
        writer_put_slice(&head, query);
    }
    writer_put(&head, "\r\nContent-Length: 0\r\nCache-Control: public, max-age=60\r\n");
    head_end(&head, reply, true);
    return send(c, &head);
}
