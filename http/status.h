/* http/status.h: the status port, of programs whose name ends in _status. Each has one file that defines this:
 * http/no_status.c, http/status/port.c.
 */
#ifndef HTTP_STATUS_H
#define HTTP_STATUS_H

/* Once, from init(), when the front stands. */
void status_start(void);

#endif
