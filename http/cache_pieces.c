/* http/cache_pieces.c: pieces of files: found, read, pinned.
 *   consumes  answers to FS_READ   from the file server: its bytes are believed if they are as many and as old as the
 *             file's
 *   produces  pieces in memory
 *   invariant a piece is free, on its way (its entry counts it as coming and as a use), or here; nobody waits for one
 *             that is here
 *   when full no memory: the waiter waits for some; nothing is read ahead then
 */
#include "lib/pd.h"

#include "http/cache_internal.h"
#include "http/waiters.h"
#include "net/ip/ip.h"

#define PIECES_PER_UNIT 10 /* of the index */

static struct {
    struct cache_piece *pieces;
    uint32_t pieces_max;
    uint32_t untouched; /* from here on they have never been used */
    struct cache_piece *free;
    struct cache_piece **buckets; /* all but those that are their file's first */
    uint32_t bucket_mask;
    uint32_t count;
} self;

/* -- which there are -- */

static struct cache_piece **bucket(const struct entry *entry, uint32_t index)
{
    uint64_t mixed = ((uintptr_t)entry / sizeof(*entry) + index) * 0x9e3779b97f4a7c15ull;
    return &self.buckets[mixed >> 32 & self.bucket_mask];
}

static struct cache_piece *find(const struct entry *entry, uint32_t index)
{
    if (index == 0) {
        return entry->first;
    }
    struct cache_piece *piece = *bucket(entry, index);
    while (piece && (piece->entry != entry || piece->index != index)) {
        piece = piece->hash_next;
    }
    return piece;
}

static void note(struct cache_piece *piece)
{
    struct entry *entry = piece->entry;
    list_add_last(&entry->all_pieces, &piece->of_entry);
    if (piece->index == 0) {
        entry->first = piece;
        return;
    }
    struct cache_piece **list = bucket(entry, piece->index);
    piece->hash_next = *list;
    *list = piece;
}

static void forget(struct cache_piece *piece)
{
    struct entry *entry = piece->entry;
    list_remove(&piece->of_entry);
    if (piece->index == 0) {
        entry->first = NULL;
        return;
    }
    struct cache_piece **link = bucket(entry, piece->index);
    while (*link != piece) {
        link = &(*link)->hash_next;
    }
    *link = piece->hash_next;
}

static void release(struct cache_piece *piece)
{
    forget(piece);
    cache_memory_give(piece);
    *piece = (struct cache_piece){.hash_next = self.free};
    self.free = piece;
    self.count--;
}

static uint32_t length_of(const struct entry *entry, uint32_t index)
{
    uint64_t left = entry->seen.size - (uint64_t)index * CACHE_PIECE;
    return left < CACHE_PIECE ? (uint32_t)left : CACHE_PIECE;
}

bool cache_pieces_left(void)
{
    if (!self.free && self.untouched < self.pieces_max) {
        self.free = &self.pieces[self.untouched++];
        *self.free = (struct cache_piece){.pins = 0};
    }
    return self.free;
}

/* -- on their way -- */

/* A piece that is not there yet is asked for. NULL: no memory now. */
static struct cache_piece *begin(struct entry *entry, uint32_t index)
{
    struct cache_piece *piece;
    uint32_t length = length_of(entry, index);

    if (!cache_pieces_left() && !cache_memory_evict_one()) {
        return NULL;
    }
    piece = self.free;
    self.free = piece->hash_next;
    if (!cache_memory_take(piece, length)) {
        piece->hash_next = self.free;
        self.free = piece;
        return NULL;
    }
    self.count++;
    piece->entry = entry;
    piece->index = index;
    piece->length = length;
    piece->state = CACHE_PIECE_COMING;
    note(piece);
    entry->coming++;
    cache_use(entry);
    cache_commands_read(piece);
    return piece;
}

static void arrived(struct cache_piece *piece)
{
    struct entry *entry = piece->entry;
    struct cache_waiter *waiters = NULL;

    piece->state = CACHE_PIECE_HERE;
    entry->doubts = 0;
    ip_memory_changed(piece->at, piece->length); /* checksums of what is sent from there may be kept from now on */
    entry->coming--;
    entry->here++;
    cache_memory_idle(piece);
    if (entry->here == entry->pieces) {
        cache_commands_close(entry);
    }
    waiters_move(&piece->waiters, &waiters);
    waiters_wake(&waiters);
    cache_unuse(entry);
}

void cache_piece_failed(struct cache_piece *piece)
{
    struct entry *entry = piece->entry;
    struct cache_waiter *waiters = NULL;

    waiters_move(&piece->waiters, &waiters);
    entry->coming--;
    release(piece);
    waiters_wake(&waiters);
    cache_unuse(entry);
}

static void give_up_for_now(struct cache_piece *piece)
{
    piece->entry->read_failed_until_ns = pd_now_ns() + CACHE_RETRY_NS;
    cache_piece_failed(piece);
}

static void is_another(struct cache_piece *piece)
{
    struct entry *entry = piece->entry;
    cache_use(entry);
    cache_entry_fail(entry);
    cache_piece_failed(piece);
    cache_unuse(entry);
}

/* The server has started anew: the file is opened again. */
static void lost_fd(struct cache_piece *piece)
{
    if (piece->entry->failed) {
        cache_piece_failed(piece);
    } else if (++piece->resets < CACHE_TRIES) {
        cache_commands_park(piece);
    } else {
        give_up_for_now(piece);
    }
}

/* The whole piece, of the file that the entry tells of. */
static bool is_right(const struct cache_piece *piece, const struct fs_completion *completion)
{
    uint64_t mtime_ns = completion->read.mtime_ns;
    return completion->read.length == piece->length && (mtime_ns == 0 || mtime_ns == piece->entry->seen.mtime_ns) &&
           !piece->entry->failed;
}

void cache_piece_answered(struct cache_piece *piece, const struct fs_completion *completion)
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
    cache_commands_close(piece->entry);
    give_up_for_now(piece);
}

void cache_pieces_unpark(struct entry *entry, bool opened)
{
    struct cache_piece *piece, *next, *first = NULL;

    for (piece = entry->parked; piece; piece = next) { /* the last one came first */
        next = piece->wait_next;
        piece->wait_next = first;
        first = piece;
    }
    entry->parked = NULL;
    for (piece = first; piece; piece = next) {
        next = piece->wait_next;
        if (opened) {
            cache_commands_read(piece);
        } else if (entry->failed) {
            cache_piece_failed(piece);
        } else {
            give_up_for_now(piece);
        }
    }
}

/* -- in memory -- */

void cache_piece_drop(struct cache_piece *piece)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): release() takes it out of the list that it was found in */
    piece->entry->here--;
    cache_memory_busy(piece);
    release(piece);
}

void cache_pieces_drop(struct entry *entry)
{
    struct list_link *link;
    while ((link = list_first(&entry->all_pieces))) {
        cache_piece_drop(LIST_ITEM(struct cache_piece, of_entry, link));
    }
}

static void pin(struct cache_piece *piece)
{
    if (piece->pins++ == 0) {
        cache_memory_busy(piece);
        piece->entry->uses++; /* its holder's already: it is in no list of idle ones */
    }
}

void cache_unpin(struct cache_piece *piece)
{
    if (--piece->pins == 0) {
        cache_memory_idle(piece);
        cache_unuse(piece->entry);
    }
}

static void read_ahead(struct entry *entry, uint32_t index, uint32_t ahead)
{
    if (entry->failed || cache_memory_awaited() || pd_now_ns() < entry->read_failed_until_ns) {
        return;
    }
    for (uint32_t i = index + 1; i <= index + ahead && i < entry->pieces; i++) {
        if (!find(entry, i) && !begin(entry, i)) {
            return;
        }
    }
}

enum cache_outcome cache_read(struct cache_entry *seen, uint64_t offset, uint32_t ahead, struct cache_bytes *bytes,
                              struct cache_waiter *waiter)
{
    struct entry *entry = (struct entry *)seen;
    uint32_t index = (uint32_t)(offset / CACHE_PIECE), inside = (uint32_t)(offset % CACHE_PIECE);
    struct cache_piece *piece = find(entry, index);

    if (piece && piece->state == CACHE_PIECE_HERE) {
        trace(cache_hit, entry, offset);
        pin(piece);
        *bytes = (struct cache_bytes){piece->at + inside, piece->length - inside, piece};
        if (ahead > 0 && entry->here + entry->coming < entry->pieces) {
            read_ahead(entry, index, ahead);
        }
        return CACHE_READY;
    }
    trace(cache_miss, entry, offset);
    if (!piece) {
        if (entry->failed || pd_now_ns() < entry->read_failed_until_ns) {
            return CACHE_FAILED;
        }
        piece = begin(entry, index);
    }
    if (piece) {
        waiters_add(&piece->waiters, waiter);
        read_ahead(entry, index, ahead);
    } else {
        cache_memory_wait(length_of(entry, index), waiter);
    }
    return CACHE_WAIT;
}

uint32_t cache_pieces_count(void)
{
    return self.count;
}

void cache_pieces_init(uint32_t units)
{
    uint32_t buckets = cache_power_of_two(units * PIECES_PER_UNIT);

    self.pieces_max = units * PIECES_PER_UNIT;
    self.bucket_mask = buckets - 1;
    self.pieces = cache_index_take(self.pieces_max * sizeof(struct cache_piece), false);
    self.buckets = cache_index_take(buckets * sizeof(struct cache_piece *), true);
}
