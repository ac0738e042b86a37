/* http/cache/blocks.h: files' bytes, in blocks of CACHE_BLOCK_SIZE: read once for all who ask, then kept until their
 * memory is needed. cache_read() and cache_unpin() (cache.h) are for everyone. */
#ifndef HTTP_CACHE_BLOCKS_H
#define HTTP_CACHE_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>
#include "http/cache/cache.h"
#include "http/cache/files.h"
#include "lib/list.h"

#define CACHE_TRIES 3 /* without a pause, of what may end differently the next time */

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

/* unused: `uses` has become 0, by something in here; the content may be gone when this returns.
 * changed: the file is not what the server said; it is to be marked as failed, and cache_blocks_unpark() called.
 * wants_fd: blocks are parked: the file is to be opened, then cache_blocks_unpark() called. */
struct cache_blocks_handlers {
    void (*unused)(struct cache_content *content);
    void (*changed)(struct cache_content *content);
    void (*wants_fd)(struct cache_content *content);
};

void cache_blocks_init(uint32_t units, const struct cache_blocks_handlers *handlers);

void cache_content_init(struct cache_content *content);               /* all 0 but its path and uses */
void cache_blocks_drop(struct cache_content *content);                /* those in memory; none is pinned */
void cache_blocks_unpark(struct cache_content *content, bool opened); /* to be read now, or failed */

/* What cache_queue_init() asks, of 1 page and more. */
bool cache_blocks_room_for(uint32_t pages);

/* For cache_pages_init() and cache_files_init(). */
void cache_blocks_evict(struct cache_run *run);
void cache_blocks_filled(struct cache_fill *fill, const struct fs_completion *completion);

uint32_t cache_blocks_count(void);

#endif
