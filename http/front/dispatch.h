/* http/front/dispatch.h: what a request gets. */
#ifndef HTTP_FRONT_DISPATCH_H
#define HTTP_FRONT_DISPATCH_H

#include <stdbool.h>
#include <stdint.h>

void dispatch_init(void);
/* Behind it: what comes without TLS is sent there, under this port, but for /.well-known/acme-challenge/ (RFC 8555,
 * 8.3). */
void dispatch_redirect_to_tls(uint16_t port);
/* Whether each answer is the last of its connection, and says so. */
void dispatch_drain(bool begin);
bool dispatch_drains(void);

#endif
