# HardKernel's Odroid-C4: only the board itself runs it (docs/odroidc4.md). Its device tree comes with the
# distribution's kernel package.

BOARD_LOAD := 0x20000000
BOARD_UART := meson
BOARD_BOOTED_BY_UBOOT := yes
BOARD_DTB := $(CACHE_DIR)/boards/meson-sm1-odroid-c4.dtb

$(BOARD_DTB): boards/odroidc4/fetch-dtb | $(PACKAGES_READY)
	@$< $@
