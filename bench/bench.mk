# bench/bench.mk: measuring. `make figures` builds what it measures itself, in CACHE_DIR/test.
.PHONY: figures
figures: $(CACHE_DIR)/packages.test $(SOURCES_READY) $(PYTHON_READY)
	@$(script_environment) $(PYTHON) bench/figures.py

# The kernel's operations alone, on whichever SDK.
.PHONY: costs
costs: $(CACHE_DIR)/packages.test $(SDK)/bin/microkit $(SDK_FILES)
	@$(script_environment) MICROKIT_CONFIG=$(MICROKIT_CONFIG) $(PYTHON) bench/kernel.py
