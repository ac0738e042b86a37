# third_party/awslc/files.mk: the files of AWS-LC that the programs here reach, by the linker's word: one that is missing is
# an undefined symbol when a program is linked, one too many costs seconds. Beside bcm.c, which holds a hundred others.

AWSLC_CRYPTO := \
    crypto/asn1/a_bitstr.c crypto/asn1/a_int.c crypto/asn1/a_mbstr.c crypto/asn1/a_object.c crypto/asn1/a_strex.c \
    crypto/asn1/a_type.c crypto/asn1/asn1_lib.c crypto/asn1/posix_time.c crypto/asn1/tasn_dec.c \
    crypto/asn1/tasn_enc.c crypto/asn1/tasn_fre.c crypto/asn1/tasn_new.c crypto/asn1/tasn_typ.c \
    crypto/asn1/tasn_utl.c crypto/bio/bio.c crypto/bn_extra/bn_asn1.c crypto/bn_extra/convert.c crypto/buf/buf.c \
    crypto/bytestring/cbb.c crypto/bytestring/cbs.c crypto/bytestring/unicode.c crypto/chacha/chacha.c \
    crypto/cipher_extra/e_chacha20poly1305.c crypto/cipher_extra/e_des.c crypto/cipher_extra/e_null.c \
    crypto/cipher_extra/e_tls.c crypto/cipher_extra/tls_cbc.c crypto/decrepit/ripemd/ripemd.c crypto/des/des.c \
    crypto/dh_extra/dh_asn1.c crypto/dh_extra/params.c crypto/digest_extra/digest_extra.c crypto/dsa/dsa.c \
    crypto/dsa/dsa_asn1.c crypto/ec_extra/ec_asn1.c crypto/ec_extra/ec_brainpool.c crypto/ecdsa_extra/ecdsa_asn1.c \
    crypto/engine/engine.c crypto/err/err.c crypto/evp_extra/evp_asn1.c crypto/evp_extra/p_dh.c \
    crypto/evp_extra/p_dh_asn1.c crypto/evp_extra/p_dsa.c crypto/evp_extra/p_dsa_asn1.c crypto/evp_extra/p_ec_asn1.c \
    crypto/evp_extra/p_ed25519_asn1.c crypto/evp_extra/p_hmac_asn1.c crypto/evp_extra/p_kem_asn1.c \
    crypto/evp_extra/p_methods.c crypto/evp_extra/p_pqdsa_asn1.c crypto/evp_extra/p_rsa_asn1.c \
    crypto/evp_extra/p_x25519.c crypto/evp_extra/p_x25519_asn1.c crypto/ex_data.c crypto/fipsmodule/cpucap/cpucap.c \
    crypto/hpke/hpke.c crypto/keccak/keccak.c crypto/lhash/lhash.c crypto/md4/md4.c crypto/mem.c crypto/obj/obj.c \
    crypto/poly1305/poly1305.c crypto/pool/pool.c crypto/rand_extra/vm_ube_fallback.c crypto/refcount_lock.c \
    crypto/rsa_extra/rsa_asn1.c crypto/rsa_extra/rsa_crypt.c crypto/rsa_extra/rsassa_pss_asn1.c crypto/stack/stack.c \
    crypto/thread_none.c crypto/ube/fork_ube_detect.c crypto/ube/ube.c crypto/ube/vm_ube_detect.c \
    crypto/x509/x_name.c crypto/x509/x_x509.c

# Generated from Perl, and s2n-bignum, which is proved. left_out.S has the names of what is missing.
AWSLC_CRYPTO_ASSEMBLY := \
    crypto/fipsmodule/ml_dsa/mldsa/native/aarch64/src/mldsa_intt_aarch64_asm.S \
    crypto/fipsmodule/ml_dsa/mldsa/native/aarch64/src/mldsa_ntt_aarch64_asm.S \
    crypto/fipsmodule/ml_dsa/mldsa/native/aarch64/src/mldsa_pointwise_montgomery_aarch64_asm.S \
    crypto/fipsmodule/ml_dsa/mldsa/native/aarch64/src/mldsa_poly_caddq_aarch64_asm.S \
    crypto/fipsmodule/ml_dsa/mldsa/native/aarch64/src/mldsa_poly_chknorm_aarch64_asm.S \
    crypto/fipsmodule/ml_dsa/mldsa/native/aarch64/src/mldsa_poly_decompose_32_aarch64_asm.S \
    crypto/fipsmodule/ml_dsa/mldsa/native/aarch64/src/mldsa_poly_decompose_88_aarch64_asm.S \
    crypto/fipsmodule/ml_dsa/mldsa/native/aarch64/src/mldsa_poly_use_hint_32_aarch64_asm.S \
    crypto/fipsmodule/ml_dsa/mldsa/native/aarch64/src/mldsa_poly_use_hint_88_aarch64_asm.S \
    crypto/fipsmodule/ml_dsa/mldsa/native/aarch64/src/mldsa_polyvecl_pointwise_acc_montgomery_l4_aarch64_asm.S \
    crypto/fipsmodule/ml_dsa/mldsa/native/aarch64/src/mldsa_polyvecl_pointwise_acc_montgomery_l5_aarch64_asm.S \
    crypto/fipsmodule/ml_dsa/mldsa/native/aarch64/src/mldsa_polyvecl_pointwise_acc_montgomery_l7_aarch64_asm.S \
    crypto/fipsmodule/ml_dsa/mldsa/native/aarch64/src/mldsa_polyz_unpack_17_aarch64_asm.S \
    crypto/fipsmodule/ml_dsa/mldsa/native/aarch64/src/mldsa_polyz_unpack_19_aarch64_asm.S \
    crypto/fipsmodule/ml_dsa/mldsa/native/aarch64/src/mldsa_rej_uniform_aarch64_asm.S \
    crypto/fipsmodule/ml_dsa/mldsa/native/aarch64/src/mldsa_rej_uniform_eta2_aarch64_asm.S \
    crypto/fipsmodule/ml_dsa/mldsa/native/aarch64/src/mldsa_rej_uniform_eta4_aarch64_asm.S \
    crypto/fipsmodule/ml_kem/mlkem/native/aarch64/src/mlkem_intt_aarch64_asm.S \
    crypto/fipsmodule/ml_kem/mlkem/native/aarch64/src/mlkem_ntt_aarch64_asm.S \
    crypto/fipsmodule/ml_kem/mlkem/native/aarch64/src/mlkem_poly_mulcache_compute_aarch64_asm.S \
    crypto/fipsmodule/ml_kem/mlkem/native/aarch64/src/mlkem_poly_reduce_aarch64_asm.S \
    crypto/fipsmodule/ml_kem/mlkem/native/aarch64/src/mlkem_poly_tobytes_aarch64_asm.S \
    crypto/fipsmodule/ml_kem/mlkem/native/aarch64/src/mlkem_poly_tomont_aarch64_asm.S \
    crypto/fipsmodule/ml_kem/mlkem/native/aarch64/src/mlkem_polyvec_basemul_acc_montgomery_cached_k2_aarch64_asm.S \
    crypto/fipsmodule/ml_kem/mlkem/native/aarch64/src/mlkem_polyvec_basemul_acc_montgomery_cached_k3_aarch64_asm.S \
    crypto/fipsmodule/ml_kem/mlkem/native/aarch64/src/mlkem_polyvec_basemul_acc_montgomery_cached_k4_aarch64_asm.S \
    crypto/fipsmodule/ml_kem/mlkem/native/aarch64/src/mlkem_rej_uniform_aarch64_asm.S \
    generated-src/linux-aarch64/crypto/chacha/chacha-armv8.S \
    generated-src/linux-aarch64/crypto/cipher_extra/chacha20_poly1305_armv8.S \
    generated-src/linux-aarch64/crypto/fipsmodule/aesv8-armx.S \
    generated-src/linux-aarch64/crypto/fipsmodule/aesv8-gcm-armv8-unroll8.S \
    generated-src/linux-aarch64/crypto/fipsmodule/aesv8-gcm-armv8.S \
    generated-src/linux-aarch64/crypto/fipsmodule/armv8-mont.S \
    generated-src/linux-aarch64/crypto/fipsmodule/bn-armv8.S \
    generated-src/linux-aarch64/crypto/fipsmodule/ghash-neon-armv8.S \
    generated-src/linux-aarch64/crypto/fipsmodule/ghashv8-armx.S \
    generated-src/linux-aarch64/crypto/fipsmodule/keccak1600-armv8.S \
    generated-src/linux-aarch64/crypto/fipsmodule/md5-armv8.S \
    generated-src/linux-aarch64/crypto/fipsmodule/p256-armv8-asm.S \
    generated-src/linux-aarch64/crypto/fipsmodule/p256_beeu-armv8-asm.S \
    generated-src/linux-aarch64/crypto/fipsmodule/rndr-armv8.S \
    generated-src/linux-aarch64/crypto/fipsmodule/sha1-armv8.S \
    generated-src/linux-aarch64/crypto/fipsmodule/sha256-armv8.S \
    generated-src/linux-aarch64/crypto/fipsmodule/sha512-armv8.S \
    generated-src/linux-aarch64/crypto/fipsmodule/vpaes-armv8.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/curve25519/bignum_madd_n25519.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/curve25519/bignum_madd_n25519_alt.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/curve25519/bignum_mod_n25519.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/curve25519/bignum_neg_p25519.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/curve25519/curve25519_x25519_byte.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/curve25519/curve25519_x25519base_byte.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/fastmul/bignum_emontredc_8n.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/fastmul/bignum_kmul_16_32.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/fastmul/bignum_kmul_32_64.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/fastmul/bignum_ksqr_16_32.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/fastmul/bignum_ksqr_32_64.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/generic/bignum_copy_row_from_table.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/generic/bignum_copy_row_from_table_16.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/generic/bignum_copy_row_from_table_32.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/generic/bignum_copy_row_from_table_8n.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/generic/bignum_ge.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/generic/bignum_mul.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/generic/bignum_optsub.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/generic/bignum_sqr.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/p256/bignum_montinv_p256.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/p256/p256_montjscalarmul.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/p384/bignum_add_p384.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/p384/bignum_deamont_p384.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/p384/bignum_littleendian_6.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/p384/bignum_montinv_p384.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/p384/bignum_montmul_p384.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/p384/bignum_montmul_p384_alt.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/p384/bignum_montsqr_p384.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/p384/bignum_montsqr_p384_alt.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/p384/bignum_neg_p384.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/p384/bignum_nonzero_6.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/p384/bignum_sub_p384.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/p384/bignum_tomont_p384.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/p521/bignum_add_p521.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/p521/bignum_fromlebytes_p521.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/p521/bignum_inv_p521.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/p521/bignum_mul_p521.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/p521/bignum_mul_p521_alt.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/p521/bignum_neg_p521.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/p521/bignum_sqr_p521.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/p521/bignum_sqr_p521_alt.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/p521/bignum_sub_p521.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/p521/bignum_tolebytes_p521.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/sha3/sha3_keccak4_f1600_alt.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/sha3/sha3_keccak_f1600.S

# Without ssl_x509.cc: third_party/awslc/platform.c.
AWSLC_SSL := \
    ssl/custom_extensions.cc ssl/d1_srtp.cc ssl/dtls_record.cc ssl/encrypted_client_hello.cc ssl/extensions.cc \
    ssl/handshake.cc ssl/handshake_client.cc ssl/handshake_server.cc ssl/s3_both.cc ssl/s3_lib.cc ssl/s3_pkt.cc \
    ssl/ssl_aead_ctx.cc ssl/ssl_asn1.cc ssl/ssl_buffer.cc ssl/ssl_cert.cc ssl/ssl_cipher.cc ssl/ssl_key_share.cc \
    ssl/ssl_lib.cc ssl/ssl_privkey.cc ssl/ssl_session.cc ssl/ssl_transcript.cc ssl/ssl_versions.cc ssl/t1_enc.cc \
    ssl/tls13_both.cc ssl/tls13_enc.cc ssl/tls13_server.cc ssl/tls_method.cc ssl/tls_record.cc

# Of another processor.
AWSLC_HOST_ALONE := crypto/poly1305/poly1305_vec.c
# The other side of a handshake, for tests.
AWSLC_HOST_SSL := ssl/tls13_client.cc
