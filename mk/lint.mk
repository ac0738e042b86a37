# mk/lint.mk: make lint: clang-tidy (.clang-tidy) and cppcheck (.cppcheck) over every C file of ours, each with the flags that
# it is compiled with, its style (.clang-format), and ruff (ruff.toml) over the Python. make format: gives it the style.
#
# lint_command.SOURCE is the first command that the build's rules have for it, the target's where there is one;
# lint_object.SOURCE what that makes. clang-tidy looks at a file again when that is newer, or the settings are.
# Of these none is left out (tests/test_lint.py); sources that no rule of the macros' compiles are named below.

LINT := $(CACHE_DIR)/obj$(KEPT_BY)/lint
LINT_READY := $(CACHE_DIR)/packages.lint
LINTERS := $(CACHE_DIR)/programs/lint
RUFF := $(LINTERS)/bin/ruff
CLANG_FORMAT := $(LINTERS)/clang_format/data/bin/clang-format

# $(call lint_as,SOURCES,COMMAND,WHAT IT WAITS FOR): sources that other rules than the macros' compile, or none here.
lint_as = $(foreach s,$1,$(if $(lint_command.$s),,$(eval lint_command.$s := $2)$(eval lint_object.$s := $3)$(eval lint_seen += $s)))
$(call lint_as,$(wildcard python/*.c),$(CC) $(MPY_CFLAGS) $(WARNINGS) -Ipython -isystem $(MICROPYTHON) -isystem $(MPY_CORE) \
    -DMP_CONFIGFILE='"python/mpconfigport.h"',$(MPY_CORE)/libmicropython.a)
$(call lint_as,$(wildcard tests/microkit/*.c bench/kernel/*.c),$(CC) $(TARGET_CFLAGS) -ffreestanding \
    -isystem $(SDK_BOARD)/include $(WARNINGS),$(wildcard tests/microkit/*.h bench/kernel/*.h))
$(call lint_as,$(wildcard sdk/kernel/uart_*.c sdk/loader/uart_*.c),$(CC) $(call KERNEL_CFLAGS,release,kernel),sdk/kernel/uart.h)
# As with TRACE.
$(call lint_as,lib/trace/trace.c,$(CC) $(pd_cflags) -DTRACED,lib/trace.h lib/pd.h)
# One of them, by the SDK.
$(call lint_as,$(wildcard lib/pd/caller_*.c),$(CC) $(pd_cflags),lib/pd.h lib/pd/caller.h)
$(call lint_as,$(wildcard supervisor/load_*.c),$(CC) $(pd_cflags),lib/pd.h supervisor/load.h)
# Tools: a library that is put before NFS-Ganesha's, and QEMU's plugin.
$(call lint_as,mk/run/nfs_shim.c $(wildcard bench/insncount*.c),$(HOST_CC) $(HOST_CFLAGS) -fPIC $(WARNINGS))
# tests/test_odroidc4.py compiles it.
$(call lint_as,tests/unit/net_driver_dwmac_odroidc4.c,$(HOST_CC) $(HOST_CFLAGS) $(WARNINGS) -Wno-missing-prototypes -Itests/unit,\
    net/driver_dwmac.c net/dwmac_phy.c tests/unit/gmac_model.h)
# CBMC's words are told in C; sizes are some of those that proofs/catalogue.py has.
$(call lint_as,$(wildcard proofs/*.c),$(HOST_CC) $(HOST_CFLAGS) -include proofs/without_cbmc.h -Isdk -Isdk/kernel/config/release -Itests/unit \
    -DREACH=1 -DCOUNT=3 -DSIZE=16 -DCAPACITY=4,$(wildcard proofs/*.h) sdk/kernel/budget.c sdk/kernel/decode.c \
    sdk/kernel/ready.c sdk/kernel/syscall.c lib/region/region.c lib/ring/ring.c)
# They run in that configuration alone, whose header alone has what they call.
$(foreach s,$(wildcard tests/kernel/utilisation_*.c),$(eval lint_command.$s := $(subst /$(MICROKIT_CONFIG)/,/benchmark/,$(lint_command.$s))) \
    $(eval lint_object.$s := $(sdk_files.benchmark)))

lint_sources := $(filter-out $(THIRD_PARTY)/% $(BUILD_DIR)/% $(CACHE_DIR)/%,$(filter %.c,$(sort $(lint_seen))))

define tidy_rule
$(LINT)/$1.tidy: $1 .clang-tidy $(lint_object.$1) | $(LINT_READY) $(GENERATED_HEADERS)
	$$(call say,TIDY,$1)
	@mkdir -p $$(@D)
	$$(Q)$(CLANG_TIDY) --quiet $1 -- $(filter-out -flto,$(wordlist 2,999,$(lint_command.$1))) >$$@.log 2>&1 || \
	    { grep -v '^[0-9]* warning\|^Suppressed\|^Use -' $$@.log; exit 1; }
	@touch $$@
endef
ifneq ($(filter lint tidy tidy-sources,$(MAKECMDGOALS)),)
ifneq ($(COMPILER),clang)
$(call stop,lint: clang-tidy takes clang's flags: COMPILER=$(COMPILER) cannot be linted)
endif
$(foreach s,$(lint_sources),$(eval $(call tidy_rule,$s)))
endif

# Of the whole tree, and whatever editors and other tools want to know of it.
$(CACHE_DIR)/compile_commands.json: $(LINT)/commands mk/compile_commands.py
	$(Q)$(PYTHON) mk/compile_commands.py $< >$@
$(LINT)/commands: FORCE
	@$(shell mkdir -p $(@D))$(file >$@)$(foreach s,$(lint_sources),$(file >>$@,$s $(lint_command.$s)))

# Its file of suppressions gives the reasons.
CPPCHECK := cppcheck -q --error-exitcode=1 --enable=warning,performance,portability --inline-suppr --std=c11 --platform=unix64 \
    --suppressions-list=.cppcheck --template='{file}:{line}: {id}: {message}' -I. -Isdk
cppcheck: | $(LINT_READY)
	$(call say,CPPCHECK,.)
	$(Q)$(CPPCHECK) -j2 bench chaos entropy examples fs http keys lib net python sdk serial supervisor tests third_party/awslc timer tls virtio mk

$(RUFF): third_party/requirements-lint.txt | $(PACKAGES_READY)
	$(call say,FETCH,ruff and clang-format)
	$(Q)$(PYTHON) -m pip install --quiet --no-deps --require-hashes --disable-pip-version-check \
	    --root-user-action=ignore --upgrade --target $(LINTERS) -r $<
	@touch $@
ruff: | $(RUFF)
	$(call say,RUFF,.)
	$(Q)$(RUFF) check --quiet --no-cache --output-format concise bench boards compose debug examples mk proofs python sdk tests

# The style. Symbolic links and corpora are none of these.
styled := find bench chaos entropy examples fs http keys lib mk net proofs python sdk serial supervisor tests third_party/awslc timer tls virtio -name build -prune -o \
    -type f -name '*.[ch]' -print0 | xargs -0
style: | $(RUFF)
	$(call say,STYLE,.)
	$(Q)$(styled) $(CLANG_FORMAT) --dry-run -Werror
format: | $(RUFF)
	$(Q)$(styled) $(CLANG_FORMAT) -i

# make test has clang-tidy over what images are made of, and with; tests and bench/ have theirs by make lint.
tidy-sources: $(filter-out $(LINT)/tests/% $(LINT)/bench/%,$(lint_sources:%=$(LINT)/%.tidy))
tidy: $(lint_sources:%=$(LINT)/%.tidy)
lint: tidy cppcheck ruff style
.PHONY: lint tidy tidy-sources cppcheck ruff style format
