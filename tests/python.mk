# tests/python.mk: the port's parts on the host, and interpreters that run a program instead of the prompt.

$(eval $(call host_test,python_files,tests/unit/python_files.c python/files.c fs/mem/mem.c $(FS_PAIR),$(FAKE_PD_CFLAGS) \
    -Itests/unit/micropython $(IP_CFLAGS)))
$(HOST_OBJ)/python_files/python/files.c.o: | $(SOURCES_READY)

$(eval $(call python_program,python_crash,tests/systems/python/crash.py))
$(eval $(call system,python_apps,tests/systems/python/python_apps.py))
