# tests/kernel.mk: systems that exercise the kernel, written as for the official SDK: a .system file, programs that
# include nothing but microkit.h and are linked with the SDK's own microkit.ld. tests/test_kernel.py boots them.

# $(eval $(call kernel_test,NAME,PROGRAMS)): tests/kernel/NAME.system (NAME_1.system for an SDK 1.x, where there is
# one), programs tests/kernel/NAME_PROGRAM.c.
kernel_description = $(or $(if $(filter 1.%,$(SDK_VERSION)),$(wildcard tests/kernel/$1_1.system)),\
    tests/kernel/$1.system)

define kernel_test
$(call objects_rules,$(OBJ)/kernel_$1,$(foreach p,$2,tests/kernel/$1_$p.c),$(CC),\
    $(TARGET_CFLAGS) -ffreestanding -isystem $(SDK_BOARD)/include $(WARNINGS) -Itests/kernel,$$(GENERATED_HEADERS))
$(foreach p,$2,$(eval $(call kernel_test_program,$1,$p)))
.PHONY: kernel_$1
kernel_$1: $(BUILD_DIR)/kernel_$1.img
$(BUILD_DIR)/kernel_$1.img: $(call kernel_description,$1) $(foreach p,$2,$(BUILD_DIR)/kernel_$1/$1_$p.elf) \
    $(SDK)/bin/microkit $(SDK_FILES)
	$$(call say,IMAGE,$$@)
	$$(Q)$(if $(MICROKIT_SDK),MICROKIT_SDK=$(abspath $(SDK)) )$(SDK)/bin/microkit $(call kernel_description,$1) \
	    --search-path $(BUILD_DIR)/kernel_$1 --board $(MICROKIT_BOARD) \
	    --config $(MICROKIT_CONFIG) -o $$@ -r $(BUILD_DIR)/kernel_$1.report.txt
endef

define kernel_test_program
$(BUILD_DIR)/kernel_$1/$1_$2.elf: $(call object,$(OBJ)/kernel_$1,tests/kernel/$1_$2.c) \
    $(SDK_BOARD)/lib/libmicrokit.a $(SDK_BOARD)/lib/microkit.ld
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$(LD) -T $(SDK_BOARD)/lib/microkit.ld -z max-page-size=4096 -o $$@ $$(filter %.o %.a,$$^)
endef

$(eval $(call kernel_test,calls,deep middle active client background))
$(eval $(call kernel_test,equals,spinner server caller))
$(eval $(call kernel_test,turns,asker server))
$(eval $(call kernel_test,children,parent faulty endless server left grandchild client))
$(eval $(call kernel_test,deaths,server client))
$(eval $(call kernel_test,timer,driver idler))
# Of the benchmark configuration only.
$(eval $(call kernel_test,utilisation,reader spinner quiet))

# A boot loader's part, for the loader's sake: memory that is not zero, translation and caches on.
.PHONY: kernel_firmware
kernel_firmware: $(BUILD_DIR)/kernel_firmware.img
$(BUILD_DIR)/kernel_firmware.img: tests/kernel/firmware.S
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TARGET) -nostdlib -fuse-ld=lld -Wl,-Ttext=0 -Wl,--oformat=binary -o $@ $<
