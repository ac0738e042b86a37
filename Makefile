# Serval: one build graph for the whole tree. `make` alone prints what there is to make.
#
# Each folder adds its part in a NAME.mk (three lines per component, mk/rules.mk has the macros); docs/build.md is the
# chapter about it. Everything runs from this folder: a Makefile of an example only hands its goals up to here.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

include mk/config.mk
include mk/toolchain.mk
include mk/rules.mk
include mk/sources.mk
include mk/coverage.mk
include boards/$(MICROKIT_BOARD)/board.mk

include $(wildcard $(addsuffix .mk,sdk/sdk lib/lib serial/serial supervisor/supervisor timer/timer virtio/virtio entropy/entropy net/net net/ip/ip fs/fs fs/nfs/nfs \
    fs/mem/mem third_party/awslc/awslc keys/keys tls/tls http/http python/python chaos/chaos))
include $(wildcard examples/*/*.mk tests/*.mk bench/*.mk proofs/*.mk)
include tests/fuzz/fuzz.mk

include mk/debug.mk
include mk/lint.mk
include mk/goals.mk
