/* http/cache/blocks.c: files' blocks: made, found, dropped; see blocks.h.
 *   produces  blocks, each found by its content and its place in it
 *   invariant a block is free, or its content's: then it has its memory
 *   when full the block that was used least recently is evicted; none can be: there is no new one
 */
#include "http/cache/blocks.h"

#include "http/cache/index.h"

#define BLOCKS_PER_UNIT 10 /* of the index */

_Static_assert(CACHE_BLOCK_SIZE == CACHE_SLAB_PAGES * CACHE_PAGE, "a block fills a slab at most");

static struct {
    struct cache_pool pool;
    struct cache_block **buckets; /* all but those that are their file's first */
    uint32_t bucket_mask;
} self;

/* -- which there are -- */

static struct cache_block **bucket(const struct cache_content *content, uint32_t index)
{
    uint64_t mixed = ((uintptr_t)content / sizeof(*content) + index) * 0x9e3779b97f4a7c15ull;
    return &self.buckets[mixed >> 32 & self.bucket_mask];
}

struct cache_block *cache_blocks_find(const struct cache_content *content, uint32_t index)
{
    if (index == 0) {
        return content->first;
    }
    struct cache_block *block = *bucket(content, index);
    while (block && (block->fill.file != &content->file || block->fill.index != index)) {
        block = block->hash_next;
    }
    return block;
}

static void note(struct cache_block *block)
{
    struct cache_content *content = cache_content_of(block);
    list_add_last(&content->all, &block->of_content);
    if (block->fill.index == 0) {
        content->first = block;
        return;
    }
    struct cache_block **list = bucket(content, block->fill.index);
    block->hash_next = *list;
    *list = block;
}

static void forget(struct cache_block *block)
{
    struct cache_content *content = cache_content_of(block);
    list_remove(&block->of_content);
    if (block->fill.index == 0) {
        content->first = NULL;
        return;
    }
    struct cache_block **link = bucket(content, block->fill.index);
    while (*link != block) {
        link = &(*link)->hash_next;
    }
    *link = block->hash_next;
}

void cache_blocks_release(struct cache_block *block)
{
    forget(block);
    cache_pages_give(&block->fill.run);
    cache_pool_give(&self.pool, block);
}

struct cache_block *cache_blocks_new(struct cache_content *content, uint32_t index)
{
    uint32_t length = cache_block_length(content, index);

    if (!cache_pool_has(&self.pool) && !cache_pages_evict_one()) {
        return NULL;
    }
    struct cache_block *block = cache_pool_take(&self.pool);
    *block = (struct cache_block){.fill = {.file = &content->file, .index = index, .length = length}};
    if (!cache_pages_take(&block->fill.run, cache_pages_of(length))) {
        cache_pool_give(&self.pool, block);
        return NULL;
    }
    note(block);
    return block;
}

bool cache_blocks_room_for(uint32_t pages)
{
    bool evicts;
    return cache_pages_can_take(pages, &evicts) && (evicts || cache_pool_has(&self.pool) || cache_pages_can_evict());
}

/* -- evicting -- */

static void drop(struct cache_block *block)
{
    cache_content_of(block)->here--;
    cache_pages_busy(&block->fill.run);
    cache_blocks_release(block);
}

void cache_blocks_evict(struct cache_run *run)
{
    drop((struct cache_block *)LIST_ITEM(struct cache_fill, run, run));
}

void cache_blocks_drop(struct cache_content *content)
{
    struct list_link *link;
    while ((link = list_first(&content->all))) {
        drop(LIST_ITEM(struct cache_block, of_content, link));
    }
}

/* -- life -- */

void cache_content_init(struct cache_content *content)
{
    list_init(&content->all);
}

uint32_t cache_blocks_count(void)
{
    return self.pool.used;
}

void cache_blocks_init(uint32_t units)
{
    uint32_t buckets = cache_power_of_two(units * BLOCKS_PER_UNIT);

    cache_pool_init(&self.pool, units * BLOCKS_PER_UNIT, sizeof(struct cache_block));
    self.bucket_mask = buckets - 1;
    self.buckets = cache_index_take(buckets * sizeof(struct cache_block *), true);
}
