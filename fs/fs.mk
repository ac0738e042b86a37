# fs/fs.mk: the file service: a client's library, a server's core, the conformance program.

$(eval $(call library,fs_client,fs/client.c,pd))
$(eval $(call library,fs_server,fs/server.c,pd))
$(eval $(call library,fs_conformance,fs/conformance.c,fs_client))

FS_PAIR := tests/unit/fs_pair.c fs/server.c fs/client.c $(FAKE_PD)
$(eval $(call host_test,fs_mem,tests/unit/fs_mem.c fs/mem/mem.c fs/conformance.c $(FS_PAIR),$(FAKE_PD_CFLAGS)))
