/* fs/server_files.c: open files and directories, and the jobs that wait for one.
 *   invariant an entry is one client's, which alone can name it; `active` counts the jobs at work on it; release() runs
 *             once for each file
 *   order     a close waits until the file's jobs are done; commands on one open directory go one after the other
 *   when full a client that has as many open as are its own gets FS_STATUS_TOO_MANY_OPEN; entries that a former life of
 *             it left behind count until nothing is at work on them
 *   restart   what a client had open is released, or as soon as nothing is at work on it. After one of this PD what was
 *             open still is, where its client lives on and the record of it is whole: it lies in memory that stays
 */
#include "lib/pd.h"

#include <assert.h>
#include <string.h>
#include "fs/server_parts.h"

#define FD_INDEX_BITS 16

PD_KEPT static struct {
    struct fs_open_file files[FS_FILES_MAX];
} kept;

static struct {
    const struct fs_server_operations *operations;
    struct fs_open_file *free;
    struct fs_open_file *ready; /* a job that waited for one of these may be able to begin */
} self;

uint64_t fs_server_file_fd(const struct fs_open_file *file)
{
    return (uint64_t)file->generation << FD_INDEX_BITS | (uint64_t)(file - kept.files);
}

struct fs_open_file *fs_server_file_at(const struct fs_server_client *client, uint64_t fd, bool directory)
{
    uint64_t index = fd & ((1u << FD_INDEX_BITS) - 1);
    struct fs_open_file *file = index < FS_FILES_MAX ? &kept.files[index] : NULL;

    return file && file->state == FS_FILE_OPEN && file->client == client && file->directory == directory &&
                   fs_server_file_fd(file) == fd
               ? file
               : NULL;
}

struct fs_open_file *fs_server_file_reserve(struct fs_server_client *client, bool directory, uint32_t flags)
{
    if (client->files == client->config->files) {
        return NULL;
    }
    struct fs_open_file *file = self.free;
    assert(file); /* clients have no more than there are, all together */
    self.free = file->next;
    client->files++;
    file->client = client;
    file->state = FS_FILE_OPENING;
    file->directory = directory;
    file->abandoned = false;
    file->flags = flags;
    file->generation += file->generation == UINT32_MAX ? 2 : 1; /* never 0 */
    file->active = 0;
    file->position = file->read_by = file->read_from = 0;
    file->file = NULL;
    file->waiting = NULL;
    return file;
}

static void file_release(struct fs_open_file *file)
{
    assert(file->active == 0 && !file->waiting);
    if (file->state != FS_FILE_OPENING) {
        self.operations->release(file->file, file->directory);
    }
    file->state = FS_FILE_FREE;
    file->client->files--;
    file->next = self.free;
    self.free = file;
}

static bool may_begin(const struct fs_job *job)
{
    const struct fs_open_file *file = job->open_file;

    return file->active == 0 || !(file->directory || job->type == FS_CLOSE);
}

bool fs_server_file_enter(struct fs_job *job)
{
    struct fs_open_file *file = job->open_file;

    if (job->type == FS_CLOSE || job->type == FS_CLOSEDIR) {
        file->state = FS_FILE_CLOSING; /* no later command finds it */
    }
    if (!file->waiting && may_begin(job)) {
        return true;
    }
    job->next = NULL;
    if (file->waiting) {
        file->waiting_last->next = job;
    } else {
        file->waiting = job;
    }
    file->waiting_last = job;
    return false;
}

struct fs_job *fs_server_files_next(void)
{
    while (self.ready) {
        struct fs_open_file *file = self.ready;
        struct fs_job *job = file->waiting;
        if (job && may_begin(job)) {
            file->waiting = job->next;
            return job;
        }
        self.ready = file->next_ready;
        file->listed = false;
    }
    return NULL;
}

static void list(struct fs_open_file *file)
{
    if (!file->listed) {
        file->listed = true;
        file->next_ready = self.ready;
        self.ready = file;
    }
}

static uint64_t sum_of(const struct fs_open_file *file)
{
    const uint64_t parts[] = {(uintptr_t)file->client, file->directory, file->flags,
                              file->generation,        file->opened_by, (uintptr_t)file->file};
    uint64_t sum = 0x9e3779b97f4a7c15ull;

    for (uint32_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        sum = (sum ^ parts[i]) * 0x9e3779b97f4a7c15ull;
        sum ^= sum >> 32;
    }
    return sum;
}

static void opened(struct fs_open_file *file, const struct fs_job *job, enum fs_status status)
{
    file->file = job->file;
    if (status == FS_STATUS_OK) {
        file->opened_by = job->command.id;
        file->sum = sum_of(file);
        file->state = FS_FILE_OPEN;
    }
    if (status != FS_STATUS_OK || file->abandoned) {
        file_release(file);
    }
}

void fs_server_file_settle(struct fs_job *job, enum fs_status status)
{
    struct fs_open_file *file = job->open_file;

    if (!file) {
        return;
    }
    file->active--;
    if (file->state == FS_FILE_OPENING) {
        opened(file, job, status);
    } else if (job->type == FS_CLOSE || job->type == FS_CLOSEDIR || (file->abandoned && file->active == 0)) {
        file_release(file);
    } else {
        if (job->type == FS_READDIR && status == FS_STATUS_OK) {
            file->position = job->position;
        }
        if (file->waiting) {
            list(file);
        }
    }
}

static struct fs_job *take_waiting(struct fs_open_file *file, struct fs_job *before)
{
    struct fs_job *first = file->waiting;

    if (!first) {
        return before;
    }
    file->waiting_last->next = before;
    file->waiting = NULL;
    return first;
}

struct fs_job *fs_server_files_abandon(struct fs_server_client *client)
{
    struct fs_job *unbegun = NULL;

    for (uint32_t i = 0; i < FS_FILES_MAX && client->files > 0; i++) {
        struct fs_open_file *file = &kept.files[i];
        if (file->state == FS_FILE_FREE || file->client != client) {
            continue;
        }
        unbegun = take_waiting(file, unbegun);
        file->abandoned = true;
        if (file->state != FS_FILE_OPENING) {
            file->state = FS_FILE_CLOSING;
            if (file->active == 0) {
                file_release(file);
            }
        }
    }
    return unbegun;
}

void fs_server_files_release(struct fs_server_client *client)
{
    for (uint32_t i = 0; i < FS_FILES_MAX && client->files > 0; i++) {
        struct fs_open_file *file = &kept.files[i];
        if (file->state != FS_FILE_FREE && file->client == client) {
            file_release(file);
        }
    }
}

void fs_server_file_forget(const struct fs_server_client *client, uint64_t opened_by)
{
    for (uint32_t i = 0; i < FS_FILES_MAX; i++) {
        struct fs_open_file *file = &kept.files[i];
        if (file->state == FS_FILE_OPEN && file->client == client && file->opened_by == opened_by &&
            file->active == 0) {
            file_release(file);
        }
    }
}

/* -- restart -- */

static bool is_whole(const struct fs_open_file *file)
{
    return (file->state == FS_FILE_OPEN || file->state == FS_FILE_CLOSING) && !file->abandoned &&
           file->sum == sum_of(file) && fs_server_client_keeps(file->client) &&
           file->client->files < file->client->config->files;
}

void fs_server_files_adopt(void)
{
    for (uint32_t i = FS_FILES_MAX; i-- > 0;) {
        struct fs_open_file *file = &kept.files[i];
        if (self.operations->adopt && is_whole(file) && self.operations->adopt(file->file, file->directory)) {
            file->state = FS_FILE_OPEN;
            file->active = 0;
            file->listed = false;
            file->waiting = NULL;
            file->client->files++;
        } else {
            file->state = FS_FILE_FREE;
            file->listed = false;
            file->next = self.free;
            self.free = file;
        }
    }
}

void fs_server_files_init(const struct fs_server_operations *operations)
{
    self.operations = operations;
    if (pd_generation() == 1) {
        memset(&kept, 0, sizeof(kept));
    }
}
