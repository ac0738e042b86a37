/* lib/pd/libc.c: what picolibc asks of its system. Linked only where used.
 *
 * stdout and stderr go line by line to the log (lib/log.h): they are for third-party code that prints; our own
 * calls log_line. stdin is at its end. assert() is on in every build.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/pd.h"

static struct {
    char line[LOG_LINE_MAX];
    size_t length;
} self;

static int put(char byte, FILE *file)
{
    (void)file;
    if (byte == '\n' || self.length == sizeof(self.line)) {
        log_text(self.line, self.length);
        self.length = 0;
    }
    if (byte != '\n') {
        self.line[self.length++] = byte;
    }
    return (unsigned char)byte;
}

static int get(FILE *file)
{
    (void)file;
    return EOF;
}

static FILE console = FDEV_SETUP_STREAM(put, get, NULL, _FDEV_SETUP_RW);

FILE *const stdin = &console;
FILE *const stdout = &console;
FILE *const stderr = &console;

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    uint64_t ns = pd_unix_time_ns();

    (void)zone;
    now->tv_sec = (time_t)(ns / 1000000000u);
    now->tv_usec = (suseconds_t)(ns % 1000000000u / 1000u);
    return 0;
}
