# keys/keys.mk: the private keys.

$(eval $(call program,keys,keys/keys.c,crypto entropy,$(AWSLC_CFLAGS)))
