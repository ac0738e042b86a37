/* app_head.c: heads between HTTP's text and the messages of http/app_proto.h.
 *   input     a request's head that http_request_parse() let through; an application's answer, NOT trusted: sizes,
 *             names and values are checked, byte by byte, since they may hold what a client has sent
 *   output    a request's head in the application's share; lines that end in CR LF, by the bounded writer. Fields that
 *             speak of the connection are the front's own
 *   when full the writer says so: the head is not sent, the client is told 500
 */
#include "http/content/app_head.h"

#include <strings.h>

#include "http/response/lines.h"

/* Each of a line's bytes has its place in the message, but ':' and CR LF, of which the lengths' four bytes make one
 * more; the shortest line has four bytes. */
#define AT_MOST(text) ((text) + (text) / 4)
#define SHORT 1024 /* bytes of lines, of which the most that they can become is near enough */

struct field {
    struct http_slice name, value;
};

/* -- of a request -- */

/* The line at *at, which moves on: the parser has seen that it is one. */
static struct field next_line(const char **at, const char *end)
{
    const char *start = *at, *colon = memchr(start, ':', (size_t)(end - start));
    const char *stop = memchr(colon, '\r', (size_t)(end - colon));
    *at = stop + 2;
    return (struct field){{start, (uint32_t)(colon - start)}, http_trim(colon + 1, stop)};
}

static uint32_t fields_bytes(struct http_slice lines)
{
    const char *at = lines.at, *end = at + lines.length;
    uint32_t bytes = 0;
    while (at < end) {
        struct field field = next_line(&at, end);
        bytes += (uint32_t)sizeof(struct app_field) + field.name.length + field.value.length;
    }
    return bytes;
}

uint32_t app_head_bytes(const struct http_request *request)
{
    uint32_t fields = request->fields.length;
    return (uint32_t)sizeof(struct app_request_head) + request->method_text.length + request->path.length + 1 +
           request->query.length + request->host.length +
           (fields < SHORT ? AT_MOST(fields) : fields_bytes(request->fields));
}

static uint8_t *put(uint8_t *to, const void *bytes, uint32_t count)
{
    memcpy(to, bytes, count);
    return to + count;
}

static uint8_t *put_field(uint8_t *to, const struct field *field)
{
    struct app_field lengths = {(uint16_t)field->name.length, (uint16_t)field->value.length};
    to = put(to, &lengths, sizeof(lengths));
    to = put(to, field->name.at, field->name.length);
    return put(to, field->value.at, field->value.length);
}

uint32_t app_head_put(const struct http_request *request, const struct transport_peer *peer, uint8_t *to)
{
    const struct http_slice *path = &request->path, *query = &request->query;
    struct app_request_head head = {
        .peer_bytes = sizeof(peer->address),
        .minor = request->minor,
        .peer_port = peer->port,
        .method_length = (uint16_t)request->method_text.length,
        .target_length = (uint16_t)(path->length + (query->at ? 1 + query->length : 0)),
        .flags = peer->secured ? APP_SECURED : 0,
        .server_length = (uint8_t)peer->server.length,
    };
    uint8_t *start = to;
    memcpy(head.peer, peer->address, sizeof(peer->address));
    to = put(to + sizeof(head), request->method_text.at, request->method_text.length);
    to = put(to, path->at, path->length);
    if (query->at) {
        to = put(to, "?", 1);
        to = put(to, query->at, query->length);
    }
    const char *at = request->fields.at, *end = at + request->fields.length;
    for (; at < end; head.field_count++) {
        struct field field = next_line(&at, end);
        if (http_slice_is(field.name, "host")) {
            field.value = request->host; /* an absolute-form target has overruled it: RFC 9112 3.2.2 */
        }
        to = put_field(to, &field);
    }
    if (peer->server.length > 0) {
        to = put(to, peer->server.at, peer->server.length);
    }
    memcpy(start, &head, sizeof(head));
    return (uint32_t)(to - start);
}

static void read_target(struct http_request *request, struct http_slice target)
{
    const char *query = memchr(target.at, '?', target.length);
    request->path = target;
    if (query) {
        request->path.length = (uint32_t)(query - target.at);
        request->query = (struct http_slice){query + 1, target.length - request->path.length - 1};
    }
}

/* The first of each name, as http/parse/request.c has it. */
static void read_field(struct http_request *request, const struct field *field)
{
    struct http_slice *const slices[] = {&request->accept_encoding,
                                         &request->range,
                                         &request->if_range,
                                         &request->if_match,
                                         &request->if_none_match,
                                         &request->if_modified_since,
                                         &request->if_unmodified_since,
                                         &request->accept,
                                         &request->authorization,
                                         &request->host};
    static const char *const names[] = {
        "accept-encoding",     "range",  "if-range",      "if-match", "if-none-match", "if-modified-since",
        "if-unmodified-since", "accept", "authorization", "host"};
    for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!slices[i]->at && http_slice_is(field->name, names[i])) {
            *slices[i] = field->value;
        }
    }
}

static const char *read_slices(const char *at, struct field *field)
{
    struct app_field lengths;
    memcpy(&lengths, at, sizeof(lengths));
    at += sizeof(lengths);
    field->name = (struct http_slice){at, lengths.name_length};
    field->value = (struct http_slice){at + lengths.name_length, lengths.value_length};
    return at + lengths.name_length + lengths.value_length;
}

void app_head_read(const uint8_t *bytes, uint32_t length, struct http_request *request)
{
    struct app_request_head head;
    struct field field;
    const char *at = (const char *)bytes + sizeof(head);
    memset(request, 0, sizeof(*request));
    memcpy(&head, bytes, sizeof(head));
    request->minor = head.minor;
    request->method_text = (struct http_slice){at, head.method_length};
    request->method = http_method_of(request->method_text);
    read_target(request, (struct http_slice){at + head.method_length, head.target_length});
    at += head.method_length + head.target_length;
    for (uint32_t i = 0; i < head.field_count; i++) {
        at = read_slices(at, &field);
        read_field(request, &field);
    }
}

/* -- an answer, as it was said -- */

bool app_head_has_no_body(int status)
{
    return status == 204 || status == 205 || status == 304;
}

/* A field line that may reach a client: RFC 9112 5.1, RFC 9110 5.5. */
static const char *check_field(const struct field *field)
{
    if (field->name.length == 0 || !http_all_are(field->name, CLASS_TOKEN)) {
        return "a field's name is none";
    }
    return http_all_are(field->value, CLASS_TEXT) ? NULL : "a field has a control character";
}

static const char *check_fields(const char *at, const char *end, struct app_answer *answer)
{
    answer->fields = at;
    for (uint32_t i = 0; i < answer->field_count; i++) {
        struct field field;
        struct app_field lengths;
        if ((size_t)(end - at) < sizeof(lengths)) {
            return "its fields are cut off";
        }
        memcpy(&lengths, at, sizeof(lengths));
        if ((size_t)(end - at) < sizeof(lengths) + lengths.name_length + lengths.value_length) {
            return "its fields are cut off";
        }
        at = read_slices(at, &field);
        const char *wrong = check_field(&field);
        if (wrong) {
            return wrong;
        }
        answer->has_date |= http_slice_is(field.name, "date");
        answer->has_server |= http_slice_is(field.name, "server");
    }
    return NULL;
}

const char *app_head_check(const char *text, uint32_t length, bool upgrade, struct app_answer *answer)
{
    struct app_answer_head head;
    *answer = (struct app_answer){.status = 0};
    if (length < sizeof(head)) {
        return "it has no head";
    }
    memcpy(&head, text, sizeof(head));
    if (head.status < 200 || head.status > 599) {
        if (head.status != 101 || !upgrade) {
            return "its status cannot be";
        }
    }
    if (head.field_count > APP_FIELDS_MAX) {
        return "it has too many fields";
    }
    if (sizeof(head) + head.reason_length + head.path_length > length) {
        return "its head is cut off";
    }
    answer->status = head.status;
    answer->field_count = head.field_count;
    answer->reason = (struct http_slice){text + sizeof(head), head.reason_length};
    answer->path = (struct http_slice){answer->reason.at + head.reason_length, head.path_length};
    if (!http_all_are(answer->reason, CLASS_TEXT) || !http_all_are(answer->path, CLASS_TEXT)) {
        return "its reason or path has a control character";
    }
    return check_fields(answer->path.at + head.path_length, text + length, answer);
}

/* -- an answer, as the client gets it -- */

static bool one_of(struct http_slice name, const char *const *names)
{
    for (; *names; names++) {
        if (http_slice_is(name, *names)) {
            return true;
        }
    }
    return false;
}

static void put_line(struct writer *head, const struct field *field)
{
    writer_put_slice(head, field->name);
    writer_put(head, ": ");
    writer_put_slice(head, http_trim(field->value.at, field->value.at + field->value.length));
    writer_put(head, "\r\n");
}

void app_head_status_line(const struct app_answer *answer, struct writer *head)
{
    response_status_line_as(head, answer->status, answer->reason);
}

/* What the application says, but the client must not hear: of the connection, which is ours, and of a body where there
 * is none (RFC 9110 8.6; RFC 9112 6.1). Told apart by length first: most fields end there. */
static bool is_kept_back(struct http_slice name, int status)
{
    static const char *const connection[] = {
        "connection", "keep-alive", "proxy-connection", "transfer-encoding", "content-length", "trailer", "te", NULL};
    static const char *const body[] = {"content-type", "content-encoding", "content-language", "content-range", NULL};
    return one_of(name, connection) || (http_slice_is(name, "upgrade") && status != 101) ||
           (app_head_has_no_body(status) && one_of(name, body));
}

void app_head_fields(const struct app_answer *answer, struct writer *head)
{
    const char *at = answer->fields;
    struct field field;
    for (uint32_t i = 0; i < answer->field_count; i++) {
        at = read_slices(at, &field);
        if (!is_kept_back(field.name, answer->status)) {
            put_line(head, &field);
        }
    }
    if (!answer->has_server) {
        response_server(head);
    }
}

/* -- of a file in its place -- */

/* What a file says of itself nobody else can; its type the application may, by a field of ours: Microdot sets a
 * Content-Type of its own wherever the route says none. */
static const char type_ordered[] = "x-accel-content-type";
/* "client": it asks in the client's place, and gets no more than the client would. */
static const char ordered_for[] = "x-accel-for";

static bool of_a_file(struct http_slice name)
{
    static const char *const names[] = {"connection",
                                        "keep-alive",
                                        "proxy-connection",
                                        "content-type",
                                        "content-length",
                                        "content-encoding",
                                        "content-range",
                                        "transfer-encoding",
                                        "trailer",
                                        "te",
                                        "upgrade",
                                        "accept-ranges",
                                        "etag",
                                        "last-modified",
                                        "vary",
                                        "date",
                                        "server",
                                        type_ordered,
                                        ordered_for,
                                        NULL};
    return one_of(name, names);
}

/* The answer's field of that name. False: it has none. */
static bool find(const struct app_answer *answer, struct http_slice name, struct field *field)
{
    const char *at = answer->fields;
    for (uint32_t i = 0; i < answer->field_count; i++) {
        at = read_slices(at, field);
        if (field->name.length == name.length && strncasecmp(field->name.at, name.at, name.length) == 0) {
            return true;
        }
    }
    return false;
}

bool app_head_is_of_events(const struct app_answer *answer)
{
    static const char events[] = "text/event-stream";
    uint32_t length = sizeof(events) - 1;
    struct field field;
    return find(answer, (struct http_slice){"content-type", 12}, &field) && field.value.length >= length &&
           http_same(field.value.at, events, length);
}

bool app_head_is_for_client(const struct app_answer *answer)
{
    struct field field;
    return find(answer, (struct http_slice){ordered_for, sizeof(ordered_for) - 1}, &field) &&
           http_slice_is(field.value, "client");
}

static bool overridden(const struct app_answer *answer, struct http_slice name)
{
    struct field field;
    return !of_a_file(name) && find(answer, name, &field);
}

bool app_head_is_of_a_success(struct http_slice name)
{
    static const char *const names[] = {"accept-ranges", "cache-control", "etag", "last-modified", NULL};
    return one_of(name, names);
}

/* The file's fields, but the application's where it has one of that name, and those that only it has. */
void app_head_merge(const struct app_answer *answer, const char *lines, uint32_t lines_length, struct writer *head)
{
    static const struct http_slice policy = {"cache-control", 13}, ordered = {type_ordered, sizeof(type_ordered) - 1};
    const char *at = lines, *end = lines + lines_length;
    struct field type, field;
    bool has_type = find(answer, ordered, &type), failure = answer->status >= 400;
    while (at < end) {
        field = next_line(&at, end);
        bool replaced = has_type && http_slice_is(field.name, "content-type");
        if (!replaced && !(failure && app_head_is_of_a_success(field.name)) && !overridden(answer, field.name)) {
            put_line(head, &field);
        }
    }
    if (has_type) {
        type.name = (struct http_slice){"Content-Type", 12};
        put_line(head, &type);
    }
    if (failure && !overridden(answer, policy)) {
        writer_put(head, "Cache-Control: no-cache\r\n");
    }
    at = answer->fields;
    for (uint32_t i = 0; i < answer->field_count; i++) {
        at = read_slices(at, &field);
        if (!of_a_file(field.name)) {
            put_line(head, &field);
        }
    }
}
