/* lib/log.h: one line of text for a person, from a service. Never waits: what does not fit is dropped and counted, and
 * the next line that fits begins with `[n lost]`. Where it goes is the sink's business: a serial client
 * (serial_client_log_sink), or the debug console until one is set.
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include <stdbool.h>
#include <stddef.h>

/* Takes a whole line with its newline, or refuses it (false): no part of a line is ever kept. */
typedef bool log_sink(const char *line, size_t length);

void log_to(log_sink *sink);

/* printf without floating point; at most LOG_LINE_MAX bytes, cut with "..." beyond; the newline is added. */
#define LOG_LINE_MAX 256
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
