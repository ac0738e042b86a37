# QEMU's virt machine. Its device tree is QEMU's own, dumped at build time; what the tree lacks is in board.py.

BOARD_LOAD := 0x70000000
BOARD_UART := pl011
BOARD_PLAT := qemu-arm-virt
BOARD_DTB := $(CACHE_DIR)/boards/qemu_virt_aarch64.dtb
QEMU_ARGS := $(shell grep -v '^\#' boards/qemu_virt_aarch64/qemu.args)

$(BOARD_DTB): boards/qemu_virt_aarch64/qemu.args | $(PACKAGES_READY)
	$(call say,DTB,$@)
	@mkdir -p $(@D)
	$(Q)$(call quoted,$(QEMU)) $(QEMU_ARGS) -netdev user,id=net0 -M dumpdtb=$@ >$@.log 2>&1 || { cat $@.log; exit 1; }
	$(Q)[ -s $@ ] || { echo >&2 $(call quoted,QEMU='$(QEMU)' dumps no device tree: it is no QEMU); exit 1; }
