# supervisor/supervisor.mk: the parent of all, and what gives it time.

$(eval $(call program,supervisor,supervisor/supervisor.c supervisor/fault.c \
    supervisor/reset_$(if $(MICROKIT_SDK),none,psci).c,serial))
$(eval $(call program,supervisor_pause,supervisor/pause.c))

$(eval $(call host_test,supervisor_rules,tests/unit/supervisor_rules.c supervisor/supervisor.c supervisor/fault.c serial/client.c \
    $(FAKE_PD),$(FAKE_PD_CFLAGS)))
