# mk/goals.mk: what can be asked for, and what make has to read for it.

define help_text
make hello | echo | fileio | python | webserver   a system's image: BUILD_DIR/NAME.img
make NAME.qemu     boots it, the serial console on stdin and stdout (Ctrl-A x quits)
make NAME.scr      scripts with which U-Boot loads and starts it: BUILD_DIR/NAME.boot.scr (card), NAME.tftp.scr
make NAME.trace    boots it, then shows what each PD did when (for Perfetto, too): docs/tracing.md
make run           builds the web server, starts a private NFS server, boots, prints the address to open
                   (SITE=FOLDER: your site, made where there is none; APPLICATION=none: without Python; WEBSITE_FILES=FOLDER: a
                   site in the image, without NFS)
make console       the same, with a prompt of the Python that serves: what is typed is run in app.py's names
make fleet         three web servers on one NFS server behind HAProxy, of which any may be killed: examples/fleet/README.md
make compress      puts .br and .gz beside the files of SITE that get smaller by it, for clients that take them
make test          everything that checks it (TESTS='tests/test_echo.py -k burst': a part, and what that needs)
make chaos         parts of the web server die while it serves, one each second, then random faults: chaos/README.md
                   (CHAOS_MINUTES of each; CHAOS_SEED repeats a run)
make unit          the host's unit tests alone (UNIT=http_parse_date: one of them, in seconds; UNIT='http_site net_ip_*')
make coverage      which lines the host's unit tests execute: a figure per folder, BUILD_DIR/coverage/index.html (UNIT: as above)
make fuzz          lists the fuzz targets; FUZZ=NAME (or all) runs one, FUZZ_SECONDS=60 or until Ctrl-C
make lint          clang-tidy, cppcheck, ruff and the style of every file of ours; make format: gives it the style
make prove         the bounded proofs and models; make prove-mutations: that each of them can fail
make bench         Serval beside Linux with nginx, with Python (bench-quick: in short; figures: Serval alone;
                   profile, stages, soak, costs: docs/benchmarks.md)
make NAME.gdb      boots it standing still, with gdb attached (docs/debugging.md; GDB_ARGS: more arguments for gdb)
make explain       what a console says of a fault as functions and source lines: LOG=FILE or stdin (docs/debugging.md);
                   SYSTEM=NAME: only of images of that name
make graph         draws each system: BUILD_DIR/NAME/NAME.svg
make sdk           the SDK in all its configs: CACHE_DIR/sdk
make submodules    fetches the pinned third-party sources
make clean         removes what was built, not what was measured; make distclean: what was fetched, too

make help-variables   what can be set: make NAME VARIABLE=value, or in the environment
endef
space := $(subst x,,x x)

.PHONY: help help-variables readme sdk submodules packages systems graph unit run console compress test chaos notices clean distclean
help:
	$(info $(help_text))
	@:

# KIND and default of each, as mk/variables.mk has them.
help-variables:
	@sed -n 's/^## /\n/p; s/^var\.\([A-Z_]*\) *:= *\([^ ]*\) *\([^ ]*\) *\(.*\)/  \1\t\2\t\3\t\4/p' mk/variables.mk | \
	    awk -F '\t' 'NF < 4 { print; next } { printf "%-20s %-24s %-20s %s\n", $$1, $$2, $$3, $$4 }'
	@echo; echo "board: $(BOARDS)"

# Rewrites the README's table of them.
readme:
	@$(PYTHON) mk/variables.py readme

sdk: $(SDK_ALL)
submodules: $(SOURCES_READY) $(PYTHON_READY)
packages: $(CACHE_DIR)/packages.build
systems: $(all_systems)
graph: $(foreach s,$(all_systems),$(BUILD_DIR)/$s/$s.svg)

# UNIT narrows it: names of host tests, a `*` in each stands for anything.
host_test_names := $(notdir $(all_host_tests))
no_such_test = $(call stop,UNIT: there is no host test '$1'. $(if $2,Near it: $2,There are: $(host_test_names)))
wanted_tests = $(sort $(foreach w,$(UNIT),$(or $(filter $(subst *,%,$(subst %,\%,$w)),$(host_test_names)),\
    $(call no_such_test,$w,$(call near,$w,$(host_test_names))))))
ifneq ($(and $(filter unit coverage,$(MAKECMDGOALS)),$(strip $(UNIT))),)
unit coverage: $(foreach t,$(wanted_tests),$(filter %/$t,$(all_host_tests)))
else
unit coverage: $(all_host_tests)
endif
unit:
	@V=$(call quoted,$(V)) mk/unit $^
coverage: mk/coverage.py
	@$(PYTHON) $< $(BUILD_DIR)/coverage $(filter-out $<,$^)

# A system's scripts for U-Boot; made with the image where a board says that U-Boot boots it.
define boot_scripts
.PHONY: $1.scr
$1.scr: $(BUILD_DIR)/$1.boot.scr $(BUILD_DIR)/$1.tftp.scr $(BUILD_DIR)/$1.img
$(call remember,$(BUILD_DIR)/$1/boot,$(MICROKIT_BOARD) $(BOARD_LOAD))
$(BUILD_DIR)/$1.boot.scr $(BUILD_DIR)/$1.tftp.scr: $(BUILD_DIR)/$1.%.scr: mk/boot-script $(BUILD_DIR)/$1/boot \
    | $(CACHE_DIR)/packages.boot
	$$(call say,SCRIPT,$$@)
	$$(Q)mk/boot-script $$* $1 $(MICROKIT_BOARD) $(BOARD_LOAD) $$@
$(if $(BOARD_BOOTED_BY_UBOOT),$1: $1.scr)
endef
$(foreach s,$(all_systems),$(eval $(call boot_scripts,$s)))

# What the scripts of run and test find in their environment: where things are, and the user's variables.
script_environment = PYTHONPATH=.:$(PYTHON_PACKAGES) CACHE_DIR='$(abspath $(CACHE_DIR))' BUILD_DIR='$(BUILD_DIR)' \
    QEMU=$(call quoted,$(QEMU)) MICROKIT_BOARD=$(MICROKIT_BOARD) MICROKIT_SDK='$(MICROKIT_SDK)' SERVAL_MAKE='$(MAKE)' \
    SERVAL_TOOL='$(abspath $(SDK)/bin/microkit)' SERVAL_UNIT_TESTS='$(abspath $(all_host_tests))' \
    SERVAL_PICOLIBC='$(PICOLIBC)' SERVAL_CLANG_TIDY=$(CLANG_TIDY) SERVAL_FUZZ_TARGETS='$(all_fuzz_targets)' \
    SERVAL_LIBRARIES='$(abspath $(foreach l,$(all_libraries),$(library.$l.file)))'

# The script builds the system itself: the address of a private NFS server is known only once that runs. It takes the
# shell's place: after a Ctrl-C, which it ends for without an error, a shell would tell make of one.
run_environment = $(script_environment) SERVAL_BOOT=$(call quoted,$(call boot_arguments,@IMAGE@)) HTTP_PORT=$(HTTP_PORT) HTTPS_PORT=$(HTTPS_PORT) \
    $(call settings,$(filter-out BUILD_DIR CACHE_DIR,$(GIVEN)))
run: $(CACHE_DIR)/packages.run $(SOURCES_READY) $(PYTHON_READY) $(QEMU_READY)
	@exec env $(run_environment) $(PYTHON) mk/run/run.py
console: $(CACHE_DIR)/packages.run $(SOURCES_READY) $(PYTHON_READY) $(QEMU_READY)
	@exec env $(run_environment) WEBSITE_CONSOLE=1 $(PYTHON) mk/run/run.py

compress: $(CACHE_DIR)/packages.compress $(COMPRESSIBLE)
	@exec $(PYTHON) mk/run/compress.py $(call quoted,$(SITE)) $(COMPRESSIBLE)

# The image is built apart, in BUILD_DIR/trace; of the web server by the script, as `make run` does.
define trace_goal
.PHONY: $1.trace
$1.trace: $(CACHE_DIR)/packages.run $(SOURCES_READY) $(PYTHON_READY) $(QEMU_READY)
	$(if $(traced_with_server.$1),,+$$(Q)$$(MAKE) --no-print-directory $1 TRACE=$$(or $$(TRACED),1) \
	    BUILD_DIR=$$(BUILD_DIR)/trace)
	@exec env $$(run_environment) \
	    SERVAL_QEMU=$$(call quoted,$$(call quoted,$$(QEMU)) $$(QEMU_ARGS) -netdev \
	        user$$(comma)id=net0$$(qemu_forward.$1) $$(call boot_arguments,$$(BUILD_DIR)/trace/$1.img)) \
	    $$(PYTHON) mk/run/trace.py $1
endef
$(foreach s,$(all_systems),$(eval $(call trace_goal,$s)))
ifneq ($(TRACE_GET),)
$(foreach s,$(filter $(patsubst %.trace,%,$(filter %.trace,$(MAKECMDGOALS))),$(all_systems)),\
    $(if $(traced_with_server.$s),,$(call stop,TRACE_GET is for webserver.trace; $s has no such server)))
endif

ifeq ($(wildcard boards/$(MICROKIT_BOARD)/qemu.args),)
ifneq ($(filter run console fleet %.qemu %.trace %.gdb,$(MAKECMDGOALS)),)
$(call stop,no QEMU has a model of $(MICROKIT_BOARD): docs/$(MICROKIT_BOARD).md tells how the board boots \
    what `make NAME` builds)
endif
endif

# The tests say what has to be built for them: systems as they come to them, all else by a mark (tests/conftest.py).
test: $(CACHE_DIR)/packages.test $(PYTHON_READY)
	@$(script_environment) $(PYTHON) tests/run.py $(call quoted,$(TESTS))

# Long: CHAOS_MINUTES of kills, as many of faults. The report, its picture and the totals lie in BUILD_DIR/chaos.
chaos: $(CACHE_DIR)/packages.test $(SOURCES_READY) $(AWSLC_READY) $(PYTHON_READY)
	$(if $(MICROKIT_SDK),$(call stop,faults are made where our own image tool's report says: make chaos without \
	    MICROKIT_SDK))
	@cd tests && exec env $(script_environment) PYTHONPATH=..:$(abspath $(PYTHON_PACKAGES)) \
	    BUILD_DIR='$(abspath $(BUILD_DIR))' CHAOS_SEED=$(call quoted,$(CHAOS_SEED)) \
	    CHAOS_MINUTES=$(CHAOS_MINUTES) CHAOS_HALVES=$(CHAOS_HALVES) CHAOS_MACHINES=$(CHAOS_MACHINES) \
	    CHAOS_NET=$(CHAOS_NET) $(PYTHON) -m serval.chaos.run

# The licence texts of all that an image contains, to be passed on with it.
NOTICE_TEXTS := LICENSE third_party/NOTICES.md $(MICROPYTHON)/LICENSE $(MICRODOT)/LICENSE $(LWIP)/COPYING \
    $(LIBNFS)/COPYING $(LIBNFS)/LICENCE-LGPL-2.1.txt $(LIBNFS)/LICENCE-BSD.txt $(ZLIB)/LICENSE \
    $(wildcard $(AWSLC)/aws-lc/LICENSE $(AWSLC)/aws-lc/third_party/fiat/LICENSE) \
    $(wildcard /usr/share/doc/picolibc-aarch64-linux-gnu/copyright) \
    $(firstword $(wildcard $(patsubst %,/usr/share/doc/libgcc-%-dev-arm64-cross/copyright,$(notdir $(patsubst %/,%,$(dir $(LIBGCC)))))))
notices: $(SOURCES_READY) $(PYTHON_READY)
	@mkdir -p $(BUILD_DIR)
	$(Q)for f in $(NOTICE_TEXTS); do echo "==== $$f"; echo; cat "$$f"; echo; done >$(BUILD_DIR)/NOTICES
	$(call say,NOTICES,$(BUILD_DIR)/NOTICES)

clean:
	rm -rf $(foreach s,$(all_systems),$(BUILD_DIR)/$s $(BUILD_DIR)/$s.img $(BUILD_DIR)/$s.report.txt \
	        $(BUILD_DIR)/$s.boot.scr $(BUILD_DIR)/$s.tftp.scr \
	        $(addprefix $(BUILD_DIR)/$s.trace.,txt json svg)) \
	    $(addprefix $(BUILD_DIR)/,trace coverage kernel_* report.txt NOTICES run) \
	    $(addprefix $(CACHE_DIR)/,run obj obj-* sdk sdk-* host http test pycache compile_commands.json) \
	    $(CACHE_DIR)/boards

distclean: clean
	rm -rf $(THIRD_PARTY) $(CACHE_DIR)/packages.* $(CACHE_DIR)/tools* $(CACHE_DIR)/programs $(FUZZ_FOUND)

# compose writes the link rules: make remakes these files first of all, then starts anew. One that is not there yet
# begins as an empty, very old file, since make complains about including what does not exist.
ifneq ($(filter-out $(PASSIVE_GOALS),$(MAKECMDGOALS)),)
wanted_rules := $(foreach s,$(sort $(wanted_systems)),$(BUILD_DIR)/$s/$s.mk)
$(foreach f,$(wanted_rules),$(if $(wildcard $f),,$(shell mkdir -p $(dir $f) && touch -d @1 $f)))
include $(wanted_rules)
-include $(wildcard $(all_objects:.o=.d))
endif
