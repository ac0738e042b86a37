/* python/files.h: file operations for the interpreter, over fs/client.h. No Python objects in here.
 *
 * A struct file_job is one command under way. Jobs lie in a pool outside the garbage-collected heap: a coroutine may be
 * cancelled while the server works. A job that nobody waits for any more is dropped: it cleans up when it completes.
 */
#ifndef PYTHON_FILES_H
#define PYTHON_FILES_H

#include <stdbool.h>
#include <stdint.h>
#include "fs/client.h"

struct file_job;

/* Parts of a job's block: a path, a second path or attributes, or the whole of it data. */
#define FILE_DATA_MAX (32u * 1024) /* of a block of the share: a write of NFS is no longer */

#define FILES_BLOCKS 4 /* of the share: so many jobs at a time */

void files_init(const struct fs_client_config *config);
bool files_available(void); /* whether this PD has a file service */

/* NULL when as many are under way as there are jobs or blocks: look again after a wake. */
struct file_job *file_job_get(void);
bool file_jobs_left(void);

/* Issue one command. A path is copied. 0, or an errno. Once per job. */
int file_job_path(struct file_job *job, enum fs_command_type type, const char *path, uint32_t flags);
int file_job_two_paths(struct file_job *job, enum fs_command_type type, const char *path, const char *other);
int file_job_fd(struct file_job *job, enum fs_command_type type, uint64_t fd, uint64_t position, uint64_t size);

bool file_job_done(const struct file_job *job);
/* Of a job that is done: 0 or an errno. */
int file_job_error(const struct file_job *job);
const struct fs_completion *file_job_result(const struct file_job *job);
struct fs_stat *file_job_attributes(struct file_job *job); /* after open or stat */
void *file_job_data(struct file_job *job);                 /* of FILE_DATA_MAX bytes */

/* The caller has what it wanted of it. */
void file_job_put(struct file_job *job);

/* Nobody takes its result. If it is under way it ends by itself; a file or directory that it opens, or has opened, is
 * closed again. */
void file_job_drop(struct file_job *job);

/* From the worker: wait until done. Ctrl-C does not end it: the server answers. */
int file_job_wait(struct file_job *job);

/* The directory entry at `*at` of `count` bytes of FS_READDIR's records, and `*at` behind it. False: what is there is
 * no record. The records may lie in the share. */
struct file_entry {
    uint32_t mode;
    size_t length;
    char name[FS_NAME_MAX];
};
bool files_take_entry(const void *records, size_t count, size_t *at, struct file_entry *entry);

/* From the worker or a finaliser: close `fd` without waiting for the answer. */
void files_close_later(uint64_t fd, bool directory);

#endif
