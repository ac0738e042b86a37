/* fs/nfs/compat/sys/ioctl.h: named by libnfs, not used. */
