# examples/fleet/fleet.mk: several web servers behind HAProxy. It needs no system of its own: each is the web server.
.PHONY: fleet
fleet: $(CACHE_DIR)/packages.fleet $(SOURCES_READY) $(PYTHON_READY) $(QEMU_READY)
	@exec env $(run_environment) $(PYTHON) mk/run/fleet.py
