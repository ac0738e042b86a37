/* http_parse_date.c: dates against the host's own calendar, in the three forms, and what is none. */
#include <string.h>
#include <time.h>
#include "http/parse/date.h"
#include "tests/unit/check.h"

#define NOW 1790000000 /* in 2026 */
#define EXAMPLE 784111777

static bool parse(const char *text, int64_t now, int64_t *seconds)
{
    size_t length = strlen(text);
    char *copy = malloc(length + !length);

    memcpy(copy, text, length);
    bool good = http_date_parse((struct http_slice){copy, (uint32_t)length}, now, seconds);
    free(copy);
    return good;
}

static void check_all_forms(time_t when)
{
    char expected[64], text[HTTP_DATE_LENGTH];
    struct tm tm;
    int64_t seconds;

    gmtime_r(&when, &tm);
    strftime(expected, sizeof(expected), "%a, %d %b %Y %H:%M:%S GMT", &tm);
    http_date_format(when, text);
    CHECK_CASE(memcmp(text, expected, HTTP_DATE_LENGTH) == 0, expected);
    CHECK_CASE(parse(expected, NOW, &seconds) && seconds == when, expected);
    strftime(expected, sizeof(expected), "%a %b %e %H:%M:%S %Y", &tm);
    CHECK_CASE(parse(expected, NOW, &seconds) && seconds == when, expected);
    strftime(expected, sizeof(expected), "%A, %d-%b-%y %H:%M:%S GMT", &tm);
    CHECK_CASE(tm.tm_year < 21 || (parse(expected, when, &seconds) && seconds == when), expected); /* no clock is */
}

static void test_calendar(void)
{
    for (int64_t day = -354285; day < 0; day += day < -60000 ? 173 : 1) { /* from the year 1000 on */
        check_all_forms(day * 86400 + (day + 354285) * 7919 % 86400);
    }
    check_all_forms(-1);
    for (int64_t day = 0; day < 2932896; day += day < 60000 ? 1 : 173) { /* to the end of 9999 */
        check_all_forms(day * 86400 + day * 7919 % 86400);
    }
    check_all_forms(253402300799);
}

static void test_out_of_range(void)
{
    char text[HTTP_DATE_LENGTH];

    http_date_format(INT64_MIN, text);
    CHECK(memcmp(text, "Mon, 01 Jan 0001 00:00:00 GMT", HTTP_DATE_LENGTH) == 0);
    http_date_format(INT64_MAX, text);
    CHECK(memcmp(text, "Fri, 31 Dec 9999 23:59:59 GMT", HTTP_DATE_LENGTH) == 0);
}

static void test_good(void)
{
    int64_t seconds;

    CHECK(parse("Sun, 06 Nov 1994 08:49:37 GMT", NOW, &seconds) && seconds == EXAMPLE);
    CHECK(parse("Sunday, 06-Nov-94 08:49:37 GMT", NOW, &seconds) && seconds == EXAMPLE);
    CHECK(parse("Sun Nov  6 08:49:37 1994", NOW, &seconds) && seconds == EXAMPLE);
    CHECK(parse("Sun Nov 16 08:49:37 1994", NOW, &seconds) && seconds == EXAMPLE + 864000);
    CHECK(parse("Thu, 01 Jan 1970 00:00:60 GMT", NOW, &seconds) && seconds == 60); /* a leap second's form */
    CHECK(parse("Thu, 29 Feb 2024 00:00:00 GMT", NOW, &seconds) && seconds == 1709164800);
    CHECK(parse("Sat, 01 Jan 0001 00:00:00 GMT", NOW, &seconds) && seconds == -62135596800);
    /* 50 years ahead: 2076 */
    CHECK(parse("Wednesday, 01-Jan-76 00:00:00 GMT", NOW, &seconds) && seconds == 3345062400);
    /* more: 1977 */
    CHECK(parse("Saturday, 01-Jan-77 00:00:00 GMT", NOW, &seconds) && seconds == 220924800);
    CHECK(parse("Saturday, 01-Jan-77 00:00:00 GMT", INT64_MAX, &seconds) &&
          parse("Saturday, 01-Jan-77 00:00:00 GMT", -1, &seconds));
}

static void test_bad(void)
{
    /* clang-format off */
    static const char *const bad[] = {
        "", "yesterday", "0", "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT", "sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT", "Sun 06 Nov 1994 08:49:37 GMT ",
        "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 31 Nov 1994 08:49:37 GMT",
        "Wed, 29 Feb 2023 00:00:00 GMT", "Mon, 29 Feb 2100 00:00:00 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, 06-Nov-1994 08:49:37 GMT", "Xxx, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Xxx 1994 08:49:37 GMT", "Sun, +6 Nov 1994 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994", "Sun Nov  6 08:49:37 94",
        "Sun Nov 06 08:49:37 1994 ", "Sunday 06-Nov-94 08:49:37 GMT",
        "Sunday, 06 Nov 94 08:49:37 GMT", "Sundax, 06-Nov-94 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 UTC", ", 06-Nov-94 08:49:37 GMT,,,,,,", "Sun Nov  0 08:49:37 1994",
        "Sunday, 06-Nov-94 08:49:37 GMT ", "Sun Nov 16x08:49:37 1994",
    };
    /* clang-format on */
    int64_t seconds;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK_CASE(!parse(bad[i], NOW, &seconds), bad[i]);
    }
}

int main(void)
{
    test_calendar();
    test_out_of_range();
    test_good();
    test_bad();
    return 0;
}
