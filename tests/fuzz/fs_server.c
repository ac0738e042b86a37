/* tests/fuzz/fs_server.c: commands made by a fuzzer, put straight into the rings of the memory server by three clients.
 * Whatever they are, each is answered exactly once, to the client that gave it, with its own id, and none works on
 * another's open file. When the third lies, all that stays true for the others. At the end the server lets go of
 * everything.
 *
 * Input: bytes for the start of the shares, where paths may lie (their number first), then commands of 24 bytes: type,
 * flags, two indices or sizes. Small numbers stand for what is likely to mean something: a path's place, an fd that was
 * given out. Type 0xfb: the next client's turn; 0xfc: this one starts anew; 0xfd: the server is told of what is put next
 * only at the end of as many; 0xfe changes the share, 0xff what server and third client share of the rings: from then on
 * that one lies.
 */
#include <stdlib.h>
#include <string.h>

#include "fs/mem/config.h"
#include "fs/server.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/fs_clients.h"

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

enum { LIAR = FS_CLIENTS - 1 };

static struct {
    uint64_t fds[FDS_MAX];
    uint8_t owners[FDS_MAX]; /* of the fds */
    uint32_t fd_count;
    struct {
        uint64_t put, answered;
        bool others_fd[FS_QUEUE_CAPACITY]; /* of what is under way, by id */
    } clients[FS_CLIENTS];
    uint32_t turn;
    uint32_t to_come; /* commands that are put before the server is told */
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

static bool is_true_to(uint32_t client)
{
    return client != LIAR || !self.lied;
}

static void answered(uint32_t client, const struct fs_completion *completion)
{
    uint64_t number = ++self.clients[client].answered;

    /* This server answers at once, so in order. */
    DEMAND(completion->id == (number << 8 | client));
    DEMAND(completion->status != FS_STATUS_OK || !self.clients[client].others_fd[number % FS_QUEUE_CAPACITY]);
}

static void take_replies(uint32_t client)
{
    struct fs_completion completion;

    while (fs_client_take(client, &completion)) {
        if (is_true_to(client)) {
            answered(client, &completion);
        }
        if (completion.status == FS_STATUS_OK && completion.open.fd > 0xffff && self.fd_count < FDS_MAX) {
            self.owners[self.fd_count] = (uint8_t)client;
            self.fds[self.fd_count++] = completion.open.fd;
        }
    }
    DEMAND(self.clients[client].answered == self.clients[client].put || !is_true_to(client));
}

static void tell(void)
{
    self.to_come = 0;
    fs_clients_tell();
    for (uint32_t i = 0; i < FS_CLIENTS; i++) {
        take_replies(i);
    }
}

static bool is_others(uint32_t client, const struct fs_command *command)
{
    bool on_fd = command->type != FS_INITIALISE && command->type != FS_DEINITIALISE;

    for (uint32_t i = 0; i < self.fd_count && on_fd; i++) {
        if (self.fds[i] == command->file.fd && self.owners[i] != client) {
            return true;
        }
    }
    return false;
}

static void put(uint32_t client, const struct fs_command *command, bool on_fd)
{
    uint64_t id = fs_client_put(client, command);

    DEMAND(id || !is_true_to(client));
    if (id) {
        self.clients[client].put = id >> 8;
        self.clients[client].others_fd[(id >> 8) % FS_QUEUE_CAPACITY] = on_fd && is_others(client, command);
    }
    if (self.to_come <= 1) {
        tell();
    } else {
        self.to_come--;
    }
}

static void put_type(uint32_t client, enum fs_command_type type)
{
    put(client, &(struct fs_command){.type = type}, false);
}

void fuzz_begin(void)
{
    for (uint32_t i = 0; i < FS_CLIENTS; i++) {
        fs_client_attach(i);
    }
    init();
    for (uint32_t i = 0; i < FS_CLIENTS; i++) {
        put_type(i, FS_INITIALISE);
        memset(fs_clients[i].share, '/', PATHS_BYTES);
    }
}

/* From here on it lies: nothing can be said of what it gets, save that the server stays whole, and the others' is true. */
static void lie(struct fuzz_input *in)
{
    struct ring_shared *commands = fs_clients[LIAR].shared_commands, *completions = fs_clients[LIAR].shared_completions;
    uint32_t *const words[] = {
        &commands->tail,           &commands->producer_generation,    &commands->head,
        &commands->consumer_armed, &commands->producer_armed,         &completions->head,
        &completions->tail,        &completions->consumer_generation, &completions->producer_armed,
    };
    uint8_t which = fuzz_byte(in);

    self.lied = true;
    if (which & 0x80) {
        *words[which % (sizeof(words) / sizeof(words[0]))] = fuzz_32(in);
    } else if (which & 0x40) {
        *words[which % (sizeof(words) / sizeof(words[0]))] += (uint32_t)(int8_t)fuzz_byte(in);
    } else { /* a command of any bytes where the next ones lie */
        uint8_t *element = commands->elements + (which % FS_QUEUE_CAPACITY) * sizeof(struct fs_command);
        fuzz_fill(in, element, sizeof(struct fs_command));
    }
    fake_wake(FAKE_BIT(LIAR));
    tell();
}

/* Of all clients but this. */
static uint32_t open_beside(uint32_t client)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < FS_CLIENTS; i++) {
        count += i != client ? fs_server_counts(i).open_files : 0;
    }
    return count;
}

static void start_anew(uint32_t client)
{
    tell(); /* what is put already is answered in this life */
    uint32_t beside = open_beside(client);
    fs_client_attach(client);
    tell();
    DEMAND(fs_server_counts(client).open_files == 0 || !is_true_to(client));
    DEMAND(open_beside(client) == beside);
    put_type(client, FS_INITIALISE);
}

static void step(struct fuzz_input *in)
{
    struct record record;
    uint8_t what = fuzz_byte(in);

    switch (what) {
    case 0xff: lie(in); break;
    case 0xfe: fuzz_fill(in, fs_clients[self.turn].share + fuzz_byte(in), fuzz_byte(in) % 64); break;
    case 0xfd:
        tell();
        self.to_come = fuzz_byte(in) % FS_QUEUE_CAPACITY;
        break;
    case 0xfc: start_anew(self.turn); break;
    case 0xfb: self.turn = (self.turn + 1) % FS_CLIENTS; break;
    default:
        record.type = what;
        fuzz_fill(in, &record.flags, sizeof(record) - offsetof(struct record, flags));
        struct fs_command command = command_of(&record);
        bool by_path = what == FS_OPEN || what == FS_STAT || what == FS_OPENDIR ||
                       (what >= FS_RENAME && what <= FS_RMDIR);
        put(self.turn, &command, !by_path);
        break;
    }
}

void fuzz_run(struct fuzz_input *in)
{
    uint8_t size = fuzz_byte(in) % 64;

    for (uint32_t i = 0; i < FS_CLIENTS; i++) {
        struct fuzz_input same = *in;
        fuzz_fill(&same, fs_clients[i].share, size);
    }
    fuzz_take(in, size, &(size_t){0});
    while (in->left > 0) {
        step(in);
    }
    tell();
    for (uint32_t i = 0; i < FS_CLIENTS; i++) {
        if (is_true_to(i)) {
            put_type(i, FS_INITIALISE);
            put_type(i, FS_DEINITIALISE);
            struct fs_server_counts counts = fs_server_counts(i);
            DEMAND(counts.open_files == 0 && counts.jobs == 0 && counts.lost == 0 && counts.lies == 0);
        }
    }
}
