/* http/tls/tls_peer.h: PD tls, as the front reaches it: messages of tls/proto.h through two rings. */
#ifndef HTTP_TLS_TLS_PEER_H
#define HTTP_TLS_TLS_PEER_H

#include <stdbool.h>
#include "tls/config.h"
#include "tls/proto.h"

struct tls_peer_handlers {
    void (*take)(const struct tls_message *message); /* NOT trusted */
    void (*restarted)(void);                         /* all that it had is lost; it can be told again */
};

/* Once, when the handlers can be called: messages may be there. */
void tls_peer_init(const struct tls_client_config *config, const struct tls_peer_handlers *handlers);
bool tls_peer_put(const struct tls_message *message); /* false: the ring is full */
bool tls_peer_await_room(void);                       /* false: there is some; true: an event comes when there is */
void tls_peer_wake(void);                             /* for what was put: owes it one wake-up */

#endif
