# examples/webserver/webserver.mk: the web server. Which files it serves, and with which application, is said by
# variables.

traced_with_server.webserver := yes

$(eval $(call python_program,python_webserver,$(addprefix examples/webserver/,webserver.py _reload.py _prompt.py)))
$(eval $(call system,webserver,examples/webserver/system.py,$(WEBSITE_FILES)))

# A picture of the system needs no server.
ifneq ($(filter graph %.svg,$(MAKECMDGOALS)),)
NFS_SERVER ?= 10.0.2.2
NFS_DIRECTORY ?= /srv/website
endif

# QEMU's DHCP gives addresses in the order of asking, from 10.0.2.15 on: with CHAOS=1 the killer is the first, then comes
# the NFS component, where there is one, then the site. The killer's port is HTTP_PORT + 2.
webserver_killer := $(filter 1,$(CHAOS))
webserver_address = $(words 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 $(webserver_killer) $(if $(WEBSITE_FILES),,nfs))
qemu_forward.webserver = ,hostfwd=tcp:127.0.0.1:$(HTTP_PORT)-10.0.2.$(webserver_address):80$(if \
    $(TLS_KEY),$(comma)hostfwd=tcp:127.0.0.1:$(HTTPS_PORT)-10.0.2.$(webserver_address):443)$(if \
    $(filter-out 0,$(STATUS_PORT)),$(comma)hostfwd=tcp:127.0.0.1:$(STATUS_PORT)-10.0.2.$(webserver_address):$(STATUS_PORT))$(if \
    $(webserver_killer),$(comma)hostfwd=tcp:127.0.0.1:$(shell expr $(HTTP_PORT) + 2)-10.0.2.15:80)

ifeq ($(WEBSITE_FILES),)
$(call require,webserver,NFS_SERVER)
$(call require,webserver,NFS_DIRECTORY)
else ifeq ($(wildcard $(WEBSITE_FILES)/.),)
$(call stop,WEBSITE_FILES='$(WEBSITE_FILES)': there is no such folder)
endif
