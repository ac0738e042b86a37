/* http/cache/reads.c: files' bytes, as others ask for them: blocks that are on their way, and pins; see reads.h.
 *   consumes  answers to FS_READ   from the file server: its bytes are believed if they are as many and as old as the
 *             file's
 *   produces  blocks in memory, pinned for whoever reads them
 *   invariant a block is on its way (its content counts it as coming and as a use), or here; nobody waits for one that
 *             is here
 *   when full no memory: the waiter waits for some; nothing is read ahead then
 */
#include "http/cache/reads.h"

#include "lib/pd.h"
#include "net/ip/ip.h"

static struct {
    struct cache_reads_handlers handlers;
} self;

/* The last use may have been this one: then the content is idle or gone. */
static void unuse(struct cache_content *content)
{
    if (--content->uses == 0) {
        self.handlers.unused(content);
    }
}

/* -- on their way -- */

/* A block that is not there yet is asked for. NULL: no memory now. */
static struct cache_block *begin(struct cache_content *content, uint32_t index)
{
    struct cache_block *block = cache_blocks_new(content, index);

    if (block) {
        content->file.coming++;
        content->uses++; /* its holder's already */
        cache_files_fill(&block->fill);
    }
    return block;
}

static void arrived(struct cache_block *block)
{
    struct cache_content *content = cache_content_of(block);
    struct cache_waiter *waiters = NULL;

    block->state = CACHE_BLOCK_HERE;
    content->doubts = 0;
    /* From now on checksums of what is sent from there may be kept. */
    ip_memory_changed(block->fill.run.at, block->fill.length);
    content->file.coming--;
    content->here++;
    cache_pages_idle(&block->fill.run);
    if (content->here == content->blocks) {
        cache_files_close(&content->file);
    }
    waiters_move(&block->waiters, &waiters);
    waiters_wake(&waiters);
    unuse(content);
}

static void failed(struct cache_block *block)
{
    struct cache_content *content = cache_content_of(block);
    struct cache_waiter *waiters = NULL;

    waiters_move(&block->waiters, &waiters);
    content->file.coming--;
    cache_blocks_release(block);
    waiters_wake(&waiters);
    unuse(content);
}

static void give_up_for_now(struct cache_block *block)
{
    cache_content_of(block)->read_failed_until_ns = pd_now_ns() + CACHE_RETRY_NS;
    failed(block);
}

static void is_another(struct cache_block *block)
{
    struct cache_content *content = cache_content_of(block);
    content->uses++;
    self.handlers.changed(content);
    failed(block);
    unuse(content);
}

/* It is read when its file has been opened anew. */
static void park(struct cache_block *block)
{
    struct cache_content *content = cache_content_of(block);

    cache_files_close(&content->file);
    block->fill.next = content->parked;
    content->parked = &block->fill;
    self.handlers.wants_fd(content);
}

/* The server has started anew: the file is opened again. */
static void lost_fd(struct cache_block *block)
{
    if (block->fill.file->failed) {
        failed(block);
    } else if (++block->resets < CACHE_TRIES) {
        park(block);
    } else {
        give_up_for_now(block);
    }
}

/* Asked again for those who wait. Who comes later asks anew. */
static void no_answer(struct cache_block *block)
{
    if (!block->waiters) {
        failed(block);
    } else if (++block->resets < CACHE_TRIES) {
        cache_files_fill(&block->fill);
    } else {
        give_up_for_now(block);
    }
}

/* The whole block, of the file that the content tells of. */
static bool is_right(const struct cache_block *block, const struct fs_completion *completion)
{
    uint64_t mtime_ns = completion->read.mtime_ns;
    return completion->read.length == block->fill.length &&
           (mtime_ns == 0 || mtime_ns == cache_content_of(block)->seen.mtime_ns) && !block->fill.file->failed;
}

static void read_ended(struct cache_block *block, const struct fs_completion *completion)
{
    switch ((enum fs_status)completion->status) {
    case FS_STATUS_OK:
        if (is_right(block, completion)) {
            arrived(block);
        } else {
            is_another(block);
        }
        return;
    case FS_STATUS_SERVER_WAS_RESET: lost_fd(block); return;
    case FS_STATUS_UNREACHABLE: no_answer(block); return;
    case FS_STATUS_NOT_FOUND:
    case FS_STATUS_STALE: is_another(block); return;
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
    case FS_STATUS_LOOP: break;
    }
    cache_files_close(block->fill.file);
    give_up_for_now(block);
}

void cache_reads_filled(struct cache_fill *fill, const struct fs_completion *completion)
{
    struct cache_block *block = (struct cache_block *)fill;

    if (completion) {
        read_ended(block, completion);
    } else if (fill->file->failed) {
        failed(block);
    } else {
        park(block);
    }
}

void cache_reads_unpark(struct cache_content *content, bool opened)
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
            failed((struct cache_block *)fill);
        } else {
            give_up_for_now((struct cache_block *)fill);
        }
    }
}

/* -- for those who read -- */

static void pin(struct cache_block *block)
{
    if (block->pins++ == 0) {
        cache_pages_busy(&block->fill.run);
        cache_content_of(block)->uses++; /* its holder's already: it is in no list of idle ones */
    }
}

void cache_unpin(struct cache_block *block)
{
    if (--block->pins == 0) {
        cache_pages_idle(&block->fill.run);
        unuse(cache_content_of(block));
    }
}

static void read_ahead(struct cache_content *content, uint32_t index, uint32_t ahead)
{
    if (content->file.failed || cache_queue_awaited() || pd_now_ns() < content->read_failed_until_ns) {
        return;
    }
    for (uint32_t i = index + 1; i <= index + ahead && i < content->blocks; i++) {
        if (!cache_blocks_find(content, i) && !begin(content, i)) {
            return;
        }
    }
}

enum cache_outcome cache_read(struct cache_entry *seen, uint64_t offset, uint32_t ahead, struct cache_bytes *bytes,
                              struct cache_waiter *waiter)
{
    struct cache_content *content = (struct cache_content *)seen;
    uint32_t index = (uint32_t)(offset / CACHE_BLOCK_SIZE), inside = (uint32_t)(offset % CACHE_BLOCK_SIZE);
    struct cache_block *block = cache_blocks_find(content, index);

    if (block && block->state == CACHE_BLOCK_HERE) {
        trace(cache_hit, content, offset);
        pin(block);
        *bytes = (struct cache_bytes){block->fill.run.at + inside, block->fill.length - inside, block};
        if (ahead > 0 && content->here + content->file.coming < content->blocks) {
            read_ahead(content, index, ahead);
        }
        return CACHE_READY;
    }
    trace(cache_miss, content, offset);
    if (!block) {
        if (content->file.failed || pd_now_ns() < content->read_failed_until_ns) {
            return CACHE_FAILED;
        }
        block = begin(content, index);
    }
    if (block) {
        waiters_add(&block->waiters, waiter);
        read_ahead(content, index, ahead);
    } else {
        cache_queue_wait(cache_pages_of(cache_block_length(content, index)), waiter);
    }
    return CACHE_WAIT;
}

void cache_reads_init(const struct cache_reads_handlers *handlers)
{
    self.handlers = *handlers;
}
