# net/net.mk: the network service.

$(eval $(call library,net_client,net/client.c))
$(eval $(call program,net_driver_virtio,net/driver_virtio.c,virtio without_fp,$(WITHOUT_FP)))
$(eval $(call program,net_driver_dwmac,net/driver_dwmac.c net/dwmac_phy.c,without_fp,$(WITHOUT_FP)))
$(eval $(call program,net_virt_rx,net/virt_rx.c net/cache.c,without_fp,$(WITHOUT_FP)))
$(eval $(call program,net_virt_tx,net/virt_tx.c net/cache.c,without_fp,$(WITHOUT_FP)))

$(eval $(call host_test,net_virt_rx,tests/unit/net_virt_rx.c net/virt_rx.c $(FAKE_PD),$(FAKE_PD_CFLAGS)))
$(eval $(call host_test,net_virt_tx,tests/unit/net_virt_tx.c net/virt_tx.c $(FAKE_PD),$(FAKE_PD_CFLAGS)))
$(eval $(call host_test,net_virt_tx_hurt,tests/unit/net_virt_tx_hurt.c net/client.c $(FAKE_PD),$(FAKE_PD_CFLAGS)))
$(eval $(call host_test,net_driver_virtio,tests/unit/net_driver_virtio.c net/driver_virtio.c $(VIRTIO) \
    $(FAKE_PD),$(FAKE_PD_CFLAGS) -include tests/unit/device_index.h))
$(eval $(call host_test,net_driver_dwmac,tests/unit/net_driver_dwmac.c tests/unit/gmac_model.c \
    net/driver_dwmac.c net/dwmac_phy.c $(FAKE_PD),$(FAKE_PD_CFLAGS)))
$(eval $(call host_test,net_virt_rx_cache,tests/unit/net_virt_rx_cache.c net/virt_rx.c $(FAKE_PD),$(FAKE_PD_CFLAGS)))
$(eval $(call host_test,net_virt_tx_cache,tests/unit/net_virt_tx_cache.c net/virt_tx.c $(FAKE_PD),$(FAKE_PD_CFLAGS)))
