/* http/tls/opened.h: memory of records that come: packets of our own, in which they are put together and opened. */
#ifndef HTTP_TLS_OPENED_H
#define HTTP_TLS_OPENED_H

#include "http/tls/record.h"
#include "lwip/pbuf.h"

/* freed: there is one more, after opened_take() has found none, or opened_await(). */
void opened_init(void (*freed)(void));
/* A packet of so many bytes, at most RECORD_BYTES_MAX, free again with pbuf_free(). NULL: there is none. */
struct pbuf *opened_take(uint32_t bytes);
void opened_await(void);

#endif
