/* http/cache/entries.c: which paths are known; see entries.h.
 *   consumes  word that something has changed: of files' blocks, of whoever writes files
 *   produces  entries, each found by its path until it is forgotten
 *   invariant an entry is free, in use (held, asked about, a block of it pinned or on its way), or idle: then it may
 *             be evicted; an entry with holders never becomes another
 *   when full the entry that was used least recently is evicted: of those that found nothing first, so that made-up
 *             names push out no file; all in use: who asks waits until one is idle
 */
#include "http/cache/entries.h"

#include <string.h>
#include "http/cache/index.h"
#include "http/cache/queue.h"
#include "lib/random.h"
#include "net/ip/ip.h"

#define ENTRIES_PER_UNIT 10 /* of the index */
#define ENTRIES_PER_LONG_PATH 16

enum idle_kind { IDLE_FILES, IDLE_OTHERS };

static struct {
    struct cache_pool pool, long_paths; /* of FS_PATH_MAX bytes */
    struct entry **buckets;
    uint32_t bucket_mask;
    uint64_t seed;
    struct list idle[2]; /* by enum idle_kind, least recently used first */
    uint32_t idle_count[2], idle_most[2];
} self;

/* -- the table -- */

uint32_t cache_entries_hash(const char *path, uint32_t length)
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

struct entry *cache_entries_find(const char *path, uint32_t length, uint32_t hash)
{
    struct entry *entry = self.buckets[hash & self.bucket_mask];

    while (entry && (entry->hash != hash || entry->content.file.path_length != length ||
                     memcmp(entry->content.file.path, path, length) != 0)) {
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

void cache_entries_unlink(struct entry *entry)
{
    if (entry->linked) {
        struct entry **link = &self.buckets[entry->hash & self.bucket_mask];
        while (*link != entry) {
            link = &(*link)->next;
        }
        *link = entry->next;
        entry->linked = false;
        entry->content.seen.fresh_until_ns = 0;
    }
}

/* -- coming and going -- */

static bool is_long(const struct entry *entry)
{
    return entry->content.file.path_length > CACHE_PATH_SHORT;
}

static void destroy(struct entry *entry)
{
    cache_entries_unlink(entry);
    cache_blocks_drop(&entry->content);
    cache_files_close(&entry->content.file);
    if (is_long(entry)) {
        cache_pool_give(&self.long_paths, (void *)entry->content.file.path);
    }
    cache_pool_give(&self.pool, entry);
    cache_queue_event();
}

static enum idle_kind idle_kind(const struct entry *entry)
{
    return cache_entry_exists(entry) ? IDLE_FILES : IDLE_OTHERS;
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
    enum idle_kind kind = idle_kind(entry);

    list_add_last(&self.idle[kind], &entry->idle);
    if (++self.idle_count[kind] > self.idle_most[kind]) {
        evict_oldest(kind, false);
    }
    cache_queue_event();
}

void cache_entries_use(struct entry *entry)
{
    if (entry->content.uses++ == 0) {
        leave_idle(entry);
    }
}

void cache_entries_unused(struct cache_content *content)
{
    struct entry *entry = cache_entry_of(content);

    if (entry->linked) {
        become_idle(entry);
    } else {
        destroy(entry);
    }
}

void cache_entries_unuse(struct entry *entry)
{
    if (--entry->content.uses == 0) {
        cache_entries_unused(&entry->content);
    }
}

bool cache_entries_left(void)
{
    return cache_pool_has(&self.pool) || self.idle_count[IDLE_FILES] > 0 || self.idle_count[IDLE_OTHERS] > 0;
}

static bool make_room(bool only_long)
{
    return evict_oldest(IDLE_OTHERS, only_long) || evict_oldest(IDLE_FILES, only_long);
}

struct entry *cache_entries_new(const char *path, uint32_t length, uint32_t hash)
{
    bool needs_long = length > CACHE_PATH_SHORT;

    if ((needs_long && !cache_pool_has(&self.long_paths) && !make_room(true)) ||
        (!cache_pool_has(&self.pool) && !make_room(false))) {
        return NULL;
    }
    struct entry *entry = cache_pool_take(&self.pool);
    char *text = needs_long ? cache_pool_take(&self.long_paths) : entry->short_path;
    *entry = (struct entry){
        .content = {.file = {.path = text, .path_length = (uint16_t)length}, .uses = 1},
        .hash = hash,
    };
    memcpy(text, path, length);
    cache_content_init(&entry->content);
    link_entry(entry);
    return entry;
}

/* -- what has changed -- */

/* Nobody finds it any more, and what is missing of it cannot be had. */
static void hide(struct entry *entry)
{
    entry->content.file.failed = true;
    cache_entries_unlink(entry);
}

/* The entry that takes its place is there before its waiters are woken, and knows how often this has happened. */
void cache_entries_fail(struct entry *entry)
{
    const struct cache_file *file = &entry->content.file;
    uint8_t doubts = entry->content.doubts;
    bool found = entry->linked;

    hide(entry);
    struct entry *next = found ? cache_entries_new(file->path, file->path_length, entry->hash) : NULL;
    if (next) {
        next->content.doubts = doubts < UINT8_MAX ? doubts + 1 : UINT8_MAX;
        cache_entries_unuse(next);
    }
    cache_reads_unpark(&entry->content, false);
}

void cache_entries_changed(struct cache_content *content)
{
    cache_entries_fail(cache_entry_of(content));
}

/* A question that is under way may be answered by what was: it finds the entry unlinked. */
static void drop_entry(struct entry *entry)
{
    if (entry->content.uses > 0) {
        hide(entry);
        cache_reads_unpark(&entry->content, false);
    } else {
        leave_idle(entry);
        destroy(entry);
    }
}

static bool lies_in(const struct entry *entry, const struct cache_folder *folder)
{
    const struct cache_file *file = &entry->content.file;
    return file->path_length >= folder->length && memcmp(file->path, folder->path, folder->length) == 0 &&
           (file->path_length == folder->length || file->path[folder->length] == '/');
}

static bool lies_in_any(const struct entry *entry, const struct cache_folder *folders, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (lies_in(entry, &folders[i])) {
            return true;
        }
    }
    return false;
}

void cache_path_changed(const char *path, uint32_t length)
{
    struct entry *entry = cache_entries_find(path, length, cache_entries_hash(path, length));
    if (entry) {
        drop_entry(entry);
    }
}

/* After each one from the beginning of the bucket: waiters that are told may change the list. */
void cache_folders_changed(const struct cache_folder *folders, uint32_t count)
{
    for (uint32_t bucket = 0; bucket <= self.bucket_mask; bucket++) {
        struct entry *entry = self.buckets[bucket];
        while (entry) {
            bool drops = lies_in_any(entry, folders, count);
            if (drops) {
                drop_entry(entry);
            }
            entry = drops ? self.buckets[bucket] : entry->next;
        }
    }
}

/* -- life -- */

uint32_t cache_entries_count(void)
{
    return self.pool.used;
}

void cache_entries_init(uint32_t units)
{
    uint32_t entries = units * ENTRIES_PER_UNIT, buckets = cache_power_of_two(entries);

    cache_pool_init(&self.pool, entries, sizeof(struct entry));
    cache_pool_init(&self.long_paths, entries / ENTRIES_PER_LONG_PATH, FS_PATH_MAX);
    self.buckets = cache_index_take(buckets * sizeof(struct entry *), true);
    self.bucket_mask = buckets - 1;
    self.seed = (uint64_t)random_word() << 32 | random_word();
    self.idle_most[IDLE_FILES] = entries / 4 * 3;
    self.idle_most[IDLE_OTHERS] = entries / 8;
    list_init(&self.idle[IDLE_FILES]);
    list_init(&self.idle[IDLE_OTHERS]);
}
