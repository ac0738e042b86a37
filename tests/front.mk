# tests/front.mk: the native front without an interpreter.

$(eval $(call program,front,tests/systems/front/front.c,http serial,$(IP_CFLAGS)))
$(eval $(call system,front,tests/systems/front/front.py,NFS_SERVER NFS_DIRECTORY NFS_PORT MOUNT_PORT FRONT_CACHE_KIB))
