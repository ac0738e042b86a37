# fs/mem/mem.mk: the reference file server.

$(eval $(call program,fs_mem,fs/mem/mem.c,fs_server))
