/* tests/unit/check.h: how a host test fails, wherever it is: one line that names the place and what is not so, and the
 * end of the process, by abort(), where a debugger and a fuzzer stop. Side effects in a condition are welcome.
 *
 *     CHECK(condition)              CHECK_CASE(condition, name)         inside a loop over cases
 *     CHECK_EQUAL(is, should_be)    integers; both are shown
 *     CHECK_TEXT(is, should_be)     strings; both are shown
 *     FAIL(format, ..)              for what can only be said in words
 */
#ifndef UNIT_CHECK_H
#define UNIT_CHECK_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAIL(...) check_failed(__FILE__, __LINE__, __func__, __VA_ARGS__)
#define CHECK(condition) ((condition) ? (void)0 : FAIL("not so: %s", #condition))
#define CHECK_CASE(condition, name) ((condition) ? (void)0 : FAIL("'%s': not so: %s", (name), #condition))
#define CHECK_EQUAL(is, should_be)                                                             \
    check_equal(__FILE__, __LINE__, __func__, #is " == " #should_be, (unsigned long long)(is), \
                (unsigned long long)(should_be))
#define CHECK_TEXT(is, should_be) check_text(__FILE__, __LINE__, __func__, #is, (is), (should_be))

_Noreturn __attribute__((format(printf, 4, 5), cold, unused)) static void
check_failed(const char *file, int line, const char *function, const char *format, ...)
{
    va_list arguments;

    fflush(stdout);
    fprintf(stderr, "%s:%d: %s: check failed: ", file, line, function);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    abort();
}

static inline void check_equal(const char *file, int line, const char *function, const char *what,
                               unsigned long long is, unsigned long long should_be)
{
    if (is != should_be) {
        check_failed(file, line, function, "not so: %s (%llu, %llu)", what, is, should_be);
    }
}

static inline void check_text(const char *file, int line, const char *function, const char *what, const char *is,
                              const char *should_be)
{
    if (strcmp(is, should_be) != 0) {
        check_failed(file, line, function, "%s is\n%s\n-- and should be\n%s\n--", what, is, should_be);
    }
}

#endif
