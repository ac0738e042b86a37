/* serial/client.h: a program's end of the console. Serves: services' log lines (drop) and Python's console (wait).
 *
 * Uses lib/pd's dispatch; wake-ups are owed until the next pd_flush(), which notified() of lib/pd does by itself.
 */
#ifndef SERIAL_CLIENT_H
#define SERIAL_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include "serial/config.h"

/* Call once in init(), before the functions below. Then log_to(serial_client_log_sink) for a service. */
void serial_client_init(const struct serial_client_config *config);

/* Bytes accepted, 0..length; the rest does not fit now. serial_client_wait_room() arms the ring: true when the
 * caller may sleep until the tx channel's event, false when there is room again. */
size_t serial_client_write(const char *bytes, size_t length);
bool serial_client_wait_room(void);

/* Bytes read, 0..length. serial_client_wait_input(): true when the caller may sleep until the rx channel's event. */
size_t serial_client_read(char *bytes, size_t length);
bool serial_client_wait_input(void);

/* Called at each event of the tx or rx channel, in the event loop, never on the worker's stack. */
void serial_client_on_event(void (*handler)(void *), void *context);

/* All of the line or nothing: for log_to(). */
bool serial_client_log_sink(const char *line, size_t length);

#endif
