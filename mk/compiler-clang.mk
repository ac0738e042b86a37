# mk/compiler-clang.mk: COMPILER=clang, with which everything is built that is measured and shipped.

CC := clang
CXX := clang++
HOST_CC := clang
HOST_CXX := clang++
COMPILER_READY := $(CACHE_DIR)/packages.build

# cortex-a53 has no LSE and no later extension: its code runs on every board, and QEMU 7.2 models it.
TARGET := --target=aarch64-none-elf -mcpu=cortex-a53
WITHOUT_LIBC := -nostdlibinc
COMPILATION_DIR := -fdebug-compilation-dir=.
WITHOUT_ALIGNED_NEW := -fno-aligned-allocation
WHOLE_PROGRAM := -flto
COMPILER_WARNINGS :=
HAS_LIBFUZZER := yes
# Since 17 it wants a function called by its own type also in C: XDR (RFC 4506) as libnfs has it calls all alike.
SANITIZE_LESS := -fno-sanitize=function
