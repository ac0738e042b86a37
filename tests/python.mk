# tests/python.mk: the port's parts on the host, and interpreters that run a program instead of the prompt.

$(eval $(call host_test,python_files,tests/unit/python_files.c python/files.c python/changes.c fs/mount.c \
    fs/mem/mem.c $(FS_PAIR),\
    $(FAKE_PD_CFLAGS) -Itests/unit/micropython $(IP_CFLAGS)))
$(HOST_OBJ)/python_files/python/files.c.o: | $(SOURCES_READY)

# The endpoints in the storm that net/ip is tested by (tests/net.mk).
$(eval $(call host_test,python_endpoint,tests/unit/python_endpoint.c tests/unit/net_ip_storm.c \
    tests/unit/wire.c tests/unit/fake_front.c \
    $(addprefix python/,endpoint.c endpoint_tcp.c endpoint_udp.c endpoint_http.c) \
    $(filter-out examples/echo/%,$(IP_STORM)) $(FAKE_PD),\
    $(FAKE_PD_CFLAGS) -Itests/unit/micropython $(IP_CFLAGS) -DMEMP_MEM_MALLOC=1 -fno-sanitize=undefined $(FOREIGN)))
$(addprefix $(HOST_OBJ)/python_endpoint/python/,endpoint.c.o endpoint_tcp.c.o endpoint_udp.c.o endpoint_http.c.o): \
    | $(SOURCES_READY)

# ... in each of their states, with a peer that is the test,
$(eval $(call host_test,python_endpoint_states,tests/unit/python_endpoint_states.c $(WIRE_STACK) tests/unit/fake_front.c \
    $(addprefix python/,endpoint.c endpoint_tcp.c endpoint_udp.c endpoint_http.c) \
    $(filter-out examples/echo/%,$(IP_STORM)) $(FAKE_PD),\
    $(FAKE_PD_CFLAGS) -Itests/unit/micropython $(IP_CFLAGS) -DMEMP_MEM_MALLOC=1 -fno-sanitize=undefined $(FOREIGN)))
$(addprefix $(HOST_OBJ)/python_endpoint_states/python/,endpoint.c.o endpoint_tcp.c.o endpoint_udp.c.o \
    endpoint_http.c.o): | $(SOURCES_READY)

# ... and on the port of the native front, whose clients the test plays.
$(eval $(call host_test,python_endpoint_http,tests/unit/python_endpoint_http.c tests/unit/fake_front.c \
    python/endpoint.c python/endpoint_http.c,$(FAKE_PD_CFLAGS) -Itests/unit/micropython $(IP_CFLAGS) $(FOREIGN)))
$(addprefix $(HOST_OBJ)/python_endpoint_http/python/,endpoint.c.o endpoint_http.c.o): | $(SOURCES_READY)

$(eval $(call python_program,python_crash,tests/systems/python/crash.py))
$(eval $(call system,python_apps,tests/systems/python/python_apps.py,tests/systems/python/files))
$(eval $(call system,python_nfs,tests/systems/python/python_nfs.py))
