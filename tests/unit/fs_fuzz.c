/* tests/unit/fs_fuzz.c: commands made by a fuzzer, put straight into the ring of the memory server. Whatever they are,
 * each is answered exactly once, with its own id, and at the end the server lets go of everything.
 *
 * Input: 256 bytes for the start of the share, where paths may lie, then commands of 24 bytes: type, flags, two indices
 * or sizes. Small numbers stand for what is likely to mean something: a path's place, an fd that was given out.
 */
#include <stdlib.h>
#include <string.h>

#include "fs/mem/config.h"
#include "fs/server.h"
#include "tests/unit/fs_pair.h"
#include "tests/unit/fuzz.h"

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
    uint64_t last;
} self;

FUZZ_BOUNDED("30000", "2048")

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
            CHECK(completion.id == self.answered + 1); /* this server answers at once, so in order */
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
    CHECK(ring_put(&self.commands, &command));
    fake_wake(FAKE_BIT(FS_PAIR_SERVER));
    take_answers();
    CHECK_EQUAL(self.answered, self.sequence);
}

static void start(void)
{
    init();
    ring_attach_producer(&self.commands, &fs_client_config.commands, sizeof(struct fs_command));
    ring_attach_consumer(&self.completions, &fs_client_config.completions, sizeof(struct fs_completion));
}

/* Everything that a run left is removed, so that runs do not depend on each other. */
static void tidy(const char *directory)
{
    struct fs_command command = {.type = FS_OPENDIR};
    char path[600];

    memcpy(fs_pair_share, directory, strlen(directory));
    command.path.path = (struct fs_buffer){0, strlen(directory)};
    self.fd_count = 0;
    put(command);
    CHECK(self.fd_count == 1);
    for (;;) {
        command = (struct fs_command){.type = FS_READDIR};
        command.file.fd = self.fds[0];
        command.file.data = (struct fs_buffer){8192, 300};
        memset(fs_pair_share + 8192, 0, 300);
        put(command);
        struct fs_dirent *entry = (void *)(fs_pair_share + 8192);
        if (entry->record_length == 0) {
            break;
        }
        int size =
            snprintf(path, sizeof(path), "%s/%.*s", directory[1] ? directory : "", entry->name_length, entry->name);
        if (size > 200) {
            continue;
        }
        if (strcmp(path, "/d") != 0) {
            memcpy(fs_pair_share, path, (size_t)size);
            command = (struct fs_command){.type = entry->mode & 0040000 ? FS_RMDIR : FS_REMOVE};
            command.path.path = (struct fs_buffer){0, (uint64_t)size};
            put(command);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct record record;

    if (!self.commands.shared) {
        start();
    }
    put((struct fs_command){.type = FS_INITIALISE});
    self.fd_count = 0;
    memset(fs_pair_share, '/', PATHS_BYTES);
    memcpy(fs_pair_share, bytes, size < PATHS_BYTES ? size : PATHS_BYTES);
    for (size_t at = PATHS_BYTES; at + sizeof(record) <= size; at += sizeof(record)) {
        memcpy(&record, bytes + at, sizeof(record));
        put(command_of(&record));
    }
    put((struct fs_command){.type = FS_INITIALISE});
    tidy("/");
    put((struct fs_command){.type = FS_DEINITIALISE});
    struct fs_server_counts counts = fs_server_counts();
    CHECK(counts.open_files == 0 && counts.jobs == 0 && counts.lost == 0);
    return 0;
}
