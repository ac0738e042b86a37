# examples/webserver/webserver.mk: the web server. Which files it serves, and with which application, is said by
# variables.

traced_with_server.webserver := yes

$(eval $(call python_program,python_webserver,examples/webserver/webserver.py))
$(eval $(call system,webserver,examples/webserver/system.py,$(WEBSITE_FILES)))

# A picture of the system needs no server.
ifneq ($(filter graph %.svg,$(MAKECMDGOALS)),)
NFS_SERVER ?= 10.0.2.2
NFS_DIRECTORY ?= /srv/website
endif

# The guest's second address: the NFS component asks DHCP first, where there is one.
qemu_forward.webserver = ,hostfwd=tcp:127.0.0.1:$(HTTP_PORT)-10.0.2.$(if $(WEBSITE_FILES),15,16):80

ifeq ($(WEBSITE_FILES),)
$(call require,webserver,NFS_SERVER)
$(call require,webserver,NFS_DIRECTORY)
else ifeq ($(wildcard $(WEBSITE_FILES)/.),)
$(call stop,WEBSITE_FILES='$(WEBSITE_FILES)': there is no such folder)
endif
