# mk/lint.mk: make lint: clang-tidy (.clang-tidy) and cppcheck (.cppcheck) over every C file of ours, each with the flags that
# it is compiled with, its style (.clang-format), and ruff (ruff.toml) over the Python. make format: gives it the style.
#
# lint_command.SOURCE is the first command that the build's rules have for it, the target's where there is one;
# lint_object.SOURCE what that makes. clang-tidy looks at a file again when that is newer, or the settings are.
# Left out: proofs/*.c, which are written for cbmc; bench/insncount.c, whose header is QEMU's; lib/trace/trace.c, which a header of a build
# with TRACE completes; what runs in the benchmark configuration alone.

LINT := $(CACHE_DIR)/obj$(KEPT_BY)/lint
LINT_READY := $(CACHE_DIR)/packages.lint
RUFF := $(CACHE_DIR)/programs/ruff/bin/ruff

# $(call lint_as,SOURCES,COMMAND,WHAT IT WAITS FOR): sources that other rules than the macros' compile.
lint_as = $(foreach s,$1,$(if $(lint_command.$s),,$(eval lint_command.$s := $2)$(eval lint_object.$s := $3)$(eval lint_seen += $s)))
$(call lint_as,$(wildcard python/*.c),$(CC) $(MPY_CFLAGS) $(WARNINGS) -Ipython -isystem $(MICROPYTHON) -isystem $(MPY_CORE) \
    -DMP_CONFIGFILE='"python/mpconfigport.h"',$(MPY_CORE)/libmicropython.a)
$(call lint_as,$(wildcard tests/microkit/*.c bench/kernel/*.c),$(CC) $(TARGET_CFLAGS) -ffreestanding \
    -isystem $(SDK_BOARD)/include $(WARNINGS))
$(call lint_as,$(wildcard sdk/kernel/uart_*.c sdk/loader/uart_*.c),$(CC) $(call KERNEL_CFLAGS,release,kernel))

lint_sources := $(filter-out $(THIRD_PARTY)/% $(BUILD_DIR)/% lib/trace/trace.c tests/kernel/utilisation_%,$(filter %.c,$(sort $(lint_seen))))

define tidy_rule
$(LINT)/$1.tidy: $1 .clang-tidy $(lint_object.$1) | $(LINT_READY) $(GENERATED_HEADERS)
	$$(call say,TIDY,$1)
	@mkdir -p $$(@D)
	$$(Q)clang-tidy-14 --quiet $1 -- $(filter-out -flto,$(wordlist 2,999,$(lint_command.$1))) >$$@.log 2>&1 || \
	    { grep -v '^[0-9]* warning\|^Suppressed\|^Use -' $$@.log; exit 1; }
	@touch $$@
endef
ifneq ($(filter lint tidy,$(MAKECMDGOALS)),)
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
	$(Q)$(CPPCHECK) -j2 bench examples fs http lib net python sdk serial tests timer

$(RUFF): third_party/requirements-lint.txt | $(PACKAGES_READY)
	$(call say,FETCH,ruff)
	$(Q)$(PYTHON) -m pip install --quiet --no-deps --require-hashes --disable-pip-version-check \
	    --root-user-action=ignore --upgrade --target $(CACHE_DIR)/programs/ruff -r $<
	@touch $@
ruff: | $(RUFF)
	$(call say,RUFF,.)
	$(Q)$(RUFF) check --quiet --no-cache --output-format concise bench boards compose examples mk proofs python sdk tests

# The style. Symbolic links and corpora are none of these.
styled := git ls-files -z -- '*.c' '*.h' | xargs -0
style: | $(LINT_READY)
	$(call say,STYLE,.)
	$(Q)$(styled) clang-format-14 --dry-run -Werror
format: | $(LINT_READY)
	$(Q)$(styled) clang-format-14 -i

tidy: $(lint_sources:%=$(LINT)/%.tidy)
lint: tidy cppcheck ruff style
.PHONY: lint tidy cppcheck ruff style format
