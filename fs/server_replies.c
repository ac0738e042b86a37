/* fs/server_replies.c: what goes back to a client: completions, and bytes in its share.
 *   produces  completions  one for each command, with its id, in the ring of the client that gave it
 *   share     of that client; only where its command said, which has been checked; not touched for one that has
 *             restarted meanwhile
 *   when full a completion for which a lying client left no room is dropped and counted
 */
#include "lib/pd.h"

#include <assert.h>
#include <string.h>
#include "fs/server_parts.h"
#include "lib/copy.h"

void fs_server_complete(struct fs_server_client *client, const struct fs_completion *completion)
{
    trace(file_done, completion->id, completion->status);
    client->counts.refused += completion->status != FS_STATUS_OK;
    if (!ring_put(&client->completions, completion)) {
        client->counts.lost++;
    } else if (ring_wake_consumer(&client->completions)) {
        pd_notify_later(client->config->channel);
    }
}

static void put_attributes(const struct fs_job *job, const struct fs_buffer *buffer)
{
    void *to = buffer->size ? region_at(&job->owner->config->share, buffer->offset, sizeof(struct fs_stat)) : NULL;

    if (to) {
        memcpy(to, &job->stat, sizeof(job->stat));
    }
}

void fs_server_reply(struct fs_job *job, enum fs_status status)
{
    struct fs_completion completion = {.id = job->command.id, .status = status};

    if (status == FS_STATUS_OK) {
        switch (job->type) {
        case FS_OPEN:
            put_attributes(job, &job->command.path.other);
            completion.open.fd = fs_server_file_fd(job->open_file);
            completion.open.size = job->stat.size;
            break;
        case FS_STAT: put_attributes(job, &job->command.path.other); break;
        case FS_FSTAT: put_attributes(job, &job->command.file.data); break;
        case FS_OPENDIR: completion.open.fd = fs_server_file_fd(job->open_file); break;
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
    fs_server_complete(job->owner, &completion);
}

/* The place of its data is that client's who gave it. */
static bool is_owners(const struct fs_job *job)
{
    return !job->abandoned && fs_server_client_lives(job->owner);
}

void fs_server_put(struct fs_job *job, uint64_t offset, const void *bytes, uint64_t length)
{
    assert(offset <= job->size && length <= job->size - offset);
    if (is_owners(job)) {
        copy_long(job->data + offset, bytes, length);
    }
    if (offset + length > job->length) {
        job->length = offset + length;
    }
}

const void *fs_server_data(const struct fs_job *job)
{
    return is_owners(job) ? job->data : NULL;
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
