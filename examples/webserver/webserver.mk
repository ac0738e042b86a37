# examples/webserver/webserver.mk: the web server. Which files it serves is said by variables.

traced_with_server.webserver := yes

$(eval $(call python_program,python_webserver,examples/webserver/webserver.py))
$(eval $(call system,webserver,examples/webserver/system.py))

# A picture of the system needs no server.
ifneq ($(filter graph %.svg,$(MAKECMDGOALS)),)
NFS_SERVER ?= 10.0.2.2
NFS_DIRECTORY ?= /srv/website
endif

# The guest's second address: the NFS component asks DHCP first.
qemu_forward.webserver = ,hostfwd=tcp:127.0.0.1:$(HTTP_PORT)-10.0.2.16:80

$(call require,webserver,NFS_SERVER)
$(call require,webserver,NFS_DIRECTORY)
