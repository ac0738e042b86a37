# entropy/entropy.mk: the service with each source, the library that seeds a client's generator.

$(eval $(call library,entropy,entropy/client.c,pd))
ENTROPY := entropy/server.c entropy/health.c
$(eval $(call program,entropy_virtio,$(ENTROPY) entropy/source_virtio.c,virtio serial without_fp,$(WITHOUT_FP)))
$(eval $(call program,entropy_meson,$(ENTROPY) entropy/source_meson.c,serial without_fp,$(WITHOUT_FP)))

$(eval $(call host_test,entropy_server,tests/unit/entropy_server.c $(ENTROPY) lib/random/random.c $(FAKE_PD),$(FAKE_PD_CFLAGS)))
$(eval $(call host_test,entropy_source_virtio,tests/unit/entropy_source_virtio.c entropy/source_virtio.c $(VIRTIO) $(FAKE_PD),\
    $(FAKE_PD_CFLAGS)))
$(eval $(call host_test,entropy_source_meson,tests/unit/entropy_source_meson.c $(ENTROPY) entropy/source_meson.c lib/random/random.c \
    $(FAKE_PD),$(FAKE_PD_CFLAGS)))
$(eval $(call host_test,entropy_health,tests/unit/entropy_health.c entropy/health.c,,,-lm))
$(eval $(call host_test,entropy_client,tests/unit/entropy_client.c entropy/client.c lib/random/random.c $(FAKE_PD),$(FAKE_PD_CFLAGS)))
