/* http/cache/cache.c: the cache as others see it, put together; see cache.h.
 *
 *   index.c       memory for what is known
 *   queue.c       those who wait for memory
 *   pages.c       where files' bytes lie, and which are evicted
 *   files.c       questions to the file server, and open files
 *   blocks.c      what is here of a file
 *   reads.c       files' bytes, on their way and pinned
 *   entries.c     which paths are known
 *   revalidate.c  what the server says of a path, and how fresh that is
 *
 * Each calls what stands above it in this list, and hears of events by the handlers that it is given here.
 *
 * Serves the front's contents and sites, which are trusted. Distrusts the file server: it says what a file holds, and
 * nothing else; each of its numbers is checked where it comes in (files.c, reads.c).
 */
#include "http/cache/cache.h"

#include "http/cache/index.h"
#include "http/cache/revalidate.h"
#include "lib/pd.h"

static struct {
    uint64_t hits, stale;
    struct entry refusal; /* given in the place of what is too old */
} self;

static struct cache_entry *give(struct entry *entry, bool fresh)
{
    if (fresh) {
        self.hits++;
    } else {
        self.stale++;
    }
    cache_entries_use(entry);
    return &entry->content.seen;
}

/* The server was asked and could not say. */
static struct cache_entry *give_unconfirmed(struct entry *entry)
{
    if (!cache_is_too_old(&entry->content.seen)) {
        return give(entry, false);
    }
    self.refusal.content.seen.fresh_until_ns = entry->content.seen.fresh_until_ns;
    cache_entries_use(&self.refusal);
    return &self.refusal.content.seen;
}

struct cache_entry *cache_get(const char *path, uint32_t length, struct cache_waiter *waiter)
{
    uint32_t hash = cache_entries_hash(path, length);
    struct entry *entry = cache_entries_find(path, length, hash);

    if (!entry) {
        entry = cache_entries_new(path, length, hash);
        if (!entry) {
            cache_queue_wait(0, waiter);
            return NULL;
        }
        cache_revalidate(entry);
        cache_entries_unuse(entry);
    } else if (entry->known && pd_now_ns() < entry->content.seen.fresh_until_ns) {
        return entry->overdue ? give_unconfirmed(entry) : give(entry, true);
    } else {
        cache_revalidate(entry);
        if (cache_revalidate_gives_old(entry)) {
            return give(entry, false);
        }
    }
    waiters_add(&entry->waiters, waiter);
    return NULL;
}

struct cache_entry *cache_hold(struct cache_entry *entry)
{
    cache_entries_use((struct entry *)entry);
    return entry;
}

void cache_release(struct cache_entry *entry)
{
    cache_entries_unuse((struct entry *)entry);
}

void cache_cancel(struct cache_waiter *waiter)
{
    waiters_remove(waiter);
}

void cache_counters(struct cache_counters *counters)
{
    *counters = (struct cache_counters){
        .entries = cache_entries_count(),
        .blocks = cache_blocks_count(),
        .hits = self.hits,
        .stale = self.stale,
    };
    cache_pages_counters(counters);
    cache_files_counters(counters);
}

/* -- put together -- */

static bool room_for(uint32_t pages)
{
    return pages == 0 ? cache_entries_left() : cache_blocks_room_for(pages);
}

void cache_init(uint32_t revalidate_ms, uint32_t stale_s, uint32_t reserve, const struct region *index)
{
    uint32_t units = cache_index_init(index);

    cache_queue_init(room_for);
    cache_pages_init(reserve + 1, units, cache_blocks_evict); /* the one more is for files.c */
    cache_files_init(&(struct cache_files_handlers){
        .answered = cache_revalidate_answered,
        .filled = cache_reads_filled,
    });
    cache_blocks_init(units);
    cache_reads_init(&(struct cache_reads_handlers){
        .unused = cache_entries_unused,
        .changed = cache_entries_changed,
        .wants_fd = cache_revalidate_reopen,
    });
    cache_entries_init(units);
    cache_revalidate_init(revalidate_ms, stale_s);
    self.refusal.content.seen.kind = CACHE_UNREACHABLE;
    self.refusal.content.uses = 1; /* never idle */
}
