# python/python.mk: MicroPython, unmodified, with our port; and the programs made of it.
#
#   $(eval $(call python_program,NAME,MODULES))    the interpreter with MODULES (python files, from the top) frozen in

MPY_CORE := $(OBJ)/micropython
MPY_CROSS := $(CACHE_DIR)/obj/host/mpy-cross/mpy-cross
MPY_CFLAGS = $(PD_CFLAGS) -isystem $(SDK_BOARD)/include $(IP_CFLAGS) -DZ_SOLO -isystem $(ZLIB)

# The core and the port: MicroPython's own build, one archive. It keeps its own dependencies, so it is always asked.
# The banner tells the release and its date: without these it would tell our own repository's state.
MPY_MAKE := env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES MICROPY_GIT_TAG=v1.25.0 MICROPY_GIT_HASH=release \
    SOURCE_DATE_EPOCH=1744675200 $(MAKE) --no-print-directory
$(MPY_CORE)/libmicropython.a: FORCE $(MPY_CORE).flags | $(SOURCES_READY) $(GENERATED_HEADERS)
	$(Q)$(MPY_MAKE) -f python/port.mk MPY=$(MICROPYTHON) BUILD=$(MPY_CORE) PYTHON=$(PYTHON) PD_CC=$(CC) PD_AR=$(AR) \
	    PD_CFLAGS='$(MPY_CFLAGS)' FLAGS_FILE=$(MPY_CORE).flags \
	    PORT_CFLAGS='$(WARNINGS) -Wno-vla -UNDEBUG -isystem $(MICROPYTHON) -isystem $(MPY_CORE)' $(if $(Q),-s,V=1) \
	    $(MPY_CORE)/libmicropython.a 3>&1 $(if $(Q),>/dev/null)
$(eval $(call remember,$(MPY_CORE).flags,$(MPY_CFLAGS) $(WARNINGS)))
$(eval $(call archive,micropython,$(MPY_CORE)/libmicropython.a,http_client ip fs_client fs_mount serial timer zlib))

# The application's end of http/app_proto.h, and what of the front's texts it has use for: pure functions.
$(eval $(call library,http_client,$(HTTP_APP_CLIENT) $(addprefix http/parse/,text.c path.c chunk.c codings.c)))

# Of zlib what compresses, in memory alone.
$(eval $(call library,zlib,$(addprefix $(ZLIB)/,adler32.c crc32.c deflate.c trees.c zutil.c),,-DZ_SOLO $(FOREIGN)))

# The compiler of frozen modules, for this machine, from the same source.
$(MPY_CROSS): | $(SOURCES_READY)
	$(call say,HOST,mpy-cross)
	@mkdir -p $(@D)
	$(Q)$(MPY_MAKE) -s -C $(MICROPYTHON)/mpy-cross BUILD=$(abspath $(@D)) CC=clang PYTHON=$(PYTHON) \
	    >$(@D)/log 2>&1 || { cat $(@D)/log; exit 1; }

# What python/manifest.py names of this tree.
FROZEN_MODULES := $(wildcard python/website.py python/website_policy.py python/website_compress.py python/secrets.py python/asyncio/*.py python/_lib/*.py python/_lib/*/*.py)

# $(call frozen_rule,NAME,MODULES): compiled modules as C, in a folder of their own. They are this tree's, also where
# another one with the same CACHE_DIR has made some.
define frozen_rule
$(OBJ)/$1.frozen/manifest.py: $(OBJ)/$1.frozen/modules python/manifest.py
	@mkdir -p $$(@D)
	$$(Q){ cat python/manifest.py; for m in $2; do \
	    echo "module('$$$${m##*/}', base_path='$(CURDIR)/$$$${m%/*}')"; done; } >$$@
$(call remember,$(OBJ)/$1.frozen/modules,frozen: $2 of $(CURDIR))
$(OBJ)/$1.frozen/frozen_content.c: $(OBJ)/$1.frozen/manifest.py $(FROZEN_MODULES) $2 $(MPY_CROSS) \
    $(MPY_CORE)/libmicropython.a $(PYTHON_READY)
	$$(call say,FREEZE,$1)
	@mkdir -p $$(@D)/genhdr && cp $(MPY_CORE)/genhdr/qstrdefs.preprocessed.h $$(@D)/genhdr
	$$(Q)rm -rf $$@ $$(@D)/frozen_mpy # makemanifest.py would keep them, though the core's names are numbered anew
	$$(Q)MICROPY_MPYCROSS=$(abspath $(MPY_CROSS)) $(PYTHON) $(MICROPYTHON)/tools/makemanifest.py -o $$@ -b $$(@D) \
	    -v MPY_DIR=$(abspath $(MICROPYTHON)) -v MPY_LIB_DIR=$(abspath $(MICROPYTHON)) \
	    -v PORT_DIR=$(CURDIR)/python -v MICRODOT_DIR=$(abspath $(MICRODOT)) \
	    $$(@D)/manifest.py >$$(@D)/log 2>&1 || { cat $$(@D)/log; exit 1; }
$(OBJ)/$1.frozen/libfrozen.a: $(OBJ)/$1.frozen/frozen_content.c
	$$(call say,CC,$$<)
	$$(Q)$(CC) $(MPY_CFLAGS) -DMP_CONFIGFILE='"python/mpconfigport.h"' -w \
	    -Ipython -I$(MICROPYTHON) -I$(MPY_CORE) -c -o $(OBJ)/$1.frozen/frozen_content.o $$<
	$$(Q)rm -f $$@ && $(AR) rcsD $$@ $(OBJ)/$1.frozen/frozen_content.o
endef

define python_program
$(call frozen_rule,$1,$2)
$(call archive,$1_frozen,$(OBJ)/$1.frozen/libfrozen.a)
$(call program,$1,python/pd.c,micropython $1_frozen,$(IP_CFLAGS))
endef
