/* http/cache/names.c: the names in a folder; see names.h.
 *   produces  FS_OPENDIR, FS_READDIR, FS_CLOSEDIR, one at a time for a folder
 *   consumes  their answers: records, from the file server, NOT trusted: each length is checked, and read once
 *   invariant a place is free when it has been let go and no command of it is under way
 *   when full no place, no memory, no room in the ring: it has failed, and the reader says so. A folder that is larger
 *             than the memory for it, or than CACHE_NAMES_MAX, is read in part
 */
#include "http/cache/names.h"

#include <string.h>
#include "fs/mount.h"
#include "fs/proto.h"
#include "lib/pd.h"

#define PLACES 3
#define PART 8192 /* bytes that are read at once */
#define MEMORY (CACHE_RUN_MAX * CACHE_PAGE)
#define FULL (MEMORY - 2 * PART) /* no whole part more fits before the last one, */
#define LOOK_AT (MEMORY - PART)  /* which is only looked at: is there more? */
#define AGAIN_NS 100000000ull    /* after which a close is tried again */
#define TYPE_BITS 0170000
#define FOLDER 0040000

static struct {
    struct cache_names places[PLACES];
} self;

static void let_go(struct cache_names *names)
{
    if (names->released && !names->under_way && names->used) {
        names->used = false;
        cache_pages_give(&names->run);
    }
}

static void answered(struct fs_request *request);

static bool issue(struct cache_names *names, const struct fs_command *command)
{
    names->request = (struct fs_request){.handler = answered, .context = names};
    names->under_way = fs_client_issue(&names->request, command);
    return names->under_way;
}

static void close_folder(void *context)
{
    struct cache_names *names = context;
    struct fs_command command = {.type = FS_CLOSEDIR, .file.fd = names->fd};
    names->under_way = false;
    if (names->is_open && names->restarts == fs_client_restarts() && !issue(names, &command)) {
        names->under_way = true; /* it is not over yet */
        timer_start(&names->again, pd_now_ns() + AGAIN_NS, close_folder, names);
        return;
    }
    names->is_open = false;
    let_go(names);
}

static void finish(struct cache_names *names, enum cache_names_state state)
{
    names->state = state;
    close_folder(names);
    if (!names->released) {
        waiters_wake(&names->waiters);
    }
}

static bool is_full(const struct cache_names *names)
{
    return names->count == CACHE_NAMES_MAX || names->filled > FULL;
}

/* The next part, or, of a full one, a part that is only looked at. */
static void read_on(struct cache_names *names)
{
    uint32_t at = is_full(names) ? LOOK_AT : names->filled;
    struct fs_command command = {
        .type = FS_READDIR,
        .file = {.fd = names->fd, .data = fs_client_buffer(names->run.at + at, PART)},
    };
    if (names->released || !issue(names, &command)) {
        finish(names, CACHE_NAMES_FAILED);
    }
}

static void add(struct cache_names *names, uint32_t at, const struct fs_dirent *record)
{
    if (names->count < CACHE_NAMES_MAX && record->name_length > 0 && record->name_length <= FS_NAME_MAX) {
        names->names[names->count++] = (struct cache_name){
            .at = (uint16_t)(at + offsetof(struct fs_dirent, name)),
            .length = (uint8_t)record->name_length,
            .is_folder = (record->mode & TYPE_BITS) == FOLDER,
        };
    } else {
        names->more = true;
    }
}

/* False: they are no records. */
static bool take_records(struct cache_names *names, uint32_t length)
{
    uint32_t at = names->filled, end = at + length;
    while (at < end) {
        struct fs_dirent record;
        if (end - at < sizeof(record)) {
            return false;
        }
        memcpy(&record, names->run.at + at, sizeof(record));
        if (record.record_length > end - at || record.record_length < sizeof(record) + record.name_length) {
            return false;
        }
        add(names, at, &record);
        at += record.record_length;
    }
    names->filled = end;
    return true;
}

static void on_part(struct cache_names *names, uint64_t length)
{
    if (length == 0 || is_full(names)) {
        names->more |= length > 0;
        finish(names, CACHE_NAMES_HERE);
    } else if (length > PART || !take_records(names, (uint32_t)length)) {
        finish(names, CACHE_NAMES_FAILED);
    } else {
        read_on(names);
    }
}

static enum cache_names_state state_of(uint32_t status)
{
    switch ((enum fs_status)status) {
    case FS_STATUS_NOT_FOUND:
    case FS_STATUS_NOT_DIRECTORY:
    case FS_STATUS_NAME_TOO_LONG:
    case FS_STATUS_INVALID_PATH: return CACHE_NAMES_ABSENT;
    case FS_STATUS_ACCESS: return CACHE_NAMES_FORBIDDEN;
    default: return CACHE_NAMES_FAILED;
    }
}

static void answered(struct fs_request *request)
{
    struct cache_names *names = request->context;
    const struct fs_completion *result = &request->result;
    names->under_way = false;
    fs_mount_note(result->status);
    if (names->state != CACHE_NAMES_COMING) { /* it has been closed */
        names->is_open = false;
        let_go(names);
    } else if (result->status != FS_STATUS_OK) {
        finish(names, state_of(result->status));
    } else if (!names->is_open) {
        names->is_open = true;
        names->fd = result->open.fd;
        names->restarts = fs_client_restarts();
        read_on(names);
    } else {
        on_part(names, result->length);
    }
}

static struct cache_names *take_place(void)
{
    for (uint32_t i = 0; i < PLACES; i++) {
        if (!self.places[i].used) {
            return &self.places[i];
        }
    }
    return NULL;
}

struct cache_names *cache_names_read(const char *path, uint32_t length, struct cache_waiter *waiter)
{
    struct cache_names *names = take_place();
    if (!names || !fs_mount_stands()) {
        return NULL;
    }
    *names = (struct cache_names){.state = CACHE_NAMES_COMING};
    if (!cache_pages_take(&names->run, CACHE_RUN_MAX)) {
        return NULL;
    }
    memcpy(names->run.at, path, length);
    struct fs_command command = {.type = FS_OPENDIR, .path.path = fs_client_buffer(names->run.at, length)};
    if (!issue(names, &command)) {
        cache_pages_give(&names->run);
        return NULL;
    }
    names->used = true;
    names->text = (const char *)names->run.at;
    waiters_add(&names->waiters, waiter);
    return names;
}

/* Its memory may be written as long as a command is under way that may write there. */
void cache_names_release(struct cache_names *names)
{
    names->released = true;
    let_go(names);
}
