# keys/keys.mk: the private keys.

$(eval $(call program,keys,keys/keys.c,crypto crypto_module entropy,$(AWSLC_CFLAGS)))
