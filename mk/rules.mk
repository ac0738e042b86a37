# mk/rules.mk: the macros that component files use. Each is one $(eval $(call ...)); sources are paths from the top.
#
#   library,NAME,SOURCES,LIBRARIES-IT-NEEDS,CFLAGS      for protection domains: lib/libNAME.a
#   archive,NAME,FILE,LIBRARIES-IT-NEEDS                the same, made by a rule of the caller's own
#   program,NAME,SOURCES,LIBRARIES,CFLAGS,LDFLAGS       a protection domain's program, without its configuration
#   system,NAME,DESCRIPTION,FOLDER                      composes DESCRIPTION, links every PD, makes BUILD_DIR/NAME.img;
#                                                       what lies in FOLDER becomes part of it
#   host_test,NAME,SOURCES,CFLAGS,SANITIZE,LDLIBS       native, with sanitizers; run by `make unit`. NAME is the path of
#                                                       what it tests (net/ip/acks.c: net_ip_acks) or its folder and a
#                                                       word (net_ip_flood); the first source is tests/unit/NAME.c
#   host_program,FILE,SOURCES,CFLAGS,LDLIBS             native
#
# qemu_forward.NAME (,hostfwd=..): port forwards of `make NAME.qemu`.
# goals_with.NAME: more goals that build this system.
#
# CFLAGS come last on the compiler's command line. A library's flags are kept in a file: a change rebuilds just it.
# Objects lie apart by compiler, SDK, board and config, and those with TRACE from those without, so that switching
# between them rebuilds nothing that is there already.

OBJ := $(CACHE_DIR)/obj$(KEPT_BY)/$(SDK_KEY)-$(MICROKIT_BOARD)-$(MICROKIT_CONFIG)$(if $(TRACED),-trace)
HOST_OBJ := $(CACHE_DIR)/obj$(KEPT_BY)/host

ifeq ($(V),1)
Q :=
say =
else ifneq ($(findstring s,$(filter-out -%,$(firstword $(MAKEFLAGS)))),)
Q := @
say =
else
Q := @
say = $(info $(say.lead)$1$(say.gap)$2)
say.lead := $(subst x,,x  x)
say.gap := $(subst x,,x	x)
endif

.PHONY: FORCE
FORCE:

# $(eval $(call remember,FILE,TEXT)): FILE holds TEXT and is rewritten only when TEXT changes: a prerequisite for what
# depends on flags or variables. A user's value must not stand in TEXT itself, which is read as a line of a makefile,
# but come by a reference that is left to be expanded when FILE is made: $$(call settings,NAMES).
define remember
remembered.$1 = $(strip $2)
$1: FORCE
	$$(if $$(call same,$$(call line_of,$$@),$$(remembered.$$@)),,\
	    $$(shell mkdir -p $$(@D))$$(file >$$@,$$(remembered.$$@)))
endef

# $(call line_of,FILE): make 4.3 leaves the line feed at its end now and then.
line_of = $(subst $(newline),,$(file <$1))

# $(call settings,NAMES): the variables with their values, each a word.
settings = $(foreach v,$1,$v=$(call quoted,$($v)))

# Headers that a build makes itself: every object waits for them, .d files take over afterwards.
GENERATED_HEADERS :=

# $(call object,DIRECTORY,SOURCE)
object = $1/$2.o

# $(eval $(call object_rule,DIRECTORY,SOURCE,COMPILER,CFLAGS,ORDER-ONLY))
define object_rule
$(call object,$1,$2): $2 $1/flags | $5
	$$(call say,CC,$2)
	@mkdir -p $$(@D)
	$$(Q)$3 $4 -MD -MP -c -o $$@ $2
all_objects += $(call object,$1,$2)
$(if $(lint_command.$2),,$(eval lint_command.$2 := $3 $4)$(eval lint_object.$2 := $(call object,$1,$2))$(eval lint_seen += $2))
endef

# $(call fetched_for,CFLAGS): what a compilation waits for: the compiler, its sanitizers, headers of a third party.
fetched_for = $(PACKAGES_READY) $(COMPILER_READY) $(if $(findstring -fsanitize,$1),$(CACHE_DIR)/packages.test) \
    $(if $(findstring $(THIRD_PARTY)/,$1),$(SOURCES_READY)) $(if $(findstring $(AWSLC)/,$1),$(AWSLC_READY))

# $(eval $(call objects_rules,DIRECTORY,SOURCES,COMPILER,CFLAGS,ORDER-ONLY))
define objects_rules
$(call remember,$1/flags,$3 $4)
$(foreach s,$2,$(eval $(call object_rule,$1,$s,$3,$4,$5 $(call fetched_for,$4))))
endef

define archive_rule
$1: $2
	$$(call say,AR,$(notdir $1))
	@mkdir -p $$(@D) && rm -f $$@
	$$(Q)$(AR) rcsD $$@ $2
endef

pd_cflags = $(PD_CFLAGS) $(PD_LTO) -isystem $(SDK_BOARD)/include $(WARNINGS) $1

define library
$(call archive,$1,$(OBJ)/lib/lib$1.a,$3)
$(call objects_rules,$(OBJ)/$1,$2,$(CC),$(call pd_cflags,$4),$$(GENERATED_HEADERS))
$(call archive_rule,$(OBJ)/lib/lib$1.a,$(foreach s,$2,$(call object,$(OBJ)/$1,$s)))
$(call remember,$(OBJ)/lib/lib$1.members,$2)
$(OBJ)/lib/lib$1.a: $(OBJ)/lib/lib$1.members
endef

define archive
library.$1.file := $2
library.$1.needs := $3
all_libraries += $1
endef

define program
program.$1.objects := $(foreach s,$2,$(call object,$(OBJ)/$1,$s))
program.$1.libraries := pd $3
program.$1.cflags := $4
program.$1.ldflags := $5
all_programs += $1
$(call objects_rules,$(OBJ)/$1,$2,$(CC),$(call pd_cflags,$4),$$(GENERATED_HEADERS))
endef

# $(call needed,LIBRARIES): they and all that they need.
needed = $(sort $(foreach l,$1,$l $(call needed,$(library.$l.needs))))
library_file = $(or $(library.$1.file),$(error library '$1' is unknown; there are: $(sort $(all_libraries))))

# $(eval $(call pd_instance,SYSTEM,PD,PROGRAM,LDFLAGS)):
# written by compose into BUILD_DIR/SYSTEM/SYSTEM.mk, one for each PD.
define pd_instance
$(call remember,$(BUILD_DIR)/$1/$2.flags,$(program.$3.cflags) $(program.$3.ldflags) $4 $(program.$3.objects) \
    $(call needed,$(program.$3.libraries)))
$(BUILD_DIR)/$1/$2.config.o: $(BUILD_DIR)/$1/$2.config.c $(BUILD_DIR)/$1/flags $(BUILD_DIR)/$1/$2.flags \
    | $$(GENERATED_HEADERS) $(call fetched_for,$(program.$3.cflags))
	$$(call say,CC,$(BUILD_DIR)/$1/$2.config.c)
	$$(Q)$(CC) $(call pd_cflags,$(program.$3.cflags) -g0) -MD -MP -c -o $$@ $$<
$(BUILD_DIR)/$1/$2.elf: $(BUILD_DIR)/$1/$2.config.o $(program.$3.objects) \
    $(foreach l,$(call needed,$(program.$3.libraries)),$(call library_file,$l)) $(SDK_BOARD)/lib/libmicrokit.a \
    mk/pd.ld $(BUILD_DIR)/$1/flags $(BUILD_DIR)/$1/$2.flags
	$$(call say,LD,$(BUILD_DIR)/$1/$2.elf)
	$(if $(program.$3.objects),,@echo "$(system.$1.description): PD '$2' runs program '$3', \
	    but no component's .mk file names it" >&2; exit 1)
	$$(Q)$(LD) $(PD_LDFLAGS) $(program.$3.ldflags) $4 -Map=$(BUILD_DIR)/$1/$2.map -o $$@ $(program.$3.objects) $$< \
	    --start-group $(foreach l,$(call needed,$(program.$3.libraries)),$(call library_file,$l)) \
	    $(SDK_BOARD)/lib/libmicrokit.a $(LIBC) $(LIBGCC) --end-group
all_objects += $(BUILD_DIR)/$1/$2.config.o
$(BUILD_DIR)/$1.img: $(BUILD_DIR)/$1/$2.elf
endef

COMPOSE = PYTHONPATH=.:$(PYTHON_PACKAGES) $(PYTHON)

# $(call named_in,DESCRIPTION): the variables that it names, in double quotes: they are handed over to it.
named_in = $(call quotations,$(file <$1))
quotations = $(foreach v,$(USER_VARIABLES),$(if $(findstring "$v",$1),$v))

# $(call compose,SYSTEM,DESCRIPTION)
compose = $(COMPOSE) $2 --name $1 --board $(MICROKIT_BOARD) --config $(MICROKIT_CONFIG) --dtb $(BOARD_DTB) \
    --dialect $(SDK_VERSION) $(if $(MICROKIT_SDK),--official-sdk) --output $(BUILD_DIR)/$1 \
    $(if $(TRACED),--trace $(call quoted,$(TRACE))) \
    $(foreach v,$(system.$1.variables),--set $(call quoted,$v=$($v)))

# $(call boot_arguments,IMAGE): what makes QEMU boot it.
boot_arguments = $(if $(QEMU_BOOT),$(QEMU_BOOT) $1,-device loader$(comma)file=$1$(comma)addr=$(BOARD_LOAD)$(comma)cpu-num=0)

# $(call files_of,FOLDER): changes with what lies below it: names, sizes, times. A list of prerequisites would not see
# what has been added or removed, and not take every name.
files_of = $(shell find -L $1 -printf '%P %y %s %T@\n' | LC_ALL=C sort | sha256sum)

# A system's goals. compose's link rules are read only for goals that need them: make remakes BUILD_DIR/NAME/NAME.mk
# first of all, then starts anew; the other files that compose writes change only when their content does.
define system
all_systems += $1
system.$1.variables := $(call named_in,$2)
system.$1.description := $2
.PHONY: $1 $1.qemu
$1: $(BUILD_DIR)/$1.img
$(call remember,$(BUILD_DIR)/$1/flags,$(CC) $(call pd_cflags) $(PD_LDFLAGS) $(LIBC) $(LIBGCC))
$(call remember,$(BUILD_DIR)/$1/variables,$(MICROKIT_BOARD) $(MICROKIT_CONFIG) $(SDK_KEY) $(SDK_VERSION) \
    $(MICROKIT_SDK) $$(call settings,TRACE $$(system.$1.variables)))
$(if $3,$(call remember,$(BUILD_DIR)/$1/files,$$(call files_of,$3)))
$(BUILD_DIR)/$1/$1.mk: $2 $(BOARD_DTB) $(BUILD_DIR)/$1/variables $(if $3,$(BUILD_DIR)/$1/files) $(PYTHON_READY)
	$$(call say,COMPOSE,$2)
	$$(Q)$$(call compose,$1,$2)
$(BUILD_DIR)/$1/$1.dot: $2 python/website_policy.py $(wildcard compose/*.py boards/$(MICROKIT_BOARD)/*.py) $(BOARD_DTB) \
    $(BUILD_DIR)/$1/variables $(PYTHON_READY)
	$$(Q)$$(call compose,$1,$2) --picture
$(BUILD_DIR)/$1/$1.svg: $(BUILD_DIR)/$1/$1.dot | $(CACHE_DIR)/packages.graph
	$$(call say,DOT,$$@)
	$$(Q)dot -Tsvg -o $$@ $$<
$1.qemu: $(BUILD_DIR)/$1.img $(QEMU_READY)
	$$(Q)exec $(PYTHON) mk/run/qemu.py $$(call quoted,$$(QEMU_EXTRA)) $$(call quoted,$$(QEMU)) $(QEMU_ARGS) \
	    -serial mon:stdio -netdev user,id=net0$$(qemu_forward.$1) $$(call boot_arguments,$$<)
$(BUILD_DIR)/$1.img: $(BUILD_DIR)/$1/$1.system $(SDK)/bin/microkit $(SDK_FILES)
	$$(call say,IMAGE,$$@$(if $(TRACED), (TRACE=$$(TRACE))))
	$$(Q)$(if $(MICROKIT_SDK),MICROKIT_SDK=$(abspath $(SDK)) )$(SDK)/bin/microkit $(BUILD_DIR)/$1/$1.system \
	    --search-path $(BUILD_DIR)/$1 --board $(MICROKIT_BOARD) --config $(MICROKIT_CONFIG) \
	    -o $$@ -r $(BUILD_DIR)/$1.report.txt$(if $(Q), >$(BUILD_DIR)/$1/tool.log \
	    || { cat $(BUILD_DIR)/$1/tool.log; rm -f $$@; exit 1; })
	$$(if $$(secrets.$1),$$(Q)chmod -R go= $$@ $(BUILD_DIR)/$1; \
	    echo "$$@ is now a secret$$(comma) and so is $(BUILD_DIR)/$1: it holds $$(secrets.$1)" | \
	    tee -a $(BUILD_DIR)/$1.report.txt)
$(if $(filter $1 $1.% systems $(BUILD_DIR)/$1.img $(goals_with.$1),$(goals_here)),$(eval wanted_systems += $1))
endef

# $(call named_for_its_subject,NAME,SOURCES): stops for a host test that is not named as said above. A second one of the
# same file adds a word (net_ip_acks_tsan); of lib/, all folders are one.
named_for_its_subject = \
    $(if $(filter $(patsubst tests/unit/%.c,%,$(firstword $2))_%,$1_),,\
        $(call stop,host test '$1': its first source is $(firstword $2); name it for what it tests$(comma) \
            and its file tests/unit/$1.c)) \
    $(if $(filter lib_% $(addsuffix %,$(subst /,_,$(dir $(filter-out tests/%,$2)))),$1_),,\
        $(call stop,host test '$1': its name does not begin with the folder of anything that it tests: \
            $(sort $(subst /,_,$(patsubst %/,%_,$(dir $(filter-out tests/%,$2)))))))

# Its own or the usual ones, and `make coverage`'s counters.
sanitizers = $(if $1,$1 $(COUNTERS),$(SANITIZE))

# Tests that are compiled with the same flags share their objects: these lie in the folder of the first of them.
# $(call host_test_cflags,CFLAGS,SANITIZE)
host_test_cflags = $(strip $(HOST_CFLAGS) $(call sanitizers,$2) $(WARNINGS) -Wno-missing-prototypes $1)
# $(call compiled_alike,NAME,FLAGS): that first one; NAME, where it is the first.
compiled_alike = $(or $(firstword $(foreach t,$(first_host_tests),$(if $(call same,$(host_test_cflags.$t),$2),$t))),\
    $(eval first_host_tests += $1)$(eval host_test_cflags.$1 := $2)$(eval $(call remember,$(HOST_OBJ)/$1/flags,$(HOST_CC) $2))$1)

# $(call host_test_object,FOLDER,SOURCE,FLAGS): its path. Evaluates the rule of one that is new.
host_test_object = $(if $(host_test_object.$1/$2),,$(eval host_test_object.$1/$2 := there)\
    $(eval $(call object_rule,$1,$2,$(HOST_CC),$3,$(call fetched_for,$3))))$(call object,$1,$2)
host_test_objects_in = $(foreach s,$2,$(call host_test_object,$1,$s,$3))
host_test_objects = $(call host_test_objects_in,$(HOST_OBJ)/$(call compiled_alike,$1,$3),$2,$3)

define host_test
$(if $(call named_for_its_subject,$1,$2),)
all_host_tests += $(HOST_OBJ)/$1/$1
host_test_objects.$1 := $(call host_test_objects,$1,$2,$(call host_test_cflags,$3,$4))
$(call remember,$(HOST_OBJ)/$1/linked,$2 $5)
$(HOST_OBJ)/$1/$1: $$(host_test_objects.$1) $(HOST_OBJ)/$1/linked
	$$(call say,LD,$1)
	$$(Q)$(HOST_CC) $(call sanitizers,$4) -pthread -o $$@ $$(host_test_objects.$1) $5
endef

# FILE is the target; its objects lie in a folder named after it.
define host_program
$(call objects_rules,$(HOST_OBJ)/$(notdir $1),$2,$(HOST_CC),$(HOST_CFLAGS) $(WARNINGS) $3,)
$(call remember,$(HOST_OBJ)/$(notdir $1)/linked,$2 $4)
$1: $(foreach s,$2,$(call object,$(HOST_OBJ)/$(notdir $1),$s)) $(HOST_OBJ)/$(notdir $1)/linked
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$(HOST_CC) -o $$@ $(foreach s,$2,$(call object,$(HOST_OBJ)/$(notdir $1),$s)) $4
endef
