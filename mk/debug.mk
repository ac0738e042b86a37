# mk/debug.mk: looking inside (docs/debugging.md).
#
#   explain        what a console says of faults, as functions and source lines: of LOG, or of standard input. The image
#                  that ran is found in BUILD_DIR by the build that a fault's line names; SYSTEM leaves only images of
#                  that name. Builds no system.
#   NAME.gdb       boots NAME in QEMU, which stands still before the first instruction, and attaches gdb; GDB_ARGS are
#                  more arguments for gdb: GDB_ARGS="-batch -ex 'break-in nfs init' -ex continue -ex backtrace"

explain: $(PYTHON_READY) | $(PACKAGES_READY)
	@exec env PYTHONPATH=.:$(PYTHON_PACKAGES) $(PYTHON) debug/explain.py $(BUILD_DIR) $(call quoted,$(SYSTEM)) \
	    $(if $(filter override,$(origin LOG)),$(call quoted,$(LOG)),'') $(SDK_BOARD)/elf/$(KERNEL_ELF)
.PHONY: explain
KERNEL_ELF = $(if $(MICROKIT_SDK),sel4.elf,kernel.elf)

define gdb_session
.PHONY: $1.gdb
$1.gdb: $(BUILD_DIR)/$1.img $(QEMU_READY) $(CACHE_DIR)/packages.gdb
	$$(Q)exec env PYTHONPATH=. $(PYTHON) debug/session.py $$< $(SDK_BOARD)/elf/kernel.elf $$(call quoted,$$(GDB_ARGS)) \
	    $$(call quoted,$$(QEMU_EXTRA)) $$(call quoted,$$(QEMU)) $(QEMU_ARGS) \
	    -netdev user,id=net0$$(qemu_forward.$1) $$(call boot_arguments,$$<)
endef
$(foreach s,$(all_systems),$(eval $(call gdb_session,$s)))

ifneq ($(and $(MICROKIT_SDK),$(filter %.gdb,$(MAKECMDGOALS))),)
$(call stop,$(filter %.gdb,$(MAKECMDGOALS)) needs our own SDK: who runs is read from the tables of its kernel and tool \
    (docs/debugging.md))
endif
