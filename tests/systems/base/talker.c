/* talker.c: many lines of all lengths, none of which may be lost or mixed: waits when the console is full. */
#include <string.h>

#include "lib/log.h"
#include "lib/pd.h"
#include "serial/client.h"

#define LINES 100
#define LINE_MAX 300

static struct {
    unsigned line;
    size_t length, sent;
    char text[LINE_MAX];
} self;

/* `line 7 of 100 aaaaaaa.`: as many letters as say which line it is. */
static void make_line(void)
{
    self.length = log_format(self.text, sizeof(self.text), "line %u of %u ", self.line, LINES);
    memset(self.text + self.length, 'a', self.line);
    self.length += self.line;
    self.length += log_format(self.text + self.length, sizeof(self.text) - self.length, ".\n");
    self.sent = 0;
}

static void talk(void *context)
{
    while (self.line <= LINES) {
        self.sent += serial_client_write(self.text + self.sent, self.length - self.sent);
        if (self.sent == self.length) {
            self.line++;
            make_line();
        } else if (serial_client_wait_room()) {
            return;
        }
    }
}

void init(void)
{
    serial_client_init(&serial_client_config);
    serial_client_on_event(talk, NULL);
    self.line = 1;
    make_line();
    talk(NULL);
    pd_flush();
}
