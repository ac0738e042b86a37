# examples/webserver/webserver.mk: the web server. Which files it serves is said by variables; system.py checks them.

HTTP_PORT ?= 5555
traced_with_server.webserver := yes

$(eval $(call python_program,python_webserver,examples/webserver/webserver.py))
$(eval $(call system,webserver,examples/webserver/system.py,NFS_SERVER NFS_DIRECTORY NFS_PORT MOUNT_PORT \
    WEBSITE_DIR WEBSITE_FRESH_MS NFS_UID NFS_GID))

# A picture of the system needs no server.
ifneq ($(filter graph %.svg,$(MAKECMDGOALS)),)
NFS_SERVER ?= 10.0.2.2
NFS_DIRECTORY ?= /srv/website
endif

ifneq ($(filter webserver.qemu,$(MAKECMDGOALS)),)
$(if $(call is_port,$(HTTP_PORT)),,$(call stop,HTTP_PORT='$(HTTP_PORT)' is no port: a number from 1 to 65535))
endif

# The guest's second address: the NFS component asks DHCP first.
qemu_forward.webserver = ,hostfwd=tcp:127.0.0.1:$(HTTP_PORT)-10.0.2.16:80

$(call require,webserver,NFS_SERVER,address or name of the NFS server as the guest sees it \
    (this machine is 10.0.2.2 in QEMU))
$(call require,webserver,NFS_DIRECTORY,the directory that it exports)
