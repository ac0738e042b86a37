# third_party/awslc/files.mk: the files of AWS-LC that the programs here reach, by the linker's word: one that is missing is
# an undefined symbol when a program is linked, one too many costs seconds, and memory: its tables of methods name them all.
# What the others name of what is not here is in methods.c and left_out.S.

# Of bcm.c, which includes some hundred, those with what a TLS 1.3 server of P-256, X25519 and ML-KEM does.
AWSLC_MODULE := \
    aes/aes.c aes/aes_nohw.c aes/mode_wrappers.c bn/add.c bn/bn.c bn/bytes.c bn/cmp.c bn/ctx.c bn/div.c bn/div_extra.c \
    bn/exponentiation.c bn/gcd.c bn/gcd_extra.c bn/generic.c bn/jacobi.c bn/montgomery.c bn/montgomery_inv.c bn/mul.c \
    bn/random.c bn/shift.c bn/sqrt.c cipher/aead.c cipher/cipher.c cipher/e_aes.c cpucap/cpu_aarch64.c \
    curve25519/curve25519.c curve25519/curve25519_nohw.c curve25519/curve25519_s2n_bignum_asm.c digest/digest.c \
    digest/digests.c ecdh/ecdh.c ecdsa/ecdsa.c ec/ec.c ec/ec_key.c ec/ec_montgomery.c ec/ec_nistp.c ec/felem.c ec/oct.c \
    ec/p256.c ec/p256-nistz.c ec/scalar.c ec/simple.c ec/simple_mul.c ec/util.c ec/wnaf.c evp/digestsign.c evp/evp.c \
    evp/evp_ctx.c evp/p_kem.c hkdf/hkdf.c hmac/hmac.c kem/kem.c ml_kem/ml_kem.c modes/cbc.c modes/ctr.c modes/gcm.c \
    modes/gcm_nohw.c rand/ctrdrbg.c rand/rand.c rand/entropy/entropy_sources.c service_indicator/service_indicator.c \
    sha/keccak1600.c sha/sha256.c sha/sha3.c sha/sha512.c tls/kdf.c

AWSLC_CRYPTO := \
    crypto/bio/bio.c crypto/bn_extra/bn_asn1.c crypto/bn_extra/convert.c crypto/buf/buf.c crypto/bytestring/cbb.c \
    crypto/bytestring/cbs.c crypto/chacha/chacha.c crypto/cipher_extra/e_chacha20poly1305.c crypto/ec_extra/ec_asn1.c \
    crypto/ecdsa_extra/ecdsa_asn1.c crypto/engine/engine.c crypto/err/err.c crypto/evp_extra/evp_asn1.c \
    crypto/evp_extra/p_ec_asn1.c crypto/evp_extra/p_kem_asn1.c crypto/ex_data.c crypto/fipsmodule/cpucap/cpucap.c \
    crypto/hpke/hpke.c crypto/lhash/lhash.c crypto/mem.c crypto/poly1305/poly1305.c crypto/pool/pool.c \
    crypto/rand_extra/vm_ube_fallback.c crypto/refcount_lock.c crypto/stack/stack.c crypto/thread_none.c \
    crypto/ube/fork_ube_detect.c crypto/ube/ube.c crypto/ube/vm_ube_detect.c crypto/x509/x_x509.c

# Generated from Perl, and s2n-bignum, which is proved. left_out.S has the names of what is missing.
AWSLC_CRYPTO_ASSEMBLY := \
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
    generated-src/linux-aarch64/crypto/fipsmodule/aesv8-gcm-armv8.S \
    generated-src/linux-aarch64/crypto/fipsmodule/armv8-mont.S \
    generated-src/linux-aarch64/crypto/fipsmodule/bn-armv8.S \
    generated-src/linux-aarch64/crypto/fipsmodule/ghash-neon-armv8.S \
    generated-src/linux-aarch64/crypto/fipsmodule/ghashv8-armx.S \
    generated-src/linux-aarch64/crypto/fipsmodule/keccak1600-armv8.S \
    generated-src/linux-aarch64/crypto/fipsmodule/p256-armv8-asm.S \
    generated-src/linux-aarch64/crypto/fipsmodule/p256_beeu-armv8-asm.S \
    generated-src/linux-aarch64/crypto/fipsmodule/rndr-armv8.S \
    generated-src/linux-aarch64/crypto/fipsmodule/sha256-armv8.S \
    generated-src/linux-aarch64/crypto/fipsmodule/sha512-armv8.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/curve25519/curve25519_x25519_byte.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/curve25519/curve25519_x25519base_byte.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/p256/bignum_montinv_p256.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/p256/p256_montjscalarmul.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/sha3/sha3_keccak4_f1600_alt.S \
    third_party/s2n-bignum/s2n-bignum-imported/arm/sha3/sha3_keccak_f1600.S

# Without ssl_x509.cc: third_party/awslc/platform.c.
AWSLC_SSL := \
    ssl/custom_extensions.cc ssl/d1_srtp.cc ssl/dtls_record.cc ssl/encrypted_client_hello.cc ssl/extensions.cc \
    ssl/handshake.cc ssl/handshake_client.cc ssl/handshake_server.cc ssl/s3_both.cc ssl/s3_lib.cc ssl/s3_pkt.cc \
    ssl/ssl_aead_ctx.cc ssl/ssl_asn1.cc ssl/ssl_buffer.cc ssl/ssl_cert.cc ssl/ssl_cipher.cc ssl/ssl_key_share.cc \
    ssl/ssl_lib.cc ssl/ssl_privkey.cc ssl/ssl_session.cc ssl/ssl_transcript.cc ssl/ssl_versions.cc ssl/t1_enc.cc \
    ssl/tls13_both.cc ssl/tls13_enc.cc ssl/tls13_server.cc ssl/tls_method.cc ssl/tls_record.cc

# What bcm.c as a whole names, and what another processor has.
AWSLC_HOST_ALONE := \
    crypto/asn1/a_bitstr.c crypto/asn1/a_int.c crypto/asn1/a_mbstr.c crypto/asn1/a_object.c crypto/asn1/a_strex.c \
    crypto/asn1/a_type.c crypto/asn1/asn1_lib.c crypto/asn1/posix_time.c crypto/asn1/tasn_dec.c crypto/asn1/tasn_enc.c \
    crypto/asn1/tasn_fre.c crypto/asn1/tasn_new.c crypto/asn1/tasn_typ.c crypto/asn1/tasn_utl.c \
    crypto/bytestring/unicode.c crypto/cipher_extra/e_des.c crypto/cipher_extra/e_null.c crypto/cipher_extra/e_tls.c \
    crypto/cipher_extra/tls_cbc.c crypto/decrepit/ripemd/ripemd.c crypto/des/des.c crypto/dh_extra/dh_asn1.c \
    crypto/dh_extra/params.c crypto/digest_extra/digest_extra.c crypto/dsa/dsa.c crypto/dsa/dsa_asn1.c \
    crypto/ec_extra/ec_brainpool.c crypto/evp_extra/p_dh.c crypto/evp_extra/p_dh_asn1.c crypto/evp_extra/p_dsa.c \
    crypto/evp_extra/p_dsa_asn1.c crypto/evp_extra/p_ed25519_asn1.c crypto/evp_extra/p_hmac_asn1.c \
    crypto/evp_extra/p_methods.c crypto/evp_extra/p_pqdsa_asn1.c crypto/evp_extra/p_rsa_asn1.c \
    crypto/evp_extra/p_x25519.c crypto/evp_extra/p_x25519_asn1.c crypto/keccak/keccak.c crypto/md4/md4.c \
    crypto/obj/obj.c crypto/poly1305/poly1305_vec.c crypto/rsa_extra/rsa_asn1.c crypto/rsa_extra/rsa_crypt.c \
    crypto/rsa_extra/rsassa_pss_asn1.c crypto/x509/x_name.c
# The other side of a handshake, for tests.
AWSLC_HOST_SSL := ssl/tls13_client.cc
