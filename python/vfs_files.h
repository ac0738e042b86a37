/* python/vfs_files.h: the file service as a MicroPython file system, mounted at "/". */
#ifndef PYTHON_VFS_FILES_H
#define PYTHON_VFS_FILES_H

#include "python/files.h"
#include "py/obj.h"

void vfs_files_mount(void);

/* vfs_file.c: open(). `path` is absolute, `mode` as Python has it. */
mp_obj_t vfs_file_open(const char *path, const char *mode);

/* What a mode of Python's means: one of "r", "w", "a", "x", with "+", "b" or "t". ValueError: there is no such mode. */
struct file_mode {
    uint32_t flags; /* FS_OPEN_.. */
    bool is_text, appends;
};
struct file_mode vfs_file_mode(const char *mode);

/* As os.stat: (mode, inode, device, links, uid, gid, size, atime, mtime, ctime), times in seconds. */
mp_obj_t files_stat_tuple(const struct fs_stat *stat);

/* A name as str; as bytes where they are asked for, or where it is no UTF-8, which a str has to be. */
mp_obj_t files_name(const char *name, size_t length, bool is_text);

/* As os.ilistdir: (name, type bits of the mode, 0). */
mp_obj_t files_entry_tuple(const struct file_entry *entry, bool is_text);

/* A job, waiting for one when all are in use. */
struct file_job *files_job(void);

#endif
