# tls/tls.mk: handshakes.

# libssl prints no number but whole ones.
TLS_SOURCES := $(addprefix tls/,heap.c keys.c pem.c certificate.c chains.c link.c handshake.c)
$(eval $(call program,tls,tls/pd.c $(TLS_SOURCES),ssl crypto_module_small tls_malloc entropy timer,$(AWSLC_CFLAGS),\
    --defsym=vfprintf=__i_vfprintf))
# Not as a part of the whole program, in which these names mean something to the compiler.
$(eval $(call library,tls_malloc,tls/malloc.c,,-fno-lto -fno-builtin))

# The whole PD, with PD keys beside it, between a front and clients that the test plays; AWS-LC's own client.
TLS_TEST := $(addprefix tests/unit/tls_,rig.c client.c keys_pd.c certificates.c) tls/pd.c $(TLS_SOURCES) lib/random/random.c \
    entropy/client.c timer/client.c third_party/awslc/platform.c $(FAKE_PD)
TLS_TEST_CFLAGS := $(FAKE_PD_CFLAGS) $(AWSLC_HOST_CFLAGS) -ffunction-sections -fdata-sections
TLS_TEST_LIBS := -fuse-ld=lld -Wl,--gc-sections $(AWSLC_HOST)
$(eval $(call host_test,tls_handshake,tests/unit/tls_handshake.c $(TLS_TEST),$(TLS_TEST_CFLAGS),,$(TLS_TEST_LIBS)))
$(HOST_OBJ)/tls_handshake/tls_handshake: $(AWSLC_HOST)
$(eval $(call host_test,tls_heap,tests/unit/tls_heap.c tls/heap.c))
