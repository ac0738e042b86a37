# mk/sources.mk: third-party sources, fetched when something needs them; and the packages of this machine.

THIRD_PARTY := third_party/src
MICROPYTHON := $(THIRD_PARTY)/micropython
LWIP := $(THIRD_PARTY)/lwip
LIBNFS := $(THIRD_PARTY)/libnfs
ZLIB := $(THIRD_PARTY)/zlib
MICRODOT := $(THIRD_PARTY)/microdot
PYTHON_PACKAGES := $(THIRD_PARTY)/python
AWSLC := $(THIRD_PARTY)/awslc

# Stamps. SOURCES_READY stands for everything that PINS lists from the distribution, PYTHON_READY for what comes by pip,
# AWSLC_READY for a crate, SDISTS_READY for source packages that tests read.
PACKAGES_READY := $(CACHE_DIR)/packages.build
SOURCES_READY := $(THIRD_PARTY)/fetched
PYTHON_READY := $(THIRD_PARTY)/python/installed
AWSLC_READY := $(AWSLC)/.pin
SDISTS_READY := $(THIRD_PARTY)/sdists/unpacked

# Files that no client here can fetch, brought by hand.
BROUGHT := SOURCES_DIR=$(call quoted,$(abspath $(SOURCES_DIR)))

$(CACHE_DIR)/packages.%: mk/packages mk/packages.sh
	@mkdir -p $(@D)
	@flock $(@D)/packages.lock mk/packages.sh $*
	@touch $@

# What everything needs is there first.
$(addprefix $(CACHE_DIR)/packages.,run compress graph boot gcc lint gdb https test): | $(PACKAGES_READY)

$(eval $(call remember,$(CACHE_DIR)/tools$(KEPT_BY).given,$$(tools_given)))
$(TOOLS): mk/find-tools $(CACHE_DIR)/tools$(KEPT_BY).given | $(PACKAGES_READY) $(COMPILER_READY)
	@env $(tools_given) $< >$@.$$$$ && mv $@.$$$$ $@ || { rm -f $@.$$$$; exit 1; }

$(SOURCES_READY): third_party/PINS third_party/fetch | $(PACKAGES_READY)
	@$(BROUGHT) third_party/fetch $(THIRD_PARTY)

$(PYTHON_READY): third_party/requirements.txt third_party/fetch-python | $(PACKAGES_READY)
	@$(BROUGHT) PYTHON=$(PYTHON) third_party/fetch-python $(THIRD_PARTY)

$(SDISTS_READY): $(addprefix third_party/,requirements-sdists.txt requirements-sdists-build.txt fetch-sdists) | $(PACKAGES_READY)
	@PYTHON=$(PYTHON) third_party/fetch-sdists $(THIRD_PARTY)

$(AWSLC_READY): third_party/CRATES third_party/fetch-crate | $(PACKAGES_READY)
	@$(BROUGHT) third_party/fetch-crate awslc $(THIRD_PARTY) $(CACHE_DIR)/programs

# A file of a third-party source: there as soon as the fetch is through.
$(MICROPYTHON)/% $(LWIP)/% $(LIBNFS)/% $(ZLIB)/%: | $(SOURCES_READY) ;
$(MICRODOT)/%: | $(PYTHON_READY) ;
$(AWSLC)/%: | $(AWSLC_READY) ;
