/* http/conn/accept.h: new connections. */
#ifndef HTTP_CONN_ACCEPT_H
#define HTTP_CONN_ACCEPT_H

#include "http/conn/conn.h"

struct http_conn *accept_take(void); /* NULL: there is no place */

#endif
