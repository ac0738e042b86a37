/* keys.c: the private keys of the web server's certificates, and ECDSA.
 *   answers   KEYS_PUBLIC, KEYS_SIGN    from tls, NOT trusted: it parses what strangers send
 *   produces  public points, and signatures of one shape of text, RFC 8446, 4.4.3: nothing else can be had here
 *   invariant no byte of a key leaves this PD: the page holds what KEYS_PROTO says, and nobody else maps this memory
 *   time      that of AWS-LC's P-256, which does not depend on the key; a signature's own number is drawn from the
 *             generator and mixed with the key and the hash, so that one bad draw gives nothing away
 *   when full nothing waits here: a question is answered at once
 */
#include "lib/pd.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/sha.h>

#include "entropy/client.h"
#include "keys/config.h"
#include "lib/log.h"
#include "lib/random.h"

#define SPACES 64

static const struct keys_config *const config = &keys_config;
static const char context[] = "TLS 1.3, server CertificateVerify"; /* with its 0, which stands behind it there, too */

static struct {
    EC_KEY *keys[KEYS_MAX];
    uint64_t refused;
} self;

/* The key of a number from outside, NULL: there is none. */
static EC_KEY *find_key(uint64_t number)
{
    return number < config->key_count ? self.keys[number] : NULL;
}

/* -- answers -- */

static microkit_msginfo refuse(void)
{
    self.refused++;
    return microkit_msginfo_new(KEYS_REFUSED, 0);
}

static microkit_msginfo answer(uint64_t bytes)
{
    microkit_mr_set(0, bytes);
    return microkit_msginfo_new(0, 1);
}

/* By its two coordinates: what reads a point in any form, compressed ones too, is 28 KiB more to link. */
static bool set_point(EC_POINT *point, const uint8_t bytes[KEYS_POINT_BYTES])
{
    const uint8_t *x_bytes = bytes + 1, *y_bytes = x_bytes + KEYS_POINT_BYTES / 2;
    BIGNUM *x = BN_bin2bn(x_bytes, KEYS_POINT_BYTES / 2, NULL), *y = BN_bin2bn(y_bytes, KEYS_POINT_BYTES / 2, NULL);
    bool good = bytes[0] == POINT_CONVERSION_UNCOMPRESSED && x && y &&
                EC_POINT_set_affine_coordinates_GFp(EC_group_p256(), point, x, y, NULL);

    BN_free(x);
    BN_free(y);
    return good;
}

/* Memory that was written over would be noticed by clients alone: they do not believe a wrong signature. Whoever gets
 * none, and begins anew therefore, asks for the point. */
static void check_key(const struct keys_key *config_key, EC_KEY *key)
{
    static const uint8_t digest[SHA256_DIGEST_LENGTH] = {1};
    uint8_t signature[KEYS_SIGNATURE_MAX];
    unsigned length = 0;
    EC_POINT *point = EC_POINT_new(EC_group_p256());

    if (!point || !set_point(point, config_key->point) || !EC_KEY_set_public_key(key, point) ||
        !ECDSA_sign(0, digest, sizeof(digest), signature, &length, key) ||
        ECDSA_verify(0, digest, sizeof(digest), signature, length, key) != 1) {
        pd_die("a signature is wrong: something has been written over");
    }
    EC_POINT_free(point);
}

static microkit_msginfo tell_public(uint64_t number)
{
    EC_KEY *key = find_key(number);

    if (!key) {
        return refuse();
    }
    if (random_is_sound()) {
        check_key(&config->keys[number], key);
    }
    memcpy(config->page.base, config->keys[number].point, KEYS_POINT_BYTES);
    return answer(KEYS_POINT_BYTES);
}

/* RFC 8446, 4.4.3: 64 spaces, the context, a 0, the transcript's hash. */
static void hash_text(uint8_t digest[SHA256_DIGEST_LENGTH], const uint8_t *hash, uint32_t hash_bytes)
{
    uint8_t text[SPACES + sizeof(context) + KEYS_HASH_MAX];

    memset(text, ' ', SPACES);
    memcpy(text + SPACES, context, sizeof(context));
    memcpy(text + SPACES + sizeof(context), hash, hash_bytes);
    SHA256(text, SPACES + sizeof(context) + hash_bytes, digest);
}

static microkit_msginfo sign(uint64_t number, uint64_t hash_bytes)
{
    EC_KEY *key = find_key(number);
    uint8_t hash[KEYS_HASH_MAX], digest[SHA256_DIGEST_LENGTH], signature[KEYS_SIGNATURE_MAX];
    unsigned length = 0;

    if (!key || !random_is_sound() || (hash_bytes != SHA256_DIGEST_LENGTH && hash_bytes != SHA384_DIGEST_LENGTH) ||
        !region_copy(&config->page, 0, hash_bytes, hash)) {
        return refuse();
    }
    hash_text(digest, hash, (uint32_t)hash_bytes);
    if (!ECDSA_sign(0, digest, sizeof(digest), signature, &length, key) || length > sizeof(signature)) {
        pd_die("signing fails: something has been written over");
    }
    memcpy(config->page.base, signature, length);
    return answer(length);
}

microkit_msginfo protected(microkit_channel channel, microkit_msginfo info)
{
    uint64_t label = microkit_msginfo_get_label(info), count = microkit_msginfo_get_count(info);

    if (channel == config->tls && label == KEYS_PUBLIC && count == 1) {
        return tell_public(microkit_mr_get(0));
    }
    if (channel == config->tls && label == KEYS_SIGN && count == 2) {
        return sign(microkit_mr_get(0), microkit_mr_get(1));
    }
    return refuse();
}

/* -- start -- */

static EC_KEY *load(const struct keys_key *key)
{
    EC_KEY *loaded = EC_KEY_new(); /* ..by_curve_name() would link every curve */
    BIGNUM *scalar = BN_bin2bn(key->scalar, sizeof(key->scalar), NULL);

    if (!loaded || !scalar || !EC_KEY_set_group(loaded, EC_group_p256()) || !EC_KEY_set_private_key(loaded, scalar)) {
        pd_die("a key is none: the description has checked it");
    }
    BN_clear_free(scalar);
    return loaded;
}

void init(void)
{
    require(config->key_count >= 1 && config->key_count <= KEYS_MAX, "keys: key_count", config->key_count);
    require(config->page.size >= KEYS_PAGE_BYTES, "keys: page.size", config->page.size);
    entropy_client_init(&entropy_client_config);
    for (uint32_t i = 0; i < config->key_count; i++) {
        self.keys[i] = load(&config->keys[i]);
    }
}
