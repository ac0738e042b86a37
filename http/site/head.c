/* http/site/head.c: a resource's response head, made once for all who ask for it.
 *   consumes  what the cache says of a file; a mount's own fields, from the application: site_head_takes() checks them
 *   produces  the head of a 200 in the resource; file.c takes its lines for 206 and 304, too
 *   when full cannot be: site_head_takes() refuses a mount whose longest head would not fit
 */
#include "http/site/head.h"

#include <assert.h>
#include "http/parse/date.h"
#include "http/response/lines.h"
#include "http/site/fingerprint.h"
#include "lib/pd.h"

/* The longest head without Cache-Control's value and the policy's fields: checked when a mount is made. */
#define REST_MAX 448
#define LIFETIME_LONG "public, max-age=31536000, immutable"     /* RFC 8246; */
#define LIFETIME_LONGEST "private, max-age=31536000, immutable" /* of what not everybody may see: RFC 9111 3.5 */

static void put_field(struct writer *head, const char *name, const char *value, uint32_t length)
{
    writer_put(head, name);
    writer_put(head, ": ");
    writer_put_bytes(head, value, length);
    writer_put(head, "\r\n");
}

struct http_type site_type_of(const struct site_policy *policy, struct http_slice path)
{
    struct http_slice said = site_says(policy, RULE_TYPE, path);
    return said.at ? http_type_named(said) : http_type_of(path.at, path.length);
}

static void put_type(struct writer *head, const struct http_type *type, const struct site_policy *policy)
{
    static const struct http_slice usual = {"utf-8", 5}, any = {"", 0};
    struct http_slice said = site_says(policy, RULE_CHARSET, any), charset = said.at ? said : usual;
    writer_put(head, "Content-Type: ");
    writer_put_slice(head, type->text);
    if (type->flags & TYPE_TEXT && charset.length > 0) {
        writer_put(head, "; charset=");
        writer_put_slice(head, charset);
    }
    writer_put(head, "\r\n");
}

/* Where nobody says otherwise: what may change is asked for again each time, by its validators. */
static struct http_slice usual_lifetime(const struct http_type *type, const struct site_policy *policy,
                                        struct http_slice path)
{
    static const struct http_slice again = {"no-cache", 8}, never = {LIFETIME_LONG, sizeof(LIFETIME_LONG) - 1},
                                   locked = {LIFETIME_LONGEST, sizeof(LIFETIME_LONGEST) - 1};
    bool is_part = type->flags & (TYPE_CODE | TYPE_MEDIA);
    enum fingerprint_of what = type->flags & TYPE_CODE ? FINGERPRINT_CODE : FINGERPRINT_MEDIA;
    if (!is_part || !site_has_fingerprint(path, what)) {
        return again;
    }
    return site_says(policy, RULE_USER, path).at ? locked : never;
}

static void put_lifetime(struct writer *head, const struct http_type *type, const struct site_policy *policy,
                         struct http_slice path)
{
    struct http_slice said = site_says(policy, RULE_CACHE, path);
    if (!said.at) {
        said = site_says(policy, type->flags & TYPE_PAGE ? RULE_PAGES : RULE_OTHERS, path);
    }
    if (!said.at) {
        said = usual_lifetime(type, policy, path);
    }
    if (said.length > 0) {
        put_field(head, "Cache-Control", said.at, said.length);
    }
}

void site_head_prepare(char *text, struct site_resource *resource, const struct site_policy *policy,
                       struct http_slice path, const struct site_coding *coding)
{
    struct writer head = writer_in(text, SITE_HEAD_MAX);
    struct http_type type = site_type_of(policy, path);
    char date[HTTP_DATE_LENGTH];

    int64_t now_s = (int64_t)(pd_unix_time_ns() / 1000000000);
    http_validators_set(&resource->validators, resource->file->size, resource->file->mtime_ns, now_s,
                        coding ? coding->suffix : "");
    resource->later = resource->validators.mtime_s > now_s && now_s >= HTTP_CLOCK_LEAST_S;
    http_date_format(resource->validators.mtime_s, date);
    response_status_line(&head, 200);
    response_content_length(&head, resource->file->size);
    resource->fields_at = writer_length(&head);
    put_type(&head, &type, policy);
    writer_put(&head, coding ? coding->field : "");
    writer_put(&head, "Accept-Ranges: bytes\r\n");
    response_server(&head);
    put_field(&head, "ETag", resource->validators.etag, resource->validators.etag_length);
    if (!resource->later && resource->validators.mtime_s != 0) {
        put_field(&head, "Last-Modified", date, HTTP_DATE_LENGTH);
    }
    put_lifetime(&head, &type, policy, path);
    if (policy->precompressed && type.flags & TYPE_COMPRESSIBLE) {
        writer_put(&head, "Vary: Accept-Encoding\r\n");
    }
    writer_put(&head, "X-Content-Type-Options: nosniff\r\n");
    writer_put(&head, policy->fields);
    assert(!head.full); /* site_head_takes() */
    resource->whole_length = writer_length(&head);
}

/* What the front says of each answer itself, and of its connection: twice that would be two things. */
static bool is_the_fronts(struct http_slice name)
{
    static const char *const names[] = {
        "accept-ranges",     "cache-control", "connection", "content-encoding", "content-length", "content-range",
        "content-type",      "date",          "etag",       "keep-alive",       "last-modified",  "server",
        "transfer-encoding", "trailer",       "upgrade"};
    for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (http_slice_is(name, names[i])) {
            return true;
        }
    }
    return false;
}

/* Name, colon, value, CR LF; again. */
static bool are_field_lines(const char *text)
{
    while (*text) {
        uint32_t name = 0;
        while (http_is(text[name], CLASS_TOKEN)) {
            name++;
        }
        const char *value = text + name + 1, *end = strchr(text, '\r');
        if (name == 0 || text[name] != ':' || !end || end[1] != '\n' ||
            !http_all_are((struct http_slice){value, (uint32_t)(end - value)}, CLASS_TEXT) ||
            is_the_fronts((struct http_slice){text, name})) {
            return false;
        }
        text = end + 2;
    }
    return true;
}

bool site_head_takes(const struct site_policy *policy)
{
    uint32_t fields = (uint32_t)strnlen(policy->fields, SITE_TEXT_MAX), lifetime;
    if (fields == SITE_TEXT_MAX || strnlen(policy->rules, SITE_RULES_MAX) == SITE_RULES_MAX) {
        return false; /* no end */
    }
    if (!are_field_lines(policy->fields) || !site_rules_check(policy->rules, &lifetime)) {
        return false;
    }
    lifetime = lifetime > sizeof(LIFETIME_LONGEST) - 1 ? lifetime : sizeof(LIFETIME_LONGEST) - 1;
    return lifetime + fields <= SITE_HEAD_MAX - REST_MAX;
}
