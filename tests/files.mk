# tests/files.mk: two honest clients of a file server beside a hostile one.

$(eval $(call program,fs_tenant,tests/systems/fs/tenant.c,fs_conformance fs_client serial))
$(eval $(call program,fs_hostile,tests/systems/fs/hostile.c,serial timer))
$(eval $(call system,fs_clients_mem,tests/systems/fs/fs_clients.py))
$(eval $(call system,fs_clients_nfs,tests/systems/fs/fs_clients.py))
