# mk/config.mk: the variables a user may set, their defaults, and one clear line for each that is wrong.

MICROKIT_SDK ?=
MICROKIT_BOARD ?= qemu_virt_aarch64
MICROKIT_CONFIG ?= release
BUILD_DIR ?= build
CACHE_DIR ?= build
COMPILER ?= clang
V ?= 0
TRACE ?= 0

# Variables of the web server's system and of the goals that run something. Their values come from the command line or
# the environment; who reads one states it (mk/rules.mk: system).
USER_VARIABLES := MICROKIT_SDK MICROKIT_BOARD MICROKIT_CONFIG BUILD_DIR CACHE_DIR COMPILER V \
    NFS_SERVER NFS_DIRECTORY NFS_PORT MOUNT_PORT NFS_UID NFS_GID WEBSITE_DIR WEBSITE_FRESH_MS HTTP_PORT QEMU QEMU_EXTRA \
    TRACE TRACE_GET TRACE_SECONDS

# As many jobs as processors; `make -j1` on the command line wins.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(or $(shell nproc 2>/dev/null),1)
endif

# Goals that neither build nor need anything.
PASSIVE_GOALS := help clean distclean

# $(call stop,MESSAGE): end with one line.
stop = $(error $1)

# $(call take,VARIABLES): what a user gave for them is taken as it was written: make would expand a '$' in it, at each
# use. Recipes and eval hold text of one line, so a line feed cannot be in it.
define newline


endef
given = $(filter command% environment%,$(firstword $(origin $1)))
take = $(foreach v,$1,$(if $(call given,$v),\
    $(eval $(if $(filter command override,$(origin $v)),override )$v := $$(value $v)) \
    $(if $(findstring $(newline),$($v)),$(call stop,$v has a line feed: no variable of this build can have one))))
$(if $(call take,$(USER_VARIABLES)),)

# $(call same,A,B): not empty where both texts are the same, blanks included.
same = $(and $(findstring x$1x,x$2x),$(findstring x$2x,x$1x))

# Which protection domains keep a trace (docs/tracing.md): 1 for all, their names with commas between them, or 0.
TRACED := $(filter-out 0,$(TRACE))

# A variable that looks like one of ours, but is not: a misspelling would otherwise be ignored without a word.
own_prefixes := MICROK% NFS_% MOUNT_% WEBSITE_% HTTP_% BUILD_% CACHE_% TRACE%
misspelt := $(strip \
    $(foreach v,$(filter-out $(USER_VARIABLES),$(filter MICROK%,$(.VARIABLES))),$(if $(call given,$v),$v)) \
    $(foreach v,$(filter-out $(USER_VARIABLES) MICROK%,$(filter $(own_prefixes),$(.VARIABLES))), \
        $(if $(filter command,$(firstword $(origin $v))),$v)))
ifneq ($(misspelt),)
ifneq ($(filter MICROKTI_BOARD,$(misspelt)),)
$(call stop,MICROKTI_BOARD is set: that is a misspelling of MICROKIT_BOARD)
endif
$(call stop,$(firstword $(misspelt)) is no variable of this build. There are: $(USER_VARIABLES))
endif

# What no rule could survive in a path that becomes a target: white space, and what means something to make or to the
# shell.
hash := \#
empty :=
space := $(empty) $(empty)
tab := $(empty)	$(empty)
comma := ,
open := (
close := )
unfit := $(hash) $$ % & ' " \ ; : = * ? [ ] $(open) $(close) { } < > | $(comma) `

# $(call fit,WHOSE,PATH)
fit = $(if $(or $(findstring $(space),$2),$(findstring $(tab),$2)),\
        $(call stop,$1: a path with white space cannot be used)) \
    $(foreach c,$(unfit),$(if $(findstring $c,$2),$(call stop,$1: a path with $c cannot be used)))
at_home = $(if $(filter ~/%,$(firstword $1)),$(patsubst ~/%,$(HOME)/%,$1),$1)
$(if $(call fit,this tree lies in '$(CURDIR)',$(CURDIR)),)
$(foreach v,BUILD_DIR CACHE_DIR MICROKIT_SDK,$(if $(call fit,$v='$($v)',$(call at_home,$($v))),))
$(foreach v,BUILD_DIR CACHE_DIR MICROKIT_BOARD MICROKIT_CONFIG,$(if $(strip $($v)),,$(call stop,$v is empty)))

# One spelling for one folder, since flags that name it are remembered and compared: from the top where it lies below,
# else from the root. A name that the shell or a program would take for something else is written out, too.
from_top = $(patsubst $(CURDIR)/%,%,$(abspath $(call at_home,$1)))
spelling = $(if $(filter -% ~%,$(from_top)),$(CURDIR)/)$(from_top)
$(foreach v,BUILD_DIR CACHE_DIR MICROKIT_SDK,$(if $($v),$(eval override $v := $(call spelling,$($v)))))

# So for a goal that is a path from the root.
define goal_by_its_spelling
.PHONY: $1
$1: $2
	@:
endef
$(foreach g,$(filter $(CURDIR)/%,$(MAKECMDGOALS)),$(eval $(call goal_by_its_spelling,$g,$(call from_top,$g))))
MAKECMDGOALS := $(foreach g,$(MAKECMDGOALS),$(if $(filter $(CURDIR)/%,$g),$(call from_top,$g),$g))

# $(call one_of_these,VALUE,WORDS): VALUE is the user's, so it may look like a pattern.
one_of_these = $(strip $(foreach w,$2,$(if $(call same,$1,$w),$w)))

CONFIGS := debug release benchmark
ifeq ($(call one_of_these,$(MICROKIT_CONFIG),$(CONFIGS)),)
$(call stop,MICROKIT_CONFIG='$(MICROKIT_CONFIG)' is unknown. There are: $(CONFIGS))
endif

# What only one of them makes lies apart: KEPT_BY is empty for the first.
COMPILERS := $(patsubst mk/compiler-%.mk,%,$(wildcard mk/compiler-*.mk))
ifeq ($(call one_of_these,$(COMPILER),$(COMPILERS)),)
$(call stop,COMPILER='$(COMPILER)' is unknown. There are: $(COMPILERS))
endif
KEPT_BY := $(if $(filter clang,$(COMPILER)),,-$(COMPILER))

BOARDS := $(sort $(patsubst boards/%/board.mk,%,$(wildcard boards/*/board.mk)))
ifeq ($(call one_of_these,$(MICROKIT_BOARD),$(BOARDS)),)
$(call stop,MICROKIT_BOARD='$(MICROKIT_BOARD)' is unknown. There are: $(BOARDS))
endif

# The SDK: ours, built into CACHE_DIR, or the official one that MICROKIT_SDK names.
OWN_SDK := $(CACHE_DIR)/sdk$(KEPT_BY)
ifeq ($(MICROKIT_SDK),)
SDK := $(OWN_SDK)
SDK_KEY := own
SDK_VERSION := 2.0.1
else
SDK := $(patsubst %/,%,$(MICROKIT_SDK))
SDK_KEY := $(notdir $(SDK))
ifeq ($(wildcard $(SDK)/bin/microkit),)
$(call stop,MICROKIT_SDK='$(MICROKIT_SDK)' is no Microkit SDK: it has no bin/microkit)
endif
ifeq ($(wildcard $(SDK)/board/$(MICROKIT_BOARD)),)
$(call stop,MICROKIT_SDK='$(MICROKIT_SDK)' has no board $(MICROKIT_BOARD). It has: $(notdir $(wildcard $(SDK)/board/*)))
endif
ifeq ($(wildcard $(SDK)/board/$(MICROKIT_BOARD)/$(MICROKIT_CONFIG)),)
$(call stop,MICROKIT_SDK='$(MICROKIT_SDK)' has no config $(MICROKIT_CONFIG) for $(MICROKIT_BOARD). \
It has: $(notdir $(patsubst %/lib/libmicrokit.a,%,$(wildcard $(SDK)/board/$(MICROKIT_BOARD)/*/lib/libmicrokit.a))))
endif
# SDKs say their version since 2.0.0.
SDK_VERSION := $(or $(strip $(if $(wildcard $(SDK)/VERSION),$(file <$(SDK)/VERSION))),1.4.1)
endif
SDK_BOARD := $(SDK)/board/$(MICROKIT_BOARD)/$(MICROKIT_CONFIG)

# $(call is_port,TEXT): not empty where it is a number from 1 to 65535.
without = $(if $1,$(call without,$(wordlist 2,$(words $1),$1),$(subst $(firstword $1),,$2)),$2)
is_port = $(and $1,$(call same,$(call without,0 1 2 3 4 5 6 7 8 9,$1),),\
    $(shell [ $1 -gt 0 ] && [ $1 -lt 65536 ] && echo yes))

# What a make of its own builds, here it is not asked for.
goals_here = $(filter-out %.trace,$(MAKECMDGOALS))

# $(call require,GOAL,VARIABLE,WHAT IT IS): GOAL cannot be made without VARIABLE.
require = $(if $(filter $1 $1.%,$(goals_here)),$(if $(strip $($2)),,$(call stop,$2 is not set: $3)))
