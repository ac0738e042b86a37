/* http/tls/tls_control.h: what PD tls is told that is of no handshake: the time of day, and certificate chains. */
#ifndef HTTP_TLS_TLS_CONTROL_H
#define HTTP_TLS_TLS_CONTROL_H

#include <stdbool.h>
#include "tls/config.h"
#include "tls/proto.h"

/* answered: what became of a chain. */
void tls_control_init(const struct tls_client_config *config,
                      void (*answered)(uint32_t chain, enum tls_chain_status status, int64_t until_s));

/* The time of day is known now, or another one: tls is told. Each handshake looks at it, too. */
void tls_control_see_time(void);
/* Where a certificate chain is written to, as PEM of up to TLS_CHAIN_MAX bytes; and that it is there, for handshakes that
 * begin from now on. NULL: there is one that tls has not answered yet. */
char *tls_control_chain_room(void);
void tls_control_chain(uint32_t chain, uint32_t bytes);

/* -- handshake.c's -- */
bool tls_control_owes(void);
bool tls_control_tell(void);                              /* what it owes. False: the ring is full */
bool tls_control_take(const struct tls_message *message); /* false: it cannot be, and nothing has changed */
void tls_control_forget(void);                            /* PD tls has begun anew: it knows no time, and no chain */

#endif
