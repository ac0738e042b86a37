# mk/compiler-gcc.mk: COMPILER=gcc, the second opinion. The linker stays ld.lld, which does not read GCC's own form of
# objects: a program is not optimised as a whole.

CC := aarch64-linux-gnu-gcc
CXX := aarch64-linux-gnu-g++
HOST_CC := gcc
HOST_CXX := g++
COMPILER_READY := $(CACHE_DIR)/packages.gcc

# Debian's is made for Linux: it would build position-independent programs, and leave atomics to a helper of libgcc that
# asks Linux what the processor has.
TARGET := -mcpu=cortex-a53 -mno-outline-atomics -fno-pie
WITHOUT_LIBC := -nostdinc -isystem $(dir $(LIBGCC))include
COMPILATION_DIR :=
WITHOUT_ALIGNED_NEW := -fno-aligned-new
WHOLE_PROGRAM :=
# Clang's loop hints mean nothing to it. Since 14 it takes the head of a list on the stack, which is empty before its
# function ends, for an address that stays.
COMPILER_WARNINGS := -Wno-unknown-pragmas -Wno-dangling-pointer
HAS_LIBFUZZER :=
SANITIZE_LESS :=
