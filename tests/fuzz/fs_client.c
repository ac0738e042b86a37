/* tests/fuzz/fs_client.c: a file server that lies, and who reads from it: fs/client.c with the mount, the front's cache
 * and the interpreter's file jobs, between programs that ask and a server that answers wrongly, twice, or what nobody
 * asked.
 *
 * Checked: commands name memory of the share; who waits is told once; what is given lies in the share and in the file;
 * and when the server is honest again a file can be had, and all memory is back.
 *
 * Input: steps: a byte that says what and of whom, then numbers and bytes. From the first lie about a ring's words on
 * only memory is looked at.
 */
#include "fs/mount.h"
#include "http/cache/cache.h"
#include "net/ip/ip.h"
#include "python/changes.h"
#include "python/files.h"
#include "python/port.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/fs_pair.h"
#include "timer/client.h"

#define TIMER 5
#define MS 1000000ull
#define S (1000 * MS)
#define STEPS_MAX 300
#define FRESH_MS 2000
#define READERS 6
#define JOBS 6
#define MODE_FILE 0100644
#define MODE_DIRECTORY 0040755
#define LONG_PATH \
    "/a/path/that/is/longer/than/what/an/entry/of/the/cache/has/room/for/so/that/it/lies/elsewhere/which/is/scarce"

static struct timer_page timer_page;
const struct timer_client_config timer_client_config = {.page = &timer_page, .channel = TIMER};
static _Alignas(64) uint8_t index_memory[11 * CACHE_INDEX_UNIT];
static const struct region cache_index = {.base = index_memory, .size = sizeof(index_memory)};

static const struct file {
    const char *path;
    uint32_t mode, size;
} files[] = {
    {"/f", MODE_FILE, 70000},  {"/g", MODE_FILE, 300000}, {"/small", MODE_FILE, 100},   {"/empty", MODE_FILE, 0},
    {"/d", MODE_DIRECTORY, 0}, {"/device", 0020666, 0},   {LONG_PATH, MODE_FILE, 5000}, {"/none", 0, 0},
};
#define FILES (sizeof(files) / sizeof(files[0]))

static struct {
    struct ring commands, completions;
    struct fs_command asked[FS_QUEUE_CAPACITY]; /* and not answered */
    uint32_t asked_count;
    uint32_t restarts;
    bool lied, broken; /* in a reply; in a ring's words */
    struct reader {
        struct cache_waiter waiter; /* first */
        bool waiting;
        const struct file *file;
        struct cache_entry *entry;
        struct cache_bytes bytes; /* pinned, where .block is not NULL */
    } readers[READERS];
    struct job {
        struct file_job *job; /* NULL: none */
        bool lists;
    } jobs[JOBS];
    const uint8_t *named; /* by a descriptor: so many bytes */
    size_t named_size;
    void (*on_sent)(void *context);
    uint64_t now;
} self;

/* -- what the cache and the jobs stand on -- */

void ip_start(void) {}

void ip_keep_sums(void *table, uint32_t count) {}

void ip_memory_changed(const void *at, uint64_t size) {}

bool ip_sends_from(const void *memory, size_t size)
{
    const uint8_t *at = memory;

    return self.named && at < self.named + self.named_size && at + size > self.named;
}

void ip_hurry_sent(void) {}

bool ip_when_sent(void (*handler)(void *context), void *context)
{
    self.on_sent = handler;
    return self.named;
}

uint32_t random_word(void)
{
    return 4;
}

void port_wake(void) {}

void port_wait(uint64_t deadline_ns)
{
    DEMAND(!"waits");
}

static void unname(void)
{
    void (*handler)(void *context) = self.on_sent;

    self.named = NULL;
    self.on_sent = NULL;
    if (handler) {
        handler(NULL);
    }
}

static void pass(uint64_t ns)
{
    fake_set_now_ns(self.now += ns);
    fake_wake(FAKE_BIT(TIMER));
}

/* -- the server -- */

static uint8_t byte_of(const struct file *file, uint64_t position)
{
    return (uint8_t)(position * 13 + (uint64_t)(file - files));
}

static uint8_t *in_share(struct fs_buffer buffer)
{
    DEMAND(buffer.offset <= FS_PAIR_SHARE_SIZE && buffer.size <= FS_PAIR_SHARE_SIZE - buffer.offset);
    return fs_pair_share + buffer.offset;
}

/* NULL: none has that name. */
static const struct file *find(struct fs_buffer path)
{
    const char *text = (const char *)in_share(path);

    for (const struct file *file = files; file < files + FILES; file++) {
        if (file->mode && strlen(file->path) == path.size && memcmp(file->path, text, path.size) == 0) {
            return file;
        }
    }
    return NULL;
}

static uint64_t fd_of(const struct file *file)
{
    return (uint64_t)self.restarts << 16 | (uint64_t)(file - files + 1);
}

static const struct file *file_at(uint64_t fd)
{
    uint64_t i = (fd & 0xffff) - 1;

    return fd >> 16 == self.restarts && i < FILES ? &files[i] : NULL;
}

static void put_attributes(const struct file *file, struct fs_buffer to)
{
    struct fs_stat stat = {.size = file->size, .inode = (uint64_t)(file - files), .mtime_ns = 1000, .mode = file->mode};

    if (to.size >= sizeof(stat)) {
        memcpy(in_share(to), &stat, sizeof(stat));
    }
}

static uint64_t put_entries(uint8_t *to, uint64_t room)
{
    uint64_t done = 0;

    for (const struct file *file = files; file < files + FILES; file++) {
        size_t length = strlen(file->path + 1), size = (sizeof(struct fs_dirent) + length + 7) & ~7ull;
        struct fs_dirent head = {.mode = file->mode, .name_length = (uint16_t)length, .record_length = (uint16_t)size};
        if (size > room - done) {
            break;
        }
        memcpy(to + done, &head, sizeof(head));
        memcpy(to + done + sizeof(head), file->path + 1, length);
        done += size;
    }
    return done;
}

static enum fs_status on_path(const struct fs_command *command, struct fs_completion *completion)
{
    const struct file *file = find(command->path.path);

    if (!file) {
        return FS_STATUS_NOT_FOUND;
    }
    if (command->type == FS_OPEN && file->mode != MODE_FILE) {
        return file->mode == MODE_DIRECTORY ? FS_STATUS_IS_DIRECTORY : FS_STATUS_ACCESS;
    }
    if (command->type != FS_OPENDIR) {
        put_attributes(file, command->path.other);
    }
    if (command->type != FS_STAT) {
        completion->open.fd = fd_of(file);
        completion->open.size = file->size;
    }
    return FS_STATUS_OK;
}

static enum fs_status on_fd(const struct fs_command *command, struct fs_completion *completion)
{
    const struct file *file = file_at(command->file.fd);
    uint8_t *data = in_share(command->file.data);
    uint64_t position = command->file.position, size = command->file.data.size;

    if (!file) {
        DEMAND(self.lied || self.restarts > 0);
        return FS_STATUS_INVALID_FD;
    }
    if (command->type == FS_READ) {
        uint64_t left = position < file->size ? file->size - position : 0;
        completion->read.length = size < left ? size : left;
        completion->read.mtime_ns = 1000;
        for (uint64_t i = 0; i < completion->read.length; i++) {
            data[i] = byte_of(file, position + i);
        }
    } else if (command->type == FS_READDIR) {
        completion->length = put_entries(data, size);
    } else if (command->type == FS_FSTAT) {
        put_attributes(file, command->file.data);
    } else {
        completion->length = size;
    }
    return FS_STATUS_OK;
}

static struct fs_completion reply_to(const struct fs_command *command)
{
    struct fs_completion completion = {.id = command->id};

    switch ((enum fs_command_type)command->type) {
    case FS_INITIALISE: break;
    case FS_OPEN:
    case FS_STAT:
    case FS_OPENDIR: completion.status = on_path(command, &completion); break;
    case FS_READ:
    case FS_WRITE:
    case FS_READDIR:
    case FS_FSTAT:
    case FS_CLOSE:
    case FS_CLOSEDIR: completion.status = on_fd(command, &completion); break;
    default: completion.status = FS_STATUS_READ_ONLY; break;
    }
    return completion;
}

static void take_commands(void)
{
    struct fs_command command;

    while (self.asked_count < FS_QUEUE_CAPACITY && ring_get(&self.commands, &command)) {
        self.asked[self.asked_count++] = command;
    }
    ring_arm_consumer(&self.commands);
}

static void deliver(const struct fs_completion *completion)
{
    ring_put(&self.completions, completion);
    fake_wake(FAKE_BIT(FS_PAIR_CLIENT));
}

static struct fs_command forget(uint32_t i)
{
    struct fs_command command = self.asked[i];

    memmove(&self.asked[i], &self.asked[i + 1], (--self.asked_count - i) * sizeof(command));
    return command;
}

static void serve(void)
{
    pd_flush();
    take_commands();
    while (self.asked_count > 0) {
        struct fs_command command = forget(0);
        struct fs_completion completion = reply_to(&command);
        deliver(&completion);
        take_commands();
    }
}

/* Less than there is, of a modification of another time: the cache notices. */
static void cut(struct fuzz_input *in, const struct fs_command *command, struct fs_completion *completion)
{
    uint64_t length = completion->read.length, left = length > 0 ? fuzz_16(in) % length : 0;

    memset(in_share(command->file.data) + left, 0xee, length - left);
    completion->read.length = left;
    completion->read.mtime_ns += fuzz_byte(in);
}

/* A right reply, but for its status, a word of it, or what lies in the share. */
static void lie(struct fuzz_input *in, uint8_t how, const struct fs_command *command, struct fs_completion *completion)
{
    bool has_path = command->type == FS_OPEN || command->type == FS_STAT;
    const struct fs_buffer *place = has_path ? &command->path.other : &command->file.data;

    if (how & 1) {
        completion->status = fuzz_byte(in) % (FS_STATUS_LOOP + 3u);
    }
    if (how & 2) {
        completion->words[how >> 6] = how & 0x20 ? fuzz_64(in) : fuzz_byte(in);
    }
    if (how & 4 && place->size > 0) {
        uint64_t at = (how & 0x20 ? fuzz_byte(in) * 8u : fuzz_16(in)) % place->size, size = place->size - at;
        fuzz_fill(in, in_share(*place) + at, size < 8 ? size : 8);
    }
    self.lied |= how & 7;
}

static void reply(struct fuzz_input *in, uint8_t which)
{
    if (self.asked_count == 0) {
        return;
    }
    struct fs_command command = forget(which % self.asked_count);
    struct fs_completion completion = reply_to(&command);
    uint8_t how = fuzz_byte(in);
    if (how & 0x80 && command.type == FS_READ && completion.status == FS_STATUS_OK) {
        cut(in, &command, &completion);
    } else {
        lie(in, how, &command, &completion);
    }
    if (how & 8) { /* twice */
        deliver(&completion);
    }
    if (how & 0x10) { /* nobody's; or of one that is asked only now */
        self.lied = true;
        completion.id += (uint64_t)fuzz_byte(in) << (how & 0x20 ? 16 : 0);
    }
    deliver(&completion);
}

static void attach(void)
{
    ring_attach_consumer(&self.commands, &fs_client_config.commands, sizeof(struct fs_command));
    ring_attach_producer(&self.completions, &fs_client_config.completions, sizeof(struct fs_completion));
}

static void restart(void)
{
    self.restarts++;
    self.asked_count = 0;
    fake_set_generation(1 + self.restarts);
    attach();
    fake_set_generation(1);
    fake_wake(FAKE_BIT(FS_PAIR_CLIENT));
}

static void break_a_ring(struct fuzz_input *in, uint8_t which)
{
    uint32_t *const words[] = {
        &fs_pair_completions->tail,        &fs_pair_completions->producer_generation, &fs_pair_commands->head,
        &fs_pair_commands->tail,           &fs_pair_commands->consumer_generation,    &fs_pair_completions->head,
        &fs_pair_commands->consumer_armed, &fs_pair_completions->producer_armed,
    };

    self.lied = self.broken = true;
    *words[which & 7] = which & 8 ? fuzz_32(in) : *words[which & 7] + (uint32_t)(int8_t)fuzz_byte(in);
    fake_wake(FAKE_BIT(FS_PAIR_CLIENT));
}

/* -- those who read through the cache -- */

static void on_ready(struct cache_waiter *waiter)
{
    struct reader *reader = (struct reader *)waiter;

    DEMAND(reader->waiting);
    reader->waiting = false;
}

static enum cache_kind kind_of(const struct file *file)
{
    return file->mode == MODE_FILE        ? CACHE_FILE
           : file->mode == MODE_DIRECTORY ? CACHE_DIRECTORY
           : file->mode                   ? CACHE_FORBIDDEN
                                          : CACHE_ABSENT;
}

static void check_entry(const struct reader *reader)
{
    const struct cache_entry *entry = reader->entry;

    DEMAND(entry->kind <= CACHE_UNREACHABLE && (entry->kind == CACHE_FILE || entry->size == 0));
    if (!self.lied && entry->kind != CACHE_UNREACHABLE) {
        DEMAND(entry->kind == kind_of(reader->file) && entry->size == reader->file->size);
    }
}

static void check_bytes(const struct reader *reader, uint64_t offset)
{
    const struct cache_bytes *bytes = &reader->bytes;

    DEMAND(bytes->length > 0 && bytes->length <= CACHE_BLOCK_SIZE && bytes->length <= reader->entry->size - offset);
    DEMAND(bytes->at >= fs_pair_share && bytes->at + bytes->length <= fs_pair_share + FS_PAIR_SHARE_SIZE);
    for (uint32_t i = 0; !self.lied && i < bytes->length; i += 1 + i % 509) {
        DEMAND(bytes->at[i] == byte_of(reader->file, offset + i));
    }
}

static void get(struct reader *reader, const struct file *file)
{
    if (!reader->waiting && !reader->entry) {
        reader->file = file;
        reader->entry = cache_get(file->path, (uint32_t)strlen(file->path), &reader->waiter);
        reader->waiting = !reader->entry;
        if (reader->entry) {
            check_entry(reader);
        }
    }
}

static void read_some(struct reader *reader, uint64_t offset, uint32_t ahead)
{
    if (reader->waiting || !reader->entry || reader->bytes.block || reader->entry->size == 0) {
        return;
    }
    offset %= reader->entry->size;
    switch (cache_read(reader->entry, offset, ahead, &reader->bytes, &reader->waiter)) {
    case CACHE_READY: check_bytes(reader, offset); break;
    case CACHE_WAIT: reader->waiting = true; /* fall through */
    case CACHE_FAILED: reader->bytes.block = NULL; break;
    }
}

static void let_go(struct reader *reader)
{
    if (reader->waiting) {
        cache_cancel(&reader->waiter);
        reader->waiting = false;
    } else if (reader->bytes.block) {
        cache_unpin(reader->bytes.block);
        reader->bytes.block = NULL;
    } else if (reader->entry) {
        cache_release(reader->entry);
        reader->entry = NULL;
    }
}

static void name(const struct reader *reader)
{
    if (self.named) {
        unname();
    } else if (reader->bytes.block) {
        self.named = reader->bytes.at;
        self.named_size = reader->bytes.length;
    }
}

/* -- jobs -- */

static void read_entries(struct file_job *job)
{
    struct file_entry entry;
    uint64_t count = file_job_result(job)->length;

    DEMAND(count <= FILE_DATA_MAX);
    for (size_t at = 0; at < count;) {
        size_t before = at;
        if (!files_take_entry(file_job_data(job), count, &at, &entry)) {
            DEMAND(self.lied);
            return;
        }
        DEMAND(at <= count && before + sizeof(struct fs_dirent) + entry.length <= at);
    }
}

static void end_job(struct job *job, bool drop)
{
    bool good = file_job_done(job->job) && file_job_error(job->job) == 0;

    if (good && job->lists && !drop) {
        read_entries(job->job);
    }
    (drop ? file_job_drop : file_job_put)(job->job);
    job->job = NULL;
}

static void begin_job(struct job *job, uint8_t type, uint8_t file, uint8_t number)
{
    const char *path = files[file].path, *other = files[number % FILES].path;
    uint64_t fd = fd_of(&files[file]);

    job->lists = type == 5;
    switch (type) {
    case 0: file_job_path(job->job, FS_OPEN, path, number); break;
    case 1: file_job_path(job->job, FS_STAT, path, 0); break;
    case 2: file_job_path(job->job, FS_OPENDIR, path, 0); break;
    case 3: file_job_two_paths(job->job, FS_RENAME, path, other); break;
    case 4: file_job_path(job->job, number & 1 ? FS_REMOVE : FS_RMDIR, path, 0); break;
    case 5: file_job_fd(job->job, FS_READDIR, fd, 0, FILE_DATA_MAX); break;
    case 6: file_job_fd(job->job, FS_WRITE, fd, number * 100u, number * 200u); break;
    default: file_job_fd(job->job, number & 1 ? FS_READ : FS_CLOSE, fd, number * 100u, 1000); break;
    }
}

static void work(struct fuzz_input *in, struct job *job)
{
    uint8_t type = fuzz_byte(in) % 8, file = fuzz_byte(in) % FILES, number = fuzz_byte(in);

    if (job->job) {
        end_job(job, number & 1);
    } else if ((job->job = file_job_get())) {
        begin_job(job, type, file, number);
    }
}

/* -- the course of it -- */

static void changed(const char *path, uint32_t length, bool below)
{
    struct cache_folder folder = {path, length};
    if (below) {
        cache_folders_changed(&folder, 1);
    } else {
        cache_path_changed(path, length);
    }
}

void init(void)
{
    timer_client_init(&timer_client_config);
    files_init(&fs_client_config);
    cache_init(FRESH_MS, CACHE_NEVER_STALE, FILES_BLOCKS, &cache_index);
    changes_tell(changed);
    pd_flush();
}

void fuzz_begin(void)
{
    self.now = S;
    fake_set_now_ns(self.now);
    for (int i = 0; i < READERS; i++) {
        self.readers[i].waiter.ready = on_ready;
    }
    attach();
    init();
}

static void step(struct fuzz_input *in)
{
    uint8_t what = fuzz_byte(in), who = what >> 4;
    struct reader *reader = &self.readers[who % READERS];
    struct fs_completion completion;

    switch (what & 15) {
    case 0:
    case 1: get(reader, &files[fuzz_byte(in) % FILES]); break;
    case 2:
    case 3: read_some(reader, fuzz_16(in) * 5ull, who >> 3); break;
    case 4: let_go(reader); break;
    case 5:
    case 6: work(in, &self.jobs[who % JOBS]); break;
    case 7:
    case 8:
    case 9: reply(in, who); break;
    case 10: /* what nobody asked */
        self.lied = true;
        fuzz_fill(in, &completion, sizeof(completion));
        deliver(&completion);
        break;
    case 11: pass((who & 8 ? 200 : 10) * MS * fuzz_byte(in)); break;
    case 12: restart(); break;
    case 13:
        if (fuzz_byte(in) & 1) {
            break_a_ring(in, who);
        } else {
            name(reader);
        }
        break;
    case 14: changed(files[who % FILES].path, (uint32_t)strlen(files[who % FILES].path), who & 8); break;
    default: serve(); break;
    }
    pd_flush();
    take_commands();
}

static void give_all_back(void)
{
    for (int i = 0; i < READERS; i++) {
        for (int part = 0; part < 3; part++) {
            let_go(&self.readers[i]);
        }
    }
    for (int i = 0; i < JOBS; i++) {
        if (self.jobs[i].job) {
            end_job(&self.jobs[i], true);
        }
    }
    unname();
}

/* Who asks first may get what was known while the server was away, or hear of a failure that was noted then. */
static void have_again(void)
{
    struct reader *reader = &self.readers[0];

    for (int i = 0; i < 6 && !reader->bytes.block; i++) {
        let_go(reader);
        pass(2 * S);
        for (int turn = 0; turn < 3; turn++) {
            get(reader, &files[2]);
            read_some(reader, 10, 0);
            serve();
        }
        read_some(reader, 10, 0);
    }
    DEMAND(reader->bytes.block && reader->bytes.length == files[2].size - 10);
}

/* The server is what it should be, and everybody has had enough. What a lie has left without a reply ends with a new
 * start. */
static void wind_down(void)
{
    struct cache_counters counters;
    int blocks = 0;

    give_all_back();
    if (self.lied) {
        restart();
    }
    for (int i = 0; i < 10; i++) {
        serve();
        pass(5 * S);
    }
    serve();
    have_again();
    give_all_back();
    while (fs_client_block_get()) {
        blocks++;
    }
    cache_counters(&counters);
    DEMAND(blocks == FILES_BLOCKS && counters.memory <= counters.memory_max && self.asked_count == 0);
    for (int i = 0; i < READERS; i++) {
        DEMAND(!self.readers[i].waiting);
    }
}

void fuzz_run(struct fuzz_input *in)
{
    for (int i = 0; in->left > 0 && i < STEPS_MAX; i++) {
        step(in);
    }
    if (!self.broken) {
        wind_down();
    }
    DEMAND(fake_lost_deferred() == 0);
}
