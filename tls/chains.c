/* chains.c: reads, checks and keeps certificate chains.
 *   consumes  PEM from a file of the site's owner, by way of the front, NOT trusted to be right
 *   produces  chains whose leaf is of one of our keys, in the order that RFC 8446, 4.4.2 wants, of the present day
 *   not done  signatures are not looked at: who shows a chain does not have to believe it, the client does
 *   when full a chain of more than TLS_CHAIN_CERTIFICATES_MAX is not taken
 */
#include "tls/chains.h"

#include <string.h>
#include "tls/keys.h"
#include "tls/pem.h"

static struct {
    struct tls_chain chains[TLS_CHAINS_MAX];
} self;

static void release(struct tls_chain *chain)
{
    for (uint32_t i = 0; i < chain->count; i++) {
        CRYPTO_BUFFER_free(chain->certificates[i]);
    }
    chain->count = 0;
}

static enum tls_chain_status dates(const struct certificate *leaf, int64_t now)
{
    if (now == 0) {
        return TLS_CHAIN_OK_UNDATED;
    }
    return now < leaf->not_before ? TLS_CHAIN_NOT_YET : now > leaf->not_after ? TLS_CHAIN_EXPIRED : TLS_CHAIN_OK;
}

static bool is_issuer(CBS subject, const struct certificate *issued)
{
    return CBS_mem_equal(&subject, CBS_data(&issued->issuer), CBS_len(&issued->issuer));
}

/* One more, behind `last`, which becomes it. */
static enum tls_chain_status append(struct tls_chain *chain, struct certificate *last, const uint8_t *der,
                                    size_t length)
{
    struct certificate certificate;

    if (chain->count == TLS_CHAIN_CERTIFICATES_MAX) {
        return TLS_CHAIN_TOO_LONG;
    }
    CRYPTO_BUFFER *buffer = CRYPTO_BUFFER_new(der, length, NULL);
    if (!buffer) {
        return TLS_CHAIN_NO_MEMORY;
    }
    chain->certificates[chain->count++] = buffer;
    if (!certificate_read(&certificate, CRYPTO_BUFFER_data(buffer), length)) {
        return TLS_CHAIN_BAD_DER;
    }
    if (chain->count > 1 && !is_issuer(certificate.subject, last)) {
        return TLS_CHAIN_ORDER;
    }
    *last = certificate;
    if (chain->count == 1) {
        chain->leaf = certificate;
    }
    return TLS_CHAIN_OK;
}

static enum tls_chain_status read_all(struct tls_chain *chain, char *pem, size_t length)
{
    uint8_t *der;
    struct certificate last = {.not_after = 0};
    enum tls_chain_status status = TLS_CHAIN_NOT_PEM;
    size_t bytes;

    while ((bytes = pem_next_certificate(&pem, &length, &der)) > 0) {
        status = bytes == PEM_BROKEN ? TLS_CHAIN_NOT_PEM : append(chain, &last, der, bytes);
        if (status != TLS_CHAIN_OK) {
            return status;
        }
    }
    return status;
}

static enum tls_chain_status check_leaf(struct tls_chain *chain, int64_t now)
{
    if (CBS_len(&chain->leaf.point) == 0) {
        return TLS_CHAIN_NOT_P256;
    }
    chain->key = tls_keys_find(CBS_data(&chain->leaf.point));
    return chain->key == TLS_KEYS_NONE ? TLS_CHAIN_NOT_OURS : dates(&chain->leaf, now);
}

enum tls_chain_status tls_chains_set(uint8_t number, char *pem, size_t length, int64_t now, int64_t *not_after)
{
    struct tls_chain chain = {.number = number};
    enum tls_chain_status status = read_all(&chain, pem, length);

    *not_after = chain.leaf.not_after;
    if (status == TLS_CHAIN_OK) {
        status = check_leaf(&chain, now);
    }
    if (status != TLS_CHAIN_OK && status != TLS_CHAIN_OK_UNDATED) {
        release(&chain);
        return status;
    }
    release(&self.chains[number]);
    self.chains[number] = chain;
    return status;
}

enum tls_chain_status tls_chains_dates(uint8_t number, int64_t now, int64_t *not_after)
{
    const struct tls_chain *chain = &self.chains[number];

    *not_after = chain->leaf.not_after;
    return chain->count ? dates(&chain->leaf, now) : TLS_CHAIN_NOT_PEM;
}

const struct tls_chain *tls_chains_for(const char *name, size_t length)
{
    const struct tls_chain *first = NULL;

    for (uint32_t i = 0; i < TLS_CHAINS_MAX; i++) {
        const struct tls_chain *chain = &self.chains[i];
        if (chain->count > 0 && length > 0 && certificate_is_for(&chain->leaf, name, length)) {
            return chain;
        }
        first = first || chain->count == 0 ? first : chain;
    }
    return first;
}
