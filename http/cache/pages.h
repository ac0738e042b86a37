/* http/cache/pages.h: the cache's memory: the share's blocks of 64 KiB, called slabs here, in pages of 4 KiB. */
#ifndef HTTP_CACHE_PAGES_H
#define HTTP_CACHE_PAGES_H

#include <stdbool.h>
#include <stdint.h>
#include "http/cache/cache.h"
#include "http/cache/queue.h"
#include "lib/list.h"

#define CACHE_PAGE 4096
#define CACHE_SLAB_PAGES CACHE_RUN_MAX
#define CACHE_RETRY_NS 1000000000ull /* after a failure, before the same is tried again */

/* Pages in a row, of one slab; a part of what lies in them. */
struct cache_run {
    uint8_t *at;
    struct list_link idle; /* may be evicted: in the order of use */
    uint16_t slab;
    uint8_t page, pages; /* in the slab */
};

/* All of the share's blocks but `reserve`, at most `units`. evict: a run that is idle has to go; the handler gives it
 * back, before it returns. */
void cache_pages_init(uint32_t reserve, uint32_t units, void (*evict)(struct cache_run *run));

static inline uint32_t cache_pages_of(uint32_t length)
{
    return (length + CACHE_PAGE - 1) / CACHE_PAGE;
}

/* The run is not idle at first. Others may be evicted for it. False: nothing can be evicted now. */
bool cache_pages_take(struct cache_run *run, uint32_t pages);
void cache_pages_give(struct cache_run *run); /* it is not idle */
void cache_pages_idle(struct cache_run *run); /* it may be evicted from now on; it has just been used */
void cache_pages_busy(struct cache_run *run);
bool cache_pages_evict_one(void); /* the run that was used least recently */

/* Whether cache_pages_take() would take so many; `evicts`: whether others would be evicted for that. */
bool cache_pages_can_take(uint32_t pages, bool *evicts);
bool cache_pages_can_evict(void);

void cache_pages_counters(struct cache_counters *counters);

#endif
