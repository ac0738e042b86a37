/* fs/nfs/operations.h: what each command is over NFS: for the table in fs/nfs/nfs.c. */
#ifndef FS_NFS_OPERATIONS_H
#define FS_NFS_OPERATIONS_H

#include "fs/server.h"

/* Types of a mode, as POSIX has them. */
#define NFS_MODE_TYPE 0170000u
#define NFS_MODE_DIRECTORY 0040000u
#define NFS_MODE_FILE 0100000u

fs_operation nfs_open_file;
fs_operation nfs_transfer_read, nfs_transfer_write, nfs_transfer_truncate, nfs_transfer_attributes;
fs_operation nfs_names_remove; /* a file or a directory, as the command says */
fs_operation nfs_names_rename, nfs_names_make_directory;
fs_operation nfs_directory_open, nfs_directory_read;

#endif
