# chaos/chaos.mk: who has others die, in systems that are built for that.

$(eval $(call program,chaos,chaos/chaos.c,ip serial,$(IP_CFLAGS)))
