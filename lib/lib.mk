# lib/lib.mk: what every PD is linked with (each part only where used), and what its host tests are linked with instead.

CALLER_ANSWER := pd/caller_$(if $(MICROKIT_SDK),official,none).c
# In programs without floating point and in others.
$(eval $(call library,pd,$(addprefix lib/,pd/start.S pd/start.c $(CALLER_ANSWER) pd/time.c pd/notify.c pd/dispatch.c \
    pd/die.c pd/libc.c pd/libc_exit.c pd/libc_heap.c ring/ring.c region/region.c random/random.c mmio/mmio.c \
    $(if $(TRACED),trace/trace.c)),log fiber,$(WITHOUT_FP)))
$(eval $(call library,fiber,$(addprefix lib/fiber/,fiber.c frame.c switch.S)))
$(eval $(call library,without_fp,lib/pd/without_fp.S))
# In every program, and never where it is hot: small, a third of what it is otherwise.
$(eval $(call library,log,lib/log/log.c lib/log/format.c,,-Oz $(WITHOUT_FP)))

# A service under tests/unit/fake_microkit.h: time, restarts, the end of a PD and the SDK are the fake's.
FAKE_PD := tests/unit/fake_microkit.c $(addprefix lib/,pd/notify.c pd/dispatch.c ring/ring.c region/region.c \
    log/log.c log/format.c)
FAKE_PD_CFLAGS := -Itests/unit

$(eval $(call host_test,lib_random,tests/unit/lib_random.c lib/random/random.c $(FAKE_PD),$(FAKE_PD_CFLAGS)))
$(eval $(call host_test,lib_list,tests/unit/lib_list.c))
$(eval $(call host_test,lib_ring,tests/unit/lib_ring.c $(FAKE_PD),$(FAKE_PD_CFLAGS)))
$(eval $(call host_test,lib_ring_stress,tests/unit/lib_ring_stress.c $(FAKE_PD),$(FAKE_PD_CFLAGS)))
$(eval $(call host_test,lib_ring_model,tests/unit/lib_ring_model.c $(FAKE_PD),$(FAKE_PD_CFLAGS)))
$(eval $(call host_test,lib_base,tests/unit/lib_base.c $(FAKE_PD),$(FAKE_PD_CFLAGS)))
$(eval $(call host_test,lib_start,tests/unit/lib_start.c lib/pd/start.c,-Itests/unit))
$(eval $(call host_test,lib_trace,tests/unit/lib_trace.c $(FAKE_PD),$(FAKE_PD_CFLAGS) -DTRACED))
ifeq ($(shell uname -m),x86_64)
$(eval $(call host_test,lib_fiber,tests/unit/lib_fiber.c tests/unit/fiber_host.S lib/fiber/fiber.c \
    $(FAKE_PD),$(FAKE_PD_CFLAGS)))
endif

# The same stress under the thread sanitizer: every access to shared memory is ordered by the indices.
# GCC's does not know fences (its manual, -Wtsan).
ifneq ($(COMPILER),gcc)
$(eval $(call host_test,lib_ring_stress_tsan,tests/unit/lib_ring_stress.c $(FAKE_PD),$(FAKE_PD_CFLAGS),\
    -fsanitize=thread))
endif
