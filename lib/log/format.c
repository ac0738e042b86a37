/* lib/log/format.c: a small printf: no floating point, no locale, no allocation, no C library. */
#include <stdint.h>
#include <string.h>

#include "lib/log.h"

struct output {
    char *text;
    size_t size; /* with the NUL */
    size_t length;
    bool cut;
};

struct spec {
    bool left;
    bool zero;
    int width;
    int precision; /* -1: none */
    int size;      /* bytes of an integer argument */
};

static void put(struct output *out, char byte)
{
    if (out->length + 1 < out->size) {
        out->text[out->length++] = byte;
    } else {
        out->cut = true;
    }
}

static void put_padded(struct output *out, const struct spec *spec, const char *text, size_t length)
{
    size_t pad = spec->width > 0 && (size_t)spec->width > length ? (size_t)spec->width - length : 0;

    for (size_t i = 0; !spec->left && i < pad; i++) {
        put(out, ' ');
    }
    for (size_t i = 0; i < length; i++) {
        put(out, text[i]);
    }
    for (size_t i = 0; spec->left && i < pad; i++) {
        put(out, ' ');
    }
}

/* Digits from the back, then zeros up to the width, then the sign. */
static void put_number(struct output *out, const struct spec *spec, uint64_t value, bool negative, int base)
{
    char buffer[68];
    char *end = buffer + sizeof(buffer), *at = end;

    do {
        *--at = "0123456789abcdef"[value % (unsigned)base];
        value /= (unsigned)base;
    } while (value);
    while (spec->zero && !spec->left && end - at < spec->width - negative && end - at < 64) {
        *--at = '0';
    }
    if (negative) {
        *--at = '-';
    }
    put_padded(out, spec, at, (size_t)(end - at));
}

static void put_string(struct output *out, const struct spec *spec, const char *text)
{
    size_t limit = spec->precision < 0 ? SIZE_MAX : (size_t)spec->precision;
    size_t length = 0;

    if (!text) {
        text = "(null)";
    }
    while (length < limit && text[length]) {
        length++;
    }
    put_padded(out, spec, text, length);
}

static int number_or_star(const char **format, va_list *arguments)
{
    int value = 0;

    if (**format == '*') {
        (*format)++;
        return va_arg(*arguments, int);
    }
    while (**format >= '0' && **format <= '9') {
        if (value < 10000) {
            value = value * 10 + (**format - '0');
        }
        (*format)++;
    }
    return value;
}

static int integer_size(const char **format)
{
    switch (**format) {
    case 'h':
        (*format)++;
        if (**format == 'h') {
            (*format)++;
            return sizeof(char);
        }
        return sizeof(short);
    case 'l':
        (*format)++;
        if (**format == 'l') {
            (*format)++;
        }
        return sizeof(long long);
    case 'z':
    case 'j':
    case 't': (*format)++; return sizeof(long long);
    default: return sizeof(int);
    }
}

static struct spec parse(const char **format, va_list *arguments)
{
    struct spec spec = {.precision = -1};

    for (;; (*format)++) {
        if (**format == '-') {
            spec.left = true;
        } else if (**format == '0') {
            spec.zero = true;
        } else {
            break;
        }
    }
    spec.width = number_or_star(format, arguments);
    if (spec.width < 0) {
        spec.left = true;
        spec.width = spec.width == INT32_MIN ? 0 : -spec.width;
    }
    if (**format == '.') {
        (*format)++;
        spec.precision = number_or_star(format, arguments);
    }
    spec.size = integer_size(format);
    return spec;
}

/* long, long long, size_t and pointers are 64 bits wide on every machine that we know. */
static int64_t signed_argument(const struct spec *spec, va_list *arguments)
{
    switch (spec->size) {
    case 8: return va_arg(*arguments, long long);
    case 2: return (short)va_arg(*arguments, int);
    case 1: return (signed char)va_arg(*arguments, int);
    default: return va_arg(*arguments, int);
    }
}

static uint64_t unsigned_argument(const struct spec *spec, va_list *arguments)
{
    switch (spec->size) {
    case 8: return va_arg(*arguments, unsigned long long);
    case 2: return (unsigned short)va_arg(*arguments, unsigned);
    case 1: return (unsigned char)va_arg(*arguments, unsigned);
    default: return va_arg(*arguments, unsigned);
    }
}

static void put_signed(struct output *out, const struct spec *spec, int64_t value)
{
    put_number(out, spec, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, value < 0, 10);
}

static void put_conversion(struct output *out, const struct spec *spec, char conversion, va_list *arguments)
{
    char byte;

    switch (conversion) {
    case 'd':
    case 'i': put_signed(out, spec, signed_argument(spec, arguments)); break;
    case 'u': put_number(out, spec, unsigned_argument(spec, arguments), false, 10); break;
    case 'x':
    case 'X': put_number(out, spec, unsigned_argument(spec, arguments), false, 16); break;
    case 'p':
        put(out, '0');
        put(out, 'x');
        put_number(out, spec, (uintptr_t)va_arg(*arguments, void *), false, 16);
        break;
    case 'c':
        byte = (char)va_arg(*arguments, int);
        put_padded(out, spec, &byte, 1);
        break;
    case 's': put_string(out, spec, va_arg(*arguments, const char *)); break;
    default: /* %%, or what we do not know, as it stands */ put(out, conversion);
    }
}

static void put_all(struct output *out, const char *format, va_list *arguments)
{
    while (*format) {
        if (*format != '%') {
            put(out, *format++);
            continue;
        }
        format++;
        struct spec spec = parse(&format, arguments);

        if (*format) {
            put_conversion(out, &spec, *format++, arguments);
        }
    }
}

size_t log_vformat(char *text, size_t size, const char *format, va_list arguments)
{
    struct output out = {.text = text, .size = size};
    va_list copy;

    va_copy(copy, arguments); /* so that its address has the right type, also where va_list is an array */
    put_all(&out, format, &copy);
    va_end(copy);
    text[out.length] = '\0';
    if (out.cut && out.length >= 3) {
        memcpy(text + out.length - 3, "...", 3);
    }
    return out.length;
}

size_t log_format(char *text, size_t size, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    size_t length = log_vformat(text, size, format, arguments);

    va_end(arguments);
    return length;
}
