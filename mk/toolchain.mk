# mk/toolchain.mk: compilers and their flags. What the compiler must be told in its own words is in
# mk/compiler-$(COMPILER).mk.

LD := ld.lld
AR := llvm-ar
OBJCOPY := llvm-objcopy

# The C library PICOLIBC (LIBC is its archive), the compiler's helpers LIBGCC, C++'s headers LIBCXX, CLANG_TIDY: looked for
# once, as soon as the packages are here; make reads everything anew then.
TOOLS := $(CACHE_DIR)/tools$(KEPT_BY).mk
tools_given := $(foreach v,PICOLIBC LIBGCC QEMU PYTHON,$v=$(call quoted,$($v)))
ifneq ($(filter-out $(PASSIVE_GOALS),$(MAKECMDGOALS)),)
include $(TOOLS)
endif

# CC, HOST_CC, CXX, HOST_CXX: for the target, for this machine; TARGET: which processor; WITHOUT_LIBC: the C library's headers are left
# out, the compiler's own are not; WITHOUT_ALIGNED_NEW: C++'s operator new for large alignments is not named; COMPILER_WARNINGS: added to WARNINGS; WHOLE_PROGRAM: leave optimising to the linker; COMPILER_READY: the packages it is in.
include mk/compiler-$(COMPILER).mk
$(if $(filter gcc %-gcc cc,$(notdir $(firstword $(CC)))),$(if $(filter gcc,$(COMPILER)),,\
    $(call stop,CC='$(CC)': the other compiler is asked for by COMPILER=gcc)))

# No path of the building machine and no date gets into an object: the same inputs give the same image.
REPRODUCIBLE := -ffile-prefix-map=$(CURDIR)=. $(COMPILATION_DIR)
export SOURCE_DATE_EPOCH := 0
export PYTHONPYCACHEPREFIX := $(abspath $(CACHE_DIR))/pycache

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wno-unused-parameter \
    $(COMPILER_WARNINGS)
# For third-party sources, which are as they are: $(eval $(call library,x,..,..,$(FOREIGN))).
# They store and load through pointers of different types; seen to break when files are optimised together.
FOREIGN := -w -fno-strict-aliasing

# For programs that do not compute with floating point: they have no part in the switching of its registers. A program
# with library without_fp must be compiled with this.
WITHOUT_FP := -mgeneral-regs-only

# What every C file for the target is compiled with, kernel and loader included.
TARGET_CFLAGS := $(TARGET) -std=gnu11 -O2 -g -fno-pic -fno-common -fno-stack-protector -fno-asynchronous-unwind-tables \
    -ffunction-sections -fdata-sections $(REPRODUCIBLE) -I.
# Protection domains: with picolibc; errno and its kin are thread-local, reached from TPIDR_EL0.
PD_CFLAGS := $(TARGET_CFLAGS) $(WITHOUT_LIBC) -isystem $(PICOLIBC)/include -ftls-model=local-exec
# What the build's own rules compile is optimised as a whole when a PD is linked: a frame passes many small functions of
# several libraries. A variable that the image tool is to patch (setvar) must be volatile: its value in the source would
# be taken for granted.
PD_LTO := $(WHOLE_PROGRAM)
PD_LDFLAGS := -T mk/pd.ld --gc-sections --build-id=none -nostdlib -z max-page-size=4096 -z noexecstack \
    --no-dynamic-linker
# With TRACE the SDK's library calls a PD's entry points by way of lib/trace.
ifneq ($(TRACED),)
PD_CFLAGS += -DTRACED
PD_LDFLAGS += $(addprefix --wrap=,init notified protected fault)
endif

HOST_CFLAGS := -std=gnu11 -O2 -g -D_GNU_SOURCE $(REPRODUCIBLE) -I.
SANITIZE := -fsanitize=address,undefined $(SANITIZE_LESS) -fno-sanitize-recover=all -fno-omit-frame-pointer
