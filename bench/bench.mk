# bench/bench.mk: measuring. The scripts build the system that they measure, in CACHE_DIR/test.

ifneq ($(filter soak,$(MAKECMDGOALS)),)
$(if $(filter both,$(BENCH_NET)),$(call stop,BENCH_NET='both' is for `make bench`: make soak has one network))
endif
ifneq ($(filter bench bench-quick figures profile stages soak,$(MAKECMDGOALS)),)
$(if $(filter qemu_virt_aarch64,$(MICROKIT_BOARD)),,\
    $(call stop,what is measured here runs on MICROKIT_BOARD=qemu_virt_aarch64))
$(if $(MICROKIT_SDK),\
    $(call stop,instructions are counted by the report of our own image tool: measure without MICROKIT_SDK))
endif
ifneq ($(filter bench bench-quick profile stages soak,$(MAKECMDGOALS)),)
$(if $(filter none,$(APPLICATION)),\
    $(call stop,APPLICATION='none' is for `make figures`: the others measure the web server with Python))
endif
BENCH_LOAD := $(CACHE_DIR)/host$(KEPT_BY)/bench-load
bench_environment = $(script_environment) APPLICATION=$(APPLICATION) BENCH_LOAD='$(abspath $(BENCH_LOAD))' $(PYTHON)
bench_needs := $(CACHE_DIR)/packages.test $(SOURCES_READY) $(PYTHON_READY) $(BENCH_LOAD)

$(eval $(call host_program,$(BENCH_LOAD),$(addprefix bench/load,.c _content.c _counters.c _options.c _tls.c),,-lssl -lcrypto))

.PHONY: bench bench-quick figures
bench bench-quick: $(bench_needs)
	@$(bench_environment) bench/bench.py --plan $(if $(filter bench-quick,$@),quick,$(BENCH)) --net $(BENCH_NET)

# Serval alone.
figures: $(bench_needs)
	@$(bench_environment) bench/bench.py --plan quick --net $(BENCH_NET) --alone --out $(BUILD_DIR)/figures

# One request, by function.
.PHONY: profile
profile: $(bench_needs)
	@$(bench_environment) bench/profile.py $(if $(PROFILE_PATH),--path $(call quoted,$(PROFILE_PATH))) $(if $(filter 1,$(PROFILE_CLOSE)),--close) \
	    $(if $(PROFILE_REQUESTS),--requests $(PROFILE_REQUESTS))

# Some kinds of request, by stage.
.PHONY: stages
stages: $(bench_needs)
	@$(bench_environment) bench/stages.py

# The kernel's operations alone, on whichever SDK.
.PHONY: costs
costs: $(CACHE_DIR)/packages.test $(SDK)/bin/microkit $(SDK_FILES)
	@$(script_environment) MICROKIT_CONFIG=$(MICROKIT_CONFIG) $(PYTHON) bench/kernel.py

# Long: SOAK_CONNECTIONS one after another, then SOAK_MINUTES of load; what has grown by it fails.
.PHONY: soak
soak: $(bench_needs)
	@$(bench_environment) bench/soak.py --net $(BENCH_NET) --connections $(SOAK_CONNECTIONS) --minutes $(SOAK_MINUTES)
