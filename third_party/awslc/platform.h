/* third_party/awslc/platform.h: names that AWS-LC wants. */
#ifndef THIRD_PARTY_AWSLC_PLATFORM_H
#define THIRD_PARTY_AWSLC_PLATFORM_H

#include <stddef.h>
#include <stdint.h>

void CRYPTO_sysrand(uint8_t *to, size_t bytes);
int CRYPTO_sysrand_if_available(uint8_t *to, size_t bytes);
_Noreturn void __cxa_pure_virtual(void);
_Noreturn void _ZdlPv(void *object);
extern const char _ZN4bssl22ssl_crypto_x509_methodE;
void _Z30ssl_x509_persist_peer_ca_namesP6ssl_st(void *ssl);

#endif
