/* http/cache_memory.c: where pieces lie: blocks of the share, cut into pages.
 *   owns      all blocks of the share but those held back for others, for ever
 *   invariant a page is free, in exactly one piece, or cooling: nobody's, but still named by a descriptor
 *   order     small runs fill blocks from the first one on, whole blocks are taken from the last one on
 *   when full the piece that was used least recently gives way, with as many of its block's as make room; not one that
 *             is pinned, or that a descriptor names. None can: who asks waits until one is unpinned or sent
 */
#include "lib/pd.h"

#include "http/cache_internal.h"
#include "http/waiters.h"
#include "net/ip/ip.h"
#include "timer/client.h"

#define ALL_PAGES ((1u << CACHE_BLOCK_PAGES) - 1)

_Static_assert(CACHE_BLOCK_PAGES == 16, "a block's pages are the bits of 16");

struct block {
    uint8_t *at;
    uint16_t used, cooling;                        /* a bit for each page; cooling ones are used */
    struct cache_piece *pieces[CACHE_BLOCK_PAGES]; /* who has the page */
};

/* Those who wait for a run of so many pages: `oldest` in the order in which they came, then `newest` from its end. */
struct queue {
    struct cache_waiter *newest, *oldest;
};

static struct {
    struct block *blocks;
    uint32_t block_count;
    uint32_t search_from[CACHE_BLOCK_PAGES + 1]; /* by run length: blocks before it, in order, have no such run */
    uint32_t pages_used, cooling_pages;
    struct list idle;                           /* pieces that may give way, least recently used first */
    struct queue queues[CACHE_BLOCK_PAGES + 1]; /* [0]: for an entry */
    bool awaited;                               /* somebody may be in a queue */
    uint32_t turn;
    struct timer soon;
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

static uint32_t free_pages(const struct block *block)
{
    return ~(uint32_t)block->used & ALL_PAGES;
}

static uint32_t pages_of(uint32_t length)
{
    return (length + CACHE_PAGE - 1) / CACHE_PAGE;
}

/* The n-th block to look at. Its own inverse. */
static uint32_t in_order(uint32_t n, uint32_t pages)
{
    return pages == CACHE_BLOCK_PAGES ? self.block_count - 1 - n : n;
}

static bool find_free(uint32_t pages, uint32_t *block, uint32_t *page)
{
    uint32_t *from = &self.search_from[pages];
    for (; *from < self.block_count; ++*from) {
        *block = in_order(*from, pages);
        uint32_t starts = runs(free_pages(&self.blocks[*block]), pages);
        if (starts) {
            *page = (uint32_t)__builtin_ctz(starts);
            return true;
        }
    }
    return false;
}

static void free_run(uint32_t block, uint32_t mask)
{
    self.blocks[block].used &= (uint16_t)~mask;
    self.pages_used -= (uint32_t)__builtin_popcount(mask);
    for (uint32_t pages = 1; pages <= CACHE_BLOCK_PAGES; pages++) {
        uint32_t n = in_order(block, pages);
        if (n < self.search_from[pages]) {
            self.search_from[pages] = n;
        }
    }
}

/* -- memory that descriptors still name -- */

static void wake_waiters(void *context);

static void on_sent(void *context)
{
    self.sent_awaited = false;
    cache_memory_event();
}

/* Something could be had but for descriptors: when they are back we look again. */
static void await_sent(void)
{
    if (!self.sent_awaited) {
        self.sent_awaited = true;
        if (!ip_when_sent(on_sent, NULL)) {
            self.sent_awaited = false; /* too many others wait for that */
            timer_start(&self.soon, pd_now_ns() + CACHE_RETRY_NS, wake_waiters, NULL);
        }
    }
}

static void cool_down(uint32_t number)
{
    struct block *block = &self.blocks[number];
    for (uint32_t bits = block->cooling; bits; bits &= bits - 1) {
        uint32_t page = (uint32_t)__builtin_ctz(bits);
        if (!ip_sends_from(block->at + page * CACHE_PAGE, CACHE_PAGE)) {
            block->cooling &= (uint16_t) ~(1u << page);
            self.cooling_pages--;
            free_run(number, 1u << page);
        }
    }
}

static void cool_all_down(void)
{
    for (uint32_t i = 0; self.cooling_pages > 0 && i < self.block_count; i++) {
        if (self.blocks[i].cooling) {
            cool_down(i);
        }
    }
}

/* -- giving way -- */

static bool may_go(const struct cache_piece *piece, bool *named)
{
    if (!piece || !list_has(&piece->idle)) {
        return false;
    }
    if (ip_sends_from(piece->at, piece->length)) {
        *named = true;
        return false;
    }
    return true;
}

/* The pages of a block that are free, or would be. */
static uint32_t could_be_free(const struct block *block, bool *named)
{
    uint32_t bits = free_pages(block);
    for (uint32_t page = 0; page < CACHE_BLOCK_PAGES;) {
        const struct cache_piece *piece = block->pieces[page];
        uint32_t pages = piece ? piece->pages : 1;
        if (may_go(piece, named)) {
            bits |= run_mask(page, pages);
        }
        page += pages;
    }
    return bits;
}

/* A run in the block of the piece, that contains some of the piece if possible. */
static bool run_around(const struct cache_piece *piece, uint32_t pages, uint32_t *page, bool *named)
{
    if (piece->pages >= pages && may_go(piece, named)) {
        *page = piece->page;
        return true;
    }
    uint32_t starts = runs(could_be_free(&self.blocks[piece->block], named), pages);
    uint32_t first = piece->page + 1u > pages ? piece->page + 1u - pages : 0;
    uint32_t near = starts & run_mask(first, piece->page + piece->pages - first);
    if (!starts) {
        return false;
    }
    *page = (uint32_t)__builtin_ctz(near ? near : starts);
    return true;
}

static bool find_victims(uint32_t pages, uint32_t *block, uint32_t *page)
{
    bool named = false;
    for (struct list_link *link = list_first(&self.idle); link; link = list_next(&self.idle, link)) {
        const struct cache_piece *piece = LIST_ITEM(struct cache_piece, idle, link);
        if (run_around(piece, pages, page, &named)) {
            *block = piece->block;
            return true;
        }
    }
    if (named || self.cooling_pages > 0) {
        await_sent();
    }
    return false;
}

static void evict(struct cache_piece *piece)
{
    self.evictions++;
    cache_piece_drop(piece);
}

static void evict_run(uint32_t number, uint32_t first, uint32_t pages)
{
    for (uint32_t page = first; page < first + pages; page++) {
        struct cache_piece *piece = self.blocks[number].pieces[page];
        if (piece) {
            evict(piece);
        }
    }
}

bool cache_memory_evict_one(void)
{
    bool named = false;
    for (struct list_link *link = list_first(&self.idle); link; link = list_next(&self.idle, link)) {
        struct cache_piece *piece = LIST_ITEM(struct cache_piece, idle, link);
        if (may_go(piece, &named)) {
            evict(piece);
            return true;
        }
    }
    if (named) {
        await_sent();
    }
    return false;
}

/* -- taking and giving -- */

static bool find(uint32_t pages, uint32_t *block, uint32_t *page, bool *victims)
{
    *victims = false;
    if (find_free(pages, block, page)) {
        return true;
    }
    if (self.cooling_pages > 0) {
        cool_all_down();
        if (find_free(pages, block, page)) {
            return true;
        }
    }
    return *victims = find_victims(pages, block, page);
}

bool cache_memory_take(struct cache_piece *piece, uint32_t length)
{
    uint32_t number, page, pages = pages_of(length);
    bool victims;

    if (!find(pages, &number, &page, &victims)) {
        return false;
    }
    if (victims) {
        evict_run(number, page, pages);
    }
    struct block *block = &self.blocks[number];
    block->used |= (uint16_t)run_mask(page, pages);
    self.pages_used += pages;
    piece->block = (uint16_t)number;
    piece->page = (uint8_t)page;
    piece->pages = (uint8_t)pages;
    piece->at = block->at + page * CACHE_PAGE;
    for (uint32_t i = page; i < page + pages; i++) {
        block->pieces[i] = piece;
    }
    return true;
}

void cache_memory_give(struct cache_piece *piece)
{
    struct block *block = &self.blocks[piece->block];
    uint32_t mask = run_mask(piece->page, piece->pages);

    for (uint32_t i = piece->page; i < piece->page + (uint32_t)piece->pages; i++) {
        block->pieces[i] = NULL;
    }
    if (ip_sends_from(piece->at, (size_t)piece->pages * CACHE_PAGE)) {
        block->cooling |= (uint16_t)mask;
        self.cooling_pages += piece->pages;
    } else {
        free_run(piece->block, mask);
    }
    cache_memory_event();
}

void cache_memory_idle(struct cache_piece *piece)
{
    list_add_last(&self.idle, &piece->idle);
    cache_memory_event();
}

void cache_memory_busy(struct cache_piece *piece)
{
    list_remove(&piece->idle);
}

/* -- those who wait -- */

/* Behind the oldest those that came since. Who waits anew meanwhile has its turn at the next event. */
static void line_up(struct queue *queue)
{
    struct cache_waiter *waiter, *turned = NULL, **end = &queue->oldest;

    while ((waiter = queue->newest)) {
        waiters_remove(waiter);
        waiters_add(&turned, waiter);
    }
    while (turned && *end) {
        end = &(*end)->next;
    }
    if (turned) {
        waiters_move(&turned, end);
    }
}

static bool room_for(uint32_t pages)
{
    uint32_t block, page;
    bool victims;
    if (pages == 0) {
        return cache_entries_left();
    }
    return find(pages, &block, &page, &victims) && (victims || cache_pieces_left() || find_victims(1, &block, &page));
}

/* Those who want much and those who want little have precedence by turns. */
static void wake_waiters(void *context)
{
    uint32_t turn = self.turn++;
    bool awaited = false;
    for (uint32_t i = 0; i <= CACHE_BLOCK_PAGES; i++) {
        uint32_t pages = turn & 1 ? i : CACHE_BLOCK_PAGES - i;
        struct queue *queue = &self.queues[pages];
        struct cache_waiter *waiter;
        line_up(queue);
        while ((waiter = queue->oldest) && room_for(pages)) {
            waiters_remove(waiter);
            waiter->ready(waiter);
        }
    }
    for (uint32_t i = 0; i <= CACHE_BLOCK_PAGES; i++) {
        awaited |= self.queues[i].oldest || self.queues[i].newest;
    }
    self.awaited = awaited;
}

void cache_memory_wait(uint32_t length, struct cache_waiter *waiter)
{
    waiters_add(&self.queues[pages_of(length)].newest, waiter);
    self.awaited = true;
}

bool cache_memory_awaited(void)
{
    return self.awaited;
}

/* Not at once: who unpins a piece is in the middle of something. */
void cache_memory_event(void)
{
    if (self.awaited) {
        timer_start(&self.soon, pd_now_ns(), wake_waiters, NULL);
    }
}

/* -- life -- */

void cache_memory_init(uint32_t reserve, uint32_t units)
{
    uint32_t blocks = fs_client_blocks();
    require(blocks > reserve, "cache_init: blocks of the share", blocks);
    blocks = blocks - reserve < units ? blocks - reserve : units;
    self.blocks = cache_index_take(blocks * sizeof(struct block), true);
    list_init(&self.idle);
    for (uint32_t i = 0; i < blocks; i++) {
        self.blocks[i].at = fs_client_block_get();
        require(self.blocks[i].at, "cache_init: a block of the share is in use", i);
        self.block_count++;
    }
}

void cache_memory_counters(struct cache_counters *counters)
{
    counters->memory = (uint64_t)self.pages_used * CACHE_PAGE;
    counters->memory_max = (uint64_t)self.block_count * FS_CLIENT_BLOCK_SIZE;
    counters->evictions = self.evictions;
}
