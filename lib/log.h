/* lib/log.h: one line of text for a person, from a service. Never waits: what does not fit is dropped and counted, and
 * the next line that fits begins with `[n lost]`. Where it goes is the sink's business: a serial client
 * (serial_client_log_sink), or the debug console until one is set (which is silent in release and benchmark builds).
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* Takes a whole line with its newline, or refuses it (false): no part of a line is ever kept. */
typedef bool log_sink(const char *line, size_t length);

void log_to(log_sink *sink);

/* printf without floating point; at most LOG_LINE_MAX bytes, cut with "..." beyond; the newline is added. */
#define LOG_LINE_MAX 256
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same for text that is ready, without its newline. */
void log_text(const char *text, size_t length);

/* The formatter alone, small and without the C library's: %d %i %u %x %X %c %s %p %% with the flags - 0, width,
 * precision (of %s; also as *), and hh h l ll z j t. Always ends with a NUL (size > 0); returns the length kept, <
 * size; "..." at the end tells of a cut. */
size_t log_format(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
size_t log_vformat(char *text, size_t size, const char *format, va_list arguments);

#endif
