/* http/parse/request.c: the head of a request (RFC 9112), strictly.
 *   consumes  bytes from a client, NOT trusted
 *   bounds    one pass over at most HTTP_HEAD_MAX bytes; a head that comes in pieces is looked at from its start again
 *             for each of them, so a client that sends single bytes costs 2 to 3 instructions for each byte it has
 *             sent, for each packet
 *   refuses   all that two readers might understand differently: bare CR or LF, folded lines, space before a colon, a
 *             second Host or Content-Length, Content-Length beside Transfer-Encoding
 */
#include "http/parse/request.h"
#include "http/parse/text.h"

enum { OK = 0, BAD = 400, NOT_IMPLEMENTED = 501, BAD_VERSION = 505 };

struct parser {
    const char *at, *end;
    const char *end16; /* behind the last place from which sixteen bytes can be read */
    struct http_request *request;
    bool in_line; /* the request line is not complete */
    bool absolute, host, close, stay, upgrade, coded, unknown_coding;
};

/* Sixteen bytes at a time: as numbers without a sign where they are calculated with, since those may wrap around, and
 * compared as signed ones; a mask has ones in the bytes that stop a search. */
typedef int8_t bytes16 __attribute__((vector_size(16)));
typedef uint8_t wrapping16 __attribute__((vector_size(16)));
typedef uint16_t words8 __attribute__((vector_size(16)));
typedef uint8_t bytes8 __attribute__((vector_size(8)));

static inline bytes16 load16(const char *at)
{
    bytes16 bytes;

    memcpy(&bytes, at, sizeof(bytes));
    return bytes;
}

/* Four bits for each byte of a mask: one instruction on AArch64, and then what stops first is a matter of 64 bits. */
static inline uint64_t nibbles_of(bytes16 mask)
{
    bytes8 narrow = __builtin_convertvector((words8)mask >> 4, bytes8);
    uint64_t nibbles;

    memcpy(&nibbles, &narrow, sizeof(nibbles));
    return nibbles;
}

static inline uint32_t first_nibble(uint64_t nibbles)
{
    return (uint32_t)__builtin_ctzll(nibbles) / 4;
}

/* The first byte that may not stand in a line: a control character other than HTAB, or DEL. What visible ASCII and SP
 * do not make up is gone through byte by byte. */
static inline const char *text_end(const struct parser *parser, const char *at)
{
    for (; at < parser->end16; at += 16) {
        /* 0x80 and above are negative, and so becomes DEL */
        uint64_t stops = nibbles_of((bytes16)((bytes16)((wrapping16)load16(at) + 1) <= 0x20));
        if (stops) {
            at += first_nibble(stops);
            if (*at == '\r') {
                return at;
            }
            break;
        }
    }
    while (at < parser->end && http_is(*at, CLASS_TEXT)) {
        at++;
    }
    return at;
}

/* The first byte that may not stand in a name. Names are letters and '-', mostly. */
static inline const char *name_end(const struct parser *parser, const char *at)
{
    for (; at < parser->end16; at += 16) {
        bytes16 bytes = load16(at);
        bytes16 letters = (bytes16)((wrapping16)(bytes | 0x20) - 'a' + 0x80); /* so that letters are the 26 lowest */
        uint64_t stops = nibbles_of((bytes16)(~((letters < INT8_MIN + 26) | (bytes == '-'))));
        if (stops) {
            at += first_nibble(stops);
            if (*at == ':') {
                return at;
            }
            break;
        }
    }
    while (at < parser->end && http_is(*at, CLASS_TOKEN)) {
        at++;
    }
    return at;
}

/* What targets are mostly made of: '$' to '~' but '\\' and '?'. The first byte that is something else, or nearly the
 * parser's end. */
static inline const char *usual_end(const struct parser *parser, const char *at)
{
    for (; at < parser->end16; at += 16) {
        bytes16 bytes = load16(at);
        bytes16 usual = (bytes16)((wrapping16)bytes - '$' + 0x80); /* so that these are the 91 lowest */
        uint64_t stops = nibbles_of((bytes16)((usual >= INT8_MIN + 91) | (bytes == '\\') | (bytes == '?')));
        if (stops) {
            return at + first_nibble(stops);
        }
    }
    return at;
}

/* Byte by byte: the first that may not stand in a target before its '?', or, where `also` is '?', in its query. */
static const char *target_end(const struct parser *parser, const char *at, char also)
{
    uint8_t classes = 0;
    while (http_is(*at, CLASS_TARGET) || *at == also) {
        classes |= http_classes[(uint8_t)*at++];
    }
    parser->request->quoted |= classes & CLASS_QUOTED;
    return at;
}

/* A target's rest; there is a byte that may not stand in it before the parser's end. */
static const char *take_rest(const struct parser *parser, const char *at)
{
    struct http_request *request = parser->request;
    at = target_end(parser, at, '/');
    request->path.length = (uint32_t)(at - request->path.at);
    if (*at == '?') {
        const char *start = ++at;
        at = target_end(parser, usual_end(parser, at), '?');
        request->query = (struct http_slice){start, (uint32_t)(at - start)};
    }
    return at;
}

/* CR LF at `at`? */
static inline int line_break(const struct parser *parser, const char *at)
{
    if (parser->end - at >= 2) {
        return memcmp(at, "\r\n", 2) == 0 ? OK : BAD;
    }
    return at == parser->end || *at == '\r' ? HTTP_INCOMPLETE : BAD;
}

/* uri-host [ ":" port ]: RFC 9110 7.2. Characters only: whether it is a name that somebody has is not our affair. What
 * follows it, up to the line's CR at the latest, is in none of the classes. */
static bool is_host(struct http_slice host)
{
    const char *at = host.at, *end = host.at + host.length;

    if (at < end && *at == '[') {
        const char *close = memchr(at, ']', host.length);
        if (!close || close - at < 3 || strspn(at + 1, "0123456789abcdefABCDEF:.") != (size_t)(close - at - 1)) {
            return false;
        }
        at = close + 1;
    } else {
        while (http_is(*at, CLASS_HOST)) {
            at++;
        }
    }
    if (*at == ':') {
        do {
            at++;
        } while (http_is(*at, CLASS_DIGIT));
    }
    return at == end;
}

enum http_method http_method_of(struct http_slice text)
{
    if (text.length == 3 && memcmp(text.at, "GET", 3) == 0) {
        return HTTP_GET;
    }
    if (text.length == 4 && memcmp(text.at, "HEAD", 4) == 0) {
        return HTTP_HEAD;
    }
    return text.length == 7 && memcmp(text.at, "OPTIONS", 7) == 0 ? HTTP_OPTIONS : HTTP_OTHER;
}

/* "HTTP/" DIGIT "." DIGIT, and nothing behind it. */
static int take_version(struct http_request *request, const char *at, const char *end)
{
    if (end - at != 8 || memcmp(at, "HTTP/", 5) != 0 || !http_is(at[5], CLASS_DIGIT) || at[6] != '.' ||
        !http_is(at[7], CLASS_DIGIT)) {
        return BAD;
    }
    request->minor = at[7] != '0';
    return at[5] == '1' ? OK : BAD_VERSION;
}

/* absolute-form: RFC 9112 3.2.2. request->path holds all before '?'. Its authority takes the place of the Host
 * field. */
static int take_absolute(struct parser *parser)
{
    struct http_request *request = parser->request;
    const char *at = request->path.at, *end = at + request->path.length;
    uint32_t scheme = request->path.length > 7 && http_same(at, "http", 4) ? (at[4] | 0x20) == 's' ? 5 : 4 : 0;

    if (scheme == 0 || end - at < scheme + 4 || memcmp(at + scheme, "://", 3) != 0) {
        return BAD;
    }
    at += scheme + 3;
    const char *path = memchr(at, '/', (size_t)(end - at));
    request->host = (struct http_slice){at, (uint32_t)((path ? path : end) - at)};
    if (request->host.length == 0 || !is_host(request->host)) {
        return BAD;
    }
    parser->absolute = true;
    if (path) {
        request->path = (struct http_slice){path, (uint32_t)(end - path)};
    } else {
        bool all = request->method == HTTP_OPTIONS && request->query.at == NULL;
        request->path = (struct http_slice){all ? "*" : "/", 1};
    }
    return OK;
}

/* Which of the four forms it is: RFC 9112 3.2. */
static int take_target(struct parser *parser)
{
    struct http_request *request = parser->request;

    if (request->method == HTTP_OTHER && request->method_text.length == 7 &&
        memcmp(request->method_text.at, "CONNECT", 7) == 0) {
        return NOT_IMPLEMENTED; /* we are no proxy: RFC 9110 9.1 */
    }
    if (request->path.length > 0 && request->path.at[0] == '/') {
        return OK;
    }
    if (request->path.length == 1 && request->path.at[0] == '*') {
        return request->method == HTTP_OPTIONS && request->query.at == NULL ? OK : BAD;
    }
    return take_absolute(parser);
}

/* The line ends in CR, which is in no class: loops over a class need no other end. */
static int take_request_line(struct parser *parser, const char *end)
{
    struct http_request *request = parser->request;
    const char *start = parser->at, *at = name_end(parser, start);

    if (at == start || *at != ' ') {
        return BAD;
    }
    request->method_text = (struct http_slice){start, (uint32_t)(at - start)};
    request->method = http_method_of(request->method_text);
    start = ++at;
    at = usual_end(parser, at);
    request->path = (struct http_slice){start, (uint32_t)(at - start)};
    if (*at != ' ') {
        at = take_rest(parser, at);
        if (*at != ' ') {
            return BAD;
        }
    }
    int status = take_version(request, at + 1, end);
    return status ? status : take_target(parser);
}

static int take_host(struct parser *parser, struct http_slice value)
{
    if (parser->host || !is_host(value)) {
        return BAD;
    }
    parser->host = true;
    if (!parser->absolute) {
        parser->request->host = value;
    }
    return OK;
}

static int take_length(struct parser *parser, struct http_slice value)
{
    struct http_request *request = parser->request;

    if (request->has_length || !http_decimal(value, INT64_MAX, &request->content_length) ||
        request->content_length == INT64_MAX) {
        return BAD;
    }
    request->has_length = true;
    return OK;
}

static int take_coding(struct parser *parser, struct http_slice value)
{
    struct http_slice coding;

    parser->coded = true;
    while (http_next_element(&value, &coding)) {
        if (parser->request->chunked || coding.length == 0) {
            return BAD; /* something behind the last coding, or nothing where one should be */
        }
        if (http_slice_is(coding, "chunked")) {
            parser->request->chunked = true;
        } else {
            parser->unknown_coding = true;
        }
    }
    return OK;
}

static int take_connection(struct parser *parser, struct http_slice value)
{
    struct http_slice option;

    if (http_slice_is(value, "keep-alive")) { /* what browsers send */
        parser->stay = true;
        return OK;
    }
    while (http_next_element(&value, &option)) {
        parser->close |= http_slice_is(option, "close");
        parser->stay |= http_slice_is(option, "keep-alive");
        parser->upgrade |= http_slice_is(option, "upgrade");
    }
    return OK;
}

/* Of fields that come more than once the first one counts, unless that could be taken in two ways. */
static int take_slice(struct http_slice *slice, struct http_slice value)
{
    if (!slice->at) {
        *slice = value;
    }
    return OK;
}

/* A field that somebody here reads. Told apart by length first: most requests' fields end there. */
static int take_field(struct parser *parser, const char *name, uint32_t length, struct http_slice value)
{
    struct http_request *request = parser->request;

#define IS(text) (http_same(name, text, sizeof(text) - 1))
    switch (length) {
    case 4: return IS("host") ? take_host(parser, value) : OK;
    case 5: return IS("range") ? take_slice(&request->range, value) : OK;
    case 6: request->expect_continue |= IS("expect") && http_slice_is(value, "100-continue"); return OK;
    case 7: request->upgrade |= IS("upgrade"); return IS("referer") ? take_slice(&request->referer, value) : OK;
    case 8:
        return IS("if-match")   ? take_slice(&request->if_match, value)
               : IS("if-range") ? take_slice(&request->if_range, value)
                                : OK;
    case 10:
        return IS("connection")   ? take_connection(parser, value)
               : IS("user-agent") ? take_slice(&request->user_agent, value)
                                  : OK;
    case 13: return IS("if-none-match") ? take_slice(&request->if_none_match, value) : OK;
    case 14: return IS("content-length") ? take_length(parser, value) : OK;
    case 15: return IS("accept-encoding") ? take_slice(&request->accept_encoding, value) : OK;
    case 17:
        return IS("transfer-encoding")   ? take_coding(parser, value)
               : IS("if-modified-since") ? take_slice(&request->if_modified_since, value)
                                         : OK;
    case 19: return IS("if-unmodified-since") ? take_slice(&request->if_unmodified_since, value) : OK;
    default: return OK;
    }
#undef IS
}

/* What only the whole head tells: RFC 9112 3.2, 6.1, 6.3, 9.3. */
static int finish(struct parser *parser)
{
    struct http_request *request = parser->request;
    bool first = request->minor == 0;

    if (!parser->host && !first) {
        return BAD;
    }
    if (parser->coded && (first || request->has_length || !request->chunked)) {
        return BAD;
    }
    if (parser->unknown_coding) {
        return NOT_IMPLEMENTED;
    }
    request->keep_alive = !parser->close && (!first || parser->stay);
    request->upgrade &= parser->upgrade && !first;
    request->expect_continue &= !first;
    return OK;
}

/* Without SP and HTAB on both sides; at `end` stands a CR. */
static inline struct http_slice value_of(const char *at, const char *end)
{
    at += *at == ' ';
    if ((uint8_t)*at > ' ' && (uint8_t)end[-1] > ' ') {
        return (struct http_slice){at, (uint32_t)(end - at)}; /* as most are */
    }
    while (*at == ' ' || *at == '\t') {
        at++;
    }
    while (end > at && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }
    return (struct http_slice){at, (uint32_t)(end - at)};
}

/* One pass: a line that is not complete may be refused for its name already. */
static inline int take_field_line(struct parser *parser)
{
    const char *name = parser->at, *colon = name_end(parser, name);

    if (colon == parser->end) {
        return HTTP_INCOMPLETE;
    }
    if (*colon != ':' || colon == name) {
        return BAD; /* also a folded line: it begins with SP or HTAB */
    }
    const char *end = text_end(parser, colon + 1);
    int status = line_break(parser, end);
    if (status) {
        return status;
    }
    parser->at = end + 2;
    return take_field(parser, name, (uint32_t)(colon - name), value_of(colon + 1, end));
}

static int take_fields(struct parser *parser)
{
    for (uint32_t count = 0; count <= HTTP_FIELDS_MAX; count++) {
        if (parser->at < parser->end && *parser->at == '\r') {
            int status = line_break(parser, parser->at);
            parser->request->fields.length = (uint32_t)(parser->at - parser->request->fields.at);
            parser->at += status ? 0 : 2;
            return status ? status : finish(parser);
        }
        int status = take_field_line(parser);
        if (status) {
            return status;
        }
    }
    return 431;
}

static int take_head(struct parser *parser)
{
    const char *end;
    int status;

    do { /* past empty lines */
        end = text_end(parser, parser->at);
        status = line_break(parser, end);
        if (status) {
            return status;
        }
        parser->at += end == parser->at ? 2 : 0;
    } while (end < parser->at);
    status = take_request_line(parser, end);
    if (status) {
        return status;
    }
    parser->in_line = false;
    parser->at = end + 2;
    parser->request->fields.at = parser->at;
    return take_fields(parser);
}

int http_request_parse(const char *data, uint32_t length, struct http_request *request)
{
    uint32_t looked_at = length < HTTP_HEAD_MAX ? length : HTTP_HEAD_MAX;
    struct parser parser = {.at = data, .end = data + looked_at, .request = request, .in_line = true};

    parser.end16 = looked_at >= 16 ? parser.end - 15 : data;
    memset(request, 0, sizeof(*request));
    int status = take_head(&parser);
    if (status == HTTP_INCOMPLETE && looked_at == HTTP_HEAD_MAX) {
        return parser.in_line ? 414 : 431;
    }
    request->head_length = (uint32_t)(parser.at - data);
    return status;
}
