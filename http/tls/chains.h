/* http/tls/chains.h: the certificate chains: which file each is, and what PD tls makes of it. */
#ifndef HTTP_TLS_CHAINS_H
#define HTTP_TLS_CHAINS_H

#include "http/tls/config.h"

void chains_init(const struct http_secured_config *config);
void chains_look(void);    /* whether one has changed: a handshake begins, or the files can be reached */
void chains_restart(void); /* PD tls knows none any more */
/* What it says of one. */
void chains_answered(uint32_t chain, enum tls_chain_status status, int64_t until_s);

#endif
