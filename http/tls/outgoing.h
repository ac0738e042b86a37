/* http/tls/outgoing.h: what a connection sends: content is sealed and given to TCP, in records. Whoever has it seal
 * something asks outgoing_is_spent() when its event, or TCP's callback, ends: such a connection is reset. */
#ifndef HTTP_TLS_OUTGOING_H
#define HTTP_TLS_OUTGOING_H

#include "http/tls/tls_conn.h"

/* Bytes of content that may be written now. With nothing queued never 0. */
uint32_t outgoing_room(const struct tls_conn *conn);
/* more: what belongs to it follows at once. False: no memory, nothing has been written. */
bool outgoing_write(struct tls_conn *conn, const uint8_t *from, uint32_t length, bool more);
/* Ends what was written: its records are sealed, and with TCP as far as that takes them. */
void outgoing_settle(struct tls_conn *conn);
void outgoing_push(struct tls_conn *conn); /* what is sealed goes to TCP, as far as that takes it */
void outgoing_acknowledged(struct tls_conn *conn, uint32_t count);

/* RFC 8446, 6.1: close_notify, and TCP's end behind it, as soon as there is memory. False: it cannot be sealed. */
bool outgoing_close(struct tls_conn *conn);
/* As a copy, where no block of the connection's is under way. False: it cannot be sealed, or there is no memory. */
bool outgoing_alert(struct tls_conn *conn, enum record_alert alert);

/* A key that could not seal something seals nothing more (record.h). */
bool outgoing_is_spent(const struct tls_conn *conn);
void outgoing_drop(struct tls_conn *conn); /* all of it, and its keys */

#endif
