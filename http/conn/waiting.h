/* http/conn/waiting.h: how many connections may wait, and how much they may hold. */
#ifndef HTTP_CONN_WAITING_H
#define HTTP_CONN_WAITING_H

#include "http/conn/conn.h"

bool waiting_may_more(const struct http_conn *connection); /* one more, WAITING or QUEUED as it is */
bool waiting_held(int32_t more); /* bytes of packets that waiting connections hold; false: too many now */

#endif
