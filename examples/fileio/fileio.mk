# fileio.mk: one program, two systems: `make fileio_mem`, `make fileio_nfs NFS_SERVER=.. NFS_DIRECTORY=..`;
# `make fileio` is the first.

$(eval $(call program,fileio,examples/fileio/fileio.c,fs_conformance fs_client serial))
goals_with.fileio_mem := fileio fileio.qemu
$(eval $(call system,fileio_mem,examples/fileio/fileio.py,examples/fileio/files))
$(eval $(call system,fileio_nfs,examples/fileio/fileio.py))

# A picture of the system needs no server.
ifneq ($(filter graph %.svg,$(MAKECMDGOALS)),)
NFS_SERVER ?= 10.0.2.2
NFS_DIRECTORY ?= /srv/files
endif
$(call require,fileio_nfs,NFS_SERVER)
$(call require,fileio_nfs,NFS_DIRECTORY)

.PHONY: fileio fileio.qemu
fileio: fileio_mem
fileio.qemu: fileio_mem.qemu
