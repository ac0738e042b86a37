# tests/python.mk: the port's parts on the host, and interpreters that run a program instead of the prompt.

$(eval $(call host_test,python_files,tests/unit/python_files.c python/files.c python/changes.c fs/mount.c \
    fs/mem/mem.c $(FS_PAIR),\
    $(FAKE_PD_CFLAGS) -Itests/unit/micropython $(IP_CFLAGS)))

# The endpoints, and what they stand on of the site: requests, and the front's end that a test plays.
PYTHON_ENDPOINTS := $(addprefix python/endpoint,.c _tcp.c _udp.c)
PYTHON_SITE := $(addprefix python/,endpoint_http.c incoming.c incoming_text.c incoming_reply.c control.c)
FRONT_PLAYED := tests/unit/fake_front.c tests/unit/http_app_client.c tests/unit/http_app_client_link.c http/app_front.c \
    http/app_link.c http/parse/text.c http/parse/chunk.c
PYTHON_UNIT := -Itests/unit/micropython $(IP_CFLAGS)

# ... in the storm that net/ip is tested by (tests/net.mk),
$(eval $(call host_test,python_endpoint,tests/unit/python_endpoint.c tests/unit/net_ip_storm.c tests/unit/wire.c \
    $(PYTHON_ENDPOINTS) $(PYTHON_SITE) $(FRONT_PLAYED) $(filter-out examples/echo/%,$(IP_STORM)) $(FAKE_PD),\
    $(FAKE_PD_CFLAGS) $(PYTHON_UNIT) -DMEMP_MEM_MALLOC=1 -fno-sanitize=undefined $(FOREIGN)))

# ... in each of their states, with a peer that is the test,
$(eval $(call host_test,python_endpoint_states,tests/unit/python_endpoint_states.c $(WIRE_STACK) \
    $(PYTHON_ENDPOINTS) $(PYTHON_SITE) $(FRONT_PLAYED) $(filter-out examples/echo/%,$(IP_STORM)) $(FAKE_PD),\
    $(FAKE_PD_CFLAGS) $(PYTHON_UNIT) -DMEMP_MEM_MALLOC=1 -fno-sanitize=undefined $(FOREIGN)))

# ... and on the site's port.
$(eval $(call host_test,python_endpoint_http,tests/unit/python_endpoint_http.c tests/unit/fake_rest.c python/endpoint.c \
    $(PYTHON_SITE) $(FRONT_PLAYED) $(FAKE_PD),$(FAKE_PD_CFLAGS) $(PYTHON_UNIT) $(FOREIGN)))

$(eval $(call host_test,python_hash,tests/unit/python_hash.c python/hash.c))

$(eval $(call python_program,python_crash,tests/systems/python/crash.py))
$(eval $(call system,python_apps,tests/systems/python/python_apps.py,tests/systems/python/files))
$(eval $(call system,python_site,tests/systems/python/python_site.py,examples/python/files))
$(eval $(call system,python_nfs,tests/systems/python/python_nfs.py))
