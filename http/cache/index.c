/* http/cache/index.c: the index's memory; see index.h.
 *   owns      the region that cache_init() is given
 *   invariant a thing of a pool is untouched, free or taken
 *   when full a pool has none left: its user makes one free, or waits
 */
#include "http/cache/index.h"

#include <string.h>
#include "http/cache/cache.h"
#include "lib/pd.h"

#define ALIGNMENT 64

static struct {
    uint8_t *at, *end; /* what is left */
} self;

uint32_t cache_index_init(const struct region *index)
{
    uint32_t units = (uint32_t)(index->size / CACHE_INDEX_UNIT);

    require(index->base && units > 0, "cache_init: the index's size", index->size);
    self.at = index->base;
    self.end = self.at + index->size;
    return units;
}

void *cache_index_take(size_t size, bool zeroed)
{
    uint8_t *taken = self.at;
    size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    require(size <= (size_t)(self.end - taken), "cache_init: what the index lacks", size);
    self.at += size;
    return zeroed ? memset(taken, 0, size) : taken;
}

void cache_pool_init(struct cache_pool *pool, uint32_t count, uint32_t size)
{
    uint8_t *memory = cache_index_take((size_t)count * size, false);
    *pool = (struct cache_pool){.untouched = memory, .end = memory + (size_t)count * size, .size = size};
}

bool cache_pool_has(struct cache_pool *pool)
{
    return pool->free || pool->untouched < pool->end;
}

void *cache_pool_take(struct cache_pool *pool)
{
    void *thing = pool->free;

    if (thing) {
        pool->free = *(void **)thing;
    } else {
        thing = pool->untouched;
        pool->untouched += pool->size;
    }
    pool->used++;
    return thing;
}

void cache_pool_give(struct cache_pool *pool, void *thing)
{
    *(void **)thing = pool->free;
    pool->free = thing;
    pool->used--;
}
