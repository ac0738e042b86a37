/* fs/client.c: a program's end of the file service.
 *   produces  commands     64-byte messages, each with an id of ours
 *   consumes  completions  matched by id               from the server, trusted for what is in the files
 *   share     fixed blocks, handed out and taken back here
 *   lengths   in a completion are handed on cut to what their command had room for
 *   invariant a request is under way in exactly one slot, and its handler runs exactly once
 *   when full fs_client_issue() says so; there are never more under way than the completion ring holds
 *   ends      an event ends when no completion is left, or after STRAYS_MAX that answer nothing of ours: what such a
 *             server has in its ring then waits for its next word. One that answers makes none, and what it answers is
 *             as much as this program asks. Commands that the server's event has left in the ring are told again
 *   restart   a server that starts anew has forgotten all commands: those that may be done twice are given again, in
 *             their order, AGAIN_MAX times; the others end with FS_STATUS_SERVER_WAS_RESET, as does what names a file that the server has
 *             not kept open, or all when it has forgotten the mount
 */
#include "lib/pd.h"

#include <assert.h>
#include "fs/client.h"

#define SLOTS_MAX FS_QUEUE_CAPACITY
#define STRAYS_MAX (2 * SLOTS_MAX) /* taken in one event; after our restart a server may answer SLOTS_MAX old ones */
#define BLOCKS_MAX 1024
#define SLOT_BITS 16
#define NUMBER_SHIFT 40 /* in the sequence; an id is that and the slot */
#define HANDLERS_MAX 4
#define AGAIN_MAX 8 /* a command may be what the server dies of */

static struct {
    const struct fs_client_config *config;
    struct ring commands, completions;
    struct fs_request *under_way[SLOTS_MAX];
    uint16_t free_slots[SLOTS_MAX];
    uint32_t free_slot_count;
    uint64_t sequence; /* above the slot in an id, so that a reply given twice is not taken for another's */
    uint64_t empty_at; /* the sequence when the ring of commands was last seen empty */
    struct fs_command issued[SLOTS_MAX];
    uint8_t given_again[SLOTS_MAX]; /* how often; beyond AGAIN_MAX: not */
    uint16_t free_blocks[BLOCKS_MAX];
    uint32_t free_block_count, block_count;
    uint64_t strays;   /* completions that answer nothing of ours, or tell of too much */
    uint32_t lives;    /* of the server, behind the first */
    uint32_t restarts; /* in which it knew us no more */
    bool mounted;
    struct {
        void (*handler)(void *context);
        void *context;
    } on_event[HANDLERS_MAX];
    uint32_t on_event_count;
} self;

static uint64_t room_for_data(const struct fs_command *command)
{
    bool moves = command->type == FS_READ || command->type == FS_WRITE || command->type == FS_READDIR;

    return moves ? command->file.data.size : UINT64_MAX;
}

/* What a server that has started anew does not know any more is none of its client's mistakes. */
static uint32_t status_of(const struct fs_command *command, uint32_t status)
{
    if (command->type == FS_INITIALISE) {
        self.mounted |= status == FS_STATUS_OK;
    } else if (self.lives > 0 && status == FS_STATUS_NOT_MOUNTED && self.restarts < self.lives) {
        self.restarts += self.mounted;
        self.mounted = false;
        return FS_STATUS_SERVER_WAS_RESET;
    } else if (self.lives > 0 && status == FS_STATUS_INVALID_FD) {
        bool closed = (command->type == FS_CLOSE || command->type == FS_CLOSEDIR) && command->flags & FS_AGAIN;
        return closed ? FS_STATUS_OK : FS_STATUS_SERVER_WAS_RESET;
    }
    return status;
}

static void finish(uint32_t slot, const struct fs_completion *completion)
{
    struct fs_request *request = self.under_way[slot];
    const struct fs_command *command = &self.issued[slot];
    uint64_t room = room_for_data(command);

    trace(file_answered, completion->id, completion->status);
    self.under_way[slot] = NULL;
    self.free_slots[self.free_slot_count++] = (uint16_t)slot;
    request->result = *completion;
    if (completion->status != FS_STATUS_OK || command->type == FS_INITIALISE) {
        request->result.status = status_of(command, completion->status);
    }
    if (request->result.length > room) {
        request->result.length = room;
        self.strays++;
    }
    request->done = true;
    if (request->handler) {
        request->handler(request);
    }
}

static void take_completions(void)
{
    struct fs_completion completion;
    uint64_t enough = self.strays + STRAYS_MAX;

    do {
        while (self.strays < enough && ring_get(&self.completions, &completion)) {
            uint32_t slot = completion.id & ((1u << SLOT_BITS) - 1);
            if (slot < SLOTS_MAX && self.under_way[slot] && self.issued[slot].id == completion.id) {
                finish(slot, &completion);
            } else {
                ring_check(&self.completions);
                self.strays++;
            }
        }
    } while (self.strays < enough && !ring_arm_consumer(&self.completions));
    if (self.strays >= enough) {
        ring_arm_consumer_for_next(&self.completions);
    }
}

/* -- a server that has started anew -- */

/* Whether it comes to the same when it is done twice. A write says where; of a listing the server knows what it gave. */
static bool may_be_done_twice(const struct fs_command *command)
{
    switch ((enum fs_command_type)command->type) {
    case FS_OPEN: return !(command->flags & FS_OPEN_EXCLUSIVE);
    case FS_INITIALISE:
    case FS_CLOSE:
    case FS_STAT:
    case FS_FSTAT:
    case FS_READ:
    case FS_WRITE:
    case FS_FILE_SIZE:
    case FS_TRUNCATE:
    case FS_SYNC:
    case FS_OPENDIR:
    case FS_CLOSEDIR:
    case FS_READDIR:
    case FS_SEEKDIR:
    case FS_TELLDIR:
    case FS_REWINDDIR: return true;
    case FS_DEINITIALISE:
    case FS_RENAME:
    case FS_REMOVE:
    case FS_MKDIR:
    case FS_RMDIR:
    case FS_COMMAND_TYPES: break;
    }
    return false;
}

/* Of those under way from `from` on up to `newest`, in sequence. SLOTS_MAX: there is none. */
static uint32_t oldest(uint64_t from, uint64_t newest)
{
    uint32_t found = SLOTS_MAX;

    for (uint32_t slot = 0; slot < SLOTS_MAX; slot++) {
        uint64_t id = self.issued[slot].id;
        if (self.under_way[slot] && id >> SLOT_BITS >= from && id >> SLOT_BITS <= newest &&
            (found == SLOTS_MAX || id < self.issued[found].id)) {
            found = slot;
        }
    }
    return found;
}

/* In the order in which they were given: a close is behind what was done with its file. Should the server die again, the
 * ring is closed, and this begins anew in its next life. */
static void give_again(void)
{
    uint32_t slot;

    for (uint64_t from = 0; (slot = oldest(from, self.sequence)) < SLOTS_MAX; from++) {
        struct fs_command *command = &self.issued[slot];
        from = command->id >> SLOT_BITS;
        self.given_again[slot] = may_be_done_twice(command) ? self.given_again[slot] + 1 : AGAIN_MAX + 1;
        if (self.given_again[slot] <= AGAIN_MAX) {
            command->flags |= FS_AGAIN;
            ring_put(&self.commands, command);
        }
    }
    if (ring_wake_consumer(&self.commands)) {
        pd_notify_later(self.config->server);
    }
}

/* What a handler issues meanwhile goes to the new server. */
static void fail_the_others(uint64_t newest)
{
    uint32_t slot;

    for (uint64_t from = 0; (slot = oldest(from, newest)) < SLOTS_MAX; from++) {
        const struct fs_command *command = &self.issued[slot];
        from = command->id >> SLOT_BITS;
        if (self.given_again[slot] > AGAIN_MAX) {
            finish(slot, &(struct fs_completion){.id = command->id, .status = FS_STATUS_SERVER_WAS_RESET});
        }
    }
}

static void begin_anew(void)
{
    uint64_t newest = self.sequence;

    if (ring_pair_agrees(&self.commands, &self.completions)) {
        self.lives++;
        give_again();
        fail_the_others(newest);
    }
}

/* A server whose event has had enough of us, FS_QUEUE_CAPACITY commands at least, leaves the rest in the ring, and wakes
 * us so that we say that there is more. */
static void say_that_there_is_more(void)
{
    if (self.sequence - self.empty_at < FS_QUEUE_CAPACITY) {
        return;
    }
    if (ring_room(&self.commands) == self.config->commands.capacity) {
        self.empty_at = self.sequence;
    } else if (ring_wake_consumer(&self.commands)) {
        pd_notify_later(self.config->server);
    }
}

static void on_server(void *context)
{
    (void)context;
    if (ring_pair_follow(&self.commands, &self.completions)) {
        begin_anew();
    }
    take_completions();
    say_that_there_is_more();
    for (uint32_t i = 0; i < self.on_event_count; i++) {
        self.on_event[i].handler(self.on_event[i].context);
    }
}

bool fs_client_issue(struct fs_request *request, const struct fs_command *command)
{
    if (self.free_slot_count == 0) {
        return false;
    }
    uint32_t slot = self.free_slots[self.free_slot_count - 1];
    struct fs_command *numbered = &self.issued[slot];
    *numbered = *command;
    numbered->id = ++self.sequence << SLOT_BITS | slot;
    trace(file_asked, numbered->id, command->type);
    self.given_again[slot] = 0;
    request->done = false;
    request->slot = slot;
    if (!ring_put(&self.commands, numbered)) {
        return false;
    }
    self.free_slot_count--;
    self.under_way[slot] = request;
    if (ring_wake_consumer(&self.commands)) {
        pd_notify_later(self.config->server);
    }
    return true;
}

uint32_t fs_client_restarts(void)
{
    return self.restarts;
}

uint32_t fs_client_block_size(void)
{
    return self.config->block;
}

uint32_t fs_client_blocks(void)
{
    return self.block_count;
}

void *fs_client_block_get(void)
{
    if (self.free_block_count == 0) {
        return NULL;
    }
    uint64_t block = self.free_blocks[--self.free_block_count];
    return (uint8_t *)self.config->share.base + block * self.config->block;
}

void fs_client_block_put(void *block)
{
    uint64_t offset = (uint64_t)((uint8_t *)block - (uint8_t *)self.config->share.base);

    assert(offset % self.config->block == 0 && offset / self.config->block < self.block_count);
    assert(self.free_block_count < self.block_count);
    self.free_blocks[self.free_block_count++] = (uint16_t)(offset / self.config->block);
}

struct fs_buffer fs_client_buffer(const void *in_block, uint64_t size)
{
    return (struct fs_buffer){(uint64_t)((const uint8_t *)in_block - (const uint8_t *)self.config->share.base), size};
}

void fs_client_on_event(void (*handler)(void *context), void *context)
{
    require(self.on_event_count < HANDLERS_MAX, "fs/client: too many handlers", self.on_event_count);
    self.on_event[self.on_event_count].handler = handler;
    self.on_event[self.on_event_count++].context = context;
}

void fs_client_init(const struct fs_client_config *config)
{
    require(config->block > 0 && config->block <= FS_CLIENT_BLOCK_SIZE, "fs_client_config.block", config->block);
    uint64_t blocks = config->share.size / config->block;
    uint32_t slots = config->completions.capacity < SLOTS_MAX ? config->completions.capacity : SLOTS_MAX;

    require(config->share.base && blocks > 0, "fs_client_config.share.size", config->share.size);
    require(slots > 0, "fs_client_config.completions.capacity", slots);
    self.config = config;
    self.sequence = self.empty_at = (uint64_t)config->number << NUMBER_SHIFT;
    self.block_count = blocks < BLOCKS_MAX ? (uint32_t)blocks : BLOCKS_MAX;
    for (uint32_t i = self.block_count; i-- > 0;) {
        self.free_blocks[self.free_block_count++] = (uint16_t)i;
    }
    for (uint32_t i = slots; i-- > 0;) {
        self.free_slots[self.free_slot_count++] = (uint16_t)i;
    }
    ring_attach_consumer(&self.completions, &config->completions, sizeof(struct fs_completion));
    ring_attach_producer(&self.commands, &config->commands, sizeof(struct fs_command)); /* last: server_parts.h */
    pd_on_channel(config->server, on_server, NULL);
    if (pd_generation() > 1) {
        microkit_notify(config->server); /* what was under way is nobody's now; it lets us in before we ask */
    }
    take_completions();
}
