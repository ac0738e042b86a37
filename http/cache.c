/* http/cache.c: what lies at a path, and how fresh that is; see cache.h.
 *   consumes  answers to FS_OPEN and FS_STAT   from the file server, believed
 *   produces  looks: one per entry at a time, for all who ask
 *   invariant an entry is free, in use (held, asked about, a piece of it pinned or on its way), or idle: then it may
 *             give way; an entry with holders never becomes another
 *   when full the entry that was used least recently gives way: of those that found nothing first, so that made-up
 *             names push out no file; all in use: who asks waits until one is idle
 */
#include "lib/pd.h"

#include <string.h>
#include "http/cache_internal.h"
#include "http/waiters.h"
#include "net/ip/ip.h"
#include "timer/client.h"

#define ENTRIES_PER_UNIT 7 /* of the index */
#define ENTRIES_PER_LONG_PATH 16
#define SUMS_PER_UNIT 40          /* of segments that are sent (net/ip/ip.h) */
#define PATIENCE_NS 1000000000ull /* with an answer while something old is here */
#define FRESH_MIN_NS 10000000ull  /* so that who has waited for an answer finds it fresh */
#define FILE_SIZE_MAX (1ull << 44)
#define MODE_TYPE 0170000u
#define MODE_DIRECTORY 0040000u
#define MODE_FILE 0100000u

enum idle_kind { IDLE_FILES, IDLE_OTHERS };

struct long_path {
    struct long_path *next; /* free */
    char text[FS_PATH_MAX];
};

static struct {
    uint8_t *index, *index_end; /* what is left of it */
    struct entry *entries;
    uint32_t entries_max;
    uint32_t untouched; /* from here on they have never been used */
    struct entry *free;
    struct entry **buckets;
    uint32_t bucket_mask;
    struct long_path *long_paths;
    uint32_t long_paths_max, untouched_long_paths;
    struct long_path *free_long_paths;
    struct list idle[2]; /* by enum idle_kind, least recently used first */
    uint32_t idle_count[2];
    struct list looking; /* entries that are asked about while something old is here, in order */
    struct timer overdue;
    uint64_t fresh_ns, seed;
    bool away; /* the server did not answer when it was last asked */
    uint32_t count;
    uint64_t hits, stale;
} self;

/* -- the table -- */

static uint32_t hash_of(const char *path, uint32_t length)
{
    uint64_t hash = self.seed ^ length, word;

    for (; length >= sizeof(word); path += sizeof(word), length -= sizeof(word)) {
        memcpy(&word, path, sizeof(word));
        hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
        hash ^= hash >> 32;
    }
    word = 0;
    memcpy(&word, path, length);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
    return (uint32_t)(hash >> 32);
}

static struct entry *find(const char *path, uint32_t length, uint32_t hash)
{
    struct entry *entry = self.buckets[hash & self.bucket_mask];

    while (entry && (entry->hash != hash || entry->path_length != length || memcmp(entry->path, path, length) != 0)) {
        entry = entry->next;
    }
    return entry;
}

static void link_entry(struct entry *entry)
{
    struct entry **list = &self.buckets[entry->hash & self.bucket_mask];
    entry->next = *list;
    *list = entry;
    entry->linked = true;
}

/* From here on nobody finds it; who holds it sees that it is not fresh. */
static void unlink_entry(struct entry *entry)
{
    if (entry->linked) {
        struct entry **link = &self.buckets[entry->hash & self.bucket_mask];
        while (*link != entry) {
            link = &(*link)->next;
        }
        *link = entry->next;
        entry->linked = false;
        entry->seen.fresh_until_ns = 0;
    }
}

/* -- coming and going -- */

static bool is_long(const struct entry *entry)
{
    return entry->path_length > CACHE_PATH_SHORT;
}

static void destroy(struct entry *entry)
{
    unlink_entry(entry);
    cache_pieces_drop(entry);
    cache_commands_close(entry);
    if (is_long(entry)) {
        struct long_path *path = LIST_ITEM(struct long_path, text, entry->path);
        path->next = self.free_long_paths;
        self.free_long_paths = path;
    }
    *entry = (struct entry){.next = self.free};
    self.free = entry;
    self.count--;
    cache_memory_event();
}

static enum idle_kind idle_kind(const struct entry *entry)
{
    return entry->seen.kind == CACHE_FILE || entry->seen.kind == CACHE_DIRECTORY ? IDLE_FILES : IDLE_OTHERS;
}

static void leave_idle(struct entry *entry)
{
    list_remove(&entry->idle);
    self.idle_count[idle_kind(entry)]--;
}

static bool evict_oldest(enum idle_kind kind, bool only_long)
{
    struct list *idle = &self.idle[kind];
    for (struct list_link *link = list_first(idle); link; link = list_next(idle, link)) {
        struct entry *entry = LIST_ITEM(struct entry, idle, link);
        if (!only_long || is_long(entry)) {
            leave_idle(entry);
            destroy(entry);
            return true;
        }
    }
    return false;
}

static void become_idle(struct entry *entry)
{
    uint32_t most[] = {[IDLE_FILES] = self.entries_max / 4 * 3, [IDLE_OTHERS] = self.entries_max / 8};
    enum idle_kind kind = idle_kind(entry);

    list_add_last(&self.idle[kind], &entry->idle);
    if (++self.idle_count[kind] > most[kind]) {
        evict_oldest(kind, false);
    }
    cache_memory_event();
}

void cache_use(struct entry *entry)
{
    if (entry->uses++ == 0) {
        leave_idle(entry);
    }
}

void cache_unuse(struct entry *entry)
{
    if (--entry->uses > 0) {
        return;
    }
    if (entry->linked) {
        become_idle(entry);
    } else {
        destroy(entry);
    }
}

/* Of those that have been used before, or one that has not. */
static bool any_free(void)
{
    if (!self.free && self.untouched < self.entries_max) {
        self.free = &self.entries[self.untouched++];
        self.free->next = NULL;
    }
    return self.free;
}

static bool any_free_long_path(void)
{
    if (!self.free_long_paths && self.untouched_long_paths < self.long_paths_max) {
        self.free_long_paths = &self.long_paths[self.untouched_long_paths++];
        self.free_long_paths->next = NULL;
    }
    return self.free_long_paths;
}

bool cache_entries_left(void)
{
    return any_free() || self.idle_count[IDLE_FILES] > 0 || self.idle_count[IDLE_OTHERS] > 0;
}

static bool make_room(bool only_long)
{
    return evict_oldest(IDLE_OTHERS, only_long) || evict_oldest(IDLE_FILES, only_long);
}

/* Linked, in use once, and nothing is known of it. NULL: all are in use. */
static struct entry *new_entry(const char *path, uint32_t length, uint32_t hash)
{
    bool needs_long = length > CACHE_PATH_SHORT;

    if ((needs_long && !any_free_long_path() && !make_room(true)) || (!any_free() && !make_room(false))) {
        return NULL;
    }
    struct entry *entry = self.free;
    char *text = entry->short_path;
    self.free = entry->next;
    if (needs_long) {
        text = self.free_long_paths->text;
        self.free_long_paths = self.free_long_paths->next;
    }
    *entry = (struct entry){.path = text, .path_length = (uint16_t)length, .hash = hash, .uses = 1};
    memcpy(text, path, length);
    list_init(&entry->all_pieces);
    link_entry(entry);
    self.count++;
    return entry;
}

/* -- looks -- */

static void on_overdue(void *context);

static void await_overdue(void)
{
    struct list_link *first = list_first(&self.looking);
    if (first && !self.overdue.armed) {
        timer_start(&self.overdue, LIST_ITEM(struct entry, looking, first)->overdue_ns, on_overdue, NULL);
    }
}

static bool is_something(const struct entry *entry)
{
    return entry->known && entry->seen.kind != CACHE_UNREACHABLE;
}

static void begin_look(struct entry *entry, enum cache_look look)
{
    cache_use(entry);
    trace(cache_look, entry, look);
    entry->look = (uint8_t)look;
    if (is_something(entry)) {
        entry->overdue_ns = pd_now_ns() + PATIENCE_NS;
        list_add_last(&self.looking, &entry->looking);
        await_overdue();
    }
    cache_commands_look(entry);
}

/* It takes long: those who wait get what is here. */
static void on_overdue(void *context)
{
    uint64_t now = pd_now_ns();
    struct list_link *link;

    while ((link = list_first(&self.looking))) {
        struct entry *entry = LIST_ITEM(struct entry, looking, link);
        if (entry->overdue_ns > now) {
            break;
        }
        list_remove(link);
        entry->overdue = self.away = true;
        waiters_wake(&entry->waiters);
    }
    await_overdue();
}

void cache_entry_reopen(struct entry *entry)
{
    if (entry->look == CACHE_LOOK_NONE) {
        begin_look(entry, CACHE_LOOK_REOPEN);
    }
}

static enum cache_kind kind_of_mode(uint32_t mode, uint64_t size)
{
    if ((mode & MODE_TYPE) == MODE_DIRECTORY) {
        return CACHE_DIRECTORY;
    }
    return (mode & MODE_TYPE) == MODE_FILE && size <= FILE_SIZE_MAX ? CACHE_FILE : CACHE_FORBIDDEN;
}

static enum cache_kind kind_of(enum fs_status status, const struct fs_stat *attributes)
{
    switch (status) {
    case FS_STATUS_OK: return kind_of_mode(attributes->mode, attributes->size);
    case FS_STATUS_IS_DIRECTORY: return CACHE_DIRECTORY;
    case FS_STATUS_NOT_FOUND:
    case FS_STATUS_NOT_DIRECTORY:
    case FS_STATUS_NAME_TOO_LONG:
    case FS_STATUS_INVALID_PATH:
    case FS_STATUS_LOOP: return CACHE_ABSENT;
    case FS_STATUS_ACCESS:
    case FS_STATUS_READ_ONLY:
    case FS_STATUS_TOO_LARGE:
    case FS_STATUS_INVALID_ARGUMENT: return CACHE_FORBIDDEN;
    case FS_STATUS_INVALID_COMMAND:
    case FS_STATUS_INVALID_BUFFER:
    case FS_STATUS_INVALID_FD:
    case FS_STATUS_EXISTS:
    case FS_STATUS_NOT_EMPTY:
    case FS_STATUS_NO_SPACE:
    case FS_STATUS_TOO_MANY_OPEN:
    case FS_STATUS_STALE:
    case FS_STATUS_IO:
    case FS_STATUS_NOT_MOUNTED:
    case FS_STATUS_UNREACHABLE:
    case FS_STATUS_SERVER_WAS_RESET: return CACHE_UNREACHABLE;
    }
    return CACHE_UNREACHABLE; /* a number that the protocol does not have */
}

static bool is_same(const struct entry *entry, enum cache_kind kind, const struct fs_stat *attributes)
{
    return entry->known && entry->seen.kind == kind &&
           (kind != CACHE_FILE || (entry->inode == attributes->inode && entry->seen.size == attributes->size &&
                                   entry->seen.mtime_ns == attributes->mtime_ns && entry->mode == attributes->mode &&
                                   entry->uid == attributes->uid && entry->gid == attributes->gid));
}

static void refresh(struct entry *entry)
{
    self.away = entry->overdue = false;
    entry->seen.fresh_until_ns = pd_now_ns() + self.fresh_ns;
}

/* An fd of a file that has none, or that nobody wants. */
static void take_fd(struct entry *entry, const uint64_t *fd)
{
    if (!fd) {
        return;
    }
    if (entry && entry->seen.kind == CACHE_FILE && entry->here < entry->pieces && !entry->has_fd) {
        cache_commands_opened(entry, *fd);
    } else {
        cache_commands_close_unowned(*fd);
    }
}

static void learn(struct entry *entry, enum cache_kind kind, const struct fs_stat *attributes, const uint64_t *fd)
{
    bool file = kind == CACHE_FILE;

    entry->known = true;
    entry->seen = (struct cache_entry){.kind = kind};
    if (file) {
        entry->seen.size = attributes->size;
        entry->seen.mtime_ns = attributes->mtime_ns;
        entry->inode = attributes->inode;
        entry->mode = attributes->mode;
        entry->uid = attributes->uid;
        entry->gid = attributes->gid;
    }
    entry->pieces = (uint32_t)((entry->seen.size + CACHE_PIECE - 1) / CACHE_PIECE);
    if (entry->doubts >= CACHE_TRIES) {
        entry->read_failed_until_ns = pd_now_ns() + CACHE_RETRY_NS;
    }
    refresh(entry);
    take_fd(entry, fd);
}

/* Another entry takes the place of one that is still held. NULL: there is none left; who waits will ask again. */
static struct entry *successor(struct entry *entry)
{
    unlink_entry(entry);
    struct entry *next = new_entry(entry->path, entry->path_length, entry->hash);
    if (next) {
        waiters_move(&entry->waiters, &next->waiters);
    }
    return next;
}

static void change(struct entry *entry, enum cache_kind kind, const struct fs_stat *attributes, const uint64_t *fd)
{
    if (!entry->known || entry->uses == 1) { /* the look's own */
        entry->doubts = entry->known ? 0 : entry->doubts;
        cache_pieces_drop(entry);
        cache_commands_close(entry);
        learn(entry, kind, attributes, fd);
        return;
    }
    struct entry *next = successor(entry);
    if (next) {
        learn(next, kind, attributes, fd);
        waiters_wake(&next->waiters);
        cache_unuse(next);
    } else {
        take_fd(NULL, fd);
    }
}

static void no_answer(struct entry *entry)
{
    if (is_something(entry)) {
        self.away = entry->overdue = true;
    } else {
        entry->known = true;
        entry->seen = (struct cache_entry){.kind = CACHE_UNREACHABLE};
    }
    entry->seen.fresh_until_ns = pd_now_ns() + CACHE_RETRY_NS;
}

/* False: one more question. */
static bool looked(struct entry *entry, enum cache_look look, enum cache_kind kind, const struct fs_stat *attributes,
                   const uint64_t *fd)
{
    if (!entry->linked) {
        take_fd(NULL, fd);
    } else if (kind == CACHE_UNREACHABLE) {
        no_answer(entry);
    } else if (is_same(entry, kind, attributes)) {
        refresh(entry);
        take_fd(entry, fd);
    } else if (look == CACHE_LOOK_STAT && kind == CACHE_FILE) {
        entry->look = CACHE_LOOK_OPEN;
        cache_commands_look(entry);
        return false;
    } else {
        change(entry, kind, attributes, fd);
    }
    return true;
}

static void reopened(struct entry *entry, enum cache_kind kind, const struct fs_stat *attributes, const uint64_t *fd)
{
    if (kind == CACHE_UNREACHABLE) {
        self.away = true;
        cache_pieces_unpark(entry, false);
    } else if (is_same(entry, kind, attributes) && !entry->failed) {
        if (entry->linked) {
            refresh(entry);
        }
        take_fd(entry, fd);
        cache_pieces_unpark(entry, true);
    } else {
        take_fd(NULL, fd);
        cache_entry_fail(entry);
    }
}

static bool again(struct entry *entry, enum fs_status status)
{
    bool no_fds = status == FS_STATUS_TOO_MANY_OPEN && !entry->retried && cache_commands_close_idle(0);

    entry->retried = no_fds;
    if (no_fds || (status == FS_STATUS_SERVER_WAS_RESET && ++entry->resets < CACHE_TRIES)) {
        cache_commands_look(entry);
        return true;
    }
    entry->resets = 0;
    return false;
}

void cache_entry_answered(struct entry *entry, enum fs_status status, const struct fs_stat *attributes,
                          const uint64_t *fd)
{
    enum cache_look look = (enum cache_look)entry->look;
    enum cache_kind kind = kind_of(status, attributes);

    if (again(entry, status)) {
        return;
    }
    if (look == CACHE_LOOK_REOPEN) {
        reopened(entry, kind, attributes, fd);
    } else if (!looked(entry, look, kind, attributes, fd)) {
        return;
    }
    entry->look = CACHE_LOOK_NONE;
    list_remove(&entry->looking);
    if (entry->parked) {
        begin_look(entry, CACHE_LOOK_REOPEN);
    }
    waiters_wake(&entry->waiters);
    cache_unuse(entry);
}

/* Nobody finds it any more, and what is missing of it cannot be had. */
static void hide(struct entry *entry)
{
    entry->failed = true;
    unlink_entry(entry);
}

/* The entry that takes its place is there before its waiters are woken, and knows how often this has happened. */
void cache_entry_fail(struct entry *entry)
{
    bool found = entry->linked;
    hide(entry);
    struct entry *next = found ? new_entry(entry->path, entry->path_length, entry->hash) : NULL;
    if (next) {
        next->doubts = entry->doubts < UINT8_MAX ? entry->doubts + 1 : UINT8_MAX;
        cache_unuse(next);
    }
    cache_pieces_unpark(entry, false);
}

/* A look that is under way may answer what was: it finds the entry unlinked. */
static void drop_entry(struct entry *entry)
{
    if (entry->uses > 0) {
        hide(entry);
        cache_pieces_unpark(entry, false);
    } else {
        leave_idle(entry);
        destroy(entry);
    }
}

static bool is_below(const struct entry *entry, const char *path, uint32_t length)
{
    return entry->path_length > length && entry->path[length] == '/' && memcmp(entry->path, path, length) == 0;
}

/* After each one from the beginning of the bucket: waiters that are told may change the list. */
static void drop_below(uint32_t bucket, const char *path, uint32_t length)
{
    struct entry *entry = self.buckets[bucket];
    while (entry) {
        bool below = is_below(entry, path, length);
        if (below) {
            drop_entry(entry);
        }
        entry = below ? self.buckets[bucket] : entry->next;
    }
}

void cache_path_changed(const char *path, uint32_t length, bool below)
{
    struct entry *entry = find(path, length, hash_of(path, length));
    if (entry) {
        drop_entry(entry);
    }
    for (uint32_t bucket = 0; below && bucket <= self.bucket_mask; bucket++) {
        drop_below(bucket, path, length);
    }
}

/* -- what others ask -- */

static struct cache_entry *give(struct entry *entry, bool fresh)
{
    if (fresh) {
        self.hits++;
    } else {
        self.stale++;
    }
    cache_use(entry);
    return &entry->seen;
}

static void look_again(struct entry *entry)
{
    if (entry->look == CACHE_LOOK_NONE) {
        begin_look(entry, entry->known && idle_kind(entry) == IDLE_FILES ? CACHE_LOOK_STAT : CACHE_LOOK_OPEN);
    }
}

struct cache_entry *cache_get(const char *path, uint32_t length, struct cache_waiter *waiter)
{
    uint32_t hash = hash_of(path, length);
    struct entry *entry = find(path, length, hash);

    if (!entry) {
        entry = new_entry(path, length, hash);
        if (!entry) {
            cache_memory_wait(0, waiter);
            return NULL;
        }
        begin_look(entry, CACHE_LOOK_OPEN);
        cache_unuse(entry);
    } else if (entry->known && pd_now_ns() < entry->seen.fresh_until_ns) {
        return give(entry, !entry->overdue);
    } else {
        look_again(entry);
        if (is_something(entry) && (entry->overdue || self.away)) {
            return give(entry, false);
        }
    }
    waiters_add(&entry->waiters, waiter);
    return NULL;
}

struct cache_entry *cache_hold(struct cache_entry *entry)
{
    cache_use((struct entry *)entry);
    return entry;
}

void cache_release(struct cache_entry *entry)
{
    cache_unuse((struct entry *)entry);
}

void cache_cancel(struct cache_waiter *waiter)
{
    waiters_remove(waiter);
}

void cache_counters(struct cache_counters *counters)
{
    *counters = (struct cache_counters){
        .entries = self.count,
        .pieces = cache_pieces_count(),
        .hits = self.hits,
        .stale = self.stale,
    };
    cache_memory_counters(counters);
    cache_commands_counters(counters);
}

/* -- the index -- */

void *cache_index_take(size_t size, bool zeroed)
{
    uint8_t *taken = self.index;
    size = (size + 63) & ~(size_t)63;
    require(size <= (size_t)(self.index_end - taken), "cache_init: what the index lacks", size);
    self.index += size;
    return zeroed ? memset(taken, 0, size) : taken;
}

static void entries_init(uint32_t units)
{
    uint32_t buckets, sums = cache_power_of_two(units * SUMS_PER_UNIT);

    self.entries_max = units * ENTRIES_PER_UNIT;
    self.long_paths_max = self.entries_max / ENTRIES_PER_LONG_PATH;
    buckets = cache_power_of_two(self.entries_max);
    self.bucket_mask = buckets - 1;
    self.entries = cache_index_take(self.entries_max * sizeof(struct entry), false);
    self.long_paths = cache_index_take(self.long_paths_max * sizeof(struct long_path), false);
    self.buckets = cache_index_take(buckets * sizeof(struct entry *), true);
    ip_keep_sums(cache_index_take(sums * (size_t)IP_SUM_BYTES, false), sums);
}

void cache_init(uint32_t revalidate_ms, uint32_t reserve, const struct region *index)
{
    uint64_t fresh_ns = revalidate_ms * 1000000ull;
    uint32_t units = (uint32_t)(index->size / CACHE_INDEX_UNIT);

    require(index->base && units > 0, "cache_init: the index's size", index->size);
    self.index = index->base;
    self.index_end = self.index + index->size;
    entries_init(units);
    cache_pieces_init(units);

    self.fresh_ns = fresh_ns > FRESH_MIN_NS ? fresh_ns : FRESH_MIN_NS;
    self.seed = (uint64_t)ip_random() << 32 | ip_random();
    list_init(&self.idle[IDLE_FILES]);
    list_init(&self.idle[IDLE_OTHERS]);
    list_init(&self.looking);
    cache_memory_init(reserve + 1, units);
    cache_commands_init(); /* the one more */
}
