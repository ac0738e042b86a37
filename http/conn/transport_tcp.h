/* http/conn/transport_tcp.h: connections over plain TCP. */
#ifndef HTTP_CONN_TRANSPORT_TCP_H
#define HTTP_CONN_TRANSPORT_TCP_H

#include "lwip/tcp.h"

err_t transport_tcp_accept(void *context, struct tcp_pcb *pcb, err_t error); /* tcp_accept()'s */

#endif
