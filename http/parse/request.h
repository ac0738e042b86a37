/* request.h: the head of a request (RFC 9112), strictly, in place: no copies, no allocation, time linear in its
 * length.
 *
 * Slices point into the bytes that were parsed. A field that was not sent has at == NULL.
 */
#ifndef HTTP_PARSE_REQUEST_H
#define HTTP_PARSE_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#define HTTP_HEAD_MAX 8192  /* bytes of a request line and its fields; beyond: 431, in the request line 414 */
#define HTTP_FIELDS_MAX 100 /* field lines; beyond: 431 */

struct http_slice {
    const char *at;
    uint32_t length;
};

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_OPTIONS, HTTP_OTHER };

struct http_request {
    uint32_t head_length; /* with the empty line: the body, or the next request, begins there */
    uint8_t method;       /* enum http_method */
    uint8_t minor;        /* of HTTP/1.minor: 0 or 1; a higher one counts as 1 (RFC 9110 2.5) */
    bool keep_alive;      /* the client will go on: RFC 9112 9.3 */
    bool upgrade;         /* Connection: upgrade */
    bool chunked;         /* Transfer-Encoding, last coding chunked */
    bool expect_continue;
    bool has_length;
    bool quoted; /* the target has '"' or '\\' in it */
    uint64_t content_length;
    struct http_slice method_text;
    /* as sent, still encoded; of an absolute-form target what follows the authority; "*" for OPTIONS */
    struct http_slice path;
    struct http_slice query; /* without '?' */
    struct http_slice host;
    struct http_slice fields; /* their lines, each with its CR LF */
    struct http_slice accept_encoding, range, if_range, if_match, if_none_match, if_modified_since, if_unmodified_since;
    struct http_slice referer, user_agent;
    struct http_slice accept, authorization; /* not by http_request_parse(): few need them, http_field() finds them */
};

/* The head at the start of data[0..length). Empty lines before a request line are skipped (RFC 9112 2.2) and count as
 * head. Returns 0: complete, *request is set. HTTP_INCOMPLETE: nothing wrong so far, more is needed. Else the status of
 * the refusal: 400, 414, 431, 501 (a transfer coding other than chunked), 505. After a refusal the connection must end:
 * where the next request begins is not known. */
#define HTTP_INCOMPLETE 1
int http_request_parse(const char *data, uint32_t length, struct http_request *request);
enum http_method http_method_of(struct http_slice text);

/* The path that a target means: %XX decoded once, empty and "." segments taken out, one '/' between names, a trailing
 * '/' kept. Written to clean[0..HTTP_PATH_MAX); returns its length, or 0 where the site cannot have it: "..", in any
 * encoding, NUL, backslash, a bad escape, no UTF-8, too long. What is decoded is not decoded again. */
#define HTTP_PATH_MAX 1024
uint32_t http_path_clean(struct http_slice path, char *clean);

bool http_is_utf8(const char *text, uint32_t length);

/* Codings that the client takes (RFC 9110 12.5.3), of those that a site may have beside a file. */
#define HTTP_CODING_GZIP 1
#define HTTP_CODING_BROTLI 2
uint8_t http_codings(struct http_slice accept_encoding);

/* The first field of that name, which is in small letters, among lines that were parsed. */
struct http_slice http_field(struct http_slice lines, const char *lower);
/* Pages are asked for by name, as browsers do for what they show as one; "anything" is not enough. */
bool http_accepts_html(struct http_slice accept);

#endif
