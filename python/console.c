/* console.c: Python's standard input and output over the serial service.
 *   consumes  serial rx   characters                   from the UART, by the virtualiser
 *   produces  serial tx   what Python prints; a full ring makes the worker wait
 *   invariant Ctrl-C reaches a running program: it is looked for when characters come, not when Python reads them
 *   when full characters stay in the serial ring, whose producer waits or drops
 */
#include "lib/pd.h"

#include "lib/log.h"
#include "python/port.h"
#include "serial/client.h"

#include "py/mphal.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "shared/runtime/interrupt_char.h"
#include "shared/runtime/pyexec.h"

#define INPUT_SIZE 1024 /* a power of two */

static struct {
    bool raw;
    uint32_t head, tail; /* taken, put */
    char input[INPUT_SIZE];
} self;

/* Move what has come into our own buffer, and see Ctrl-C on the way. */
static void take_input(void)
{
    char chunk[64];
    while (self.tail - self.head <= INPUT_SIZE - sizeof(chunk)) {
        size_t count = serial_client_read(chunk, sizeof(chunk));
        if (count == 0 && serial_client_wait_input()) {
            return;
        }
        for (size_t i = 0; i < count; i++) {
            if (mp_interrupt_char == (unsigned char)chunk[i]) {
                mp_sched_keyboard_interrupt();
            } else {
                self.input[self.tail++ % INPUT_SIZE] = chunk[i];
            }
        }
    }
}

static void on_event(void *context)
{
    take_input();
    port_wake();
}

/* Services' lines on a raw console: a person reads them, a tool that talks with the raw prompt must not. */
static bool show_line(const char *line, size_t length)
{
    if (!self.raw) {
        return serial_client_log_sink(line, length);
    }
    if (pyexec_mode_kind == PYEXEC_MODE_FRIENDLY_REPL) {
        serial_client_write(line, length - 1);
        serial_client_write("\r\n", 2);
    }
    return true;
}

void console_init(bool raw)
{
    self.raw = raw;
    log_to(show_line);
    serial_client_on_event(on_event, NULL);
    take_input();
}

int mp_hal_stdin_rx_chr(void)
{
    while (self.head == self.tail) {
        take_input();
        if (self.head == self.tail) {
            mp_event_wait_indefinite();
        }
    }
    return (unsigned char)self.input[self.head++ % INPUT_SIZE];
}

mp_uint_t mp_hal_stdout_tx_strn(const char *text, size_t length)
{
    size_t done = 0;
    while (done < length) {
        done += serial_client_write(text + done, length - done);
        if (done < length && serial_client_wait_room()) {
            port_wait(PORT_FOREVER);
        }
    }
    return length;
}

void mp_hal_stdout_tx_str(const char *text)
{
    mp_hal_stdout_tx_strn(text, strlen(text));
}

/* Of a terminal. A short way, also none, goes without what is not to be seen on others. */
void mp_hal_move_cursor_back(unsigned count)
{
    char text[16] = "\b\b\b\b";
    size_t length = count <= 4 ? count : log_format(text, sizeof(text), "\x1b[%uD", count);

    mp_hal_stdout_tx_strn(text, length);
}

void mp_hal_erase_line_from_cursor(unsigned count)
{
    mp_hal_stdout_tx_strn("\x1b[K", 3);
}

/* A terminal wants a carriage return before each line feed; the virtualiser's lines have their own ends. */
void mp_hal_stdout_tx_strn_cooked(const char *text, size_t length)
{
    if (!self.raw) {
        mp_hal_stdout_tx_strn(text, length);
        return;
    }
    while (length > 0) {
        const char *end = memchr(text, '\n', length);
        size_t count = end ? (size_t)(end - text) : length;
        mp_hal_stdout_tx_strn(text, count);
        if (end) {
            mp_hal_stdout_tx_strn("\r\n", 2);
            count++;
        }
        text += count;
        length -= count;
    }
}

uintptr_t mp_hal_stdio_poll(uintptr_t flags)
{
    uintptr_t ready = flags & MP_STREAM_POLL_WR;
    if ((flags & MP_STREAM_POLL_RD) && self.head == self.tail) {
        take_input();
    }
    if ((flags & MP_STREAM_POLL_RD) && self.head != self.tail) {
        ready |= MP_STREAM_POLL_RD;
    }
    return ready;
}
