# bench/bench.mk: measuring. The scripts build the system that they measure, in CACHE_DIR/test.

# $(call one_of,GOALS,VARIABLE,VALUES): what is not one of them stops these goals.
one_of = $(if $(filter $1,$(MAKECMDGOALS)),$(if $(filter $3,$($2)),,$(call stop,$2='$($2)' is unknown. There are: $3)))

# BENCH=quick: a short form. BENCH_NET=user|tap|both: which networks (default: all that can be had here).
BENCH ?= full
BENCH_NET ?= auto
$(call one_of,bench,BENCH,full quick)
$(call one_of,bench bench-quick figures,BENCH_NET,auto user tap both)
$(call one_of,soak,BENCH_NET,auto user tap)
ifneq ($(filter bench bench-quick figures profile stages soak,$(MAKECMDGOALS)),)
$(if $(filter qemu_virt_aarch64,$(MICROKIT_BOARD)),,\
    $(call stop,what is measured here runs on MICROKIT_BOARD=qemu_virt_aarch64))
$(if $(MICROKIT_SDK),\
    $(call stop,instructions are counted by the report of our own image tool: measure without MICROKIT_SDK))
endif
BENCH_LOAD := $(CACHE_DIR)/host$(KEPT_BY)/bench-load
bench_environment = $(script_environment) BENCH_LOAD='$(abspath $(BENCH_LOAD))' $(PYTHON)
bench_needs := $(CACHE_DIR)/packages.test $(SOURCES_READY) $(PYTHON_READY) $(BENCH_LOAD)

$(eval $(call host_program,$(BENCH_LOAD),$(addprefix bench/load,.c _content.c _counters.c _options.c),,))

.PHONY: bench bench-quick figures
bench bench-quick: $(bench_needs)
	@$(bench_environment) bench/bench.py --plan $(if $(filter bench-quick,$@),quick,$(BENCH)) --net $(BENCH_NET)

# Serval alone.
figures: $(bench_needs)
	@$(bench_environment) bench/bench.py --plan quick --net $(BENCH_NET) --alone --out $(BUILD_DIR)/figures

# One request, by function.
.PHONY: profile
profile: $(bench_needs)
	@$(bench_environment) bench/profile.py $(if $(PROFILE_PATH),--path $(PROFILE_PATH)) $(if $(PROFILE_CLOSE),--close) \
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
SOAK_CONNECTIONS ?= 10000
SOAK_MINUTES ?= 60
.PHONY: soak
soak: $(bench_needs)
	@$(bench_environment) bench/soak.py --net $(BENCH_NET) --connections $(SOAK_CONNECTIONS) --minutes $(SOAK_MINUTES)
