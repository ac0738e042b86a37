/* fs/server.c: a file server's end of the file service, without the files: a job from its command to its end.
 *   serves    several clients, none of them trusted, each in its turn: one command of each after the other
 *   invariant a job is answered exactly once, to the client that asked; of the free ones `reserved` are there for
 *             clients that have fewer than are kept for them
 *   when full commands wait, in order (server_clients.c), while their client may have no more jobs, or no more writes
 *   when away new commands that need the server are answered at once, also while all jobs are busy; those of a client
 *             that waits are taken as ever
 *   ends      an event ends when each client has nothing to say, or has had its part (server_clients.c)
 *   restart   a client that starts anew loses its files; what was under way for it ends without touching the share, and
 *             counts among its jobs until then
 */
#include "lib/pd.h"

#include <assert.h>
#include "fs/server_parts.h"

static struct {
    const struct fs_server_operations *operations;
    struct fs_job jobs[FS_JOBS_MAX];
    struct fs_job *free;
    uint32_t free_count, reserved;
    struct fs_server_client *turn; /* is asked next */
    bool away;
    bool serving;
} self;

/* -- places -- */

static bool has_place(const struct fs_server_client *client, uint32_t type)
{
    const struct fs_server_client_config *config = client->config;

    return (client->jobs < config->jobs || self.free_count > self.reserved) &&
           (type != FS_WRITE || client->writes < config->writes || config->writes == 0); /* then it is refused */
}

static struct fs_job *job_take(struct fs_server_client *client, uint32_t type)
{
    struct fs_job *job = self.free;

    self.free = job->next;
    self.free_count--;
    self.reserved -= client->jobs < client->config->jobs;
    client->jobs++;
    client->writes += type == FS_WRITE;
    return job;
}

static void job_free(struct fs_job *job)
{
    struct fs_server_client *client = job->owner;

    job->busy = false;
    job->next = self.free;
    self.free = job;
    self.free_count++;
    client->jobs--;
    self.reserved += client->jobs < client->config->jobs;
    client->writes -= job->command.type == FS_WRITE;
}

/* -- ends -- */

static void leave_when_idle(struct fs_server_client *client)
{
    struct fs_job *job = client->leaving;

    if (!job || client->jobs > 1) {
        return;
    }
    fs_server_files_release(client);
    client->leaving = NULL;
    if (fs_server_client_lives(client)) {
        fs_server_reply(job, FS_STATUS_OK);
    }
    job_free(job);
}

static void serve(void);

void fs_server_done(struct fs_job *job, enum fs_status status)
{
    struct fs_server_client *client = job->owner;

    assert(job->busy);
    if (!job->abandoned && fs_server_client_lives(client)) {
        if (job->type == FS_INITIALISE) {
            fs_server_client_mounted(client, status == FS_STATUS_OK);
        }
        fs_server_reply(job, status);
    }
    fs_server_file_settle(job, status);
    job_free(job);
    leave_when_idle(client);
    serve();
}

/* The client has started anew: it knows none of its files and commands. Its buffers are somebody else's now. Rare: kept
 * out of what happens with each command. */
__attribute__((noinline)) static void abandon(struct fs_server_client *client)
{
    for (uint32_t i = 0; i < FS_JOBS_MAX; i++) {
        self.jobs[i].abandoned |= self.jobs[i].busy && self.jobs[i].owner == client;
    }
    for (struct fs_job *job = fs_server_files_abandon(client); job;) {
        struct fs_job *next = job->next;
        job_free(job);
        job = next;
    }
    if (client->leaving) {
        job_free(client->leaving);
        client->leaving = NULL;
    }
    fs_server_client_forget(client);
    fs_server_client_mounted(client, false);
}

/* -- beginnings -- */

/* True: that is all that this command is about. */
static bool done_by_position(struct fs_job *job, struct fs_open_file *directory)
{
    switch (job->type) {
    case FS_READDIR:
        if (directory->read_by != job->command.id) { /* else it is asked for again */
            directory->read_by = job->command.id;
            directory->read_from = directory->position;
        }
        job->position = directory->read_from;
        return false;
    case FS_TELLDIR: job->position = directory->position; return true;
    case FS_SEEKDIR: directory->position = job->command.file.position; return true;
    case FS_REWINDDIR: directory->position = 0; return true;
    default: return false;
    }
}

static bool done_here(struct fs_job *job, struct fs_open_file *file)
{
    if (file && file->directory && done_by_position(job, file)) {
        return true;
    }
    bool moves = job->type == FS_READ || job->type == FS_WRITE;
    return job->type == FS_CLOSE || job->type == FS_CLOSEDIR || (moves && job->size == 0);
}

/* Checked and alone where it must be: do it. */
static void begin(struct fs_job *job)
{
    struct fs_open_file *file = job->open_file;
    enum fs_command_type type = job->type == FS_FILE_SIZE ? FS_FSTAT : job->type;

    if (file) {
        file->active++;
    }
    if (done_here(job, file)) {
        fs_server_done(job, FS_STATUS_OK);
    } else if (self.operations->operation[type]) {
        self.operations->operation[type](job);
    } else {
        fs_server_done(job, FS_STATUS_READ_ONLY);
    }
}

static bool is_nonsense(enum fs_status status)
{
    return status == FS_STATUS_INVALID_COMMAND || status == FS_STATUS_INVALID_BUFFER ||
           status == FS_STATUS_INVALID_PATH || status == FS_STATUS_INVALID_FD || status == FS_STATUS_INVALID_ARGUMENT;
}

static void refuse(struct fs_job *job, enum fs_status status)
{
    if (is_nonsense(status)) {
        ring_check(&job->owner->commands);
        job->owner->counts.nonsense++;
    }
    fs_server_reply(job, status);
    job_free(job);
}

static void accept(struct fs_job *job)
{
    struct fs_server_client *client = job->owner;
    if (job->command.flags & FS_AGAIN) { /* what it has opened in a former life of ours, the client does not know */
        job->command.flags &= ~FS_AGAIN;
        fs_server_file_forget(client, job->command.id);
    }
    job->unless_away = (job->command.flags & FS_UNLESS_AWAY) != 0;
    job->command.flags &= ~FS_UNLESS_AWAY;
    enum fs_status status = fs_server_check(job);
    client->counts.commands++;
    if (status == FS_STATUS_OK && (job->type == FS_OPEN || job->type == FS_OPENDIR)) {
        job->open_file = fs_server_file_reserve(client, job->type == FS_OPENDIR, job->flags);
        status = job->open_file ? FS_STATUS_OK : FS_STATUS_TOO_MANY_OPEN;
    }
    if (status != FS_STATUS_OK) {
        refuse(job, status);
    } else if (job->type == FS_DEINITIALISE) {
        fs_server_client_mounted(client, false);
        client->leaving = job;
        leave_when_idle(client);
    } else if (job->type == FS_INITIALISE && (client->mounted || client->leaving)) {
        fs_server_done(job, client->mounted ? FS_STATUS_OK : FS_STATUS_NOT_MOUNTED);
    } else if (!job->open_file || job->open_file->state != FS_FILE_OPEN || fs_server_file_enter(job)) {
        begin(job);
    }
}

static void start(struct fs_server_client *client, const struct fs_command *command, uint64_t arrived_ns)
{
    struct fs_job *job = job_take(client, command->type);

    trace(file_taken, command->id, command->type);
    job->owner = client;
    job->client = client->index;
    job->command = *command;
    job->arrived_ns = arrived_ns;
    job->type = 0; /* none yet; NOLINT(clang-analyzer-optin.core.EnumCastOutOfRange) since 19 */
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

/* -- turns -- */

/* A command that has just come out of the ring: to a job, behind those that wait, or back at once. */
static void arrived(struct fs_server_client *client, const struct fs_command *command)
{
    if (self.away && !client->config->waits && client->mounted && needs_server(command->type)) {
        client->counts.commands++;
        fs_server_complete(client, &(struct fs_completion){.id = command->id, .status = FS_STATUS_UNREACHABLE});
    } else if (client->waiting_count == 0 && has_place(client, command->type)) {
        start(client, command, pd_now_ns());
    } else {
        fs_server_client_wait(client, command);
    }
}

/* One command of this client on, which has some, or may have. False: there is none, or no room. */
static bool take_one_of(struct fs_server_client *client)
{
    const struct fs_waiting *first = fs_server_client_first(client);
    struct fs_command command;

    if (first && fs_server_client_restarted(client)) {
        abandon(client);
        first = NULL;
    }
    if (first && has_place(client, first->command.type)) {
        command = first->command;
        fs_server_client_drop_first(client);
        start(client, &command, first->arrived_ns);
        return true;
    }
    if (!client->awake || client->waiting_count == FS_QUEUE_CAPACITY) {
        return false;
    }
    bool any = fs_server_client_get(client, &command);
    if (fs_server_client_restarted(client)) {
        abandon(client);
        return any; /* a command of the former life: a ring gives none of a new one before it is reset */
    }
    if (any) {
        arrived(client, &command);
    }
    return any;
}

static bool take_one(void)
{
    const struct fs_server_client *first = self.turn;

    do {
        struct fs_server_client *client = self.turn;
        self.turn = client->next;
        if ((client->awake || client->waiting_count > 0) && take_one_of(client)) {
            return true;
        }
    } while (self.turn != first);
    return false;
}

/* Not nested: what an operation ends at once is followed by the loop that began it. */
static void serve(void)
{
    if (self.serving) {
        return;
    }
    self.serving = true;
    do {
        for (struct fs_job *job = fs_server_files_next(); job; job = fs_server_files_next()) {
            begin(job);
        }
    } while (take_one());
    self.serving = false;
}

static void on_client(void *context)
{
    fs_server_clients_wake(context);
    serve();
}

void fs_server_away(bool away)
{
    self.away = away;
}

void fs_server_init(const struct fs_server_config *config, const struct fs_server_operations *operations)
{
    self.operations = operations;
    for (uint32_t i = FS_JOBS_MAX; i-- > 0;) {
        self.jobs[i].index = i;
        self.jobs[i].path = self.jobs[i].paths[0];
        self.jobs[i].other = self.jobs[i].paths[1];
        self.jobs[i].next = self.free;
        self.free = &self.jobs[i];
    }
    self.free_count = FS_JOBS_MAX;
    fs_server_files_init(operations);
    fs_server_clients_init(config, on_client, operations->adopt != NULL);
    fs_server_files_adopt();
    self.turn = fs_server_client(0);
    uint32_t files = 0;
    for (uint32_t i = 0; i < config->client_count; i++) {
        self.reserved += config->clients[i].jobs;
        files += config->clients[i].files;
    }
    require(self.reserved <= FS_JOBS_MAX, "fs_server_config.clients.jobs", self.reserved);
    require(files <= FS_FILES_MAX, "fs_server_config.clients.files", files);
    serve();
}
