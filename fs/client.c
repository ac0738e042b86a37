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
 *   restart   a server that starts anew has forgotten all commands: each ends with FS_STATUS_SERVER_WAS_RESET
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

static struct {
    const struct fs_client_config *config;
    struct ring commands, completions;
    struct fs_request *under_way[SLOTS_MAX];
    uint16_t free_slots[SLOTS_MAX];
    uint32_t free_slot_count;
    uint64_t sequence; /* above the slot in an id, so that a reply given twice is not taken for another's */
    uint64_t empty_at; /* the sequence when the ring of commands was last seen empty */
    uint64_t ids[SLOTS_MAX];
    uint64_t room[SLOTS_MAX]; /* for data: more is not believed */
    uint16_t free_blocks[BLOCKS_MAX];
    uint32_t free_block_count, block_count;
    uint64_t strays;   /* completions that answer nothing of ours, or tell of too much */
    uint32_t restarts; /* of the server */
    struct {
        void (*handler)(void *context);
        void *context;
    } on_event[HANDLERS_MAX];
    uint32_t on_event_count;
} self;

static void finish(uint32_t slot, const struct fs_completion *completion)
{
    struct fs_request *request = self.under_way[slot];

    trace(file_answered, completion->id, completion->status);
    self.under_way[slot] = NULL;
    self.free_slots[self.free_slot_count++] = (uint16_t)slot;
    request->result = *completion;
    if (request->result.length > self.room[slot]) {
        request->result.length = self.room[slot];
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
            if (slot < SLOTS_MAX && self.under_way[slot] && self.ids[slot] == completion.id) {
                finish(slot, &completion);
            } else {
                self.strays++;
            }
        }
    } while (self.strays < enough && !ring_arm_consumer(&self.completions));
    if (self.strays >= enough) {
        ring_arm_consumer_for_next(&self.completions);
    }
}

/* What a handler issues meanwhile goes to the new server: only what was under way before is failed. */
static void fail_all(void)
{
    uint64_t newest = self.sequence;

    for (uint32_t slot = 0; slot < SLOTS_MAX; slot++) {
        if (self.under_way[slot] && self.ids[slot] >> SLOT_BITS <= newest) {
            finish(slot, &(struct fs_completion){.id = self.ids[slot], .status = FS_STATUS_SERVER_WAS_RESET});
        }
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
    if (ring_pair_restarted(&self.commands, &self.completions)) {
        ring_reset(&self.commands);
        ring_reset(&self.completions);
        self.restarts++;
        fail_all();
    }
    take_completions();
    say_that_there_is_more();
    for (uint32_t i = 0; i < self.on_event_count; i++) {
        self.on_event[i].handler(self.on_event[i].context);
    }
}

static uint64_t room_for_data(const struct fs_command *command)
{
    bool moves = command->type == FS_READ || command->type == FS_WRITE || command->type == FS_READDIR;

    return moves ? command->file.data.size : UINT64_MAX;
}

bool fs_client_issue(struct fs_request *request, const struct fs_command *command)
{
    struct fs_command numbered = *command;

    if (self.free_slot_count == 0) {
        return false;
    }
    uint32_t slot = self.free_slots[self.free_slot_count - 1];
    numbered.id = ++self.sequence << SLOT_BITS | slot;
    trace(file_asked, numbered.id, command->type);
    request->done = false;
    request->slot = slot;
    if (!ring_put(&self.commands, &numbered)) {
        return false;
    }
    self.free_slot_count--;
    self.under_way[slot] = request;
    self.ids[slot] = numbered.id;
    self.room[slot] = room_for_data(command);
    if (ring_wake_consumer(&self.commands)) {
        pd_notify_later(self.config->server);
    }
    return true;
}

uint32_t fs_client_restarts(void)
{
    return self.restarts;
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
    return (uint8_t *)self.config->share.base + block * FS_CLIENT_BLOCK_SIZE;
}

void fs_client_block_put(void *block)
{
    uint64_t offset = (uint64_t)((uint8_t *)block - (uint8_t *)self.config->share.base);

    assert(offset % FS_CLIENT_BLOCK_SIZE == 0 && offset / FS_CLIENT_BLOCK_SIZE < self.block_count);
    assert(self.free_block_count < self.block_count);
    self.free_blocks[self.free_block_count++] = (uint16_t)(offset / FS_CLIENT_BLOCK_SIZE);
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
    uint64_t blocks = config->share.size / FS_CLIENT_BLOCK_SIZE;
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
