# bench/bench.mk: measuring. `make figures` builds what it measures itself, in CACHE_DIR/test.
.PHONY: figures
figures: $(CACHE_DIR)/packages.test $(SOURCES_READY) $(PYTHON_READY)
	@$(script_environment) $(PYTHON) bench/figures.py
