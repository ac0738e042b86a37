# supervisor/supervisor.mk: the parent of all, and what gives it time.

SUPERVISOR := $(addprefix supervisor/,supervisor.c fault.c $(if $(MICROKIT_SDK),load_none.c,load_kernel.c))
$(eval $(call program,supervisor,$(SUPERVISOR) supervisor/reset_psci.c,serial without_fp,$(WITHOUT_FP)))
# For an SDK whose programs may not call the firmware: official ones before 2.1.
$(eval $(call program,supervisor_without_reset,$(SUPERVISOR) supervisor/reset_none.c,serial without_fp,$(WITHOUT_FP)))
$(eval $(call program,supervisor_pause,supervisor/pause.c,without_fp,$(WITHOUT_FP)))

$(eval $(call host_test,supervisor_rules,tests/unit/supervisor_rules.c supervisor/supervisor.c supervisor/fault.c serial/client.c \
    $(FAKE_PD),$(FAKE_PD_CFLAGS)))
