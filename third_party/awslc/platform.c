/* platform.c: what AWS-LC wants of its platform beyond a C library: entropy, and some names.
 *   entropy   every byte is that of this PD's generator (lib/random.h); AWS-LC's own one stands on that, and is fed once:
 *             so nobody may ask before there is a sound seed
 *   C++       two names of its runtime stand in tables of virtual functions, and are never called: libssl has its own
 *             operators new and delete
 *   X.509     libssl compares each context's methods with those that parse certificates. No context here has those
 *             (TLS_with_buffers_method), so an address that no other object has is all that is needed, and the parser of
 *             certificates is not linked
 */
#include "third_party/awslc/platform.h"

#include <assert.h>
#include <stdlib.h>
#include "lib/random.h"

void CRYPTO_sysrand(uint8_t *to, size_t bytes)
{
    assert(random_is_sound());
    random_bytes(to, (uint32_t)bytes);
}

int CRYPTO_sysrand_if_available(uint8_t *to, size_t bytes)
{
    assert(random_is_sound());
    random_bytes(to, (uint32_t)bytes);
    return 1;
}

_Noreturn void __cxa_pure_virtual(void)
{
    abort();
}

/* operator delete(void *) */
_Noreturn void _ZdlPv(void *object)
{
    abort();
}

/* bssl::ssl_crypto_x509_method */
const char _ZN4bssl22ssl_crypto_x509_methodE;

/* bssl::ssl_x509_persist_peer_ca_names(SSL *): of clients alone. */
void _Z30ssl_x509_persist_peer_ca_namesP6ssl_st(void *ssl)
{
    abort();
}
