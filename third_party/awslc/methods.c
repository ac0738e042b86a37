/* methods.c: tables of AWS-LC's methods, in the place of those that name every kind of key that it knows: P-256, and
 * ML-KEM. What is looked for in them beside that is not found, which the library takes for a kind that it does not know.
 *   invariant a certificate's key is of P-256 (tls/certificate.c) before the library sees it, and groups are those that
 *             tls/handshake.c names: of other curves none is asked for more than its name. They have methods that would
 *             fault
 */
#include "crypto/evp_extra/internal.h"
#include "crypto/fipsmodule/ec/internal.h"
#include "crypto/fipsmodule/pqdsa/internal.h"

static const EVP_PKEY_METHOD no_key = {.pkey_id = EVP_PKEY_NONE};
static const EVP_PKEY_ASN1_METHOD no_kind = {.pkey_id = EVP_PKEY_NONE};
static const EC_METHOD no_curve;

/* -- kinds of keys, by number: EVP_PKEY_CTX_new() -- */

#define NONE(name)                    \
    const EVP_PKEY_METHOD *name(void) \
    {                                 \
        return &no_key;               \
    }
NONE(EVP_PKEY_rsa_pkey_meth)
NONE(EVP_PKEY_rsa_pss_pkey_meth)
NONE(EVP_PKEY_ec_pkey_meth)
NONE(EVP_PKEY_hkdf_pkey_meth)
NONE(EVP_PKEY_hmac_pkey_meth)
NONE(EVP_PKEY_ed25519_pkey_meth)
NONE(EVP_PKEY_ed25519ph_pkey_meth)
NONE(EVP_PKEY_pqdsa_pkey_meth)

const EVP_PKEY_METHOD *const *AWSLC_non_fips_pkey_evp_methods(void)
{
    static const EVP_PKEY_METHOD *const methods[NON_FIPS_EVP_PKEY_METHODS] = {&no_key, &no_key, &no_key};
    return methods;
}

int used_for_hmac(EVP_MD_CTX *context)
{
    return 0;
}

/* -- the same, by the identifier of a certificate's key: EVP_parse_public_key() -- */

const EVP_PKEY_ASN1_METHOD *const asn1_evp_pkey_methods[ASN1_EVP_PKEY_METHODS] = {
    &ec_asn1_meth, &kem_asn1_meth, &no_kind, &no_kind, &no_kind, &no_kind,
    &no_kind,      &no_kind,       &no_kind, &no_kind, &no_kind};
const size_t asn1_evp_pkey_methods_size = ASN1_EVP_PKEY_METHODS;
const EVP_PKEY_ASN1_METHOD rsa_asn1_meth = {.pkey_id = EVP_PKEY_NONE};

const EVP_PKEY_ASN1_METHOD *const *AWSLC_non_fips_pkey_evp_asn1_methods(void)
{
    return asn1_evp_pkey_methods;
}

const EVP_PKEY_ASN1_METHOD *PQDSA_find_asn1_by_nid(int kind)
{
    return NULL;
}

int OBJ_cbs2nid(const CBS *identifier)
{
    return NID_undef;
}

/* -- curves -- */

const EC_METHOD *EC_GFp_nistp224_method(void)
{
    return &no_curve;
}

const EC_METHOD *EC_GFp_nistp384_method(void)
{
    return &no_curve;
}

const EC_METHOD *EC_GFp_nistp521_method(void)
{
    return &no_curve;
}
