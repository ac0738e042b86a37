/* http/site/resolutions.c: what the site knows about paths, and its bounds.
 *   owns      the memory that site_init() is given, which may have been a former life's: nothing is read of it that was
 *             not written in this one
 *   serves    try_files.c, mounts.c, find.c; paths are clients', cleaned, but NOT trusted to exist
 *   invariant a resolution is free, or in one of two lists: what was found, and the rest, which also has those that are
 *             looked for the first time: so that made-up names push out nothing that is served
 *   when full the resolution used least recently is evicted, of its own list first, also one that is being looked for
 *             when nobody waits for it any more; when somebody waits for all, or all resources are held, who asks waits
 *             until one is not
 */
#include <string.h>
#include "http/site/resolutions.h"
#include "lib/pd.h"
#include "timer/client.h"

#define FOUND_MAX 512
#define OTHERS_MAX 256
#define RESOLUTIONS_MAX (FOUND_MAX + OTHERS_MAX)
#define RESOURCES_MAX 640 /* more than are remembered: an old version lives while somebody reads it */
#define BUCKETS 1024      /* a power of two */
#define LONG_PATHS_MAX 64
#define HEAD_UNIT 64  /* bytes: heads lie in runs of them, */
#define HEAD_WORDS 64 /* none over the end of a word of 64. They are 640 heads of 384 bytes, or 256 of the longest */

_Static_assert(SITE_HEAD_MAX <= 64 * HEAD_UNIT, "a head lies in one word");

struct long_path {
    struct long_path *next; /* free */
    char text[HTTP_PATH_MAX];
};

struct memory {
    struct resolution *buckets[BUCKETS];
    struct resolution resolutions[RESOLUTIONS_MAX];
    struct prepared resources[RESOURCES_MAX];
    struct long_path long_paths[LONG_PATHS_MAX];
    char heads[HEAD_WORDS * 64 * HEAD_UNIT];
};

_Static_assert(sizeof(struct memory) <= SITE_MEMORY_BYTES, "what the site knows fits");

static struct {
    struct memory *memory;
    struct resolution *free_resolutions;
    struct resolution *newest[SITE_LISTS], *oldest[SITE_LISTS];
    uint32_t counts[SITE_LISTS];
    struct prepared *free_resources;
    uint64_t head_units[HEAD_WORDS]; /* a bit for each that is in use */
    uint32_t head_word;              /* the last one's */
    struct long_path *free_long_paths;
    struct cache_waiter *room; /* those for whom there was none */
    struct timer soon;
    uint32_t changes;
} self;

/* -- lists -- */

static void list_add(struct resolution *resolution, enum site_list list)
{
    resolution->list = (uint8_t)list;
    resolution->newer = NULL;
    resolution->older = self.newest[list];
    *(resolution->older ? &resolution->older->newer : &self.oldest[list]) = resolution;
    self.newest[list] = resolution;
    self.counts[list]++;
}

static void list_remove(struct resolution *resolution)
{
    *(resolution->older ? &resolution->older->newer : &self.oldest[resolution->list]) = resolution->newer;
    *(resolution->newer ? &resolution->newer->older : &self.newest[resolution->list]) = resolution->older;
    self.counts[resolution->list]--;
}

void site_resolution_use(struct resolution *resolution)
{
    if (resolution->newer) {
        enum site_list list = (enum site_list)resolution->list;
        list_remove(resolution);
        list_add(resolution, list);
    }
}

/* -- room -- */

static void wake_room(void *context)
{
    waiters_wake(&self.room);
}

void site_room_wait(struct cache_waiter *waiter)
{
    waiters_add(&self.room, waiter);
}

/* Not at once: who lets go of something is in the middle of something else. */
void site_room_again(void)
{
    if (self.room) {
        timer_start(&self.soon, pd_now_ns(), wake_room, NULL);
    }
}

/* Where a run of `units` set bits begins. */
static uint64_t runs(uint64_t bits, uint32_t units)
{
    for (uint32_t have = 1; have < units;) {
        uint32_t step = have < units - have ? have : units - have;
        bits &= bits >> step;
        have += step;
    }
    return bits;
}

static uint64_t head_mask(uint32_t length)
{
    return ~0ull >> (64 - (length + HEAD_UNIT - 1) / HEAD_UNIT);
}

static char *take_head(uint32_t length)
{
    uint32_t units = (length + HEAD_UNIT - 1) / HEAD_UNIT;

    /* what is used least recently is evicted in the order in which it came */
    for (uint32_t i = 0; i < HEAD_WORDS; i++) {
        uint32_t word = (self.head_word + i) % HEAD_WORDS;
        uint64_t starts = runs(~self.head_units[word], units);
        if (starts) {
            uint32_t unit = (uint32_t)__builtin_ctzll(starts);
            self.head_units[word] |= head_mask(length) << unit;
            self.head_word = word;
            return self.memory->heads + (word * 64 + unit) * HEAD_UNIT;
        }
    }
    return NULL;
}

static void give_head(const char *head, uint32_t length)
{
    size_t unit = (size_t)(head - self.memory->heads) / HEAD_UNIT;
    self.head_units[unit / 64] &= ~(head_mask(length) << unit % 64);
}

void site_prepared_let_go(struct prepared *prepared)
{
    if (--prepared->holders == 0) {
        cache_release(prepared->resource.file);
        give_head(prepared->resource.whole, prepared->resource.whole_length);
        prepared->next = self.free_resources;
        self.free_resources = prepared;
    }
    site_room_again(); /* with one holder left, the resolution, it may be evicted */
}

/* -- the table -- */

static uint64_t mix(uint64_t hash, const char *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof(word));
    hash = (hash ^ word) * 0x9e3779b97f4a7c15;
    return hash ^ hash >> 32;
}

/* Not secret: names that collide make a bucket as long as the list of the rest, which is short. */
static uint32_t hash_of(const char *path, uint32_t length, uint8_t key)
{
    uint64_t hash = (uint64_t)length << 8 | key, word = 0;

    if (length < sizeof(word)) {
        for (uint32_t i = 0; i < length; i++) {
            word = word << 8 | (uint8_t)path[i];
        }
        return (uint32_t)(mix(hash, (const char *)&word) >> 16);
    }
    for (uint32_t i = 0; i + sizeof(word) < length; i += sizeof(word)) {
        hash = mix(hash, path + i);
    }
    return (uint32_t)(mix(hash, path + length - sizeof(word)) >> 16);
}

struct resolution *site_resolution_find(const char *path, uint32_t length, uint8_t key)
{
    uint32_t hash = hash_of(path, length, key);
    struct resolution *resolution = self.memory->buckets[hash % BUCKETS];

    while (resolution && (resolution->hash != hash || resolution->path_length != length || resolution->key != key ||
                          memcmp(resolution->path, path, length) != 0)) {
        resolution = resolution->next;
    }
    return resolution;
}

static void link_resolution(struct resolution *resolution)
{
    struct resolution **bucket = &self.memory->buckets[resolution->hash % BUCKETS];

    resolution->next = *bucket;
    *bucket = resolution;
    resolution->linked = true;
}

static void unlink_resolution(struct resolution *resolution)
{
    struct resolution **link = &self.memory->buckets[resolution->hash % BUCKETS];

    while (*link != resolution) {
        link = &(*link)->next;
    }
    *link = resolution->next;
    resolution->linked = false;
}

void site_resolution_drop(struct resolution *resolution)
{
    if (resolution->linked) {
        unlink_resolution(resolution);
    }
    list_remove(resolution);
    if (resolution->prepared) {
        site_prepared_let_go(resolution->prepared);
    }
    if (resolution->path != resolution->short_path) {
        struct long_path *path = (struct long_path *)(resolution->path - offsetof(struct long_path, text));
        path->next = self.free_long_paths;
        self.free_long_paths = path;
    }
    resolution->next = self.free_resolutions;
    self.free_resolutions = resolution;
    site_room_again();
}

enum evicted { ANY, WITH_LONG_PATH, WITH_RESOURCE, ABANDONED };

/* Whoever wanted it has gone, and the file server does not say. One whose waiter is nowhere is at work just now. */
static bool is_abandoned(const struct resolution *resolution)
{
    return resolution->trying && !resolution->waiters && resolution->try.waiter.link;
}

static bool may_be_evicted(const struct resolution *resolution, enum evicted which)
{
    switch (which) {
    case ANY: return !resolution->trying;
    case ABANDONED: return is_abandoned(resolution);
    case WITH_LONG_PATH:
        return (!resolution->trying || is_abandoned(resolution)) && resolution->path != resolution->short_path;
    case WITH_RESOURCE: return !resolution->trying && resolution->prepared && resolution->prepared->holders == 1;
    }
    return false;
}

static void stop(struct resolution *resolution)
{
    if (resolution->trying) {
        cache_cancel(&resolution->try.waiter);
        if (resolution->try.file) {
            cache_release(resolution->try.file);
        }
    }
}

static bool evict(enum site_list list, enum evicted which)
{
    struct resolution *resolution = self.oldest[list];

    while (resolution && !may_be_evicted(resolution, which)) {
        resolution = resolution->newer;
    }
    if (resolution) {
        stop(resolution);
        site_resolution_drop(resolution);
    }
    return resolution != NULL;
}

static bool make_room(bool needs_long)
{
    if (needs_long && !self.free_long_paths && !evict(SITE_LIST_OTHERS, WITH_LONG_PATH) &&
        !evict(SITE_LIST_FOUND, WITH_LONG_PATH)) {
        return false;
    }
    if (self.counts[SITE_LIST_OTHERS] >= OTHERS_MAX && !evict(SITE_LIST_OTHERS, ANY) &&
        !evict(SITE_LIST_OTHERS, ABANDONED)) {
        return false;
    }
    return self.free_resolutions || evict(SITE_LIST_OTHERS, ANY) || evict(SITE_LIST_FOUND, ANY);
}

struct resolution *site_resolution_new(const char *path, uint32_t length, uint8_t key)
{
    bool needs_long = length > SITE_PATH_SHORT;

    if (!make_room(needs_long)) {
        return NULL;
    }
    struct resolution *resolution = self.free_resolutions;
    self.free_resolutions = resolution->next;
    memset(resolution, 0, offsetof(struct resolution, short_path));
    resolution->hash = hash_of(path, length, key);
    resolution->path_length = (uint16_t)length;
    resolution->key = key;
    resolution->outcome = SITE_WAIT;
    resolution->path = resolution->short_path;
    if (needs_long) {
        resolution->path = self.free_long_paths->text;
        self.free_long_paths = self.free_long_paths->next;
    }
    memcpy(resolution->path, path, length);
    link_resolution(resolution);
    list_add(resolution, SITE_LIST_OTHERS);
    return resolution;
}

void site_resolution_settle(struct resolution *resolution, enum site_outcome outcome)
{
    bool found = outcome == SITE_FOUND || outcome == SITE_REDIRECT;

    resolution->outcome = outcome;
    if (outcome != SITE_FOUND && resolution->prepared) {
        site_prepared_let_go(resolution->prepared);
        resolution->prepared = NULL;
    }
    list_remove(resolution);
    list_add(resolution, found ? SITE_LIST_FOUND : SITE_LIST_OTHERS);
    if (found && self.counts[SITE_LIST_FOUND] > FOUND_MAX) {
        evict(SITE_LIST_FOUND, ANY);
    }
}

struct prepared *site_prepared_new(const struct site_resource *resource)
{
    char *head;

    if (!self.free_resources && !evict(SITE_LIST_FOUND, WITH_RESOURCE)) {
        return NULL;
    }
    while (!(head = take_head(resource->whole_length))) {
        if (!evict(SITE_LIST_FOUND, WITH_RESOURCE)) {
            return NULL;
        }
    }
    struct prepared *prepared = self.free_resources;
    self.free_resources = prepared->next;
    prepared->holders = 1;
    prepared->resource = *resource;
    prepared->resource.whole = memcpy(head, resource->whole, resource->whole_length);
    return prepared;
}

static void forget(enum site_list list)
{
    struct resolution *resolution = self.oldest[list], *newer;

    for (; resolution; resolution = newer) {
        newer = resolution->newer;
        if (!resolution->trying) {
            site_resolution_drop(resolution);
        } else if (resolution->linked) {
            unlink_resolution(resolution);
        }
    }
}

void site_resolutions_forget(void)
{
    forget(SITE_LIST_FOUND);
    forget(SITE_LIST_OTHERS);
}

void site_resolutions_changed(void)
{
    self.changes++;
}

uint32_t site_resolutions_changes(void)
{
    return self.changes;
}

void site_init(const struct region *memory)
{
    require(memory->base && memory->size >= SITE_MEMORY_BYTES, "site_init: the memory's size", memory->size);
    self.memory = memory->base;
    memset(self.memory->buckets, 0, sizeof(self.memory->buckets));
    for (uint32_t i = RESOLUTIONS_MAX; i-- > 0;) {
        self.memory->resolutions[i].next = self.free_resolutions;
        self.free_resolutions = &self.memory->resolutions[i];
    }
    for (uint32_t i = RESOURCES_MAX; i-- > 0;) {
        self.memory->resources[i].next = self.free_resources;
        self.free_resources = &self.memory->resources[i];
    }
    for (uint32_t i = LONG_PATHS_MAX; i-- > 0;) {
        self.memory->long_paths[i].next = self.free_long_paths;
        self.free_long_paths = &self.memory->long_paths[i];
    }
}
