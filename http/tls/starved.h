/* http/tls/starved.h: connections that found no memory: no block to seal in, no packet to open in. */
#ifndef HTTP_TLS_STARVED_H
#define HTTP_TLS_STARVED_H

#include "http/tls/tls_conn.h"
#include "lib/region.h"

enum starved_for { STARVED_FOR_BLOCK, STARVED_FOR_PACKET };

/* Once. sealed: sealed.h's region. go_on: there may be memory for it; if it finds none it calls starved_wait() again. */
void starved_init(const struct region *sealed, void (*go_on)(struct tls_conn *conn));
void starved_wait(struct tls_conn *conn, enum starved_for what);
/* Whether others have waited for a block before it: then it waits, too, though one may be free. */
bool starved_others_first(const struct tls_conn *conn);
void starved_serve(void); /* before an event's end: those that wait, if something was given back in it */

#endif
