/* files.c: file operations for the interpreter: commands under way, and the one mapping of errors.
 *   consumes  completions   from the file server, trusted for content only
 *   produces  commands; those given before the mount's outcome is known, or while the ring is full, wait in order
 *   invariant a job's block is its own from file_job_get() until its command is answered and its user has let go
 *   invariant of what lies in the share each byte is read once, or it is the user's data: the server may change it
 *   when full file_job_get() refuses; the caller waits for a wake. A close waits for a job, and what is
 *             issued behind it waits, too
 */
#include "lib/pd.h"

#include <string.h>
#include "fs/mount.h"
#include "python/changes.h"
#include "python/files.h"
#include "python/port.h"

#include "py/mperrno.h"

#define CLOSERS 16 /* jobs that close files: others need a block each, of the share */
#define JOBS_MAX (FILES_BLOCKS + CLOSERS)
#define CLOSES_MAX 256                      /* as many as there can be open files */
#define ATTRIBUTES_OFFSET (2 * FS_PATH_MAX) /* in a job's block: path, other path, attributes */

struct file_job {
    struct fs_request request;
    struct fs_command command;
    struct file_job *next; /* in the free list or among the held */
    void *block;
    bool issued, dropped;
};

static struct {
    bool available;
    struct file_job jobs[JOBS_MAX];
    struct file_job *free;
    struct file_job *held, **held_end; /* not issued yet */
    struct close {
        uint64_t fd;
        bool directory;
    } closes[CLOSES_MAX]; /* a ring of those for which there was no job */
    uint32_t first_close, close_count, closes_lost;
} self;

static int errno_of(uint32_t status)
{
    switch ((enum fs_status)status) {
    case FS_STATUS_OK: return 0;
    case FS_STATUS_INVALID_COMMAND: return MP_EOPNOTSUPP;
    case FS_STATUS_INVALID_BUFFER: return MP_EFAULT;
    case FS_STATUS_INVALID_PATH: return MP_EINVAL;
    case FS_STATUS_INVALID_FD: return MP_EBADF;
    case FS_STATUS_NOT_FOUND: return MP_ENOENT;
    case FS_STATUS_EXISTS: return MP_EEXIST;
    case FS_STATUS_NOT_DIRECTORY: return MP_ENOTDIR;
    case FS_STATUS_IS_DIRECTORY: return MP_EISDIR;
    case FS_STATUS_NOT_EMPTY: return MP_ENOTEMPTY;
    case FS_STATUS_NAME_TOO_LONG: return MP_ENAMETOOLONG;
    case FS_STATUS_ACCESS: return MP_EACCES;
    case FS_STATUS_READ_ONLY: return MP_EROFS;
    case FS_STATUS_NO_SPACE: return MP_ENOSPC;
    case FS_STATUS_TOO_LARGE: return MP_EFBIG;
    case FS_STATUS_TOO_MANY_OPEN: return MP_ENFILE;
    case FS_STATUS_STALE: return MP_ESTALE;
    case FS_STATUS_INVALID_ARGUMENT: return MP_EINVAL;
    case FS_STATUS_IO: return MP_EIO;
    case FS_STATUS_NOT_MOUNTED: return MP_ENODEV;
    case FS_STATUS_UNREACHABLE: return MP_EHOSTUNREACH;
    case FS_STATUS_SERVER_WAS_RESET: return MP_ECONNABORTED; /* it may have been done */
    case FS_STATUS_LOOP: return MP_ELOOP;
    }
    return MP_EIO; /* a number that the protocol does not have */
}

/* -- issuing -- */

static void completed(struct fs_request *request);

static void release(struct file_job *job)
{
    if (job->block) {
        fs_client_block_put(job->block);
        job->block = NULL;
    }
    job->next = self.free;
    self.free = job;
}

static void prepare(struct file_job *job)
{
    self.free = job->next;
    *job = (struct file_job){.request = {.handler = completed, .context = job}};
}

/* False: some wait. */
static bool issue_closes(void)
{
    for (; self.close_count > 0 && self.free; self.close_count--) {
        struct file_job *job = self.free;
        const struct close *close = &self.closes[self.first_close];
        prepare(job);
        job->issued = job->dropped = true;
        job->command = (struct fs_command){.type = close->directory ? FS_CLOSEDIR : FS_CLOSE};
        job->command.file.fd = close->fd;
        if (!fs_client_issue(&job->request, &job->command)) {
            release(job);
            return false;
        }
        self.first_close = (self.first_close + 1) % CLOSES_MAX;
    }
    return self.close_count == 0;
}

static bool issue_held(void)
{
    if (!issue_closes()) {
        return false;
    }
    while (self.held) {
        struct file_job *job = self.held;
        if (!fs_client_issue(&job->request, &job->command)) {
            return false;
        }
        self.held = job->next;
        if (!self.held) {
            self.held_end = &self.held;
        }
    }
    return true;
}

static void issue(struct file_job *job)
{
    job->issued = true;
    job->next = NULL;
    *self.held_end = job;
    self.held_end = &job->next;
    if (!fs_mount_is_asked()) {
        issue_held();
    }
}

static void end_dropped(struct file_job *job)
{
    bool opened = job->request.result.status == FS_STATUS_OK;
    uint32_t type = job->command.type;
    uint64_t fd = job->request.result.open.fd;
    release(job);
    if (opened && (type == FS_OPEN || type == FS_OPENDIR)) {
        files_close_later(fd, type == FS_OPENDIR);
    }
}

static void completed(struct fs_request *request)
{
    struct file_job *job = request->context;
    fs_mount_note(request->result.status);
    const char *block = job->block;
    changes_note(&job->command, block, block ? block + FS_PATH_MAX : NULL, &request->result);
    if (job->dropped) {
        end_dropped(job);
    }
}

static void after_batch(void *context)
{
    if (!fs_mount_is_asked()) {
        issue_held();
    }
    port_wake();
}

void files_init(const struct fs_client_config *config)
{
    self.available = true;
    self.held_end = &self.held;
    for (size_t i = 0; i < JOBS_MAX; i++) {
        release(&self.jobs[i]);
    }
    fs_client_init(config);
    require(fs_client_block_size() >= FILE_DATA_MAX, "fs_client_config.block", fs_client_block_size());
    fs_mount_init();
    fs_mount_on_outcome(after_batch, NULL);
    fs_client_on_event(after_batch, NULL);
}

bool files_available(void)
{
    return self.available;
}

/* -- jobs -- */

struct file_job *file_job_get(void)
{
    struct file_job *job = self.free;
    void *block = job ? fs_client_block_get() : NULL;
    if (!block) {
        return NULL;
    }
    prepare(job);
    job->block = block;
    return job;
}

bool file_jobs_left(void)
{
    struct file_job *job = file_job_get();
    if (job) {
        release(job);
    }
    return job != NULL;
}

static int put_path(struct file_job *job, size_t offset, const char *path, struct fs_buffer *buffer)
{
    size_t length = strlen(path);
    if (length > FS_PATH_MAX) {
        return errno_of(FS_STATUS_NAME_TOO_LONG);
    }
    char *place = (char *)job->block + offset;
    memcpy(place, path, length);
    *buffer = fs_client_buffer(place, length);
    return 0;
}

int file_job_path(struct file_job *job, enum fs_command_type type, const char *path, uint32_t flags)
{
    job->command = (struct fs_command){.type = type, .flags = flags};
    int error = put_path(job, 0, path, &job->command.path.path);
    if (error) {
        return error;
    }
    if (type == FS_OPEN || type == FS_STAT) {
        job->command.path.other = fs_client_buffer((char *)job->block + ATTRIBUTES_OFFSET, sizeof(struct fs_stat));
    }
    issue(job);
    return 0;
}

int file_job_two_paths(struct file_job *job, enum fs_command_type type, const char *path, const char *other)
{
    job->command = (struct fs_command){.type = type};
    int error = put_path(job, 0, path, &job->command.path.path);
    if (!error) {
        error = put_path(job, FS_PATH_MAX, other, &job->command.path.other);
    }
    if (!error) {
        issue(job);
    }
    return error;
}

int file_job_fd(struct file_job *job, enum fs_command_type type, uint64_t fd, uint64_t position, uint64_t size)
{
    job->command = (struct fs_command){.type = type};
    job->command.file.fd = fd;
    job->command.file.position = position;
    if (size > 0) {
        job->command.file.data = fs_client_buffer(job->block, size);
    }
    issue(job);
    return 0;
}

bool file_job_done(const struct file_job *job)
{
    return job->request.done;
}

int file_job_error(const struct file_job *job)
{
    return errno_of(job->request.result.status);
}

const struct fs_completion *file_job_result(const struct file_job *job)
{
    return &job->request.result;
}

struct fs_stat *file_job_attributes(struct file_job *job)
{
    return (struct fs_stat *)((char *)job->block + ATTRIBUTES_OFFSET);
}

void *file_job_data(struct file_job *job)
{
    return job->block;
}

void file_job_put(struct file_job *job)
{
    if (!job->issued || job->request.done) {
        release(job);
    } else {
        job->dropped = true;
    }
}

void file_job_drop(struct file_job *job)
{
    if (job->issued && job->request.done) {
        end_dropped(job);
    } else {
        file_job_put(job);
    }
}

int file_job_wait(struct file_job *job)
{
    while (!job->request.done) {
        port_wait(PORT_FOREVER);
    }
    return file_job_error(job);
}

void files_close_later(uint64_t fd, bool directory)
{
    if (self.close_count == CLOSES_MAX) {
        self.closes_lost++;
        return;
    }
    self.closes[(self.first_close + self.close_count++) % CLOSES_MAX] = (struct close){fd, directory};
    if (!fs_mount_is_asked()) {
        issue_held();
    }
}

/* -- directories -- */

bool files_take_entry(const void *records, size_t count, size_t *at, struct file_entry *entry)
{
    size_t left = count - *at;
    const volatile struct fs_dirent *record = (const void *)((const char *)records + *at);
    if (*at > count || left < sizeof(struct fs_dirent)) {
        return false;
    }
    size_t record_length = record->record_length, name_length = record->name_length;
    if (record_length > left || record_length % 8 != 0 || name_length > FS_NAME_MAX ||
        sizeof(struct fs_dirent) + name_length > record_length) {
        return false;
    }
    entry->mode = record->mode;
    entry->length = name_length;
    memcpy(entry->name, (const char *)records + *at + sizeof(struct fs_dirent), name_length);
    *at += record_length;
    return true;
}
