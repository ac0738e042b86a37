/* tls/traffic.c: traffic.h by libcrypto (AWS-LC).
 *   serves    tls/handshake.c and http/tls/record.c, trusted
 *   trusts    libcrypto
 *   invariant key and iv are those of the secret beside them; nothing is allocated
 */
#include "tls/traffic.h"

#include <string.h>

#include <openssl/digest.h>
#include <openssl/err.h>
#include <openssl/hkdf.h>

#define LABEL_MAX 11
#define INFO_MAX (2 + 1 + 6 + LABEL_MAX + 1)

struct suite {
    uint16_t number;
    uint8_t key_bytes, secret_bytes;
    const EVP_MD *(*hash)(void);
};

/* B.4 */
static const struct suite suites[] = {
    {0x1301, 16, 32, EVP_sha256}, /* AES_128_GCM */
    {0x1302, 32, 48, EVP_sha384}, /* AES_256_GCM */
    {0x1303, 32, 32, EVP_sha256}, /* CHACHA20_POLY1305 */
};

static const struct suite *find(uint16_t number)
{
    for (uint32_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
        if (suites[i].number == number) {
            return &suites[i];
        }
    }
    return NULL;
}

/* 7.1: HKDF-Expand-Label, with an empty context. What the library notes of an error it would keep. */
static bool expand_label(const struct suite *suite, const uint8_t *secret, const char *label, uint8_t *to,
                         uint8_t count)
{
    uint8_t info[INFO_MAX] = {0, count}, length = (uint8_t)strlen(label);
    info[2] = (uint8_t)(6 + length);
    memcpy(info + 3, "tls13 ", 6);
    memcpy(info + 9, label, length);
    bool good = HKDF_expand(to, count, suite->hash(), secret, suite->secret_bytes, info, 10u + length) == 1;
    if (!good) {
        ERR_clear_error();
    }
    return good;
}

uint8_t tls_traffic_secret_bytes(uint16_t suite)
{
    const struct suite *found = find(suite);
    return found ? found->secret_bytes : 0;
}

/* 7.3 */
bool tls_traffic_keys(struct tls_traffic *traffic, uint16_t suite)
{
    const struct suite *found = find(suite);
    return found && expand_label(found, traffic->secret, "key", traffic->key, found->key_bytes) &&
           expand_label(found, traffic->secret, "iv", traffic->iv, sizeof(traffic->iv));
}

/* 7.2 */
bool tls_traffic_next(struct tls_traffic *next, const uint8_t secret[TLS_SECRET_MAX], uint16_t suite)
{
    const struct suite *found = find(suite);
    return found && expand_label(found, secret, "traffic upd", next->secret, found->secret_bytes) &&
           tls_traffic_keys(next, suite);
}
