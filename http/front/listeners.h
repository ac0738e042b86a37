/* http/front/listeners.h: the ports that the front listens on. */
#ifndef HTTP_FRONT_LISTENERS_H
#define HTTP_FRONT_LISTENERS_H

#include <stdbool.h>
#include <stdint.h>

bool http_listen(uint16_t port);         /* false: it cannot be had */
bool http_listen_secured(uint16_t port); /* by the transport that stands on TCP (http/conn/transport_tcp.h) */
bool http_owns(uint16_t port);

#endif
