# mk/official-sdk.mk: whether the folder that MICROKIT_SDK names is an SDK that can be built with; one line if it is not.

sdk_stop = $(call stop,MICROKIT_SDK='$(MICROKIT_SDK)' $1)
there = $(or $(notdir $1),none)

ifeq ($(wildcard $(SDK)/bin/microkit),)
$(call sdk_stop,is no Microkit SDK: it has no bin/microkit)
endif

# SDKs say their version since 2.0.0. Their releases speak two dialects, 1.x and 2.x: of another nothing is known.
SDK_VERSION := 1.4.1
ifneq ($(wildcard $(SDK)/VERSION),)
SDK_VERSION := $(strip $(file <$(SDK)/VERSION))
endif
sdk_numbers := $(subst ., ,$(SDK_VERSION))
ifeq ($(and $(filter 1 2,$(firstword $(sdk_numbers))),$(word 2,$(sdk_numbers)),\
    $(call only,$(digits) $(letters) . - +,$(SDK_VERSION))),)
$(call sdk_stop,is of version '$(SDK_VERSION)'$(comma) which is unknown. There are: 1.4.1 2.x)
endif

sdk_of_board := $(SDK)/board/$(MICROKIT_BOARD)
ifeq ($(wildcard $(sdk_of_board)/.),)
$(call sdk_stop,has no board $(MICROKIT_BOARD). It has: $(call there,$(patsubst %/.,%,$(wildcard $(SDK)/board/*/.))))
endif
ifeq ($(wildcard $(sdk_of_board)/$(MICROKIT_CONFIG)/.),)
$(call sdk_stop,has no config $(MICROKIT_CONFIG) for $(MICROKIT_BOARD). \
It has: $(call there,$(patsubst %/lib/libmicrokit.a,%,$(wildcard $(sdk_of_board)/*/lib/libmicrokit.a))))
endif

# An SDK's build makes a folder for each config first; one that was interrupted lacks files, or has them without content.
sdk_lacks := $(shell cd $(sdk_of_board)/$(MICROKIT_CONFIG) && \
    whole() { [ -f $$1 ] && [ -s $$1 ]; }; \
    for f in include/microkit.h lib/libmicrokit.a lib/microkit.ld elf/loader.elf; do whole $$f || echo $$f; done; \
    whole elf/sel4.elf || whole elf/kernel.elf || echo elf/sel4.elf)
ifneq ($(sdk_lacks),)
$(call sdk_stop,is half built: for $(MICROKIT_BOARD) in $(MICROKIT_CONFIG) it has no $(sdk_lacks))
endif
ifeq ($(shell [ -f $(SDK)/bin/microkit ] && [ -x $(SDK)/bin/microkit ] && [ -s $(SDK)/bin/microkit ] && echo yes),)
$(call sdk_stop,is half built: its bin/microkit is no program)
endif
