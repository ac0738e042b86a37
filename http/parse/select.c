/* http/parse/select.c: conditions and ranges (RFC 9110 13, 14.2).
 *   consumes  field values from a client, NOT trusted; what is malformed counts as not sent
 */
#include "http/parse/select.h"
#include "http/parse/date.h"
#include "http/parse/text.h"

#define S 1000000000
#define DAY_S 86400
#define ERA_S (1ll << 32)

static int64_t modified_s(int64_t mtime_ns, int64_t now_s)
{
    int64_t seconds = mtime_ns / S - (mtime_ns % S < 0);

    if (seconds < 0 || seconds >= ERA_S || now_s < HTTP_CLOCK_LEAST_S) {
        return seconds;
    }
    while (seconds + ERA_S <= now_s + DAY_S) {
        seconds += ERA_S;
    }
    return seconds >= ERA_S / 2 && seconds > now_s + DAY_S ? seconds - ERA_S : seconds;
}

void http_validators_set(struct http_validators *validators, uint64_t size, uint64_t mtime_ns, int64_t now_s,
                         const char *coding_suffix)
{
    char *etag = validators->etag;
    uint32_t suffix = (uint32_t)strlen(coding_suffix), length = 0;

    validators->size = size;
    validators->mtime_s = modified_s((int64_t)mtime_ns, now_s);
    etag[length++] = '"';
    length += http_put_hex(etag + length, mtime_ns);
    etag[length++] = '-';
    length += http_put_hex(etag + length, size);
    suffix = suffix < HTTP_ETAG_MAX - length - 1 ? suffix : HTTP_ETAG_MAX - length - 1;
    memcpy(etag + length, coding_suffix, suffix);
    etag[length + suffix] = '"';
    validators->etag_length = length + suffix + 1;
}

struct tag {
    const char *at; /* with its quotes */
    uint32_t length;
    bool weak;
};

/* The entity tag at the start of *text, which is then what follows it. False: there is none. */
static bool next_tag(struct http_slice *text, struct tag *tag)
{
    const char *at = text->at, *end = at + text->length;

    tag->weak = end - at > 2 && at[0] == 'W' && at[1] == '/';
    at += tag->weak ? 2 : 0;
    if (end - at < 2 || *at != '"') {
        return false;
    }
    const char *close = memchr(at + 1, '"', (size_t)(end - at - 1));
    if (!close) {
        return false;
    }
    tag->at = at;
    tag->length = (uint32_t)(close + 1 - at);
    *text = (struct http_slice){close + 1, (uint32_t)(end - close - 1)};
    return true;
}

static bool same_tag(const struct tag *tag, const struct http_validators *validators, bool weakly)
{
    return tag->length == validators->etag_length && memcmp(tag->at, validators->etag, tag->length) == 0 &&
           (weakly || !tag->weak);
}

/* Does a list of entity tags, or "*", hold ours? RFC 9110 8.8.3.2. */
static bool lists(struct http_slice list, const struct http_validators *validators, bool weakly)
{
    struct tag tag;

    if (list.length == 1 && list.at[0] == '*') {
        return true;
    }
    for (;;) {
        while (list.length > 0 && (*list.at == ' ' || *list.at == '\t' || *list.at == ',')) {
            list.at++;
            list.length--;
        }
        if (!next_tag(&list, &tag)) {
            return false;
        }
        if (same_tag(&tag, validators, weakly)) {
            return true;
        }
    }
}

/* What is said of a date that the file has not is ignored: RFC 9110 13.1.3, 13.1.4. */
static bool dated(const struct http_validators *validators)
{
    return validators->mtime_s != 0;
}

/* 412, 304, or 200: go on. RFC 9110 13.2.2, steps 1 to 4. */
static uint16_t conditions(const struct http_request *request, const struct http_validators *validators, int64_t now_s)
{
    int64_t date;

    if (request->if_match.at) {
        if (!lists(request->if_match, validators, false)) {
            return 412;
        }
    } else if (request->if_unmodified_since.at && http_date_parse(request->if_unmodified_since, now_s, &date) &&
               dated(validators) && validators->mtime_s > date) {
        return 412;
    }
    if (request->if_none_match.at) {
        return lists(request->if_none_match, validators, true) ? 304 : 200;
    }
    bool since = request->if_modified_since.at && http_date_parse(request->if_modified_since, now_s, &date);
    return since && dated(validators) && validators->mtime_s <= date ? 304 : 200;
}

/* RFC 9110 13.1.5: strong comparison; a date is strong once its second is over (8.8.2.2). */
static bool range_holds(struct http_slice if_range, const struct http_validators *validators, int64_t now_s)
{
    struct tag tag;
    int64_t date;

    if (!if_range.at) {
        return true;
    }
    if (next_tag(&if_range, &tag)) {
        return if_range.length == 0 && same_tag(&tag, validators, false);
    }
    return http_date_parse(if_range, now_s, &date) && dated(validators) && date == validators->mtime_s && date < now_s;
}

/* Of a single range of bytes (RFC 9110 14.1.2): 206, 416 where the file has none of it, 200 where it is none that we
 * understand. */
static uint16_t select_range(struct http_slice spec, uint64_t size, struct http_range *range)
{
    uint64_t first, last = UINT64_MAX;
    const char *dash = memchr(spec.at, '-', spec.length), *end = spec.at + spec.length;
    if (!dash) {
        return 200;
    }
    struct http_slice left = {spec.at, (uint32_t)(dash - spec.at)}, right = {dash + 1, (uint32_t)(end - dash - 1)};
    if ((right.length > 0 && !http_decimal(right, UINT64_MAX, &last)) || left.length + right.length == 0) {
        return 200;
    }
    if (left.length == 0) { /* the last so many bytes; of an empty file there is no range to name */
        if (size == 0 && last > 0) {
            return 200;
        }
        first = last == 0 ? size : last < size ? size - last : 0;
        last = UINT64_MAX;
    } else if (!http_decimal(left, UINT64_MAX, &first) || first > last) {
        return 200;
    }
    if (first >= size) {
        return 416;
    }
    last = last < size ? last : size - 1;
    *range = (struct http_range){first, last - first + 1};
    return 206;
}

/* Those of a list that the file has. */
static uint16_t select_list(struct http_slice list, uint64_t size, struct http_range ranges[HTTP_RANGES_MAX],
                            uint32_t *count)
{
    struct http_slice spec;
    struct http_range range;
    uint64_t left = size;
    bool any = false;
    while (http_next_element(&list, &spec)) {
        if (spec.length == 0) {
            continue;
        }
        uint16_t status = select_range(spec, size, &range);
        if (status == 200) {
            return 200;
        }
        any = true;
        if (status == 206 && (*count == HTTP_RANGES_MAX || range.length > left)) {
            return 200;
        }
        if (status == 206) {
            left -= range.length;
            ranges[(*count)++] = range;
        }
    }
    return !any ? 200 : *count == 0 ? 416 : *count == 1 ? 206 : HTTP_SELECTED_PARTS;
}

uint16_t http_select_ranges(struct http_slice range, uint64_t size, struct http_range ranges[HTTP_RANGES_MAX],
                            uint32_t *count)
{
    *count = 0;
    if (range.length < 6 || !http_same(range.at, "bytes", 5) || range.at[5] != '=') {
        return 200;
    }
    struct http_slice list = http_trim(range.at + 6, range.at + range.length);
    if (!memchr(list.at, ',', list.length)) {
        *count = 1;
        return select_range(list, size, ranges);
    }
    return select_list(list, size, ranges, count);
}

/* False: none that we understand, so the whole is sent. */
static bool select_part(struct http_slice range, uint64_t size, struct http_selection *selection)
{
    struct http_range ranges[HTTP_RANGES_MAX];
    uint32_t count;
    selection->status = http_select_ranges(range, size, ranges, &count);
    if (selection->status == 206) {
        selection->first = ranges[0].first;
        selection->length = ranges[0].length;
    }
    return selection->status != 200;
}

struct http_selection http_select(const struct http_request *request, const struct http_validators *validators,
                                  int64_t now_s)
{
    struct http_selection selection = {.status = conditions(request, validators, now_s)};

    if (selection.status == 200 &&
        !(request->range.at && request->method == HTTP_GET && range_holds(request->if_range, validators, now_s) &&
          select_part(request->range, validators->size, &selection))) {
        selection.length = validators->size;
    }
    return selection;
}
