# tests/front.mk: the native front without an interpreter.

$(eval $(call program,front,tests/systems/front/front.c,http serial,$(IP_CFLAGS)))
$(eval $(call system,front,tests/systems/front/front.py))
