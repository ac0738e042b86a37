/* head.c: heads of answers, and the small pages that say why there is nothing else. */
#include "http/internal.h"

#include <string.h>

#include "http/date.h"
#include "http/text.h"
#include "lib/pd.h"

#define S 1000000000ull
#define DATE_LINE (6 + HTTP_DATE_LENGTH + 2)
#define PAGE_MAX 1024

static struct {
    char date_line[DATE_LINE]; /* "Date: ...\r\n", of the second up to: */
    uint64_t date_until_ns;    /* pd_now_ns() */
    int64_t now_s;             /* since 1970 */
    char head[3 * HTTP_PATH_MAX + HTTP_HEAD_MAX + 512];
    char page[PAGE_MAX];
} self;

static const struct {
    int status;
    const char *reason, *says;
} reasons[] = {
    {204, "No Content", ""},
    {301, "Moved Permanently", ""},
    {400, "Bad Request", "The request could not be understood."},
    {403, "Forbidden", "This file may not be read."},
    {404, "Not Found", "There is nothing at this address."},
    {405, "Method Not Allowed", "That cannot be done with this address."},
    {408, "Request Timeout", "The request did not arrive in time."},
    {412, "Precondition Failed", "The file is not as the request supposes."},
    {414, "URI Too Long", "The address is too long."},
    {416, "Range Not Satisfiable", "The file has no such part."},
    {431, "Request Header Fields Too Large", "The request is larger than this server accepts."},
    {501, "Not Implemented", "This server cannot do that."},
    {502, "Bad Gateway", "Something went wrong while answering."},
    {503, "Service Unavailable", "That is out of reach just now. Please try again in a moment."},
    {505, "HTTP Version Not Supported", "This server speaks HTTP/1.1."},
    {500, "Internal Server Error", "Something went wrong while answering."}, /* last: for any other */
};

/* -- text -- */

char *head_put(char *at, const char *text)
{
    return stpcpy(at, text);
}

char *head_put_slice(char *at, struct http_slice slice)
{
    memcpy(at, slice.at, slice.length);
    return at + slice.length;
}

char *head_put_number(char *at, uint64_t number)
{
    return at + http_put_decimal(at, number);
}

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

static uint32_t reason_of(int status)
{
    uint32_t i = 0;
    while (i + 1 < sizeof reasons / sizeof reasons[0] && reasons[i].status != status) {
        i++;
    }
    return i;
}

char *head_status(char *at, int status)
{
    at = head_put(at, "HTTP/1.1 ");
    at = head_put_number(at, (uint64_t)status);
    *at++ = ' ';
    at = head_put(at, reasons[reason_of(status)].reason);
    return head_put(at, "\r\nServer: Serval\r\n");
}

char *head_end(char *at, const struct reply *reply, bool date)
{
    if (date) {
        see_time();
        memcpy(at, self.date_line, DATE_LINE);
        at += DATE_LINE;
    }
    if (reply->ends) {
        at = head_put(at, "Connection: close\r\n");
    } else if (reply->minor == 0) {
        at = head_put(at, "Connection: keep-alive\r\n");
    }
    *at++ = '\r';
    *at++ = '\n';
    return at;
}

static bool send(struct connection *c, char *end)
{
    return connection_write(c, self.head, (uint32_t)(end - self.head), false);
}

/* -- pages -- */

static uint32_t make_page(int status)
{
    uint32_t i = reason_of(status);
    char number[HTTP_DECIMAL_MAX + 1];
    *head_put_number(number, (uint64_t)status) = '\0';
    char *at = self.page;
    at = head_put(at, "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">"
                      "<meta name=\"viewport\" content=\"width=device-width\">"
                      "<meta name=\"color-scheme\" content=\"light dark\"><title>");
    at = head_put(head_put(head_put(at, number), " "), reasons[i].reason);
    at = head_put(at, "</title><style>body{font:1.1rem/1.6 system-ui,sans-serif;max-width:32rem;"
                      "margin:20vh auto;padding:0 1.5rem}</style><h1>");
    at = head_put(head_put(head_put(at, number), " "), reasons[i].reason);
    at = head_put(head_put(at, "</h1><p>"), reasons[i].says);
    at = head_put(at, "</p><p><a href=\"/\">To the start page</a></p></html>\n");
    return (uint32_t)(at - self.page);
}

bool head_page(struct connection *c, const struct reply *reply, int status, const char *field)
{
    uint32_t length = make_page(status);
    char *at = head_status(self.head, status);
    at = head_put(at, "Content-Type: text/html; charset=utf-8\r\nContent-Length: ");
    at = head_put_number(at, length);
    at = head_put(at, "\r\nCache-Control: no-cache\r\n");
    at = head_end(head_put(at, field), reply, true);
    if (!reply->head_only) {
        memcpy(at, self.page, length);
        at += length;
    }
    http_counts.refused++;
    return send(c, at);
}

bool head_options(struct connection *c, const struct reply *reply)
{
    char *at = head_put(head_status(self.head, 204), "Allow: GET, HEAD, OPTIONS\r\n");
    return send(c, head_end(at, reply, true));
}

/* A path, fit for a Location field: what RFC 3986 3.3 lets stand in one stands, the rest is escaped. */
static char *put_path(char *at, const char *path, uint32_t length)
{
    static const char plain[] = "/-._~!$&'()*+,;=:@";
    static const char hex[] = "0123456789ABCDEF";
    for (uint32_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)path[i];
        bool letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
        if (letter || (byte >= '0' && byte <= '9') || (byte && strchr(plain, byte))) {
            *at++ = (char)byte;
        } else {
            *at++ = '%';
            *at++ = hex[byte >> 4];
            *at++ = hex[byte & 15];
        }
    }
    return at;
}

bool head_moved(struct connection *c, const struct reply *reply, const char *path, uint32_t length,
    struct http_slice query)
{
    char *at = head_put(head_status(self.head, 301), "Location: ");
    at = head_put(put_path(at, path, length), "/");
    if (query.at) {
        *at++ = '?';
        at = head_put_slice(at, query);
    }
    at = head_put(at, "\r\nContent-Length: 0\r\nCache-Control: public, max-age=60\r\n");
    return send(c, head_end(at, reply, true));
}
