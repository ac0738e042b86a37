# Nuvoton's NPCM845 evaluation board: in QEMU 11, which has a model of its Synopsys GMAC,
# and no other machine of ours has.

BOARD_LOAD := 0x10000000
BOARD_UART := ns16550
BOARD_DTB := boards/npcm845_evb/npcm845_evb.dts
QEMU_ARGS := $(shell grep -v '^\#' boards/npcm845_evb/qemu.args)

# This QEMU is unpacked beside the system; `make NAME.qemu` fetches it.
NPCM_QEMU := $(CACHE_DIR)/programs/qemu-forky/bin/qemu-system-aarch64
QEMU := $(NPCM_QEMU)
QEMU_READY := $(NPCM_QEMU) $(CACHE_DIR)/boards/npcm845_evb.rom
QEMU_BOOT = -bios $(CACHE_DIR)/boards/npcm845_evb.rom -kernel

$(NPCM_QEMU): third_party/PROGRAMS third_party/fetch-program | $(PACKAGES_READY)
	@third_party/fetch-program qemu-forky $(CACHE_DIR)/programs
	@touch -c $@

$(CACHE_DIR)/boards/npcm845_evb.rom: boards/npcm845_evb/rom.py
	@mkdir -p $(@D)
	$(Q)$(PYTHON) $< $@ $(BOARD_LOAD)
