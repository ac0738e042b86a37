/* http/cache/blocks.h: what is here of a file: blocks of CACHE_BLOCK_SIZE bytes at most, kept until their memory is
 * needed. */
#ifndef HTTP_CACHE_BLOCKS_H
#define HTTP_CACHE_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>
#include "http/cache/cache.h"
#include "http/cache/files.h"
#include "lib/list.h"

/* What is at a path, and what is here of it: part of an entry. */
struct cache_content {
    struct cache_entry seen;       /* first; as the server has said */
    struct cache_file file;        /* file.failed: what is missing of it cannot be had any more */
    struct list all;               /* its blocks */
    struct cache_block *first;     /* that begins the file */
    struct cache_fill *parked;     /* wait for an fd */
    uint64_t read_failed_until_ns; /* until then nothing more is read */
    uint32_t uses;                 /* holders, the question about it, blocks that are pinned or on their way */
    uint32_t here, blocks;         /* of the file's blocks: in memory, all */
    uint8_t doubts;                /* how often in a row the file was not as the server had said */
};

enum cache_block_state { CACHE_BLOCK_COMING, CACHE_BLOCK_HERE };

struct cache_block {
    struct cache_fill fill; /* first */
    uint32_t pins;
    uint8_t state;  /* enum cache_block_state */
    uint8_t resets; /* how often the server started anew, or could not be reached, while it was read */
    struct cache_block *hash_next;
    struct list_link of_content;
    struct cache_waiter *waiters;
};

void cache_blocks_init(uint32_t units);
void cache_content_init(struct cache_content *content); /* all 0 but its path and uses */

struct cache_block *cache_blocks_find(const struct cache_content *content, uint32_t index);
/* It is coming. Others may be evicted for its memory. NULL: none can be now. */
struct cache_block *cache_blocks_new(struct cache_content *content, uint32_t index);
void cache_blocks_release(struct cache_block *block); /* it is coming, and will not come */

void cache_blocks_drop(struct cache_content *content); /* all that are here; none is pinned, none is coming */
void cache_blocks_evict(struct cache_run *run);        /* for cache_pages_init() */

/* What cache_queue_init() asks, of 1 page and more. */
bool cache_blocks_room_for(uint32_t pages);
uint32_t cache_blocks_count(void);

static inline struct cache_content *cache_content_of(const struct cache_block *block)
{
    return LIST_ITEM(struct cache_content, file, block->fill.file);
}

static inline uint32_t cache_block_length(const struct cache_content *content, uint32_t index)
{
    uint64_t left = content->seen.size - (uint64_t)index * CACHE_BLOCK_SIZE;
    return left < CACHE_BLOCK_SIZE ? (uint32_t)left : CACHE_BLOCK_SIZE;
}

#endif
