# serial/serial.mk: the driver with each UART, the two virtualisers, the client library.

$(eval $(call library,serial,serial/client.c,pd,$(WITHOUT_FP)))
$(eval $(call program,serial_driver_pl011,serial/driver.c serial/driver_pl011.c,without_fp,$(WITHOUT_FP)))
$(eval $(call program,serial_driver_ns16550,serial/driver.c serial/driver_ns16550.c,without_fp,$(WITHOUT_FP)))
$(eval $(call program,serial_driver_meson,serial/driver.c serial/driver_meson.c,without_fp,$(WITHOUT_FP)))
$(eval $(call program,serial_virt_tx,serial/virt_tx.c,without_fp,$(WITHOUT_FP)))
$(eval $(call program,serial_virt_rx,serial/virt_rx.c,without_fp,$(WITHOUT_FP)))

$(eval $(call host_test,serial_virt_tx,tests/unit/serial_virt_tx.c serial/virt_tx.c $(FAKE_PD),$(FAKE_PD_CFLAGS)))
$(eval $(call host_test,serial_driver_pl011,tests/unit/serial_driver_pl011.c serial/driver.c $(FAKE_PD),\
    $(FAKE_PD_CFLAGS)))
$(eval $(call host_test,serial_driver_ns16550,tests/unit/serial_driver_ns16550.c serial/driver.c $(FAKE_PD),\
    $(FAKE_PD_CFLAGS)))
$(eval $(call host_test,serial_driver_meson,tests/unit/serial_driver_meson.c serial/driver.c $(FAKE_PD),\
    $(FAKE_PD_CFLAGS)))
$(eval $(call host_test,serial_virt_rx,tests/unit/serial_virt_rx.c serial/virt_rx.c serial/client.c \
    $(FAKE_PD),$(FAKE_PD_CFLAGS)))
$(eval $(call host_test,serial_virt_rx_hurt,tests/unit/serial_virt_rx_hurt.c serial/client.c $(FAKE_PD),$(FAKE_PD_CFLAGS)))
$(eval $(call host_test,serial_virt_tx_hurt,tests/unit/serial_virt_tx_hurt.c serial/client.c $(FAKE_PD),$(FAKE_PD_CFLAGS)))
$(eval $(call host_test,serial_driver_hurt,tests/unit/serial_driver_hurt.c serial/client.c $(FAKE_PD),$(FAKE_PD_CFLAGS)))
