/* http/conn/pool.h: the connections that there can be. */
#ifndef HTTP_CONN_POOL_H
#define HTTP_CONN_POOL_H

#include "http/conn/conn.h"

void pool_init(void);
struct http_conn *pool_take(void); /* NULL: all are in use */
void pool_give_back(struct http_conn *connection);
uint32_t pool_number(const struct http_conn *connection); /* below HTTP_CONNECTIONS_MAX */

#endif
