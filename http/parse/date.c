/* date.c: dates of HTTP. The days of the Gregorian calendar are counted in years that begin in March, so that a
 * leap day is the last one; a period of 400 years has 146097 days.
 *   consumes  field values of clients, NOT trusted: any bytes; seconds, also such as no date can tell: the nearest is told
 */
#include "http/parse/date.h"
#include "http/parse/text.h"

#define DAY_S 86400
#define FIRST_S (-62135596800) /* 1 Jan 0001 */
#define LAST_S 253402300799    /* 31 Dec 9999, 23:59:59 */
#define MARCH_0_DAYS 719468    /* from 1 March of the year 0 to 1970 */
#define PERIOD_DAYS 146097

static const char days[] = "SunMonTueWedThuFriSat";
static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char *const long_days[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

struct date {
    uint32_t year, month, day; /* month 0..11, day from 1 */
    uint32_t hour, minute, second;
};

static void put_two(char *text, uint32_t number)
{
    text[0] = (char)('0' + number / 10);
    text[1] = (char)('0' + number % 10);
}

static struct date date_of_days(int64_t days_1970)
{
    uint32_t all = (uint32_t)(days_1970 + MARCH_0_DAYS), period = all / PERIOD_DAYS, day = all % PERIOD_DAYS;
    uint32_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    uint32_t of_year = day - (365 * year + year / 4 - year / 100);
    uint32_t march_month = (5 * of_year + 2) / 153;
    struct date date = {.day = of_year - (153 * march_month + 2) / 5 + 1, .month = (march_month + 2) % 12};

    date.year = 400 * period + year + (date.month < 2);
    return date;
}

static int64_t days_of_date(const struct date *date)
{
    uint32_t year = date->year + (date->month >= 2) - 1; /* of March; the year 0 has none before it, see below */
    uint32_t march_month = (date->month + 10) % 12;
    uint32_t of_year = (153 * march_month + 2) / 5 + date->day - 1;

    return (int64_t)year * 365 + year / 4 - year / 100 + year / 400 + of_year - MARCH_0_DAYS;
}

void http_date_format(int64_t seconds, char text[HTTP_DATE_LENGTH])
{
    seconds = seconds < FIRST_S ? FIRST_S : seconds > LAST_S ? LAST_S : seconds;
    uint32_t of_day = (uint32_t)((seconds % DAY_S + DAY_S) % DAY_S);
    int64_t day = (seconds - of_day) / DAY_S;
    struct date date = date_of_days(day);

    memcpy(text, "Thu, 01 Jan 1970 00:00:00 GMT", HTTP_DATE_LENGTH);
    memcpy(text, days + 3 * ((day + MARCH_0_DAYS + 3) % 7), 3);
    put_two(text + 5, date.day);
    memcpy(text + 8, months + 3 * date.month, 3);
    put_two(text + 12, date.year / 100);
    put_two(text + 14, date.year % 100);
    put_two(text + 17, of_day / 3600);
    put_two(text + 20, of_day / 60 % 60);
    put_two(text + 23, of_day % 60);
}

static bool take_digits(const char *at, uint32_t count, uint32_t *number)
{
    *number = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!http_is(at[i], CLASS_DIGIT)) {
            return false;
        }
        *number = 10 * *number + (uint32_t)(at[i] - '0');
    }
    return true;
}

static bool take_name(const char *at, const char *names, uint32_t count, uint32_t *index)
{
    for (*index = 0; *index < count; (*index)++) {
        if (memcmp(at, names + 3 * *index, 3) == 0) {
            return true;
        }
    }
    return false;
}

/* "08:49:37" */
static bool take_clock(const char *at, struct date *date)
{
    return take_digits(at, 2, &date->hour) && at[2] == ':' && take_digits(at + 3, 2, &date->minute) && at[5] == ':' &&
           take_digits(at + 6, 2, &date->second);
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static bool take_fixdate(struct http_slice text, struct date *date)
{
    const char *at = text.at;
    uint32_t weekday;

    return text.length == HTTP_DATE_LENGTH && take_name(at, days, 7, &weekday) && memcmp(at + 3, ", ", 2) == 0 &&
           take_digits(at + 5, 2, &date->day) && at[7] == ' ' && take_name(at + 8, months, 12, &date->month) &&
           at[11] == ' ' && take_digits(at + 12, 4, &date->year) && at[16] == ' ' && take_clock(at + 17, date) &&
           memcmp(at + 25, " GMT", 4) == 0;
}

/* "Sun Nov  6 08:49:37 1994" */
static bool take_asctime(struct http_slice text, struct date *date)
{
    const char *at = text.at;
    uint32_t weekday;

    if (text.length != 24 || !take_name(at, days, 7, &weekday) || at[3] != ' ' ||
        !take_name(at + 4, months, 12, &date->month)) {
        return false;
    }
    bool one_digit = at[8] == ' ';
    return at[7] == ' ' && take_digits(at + 8 + one_digit, 2 - one_digit, &date->day) && at[10] == ' ' &&
           take_clock(at + 11, date) && at[19] == ' ' && take_digits(at + 20, 4, &date->year);
}

/* The year that a reader in the year `now` takes two digits for: not more than 50 years ahead. */
static uint32_t full_year(uint32_t two_digits, uint32_t now)
{
    uint32_t year = now - now % 100 + two_digits;

    return year > now + 50 ? year - 100 : year;
}

/* "Sunday, 06-Nov-94 08:49:37 GMT" */
static bool take_rfc850(struct http_slice text, int64_t now_s, struct date *date)
{
    const char *comma = memchr(text.at, ',', text.length);
    uint32_t name = comma ? (uint32_t)(comma - text.at) : 0, weekday = 0;

    while (weekday < 7 && (name != strlen(long_days[weekday]) || memcmp(text.at, long_days[weekday], name) != 0)) {
        weekday++;
    }
    if (weekday == 7 || text.length - name != 24) {
        return false;
    }
    const char *at = comma;
    if (at[1] != ' ' || !take_digits(at + 2, 2, &date->day) || at[4] != '-' ||
        !take_name(at + 5, months, 12, &date->month) || at[8] != '-' || !take_digits(at + 9, 2, &date->year) ||
        at[11] != ' ' || !take_clock(at + 12, date)) {
        return false;
    }
    int64_t now = now_s < 0 ? 0 : now_s > LAST_S ? LAST_S : now_s;
    date->year = full_year(date->year, date_of_days(now / DAY_S).year);
    return memcmp(at + 20, " GMT", 4) == 0;
}

/* A leap second is a second like others: RFC 9110 5.6.7. */
static bool is_date(const struct date *date)
{
    static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = date->year % 4 == 0 && (date->year % 100 != 0 || date->year % 400 == 0);

    return date->year > 0 && date->day > 0 &&
           date->day <= lengths[date->month] + (uint32_t)(leap && date->month == 1) && date->hour < 24 &&
           date->minute < 60 && date->second <= 60;
}

bool http_date_parse(struct http_slice text, int64_t now_s, int64_t *seconds)
{
    struct date date;

    bool taken = take_fixdate(text, &date) || take_asctime(text, &date) || take_rfc850(text, now_s, &date);

    if (!taken || !is_date(&date)) {
        return false;
    }
    *seconds = days_of_date(&date) * DAY_S + date.hour * 3600 + date.minute * 60 + date.second;
    return true;
}
