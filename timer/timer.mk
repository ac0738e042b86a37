# timer/timer.mk: the driver with each timer, the client library.

$(eval $(call library,timer,timer/client.c,pd))
$(eval $(call program,timer_driver_arm,timer/driver.c timer/driver_arm.c,without_fp,$(WITHOUT_FP)))
$(eval $(call program,timer_driver_meson,timer/driver.c timer/driver_meson.c,without_fp,$(WITHOUT_FP)))

$(eval $(call host_test,timer_client,tests/unit/timer_client.c timer/client.c $(FAKE_PD),$(FAKE_PD_CFLAGS)))
$(eval $(call host_test,timer_driver,tests/unit/timer_driver.c timer/driver.c $(FAKE_PD),$(FAKE_PD_CFLAGS)))
$(eval $(call host_test,timer_driver_hurt,tests/unit/timer_driver_hurt.c timer/client.c $(FAKE_PD),$(FAKE_PD_CFLAGS)))
$(eval $(call host_test,timer_driver_meson,tests/unit/timer_driver_meson.c timer/driver.c $(FAKE_PD),$(FAKE_PD_CFLAGS)))
