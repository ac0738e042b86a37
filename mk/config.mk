# mk/config.mk: what a user gave for the variables that mk/variables.mk declares, and one clear line for each that is
# wrong.

include mk/variables.mk
USER_VARIABLES := $(sort $(patsubst var.%,%,$(filter var.%,$(.VARIABLES))))
kind_of = $(word 1,$(var.$1))
default_of = $(filter-out --,$(word 2,$(var.$1)))
help_of = $(wordlist 3,$(words $(var.$1)),$(var.$1))
of_kind = $(foreach v,$(USER_VARIABLES),$(if $(filter $1,$(call kind_of,$v)),$v))
$(foreach v,$(USER_VARIABLES),$(if $(call default_of,$v),$(eval $v ?= $(call default_of,$v))))

# As many jobs as processors; `make -j1` on the command line wins.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(or $(shell nproc 2>/dev/null),1)
endif

# Goals that neither build nor need anything.
PASSIVE_GOALS := help help-variables readme clean distclean

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
GIVEN := $(foreach v,$(USER_VARIABLES),$(if $(call given,$v),$v))
$(if $(call take,$(GIVEN)),)

# $(call quoted,TEXT): one word for the shell.
quoted = '$(subst ','\'',$1)'

# $(call same,A,B): not empty where both texts are the same, blanks included.
same = $(and $(findstring x$1x,x$2x),$(findstring x$2x,x$1x))

# Which protection domains keep a trace (docs/tracing.md): 1 for all, their names with commas between them, or 0.
TRACED := $(filter-out 0,$(TRACE))

# A variable that nobody declared: a misspelling would otherwise be ignored without a word. The environment has many
# that are none of ours.
undeclared := $(strip $(foreach v,$(filter-out CC $(USER_VARIABLES),$(.VARIABLES)),\
    $(if $(or $(filter command,$(firstword $(origin $v))),\
        $(if $(filter MICROK% WEBSITE_%,$v),$(call given,$v))),$v)))
# $(call near,WORD,NAMES): those that may have been meant.
near = $(shell $(PYTHON) mk/near.py $(call quoted,$1) $2 2>/dev/null)
may_be = $(if $1, (a misspelling of $1?))
undeclared_is = is no variable of this build$(call may_be,$(firstword $(call near,$1,$(USER_VARIABLES))))
$(foreach v,$(firstword $(undeclared)),\
    $(call stop,$v $(call undeclared_is,$v): `make help-variables` lists them))

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
$(foreach v,$(call of_kind,folder),$(if $(call fit,$v='$($v)',$(call at_home,$($v))),))

# One spelling for one folder, since flags that name it are remembered and compared: from the top where it lies below,
# else from the root. A name that the shell or a program would take for something else is written out, too.
from_top = $(patsubst $(CURDIR)/%,%,$(abspath $(call at_home,$1)))
spelling = $(if $(filter -% ~%,$(from_top)),$(CURDIR)/)$(from_top)
$(foreach v,$(call of_kind,folder),$(if $($v),$(eval override $v := $(call spelling,$($v)))))

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
# $(call only,CHARACTERS,TEXT): not empty where TEXT has no other.
without = $(if $1,$(call without,$(wordlist 2,$(words $1),$1),$(subst $(firstword $1),,$2)),$2)
only = $(call same,$(call without,$1,$2),)
digits := 0 1 2 3 4 5 6 7 8 9
letters := a b c d e f g h i j k l m n o p q r s t u v w x y z A B C D E F G H I J K L M N O P Q R S T U V W X Y Z

# $(call in_range,TEXT,LOW HIGH)
in_range = $(and $(call only,$(digits),$1),\
    $(shell [ $1 -ge $(word 1,$2) ] 2>/dev/null && [ $1 -le $(word 2,$2) ] 2>/dev/null && echo yes))

CONFIGS := $(subst |, ,$(call kind_of,MICROKIT_CONFIG))
COMPILERS := $(subst |, ,$(call kind_of,COMPILER))
# What only one of them makes lies apart: KEPT_BY is empty for the first.
KEPT_BY = $(if $(filter clang,$(COMPILER)),,-$(COMPILER))
BOARDS := $(sort $(patsubst boards/%/board.mk,%,$(wildcard boards/*/board.mk)))

# $(call wrong_KIND,TEXT,KIND): what is wrong with a value; nothing where nothing is.
wrong_text =
wrong_folder =
wrong_path = $(if $(findstring $(newline)/,$(newline)$1),,is not absolute: it begins with '/')
wrong_host = $(if $(call only,$(letters) $(digits) . -,$1),,is neither an address nor a name)
wrong_port = $(if $(call in_range,$1,1 65535),,is no port: a number from 1 to 65535)
wrong_range = $(if $(call in_range,$1,$(subst .., ,$2)),,is no number from $(subst .., to ,$2))
wrong_choice = $(if $(call one_of_these,$1,$(subst |, ,$2)),,is unknown. There are: $(subst |, ,$2))
wrong_board = $(call wrong_choice,$1,$(BOARDS))
checked_as = $(if $(findstring ..,$1),range,$(if $(findstring |,$1),choice,$1))
wrong = $(call wrong_$(call checked_as,$(call kind_of,$1)),$($1),$(call kind_of,$1))

# An empty value is none: the default holds, save where the name of a file depends on it.
define check
ifneq ($$(if $$(call same,$$($1),),,set),)
$$(if $$(call wrong,$1),$$(call stop,$1='$$($1)' $$(call wrong,$1)))
else
$(if $(filter board folder,$(call kind_of,$1))$(findstring |,$(call kind_of,$1)),\
    $(if $(call default_of,$1),$$(call stop,$1 is empty)))
override $1 := $(call default_of,$1)
endif
endef
$(foreach v,$(GIVEN),$(eval $(call check,$v)))

$(if $(SOURCES_DIR),$(if $(wildcard $(SOURCES_DIR)/.),,$(call stop,SOURCES_DIR='$(SOURCES_DIR)' is no folder)))

# The SDK: ours, built into CACHE_DIR, or the official one that MICROKIT_SDK names.
OWN_SDK := $(CACHE_DIR)/sdk$(KEPT_BY)
ifeq ($(MICROKIT_SDK),)
SDK := $(OWN_SDK)
SDK_KEY := own
SDK_VERSION := 2.0.1
else
SDK := $(patsubst %/,%,$(MICROKIT_SDK))
SDK_KEY := $(notdir $(SDK))
include mk/official-sdk.mk
endif
SDK_BOARD := $(SDK)/board/$(MICROKIT_BOARD)/$(MICROKIT_CONFIG)

# What a make of its own builds, here it is not asked for.
goals_here = $(filter-out %.trace,$(MAKECMDGOALS))

# $(call require,GOAL,VARIABLE): GOAL cannot be made without VARIABLE.
require = $(if $(filter $1 $1.%,$(goals_here)),$(if $(strip $($2)),,$(call stop,$2 is not set: $(call help_of,$2))))
