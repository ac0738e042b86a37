/* tests/fuzz/fs_nfs_stream.c: the NFS file server with libnfs in it, between a client of files and a portmapper, a
 * mount daemon and an NFS server that lie: in replies, in the records that carry them, in where TCP cuts those.
 *
 * Checked: each command is answered once; nothing is written but the room that a command gave; what is said on the
 * console is whole lines of text; and when the server is honest again, files can be had and all memory is back.
 *
 * Input: a byte that says whether files are mounted at the beginning, then steps: a byte that says what, numbers,
 * bytes. Transaction ids are right and replies whole unless the input asks for others.
 */
#include "fs/nfs/config.h"
#include "fs/server.h"
#include "lib/heap.h"
#include "net/ip/ip.h"
#include "serial/client.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/fs_nfs_peer.h"
#include "tests/unit/fs_pair.h"
#include "timer/client.h"

#define TIMER 5
#define MS 1000000ull
#define S (1000 * MS)
#define STEPS_MAX 200
#define FDS_MAX 16
#define UNTOUCHED 0xcc
#define RECORD_MAX (5 * PEER_ANSWER_MAX)
#define FLOOD_MAX (8 << 20)
#define FRAGMENTS_ENOUGH 1200 /* to end a connection, whatever lies before them */

/* The share: paths, then a place for the data of each command that is under way. */
#define PATHS_BYTES 4096
#define PLACE_BYTES 4096
#define PLACES 40

const struct nfs_config nfs_config = {.server = "10.0.0.1", .directory = "/srv", .uid = 1000, .gid = 1000};
static struct timer_page timer_page;
const struct timer_client_config timer_client_config = {.page = &timer_page, .channel = TIMER};
const struct serial_client_config serial_client_config;
const struct net_client_config net_client_config;
const struct ip_config ip_config;

size_t heap_used(void)
{
    return fuzz_heap_used();
}

void ip_counters(struct ip_counters *counters)
{
    *counters = (struct ip_counters){0};
}

/* An open file has a short place for its path; this is for the other. */
#define LONG_PATH                                                              \
    "/d-that-is-as-long-as-it-takes-to-leave/d-short-place-which-an-open-file" \
    "/d-has-for-its-path/d-128-bytes-are-that/f-ile"

static const char *const paths[] = {
    "/f", "/",      "/d/f", "/d/d/d/f", "/l",      "/d/la", "/lo",   "/lu/x",
    "/x", "/d/x/f", "/f/",  "/d/",      "/d/ld/f", "/new",  "/d/lf", LONG_PATH,
};
#define PATHS (sizeof(paths) / sizeof(paths[0]))

static struct {
    struct ring commands, completions;
    struct place {
        uint64_t id; /* of the command that has it; 0: none */
        uint32_t type;
        uint64_t room;
    } places[PLACES];
    uint64_t sequence, fds[FDS_MAX], directories[FDS_MAX], now;
    uint32_t fd_count, directory_count;
    size_t segment, fragment; /* how replies go out; 0: as a whole */
    uint8_t last[RECORD_MAX]; /* what went out last, to be sent once more */
    size_t last_size, flooded;
    bool in_step; /* what was sent on this connection are whole records */
} self;

/* -- what the component finds around it -- */

void serial_client_init(const struct serial_client_config *config) {}

bool serial_client_log_sink(const char *line, size_t length)
{
    DEMAND(length > 1 && line[length - 1] == '\n');
    for (size_t i = 0; i + 1 < length; i++) {
        DEMAND((unsigned char)line[i] >= ' ' && line[i] != 0x7f);
    }
    return true;
}

/* -- the client of files -- */

static uint8_t *place_at(uint32_t i)
{
    return fs_pair_share + PATHS_BYTES + i * PLACE_BYTES;
}

static void check_untouched(uint32_t i, uint64_t from)
{
    static const uint8_t untouched[PLACE_BYTES] = {[0 ... PLACE_BYTES - 1] = UNTOUCHED};

    DEMAND(memcmp(place_at(i) + from, untouched, PLACE_BYTES - from) == 0);
}

static void note_open(const struct fs_completion *completion, uint32_t type)
{
    if (type == FS_OPEN && self.fd_count < FDS_MAX) {
        self.fds[self.fd_count++] = completion->open.fd;
    } else if (type == FS_OPENDIR && self.directory_count < FDS_MAX) {
        self.directories[self.directory_count++] = completion->open.fd;
    }
}

static void take_completions(void)
{
    struct fs_completion completion;

    do {
        while (ring_get(&self.completions, &completion)) {
            uint32_t i = completion.id % PLACES;
            struct place *place = &self.places[i];
            DEMAND(completion.id && place->id == completion.id && completion.status <= FS_STATUS_LOOP);
            check_untouched(i, place->room);
            memset(place_at(i), UNTOUCHED, place->room);
            if (completion.status == FS_STATUS_OK) {
                DEMAND(place->type != FS_READ || completion.read.length <= place->room);
                note_open(&completion, place->type);
            }
            place->id = 0;
        }
    } while (!ring_arm_consumer(&self.completions));
}

/* Zero: its place is still somebody's. */
static uint64_t put(struct fs_command command, uint64_t room)
{
    uint64_t id = self.sequence + 1;
    struct place *place = &self.places[id % PLACES];

    if (place->id) {
        return 0;
    }
    self.sequence = command.id = id;
    *place = (struct place){id, command.type, room};
    DEMAND(ring_put(&self.commands, &command));
    fake_wake(FAKE_BIT(FS_PAIR_SERVER));
    take_completions();
    return id;
}

static bool is_answered(uint64_t id)
{
    return id && self.places[id % PLACES].id != id;
}

static struct fs_buffer path_at(uint8_t i)
{
    return (struct fs_buffer){i % PATHS * (PATHS_BYTES / PATHS), strlen(paths[i % PATHS])};
}

static struct fs_buffer next_place(uint64_t size)
{
    return (struct fs_buffer){PATHS_BYTES + (self.sequence + 1) % PLACES * PLACE_BYTES, size};
}

static uint64_t put_path(enum fs_command_type type, uint32_t flags, uint8_t path, uint8_t other)
{
    struct fs_command command = {.type = type, .flags = flags};
    bool renames = type == FS_RENAME, asks = type == FS_OPEN || type == FS_STAT;

    command.path.path = path_at(path);
    command.path.other = renames ? path_at(other) : next_place(asks ? sizeof(struct fs_stat) : 0);
    return put(command, asks ? sizeof(struct fs_stat) : 0);
}

static uint64_t put_file(enum fs_command_type type, uint64_t fd, uint64_t position, uint64_t size)
{
    struct fs_command command = {.type = type};
    bool asks = type == FS_FSTAT || type == FS_FILE_SIZE;

    command.file.fd = fd;
    command.file.position = position;
    command.file.data = next_place(asks ? sizeof(struct fs_stat) : size);
    return put(command, asks ? sizeof(struct fs_stat) : type == FS_READ || type == FS_READDIR ? size : 0);
}

static void command(struct fuzz_input *in)
{
    static const uint8_t flags[] = {FS_OPEN_READ, FS_OPEN_READ | FS_OPEN_WRITE,
                                    FS_OPEN_WRITE | FS_OPEN_CREATE | FS_OPEN_TRUNCATE,
                                    FS_OPEN_WRITE | FS_OPEN_CREATE | FS_OPEN_EXCLUSIVE};
    uint8_t type = fuzz_byte(in) % FS_COMMAND_TYPES, which = fuzz_byte(in);
    bool directory = type >= FS_CLOSEDIR;
    uint32_t count = directory ? self.directory_count : self.fd_count;

    switch (type) {
    case FS_INITIALISE:
    case FS_DEINITIALISE: put((struct fs_command){.type = type}, 0); break;
    case FS_OPEN:
    case FS_STAT:
    case FS_RENAME:
    case FS_REMOVE:
    case FS_MKDIR:
    case FS_RMDIR:
    case FS_OPENDIR: put_path((enum fs_command_type)type, flags[which >> 4 & 3], which, (uint8_t)(which >> 3)); break;
    default:
        if (count > 0) {
            uint64_t fd = (directory ? self.directories : self.fds)[which % count];
            put_file((enum fs_command_type)type, fd, fuzz_byte(in) * 32u, fuzz_byte(in) * 16u);
        }
        break;
    }
}

/* -- the server -- */

static size_t put_mark(uint8_t *at, size_t size, bool last)
{
    const uint8_t mark[] = {(uint8_t)(last << 7 | size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8),
                            (uint8_t)size};

    memcpy(at, mark, sizeof(mark));
    return sizeof(mark);
}

/* In records of so many fragments as was asked for. */
static void send_message(const uint8_t *message, size_t size)
{
    size_t fragment = self.fragment ? self.fragment : size + !size;

    fragment = fragment < size / 100 ? size / 100 : fragment; /* more end the connection */
    self.last_size = 0;
    for (size_t at = 0, part; at < size || self.last_size == 0; at += part) {
        part = size - at < fragment ? size - at : fragment;
        self.last_size += put_mark(self.last + self.last_size, part, at + part == size);
        memcpy(self.last + self.last_size, message + at, part);
        self.last_size += part;
    }
    peer_send(self.last, self.last_size, self.segment);
    pd_flush();
}

/* Words of a right reply in place of which the input has others; or its end. */
static uint32_t spoil(struct fuzz_input *in, uint8_t *message, uint32_t size)
{
    uint8_t how = fuzz_byte(in), count = how & 3;

    for (uint8_t i = 0; i <= count; i++) {
        uint32_t at = (fuzz_byte(in) | (how & 0x20 ? (uint32_t)fuzz_byte(in) << 8 : 0)) * 4u % size;
        if (how & 0x10) {
            fuzz_fill(in, message + at, size - at < 4 ? size - at : 4);
        } else { /* a number that is small, or negative */
            memset(message + at, how & 8 ? 0xff : 0, size - at < 3 ? size - at : 3);
            message[at + 3 < size ? at + 3 : at] = fuzz_byte(in);
        }
    }
    return how & 0x80 ? size - fuzz_byte(in) % size : how & 0x40 ? size + fuzz_byte(in) : size;
}

enum { RIGHT, SPOILED, ANY_BODY, STATUS };

static void reply(struct fuzz_input *in, uint8_t how, uint8_t which)
{
    static uint8_t message[PEER_ANSWER_MAX + 512];
    size_t taken;

    if (peer_calls() == 0) {
        return;
    }
    uint32_t i = which % peer_calls(), size = peer_reply(peer_call_at(i), message);
    peer_forget(i);
    memset(message + size, 0, 512);
    if (how == SPOILED) {
        size = spoil(in, message, size);
    } else if (how == ANY_BODY) {
        const uint8_t *bytes = fuzz_take(in, fuzz_byte(in), &taken);
        memcpy(message + 24, bytes, taken);
        size = 24 + (uint32_t)taken;
    } else if (how == STATUS) { /* NFS3ERR_.., without what may follow it */
        memset(message + 24, 0, 32);
        uint16_t status = fuzz_16(in);
        message[26] = (uint8_t)(status >> 8);
        message[27] = (uint8_t)status;
        size = 28 + 32;
    }
    send_message(message, size);
}

static void raw(struct fuzz_input *in)
{
    size_t taken;
    const uint8_t *bytes = fuzz_take(in, fuzz_byte(in), &taken);

    self.in_step = false;
    peer_send(bytes, taken, self.segment);
    pd_flush();
}

/* So many fragments that are no message yet. */
static void flood(uint32_t count, size_t size)
{
    static uint8_t record[4 + 8192];
    uint32_t i;

    put_mark(record, size, false);
    for (i = 0; i < count && self.flooded < FLOOD_MAX; i++) {
        peer_send(record, 4 + size, 1460);
        pd_flush();
        self.flooded += size;
    }
    DEMAND(i < FRAGMENTS_ENOUGH || !self.in_step || !peer_is_connected());
}

static void connection(uint8_t what)
{
    switch (what & 3) {
    case 0:
    case 1:
        self.in_step |= peer_is_asked();
        peer_accept();
        break;
    case 2: peer_reset(); break;
    default: peer_end(); break;
    }
    pd_flush();
}

static void pass(uint64_t ns)
{
    fake_set_now_ns(self.now += ns);
    fake_wake(FAKE_BIT(TIMER));
}

/* The ways in which there is too little of something. */
static void shortage(struct fuzz_input *in, uint8_t what)
{
    uint8_t amount = fuzz_byte(in);

    switch (what & 7) {
    case 0: peer_room = amount * 16u; break;
    case 1: peer_refuses = !peer_refuses; break;
    case 2: peer_no_address = amount & 1; break;
    case 3: peer_new_address(); break;
    case 4: fuzz_heap_limit(fuzz_heap_used() + amount * (what & 8 ? 256u : 8u)); break;
    case 5: fuzz_heap_limit(SIZE_MAX); break;
    case 6: self.segment = 1 + amount; break;
    default: self.fragment = amount; break;
    }
}

static void step(struct fuzz_input *in)
{
    uint8_t what = fuzz_byte(in);

    switch (what & 15) {
    case 0:
    case 1:
    case 2: command(in); break;
    case 3:
    case 4: reply(in, RIGHT, what >> 4); break;
    case 5:
    case 6: reply(in, SPOILED, what >> 4); break;
    case 7: reply(in, ANY_BODY, what >> 4); break;
    case 8: reply(in, STATUS, what >> 4); break;
    case 9: raw(in); break;
    case 10: connection(what >> 4); break;
    case 11: pass((what & 0x80 ? 500 : 20) * MS * fuzz_byte(in)); break;
    case 12: shortage(in, what >> 4); break;
    case 13: /* once more what was said last */
        peer_send(self.last, self.last_size, self.segment);
        pd_flush();
        break;
    case 14: flood(fuzz_byte(in) * 8u, what >> 4 ? (what >> 4) * 500u : 1); break;
    default: peer_serve(); break;
    }
    take_completions();
}

static void begin_client(void)
{
    ring_attach_producer(&self.commands, &fs_client_config.commands, sizeof(struct fs_command));
    ring_attach_consumer(&self.completions, &fs_client_config.completions, sizeof(struct fs_completion));
    memset(fs_pair_share, UNTOUCHED, FS_PAIR_SHARE_SIZE);
    for (uint32_t i = 0; i < PATHS; i++) {
        memcpy(fs_pair_share + path_at(i).offset, paths[i], strlen(paths[i]));
    }
}

void fuzz_begin(void)
{
    init();
    begin_client();
    self.now = S;
    self.segment = 1460;
    fake_set_now_ns(self.now);
    put((struct fs_command){.type = FS_INITIALISE}, 0);
}

/* The server says nothing for longer than anybody has patience with it, then is what it should be. */
static void wind_down(void)
{
    fuzz_heap_limit(SIZE_MAX);
    peer_room = UINT16_MAX;
    peer_refuses = false;
    peer_new_address();
    for (int i = 0; i < 8; i++) {
        pass(10 * S);
        take_completions();
    }
    for (int i = 0; i < 5; i++) {
        pass(10 * S);
        peer_serve();
        take_completions();
    }
    for (uint32_t i = 0; i < PLACES; i++) {
        DEMAND(!self.places[i].id);
        check_untouched(i, 0);
    }
    put((struct fs_command){.type = FS_INITIALISE}, 0);
    uint64_t id = put_path(FS_STAT, 0, 2, 0);
    peer_serve();
    take_completions();
    DEMAND(is_answered(id));
}

void fuzz_run(struct fuzz_input *in)
{
    if (fuzz_byte(in) & 1) {
        peer_serve();
        take_completions();
    }
    for (int i = 0; in->left > 0 && i < STEPS_MAX; i++) {
        step(in);
    }
    wind_down();
    struct fs_server_counts counts = fs_server_counts(0);
    DEMAND(counts.jobs == 0 && counts.lost == 0 && peer_calls() == 0 && peer_pbufs == 0);
    DEMAND(fake_lost_deferred() == 0);
}
