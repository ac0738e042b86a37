/* tests/unit/tls_left_out.c: what libssl and libcrypto name and the image has not (third_party/awslc/left_out.S, where a PD
 * that reaches one of them faults): under its own name each ends the test, or the fuzzer's input, that reaches it. What
 * only libcrypto itself names, MD5 and SHA-1, it does by the methods that libssl asks for.
 */
#include "tests/unit/check.h"

#define LEFT_OUT(name)             \
    void __wrap_##name(void);      \
    void __wrap_##name(void)       \
    {                              \
        FAIL(#name " is reached"); \
    }

LEFT_OUT(EC_group_brainpoolP224r1)
LEFT_OUT(EC_group_brainpoolP256r1)
LEFT_OUT(EC_group_brainpoolP320r1)
LEFT_OUT(EC_group_brainpoolP384r1)
LEFT_OUT(EC_group_brainpoolP512r1)
LEFT_OUT(EVP_PKEY_CTX_set_rsa_padding)
LEFT_OUT(EVP_PKEY_CTX_set_rsa_pss_saltlen)
LEFT_OUT(EVP_aead_aes_128_cbc_sha1_tls)
LEFT_OUT(EVP_aead_aes_128_cbc_sha1_tls_implicit_iv)
LEFT_OUT(EVP_aead_aes_128_cbc_sha256_tls)
LEFT_OUT(EVP_aead_aes_128_cbc_sha256_tls_implicit_iv)
LEFT_OUT(EVP_aead_aes_256_cbc_sha1_tls)
LEFT_OUT(EVP_aead_aes_256_cbc_sha1_tls_implicit_iv)
LEFT_OUT(EVP_aead_aes_256_cbc_sha384_tls)
LEFT_OUT(EVP_aead_des_ede3_cbc_sha1_tls)
LEFT_OUT(EVP_aead_des_ede3_cbc_sha1_tls_implicit_iv)
LEFT_OUT(EVP_aead_null_sha1_tls)
LEFT_OUT(EVP_md5)
LEFT_OUT(EVP_md5_sha1)
LEFT_OUT(EVP_sha1)
LEFT_OUT(RSA_decrypt)
LEFT_OUT(X509_NAME_free)
