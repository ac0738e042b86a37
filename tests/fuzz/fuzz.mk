# tests/fuzz/fuzz.mk: fuzz targets (tests/fuzz/fuzz.h).
#
#   $(eval $(call fuzz_flags,GROUP,CFLAGS))     sources that are compiled alike: one object serves all targets
#   $(eval $(call fuzz_target,NAME,GROUP SOURCES,..))     up to four groups; tests/fuzz/NAME.c is of the first
#   $(eval $(call fuzz_script,NAME))     tests/fuzz/NAME.py, by tests/fuzz/pyfuzz.py

FUZZ_OBJ := $(HOST_OBJ)/fuzz
FUZZ_CC := clang # whatever COMPILER says: libFuzzer is part of it
FUZZ_CFLAGS := $(HOST_CFLAGS) $(SANITIZE) -O1 -fsanitize=fuzzer-no-link

define fuzz_flags
fuzz_cflags.$1 := $(FUZZ_CFLAGS) $(if $(filter driver,$1),,-include tests/fuzz/sections.h) $2
$(call remember,$(FUZZ_OBJ)/$1/flags,$(FUZZ_CC) $$(fuzz_cflags.$1))
endef

define fuzz_object
ifeq ($(filter $(call object,$(FUZZ_OBJ)/$1,$2),$(all_objects)),)
$(call object_rule,$(FUZZ_OBJ)/$1,$2,$(FUZZ_CC),$(fuzz_cflags.$1),$(call fetched_for,$(fuzz_cflags.$1)) $(SOURCES_READY))
endif
endef

# $(call fuzz_objects,GROUP SOURCES): their objects. Evaluates the rules of those that are new.
fuzz_objects = $(foreach s,$(wordlist 2,$(words $1),$1),$(eval $(call fuzz_object,$(firstword $1),$s)) \
    $(call object,$(FUZZ_OBJ)/$(firstword $1),$s))

define fuzz_target
all_fuzz_targets += $1
$(if $(HAS_LIBFUZZER),all_host_tests += $(FUZZ_OBJ)/fuzz_$1)
fuzz_objects.$1 := $(call fuzz_objects,driver tests/fuzz/fuzz.c) \
    $(call fuzz_objects,$(firstword $2) tests/fuzz/$1.c $(wordlist 2,$(words $2),$2)) $(call fuzz_objects,$3) $(call fuzz_objects,$4) \
    $(call fuzz_objects,$5)
$(call remember,$(FUZZ_OBJ)/$1.linked,$$(fuzz_objects.$1) $$(fuzz_ldlibs.$1))
$(FUZZ_OBJ)/fuzz_$1: $$(fuzz_objects.$1) $(FUZZ_OBJ)/$1.linked
	$$(call say,LD,fuzz_$1)
	$$(Q)$(FUZZ_CC) $(SANITIZE) -fsanitize=fuzzer -o $$@ $$(fuzz_objects.$1) $$(fuzz_ldlibs.$1)
endef

# A program like the others; `make coverage`, which has no counters for it, leaves it out.
define fuzz_script
all_fuzz_targets += $1
$(if $(filter coverage,$(MAKECMDGOALS)),,all_host_tests += $(FUZZ_OBJ)/fuzz_$1)
$(FUZZ_OBJ)/fuzz_$1: tests/fuzz/fuzz.mk | $(PACKAGES_READY)
	@mkdir -p $$(@D)
	$$(Q)printf '%s\n' '#!/bin/sh' 'exec $(PYTHON) tests/fuzz/$1.py "$$$$@"' >$$@ && chmod +x $$@
endef

FUZZ_WARNINGS := $(WARNINGS) -Wno-missing-prototypes
$(eval $(call fuzz_flags,driver,$(FUZZ_WARNINGS)))
# Ours, beside a fake protection domain, lwIP's headers and MicroPython's numbers; third parties' sources.
$(eval $(call fuzz_flags,own,$(FUZZ_WARNINGS) $(FAKE_PD_CFLAGS) $(IP_CFLAGS) -Itests/unit/micropython))
# lwIP's pools are malloc's.
FUZZ_IP_CFLAGS := $(FAKE_PD_CFLAGS) $(IP_CFLAGS) -DMEMP_MEM_MALLOC=1
$(eval $(call fuzz_flags,ip,$(FUZZ_WARNINGS) $(FUZZ_IP_CFLAGS)))
$(eval $(call fuzz_flags,lwip,$(FUZZ_IP_CFLAGS) $(FOREIGN)))
$(eval $(call fuzz_flags,foreign,$(IP_CFLAGS) $(NFS_HOST_CFLAGS) $(FOREIGN)))

$(eval $(call fuzz_target,http_request,own $(HTTP_PARSERS) $(HTTP_TYPES)))
$(eval $(call fuzz_target,http_chunk,own http/parse/chunk.c http/parse/text.c))
$(eval $(call fuzz_target,http_tls_record,own http/tls/record.c http/tls/schedules.c))
FUZZ_FRONT := $(HTTP_FRONT_TEST)
$(eval $(call fuzz_target,http_front,own $(FUZZ_FRONT)))
$(eval $(call fuzz_target,http_split,own $(FUZZ_FRONT)))
$(eval $(call fuzz_target,http_app_head,own http/content/app_head.c $(HTTP_LINES) $(HTTP_PARSERS)))
$(eval $(call fuzz_target,python_reply,own $(addprefix python/incoming,.c _text.c _reply.c) python/control.c $(FRONT_PLAYED) \
    tests/unit/fake_rest.c $(FAKE_PD)))
$(eval $(call fuzz_target,fs_server,own fs/mem/mem.c tests/unit/fs_clients.c $(FS_SERVER) $(FAKE_PD)))
$(eval $(call fuzz_target,fs_client,own $(HTTP_CACHE) python/files.c python/changes.c fs/mount.c tests/unit/fs_pair.c fs/client.c \
    timer/client.c $(FAKE_PD)))
$(eval $(call fuzz_target,fs_nfs_xdr,foreign fs/nfs/zdr.c $(LIBNFS)/nfs/libnfs-raw-nfs.c $(LIBNFS)/mount/libnfs-raw-mount.c))
$(eval $(call fuzz_target,net_virt_tx,own net/virt_tx.c $(FAKE_PD)))
$(eval $(call fuzz_target,net_virt_rx,own net/virt_rx.c $(FAKE_PD)))
$(eval $(call fuzz_target,net_driver_virtio,own net/driver_virtio.c $(VIRTIO) $(FAKE_PD)))
FUZZ_IP := $(filter-out examples/echo/%,$(IP_STORM))
$(eval $(call fuzz_target,net_ip,ip $(WIRE_STACK) $(filter-out $(LWIP)/%,$(FUZZ_IP)),lwip $(filter $(LWIP)/%,$(FUZZ_IP)),\
    own $(FAKE_PD)))
$(eval $(call fuzz_target,net_driver_dwmac,own net/driver_dwmac.c net/dwmac_phy.c $(FAKE_PD)))

$(eval $(call fuzz_flags,tool,$(FUZZ_WARNINGS) -Isdk -include tests/fuzz/sdk_tool.h))
fuzz_ldlibs.sdk_tool := -lexpat
$(eval $(call fuzz_target,sdk_tool,tool $(addprefix sdk/tool/,xml.c fields.c description.c check.c board.c diag.c)))

$(eval $(call fuzz_script,compose_tree))

# As fs/nfs is built for the target, with its sockets under other names than the host's; FUZZ_SCARCE: its heap has an end.
$(eval $(call fuzz_flags,nfs,$(FUZZ_WARNINGS) $(FAKE_PD_CFLAGS) $(IP_CFLAGS) $(NFS_HOST_POSIX) $(NFS_CFLAGS) -DFUZZ_SCARCE))
FUZZ_LIBNFS_CFLAGS := $(NFS_HOST_POSIX) -Dhtonl=__builtin_bswap32 -Dntohl=__builtin_bswap32 -Dhtons=__builtin_bswap16 \
    $(LIBNFS_CFLAGS) -DFUZZ_SCARCE
$(eval $(call fuzz_flags,libnfs,$(FUZZ_LIBNFS_CFLAGS)))
$(eval $(call fuzz_flags,libnfs_pdu,$(FUZZ_LIBNFS_CFLAGS) $(LIBNFS_PDU_CFLAGS)))
$(eval $(call fuzz_target,fs_nfs_stream,own tests/unit/fs_nfs_peer.c tests/unit/fs_pair.c $(FS_SERVER) timer/client.c $(FAKE_PD),\
    nfs $(NFS_SOURCES),libnfs $(LIBNFS_SOURCES) fs/nfs/zdr.c,libnfs_pdu $(LIBNFS_PDU)))

# libssl with the fuzzer's eyes; libcrypto as for the unit tests. It keeps its own variables from one input to the next.
# The C++ runtime is libFuzzer's, not that of third_party/awslc/platform.c.
$(eval $(call fuzz_flags,tls,$(FUZZ_WARNINGS) $(TLS_TEST_CFLAGS) -D_ZdlPv=no_delete -D__cxa_pure_virtual=no_call))
fuzz_cflags.ssl := $(filter-out -std=%,$(FUZZ_CFLAGS)) -std=c++17 -fno-exceptions -fno-rtti -nostdinc++ -isystem $(LIBCXX) \
    $(AWSLC_HOST_COMPILE) -fno-sanitize=vptr
$(eval $(call remember,$(FUZZ_OBJ)/ssl/flags,$(FUZZ_CC) $$(fuzz_cflags.ssl)))
fuzz_ldlibs.tls_front := $(TLS_TEST_LIBS)
$(eval $(call fuzz_target,tls_front,tls $(filter-out $(FAKE_PD),$(TLS_TEST)),ssl $(AWSLC_HOST_SSL_FILES),own $(FAKE_PD)))
$(FUZZ_OBJ)/fuzz_tls_front: $(AWSLC_HOST)

# What `make fuzz` finds lies here: inputs that reach something new, and those that fail.
FUZZ_FOUND := $(CACHE_DIR)/fuzz
fuzz_wanted := $(if $(call same,$(FUZZ),all),$(all_fuzz_targets),$(call one_of_these,$(FUZZ),$(all_fuzz_targets)))
ifneq ($(filter fuzz fuzz-keep,$(MAKECMDGOALS)),)
ifneq ($(FUZZ),)
ifeq ($(fuzz_wanted),)
$(call stop,FUZZ='$(FUZZ)' is unknown. There are: all $(sort $(all_fuzz_targets)))
endif
endif
endif

FUZZ_RUN := exec $(PYTHON) tests/fuzz/run.py
.PHONY: fuzz fuzz-keep
fuzz: $(foreach t,$(fuzz_wanted),$(FUZZ_OBJ)/fuzz_$t)
	@$(FUZZ_RUN) $(if $(fuzz_wanted),run $(FUZZ_OBJ) $(FUZZ_FOUND) $(FUZZ_SECONDS) $(fuzz_wanted),\
	    list $(sort $(all_fuzz_targets)))
fuzz-keep: $(foreach t,$(fuzz_wanted),$(FUZZ_OBJ)/fuzz_$t)
	@$(FUZZ_RUN) $(if $(fuzz_wanted),keep $(FUZZ_OBJ) $(FUZZ_FOUND) $(fuzz_wanted),list $(sort $(all_fuzz_targets)))
