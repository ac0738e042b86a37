# fs/fs.mk: the file service: a client's library, a server's core, the conformance program.

$(eval $(call library,fs_client,fs/client.c,pd))
$(eval $(call library,fs_mount,fs/mount.c,fs_client timer))
FS_SERVER := $(addprefix fs/server,.c _clients.c _files.c _checks.c _paths.c _replies.c)
$(eval $(call library,fs_server,$(FS_SERVER),pd))
FS_CONFORMANCE := $(addprefix fs/conformance,.c _trial.c _refusals.c)
$(eval $(call library,fs_conformance,$(FS_CONFORMANCE),fs_client))

FS_PAIR := tests/unit/fs_pair.c $(FS_SERVER) fs/client.c $(FAKE_PD)
$(eval $(call host_test,fs_client,tests/unit/fs_client.c fs/client.c $(FAKE_PD),$(FAKE_PD_CFLAGS)))
$(eval $(call host_test,fs_mem,tests/unit/fs_mem.c fs/mem/mem.c $(FS_CONFORMANCE) $(FS_PAIR),$(FAKE_PD_CFLAGS)))
$(eval $(call host_test,fs_server,tests/unit/fs_server.c $(FS_PAIR),$(FAKE_PD_CFLAGS)))
$(eval $(call host_test,fs_server_clients,tests/unit/fs_server_clients.c tests/unit/fs_clients.c $(FS_SERVER) $(FAKE_PD),\
    $(FAKE_PD_CFLAGS)))
$(eval $(call host_test,fs_mount,tests/unit/fs_mount.c fs/mount.c $(FAKE_PD),$(FAKE_PD_CFLAGS)))
