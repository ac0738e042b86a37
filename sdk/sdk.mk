# sdk/sdk.mk: our SDK, installed with the official one's shape into CACHE_DIR/sdk:
#
#   bin/microkit                                    the image tool, native
#   VERSION                                         the release of Microkit whose dialect this SDK's users may write
#   board/BOARD/CONFIG/include/microkit.h           libmicrokit's header (and what it includes)
#   board/BOARD/CONFIG/lib/{libmicrokit.a,microkit.ld}
#   board/BOARD/CONFIG/elf/{kernel.elf,loader.elf}
#   board/BOARD/CONFIG/board.conf                   the machine, for the tool
#
# A source that differs by config lies in a folder config/CONFIG, which is on the include path. Kernel and loader have a
# uart_NAME.c for each kind of UART; a board's BOARD_UART says which. BOARD_PLAT is the board by seL4's name, where that
# is another than its own here: programs ask for CONFIG_PLAT_NAME.

sdk_obj = $(CACHE_DIR)/obj$(KEPT_BY)/sdk-$(MICROKIT_BOARD)-$1
sdk_sources = $(filter-out $(filter-out $1/uart_$(BOARD_UART).c,$(wildcard $1/uart_*.c)), \
    $(sort $(wildcard $1/*.S $1/*.c $1/config/$2/*.c)))

# EL1 code: no FP/SIMD registers, no C library. The loader runs with translation off at first: no unaligned access.
KERNEL_CFLAGS = $(TARGET_CFLAGS) -ffreestanding -nostdlib -mgeneral-regs-only -Isdk -Isdk/$2/config/$1 $(WARNINGS)
LOADER_CFLAGS = $(call KERNEL_CFLAGS,$1,loader) -mstrict-align
# The kernel is optimised as one: an object stays one file, and a call between two of them costs nothing.
KERNEL_LTO := $(WHOLE_PROGRAM)
# libmicrokit is part of a PD, but needs nothing of the C library.
LIBMICROKIT_CFLAGS = $(TARGET_CFLAGS) -ffreestanding -nostdlib -Isdk -Isdk/libmicrokit/include -Isdk/libmicrokit \
    -Isdk/libmicrokit/config/$1 -I$(call sdk_board,$1)/include $(WARNINGS)

SDK_LDFLAGS := --gc-sections --build-id=none -nostdlib -z max-page-size=4096 -z noexecstack

BOARD_PLAT ?= $(subst _,-,$(MICROKIT_BOARD))
plat_macro = CONFIG_PLAT_$(shell echo $(subst -,_,$(BOARD_PLAT)) | tr a-z A-Z)

# Headers that programs see: libmicrokit's and, of the ABI, the system calls.
SDK_HEADERS := sdk/abi/syscall.h $(patsubst sdk/libmicrokit/include/%,%,\
    $(wildcard sdk/libmicrokit/include/*.h sdk/libmicrokit/include/*/*.h))

sdk_board = $(OWN_SDK)/board/$(MICROKIT_BOARD)/$1

# $(eval $(call sdk_elf,CONFIG,NAME)): kernel or loader, linked by sdk/NAME/NAME.ld.
define sdk_elf
$(call sdk_board,$1)/elf/$2.elf: $(foreach s,$(call sdk_sources,sdk/$2,$1),$(call object,$(call sdk_obj,$1)/$2,$s)) \
    sdk/$2/$2.ld
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$(LD) $(SDK_LDFLAGS) -T sdk/$2/$2.ld -Map=$(call sdk_obj,$1)/$2.map -o $$@ $$(filter %.o,$$^)
endef

define sdk_config
sdk_files.$1 := $(addprefix $(call sdk_board,$1)/,elf/kernel.elf elf/loader.elf lib/libmicrokit.a lib/microkit.ld \
    board.conf $(addprefix include/,$(SDK_HEADERS) kernel/build.h kernel/plat.h))
$(call objects_rules,$(call sdk_obj,$1)/kernel,$(call sdk_sources,sdk/kernel,$1),$(CC),\
    $(call KERNEL_CFLAGS,$1,kernel) $(KERNEL_LTO),$(COMPILER_READY))
$(call objects_rules,$(call sdk_obj,$1)/loader,$(call sdk_sources,sdk/loader,$1),$(CC),\
    $(call LOADER_CFLAGS,$1),$(COMPILER_READY))
$(call objects_rules,$(call sdk_obj,$1)/libmicrokit,$(call sdk_sources,sdk/libmicrokit,$1),$(CC),\
    $(call LIBMICROKIT_CFLAGS,$1),$(COMPILER_READY) $(call sdk_board,$1)/include/kernel/plat.h)
$(call sdk_elf,$1,kernel)
$(call sdk_elf,$1,loader)
$(call archive_rule,$(call sdk_board,$1)/lib/libmicrokit.a,\
    $(foreach s,$(call sdk_sources,sdk/libmicrokit,$1),$(call object,$(call sdk_obj,$1)/libmicrokit,$s)))
$(call sdk_board,$1)/lib/microkit.ld: sdk/libmicrokit/microkit.ld
	@mkdir -p $$(@D) && cp $$< $$@
$(call sdk_board,$1)/include/%.h: sdk/libmicrokit/include/%.h
	@mkdir -p $$(@D) && cp $$< $$@
$(call sdk_board,$1)/include/kernel/build.h: sdk/libmicrokit/config/$1/kernel/build.h
	@mkdir -p $$(@D) && cp $$< $$@
$(call sdk_board,$1)/include/kernel/plat.h: boards/$(MICROKIT_BOARD)/board.mk sdk/sdk.mk
	@mkdir -p $$(@D)
	$$(Q)printf '%s\n' '/* kernel/plat.h: the board, by the name that seL4 has for it. */' \
	    '#define CONFIG_PLAT  $(BOARD_PLAT)' '#define CONFIG_ARM_PLAT  $(BOARD_PLAT)' '#define $(plat_macro)  1' >$$@
$(call sdk_board,$1)/include/sdk/abi/%.h: sdk/abi/%.h
	@mkdir -p $$(@D) && cp $$< $$@
$(call sdk_board,$1)/board.conf: $(BOARD_DTB) boards/$(MICROKIT_BOARD)/board.py compose/board.py $(PYTHON_READY)
	@mkdir -p $$(@D)
	$$(Q)$(COMPOSE) -m compose $(MICROKIT_BOARD) $(BOARD_DTB) >$$@.new && mv $$@.new $$@
endef

ifeq ($(MICROKIT_SDK),)
$(foreach c,$(CONFIGS),$(eval $(call sdk_config,$c)))
$(eval $(call host_program,$(OWN_SDK)/bin/microkit,$(sort $(wildcard sdk/tool/*.c)),-Isdk,-lexpat -lelf))
$(OWN_SDK)/VERSION:
	@mkdir -p $(@D) && echo $(SDK_VERSION) >$@
SDK_ALL := $(OWN_SDK)/bin/microkit $(OWN_SDK)/VERSION $(foreach c,$(CONFIGS),$(sdk_files.$c))
SDK_FILES := $(OWN_SDK)/VERSION $(sdk_files.$(MICROKIT_CONFIG))
GENERATED_HEADERS := $(filter %.h,$(SDK_FILES)) $(PACKAGES_READY)
else
GENERATED_HEADERS := $(PACKAGES_READY)
endif

# The kernel's parts that are pure, on this machine.
$(eval $(call host_test,sdk_kernel_ready,tests/unit/sdk_kernel_ready.c sdk/kernel/ready.c,))
$(eval $(call host_test,sdk_kernel_budget,tests/unit/sdk_kernel_budget.c sdk/kernel/budget.c,))
$(eval $(call host_test,sdk_kernel_callers,tests/unit/sdk_kernel_callers.c sdk/kernel/callers.c,\
    -include tests/unit/kernel_fake.h))
$(eval $(call host_test,sdk_kernel_decode,tests/unit/sdk_kernel_decode.c sdk/kernel/decode.c,))

# The image tool's own proof, against page tables that are broken on purpose.
$(eval $(call host_test,sdk_tool_prove,tests/unit/sdk_tool_prove.c $(addprefix sdk/tool/,prove.c paging.c diag.c)))
$(eval $(call host_test,sdk_tool_stacks,tests/unit/sdk_tool_stacks.c sdk/tool/stacks.c))
# What it takes for a program, of files that linkers do not write.
$(eval $(call host_test,sdk_tool_elf,tests/unit/sdk_tool_elf.c $(addprefix sdk/tool/,elf.c file.c diag.c),,,-lelf))
KERNEL_ON_HOST := $(addprefix sdk/kernel/,budget.c call.c callers.c child.c clock.c decode.c fault.c irq.c pd.c print.c \
    ready.c syscall.c watchdog.c)
KERNEL_FAKE := -include tests/unit/kernel_fake.h -Isdk/kernel/config
$(eval $(call host_test,sdk_kernel_random,tests/unit/sdk_kernel_random.c $(KERNEL_ON_HOST),$(KERNEL_FAKE)/release))
$(eval $(call host_test,sdk_kernel_random_benchmark,tests/unit/sdk_kernel_random.c $(KERNEL_ON_HOST) \
    sdk/kernel/utilisation.c,$(KERNEL_FAKE)/benchmark))
$(foreach t,window watchdog,$(eval $(call host_test,sdk_kernel_$t,tests/unit/sdk_kernel_$t.c tests/unit/kernel_machine.c \
    $(KERNEL_ON_HOST) sdk/kernel/sched.c,$(KERNEL_FAKE)/release)))
