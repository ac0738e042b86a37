/* http_parse_select.c: conditions and ranges of RFC 9110, case by case. The file has 1000 bytes and is of MODIFIED. */
#include <string.h>
#include "http/parse/date.h"
#include "http/parse/select.h"
#include "tests/unit/check.h"

#define NOW 1790000000 /* in 2026 */
#define MODIFIED 1600000000
#define SAME "Sun, 13 Sep 2020 12:26:40 GMT"
#define BEFORE "Sun, 13 Sep 2020 12:26:39 GMT"
#define AFTER "Sun, 13 Sep 2020 12:26:41 GMT"
#define ETAG "\"16345785d8a00000-3e8\""

enum field { MATCH, NONE, SINCE, UNCHANGED, RANGE, IF_RANGE, FIELDS };

struct request_text {
    const char *fields[FIELDS];
};

static struct http_slice slice(const char *text)
{
    char *copy = text ? malloc(strlen(text) + !*text) : NULL; /* exactly its size; few enough to keep */

    if (text) {
        memcpy(copy, text, strlen(text));
    }
    return (struct http_slice){copy, text ? (uint32_t)strlen(text) : 0};
}

static struct http_selection select_of(enum http_method method, uint64_t size, const char *const *fields)
{
    struct http_validators validators;
    struct http_request request = {.method = (uint8_t)method,
                                   .if_match = slice(fields[MATCH]),
                                   .if_none_match = slice(fields[NONE]),
                                   .if_modified_since = slice(fields[SINCE]),
                                   .if_unmodified_since = slice(fields[UNCHANGED]),
                                   .range = slice(fields[RANGE]),
                                   .if_range = slice(fields[IF_RANGE])};

    http_validators_set(&validators, size, MODIFIED * 1000000000ull, NOW, "");
    struct http_selection selection = http_select(&request, &validators, MODIFIED + 100);
    free((void *)request.if_match.at);
    free((void *)request.if_none_match.at);
    free((void *)request.if_modified_since.at);
    free((void *)request.if_unmodified_since.at);
    free((void *)request.range.at);
    free((void *)request.if_range.at);
    return selection;
}

static const struct {
    struct request_text text;
    uint16_t status;
    uint64_t first, length;
} cases[] = {
    {{{0}}, 200, 0, 1000},
    /* If-None-Match, weakly; it takes the place of If-Modified-Since */
    {{{[NONE] = ETAG}}, 304, 0, 0},
    {{{[NONE] = "W/" ETAG}}, 304, 0, 0},
    {{{[NONE] = "*"}}, 304, 0, 0},
    {{{[NONE] = "\"a\", \"b,c\" ,W/\"d\",\t" ETAG}}, 304, 0, 0},
    {{{[NONE] = "\"a\""}}, 200, 0, 1000},
    {{{[NONE] = ""}}, 200, 0, 1000},
    {{{[NONE] = "16345785d8a00000-3e8"}}, 200, 0, 1000},
    {{{[NONE] = "\"a\", b, " ETAG}}, 200, 0, 1000},
    {{{[NONE] = "\"16345785d8a00000-3e8"}}, 200, 0, 1000},
    {{{[NONE] = "\"a\"", [SINCE] = AFTER}}, 200, 0, 1000},
    {{{[NONE] = ETAG, [SINCE] = BEFORE}}, 304, 0, 0},
    {{{[NONE] = ETAG, [RANGE] = "bytes=0-0"}}, 304, 0, 0},
    /* If-Modified-Since */
    {{{[SINCE] = SAME}}, 304, 0, 0},
    {{{[SINCE] = AFTER}}, 304, 0, 0},
    {{{[SINCE] = BEFORE}}, 200, 0, 1000},
    {{{[SINCE] = "Sunday, 13-Sep-20 12:26:40 GMT"}}, 304, 0, 0},
    {{{[SINCE] = "Sun Sep 13 12:26:40 2020"}}, 304, 0, 0},
    {{{[SINCE] = "yesterday"}}, 200, 0, 1000},
    /* If-Match, strongly; it takes the place of If-Unmodified-Since */
    {{{[MATCH] = ETAG}}, 200, 0, 1000},
    {{{[MATCH] = "*"}}, 200, 0, 1000},
    {{{[MATCH] = "\"a\", " ETAG}}, 200, 0, 1000},
    {{{[MATCH] = "W/" ETAG}}, 412, 0, 0},
    {{{[MATCH] = "\"a\""}}, 412, 0, 0},
    {{{[MATCH] = ETAG, [UNCHANGED] = BEFORE}}, 200, 0, 1000},
    {{{[MATCH] = "\"a\"", [NONE] = ETAG}}, 412, 0, 0},
    {{{[MATCH] = ETAG, [NONE] = ETAG}}, 304, 0, 0},
    /* If-Unmodified-Since */
    {{{[UNCHANGED] = SAME}}, 200, 0, 1000},
    {{{[UNCHANGED] = AFTER}}, 200, 0, 1000},
    {{{[UNCHANGED] = BEFORE}}, 412, 0, 0},
    {{{[UNCHANGED] = "tomorrow"}}, 200, 0, 1000},
    /* Range */
    {{{[RANGE] = "bytes=0-0"}}, 206, 0, 1},
    {{{[RANGE] = "bytes=0-999"}}, 206, 0, 1000},
    {{{[RANGE] = "bytes=0-"}}, 206, 0, 1000},
    {{{[RANGE] = "BYTES= 500-599 "}}, 206, 500, 100},
    {{{[RANGE] = "bytes=999-"}}, 206, 999, 1},
    {{{[RANGE] = "bytes=990-2000"}}, 206, 990, 10},
    {{{[RANGE] = "bytes=990-99999999999999999999999999"}}, 206, 990, 10},
    {{{[RANGE] = "bytes=-1"}}, 206, 999, 1},
    {{{[RANGE] = "bytes=-1000"}}, 206, 0, 1000},
    {{{[RANGE] = "bytes=-99999999999999999999999999"}}, 206, 0, 1000},
    {{{[RANGE] = "bytes=1000-"}}, 416, 0, 0},
    {{{[RANGE] = "bytes=1000-1001"}}, 416, 0, 0},
    {{{[RANGE] = "bytes=99999999999999999999999999-"}}, 416, 0, 0},
    {{{[RANGE] = "bytes=-0"}}, 416, 0, 0},
    /* of several that are there */
    {{{[RANGE] = "bytes=0-1,3-4"}}, HTTP_SELECTED_PARTS, 0, 0},
    {{{[RANGE] = "bytes=0-1,3-4", [IF_RANGE] = "\"a\""}}, 200, 0, 1000},
    {{{[RANGE] = "bytes=0-1,1000-"}}, 206, 0, 2},
    {{{[RANGE] = "bytes=2000-,-5,1000-"}}, 206, 995, 5},
    {{{[RANGE] = "bytes=2000-,1000-,-0"}}, 416, 0, 0},
    {{{[RANGE] = "bytes=,7-8,"}}, 206, 7, 2},
    {{{[RANGE] = "bytes=0-499,500-999"}}, HTTP_SELECTED_PARTS, 0, 0},
    {{{[RANGE] = "bytes=0-499,500-999,0-0"}}, 200, 0, 1000}, /* more than the whole */
    {{{[RANGE] = "bytes=0-,0-"}}, 200, 0, 1000},
    {{{[RANGE] = "bytes=0-1,x"}}, 200, 0, 1000},
    {{{[RANGE] = "bytes=0-1,5-4"}}, 200, 0, 1000},
    {{{[RANGE] = "bytes=,"}}, 200, 0, 1000},
    {{{[RANGE] = "bytes=, ,"}}, 200, 0, 1000},
    /* what is no range is not understood */
    {{{[RANGE] = "bytes=5-4"}}, 200, 0, 1000},
    {{{[RANGE] = "bytes=-"}}, 200, 0, 1000},
    {{{[RANGE] = "bytes="}}, 200, 0, 1000},
    {{{[RANGE] = "bytes"}}, 200, 0, 1000},
    {{{[RANGE] = "bytes=1"}}, 200, 0, 1000},
    {{{[RANGE] = "bytes=a-b"}}, 200, 0, 1000},
    {{{[RANGE] = "bytes=+1-2"}}, 200, 0, 1000},
    {{{[RANGE] = "bytes=1 - 2"}}, 200, 0, 1000},
    {{{[RANGE] = "bytes=--1"}}, 200, 0, 1000},
    {{{[RANGE] = "lines=0-1"}}, 200, 0, 1000},
    {{{[RANGE] = "bytes:0-1"}}, 200, 0, 1000},
    {{{[RANGE] = ""}}, 200, 0, 1000},
    /* If-Range */
    {{{[RANGE] = "bytes=1-2", [IF_RANGE] = ETAG}}, 206, 1, 2},
    {{{[RANGE] = "bytes=1-2", [IF_RANGE] = "W/" ETAG}}, 200, 0, 1000},
    {{{[RANGE] = "bytes=1-2", [IF_RANGE] = "\"a\""}}, 200, 0, 1000},
    {{{[RANGE] = "bytes=1-2", [IF_RANGE] = "\"a\", " ETAG}}, 200, 0, 1000},
    {{{[RANGE] = "bytes=1-2", [IF_RANGE] = ETAG ", \"a\""}}, 200, 0, 1000},
    {{{[RANGE] = "bytes=1-2", [IF_RANGE] = SAME}}, 206, 1, 2},
    {{{[RANGE] = "bytes=1-2", [IF_RANGE] = AFTER}}, 200, 0, 1000},
    {{{[RANGE] = "bytes=1-2", [IF_RANGE] = BEFORE}}, 200, 0, 1000},
    {{{[RANGE] = "bytes=1-2", [IF_RANGE] = "*"}}, 200, 0, 1000},
    {{{[RANGE] = "bytes=1-2", [IF_RANGE] = ""}}, 200, 0, 1000},
    {{{[RANGE] = "bytes=1000-", [IF_RANGE] = "\"a\""}}, 200, 0, 1000},
    {{{[IF_RANGE] = ETAG}}, 200, 0, 1000},
    {{{[RANGE] = "bytes=1-2", [MATCH] = ETAG, [SINCE] = BEFORE}}, 206, 1, 2},
};

static void test_cases(void)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_selection s = select_of(HTTP_GET, 1000, cases[i].text.fields);
        char name[32];
        snprintf(name, sizeof(name), "case %zu: %u", i, s.status);
        CHECK_CASE(s.status == cases[i].status && s.first == cases[i].first && s.length == cases[i].length, name);
        bool ranged = cases[i].status == 206 || cases[i].status == HTTP_SELECTED_PARTS || cases[i].status == 416;
        s = select_of(HTTP_HEAD, 1000, cases[i].text.fields); /* HEAD knows no ranges */
        CHECK_CASE(s.status == (ranged ? 200 : cases[i].status), name);
    }
}

static void test_empty_file(void)
{
    const char *const suffix[FIELDS] = {[RANGE] = "bytes=-5"}, *const from[FIELDS] = {[RANGE] = "bytes=0-"},
                      *const none[FIELDS] = {0};

    CHECK(select_of(HTTP_GET, 0, suffix).status == 200);
    CHECK(select_of(HTTP_GET, 0, from).status == 416);
    CHECK(select_of(HTTP_GET, 0, none).status == 200 && select_of(HTTP_GET, 0, none).length == 0);
}

static uint16_t ranges_of(const char *text, struct http_range *ranges, uint32_t *count)
{
    char *copy = malloc(strlen(text) + 1);
    memcpy(copy, text, strlen(text));
    uint16_t status = http_select_ranges((struct http_slice){copy, (uint32_t)strlen(text)}, 1000, ranges, count);
    free(copy);
    return status;
}

static void test_several_ranges(void)
{
    struct http_range ranges[HTTP_RANGES_MAX];
    char text[1000] = "bytes=";
    uint32_t count;
    CHECK_EQUAL(ranges_of("bytes= 500-509 ,, -3,\t0-0, 7-7 ,2000-", ranges, &count), HTTP_SELECTED_PARTS);
    CHECK_EQUAL(count, 4);
    CHECK(ranges[0].first == 500 && ranges[0].length == 10 && ranges[1].first == 997 && ranges[1].length == 3);
    CHECK(ranges[2].first == 0 && ranges[2].length == 1 && ranges[3].first == 7 && ranges[3].length == 1);
    for (int i = 0; i < HTTP_RANGES_MAX; i++) {
        sprintf(text + strlen(text), "%d-%d,", 2 * i, 2 * i);
    }
    CHECK_EQUAL(ranges_of(text, ranges, &count), HTTP_SELECTED_PARTS);
    CHECK_EQUAL(count, HTTP_RANGES_MAX);
    CHECK(ranges[HTTP_RANGES_MAX - 1].first == 2 * (HTTP_RANGES_MAX - 1));
    strcat(text, "2000-"); /* that the file has not */
    CHECK_EQUAL(ranges_of(text, ranges, &count), HTTP_SELECTED_PARTS);
    strcat(text, ",999-"); /* one too many */
    CHECK_EQUAL(ranges_of(text, ranges, &count), 200);
}

static void test_large_file(void)
{
    const char *const all[FIELDS] = {[RANGE] = "bytes=0-18446744073709551615"}, *const last[FIELDS] = {
                                                                                    [RANGE] = "bytes=-1"};

    CHECK(select_of(HTTP_GET, UINT64_MAX, all).length == UINT64_MAX);
    CHECK(select_of(HTTP_GET, UINT64_MAX, last).first == UINT64_MAX - 1);
}

/* A date within its second may still mean two versions. */
static void test_young_date(void)
{
    struct http_validators validators;
    struct http_request request = {.method = HTTP_GET, .range = {"bytes=0-0", 9}, .if_range = {SAME, 29}};

    http_validators_set(&validators, 1000, MODIFIED * 1000000000ull, NOW, "");
    CHECK(http_select(&request, &validators, MODIFIED).status == 200);
    CHECK(http_select(&request, &validators, MODIFIED + 1).status == 206);
}

static uint16_t status_of(const struct http_request *request, const struct http_validators *validators)
{
    return http_select(request, validators, NOW).status;
}

/* A file of no date: conditions that name one are ignored, entity tags hold. */
static void test_no_date(void)
{
    static const char first[] = "Thu, 01 Jan 1970 00:00:00 GMT";
    struct http_validators v;
    struct http_request since = {.method = HTTP_GET, .if_modified_since = {AFTER, 29}},
                        unchanged = {.method = HTTP_GET, .if_unmodified_since = {first, 29}},
                        early = {.method = HTTP_GET, .if_unmodified_since = {"Wed, 31 Dec 1969 23:59:59 GMT", 29}},
                        range = {.method = HTTP_GET, .range = {"bytes=0-0", 9}, .if_range = {first, 29}},
                        none = {.method = HTTP_GET, .if_none_match = {"\"7-3e8\"", 7}};

    http_validators_set(&v, 1000, 7, NOW, "");
    CHECK(v.mtime_s == 0);
    CHECK(status_of(&since, &v) == 200 && status_of(&unchanged, &v) == 200 && status_of(&early, &v) == 200);
    CHECK(status_of(&range, &v) == 200);
    CHECK(status_of(&none, &v) == 304);
    http_validators_set(&v, 1000, 8, NOW, ""); /* another content */
    CHECK(status_of(&none, &v) == 200);
}

static void test_validators(void)
{
    struct http_validators v;

    http_validators_set(&v, 1000, MODIFIED * 1000000000ull + 999999999, NOW, "-br");
    CHECK(v.size == 1000 && v.mtime_s == MODIFIED);
    CHECK(v.etag_length == 25 && memcmp(v.etag, "\"16345786143ac9ff-3e8-br\"", 25) == 0);
    http_validators_set(&v, 0, 0, NOW, "");
    CHECK(v.etag_length == 5 && memcmp(v.etag, "\"0-0\"", 5) == 0);
    http_validators_set(&v, UINT64_MAX, UINT64_MAX, NOW, "-as-long-as-none-ever-will-be");
    CHECK(v.etag_length == HTTP_ETAG_MAX && v.etag[HTTP_ETAG_MAX - 1] == '"');
}

/* RFC 1813 2.5: 32 bits of seconds. */
static void test_times(void)
{
    const int64_t in_2110 = 4430000000, era = 1ll << 32, year = 31556952;
    /* clang-format off */
    const struct {
        int64_t sent, now, meant;
    } times[] = {
        {0, NOW, 0}, {MODIFIED, NOW, MODIFIED}, {NOW, NOW, NOW}, {NOW + year, NOW, NOW + year},
        {-1, NOW, -1}, {era - 1, NOW, -1}, {era - 60 * year, NOW, -60 * year}, {era / 2, NOW, -era / 2},
        {era / 2, era / 2, era / 2}, {era / 2 + 1, era / 2, era / 2 + 1}, {era - 1, era, era - 1},
        {in_2110 - era, in_2110, in_2110}, {in_2110, in_2110, in_2110}, {in_2110, NOW, in_2110},
        {era - 1, 500, era - 1}, {8000000000, NOW, 8000000000},
    };
    /* clang-format on */
    struct http_validators v;

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        http_validators_set(&v, 1, (uint64_t)times[i].sent * 1000000000ull + 1, times[i].now, "");
        CHECK(v.mtime_s == times[i].meant);
    }
}

int main(void)
{
    test_cases();
    test_empty_file();
    test_several_ranges();
    test_large_file();
    test_young_date();
    test_no_date();
    test_validators();
    test_times();
    return 0;
}
