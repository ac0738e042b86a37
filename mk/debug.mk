# mk/debug.mk: looking inside (docs/debugging.md).
#
#   explain        what a console says of faults, as functions and source lines: of LOG, or of standard input; SYSTEM
#                  is the image that it is about, where that is not the newest one of BUILD_DIR. Builds no system: the
#                  programs that ran have to be those that are there.

$(if $(call take,LOG SYSTEM),)
explain: $(PYTHON_READY) | $(PACKAGES_READY)
	@exec env PYTHONPATH=.:$(PYTHON_PACKAGES) $(PYTHON) debug/explain.py $(BUILD_DIR) $(call quoted,$(SYSTEM)) \
	    $(if $(filter override,$(origin LOG)),$(call quoted,$(LOG)),'') $(SDK_BOARD)/elf/$(KERNEL_ELF)
.PHONY: explain
KERNEL_ELF = $(if $(MICROKIT_SDK),sel4.elf,kernel.elf)
