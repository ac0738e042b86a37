/* python/vfs_files.h: the file service as a MicroPython file system, mounted at "/". */
#ifndef PYTHON_VFS_FILES_H
#define PYTHON_VFS_FILES_H

#include "fs/proto.h"
#include "py/obj.h"

void vfs_files_mount(void);

/* As os.stat: (mode, inode, device, links, uid, gid, size, atime, mtime, ctime), times in seconds. */
mp_obj_t files_stat_tuple(const struct fs_stat *stat);

/* A job, waiting for one when all are in use. */
struct file_job *files_job(void);

#endif
