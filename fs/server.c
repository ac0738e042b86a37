/* fs/server.c: a file server's end of the file service, without the files.
 *   consumes  commands     64-byte messages                    from the client, NOT trusted: copied out, then checked
 *   produces  completions  one for each command, with its id
 *   share     paths are copied out before they are checked; data is copied in and out; nothing in it is believed twice
 *   invariant a job is answered exactly once; a file's `active` counts its jobs; release() runs once for each file
 *   when full commands wait here, in order, while all jobs are busy, as many as an honest client can have under way
 *             (more stay in the ring); each has its time of arrival, from which the server counts its deadline; an open
 *             beyond the table is FS_STATUS_TOO_MANY_OPEN; a completion for which a lying client left no room is
 *             dropped and counted
 *   when away new commands that need the server are answered at once, also while all jobs are busy
 *   restart   a client that starts anew loses its files; what was under way for it ends without touching the share
 */
#include "lib/pd.h"

#include <assert.h>
#include <string.h>
#include "fs/server.h"

#define FD_INDEX_BITS 16
#define OPEN_FLAGS (FS_OPEN_READ | FS_OPEN_WRITE | FS_OPEN_CREATE | FS_OPEN_TRUNCATE | FS_OPEN_EXCLUSIVE)

enum file_state { FILE_FREE, FILE_OPENING, FILE_OPEN, FILE_CLOSING };

struct fs_open_file {
    enum file_state state;
    bool directory;
    bool abandoned;      /* its client has restarted */
    uint32_t flags;      /* enum fs_open_flags */
    uint32_t generation; /* of this entry, so that a stale fd is refused */
    uint32_t active;     /* jobs begun on it */
    uint64_t position;   /* of a directory */
    void *file;          /* the server's */
    struct fs_job *waiting, *waiting_last;
};

static struct {
    const struct fs_server_config *config;
    const struct fs_server_operations *operations;
    struct ring commands, completions;
    struct fs_job jobs[FS_JOBS_MAX];
    struct fs_job *free_jobs;
    struct arrival {
        struct fs_command command;
        uint64_t ns;
    } arrivals[FS_QUEUE_CAPACITY]; /* a ring */
    uint32_t first_arrival, arrival_count;
    struct fs_open_file files[FS_FILES_MAX];
    bool ready[FS_FILES_MAX]; /* a job that waited for this file may be able to begin */
    bool any_ready;
    struct fs_job *leaving; /* a deinitialise that waits for all others */
    uint32_t active;        /* jobs taken and not answered */
    bool mounted;
    bool away;
    bool draining;
    struct fs_server_counts counts;
} self;

/* Paths. */

enum fs_status fs_server_normalise(const char *from, uint64_t length, char *to, bool *slash)
{
    if (length == 0 || length > FS_PATH_MAX || from[0] != '/' || memchr(from, '\0', length)) {
        return FS_STATUS_INVALID_PATH;
    }
    uint64_t end = 0;
    for (uint64_t i = 0; i < length;) {
        const char *name = from + i;
        const char *end_of_name = memchr(name, '/', length - i);
        uint64_t size = end_of_name ? (uint64_t)(end_of_name - name) : length - i;
        i += size + 1;
        if (size == 0 || (size == 1 && name[0] == '.')) {
            continue;
        }
        if (size == 2 && name[0] == '.' && name[1] == '.') {
            if (end == 0) {
                return FS_STATUS_INVALID_PATH;
            }
            while (to[--end] != '/') {
            }
            continue;
        }
        if (size > FS_NAME_MAX) {
            return FS_STATUS_NAME_TOO_LONG;
        }
        to[end++] = '/';
        memcpy(to + end, name, size);
        end += size;
    }
    if (end == 0) {
        to[end++] = '/';
    }
    to[end] = '\0';
    *slash = from[length - 1] == '/' || (from[length - 1] == '.' && from[length - 2] == '/');
    return FS_STATUS_OK;
}

static enum fs_status take_path(const struct fs_buffer *buffer, char *to, bool *slash)
{
    char copy[FS_PATH_MAX];

    if (!region_holds(&self.config->share, buffer->offset, buffer->size)) {
        return FS_STATUS_INVALID_BUFFER;
    }
    if (buffer->size > FS_PATH_MAX) {
        return FS_STATUS_INVALID_PATH;
    }
    region_copy(&self.config->share, buffer->offset, buffer->size, copy);
    return fs_server_normalise(copy, buffer->size, to, slash);
}

/* Files. */

static uint64_t fd_of(const struct fs_open_file *file)
{
    return (uint64_t)file->generation << FD_INDEX_BITS | (uint64_t)(file - self.files);
}

static struct fs_open_file *file_at(uint64_t fd, bool directory)
{
    uint64_t index = fd & ((1u << FD_INDEX_BITS) - 1);
    struct fs_open_file *file = index < FS_FILES_MAX ? &self.files[index] : NULL;

    return file && file->state == FILE_OPEN && file->directory == directory && fd_of(file) == fd ? file : NULL;
}

static struct fs_open_file *file_reserve(bool directory, uint32_t flags)
{
    for (uint32_t i = 0; i < FS_FILES_MAX; i++) {
        struct fs_open_file *file = &self.files[i];
        if (file->state == FILE_FREE) {
            uint32_t generation = file->generation + 1;
            *file = (struct fs_open_file){
                .state = FILE_OPENING,
                .directory = directory,
                .flags = flags,
                .generation = generation ? generation : 1,
            };
            return file;
        }
    }
    return NULL;
}

static void file_release(struct fs_open_file *file)
{
    assert(file->active == 0 && !file->waiting);
    if (file->state != FILE_OPENING) {
        self.operations->release(file->file, file->directory);
    }
    file->state = FILE_FREE;
}

/* Checks. Each answers FS_STATUS_OK or why not, and fills in the job's first part. */

static enum fs_status check_file(struct fs_job *job, bool directory)
{
    job->open_file = file_at(job->command.file.fd, directory);
    if (!job->open_file) {
        return FS_STATUS_INVALID_FD;
    }
    job->file = job->open_file->file;
    return FS_STATUS_OK;
}

static enum fs_status check_data(struct fs_job *job)
{
    const struct fs_buffer *data = &job->command.file.data;

    job->data = region_at(&self.config->share, data->offset, data->size);
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

static bool attributes_fit(const struct fs_buffer *buffer)
{
    return buffer->size >= sizeof(struct fs_stat) && region_holds(&self.config->share, buffer->offset, buffer->size);
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
    if (job->command.path.other.size && !attributes_fit(&job->command.path.other)) {
        return FS_STATUS_INVALID_BUFFER;
    }
    job->flags = flags;
    return take_path(&job->command.path.path, job->paths[0], &job->path_slash);
}

static enum fs_status check_stat(struct fs_job *job)
{
    if (!attributes_fit(&job->command.path.other)) {
        return FS_STATUS_INVALID_BUFFER;
    }
    return take_path(&job->command.path.path, job->paths[0], &job->path_slash);
}

static enum fs_status check_fstat(struct fs_job *job)
{
    enum fs_status status = check_file(job, false);

    return status == FS_STATUS_OK && !attributes_fit(&job->command.file.data) ? FS_STATUS_INVALID_BUFFER : status;
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
    enum fs_status status = take_path(&job->command.path.path, job->paths[0], &job->path_slash);

    if (status != FS_STATUS_OK) {
        return status;
    }
    return take_path(&job->command.path.other, job->paths[1], &job->other_slash);
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

static enum fs_status check(struct fs_job *job)
{
    if (job->command.type == 0 || job->command.type >= FS_COMMAND_TYPES) {
        return FS_STATUS_INVALID_COMMAND;
    }
    job->type = (enum fs_command_type)job->command.type;
    if (!self.mounted && job->type != FS_INITIALISE) {
        return FS_STATUS_NOT_MOUNTED;
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
    case FS_OPENDIR: return take_path(&job->command.path.path, job->paths[0], &job->path_slash);
    case FS_READDIR: return check_readdir(job);
    case FS_CLOSEDIR:
    case FS_SEEKDIR:
    case FS_TELLDIR:
    case FS_REWINDDIR: return check_file(job, true);
    case FS_COMMAND_TYPES: break;
    }
    return FS_STATUS_INVALID_COMMAND;
}

/* Jobs. */

static void drain(void);

static void complete(const struct fs_completion *completion)
{
    trace(file_done, completion->id, completion->status);
    self.counts.refused += completion->status != FS_STATUS_OK;
    if (!ring_put(&self.completions, completion)) {
        self.counts.lost++;
    } else if (ring_wake_consumer(&self.completions)) {
        pd_notify_later(self.config->client);
    }
}

static void answer(struct fs_job *job, enum fs_status status)
{
    struct fs_completion completion = {.id = job->command.id, .status = status};

    if (status == FS_STATUS_OK) {
        switch (job->type) {
        case FS_OPEN:
        case FS_OPENDIR:
            completion.open.fd = fd_of(job->open_file);
            completion.open.size = job->stat.size;
            break;
        case FS_READ:
            completion.read.length = job->length;
            completion.read.mtime_ns = job->stat.mtime_ns;
            break;
        case FS_WRITE:
        case FS_READDIR: completion.length = job->length; break;
        case FS_FILE_SIZE: completion.size = job->stat.size; break;
        case FS_TELLDIR: completion.position = job->position; break;
        case FS_INITIALISE:
        case FS_DEINITIALISE:
        case FS_CLOSE:
        case FS_STAT:
        case FS_FSTAT:
        case FS_TRUNCATE:
        case FS_SYNC:
        case FS_RENAME:
        case FS_REMOVE:
        case FS_MKDIR:
        case FS_RMDIR:
        case FS_CLOSEDIR:
        case FS_SEEKDIR:
        case FS_REWINDDIR:
        case FS_COMMAND_TYPES: break;
        }
    }
    complete(&completion);
}

static void put_attributes(const struct fs_job *job, const struct fs_buffer *buffer)
{
    void *to = buffer->size ? region_at(&self.config->share, buffer->offset, sizeof(struct fs_stat)) : NULL;

    if (to) {
        memcpy(to, &job->stat, sizeof(job->stat));
    }
}

static void job_free(struct fs_job *job)
{
    job->busy = false;
    job->next = self.free_jobs;
    self.free_jobs = job;
    self.active--;
}

static void leave_when_idle(void)
{
    struct fs_job *job = self.leaving;

    if (!job || self.active > 1) {
        return;
    }
    for (uint32_t i = 0; i < FS_FILES_MAX; i++) {
        if (self.files[i].state != FILE_FREE) {
            file_release(&self.files[i]);
        }
    }
    self.leaving = NULL;
    if (!job->abandoned) {
        answer(job, FS_STATUS_OK);
    }
    job_free(job);
}

static bool must_be_alone(const struct fs_job *job)
{
    return job->open_file->directory || job->type == FS_CLOSE;
}

/* The job is over for its file: opened, closed, or one fewer at work on it. */
static void settle_file(struct fs_job *job, enum fs_status status)
{
    struct fs_open_file *file = job->open_file;

    if (!file) {
        return;
    }
    file->active--;
    if (file->state == FILE_OPENING) {
        file->state = status == FS_STATUS_OK ? FILE_OPEN : FILE_OPENING;
        file->file = job->file;
        if (status != FS_STATUS_OK || file->abandoned) {
            file_release(file);
        }
    } else if (job->type == FS_CLOSE || job->type == FS_CLOSEDIR || (file->abandoned && file->active == 0)) {
        file_release(file);
    } else {
        if (job->type == FS_READDIR && status == FS_STATUS_OK) {
            file->position = job->position;
        }
        self.ready[file - self.files] = file->waiting;
        self.any_ready |= file->waiting != NULL;
    }
}

void fs_server_done(struct fs_job *job, enum fs_status status)
{
    assert(job->busy);
    if (!job->abandoned) {
        if (job->type == FS_INITIALISE) {
            self.mounted = status == FS_STATUS_OK;
        }
        if (status == FS_STATUS_OK && (job->type == FS_OPEN || job->type == FS_STAT)) {
            put_attributes(job, &job->command.path.other);
        }
        if (status == FS_STATUS_OK && job->type == FS_FSTAT) {
            put_attributes(job, &job->command.file.data);
        }
        answer(job, status);
    }
    settle_file(job, status);
    job_free(job);
    leave_when_idle();
    drain();
}

/* Checked and alone where it must be: do it. */
static void begin(struct fs_job *job)
{
    struct fs_open_file *file = job->open_file;
    enum fs_command_type type = job->type == FS_FILE_SIZE ? FS_FSTAT : job->type;

    if (file) {
        file->active++;
    }
    if (type == FS_READDIR || type == FS_TELLDIR) {
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): without an open directory it is refused earlier */
        job->position = file->position;
    } else if (type == FS_SEEKDIR) {
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): without an open directory it is refused earlier */
        file->position = job->command.file.position;
    } else if (type == FS_REWINDDIR) {
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): without an open directory it is refused earlier */
        file->position = 0;
    }
    bool nothing_to_move = (type == FS_READ || type == FS_WRITE) && job->size == 0;
    if (type == FS_CLOSE || type == FS_CLOSEDIR || type == FS_SEEKDIR || type == FS_TELLDIR || type == FS_REWINDDIR ||
        nothing_to_move) {
        fs_server_done(job, FS_STATUS_OK);
    } else if (self.operations->operation[type]) {
        self.operations->operation[type](job);
    } else {
        fs_server_done(job, FS_STATUS_READ_ONLY);
    }
}

/* Jobs that waited for others on their file. Only from drain(), so that ends and beginnings do not nest. */
static void begin_waiting(void)
{
    while (self.any_ready) {
        self.any_ready = false;
        for (uint32_t i = 0; i < FS_FILES_MAX; i++) {
            struct fs_open_file *file = &self.files[i];
            if (!self.ready[i]) {
                continue;
            }
            self.ready[i] = false;
            while (file->waiting && (file->active == 0 || !must_be_alone(file->waiting))) {
                struct fs_job *job = file->waiting;
                file->waiting = job->next;
                begin(job);
            }
        }
    }
}

static void begin_or_wait(struct fs_job *job)
{
    struct fs_open_file *file = job->open_file;

    if (job->type == FS_CLOSE || job->type == FS_CLOSEDIR) {
        file->state = FILE_CLOSING; /* no later command finds it */
    }
    if (!file->waiting && (file->active == 0 || !must_be_alone(job))) {
        begin(job);
        return;
    }
    job->next = NULL;
    if (file->waiting) {
        file->waiting_last->next = job;
    } else {
        file->waiting = job;
    }
    file->waiting_last = job;
}

static void accept(struct fs_job *job)
{
    enum fs_status status = check(job);

    self.counts.commands++;
    if (status == FS_STATUS_OK && (job->type == FS_OPEN || job->type == FS_OPENDIR)) {
        job->open_file = file_reserve(job->type == FS_OPENDIR, job->flags);
        status = job->open_file ? FS_STATUS_OK : FS_STATUS_TOO_MANY_OPEN;
    }
    if (status != FS_STATUS_OK) {
        answer(job, status);
        job_free(job);
    } else if (job->type == FS_DEINITIALISE) {
        self.mounted = false;
        self.leaving = job;
        leave_when_idle();
    } else if (job->type == FS_INITIALISE && (self.mounted || self.leaving)) {
        fs_server_done(job, self.mounted ? FS_STATUS_OK : FS_STATUS_NOT_MOUNTED);
    } else if (job->open_file && job->open_file->state == FILE_OPEN) {
        begin_or_wait(job);
    } else {
        begin(job);
    }
}

/* What is the core's own, and a mount, which may wait for ever, is done also while the server is away. */
static bool needs_server(uint32_t type)
{
    switch (type) {
    case FS_OPEN:
    case FS_STAT:
    case FS_FSTAT:
    case FS_READ:
    case FS_WRITE:
    case FS_FILE_SIZE:
    case FS_TRUNCATE:
    case FS_RENAME:
    case FS_REMOVE:
    case FS_MKDIR:
    case FS_RMDIR:
    case FS_OPENDIR:
    case FS_READDIR: return true;
    default: return false; /* also what is no command */
    }
}

static void take_job(const struct fs_command *command, uint64_t arrived_ns)
{
    struct fs_job *job = self.free_jobs;

    trace(file_taken, command->id, command->type);
    self.free_jobs = job->next;
    self.active++;
    job->command = *command;
    job->arrived_ns = arrived_ns;
    job->type = 0;
    job->flags = 0;
    job->position = job->size = job->length = 0;
    job->file = NULL;
    job->open_file = NULL;
    job->data = NULL;
    job->path_slash = job->other_slash = false;
    job->stat = (struct fs_stat){0};
    job->busy = true;
    job->abandoned = false;
    accept(job);
}

static void refuse(const struct fs_command *command)
{
    self.counts.commands++;
    complete(&(struct fs_completion){.id = command->id, .status = FS_STATUS_UNREACHABLE});
}

/* One command on: from those that wait to a job, or from the ring to where it goes. False: there is none, or no room.
 */
static bool take_one(void)
{
    struct fs_command command;

    if (self.free_jobs && self.arrival_count > 0) {
        struct arrival *first = &self.arrivals[self.first_arrival];
        command = first->command;
        self.first_arrival = (self.first_arrival + 1) % FS_QUEUE_CAPACITY;
        self.arrival_count--;
        take_job(&command, first->ns);
        return true;
    }
    if (self.arrival_count == FS_QUEUE_CAPACITY || !ring_get(&self.commands, &command)) {
        return false;
    }
    if (self.away && self.mounted && needs_server(command.type)) {
        refuse(&command);
    } else if (self.free_jobs) {
        take_job(&command, pd_now_ns());
    } else {
        uint32_t last = (self.first_arrival + self.arrival_count++) % FS_QUEUE_CAPACITY;
        self.arrivals[last] = (struct arrival){command, pd_now_ns()};
    }
    return true;
}

/* Not nested: what an operation ends at once is followed by the loop that began it. While nothing more can be taken the
 * ring stays unarmed; the next fs_server_done() comes back here. */
static void drain(void)
{
    if (self.draining) {
        return;
    }
    self.draining = true;
    do {
        do {
            begin_waiting();
        } while (take_one());
    } while (self.arrival_count < FS_QUEUE_CAPACITY && !ring_arm_consumer(&self.commands));
    self.draining = false;
}

void fs_server_away(bool away)
{
    self.away = away;
}

/* The client has started anew: it knows none of its files and commands. Its buffers are somebody else's now. */
static void abandon_all(void)
{
    for (uint32_t i = 0; i < FS_JOBS_MAX; i++) {
        self.jobs[i].abandoned = self.jobs[i].busy;
    }
    for (uint32_t i = 0; i < FS_FILES_MAX; i++) {
        struct fs_open_file *file = &self.files[i];
        if (file->state == FILE_FREE) {
            continue;
        }
        while (file->waiting) {
            struct fs_job *job = file->waiting;
            file->waiting = job->next;
            job_free(job);
        }
        file->abandoned = true;
        if (file->state == FILE_OPEN || file->state == FILE_CLOSING) {
            file->state = FILE_CLOSING;
            if (file->active == 0) {
                file_release(file);
            }
        }
    }
    self.mounted = false;
    self.arrival_count = 0;
    leave_when_idle();
    ring_reset(&self.commands);
    ring_reset(&self.completions);
}

static void on_client(void *context)
{
    (void)context;
    if (ring_peer_restarted(&self.commands)) {
        abandon_all();
    }
    drain();
}

void fs_server_put(struct fs_job *job, uint64_t offset, const void *bytes, uint64_t length)
{
    assert(offset <= job->size && length <= job->size - offset);
    if (!job->abandoned) {
        memcpy(job->data + offset, bytes, length);
    }
    if (offset + length > job->length) {
        job->length = offset + length;
    }
}

const void *fs_server_data(const struct fs_job *job)
{
    return job->abandoned ? NULL : job->data;
}

bool fs_server_dirent(struct fs_job *job, uint64_t next_position, uint32_t mode, const char *name, uint32_t name_length)
{
    uint64_t record = (sizeof(struct fs_dirent) + name_length + 7) & ~7ull;
    uint8_t bytes[sizeof(struct fs_dirent) + FS_NAME_MAX + 8] = {0};
    struct fs_dirent head = {
        .next_position = next_position,
        .mode = mode,
        .name_length = (uint16_t)name_length,
        .record_length = (uint16_t)record,
    };

    if (name_length > FS_NAME_MAX || record > job->size - job->length) {
        return false;
    }
    memcpy(bytes, &head, sizeof(head));
    memcpy(bytes + sizeof(head), name, name_length);
    fs_server_put(job, job->length, bytes, record);
    job->position = next_position;
    return true;
}

struct fs_server_counts fs_server_counts(void)
{
    struct fs_server_counts counts = self.counts;

    for (uint32_t i = 0; i < FS_FILES_MAX; i++) {
        counts.open_files += self.files[i].state != FILE_FREE;
    }
    counts.jobs = self.active;
    return counts;
}

void fs_server_init(const struct fs_server_config *config, const struct fs_server_operations *operations)
{
    self.config = config;
    self.operations = operations;
    require(config->share.base && config->share.size >= sizeof(struct fs_stat), "fs_server_config.share.size",
            config->share.size);
    self.free_jobs = NULL;
    for (uint32_t i = FS_JOBS_MAX; i-- > 0;) {
        self.jobs[i].index = i;
        self.jobs[i].path = self.jobs[i].paths[0];
        self.jobs[i].other = self.jobs[i].paths[1];
        self.jobs[i].next = self.free_jobs;
        self.free_jobs = &self.jobs[i];
    }
    ring_attach_consumer(&self.commands, &config->commands, sizeof(struct fs_command));
    ring_attach_producer(&self.completions, &config->completions, sizeof(struct fs_completion));
    pd_on_channel(config->client, on_client, NULL);
    if (pd_generation() > 1) {
        pd_notify_later(config->client); /* it learns from the ring that what was under way is lost */
    }
    drain();
}
