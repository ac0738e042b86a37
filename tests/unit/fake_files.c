/* tests/unit/fake_files.c: see the header. */
#include <string.h>

#include "fs/mount.h"
#include "http/cache/cache.h"
#include "net/ip/ip.h"
#include "tests/unit/fake_files.h"
#include "timer/client.h"

#define HANDLERS_MAX 4

struct fake_world fake_world;

static _Alignas(64) uint8_t index_bytes[512 * CACHE_INDEX_UNIT];
const struct region fake_index = {.base = index_bytes, .size = sizeof(index_bytes)};

static struct {
    void (*handler)(void *context);
    void *context;
} on_event[HANDLERS_MAX], on_outcome[HANDLERS_MAX], on_sent;
static uint32_t on_event_count, on_outcome_count;
static struct timer *timers;
static uint64_t next_inode = 100;
static uint8_t *free_blocks[FAKE_BLOCKS_MAX];

/* -- files -- */

uint8_t fake_byte(uint64_t inode, uint64_t mtime_ns, uint64_t offset)
{
    uint64_t mixed = (inode * 31 + mtime_ns * 17 + offset) * 0x9e3779b97f4a7c15ull;
    return (uint8_t)(mixed >> 56);
}

struct fake_file *fake_find(const char *path)
{
    for (uint32_t i = 0; i < fake_world.file_count; i++) {
        if (strcmp(fake_world.files[i].path, path) == 0) {
            return &fake_world.files[i];
        }
    }
    return NULL;
}

struct fake_file *fake_put(const char *path, uint64_t size)
{
    struct fake_file *file = fake_find(path);

    if (!file) {
        CHECK(fake_world.file_count < FAKE_FILES_MAX);
        file = &fake_world.files[fake_world.file_count++];
    }
    *file = (struct fake_file){
        .kind = FAKE_FILE,
        .size = size,
        .inode = next_inode++,
        .mtime_ns = 1000,
        .mode = 0644,
        .there = true,
    };
    CHECK(snprintf(file->path, sizeof(file->path), "%s", path) < (int)sizeof(file->path));
    return file;
}

static const struct fake_file *by_inode(uint64_t inode)
{
    for (uint32_t i = 0; i < fake_world.file_count; i++) {
        if (fake_world.files[i].inode == inode && fake_world.files[i].there) {
            return &fake_world.files[i];
        }
    }
    return NULL;
}

/* -- the server -- */

static void *in_share(struct fs_buffer buffer)
{
    CHECK(buffer.size > 0 && buffer.offset + buffer.size <= (uint64_t)fake_world.blocks * FS_CLIENT_BLOCK_SIZE);
    return fake_world.share + buffer.offset;
}

static const struct fake_file *at_path(const struct fs_command *command)
{
    char path[FS_PATH_MAX + 1] = "";

    CHECK(command->path.path.size <= FS_PATH_MAX);
    memcpy(path, in_share(command->path.path), command->path.path.size);
    struct fake_file *file = fake_find(path);
    return file && file->there ? file : NULL;
}

static void put_attributes(const struct fs_command *command, const struct fake_file *file)
{
    static const uint32_t types[] = {[FAKE_FILE] = 0100000, [FAKE_DIRECTORY] = 0040000, [FAKE_DEVICE] = 0020000};
    uint64_t size = file->wrong_size ? file->wrong_size : file->size;
    struct fs_stat stat = {
        .size = size, .inode = file->inode, .mtime_ns = file->mtime_ns, .mode = types[file->kind] | file->mode};

    CHECK(command->path.other.size == sizeof(stat));
    memcpy(in_share(command->path.other), &stat, sizeof(stat));
}

static bool open_new(uint64_t inode, uint64_t *fd)
{
    for (uint32_t i = 0; i < fake_world.open_max; i++) {
        struct fake_open *opened = &fake_world.opened[i];
        if (!opened->open) {
            *opened = (struct fake_open){true, inode, opened->generation + 1, 0};
            fake_world.open_now++;
            *fd = opened->generation << 16 | i;
            return true;
        }
    }
    return false;
}

static enum fs_status open_file(const struct fs_command *command, struct fs_completion *completion)
{
    const struct fake_file *file = at_path(command);

    if (!file) {
        return FS_STATUS_NOT_FOUND;
    }
    if (file->kind != FAKE_FILE) {
        return file->kind == FAKE_DIRECTORY ? FS_STATUS_IS_DIRECTORY : FS_STATUS_ACCESS;
    }
    if (!(file->mode & 4)) {
        return FS_STATUS_ACCESS;
    }
    if (!open_new(file->inode, &completion->open.fd)) {
        return FS_STATUS_TOO_MANY_OPEN;
    }
    put_attributes(command, file);
    completion->open.size = file->wrong_size ? file->wrong_size : file->size;
    return FS_STATUS_OK;
}

static struct fake_open *by_fd(uint64_t fd)
{
    struct fake_open *opened = &fake_world.opened[fd & 0xffff];

    if ((fd & 0xffff) >= FAKE_OPEN_MAX || !opened->open || opened->generation != fd >> 16) {
        fake_world.invalid_fds++;
        return NULL;
    }
    return opened;
}

static enum fs_status read_file(const struct fs_command *command, struct fs_completion *completion)
{
    struct fake_open *opened = by_fd(command->file.fd);
    uint64_t size = command->file.data.size, position = command->file.position;
    uint8_t *to = in_share(command->file.data);

    if (!opened) {
        return FS_STATUS_INVALID_FD;
    }
    const struct fake_file *file = by_inode(opened->inode);
    if (!file) {
        return FS_STATUS_STALE;
    }
    uint64_t left = position < file->size ? file->size - position : 0;
    completion->read.length = left < size ? left : size;
    completion->read.mtime_ns = fake_world.tells_no_times ? 0 : file->mtime_ns;
    for (uint64_t i = 0; i < completion->read.length; i++) {
        to[i] = fake_byte(file->inode, file->mtime_ns, position + i);
    }
    return FS_STATUS_OK;
}

static enum fs_status stat_file(const struct fs_command *command)
{
    const struct fake_file *file = at_path(command);

    if (file) {
        put_attributes(command, file);
    }
    return file ? FS_STATUS_OK : FS_STATUS_NOT_FOUND;
}

static enum fs_status close_file(const struct fs_command *command)
{
    struct fake_open *opened = by_fd(command->file.fd);

    if (!opened) {
        return FS_STATUS_INVALID_FD;
    }
    opened->open = false;
    fake_world.open_now--;
    return FS_STATUS_OK;
}

/* -- folders -- */

static enum fs_status open_folder(const struct fs_command *command, struct fs_completion *completion)
{
    const struct fake_file *file = at_path(command);
    if (!file) {
        return FS_STATUS_NOT_FOUND;
    }
    if (file->kind != FAKE_DIRECTORY) {
        return FS_STATUS_NOT_DIRECTORY;
    }
    return open_new(file->inode, &completion->open.fd) ? FS_STATUS_OK : FS_STATUS_TOO_MANY_OPEN;
}

/* NULL: it does not lie in that folder. */
static const char *name_in(const struct fake_file *folder, const struct fake_file *file)
{
    size_t length = strcmp(folder->path, "/") == 0 ? 0 : strlen(folder->path);
    bool below = file->there && strncmp(file->path, folder->path, length) == 0 && file->path[length] == '/';
    const char *name = file->path + length + 1;
    return below && name[0] && !strchr(name, '/') ? name : NULL;
}

static uint32_t put_record(uint8_t *to, const struct fake_file *file, const char *name)
{
    uint32_t length = (uint32_t)strlen(name), bytes = (uint32_t)(sizeof(struct fs_dirent) + length + 7) & ~7u;
    struct fs_dirent record = {.mode = file->kind == FAKE_DIRECTORY ? 0040000 : 0,
                               .name_length = (uint16_t)length,
                               .record_length = (uint16_t)bytes};
    memcpy(to, &record, sizeof(record));
    memcpy(to + offsetof(struct fs_dirent, name), name, length);
    return bytes;
}

static enum fs_status read_folder(const struct fs_command *command, struct fs_completion *completion)
{
    struct fake_open *opened = by_fd(command->file.fd);
    uint8_t *to = in_share(command->file.data);
    completion->length = 0;
    if (!opened) {
        return FS_STATUS_INVALID_FD;
    }
    if (fake_world.records) {
        memcpy(to, fake_world.records, fake_world.records_length);
        completion->length = fake_world.records_length;
        fake_world.records = NULL;
        return FS_STATUS_OK;
    }
    const struct fake_file *folder = by_inode(opened->inode);
    CHECK(folder != NULL);
    for (; opened->position < fake_world.file_count; opened->position++) {
        const struct fake_file *file = &fake_world.files[opened->position];
        const char *name = name_in(folder, file);
        if (name && completion->length + sizeof(struct fs_dirent) + strlen(name) + 7 > command->file.data.size) {
            break;
        }
        if (name) {
            completion->length += put_record(to + completion->length, file, name);
        }
    }
    return FS_STATUS_OK;
}

static enum fs_status carry_out(const struct fs_command *command, struct fs_completion *completion)
{
    switch (command->type) {
    case FS_OPEN: return open_file(command, completion);
    case FS_STAT: return stat_file(command);
    case FS_READ: return read_file(command, completion);
    case FS_CLOSEDIR:
    case FS_CLOSE: return close_file(command);
    case FS_OPENDIR: return open_folder(command, completion);
    case FS_READDIR: return read_folder(command, completion);
    default: CHECK(!"a command that the cache has no use for");
    }
    return FS_STATUS_IO;
}

void fake_event(void)
{
    for (uint32_t i = 0; i < on_event_count; i++) {
        on_event[i].handler(on_event[i].context);
    }
}

/* A file is closed when what was asked of it before is done. */
static uint32_t before_close(uint32_t index)
{
    const struct fs_command *close = &fake_world.pending[index].command;
    for (uint32_t i = 0; close->type == FS_CLOSE && i < index; i++) {
        const struct fs_command *other = &fake_world.pending[i].command;
        if (other->type == FS_READ && other->file.fd == close->file.fd) {
            return i;
        }
    }
    return index;
}

void fake_answer(uint32_t index, enum fs_status status)
{
    CHECK(index < fake_world.pending_count);
    index = before_close(index);
    struct fs_request *request = fake_world.pending[index].request;
    struct fs_command command = fake_world.pending[index].command;
    struct fs_completion completion = {.status = status};

    fake_world.pending_count--;
    memmove(&fake_world.pending[index], &fake_world.pending[index + 1],
            (fake_world.pending_count - index) * sizeof(fake_world.pending[0]));
    if (status == FS_STATUS_OK) {
        completion.status = carry_out(&command, &completion);
    }
    request->result = completion;
    request->done = true;
    request->handler(request);
    fake_event();
}

void fake_answer_all(void)
{
    while (fake_world.pending_count > 0) {
        fake_answer(0, FS_STATUS_OK);
    }
}

void fake_fail_all(enum fs_status status)
{
    for (uint32_t left = fake_world.pending_count; left > 0; left--) {
        fake_answer(0, status);
    }
}

void fake_restart(void)
{
    fake_world.restarts++;
    fake_world.open_now = 0;
    memset(fake_world.opened, 0, sizeof(fake_world.opened)); /* fds repeat */
    fake_fail_all(FS_STATUS_SERVER_WAS_RESET);
    fake_event();
}

void fake_mounted(void)
{
    fake_world.mount_asked = false;
    for (uint32_t i = 0; i < on_outcome_count; i++) {
        on_outcome[i].handler(on_outcome[i].context);
    }
}

/* -- fs/client.h, fs/mount.h -- */

bool fs_client_issue(struct fs_request *request, const struct fs_command *command)
{
    if (fake_world.pending_count == fake_world.ring) {
        return false;
    }
    if (command->type == FS_READ || command->type == FS_READDIR) { /* what a descriptor names is not written */
        CHECK(!ip_sends_from(in_share(command->file.data), command->file.data.size));
    }
    fake_world.counts[command->type]++;
    request->done = false;
    fake_world.pending[fake_world.pending_count].request = request;
    fake_world.pending[fake_world.pending_count++].command = *command;
    return true;
}

uint32_t fs_client_restarts(void)
{
    return fake_world.restarts;
}

uint32_t fs_client_block_size(void)
{
    return FS_CLIENT_BLOCK_SIZE;
}

uint32_t fs_client_blocks(void)
{
    return fake_world.blocks;
}

void *fs_client_block_get(void)
{
    return fake_world.blocks_out == fake_world.blocks ? NULL : free_blocks[fake_world.blocks_out++];
}

struct fs_buffer fs_client_buffer(const void *in_block, uint64_t size)
{
    return (struct fs_buffer){(uint64_t)((const uint8_t *)in_block - fake_world.share), size};
}

void fs_client_on_event(void (*handler)(void *context), void *context)
{
    CHECK(on_event_count < HANDLERS_MAX);
    on_event[on_event_count].handler = handler;
    on_event[on_event_count++].context = context;
}

void fs_mount_on_outcome(void (*handler)(void *context), void *context)
{
    CHECK(on_outcome_count < HANDLERS_MAX);
    on_outcome[on_outcome_count].handler = handler;
    on_outcome[on_outcome_count++].context = context;
}

bool fs_mount_is_asked(void)
{
    return fake_world.mount_asked;
}

bool fs_mount_stands(void)
{
    return !fake_world.mount_asked;
}

void fs_mount_note(uint32_t status) {}

/* -- net/ip/ip.h -- */

void ip_keep_sums(void *table, uint32_t count)
{
    memset(table, 0xff, (size_t)count * IP_SUM_BYTES); /* it is all there */
}

void ip_memory_changed(const void *at, uint64_t size) {}

bool ip_sends_from(const void *memory, size_t size)
{
    const uint8_t *at = memory;
    return fake_world.named && at < fake_world.named + fake_world.named_size && at + size > fake_world.named;
}

bool ip_when_sent(void (*handler)(void *context), void *context)
{
    on_sent.handler = handler;
    on_sent.context = context;
    if (!fake_world.named) {
        fake_unname();
    }
    return true;
}

void ip_hurry_sent(void) {}

void fake_unname(void)
{
    void (*handler)(void *context) = on_sent.handler;

    fake_world.named = NULL;
    on_sent.handler = NULL;
    if (handler) {
        handler(on_sent.context);
    }
}

uint32_t random_word(void)
{
    return 4; /* so that a run repeats */
}

/* -- timer/client.h -- */

void timer_stop(struct timer *timer)
{
    for (struct timer **link = &timers; *link; link = &(*link)->next) {
        if (*link == timer) {
            *link = timer->next;
            break;
        }
    }
    timer->armed = false;
}

void timer_start(struct timer *timer, uint64_t deadline_ns, void (*handler)(void *), void *context)
{
    timer_stop(timer);
    *timer = (struct timer){
        .next = timers,
        .deadline_ns = deadline_ns,
        .handler = handler,
        .context = context,
        .armed = true,
    };
    timers = timer;
}

static struct timer *due(uint64_t now)
{
    struct timer *first = NULL;
    for (struct timer *timer = timers; timer; timer = timer->next) {
        if (timer->deadline_ns <= now && (!first || timer->deadline_ns < first->deadline_ns)) {
            first = timer;
        }
    }
    return first;
}

void fake_pass(uint64_t ns)
{
    uint64_t end = fake_world.now + ns;
    struct timer *timer;
    while ((timer = due(end))) {
        if (timer->deadline_ns > fake_world.now) {
            fake_world.now = timer->deadline_ns;
            fake_set_now_ns(fake_world.now);
        }
        timer_stop(timer);
        timer->handler(timer->context);
    }
    fake_world.now = end;
    fake_set_now_ns(end);
}

void fake_world_init(uint32_t blocks)
{
    CHECK(blocks <= FAKE_BLOCKS_MAX);
    fake_world.blocks = blocks;
    fake_world.ring = FAKE_RING;
    fake_world.open_max = FAKE_OPEN_MAX;
    fake_world.share = aligned_alloc(4096, (size_t)blocks * FS_CLIENT_BLOCK_SIZE);
    for (uint32_t i = 0; i < blocks; i++) {
        free_blocks[i] = fake_world.share + (size_t)i * FS_CLIENT_BLOCK_SIZE;
    }
    fake_pass(1000000000);
}
