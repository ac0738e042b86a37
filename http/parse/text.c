/* http/parse/text.c: characters, lists and numbers of HTTP.
 *   serves    the parsers of this folder, and who writes numbers
 *   consumes  bytes of clients, NOT trusted: nothing is read behind the end of a slice; a number above its limit is the limit
 */
#include "http/parse/text.h"

#define VISIBLE (CLASS_TEXT | CLASS_TARGET)
#define NAME (CLASS_TOKEN | VISIBLE | CLASS_PLAIN | CLASS_HOST)

const uint8_t http_classes[256] = {
    ['\t'] = CLASS_TEXT,
    [' '] = CLASS_TEXT,
    ['!'] = NAME,
    ['"'] = VISIBLE | CLASS_PLAIN | CLASS_QUOTED,
    ['#'] = CLASS_TOKEN | CLASS_TEXT,
    ['$'] = NAME,
    ['%'] = CLASS_TOKEN | VISIBLE | CLASS_HOST,
    ['&' ... '\''] = NAME,
    ['(' ... ')'] = VISIBLE | CLASS_PLAIN | CLASS_HOST,
    ['*' ... '+'] = NAME,
    [','] = VISIBLE | CLASS_PLAIN | CLASS_HOST,
    ['-' ... '.'] = NAME,
    ['/'] = VISIBLE,
    ['0' ... '9'] = NAME | CLASS_DIGIT,
    [':'] = VISIBLE | CLASS_PLAIN,
    [';'] = VISIBLE | CLASS_PLAIN | CLASS_HOST,
    ['<'] = VISIBLE | CLASS_PLAIN,
    ['='] = VISIBLE | CLASS_PLAIN | CLASS_HOST,
    ['>'] = VISIBLE | CLASS_PLAIN,
    ['?'] = CLASS_TEXT,
    ['@'] = VISIBLE | CLASS_PLAIN,
    ['A' ... 'Z'] = NAME,
    ['['] = VISIBLE | CLASS_PLAIN,
    ['\\'] = VISIBLE | CLASS_QUOTED,
    [']'] = VISIBLE | CLASS_PLAIN,
    ['^'] = CLASS_TOKEN | VISIBLE | CLASS_PLAIN,
    ['_'] = NAME,
    ['`'] = CLASS_TOKEN | VISIBLE | CLASS_PLAIN,
    ['a' ... 'z'] = NAME,
    ['{'] = VISIBLE | CLASS_PLAIN,
    ['|'] = CLASS_TOKEN | VISIBLE | CLASS_PLAIN,
    ['}'] = VISIBLE | CLASS_PLAIN,
    ['~'] = NAME,
    [0x80 ... 0xff] = CLASS_TEXT,
};

bool http_next_element(struct http_slice *rest, struct http_slice *element)
{
    if (rest->at == NULL) {
        return false;
    }
    const char *end = rest->at + rest->length;
    const char *comma = memchr(rest->at, ',', rest->length);
    *element = http_trim(rest->at, comma ? comma : end);
    rest->length = comma ? (uint32_t)(end - comma - 1) : 0;
    rest->at = comma ? comma + 1 : NULL;
    return true;
}

struct http_slice http_without_port(struct http_slice host)
{
    uint32_t length = host.length;
    while (length > 0 && http_is(host.at[length - 1], CLASS_DIGIT)) {
        length--;
    }
    return (struct http_slice){host.at, length > 0 && host.at[length - 1] == ':' ? length - 1 : host.length};
}

uint32_t http_put_decimal(char *text, uint64_t number)
{
    char digits[HTTP_DECIMAL_MAX];
    char *end = digits + HTTP_DECIMAL_MAX, *at = end;

    for (; number >= 10; number /= 100) {
        uint32_t pair = (uint32_t)(number % 100);
        *--at = (char)('0' + pair % 10);
        *--at = (char)('0' + pair / 10);
    }
    if (number > 0 || at == end) {
        *--at = (char)('0' + number);
    }
    for (uint32_t i = 0; i < (uint32_t)(end - at); i++) {
        text[i] = at[i];
    }
    return (uint32_t)(end - at);
}

uint32_t http_put_address(char *text, const uint8_t address[4])
{
    uint32_t length = 0;
    for (uint32_t i = 0; i < 4; i++) {
        length += http_put_decimal(text + length, address[i]);
        text[length++] = '.';
    }
    return length - 1;
}

uint32_t http_put_hex(char *text, uint64_t number)
{
    uint32_t count = number ? (67 - (uint32_t)__builtin_clzll(number)) / 4 : 1;

    for (uint32_t i = count; i > 0; i--, number >>= 4) {
        text[i - 1] = "0123456789abcdef"[number & 15];
    }
    return count;
}

bool http_decimal(struct http_slice text, uint64_t limit, uint64_t *number)
{
    uint64_t value = 0;

    for (uint32_t i = 0; i < text.length; i++) {
        if (!http_is(text.at[i], CLASS_DIGIT)) {
            return false;
        }
        uint64_t digit = (uint64_t)(text.at[i] - '0');
        value = value > (limit - digit) / 10 ? limit : 10 * value + digit;
    }
    *number = value < limit ? value : limit;
    return text.length > 0;
}
