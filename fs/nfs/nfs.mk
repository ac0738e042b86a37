# fs/nfs/nfs.mk: the file server on NFSv3. Of libnfs only the asynchronous RPC layer is built: its XDR is fs/nfs/zdr.c.

# zdr.c reads and writes libnfs' variables as integers of their size, through libnfs' pointers.
NFS_CFLAGS := -fno-strict-aliasing -Ifs/nfs/compat -include fs/nfs/compat/config.h -DHAVE_CONFIG_H -D_U_= \
    -I$(LIBNFS)/include -I$(LIBNFS)/include/nfsc -I$(LIBNFS)/mount -I$(LIBNFS)/nfs -I$(LIBNFS)/portmap

LIBNFS_PDU := $(LIBNFS)/lib/pdu.c
LIBNFS_SOURCES := $(addprefix $(LIBNFS)/,lib/init.c lib/socket.c mount/mount.c mount/libnfs-raw-mount.c \
    nfs/nfs.c nfs/libnfs-raw-nfs.c portmap/portmap.c portmap/libnfs-raw-portmap.c)
NFS_FILES := $(addprefix fs/nfs/,nfs.c open.c transfer.c names.c directory.c file.c walk.c op.c mount.c rpc.c)
NFS_SOURCES := $(NFS_FILES) fs/nfs/socket.c
LIBNFS_CFLAGS := $(NFS_CFLAGS) $(addprefix -include fs/nfs/compat/,buckets.h error_text.h) $(FOREIGN)
LIBNFS_PDU_CFLAGS := $(addprefix -include fs/nfs/compat/,fragments.h calls.h)
$(eval $(call library,nfs_rpc,$(LIBNFS_SOURCES),nfs_pdu,$(LIBNFS_CFLAGS)))
$(eval $(call library,nfs_pdu,$(LIBNFS_PDU),,$(LIBNFS_CFLAGS) $(LIBNFS_PDU_CFLAGS)))
$(eval $(call library,nfs_zdr,fs/nfs/zdr.c,,$(NFS_CFLAGS)))
# picolibc's printf without floating point is 10 KB smaller, and libnfs' texts have no such numbers.
$(eval $(call program,fs_nfs,$(NFS_SOURCES), fs_server nfs_rpc nfs_zdr ip serial timer,$(IP_CFLAGS) $(NFS_CFLAGS),\
    --defsym=vfprintf=__i_vfprintf))

NFS_HOST_CFLAGS := -I$(LIBNFS)/include -I$(LIBNFS)/include/nfsc -I$(LIBNFS)/mount -I$(LIBNFS)/nfs

$(eval $(call host_test,fs_nfs_rpc,tests/unit/fs_nfs_rpc.c fs/nfs/rpc.c timer/client.c $(FAKE_PD),\
    $(FAKE_PD_CFLAGS) $(IP_CFLAGS) $(NFS_HOST_CFLAGS) -include sys/time.h))

# The POSIX names are ours there; on the host they have to be others than libc's, whose headers are kept out, too.
NFS_POSIX := socket bind connect send recv close getsockopt setsockopt fcntl dup2 sendto recvfrom getaddrinfo \
    freeaddrinfo getservbyport getpid getuid getgid
NFS_HOST_POSIX := $(foreach name,$(NFS_POSIX),-D$(name)=nfs_test_$(name)) -D_ARPA_INET_H=1
$(eval $(call host_test,fs_nfs_socket,tests/unit/fs_nfs_socket.c fs/nfs/socket.c $(FAKE_PD),\
    $(FAKE_PD_CFLAGS) $(IP_CFLAGS) $(NFS_HOST_POSIX) -Ifs/nfs/compat))

$(eval $(call host_test,fs_nfs_op,tests/unit/fs_nfs_op.c fs/nfs/op.c timer/client.c $(FAKE_PD),\
    $(FAKE_PD_CFLAGS) $(NFS_HOST_CFLAGS) -include sys/time.h))

$(eval $(call host_test,fs_nfs_mount,tests/unit/fs_nfs_mount.c fs/nfs/mount.c timer/client.c $(FAKE_PD),\
    $(FAKE_PD_CFLAGS) $(IP_CFLAGS) $(NFS_HOST_CFLAGS) -I$(LIBNFS)/portmap -include sys/time.h))

$(eval $(call host_test,fs_nfs_kept,tests/unit/fs_nfs_kept.c fs/server_paths.c $(FAKE_PD),$(FAKE_PD_CFLAGS) $(NFS_HOST_CFLAGS) -include sys/time.h))

# All of it but the sockets and XDR, and what a program sees of it.
NFS_PROGRAM := tests/unit/fs_nfs_program.c tests/unit/fake_nfs.c $(NFS_FILES) timer/client.c $(FS_PAIR)
NFS_PROGRAM_CFLAGS := $(FAKE_PD_CFLAGS) $(IP_CFLAGS) $(NFS_HOST_CFLAGS) -I$(LIBNFS)/portmap -include sys/time.h

$(eval $(call host_test,fs_nfs_files,tests/unit/fs_nfs_files.c $(FS_CONFORMANCE) $(NFS_PROGRAM),$(NFS_PROGRAM_CFLAGS)))
$(eval $(call host_test,fs_nfs_walk,tests/unit/fs_nfs_walk.c $(NFS_PROGRAM),$(NFS_PROGRAM_CFLAGS)))
$(eval $(call host_test,fs_nfs_losses,tests/unit/fs_nfs_losses.c $(NFS_PROGRAM),$(NFS_PROGRAM_CFLAGS)))

$(eval $(call host_test,fs_nfs_zdr,tests/unit/fs_nfs_zdr.c fs/nfs/zdr.c,\
    $(NFS_HOST_CFLAGS) -include sys/time.h -fno-strict-aliasing -Dcalloc=zdr_test_calloc))
