/* http/conn/accept.h: new connections. */
#ifndef HTTP_CONN_ACCEPT_H
#define HTTP_CONN_ACCEPT_H

#include "lwip/tcp.h"

err_t accept_client(void *context, struct tcp_pcb *pcb, err_t error); /* tcp_accept()'s */

#endif
