/* fs/server_checks.c: what a command has to be like; one function for each kind.
 *   consumes  a command    copied out of the ring, from a client that is NOT trusted
 *   produces  the first part of a job, which operations take as it is; or the status that refuses it
 *   share     of the command's own client: paths are copied out, then checked; buffers are checked by region_at()
 *   invariant an fd is its client's own, of the kind that the command is for, and open
 */
#include "lib/pd.h"

#include "fs/server_parts.h"

#define OPEN_FLAGS (FS_OPEN_READ | FS_OPEN_WRITE | FS_OPEN_CREATE | FS_OPEN_TRUNCATE | FS_OPEN_EXCLUSIVE)

static const struct region *share_of(const struct fs_job *job)
{
    return &job->owner->config->share;
}

static enum fs_status take_path(const struct fs_job *job, const struct fs_buffer *buffer, char *to, bool *slash)
{
    char copy[FS_PATH_MAX];

    if (!region_holds(share_of(job), buffer->offset, buffer->size)) {
        return FS_STATUS_INVALID_BUFFER;
    }
    if (buffer->size > FS_PATH_MAX) {
        return FS_STATUS_INVALID_PATH;
    }
    region_copy(share_of(job), buffer->offset, buffer->size, copy);
    return fs_server_normalise(copy, buffer->size, to, slash);
}

static enum fs_status check_file(struct fs_job *job, bool directory)
{
    job->open_file = fs_server_file_at(job->owner, job->command.file.fd, directory);
    if (!job->open_file) {
        return FS_STATUS_INVALID_FD;
    }
    job->file = job->open_file->file;
    return FS_STATUS_OK;
}

static enum fs_status check_data(struct fs_job *job)
{
    const struct fs_buffer *data = &job->command.file.data;

    job->data = region_at(share_of(job), data->offset, data->size);
    job->position = job->command.file.position;
    job->size = data->size;
    if (!job->data) {
        return FS_STATUS_INVALID_BUFFER;
    }
    return job->position > INT64_MAX - job->size ? FS_STATUS_INVALID_ARGUMENT : FS_STATUS_OK;
}

static enum fs_status check_transfer(struct fs_job *job, uint32_t needed)
{
    enum fs_status status = check_file(job, false);

    if (status == FS_STATUS_OK) {
        status = check_data(job);
    }
    return status == FS_STATUS_OK && !(job->open_file->flags & needed) ? FS_STATUS_ACCESS : status;
}

static bool attributes_fit(const struct fs_job *job, const struct fs_buffer *buffer)
{
    return buffer->size >= sizeof(struct fs_stat) && region_holds(share_of(job), buffer->offset, buffer->size);
}

static enum fs_status check_open(struct fs_job *job)
{
    uint32_t flags = job->command.flags;
    bool writes = flags & FS_OPEN_WRITE;

    if ((flags & ~(uint32_t)OPEN_FLAGS) || !(flags & (FS_OPEN_READ | FS_OPEN_WRITE)) ||
        (!writes && (flags & (FS_OPEN_CREATE | FS_OPEN_TRUNCATE))) ||
        ((flags & FS_OPEN_EXCLUSIVE) && !(flags & FS_OPEN_CREATE))) {
        return FS_STATUS_INVALID_ARGUMENT;
    }
    if (job->command.path.other.size && !attributes_fit(job, &job->command.path.other)) {
        return FS_STATUS_INVALID_BUFFER;
    }
    job->flags = flags;
    return take_path(job, &job->command.path.path, job->paths[0], &job->path_slash);
}

static enum fs_status check_stat(struct fs_job *job)
{
    if (!attributes_fit(job, &job->command.path.other)) {
        return FS_STATUS_INVALID_BUFFER;
    }
    return take_path(job, &job->command.path.path, job->paths[0], &job->path_slash);
}

static enum fs_status check_fstat(struct fs_job *job)
{
    enum fs_status status = check_file(job, false);

    return status == FS_STATUS_OK && !attributes_fit(job, &job->command.file.data) ? FS_STATUS_INVALID_BUFFER : status;
}

static enum fs_status check_truncate(struct fs_job *job)
{
    enum fs_status status = check_file(job, false);

    job->position = job->command.file.position;
    if (status == FS_STATUS_OK && job->position > INT64_MAX) {
        return FS_STATUS_INVALID_ARGUMENT;
    }
    return status == FS_STATUS_OK && !(job->open_file->flags & FS_OPEN_WRITE) ? FS_STATUS_ACCESS : status;
}

static enum fs_status check_rename(struct fs_job *job)
{
    enum fs_status status = take_path(job, &job->command.path.path, job->paths[0], &job->path_slash);

    if (status != FS_STATUS_OK) {
        return status;
    }
    return take_path(job, &job->command.path.other, job->paths[1], &job->other_slash);
}

static enum fs_status check_readdir(struct fs_job *job)
{
    enum fs_status status = check_file(job, true);

    if (status == FS_STATUS_OK) {
        job->command.file.position = 0; /* the directory's own counts; it is read when the job begins */
        status = check_data(job);
    }
    return status;
}

/* A client that has no writes only looks. */
static bool changes(const struct fs_job *job)
{
    switch (job->type) {
    case FS_OPEN: return job->command.flags & FS_OPEN_WRITE;
    case FS_WRITE:
    case FS_TRUNCATE:
    case FS_RENAME:
    case FS_REMOVE:
    case FS_MKDIR:
    case FS_RMDIR: return true;
    default: return false;
    }
}

enum fs_status fs_server_check(struct fs_job *job)
{
    if (job->command.type == 0 || job->command.type >= FS_COMMAND_TYPES) {
        return FS_STATUS_INVALID_COMMAND;
    }
    job->type = (enum fs_command_type)job->command.type;
    if (!job->owner->mounted && job->type != FS_INITIALISE) {
        return FS_STATUS_NOT_MOUNTED;
    }
    if (job->owner->config->writes == 0 && changes(job)) {
        return FS_STATUS_READ_ONLY;
    }
    switch (job->type) {
    case FS_INITIALISE:
    case FS_DEINITIALISE: return FS_STATUS_OK;
    case FS_OPEN: return check_open(job);
    case FS_STAT: return check_stat(job);
    case FS_FSTAT: return check_fstat(job);
    case FS_READ: return check_transfer(job, FS_OPEN_READ);
    case FS_WRITE: return check_transfer(job, FS_OPEN_WRITE);
    case FS_TRUNCATE: return check_truncate(job);
    case FS_CLOSE:
    case FS_FILE_SIZE:
    case FS_SYNC: return check_file(job, false);
    case FS_RENAME: return check_rename(job);
    case FS_REMOVE:
    case FS_MKDIR:
    case FS_RMDIR:
    case FS_OPENDIR: return take_path(job, &job->command.path.path, job->paths[0], &job->path_slash);
    case FS_READDIR: return check_readdir(job);
    case FS_CLOSEDIR:
    case FS_SEEKDIR:
    case FS_TELLDIR:
    case FS_REWINDDIR: return check_file(job, true);
    case FS_COMMAND_TYPES: break;
    }
    return FS_STATUS_INVALID_COMMAND;
}
