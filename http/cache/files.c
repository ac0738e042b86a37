/* http/cache/files.c: what the cache asks the file server, and the files that it has open there; see files.h.
 *   produces  FS_CLOSE, FS_STAT, FS_OPEN, FS_READ; closes first, then questions about paths, then reads, each in the
 *             order in which they were wanted
 *   consumes  their answers
 *   share     paths and attributes of commands under way lie in slots of one block
 *   invariant a command is free, or under way for one file or read; an fd is a file's, or in `closes`, or the server's
 *             no more
 *   when full no command, slot or room in the ring: they wait for an answer. Too many files open: those that nothing is
 *             read from are closed, first used first
 *   restart   fds of a file server that has started anew mean nothing: they are forgotten
 */
#include "http/cache/files.h"

#include <string.h>
#include "fs/mount.h"
#include "lib/pd.h"

#define COMMANDS_MAX 96 /* under way; the ring has room for others' besides */
#define OPEN_MAX 96     /* files, of the FS_FILES_MAX that the server has for all */
#define CLOSES_MAX 256
#define SLOT_BYTES (FS_PATH_MAX + 64)
#define SLOTS_MAX (FS_CLIENT_BLOCK_SIZE / SLOT_BYTES)

_Static_assert(sizeof(struct fs_stat) <= 64, "attributes lie behind the path in a slot");

struct command {
    struct fs_request request;
    struct command *next; /* free */
    uint32_t type;        /* enum fs_command_type */
    struct cache_file *file;
    struct cache_fill *fill;
    uint8_t *slot;
};

static struct {
    struct cache_files_handlers handlers;
    struct command commands[COMMANDS_MAX];
    struct command *free;
    uint8_t *free_slots[SLOTS_MAX];
    uint32_t free_slot_count;
    struct cache_file *questions, **questions_end;
    struct cache_fill *reads, **reads_end;
    uint64_t closes[CLOSES_MAX];
    uint32_t close_count, closes_restarts, closes_lost;
    struct list opened; /* files with an fd, least recently used first */
    uint32_t open_count;
    bool pumping;
    uint64_t question_count, read_count;
} self;

/* -- open files -- */

static bool fd_is_good(const struct cache_file *file)
{
    return file->has_fd && file->fd_restarts == fs_client_restarts();
}

void cache_files_opened(struct cache_file *file, uint64_t fd)
{
    file->has_fd = true;
    file->fd = fd;
    file->fd_restarts = fs_client_restarts();
    list_add_last(&self.opened, &file->opened);
    self.open_count++;
}

static void close_later(uint64_t fd)
{
    if (self.closes_restarts != fs_client_restarts()) {
        self.closes_restarts = fs_client_restarts();
        self.close_count = 0;
    }
    if (self.close_count < CLOSES_MAX) {
        self.closes[self.close_count++] = fd;
    } else {
        self.closes_lost++;
    }
}

void cache_files_close(struct cache_file *file)
{
    if (!file->has_fd) {
        return;
    }
    if (fd_is_good(file)) {
        close_later(file->fd);
    }
    file->has_fd = false;
    list_remove(&file->opened);
    self.open_count--;
}

void cache_files_close_unowned(uint64_t fd)
{
    close_later(fd);
}

bool cache_files_close_idle(uint32_t keep)
{
    bool any = false;
    struct list_link *link = list_first(&self.opened), *next;
    for (; link && self.open_count > keep; link = next) {
        struct cache_file *file = LIST_ITEM(struct cache_file, opened, link);
        next = list_next(&self.opened, link);
        if (file->coming == 0) {
            cache_files_close(file);
            any = true;
        }
    }
    return any;
}

/* -- answers -- */

static void free_command(struct command *command)
{
    if (command->slot) {
        self.free_slots[self.free_slot_count++] = command->slot;
    }
    *command = (struct command){.next = self.free};
    self.free = command;
}

static void pump(void);

static void answered(struct fs_request *request)
{
    struct command command = *(struct command *)request->context;
    const struct fs_completion *result = &command.request.result;
    bool good = result->status == FS_STATUS_OK;
    struct fs_stat attributes;

    if (command.slot) {
        memcpy(&attributes, command.slot + FS_PATH_MAX, sizeof(attributes));
    }
    free_command(request->context);
    fs_mount_note(result->status);
    if (command.type == FS_READ) {
        self.handlers.filled(command.fill, result);
    } else if (command.type != FS_CLOSE) {
        bool opened = good && command.type == FS_OPEN;
        self.handlers.answered(command.file, result->status, &attributes, opened ? &result->open.fd : NULL);
    }
    pump();
}

/* -- questions -- */

/* NULL: none is free. */
static struct command *new_command(uint32_t type, bool slot)
{
    struct command *command = self.free;
    if (!command || (slot && self.free_slot_count == 0)) {
        return NULL;
    }
    self.free = command->next;
    *command = (struct command){
        .request = {.handler = answered, .context = command},
        .type = type,
        .slot = slot ? self.free_slots[--self.free_slot_count] : NULL,
    };
    return command;
}

static bool issue(struct command *command, const struct fs_command *message)
{
    if (!fs_client_issue(&command->request, message)) {
        free_command(command);
        return false;
    }
    return true;
}

static bool issue_close(void)
{
    if (self.closes_restarts != fs_client_restarts()) {
        self.close_count = 0;
        return true;
    }
    struct command *command = new_command(FS_CLOSE, false);
    struct fs_command message = {.type = FS_CLOSE, .file.fd = self.closes[self.close_count - 1]};
    if (!command || !issue(command, &message)) {
        return false;
    }
    self.close_count--;
    return true;
}

static bool issue_question(void)
{
    struct cache_file *file = self.questions;
    uint32_t type = file->opens ? FS_OPEN : FS_STAT;

    if (type == FS_OPEN && self.open_count >= OPEN_MAX) {
        cache_files_close_idle(OPEN_MAX - 1);
    }
    struct command *command = new_command(type, true);
    if (!command) {
        return false;
    }
    memcpy(command->slot, file->path, file->path_length);
    command->file = file;
    struct fs_command message = {
        .type = type,
        .flags = (type == FS_OPEN ? FS_OPEN_READ : 0) | (file->spared ? FS_UNLESS_AWAY : 0),
        .path = {fs_client_buffer(command->slot, file->path_length),
                 fs_client_buffer(command->slot + FS_PATH_MAX, sizeof(struct fs_stat))},
    };
    if (!issue(command, &message)) {
        return false;
    }
    self.question_count++;
    self.questions = file->next;
    if (!self.questions) {
        self.questions_end = &self.questions;
    }
    return true;
}

static void take_read(void)
{
    self.reads = self.reads->next;
    if (!self.reads) {
        self.reads_end = &self.reads;
    }
}

static bool issue_read(void)
{
    struct cache_fill *fill = self.reads;
    struct cache_file *file = fill->file;

    if (file->failed || !fd_is_good(file)) {
        take_read();
        self.handlers.filled(fill, NULL);
        return true;
    }
    struct command *command = new_command(FS_READ, false);
    if (!command) {
        return false;
    }
    command->fill = fill;
    struct fs_command message = {.type = FS_READ,
                                 .file = {.fd = file->fd,
                                          .position = (uint64_t)fill->index * CACHE_BLOCK_SIZE,
                                          .data = fs_client_buffer(fill->run.at, fill->length)}};
    if (!issue(command, &message)) {
        return false;
    }
    self.read_count++;
    take_read();
    list_move_last(&self.opened, &file->opened);
    return true;
}

/* What one of them causes is taken up by the loop that runs already. */
static void pump(void)
{
    bool going = !self.pumping && fs_mount_stands();

    self.pumping |= going;
    while (going) {
        if (self.close_count > 0) {
            going = issue_close();
        } else if (self.questions && (going = issue_question())) {
            continue;
        } else {
            going = self.reads && issue_read();
        }
        if (!going) {
            self.pumping = false;
        }
    }
}

void cache_files_ask(struct cache_file *file, bool opens, bool spared)
{
    file->opens = opens;
    file->spared = spared;
    file->next = NULL;
    *self.questions_end = file;
    self.questions_end = &file->next;
    pump();
}

void cache_files_fill(struct cache_fill *fill)
{
    fill->next = NULL;
    *self.reads_end = fill;
    self.reads_end = &fill->next;
    pump();
}

/* -- life -- */

static void after_batch(void *context)
{
    pump();
}

void cache_files_init(const struct cache_files_handlers *handlers)
{
    uint8_t *block = fs_client_block_get();
    require(block, "cache_init: blocks of the share", fs_client_blocks());
    for (uint32_t i = 0; i < SLOTS_MAX; i++) {
        self.free_slots[self.free_slot_count++] = block + i * SLOT_BYTES;
    }
    for (uint32_t i = 0; i < COMMANDS_MAX; i++) {
        free_command(&self.commands[i]);
    }
    self.handlers = *handlers;
    self.questions_end = &self.questions;
    self.reads_end = &self.reads;
    list_init(&self.opened);
    fs_mount_on_outcome(after_batch, NULL);
    fs_client_on_event(after_batch, NULL);
}

void cache_files_counters(struct cache_counters *counters)
{
    counters->revalidations = self.question_count;
    counters->reads = self.read_count;
}
