# third_party/awslc/awslc.mk: libcrypto and libssl of AWS-LC, unmodified, for protection domains and for tests on the host.
# Of each only the files that some program here uses (files.mk); of those the linker takes what is reached.
#
#   library crypto    arithmetic, AEADs, hashes; wants random_bytes() (third_party/awslc/platform.c), and one of
#           crypto_module, crypto_module_small
#   library ssl       TLS; C++ without exceptions, RTTI or a C++ library
#   AWSLC_CFLAGS      for who includes its headers; AWSLC_HOST_CFLAGS on the host, with AWSLC_HOST to be linked
#
# Only what asks for these fetches or compiles any of it.

AWSLC_SRC := $(AWSLC)/aws-lc
AWSLC_BIGNUM := $(AWSLC_SRC)/third_party/s2n-bignum
AWSLC_CXX_READY := $(CACHE_DIR)/packages.https
include third_party/awslc/files.mk

# NANOLIBC: no files, sockets, threads. STATIC_ARMCAP: the processor's extensions are those of -mcpu, nothing is probed:
# AES and SHA by its instructions, as every board here has them.
AWSLC_CFLAGS := -isystem $(AWSLC_SRC)/include -DOPENSSL_NANOLIBC -DOPENSSL_STATIC_ARMCAP
AWSLC_INSIDE := -DBORINGSSL_IMPLEMENTATION -DS2N_BN_HIDE_SYMBOLS -DNDEBUG -DDISABLE_CPU_JITTER_ENTROPY -Ithird_party/awslc/compat \
    -I$(AWSLC_BIGNUM)/include -I$(AWSLC_BIGNUM)/s2n-bignum-imported/include -I$(AWSLC_BIGNUM)
# Not optimised with our code as a whole: constant time is that of each file's own code. Not for Linux, as Debian's GCC is.
AWSLC_COMPILE := $(AWSLC_CFLAGS) $(AWSLC_INSIDE) $(FOREIGN) -fno-lto -ffreestanding -mcpu=cortex-a53+crypto -U__linux__
# One file, as bcm.c is, of those that it includes and that are needed.
AWSLC_MODULE_C := $(OBJ)/awslc_module.c
$(AWSLC_MODULE_C): third_party/awslc/files.mk
	@mkdir -p $(@D)
	$(Q)printf '#include "crypto/fipsmodule/%s"\n' $(AWSLC_MODULE) >$@

AWSLC_CRYPTO_FILES := $(addprefix $(AWSLC_SRC)/,$(AWSLC_CRYPTO) $(AWSLC_CRYPTO_ASSEMBLY))
AWSLC_SSL_FILES := $(addprefix $(AWSLC_SRC)/,$(AWSLC_SSL))

$(eval $(call library,crypto,$(AWSLC_CRYPTO_FILES),crypto_platform,$(AWSLC_COMPILE)))
# The one file has the proved arithmetic (s2n-bignum) for Linux alone, of which it then uses nothing. The small one is for
# handshakes, of which most time is spent in assembly: with P-256 in C, without a table of 148 KiB.
AWSLC_MODULE_CFLAGS := $(AWSLC_COMPILE) -I$(AWSLC_SRC) -DOPENSSL_LINUX
$(eval $(call library,crypto_module,$(AWSLC_MODULE_C),,$(AWSLC_MODULE_CFLAGS)))
$(eval $(call library,crypto_module_small,$(AWSLC_MODULE_C),,$(AWSLC_MODULE_CFLAGS) -DOPENSSL_SMALL -Os))
$(eval $(call library,crypto_platform,third_party/awslc/platform.c third_party/awslc/methods.c third_party/awslc/left_out.S,,\
    $(AWSLC_CFLAGS) -isystem $(AWSLC_SRC)))

AWSLC_CXXFLAGS = $(filter-out -std=%,$(PD_CFLAGS)) -std=c++17 -fno-exceptions -fno-rtti -fno-threadsafe-statics \
    $(WITHOUT_ALIGNED_NEW) -nostdinc++ -D_LIBCPP_HAS_NO_THREADS -D_LIBCPP_HAS_NO_LIBRARY_ALIGNED_ALLOCATION
$(eval $(call archive,ssl,$(OBJ)/lib/libssl.a,crypto))
$(eval $(call objects_rules,$(OBJ)/ssl,$(AWSLC_SSL_FILES),$(CXX),-isystem $(LIBCXX) $(AWSLC_CXXFLAGS) $(AWSLC_COMPILE) -Os,\
    $(AWSLC_CXX_READY)))
$(eval $(call archive_rule,$(OBJ)/lib/libssl.a,$(foreach s,$(AWSLC_SSL_FILES),$(call object,$(OBJ)/ssl,$s))))
$(eval $(call remember,$(OBJ)/lib/libssl.members,$(AWSLC_SSL_FILES)))
$(OBJ)/lib/libssl.a: $(OBJ)/lib/libssl.members

# On the host: all of it, in C alone, without its own entropy, which the test gives.
AWSLC_BCM := $(AWSLC_SRC)/crypto/fipsmodule/bcm.c
AWSLC_HOST_CFLAGS := -isystem $(AWSLC_SRC)/include -DOPENSSL_NANOLIBC
AWSLC_HOST_COMPILE := $(AWSLC_HOST_CFLAGS) $(AWSLC_INSIDE) $(FOREIGN) -DOPENSSL_NO_ASM -ffunction-sections -fdata-sections
AWSLC_HOST := $(HOST_OBJ)/awslc/libawslc.a
AWSLC_HOST_SSL_FILES := $(AWSLC_SSL_FILES) $(addprefix $(AWSLC_SRC)/,$(AWSLC_HOST_SSL))
AWSLC_HOST_FILES := $(addprefix $(AWSLC_SRC)/,$(AWSLC_CRYPTO) $(AWSLC_HOST_ALONE)) $(AWSLC_BCM)
$(eval $(call objects_rules,$(HOST_OBJ)/awslc/crypto,$(AWSLC_HOST_FILES),$(HOST_CC),$(HOST_CFLAGS) $(AWSLC_HOST_COMPILE),))
$(eval $(call objects_rules,$(HOST_OBJ)/awslc/ssl,$(AWSLC_HOST_SSL_FILES),$(HOST_CXX),$(filter-out -std=%,$(HOST_CFLAGS)) \
    -std=c++17 -fno-exceptions -fno-rtti -nostdinc++ -isystem $(LIBCXX) $(AWSLC_HOST_COMPILE),$(AWSLC_CXX_READY)))
$(eval $(call archive_rule,$(AWSLC_HOST),$(foreach s,$(AWSLC_HOST_FILES),$(call object,$(HOST_OBJ)/awslc/crypto,$s)) \
    $(foreach s,$(AWSLC_HOST_SSL_FILES),$(call object,$(HOST_OBJ)/awslc/ssl,$s))))
