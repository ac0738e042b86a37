/* http/cache/index.h: memory for what the cache knows of files: taken at the start, once. */
#ifndef HTTP_CACHE_INDEX_H
#define HTTP_CACHE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/region.h"

/* How many units of CACHE_INDEX_UNIT bytes there are. */
uint32_t cache_index_init(const struct region *index);

/* From cache_init() only, which knows that there is enough. Zeroed where `zeroed`: what is not is touched when it is
 * used first. */
void *cache_index_take(size_t size, bool zeroed);

/* The largest power of two that is not above `count`. */
static inline uint32_t cache_power_of_two(uint32_t count)
{
    return 1u << (31 - __builtin_clz(count));
}

/* Things of one size, in the index. What lies in a thing that is taken is undefined. */
struct cache_pool {
    void **free; /* each begins with a pointer to the next */
    uint8_t *untouched, *end;
    uint32_t size, used;
};

void cache_pool_init(struct cache_pool *pool, uint32_t count, uint32_t size);
bool cache_pool_has(struct cache_pool *pool); /* whether there is one that can be taken */
void *cache_pool_take(struct cache_pool *pool);
void cache_pool_give(struct cache_pool *pool, void *thing);

#endif
