/* http/tls/incoming.h: what a connection's client sends behind the handshake: records are opened, and what they bring goes
 * to the front's connection. */
#ifndef HTTP_TLS_INCOMING_H
#define HTTP_TLS_INCOMING_H

#include "http/tls/tls_conn.h"

void incoming_init(void);
/* As many records as are there and may be opened now. False: the connection is gone. */
bool incoming_take(struct tls_conn *conn);
void incoming_tell_tcp(struct tls_conn *conn); /* of the bytes that were taken */

#endif
