/* http/cache/pages.c: runs of pages: taken, given back, evicted; see pages.h.
 *   owns      all blocks of the share but those held back for others, for ever
 *   consumes  net/ip's word whether a descriptor still names some memory
 *   produces  orders to evict a run; events for those who wait (queue.h)
 *   invariant a page is free, in exactly one run, or pending: nobody's, but still named by a descriptor
 *   order     small runs fill slabs from the first one on, whole slabs are taken from the last one on
 *   when full the run that was used least recently is evicted, with as many of its slab's as make room; not one that is
 *             busy, or that a descriptor names. None can: the caller waits until one is idle or sent
 */
#include "http/cache/pages.h"

#include "fs/client.h"
#include "http/cache/index.h"
#include "lib/pd.h"
#include "net/ip/ip.h"

#define SUMS_PER_UNIT 40 /* of segments that are sent (net/ip/ip.h) */
#define ALL_PAGES ((1u << CACHE_SLAB_PAGES) - 1)

_Static_assert(CACHE_SLAB_PAGES == 16, "a slab's pages are the bits of 16");
_Static_assert(CACHE_SLAB_PAGES *CACHE_PAGE == FS_CLIENT_BLOCK_SIZE, "a slab is a block of the share");

struct slab {
    uint8_t *at;
    uint16_t used, dma_pending;               /* a bit for each page; those pending are used */
    struct cache_run *runs[CACHE_SLAB_PAGES]; /* which has the page */
};

static struct {
    void (*evict)(struct cache_run *run);
    struct slab *slabs;
    uint32_t slab_count;
    uint32_t search_from[CACHE_SLAB_PAGES + 1]; /* by run length: slabs before it, in order, have no such run */
    uint32_t pages_used, dma_pending_pages;
    struct list idle; /* runs, least recently used first */
    bool sent_awaited;
    uint64_t evictions;
} self;

/* -- runs of pages -- */

/* Where a run of `pages` set bits begins. */
static uint32_t runs(uint32_t bits, uint32_t pages)
{
    for (uint32_t have = 1; have < pages;) {
        uint32_t step = have < pages - have ? have : pages - have;
        bits &= bits >> step;
        have += step;
    }
    return bits;
}

static uint32_t run_mask(uint32_t page, uint32_t pages)
{
    return ((1u << pages) - 1) << page;
}

static uint32_t free_pages(const struct slab *slab)
{
    return ~(uint32_t)slab->used & ALL_PAGES;
}

/* The n-th slab to search. Its own inverse. */
static uint32_t in_order(uint32_t n, uint32_t pages)
{
    return pages == CACHE_SLAB_PAGES ? self.slab_count - 1 - n : n;
}

static bool find_free(uint32_t pages, uint32_t *slab, uint32_t *page)
{
    uint32_t *from = &self.search_from[pages];
    for (; *from < self.slab_count; ++*from) {
        *slab = in_order(*from, pages);
        uint32_t starts = runs(free_pages(&self.slabs[*slab]), pages);
        if (starts) {
            *page = (uint32_t)__builtin_ctz(starts);
            return true;
        }
    }
    return false;
}

static void free_run(uint32_t slab, uint32_t mask)
{
    self.slabs[slab].used &= (uint16_t)~mask;
    self.pages_used -= (uint32_t)__builtin_popcount(mask);
    for (uint32_t pages = 1; pages <= CACHE_SLAB_PAGES; pages++) {
        uint32_t n = in_order(slab, pages);
        if (n < self.search_from[pages]) {
            self.search_from[pages] = n;
        }
    }
}

/* -- memory that descriptors still name: its DMA is pending -- */

static void on_sent(void *context)
{
    self.sent_awaited = false;
    cache_queue_event();
}

/* Something could be had but for descriptors: when they are back those who wait are asked about. */
static void await_sent(void)
{
    ip_hurry_sent();
    if (!self.sent_awaited) {
        self.sent_awaited = true;
        if (!ip_when_sent(on_sent, NULL)) {
            self.sent_awaited = false; /* too many others wait for that */
            cache_queue_event_at(pd_now_ns() + CACHE_RETRY_NS);
        }
    }
}

static void settle_slab(uint32_t number)
{
    struct slab *slab = &self.slabs[number];
    for (uint32_t bits = slab->dma_pending; bits; bits &= bits - 1) {
        uint32_t page = (uint32_t)__builtin_ctz(bits);
        if (!ip_sends_from(slab->at + page * CACHE_PAGE, CACHE_PAGE)) {
            slab->dma_pending &= (uint16_t) ~(1u << page);
            self.dma_pending_pages--;
            free_run(number, 1u << page);
        }
    }
}

static void settle_all(void)
{
    for (uint32_t i = 0; self.dma_pending_pages > 0 && i < self.slab_count; i++) {
        if (self.slabs[i].dma_pending) {
            settle_slab(i);
        }
    }
}

/* -- evicting -- */

static bool may_go(const struct cache_run *run, bool *named)
{
    if (!run || !list_has(&run->idle)) {
        return false;
    }
    if (ip_sends_from(run->at, (size_t)run->pages * CACHE_PAGE)) {
        *named = true;
        return false;
    }
    return true;
}

/* The pages of a slab that are free, or would be. */
static uint32_t could_be_free(const struct slab *slab, bool *named)
{
    uint32_t bits = free_pages(slab);
    for (uint32_t page = 0; page < CACHE_SLAB_PAGES;) {
        const struct cache_run *run = slab->runs[page];
        uint32_t pages = run ? run->pages : 1;
        if (may_go(run, named)) {
            bits |= run_mask(page, pages);
        }
        page += pages;
    }
    return bits;
}

/* Where so many could be free in the slab of the run, with some of the run among them if possible. */
static bool around(const struct cache_run *run, uint32_t pages, uint32_t *page, bool *named)
{
    if (run->pages >= pages && may_go(run, named)) {
        *page = run->page;
        return true;
    }
    uint32_t starts = runs(could_be_free(&self.slabs[run->slab], named), pages);
    uint32_t first = run->page + 1u > pages ? run->page + 1u - pages : 0;
    uint32_t near = starts & run_mask(first, run->page + run->pages - first);
    if (!starts) {
        return false;
    }
    *page = (uint32_t)__builtin_ctz(near ? near : starts);
    return true;
}

static bool find_victims(uint32_t pages, uint32_t *slab, uint32_t *page)
{
    bool named = false;
    for (struct list_link *link = list_first(&self.idle); link; link = list_next(&self.idle, link)) {
        const struct cache_run *run = LIST_ITEM(struct cache_run, idle, link);
        if (around(run, pages, page, &named)) {
            *slab = run->slab;
            return true;
        }
    }
    if (named || self.dma_pending_pages > 0) {
        await_sent();
    }
    return false;
}

static void evict(struct cache_run *run)
{
    self.evictions++;
    self.evict(run);
}

static void evict_all(uint32_t slab, uint32_t first, uint32_t pages)
{
    for (uint32_t page = first; page < first + pages; page++) {
        struct cache_run *run = self.slabs[slab].runs[page];
        if (run) {
            evict(run);
        }
    }
}

bool cache_pages_evict_one(void)
{
    bool named = false;
    for (struct list_link *link = list_first(&self.idle); link; link = list_next(&self.idle, link)) {
        struct cache_run *run = LIST_ITEM(struct cache_run, idle, link);
        if (may_go(run, &named)) {
            evict(run);
            return true;
        }
    }
    if (named) {
        await_sent();
    }
    return false;
}

/* -- taking and giving -- */

static bool find(uint32_t pages, uint32_t *slab, uint32_t *page, bool *victims)
{
    *victims = false;
    if (find_free(pages, slab, page)) {
        return true;
    }
    if (self.dma_pending_pages > 0) {
        settle_all();
        if (find_free(pages, slab, page)) {
            return true;
        }
    }
    return *victims = find_victims(pages, slab, page);
}

bool cache_pages_can_take(uint32_t pages, bool *evicts)
{
    uint32_t slab, page;
    return find(pages, &slab, &page, evicts);
}

bool cache_pages_can_evict(void)
{
    uint32_t slab, page;
    return find_victims(1, &slab, &page);
}

bool cache_pages_take(struct cache_run *run, uint32_t pages)
{
    uint32_t number, page;
    bool victims;

    if (!find(pages, &number, &page, &victims)) {
        return false;
    }
    if (victims) {
        evict_all(number, page, pages);
    }
    struct slab *slab = &self.slabs[number];
    slab->used |= (uint16_t)run_mask(page, pages);
    self.pages_used += pages;
    *run = (struct cache_run){
        .at = slab->at + page * CACHE_PAGE,
        .slab = (uint16_t)number,
        .page = (uint8_t)page,
        .pages = (uint8_t)pages,
    };
    for (uint32_t i = page; i < page + pages; i++) {
        slab->runs[i] = run;
    }
    return true;
}

void cache_pages_give(struct cache_run *run)
{
    struct slab *slab = &self.slabs[run->slab];
    uint32_t mask = run_mask(run->page, run->pages);

    for (uint32_t i = run->page; i < run->page + (uint32_t)run->pages; i++) {
        slab->runs[i] = NULL;
    }
    if (ip_sends_from(run->at, (size_t)run->pages * CACHE_PAGE)) {
        slab->dma_pending |= (uint16_t)mask;
        self.dma_pending_pages += run->pages;
    } else {
        free_run(run->slab, mask);
    }
    cache_queue_event();
}

void cache_pages_idle(struct cache_run *run)
{
    list_add_last(&self.idle, &run->idle);
    cache_queue_event();
}

void cache_pages_busy(struct cache_run *run)
{
    list_remove(&run->idle);
}

/* -- life -- */

void cache_pages_init(uint32_t reserve, uint32_t units, void (*evict_handler)(struct cache_run *run))
{
    uint32_t blocks = fs_client_blocks(), sums = cache_power_of_two(units * SUMS_PER_UNIT);

    require(blocks > reserve, "cache_init: blocks of the share", blocks);
    require(fs_client_block_size() == FS_CLIENT_BLOCK_SIZE, "cache_init: a block's bytes", fs_client_block_size());
    blocks = blocks - reserve < units ? blocks - reserve : units;
    self.evict = evict_handler;
    self.slabs = cache_index_take(blocks * sizeof(struct slab), true);
    list_init(&self.idle);
    for (uint32_t i = 0; i < blocks; i++) {
        self.slabs[i].at = fs_client_block_get();
        require(self.slabs[i].at, "cache_init: a block of the share is in use", i);
        self.slab_count++;
    }
    ip_keep_sums(cache_index_take(sums * (size_t)IP_SUM_BYTES, false), sums);
}

void cache_pages_counters(struct cache_counters *counters)
{
    counters->memory = (uint64_t)self.pages_used * CACHE_PAGE;
    counters->memory_max = (uint64_t)self.slab_count * FS_CLIENT_BLOCK_SIZE;
    counters->evictions = self.evictions;
}
