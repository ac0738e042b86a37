/* lib/log/log.c: whole lines to the sink, or to the debug console while there is none.
 *   consumes  texts of this PD; what is longer than LOG_LINE_MAX is cut
 *   produces  one line for each, in one call of the sink
 *   when full the sink refuses, and the line is lost: the next one that it takes begins with how many were
 */
#include "lib/log.h"

#include <string.h>

#include "lib/pd.h"

static struct {
    log_sink *sink;
    uint32_t lost;
} self;

void log_to(log_sink *sink)
{
    self.sink = sink;
}

static bool debug_console(const char *line, size_t length)
{
    (void)length;
    microkit_dbg_puts(microkit_name);
    microkit_dbg_puts("| ");
    microkit_dbg_puts(line);
    return true;
}

static void send(const char *text, size_t length)
{
    char line[LOG_LINE_MAX + 24]; /* room for `[n lost] `, newline, NUL */
    size_t start = 0;

    if (self.lost) {
        start = log_format(line, 24, "[%u lost] ", self.lost);
    }
    memcpy(line + start, text, length);
    line[start + length] = '\n';
    line[start + length + 1] = '\0';
    log_sink *sink = self.sink ? self.sink : debug_console;

    if (sink(line, start + length + 1)) {
        self.lost = 0;
    } else {
        self.lost++;
    }
}

void log_text(const char *text, size_t length)
{
    send(text, length < LOG_LINE_MAX ? length : LOG_LINE_MAX);
}

void log_line(const char *format, ...)
{
    char text[LOG_LINE_MAX + 1];
    va_list arguments;

    va_start(arguments, format);
    size_t length = log_vformat(text, sizeof(text), format, arguments);

    va_end(arguments);
    send(text, length);
}
