# tls/tls.mk: handshakes.

# libssl prints no number but whole ones.
TLS_SOURCES := $(addprefix tls/,heap.c keys.c pem.c certificate.c chains.c link.c traffic.c handshake.c)
$(eval $(call program,tls,tls/pd.c $(TLS_SOURCES),ssl crypto_module_small tls_malloc entropy timer,$(AWSLC_CFLAGS),\
    --defsym=vfprintf=__i_vfprintf))
# Not as a part of the whole program, in which these names mean something to the compiler.
$(eval $(call library,tls_malloc,tls/malloc.c,,-fno-lto -fno-builtin))

# The whole PD, with PD keys beside it, between a front and clients that the test plays; AWS-LC's own client.
TLS_TEST := $(addprefix tests/unit/tls_,left_out.c rig.c client.c keys_pd.c certificates.c) tls/pd.c $(TLS_SOURCES) \
    lib/random/random.c entropy/client.c timer/client.c third_party/awslc/platform.c $(FAKE_PD)
TLS_TEST_CFLAGS := $(FAKE_PD_CFLAGS) $(AWSLC_HOST_CFLAGS) -ffunction-sections -fdata-sections
# As the image has it: tests/unit/tls_left_out.c.
TLS_LEFT_OUT := \
    EC_group_brainpoolP224r1 EC_group_brainpoolP256r1 EC_group_brainpoolP320r1 EC_group_brainpoolP384r1 \
    EC_group_brainpoolP512r1 EVP_PKEY_CTX_set_rsa_padding EVP_PKEY_CTX_set_rsa_pss_saltlen EVP_aead_aes_128_cbc_sha1_tls \
    EVP_aead_aes_128_cbc_sha1_tls_implicit_iv EVP_aead_aes_128_cbc_sha256_tls EVP_aead_aes_128_cbc_sha256_tls_implicit_iv \
    EVP_aead_aes_256_cbc_sha1_tls EVP_aead_aes_256_cbc_sha1_tls_implicit_iv EVP_aead_aes_256_cbc_sha384_tls \
    EVP_aead_des_ede3_cbc_sha1_tls EVP_aead_des_ede3_cbc_sha1_tls_implicit_iv EVP_aead_null_sha1_tls EVP_md5 EVP_md5_sha1 \
    EVP_sha1 RSA_decrypt X509_NAME_free
TLS_TEST_LIBS := -fuse-ld=lld -Wl,--gc-sections $(addprefix -Wl$(comma)--wrap=,$(TLS_LEFT_OUT)) $(AWSLC_HOST)
$(eval $(call host_test,tls_handshake,tests/unit/tls_handshake.c $(TLS_TEST),$(TLS_TEST_CFLAGS),,$(TLS_TEST_LIBS)))
$(HOST_OBJ)/tls_handshake/tls_handshake: $(AWSLC_HOST)
$(eval $(call host_test,tls_heap,tests/unit/tls_heap.c tls/heap.c))
