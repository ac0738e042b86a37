/* http/access/syslog.h: the access log as messages of syslog (RFC 5424), one in a datagram (RFC 5426). */
#ifndef HTTP_ACCESS_SYSLOG_H
#define HTTP_ACCESS_SYSLOG_H

#include <stdint.h>

void access_syslog_init(const uint8_t address[4], uint16_t port);
void access_syslog_send(const char *line, uint32_t length, int64_t now_s); /* without its newline */

#endif
