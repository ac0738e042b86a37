# mk/example.mk: what the Makefile of an example includes, so that `make` in its folder works. It hands every goal up to
# the top, where the one build graph is; outputs go to this folder's own build/ unless BUILD_DIR says otherwise.
#
#   make [all]         build/NAME.img and build/report.txt
#   make qemu          boots it, the serial console on stdin and stdout
#   make graph, clean, sdk, submodules ...

ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(or $(shell nproc 2>/dev/null),1)
endif

EXAMPLE := $(notdir $(CURDIR))
UP := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))..)
BUILD_DIR ?= build
empty :=

# A path on the command line is meant from this folder.
from_here = $(if $($1),$1='$(if $(findstring /,$($1)),$(abspath $($1)),$($1))')
up = +@$(MAKE) --no-print-directory -C $(UP) $1 BUILD_DIR='$(abspath $(BUILD_DIR))' \
    $(if $(CACHE_DIR),CACHE_DIR='$(abspath $(CACHE_DIR))') \
    $(if $(MICROKIT_SDK),MICROKIT_SDK='$(abspath $(MICROKIT_SDK))') \
    $(call from_here,QEMU)

.PHONY: all qemu graph
all:
	$(call up,$(EXAMPLE))
	@cp '$(BUILD_DIR)/$(EXAMPLE).report.txt' '$(BUILD_DIR)/report.txt'

qemu: all
	$(call up,$(EXAMPLE).qemu)

graph:
	$(call up,$(abspath $(BUILD_DIR))/$(EXAMPLE)/$(EXAMPLE).svg)

.DEFAULT:
	$(call up,$@)

clean:
	$(call up,$@)
