/* console.c: gives back what is typed, byte for byte, and waits in either direction. */
#include "lib/pd.h"
#include "serial/client.h"

static struct {
    char bytes[256];
    size_t first, end;
} self;

static void echo(void *context)
{
    for (;;) {
        self.first += serial_client_write(self.bytes + self.first, self.end - self.first);
        if (self.first < self.end) {
            if (serial_client_wait_room()) {
                return;
            }
            continue;
        }
        self.first = 0;
        self.end = serial_client_read(self.bytes, sizeof(self.bytes));
        if (self.end == 0 && serial_client_wait_input()) {
            return;
        }
    }
}

void init(void)
{
    serial_client_init(&serial_client_config);
    serial_client_on_event(echo, NULL);
    serial_client_write("console> ", 9);
    echo(NULL);
    pd_flush();
}
