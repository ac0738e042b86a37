# mk/coverage.mk: make coverage: which lines of ours the host tests execute. UNIT narrows it, as for `make unit`.
#
# Its programs are those of `make unit`, sanitizers included, with counters in them; they lie apart. So it is a goal that
# stands alone. mk/coverage.py runs them, prints a figure per folder and writes the pages.

ifneq ($(filter coverage,$(MAKECMDGOALS)),)
ifneq ($(words $(MAKECMDGOALS)),1)
$(call stop,coverage stands alone: what else is made here would have its counters in it)
endif
ifneq ($(COMPILER),clang)
$(call stop,coverage: COMPILER=$(COMPILER) counts in a way of its own: it is done with clang alone)
endif
HOST_OBJ := $(CACHE_DIR)/obj/coverage
COUNTERS := -fprofile-instr-generate -fcoverage-mapping
SANITIZE += $(COUNTERS)
endif

.PHONY: coverage
