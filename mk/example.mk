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
-include $(UP)/mk/variables.mk
folders = $(foreach v,$(filter var.%,$(.VARIABLES)),$(if $(filter folder,$(firstword $($v))),$(v:var.%=%)))

# What was given on the command line goes up by itself; a path is meant from this folder, and QEMU is one where it has a
# slash. What make or the shell could not pass on the top refuses.
given = $(filter command% environment%,$(firstword $(origin $1)))
text = $(if $(call given,$1),$(value $1),$($1))
quoted = '$(subst ','\'',$1)'
from_here = $(if $(filter /% ~/%,$(firstword $1)),$1,$(CURDIR)/$1)
define newline


endef
path = $(if $(findstring $(newline),$(call text,$1)),\
        $(error $1 has a line feed: no variable of this build can have one)) \
    $(if $(call text,$1),$1=$(call quoted,$(call from_here,$(call text,$1))))
up = +@$(MAKE) --no-print-directory -C $(UP) $1 $(foreach v,$(folders),$(call path,$v)) \
    $(if $(filter command%,$(origin LOG)),$(call path,LOG)) $(if $(findstring /,$(call text,QEMU)),$(call path,QEMU))

.PHONY: all qemu run graph
all:
	$(call up,$(EXAMPLE))
	@cp '$(BUILD_DIR)/$(EXAMPLE).report.txt' '$(BUILD_DIR)/report.txt'

qemu: all
	$(call up,$(EXAMPLE).qemu)

# Ctrl-C ends the web server without an error; the inner make says with its status, as every make, what it was.
run:
	$(subst +@,+@trap : INT; ,$(call up,$@)) || [ $$? = 130 ]

graph:
	$(call up,$(abspath $(BUILD_DIR))/$(EXAMPLE)/$(EXAMPLE).svg)

.DEFAULT:
	$(call up,$@)

clean:
	$(call up,$@)
