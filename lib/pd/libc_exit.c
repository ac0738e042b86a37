/* lib/pd/libc_exit.c: every way in which a C program ends, ends the PD with a trap that the kernel names. */
#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/pd.h"

void __assert_func(const char *file, int line, const char *function, const char *expression)
{
    char text[LOG_LINE_MAX];

    log_format(text, sizeof(text), "assertion failed: %s, %s() at %s:%d", expression, function, file, line);
    pd_die(text);
}

void abort(void)
{
    pd_die("abort() called");
}

void _exit(int status)
{
    char text[LOG_LINE_MAX];

    log_format(text, sizeof(text), "exit(%d) called", status);
    pd_die(text);
}
