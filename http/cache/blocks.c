/* http/cache/blocks.c: pieces of files: found, read, pinned; see blocks.h.
 *   consumes  answers to FS_READ   from the file server: its bytes are believed if they are as many and as old as the
 *             file's
 *   produces  pieces in memory
 *   invariant a piece is free, on its way (its content counts it as coming and as a use), or here; nobody waits for one
 *             that is here
 *   when full no memory: the waiter waits for some; nothing is read ahead then
 */
#include "http/cache/blocks.h"

#include "http/cache/index.h"
#include "lib/pd.h"
#include "net/ip/ip.h"

#define PIECES_PER_UNIT 10 /* of the index */

_Static_assert(CACHE_PIECE == CACHE_SLAB_PAGES * CACHE_PAGE, "a piece fills a slab at most");

enum piece_state { PIECE_COMING, PIECE_HERE };

struct cache_piece {
    struct cache_fill fill; /* first */
    uint32_t pins;
    uint8_t state;  /* enum piece_state */
    uint8_t resets; /* how often the server started anew while it was read */
    struct cache_piece *hash_next;
    struct list_link of_content;
    struct cache_waiter *waiters;
};

static struct {
    struct cache_blocks_handlers handlers;
    struct cache_pool pool;
    struct cache_piece **buckets; /* all but those that are their file's first */
    uint32_t bucket_mask;
} self;

/* -- which there are -- */

static struct cache_content *content_of(const struct cache_piece *piece)
{
    return LIST_ITEM(struct cache_content, file, piece->fill.file);
}

static struct cache_piece **bucket(const struct cache_content *content, uint32_t index)
{
    uint64_t mixed = ((uintptr_t)content / sizeof(*content) + index) * 0x9e3779b97f4a7c15ull;
    return &self.buckets[mixed >> 32 & self.bucket_mask];
}

static struct cache_piece *find(const struct cache_content *content, uint32_t index)
{
    if (index == 0) {
        return content->first;
    }
    struct cache_piece *piece = *bucket(content, index);
    while (piece && (piece->fill.file != &content->file || piece->fill.index != index)) {
        piece = piece->hash_next;
    }
    return piece;
}

static void note(struct cache_piece *piece)
{
    struct cache_content *content = content_of(piece);
    list_add_last(&content->all, &piece->of_content);
    if (piece->fill.index == 0) {
        content->first = piece;
        return;
    }
    struct cache_piece **list = bucket(content, piece->fill.index);
    piece->hash_next = *list;
    *list = piece;
}

static void forget(struct cache_piece *piece)
{
    struct cache_content *content = content_of(piece);
    list_remove(&piece->of_content);
    if (piece->fill.index == 0) {
        content->first = NULL;
        return;
    }
    struct cache_piece **link = bucket(content, piece->fill.index);
    while (*link != piece) {
        link = &(*link)->hash_next;
    }
    *link = piece->hash_next;
}

static void release(struct cache_piece *piece)
{
    forget(piece);
    cache_pages_give(&piece->fill.run);
    cache_pool_give(&self.pool, piece);
}

static uint32_t length_of(const struct cache_content *content, uint32_t index)
{
    uint64_t left = content->seen.size - (uint64_t)index * CACHE_PIECE;
    return left < CACHE_PIECE ? (uint32_t)left : CACHE_PIECE;
}

/* The last use may have been this one: then the content is idle or gone. */
static void unuse(struct cache_content *content)
{
    if (--content->uses == 0) {
        self.handlers.unused(content);
    }
}

bool cache_blocks_room_for(uint32_t pages)
{
    bool evicts;
    return cache_pages_can_take(pages, &evicts) && (evicts || cache_pool_has(&self.pool) || cache_pages_can_evict());
}

/* -- on their way -- */

/* A piece that is not there yet is asked for. NULL: no memory now. */
static struct cache_piece *begin(struct cache_content *content, uint32_t index)
{
    uint32_t length = length_of(content, index);

    if (!cache_pool_has(&self.pool) && !cache_pages_evict_one()) {
        return NULL;
    }
    struct cache_piece *piece = cache_pool_take(&self.pool);
    *piece = (struct cache_piece){.fill = {.file = &content->file, .index = index, .length = length}};
    if (!cache_pages_take(&piece->fill.run, cache_pages_of(length))) {
        cache_pool_give(&self.pool, piece);
        return NULL;
    }
    note(piece);
    content->file.coming++;
    content->uses++; /* its holder's already */
    cache_files_fill(&piece->fill);
    return piece;
}

static void arrived(struct cache_piece *piece)
{
    struct cache_content *content = content_of(piece);
    struct cache_waiter *waiters = NULL;

    piece->state = PIECE_HERE;
    content->doubts = 0;
    /* From now on checksums of what is sent from there may be kept. */
    ip_memory_changed(piece->fill.run.at, piece->fill.length);
    content->file.coming--;
    content->here++;
    cache_pages_idle(&piece->fill.run);
    if (content->here == content->pieces) {
        cache_files_close(&content->file);
    }
    waiters_move(&piece->waiters, &waiters);
    waiters_wake(&waiters);
    unuse(content);
}

static void failed(struct cache_piece *piece)
{
    struct cache_content *content = content_of(piece);
    struct cache_waiter *waiters = NULL;

    waiters_move(&piece->waiters, &waiters);
    content->file.coming--;
    release(piece);
    waiters_wake(&waiters);
    unuse(content);
}

static void give_up_for_now(struct cache_piece *piece)
{
    content_of(piece)->read_failed_until_ns = pd_now_ns() + CACHE_RETRY_NS;
    failed(piece);
}

static void is_another(struct cache_piece *piece)
{
    struct cache_content *content = content_of(piece);
    content->uses++;
    self.handlers.changed(content);
    failed(piece);
    unuse(content);
}

/* It is read when its file has been opened anew. */
static void park(struct cache_piece *piece)
{
    struct cache_content *content = content_of(piece);

    cache_files_close(&content->file);
    piece->fill.next = content->parked;
    content->parked = &piece->fill;
    self.handlers.wants_fd(content);
}

/* The server has started anew: the file is opened again. */
static void lost_fd(struct cache_piece *piece)
{
    if (piece->fill.file->failed) {
        failed(piece);
    } else if (++piece->resets < CACHE_TRIES) {
        park(piece);
    } else {
        give_up_for_now(piece);
    }
}

/* The whole piece, of the file that the content tells of. */
static bool is_right(const struct cache_piece *piece, const struct fs_completion *completion)
{
    uint64_t mtime_ns = completion->read.mtime_ns;
    return completion->read.length == piece->fill.length &&
           (mtime_ns == 0 || mtime_ns == content_of(piece)->seen.mtime_ns) && !piece->fill.file->failed;
}

static void read_ended(struct cache_piece *piece, const struct fs_completion *completion)
{
    switch ((enum fs_status)completion->status) {
    case FS_STATUS_OK:
        if (is_right(piece, completion)) {
            arrived(piece);
        } else {
            is_another(piece);
        }
        return;
    case FS_STATUS_SERVER_WAS_RESET: lost_fd(piece); return;
    case FS_STATUS_NOT_FOUND:
    case FS_STATUS_STALE: is_another(piece); return;
    case FS_STATUS_INVALID_COMMAND:
    case FS_STATUS_INVALID_BUFFER:
    case FS_STATUS_INVALID_PATH:
    case FS_STATUS_INVALID_FD:
    case FS_STATUS_EXISTS:
    case FS_STATUS_NOT_DIRECTORY:
    case FS_STATUS_IS_DIRECTORY:
    case FS_STATUS_NOT_EMPTY:
    case FS_STATUS_NAME_TOO_LONG:
    case FS_STATUS_ACCESS:
    case FS_STATUS_READ_ONLY:
    case FS_STATUS_NO_SPACE:
    case FS_STATUS_TOO_LARGE:
    case FS_STATUS_TOO_MANY_OPEN:
    case FS_STATUS_INVALID_ARGUMENT:
    case FS_STATUS_IO:
    case FS_STATUS_NOT_MOUNTED:
    case FS_STATUS_UNREACHABLE:
    case FS_STATUS_LOOP: break;
    }
    cache_files_close(piece->fill.file);
    give_up_for_now(piece);
}

void cache_blocks_filled(struct cache_fill *fill, const struct fs_completion *completion)
{
    struct cache_piece *piece = (struct cache_piece *)fill;

    if (completion) {
        read_ended(piece, completion);
    } else if (fill->file->failed) {
        failed(piece);
    } else {
        park(piece);
    }
}

void cache_blocks_unpark(struct cache_content *content, bool opened)
{
    struct cache_fill *fill, *next, *first = NULL;

    for (fill = content->parked; fill; fill = next) { /* the last one came first */
        next = fill->next;
        fill->next = first;
        first = fill;
    }
    content->parked = NULL;
    for (fill = first; fill; fill = next) {
        next = fill->next;
        if (opened) {
            cache_files_fill(fill);
        } else if (content->file.failed) {
            failed((struct cache_piece *)fill);
        } else {
            give_up_for_now((struct cache_piece *)fill);
        }
    }
}

/* -- in memory -- */

static void drop(struct cache_piece *piece)
{
    content_of(piece)->here--;
    cache_pages_busy(&piece->fill.run);
    release(piece);
}

void cache_blocks_evict(struct cache_run *run)
{
    drop((struct cache_piece *)LIST_ITEM(struct cache_fill, run, run));
}

void cache_blocks_drop(struct cache_content *content)
{
    struct list_link *link;
    while ((link = list_first(&content->all))) {
        drop(LIST_ITEM(struct cache_piece, of_content, link));
    }
}

static void pin(struct cache_piece *piece)
{
    if (piece->pins++ == 0) {
        cache_pages_busy(&piece->fill.run);
        content_of(piece)->uses++; /* its holder's already: it is in no list of idle ones */
    }
}

void cache_unpin(struct cache_piece *piece)
{
    if (--piece->pins == 0) {
        cache_pages_idle(&piece->fill.run);
        unuse(content_of(piece));
    }
}

static void read_ahead(struct cache_content *content, uint32_t index, uint32_t ahead)
{
    if (content->file.failed || cache_queue_awaited() || pd_now_ns() < content->read_failed_until_ns) {
        return;
    }
    for (uint32_t i = index + 1; i <= index + ahead && i < content->pieces; i++) {
        if (!find(content, i) && !begin(content, i)) {
            return;
        }
    }
}

enum cache_outcome cache_read(struct cache_entry *seen, uint64_t offset, uint32_t ahead, struct cache_bytes *bytes,
                              struct cache_waiter *waiter)
{
    struct cache_content *content = (struct cache_content *)seen;
    uint32_t index = (uint32_t)(offset / CACHE_PIECE), inside = (uint32_t)(offset % CACHE_PIECE);
    struct cache_piece *piece = find(content, index);

    if (piece && piece->state == PIECE_HERE) {
        trace(cache_hit, content, offset);
        pin(piece);
        *bytes = (struct cache_bytes){piece->fill.run.at + inside, piece->fill.length - inside, piece};
        if (ahead > 0 && content->here + content->file.coming < content->pieces) {
            read_ahead(content, index, ahead);
        }
        return CACHE_READY;
    }
    trace(cache_miss, content, offset);
    if (!piece) {
        if (content->file.failed || pd_now_ns() < content->read_failed_until_ns) {
            return CACHE_FAILED;
        }
        piece = begin(content, index);
    }
    if (piece) {
        waiters_add(&piece->waiters, waiter);
        read_ahead(content, index, ahead);
    } else {
        cache_queue_wait(cache_pages_of(length_of(content, index)), waiter);
    }
    return CACHE_WAIT;
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

void cache_blocks_init(uint32_t units, const struct cache_blocks_handlers *handlers)
{
    uint32_t buckets = cache_power_of_two(units * PIECES_PER_UNIT);

    self.handlers = *handlers;
    cache_pool_init(&self.pool, units * PIECES_PER_UNIT, sizeof(struct cache_piece));
    self.bucket_mask = buckets - 1;
    self.buckets = cache_index_take(buckets * sizeof(struct cache_piece *), true);
}
