/* tests/fuzz/fs_server.c: commands made by a fuzzer, put straight into the ring of the memory server. Whatever they are,
 * each is answered exactly once, with its own id, and at the end the server lets go of everything.
 *
 * Input: bytes for the start of the share, where paths may lie (their number first), then commands of 24 bytes: type,
 * flags, two indices or sizes. Small numbers stand for what is likely to mean something: a path's place, an fd that was
 * given out. Type 0xfe changes the share, 0xff what the two share of the rings: from then on the client lies.
 */
#include <stdlib.h>
#include <string.h>

#include "fs/mem/config.h"
#include "fs/server.h"
#include "tests/unit/fs_pair.h"
#include "tests/fuzz/fuzz.h"

#define PATHS_BYTES 256
#define FDS_MAX 64

static const uint8_t page[5000];
static const struct fs_mem_entry entries[] = {{"/d", NULL, 0, 0}, {"/d/f", page, sizeof(page), 0}};
const struct fs_mem_config fs_mem_config = {.entries = entries, .entry_count = 2, .writable = "/"};

struct record {
    uint8_t type, flags, first, second;
    uint32_t number;
    uint64_t position, size;
};

static struct {
    struct ring commands, completions;
    uint64_t fds[FDS_MAX];
    uint32_t fd_count;
    uint64_t sequence, answered;
    bool lied;
} self;

/* Half of the time a place in the paths, half of the time anything. */
static struct fs_buffer buffer_of(const struct record *record, uint8_t index)
{
    if (index & 0x80) {
        return (struct fs_buffer){record->position, record->size};
    }
    return (struct fs_buffer){index, record->number % 40};
}

static uint64_t fd_of(uint8_t index)
{
    return self.fd_count && index < 0xf0 ? self.fds[index % self.fd_count] : index * 0x0101010101010101ull;
}

static struct fs_command command_of(const struct record *record)
{
    struct fs_command command = {.type = record->type, .flags = record->flags};

    switch (record->type) {
    case FS_OPEN:
    case FS_STAT:
    case FS_RENAME:
    case FS_REMOVE:
    case FS_MKDIR:
    case FS_RMDIR:
    case FS_OPENDIR:
        command.path.path = buffer_of(record, record->first);
        command.path.other = record->second < 200 && record->type != FS_RENAME
                                 ? (struct fs_buffer){4096, sizeof(struct fs_stat)}
                                 : buffer_of(record, record->second);
        break;
    default:
        command.file.fd = fd_of(record->first);
        command.file.position = record->second & 1 ? record->position : record->number % 20000;
        command.file.data = record->second & 2 ? (struct fs_buffer){record->position, record->size}
                                               : (struct fs_buffer){8192, record->number % 30000};
        break;
    }
    return command;
}

static void take_answers(void)
{
    struct fs_completion completion;

    do {
        while (ring_get(&self.completions, &completion)) {
            DEMAND(self.lied || completion.id == self.answered + 1); /* this server answers at once, so in order */
            self.answered++;
            if (completion.status == FS_STATUS_OK && completion.open.fd > 0xffff && self.fd_count < FDS_MAX) {
                self.fds[self.fd_count++] = completion.open.fd;
            }
        }
    } while (!ring_arm_consumer(&self.completions));
}

static void put(struct fs_command command)
{
    command.id = ++self.sequence;
    bool room = ring_put(&self.commands, &command);
    DEMAND(room || self.lied);
    fake_wake(FAKE_BIT(FS_PAIR_SERVER));
    take_answers();
    DEMAND(self.answered == self.sequence || self.lied);
}

void fuzz_begin(void)
{
    init();
    ring_attach_producer(&self.commands, &fs_client_config.commands, sizeof(struct fs_command));
    ring_attach_consumer(&self.completions, &fs_client_config.completions, sizeof(struct fs_completion));
    put((struct fs_command){.type = FS_INITIALISE});
    memset(fs_pair_share, '/', PATHS_BYTES);
}

/* From here on the client lies: nothing can be said of what it gets, save that the server stays whole. */
static void lie(struct fuzz_input *in)
{
    uint32_t *const words[] = {
        &fs_pair_commands->tail,
        &fs_pair_commands->producer_generation,
        &fs_pair_commands->head,
        &fs_pair_commands->consumer_armed,
        &fs_pair_commands->producer_armed,
        &fs_pair_completions->head,
        &fs_pair_completions->consumer_generation,
        &fs_pair_completions->tail,
        &fs_pair_completions->producer_armed,
    };
    uint8_t which = fuzz_byte(in);

    self.lied = true;
    if (which & 0x80) {
        *words[which % (sizeof(words) / sizeof(words[0]))] = fuzz_32(in);
    } else if (which & 0x40) {
        *words[which % (sizeof(words) / sizeof(words[0]))] += (uint32_t)(int8_t)fuzz_byte(in);
    } else { /* a command of any bytes where the next ones lie */
        uint8_t *element = fs_pair_commands->elements + (which % FS_QUEUE_CAPACITY) * sizeof(struct fs_command);
        fuzz_fill(in, element, sizeof(struct fs_command));
    }
    fake_wake(FAKE_BIT(FS_PAIR_SERVER));
}

static void step(struct fuzz_input *in)
{
    struct record record;
    uint8_t what = fuzz_byte(in);

    if (what == 0xff) {
        lie(in);
    } else if (what == 0xfe) {
        fuzz_fill(in, fs_pair_share + fuzz_byte(in), fuzz_byte(in) % 64);
    } else {
        record.type = what;
        fuzz_fill(in, &record.flags, sizeof(record) - offsetof(struct record, flags));
        put(command_of(&record));
    }
}

void fuzz_run(struct fuzz_input *in)
{
    fuzz_fill(in, fs_pair_share, fuzz_byte(in) % 64);
    while (in->left > 0) {
        step(in);
    }
    if (!self.lied) {
        put((struct fs_command){.type = FS_INITIALISE});
        put((struct fs_command){.type = FS_DEINITIALISE});
        struct fs_server_counts counts = fs_server_counts(0);
        DEMAND(counts.open_files == 0 && counts.jobs == 0 && counts.lost == 0);
    }
}
