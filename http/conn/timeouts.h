/* http/conn/timeouts.h: how long each connection may still take: a list per limit. */
#ifndef HTTP_CONN_TIMEOUTS_H
#define HTTP_CONN_TIMEOUTS_H

#include "http/conn/conn.h"

/* wait_s: for a file that has to be asked for; 0: HTTP_WAIT_S. expire: it is called with a connection whose time is
 * over, and puts it elsewhere. */
void timeouts_init(uint32_t wait_s, void (*expire)(struct http_conn *connection, enum clock clock));
void timeouts_set(struct http_conn *connection, enum clock clock);
void timeouts_set_for(struct http_conn *connection, enum clock clock, uint64_t limit_ns); /* CLOCK_BODY */
void timeouts_expire(struct http_conn *connection);                                       /* before its time */
uint64_t timeouts_limit_ns(enum clock clock);                                             /* not of CLOCK_BODY */
struct http_conn *timeouts_oldest(enum clock clock);                                      /* NULL: there is none */
struct http_conn *timeouts_next(const struct http_conn *connection); /* behind it in its list; NULL: it is the last */
uint32_t timeouts_count(enum clock clock);
uint64_t timeouts_age_ns(const struct http_conn *connection); /* not of CLOCK_BODY */

#endif
