/* left_out.S: what AWS-LC names and nothing here can reach, 0.9 MB with its tables, so that it is not linked.
 *
 * The variants `_alt` and `8x` are for larger processors, `vpaes` for those without instructions for AES, which the library
 * takes ours not to be (awslc.mk, STATIC_ARMCAP). Who gets to multiply points of P-384, P-521 or Ed25519 has such a key,
 * or was offered such a group, or checks such a signature: keys are of P-256 (compose/pem.py, tls/certificate.c), groups
 * are X25519, P-256 and ML-KEM (tls/handshake.c), and nobody's signature is checked. No other curve of OpenSSL's list is
 * looked at when P-256 has been found in it. Numbers of 512 bits and more are RSA's. Ciphers in CBC mode, MD5, SHA-1 and
 * what is decrypted by RSA are of TLS 1.2 and older, which is not offered; names of issuers are of clients' certificates,
 * which are not asked for. Should one be reached all the same, its PD faults there, by name;
 * on the host it ends the test, or the fuzzer's input, that does it (tests/unit/tls_left_out.c). What the processor decides
 * is decided when it is compiled.
 */
.macro left_out name:req
    .section .text.\name, "ax"
    .global \name
    .type \name, %function
\name:
    udf #0
    .size \name, . - \name
.endm

.irp name, curve25519_x25519_byte_alt, curve25519_x25519base_byte_alt, p256_montjscalarmul_alt, p384_montjdouble_alt, \
    p384_montjscalarmul_alt, p521_jdouble_alt, p521_jscalarmul_alt
    left_out \name
.endr

.irp name, edwards25519_decode, edwards25519_decode_alt, edwards25519_encode, edwards25519_scalarmulbase, \
    edwards25519_scalarmulbase_alt, edwards25519_scalarmuldouble, edwards25519_scalarmuldouble_alt, p384_montjdouble, \
    p384_montjscalarmul, p521_jdouble, p521_jscalarmul
    left_out \name
.endr

.irp name, aesv8_gcm_8x_dec_128, aesv8_gcm_8x_dec_192, aesv8_gcm_8x_dec_256, aesv8_gcm_8x_enc_128, aesv8_gcm_8x_enc_192, \
    aesv8_gcm_8x_enc_256
    left_out \name
.endr

.irp name, vpaes_encrypt, vpaes_decrypt, vpaes_set_encrypt_key, vpaes_set_decrypt_key, vpaes_cbc_encrypt, \
    vpaes_ctr32_encrypt_blocks
    left_out \name
.endr

.irp name, bignum_copy_row_from_table, bignum_copy_row_from_table_16, bignum_copy_row_from_table_32, \
    bignum_copy_row_from_table_8n, bignum_emontredc_8n, bignum_ge, bignum_kmul_16_32, bignum_kmul_32_64, \
    bignum_ksqr_16_32, bignum_ksqr_32_64, bignum_mul, bignum_optsub, bignum_sqr
    left_out \name
.endr

.irp name, EC_group_brainpoolP224r1, EC_group_brainpoolP256r1, EC_group_brainpoolP320r1, EC_group_brainpoolP384r1, \
    EC_group_brainpoolP512r1
    left_out \name
.endr

.irp name, EVP_aead_aes_128_cbc_sha1_tls, EVP_aead_aes_128_cbc_sha1_tls_implicit_iv, EVP_aead_aes_128_cbc_sha256_tls, \
    EVP_aead_aes_128_cbc_sha256_tls_implicit_iv, EVP_aead_aes_256_cbc_sha1_tls, EVP_aead_aes_256_cbc_sha1_tls_implicit_iv, \
    EVP_aead_aes_256_cbc_sha384_tls, EVP_aead_des_ede3_cbc_sha1_tls, EVP_aead_des_ede3_cbc_sha1_tls_implicit_iv, \
    EVP_aead_null_sha1_tls, EVP_PKEY_CTX_set_rsa_padding, EVP_PKEY_CTX_set_rsa_pss_saltlen, MD5_Init, MD5_Update, MD5_Final, \
    MD5_Init_from_state, MD5_get_state, RSA_decrypt, SHA1_Init, SHA1_Update, SHA1_Final, SHA1_Init_from_state, \
    SHA1_get_state, X509_NAME_free
    left_out \name
.endr
