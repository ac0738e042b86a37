/* http/cache/revalidate.c: what the file server says of a path, and for how long that is fresh; see revalidate.h.
 *   consumes  answers to FS_OPEN and FS_STAT   from the file server, believed
 *   produces  questions: one per entry at a time, for all who ask
 *   invariant an entry that is asked about is in use, once for that
 *   old       what is here is given while the server does not answer, to nobody when it is older than it may be (`stale`).
 *             To those who wait after QUICK_NS where it was right a moment ago, else after PATIENCE_NS; to those who
 *             come then, at once: of the former until the server is quick again, of all until it answers at all.
 *             Of what was right a moment ago the file server says itself when it has no way to the server: then at once
 *   ends      a question without an answer is asked again for those who wait for it, CACHE_TRIES times
 */
#include "http/cache/revalidate.h"

#include "lib/pd.h"
#include "timer/client.h"

#define QUICK_NS 100000000ull     /* an answer that nobody minds waiting for */
#define PATIENCE_NS 1000000000ull /* with an answer while something old is here */
#define RECENT_S 10               /* beyond freshness: so old it may be while the server is slow, but there */
#define S 1000000000ull
#define FRESH_MIN_NS 10000000ull /* so that who has waited for an answer finds it fresh */
#define FILE_SIZE_MAX (1ull << 44)
#define MODE_TYPE 0170000u
#define MODE_DIRECTORY 0040000u
#define MODE_FILE 0100000u

static struct {
    uint64_t fresh_ns;
    uint32_t fresh_s, stale_s; /* fresh_s: rounded up */
    struct list asked, late;   /* entries that are asked about, in order; late: for QUICK_NS already */
    struct timer overdue;
    bool slow; /* its last answer, or one that is under way, took more than QUICK_NS */
    bool away; /* the server did not answer when it was last asked */
} self;

static uint32_t now_s(void)
{
    return (uint32_t)(pd_now_ns() / S);
}

/* -- questions -- */

static void on_overdue(void *context);

/* The first of the list is late at this time. */
static void await_first(const struct list *list, uint64_t after_ns)
{
    struct list_link *first = list_first(list);
    uint64_t at_ns = first ? LIST_ITEM(struct entry, asked, first)->asked_ns + after_ns : 0;

    if (first && (!self.overdue.armed || at_ns < self.overdue.deadline_ns)) {
        timer_start(&self.overdue, at_ns, on_overdue, NULL);
    }
}

static bool is_something(const struct entry *entry)
{
    return entry->known && entry->content.seen.kind != CACHE_UNREACHABLE;
}

static bool may_be_old(const struct entry *entry)
{
    return is_something(entry) && !cache_is_too_old(&entry->content.seen);
}

static bool was_right_lately(const struct entry *entry)
{
    return now_s() - entry->content.seen.confirmed_s <= self.fresh_s + RECENT_S;
}

static void ask(struct entry *entry)
{
    bool spared = entry->question != CACHE_QUESTION_REOPEN && may_be_old(entry) && was_right_lately(entry);

    cache_files_ask(&entry->content.file, entry->question != CACHE_QUESTION_STAT, spared);
}

static void begin(struct entry *entry, enum cache_question question)
{
    cache_entries_use(entry);
    trace(cache_revalidate, entry, question);
    entry->question = (uint8_t)question;
    entry->asked_ns = pd_now_ns();
    list_add_last(&self.asked, &entry->asked);
    await_first(&self.asked, QUICK_NS);
    ask(entry);
}

/* The first of the list if it has been asked about for so long; out of the list. */
static struct entry *take_late(struct list *list, uint64_t after_ns)
{
    struct list_link *link = list_first(list);
    struct entry *entry = link ? LIST_ITEM(struct entry, asked, link) : NULL;

    if (!entry || pd_now_ns() < entry->asked_ns + after_ns) {
        return NULL;
    }
    list_remove(link);
    return entry;
}

/* It takes long: those who wait get what is here, or see whether they can do without. */
static void on_overdue(void *context)
{
    struct entry *entry;

    while ((entry = take_late(&self.asked, QUICK_NS))) {
        self.slow = true;
        list_add_last(&self.late, &entry->asked);
        if (is_something(entry) && was_right_lately(entry)) {
            entry->overdue = true;
            waiters_wake(&entry->waiters);
        }
    }
    while ((entry = take_late(&self.late, PATIENCE_NS))) {
        self.away = true;
        entry->overdue = is_something(entry);
        waiters_wake(&entry->waiters);
    }
    await_first(&self.asked, QUICK_NS);
    await_first(&self.late, PATIENCE_NS);
}

void cache_revalidate_reopen(struct cache_content *content)
{
    struct entry *entry = cache_entry_of(content);

    if (entry->question == CACHE_QUESTION_NONE) {
        begin(entry, CACHE_QUESTION_REOPEN);
    }
}

static enum cache_kind kind_of_mode(uint32_t mode, uint64_t size)
{
    if ((mode & MODE_TYPE) == MODE_DIRECTORY) {
        return CACHE_DIRECTORY;
    }
    return (mode & MODE_TYPE) == MODE_FILE && size <= FILE_SIZE_MAX ? CACHE_FILE : CACHE_FORBIDDEN;
}

static enum cache_kind kind_of(enum fs_status status, const struct fs_stat *attributes)
{
    switch (status) {
    case FS_STATUS_OK: return kind_of_mode(attributes->mode, attributes->size);
    case FS_STATUS_IS_DIRECTORY: return CACHE_DIRECTORY;
    case FS_STATUS_NOT_FOUND:
    case FS_STATUS_NOT_DIRECTORY:
    case FS_STATUS_NAME_TOO_LONG:
    case FS_STATUS_INVALID_PATH:
    case FS_STATUS_LOOP: return CACHE_ABSENT;
    case FS_STATUS_ACCESS:
    case FS_STATUS_READ_ONLY:
    case FS_STATUS_TOO_LARGE:
    case FS_STATUS_INVALID_ARGUMENT: return CACHE_FORBIDDEN;
    case FS_STATUS_INVALID_COMMAND:
    case FS_STATUS_INVALID_BUFFER:
    case FS_STATUS_INVALID_FD:
    case FS_STATUS_EXISTS:
    case FS_STATUS_NOT_EMPTY:
    case FS_STATUS_NO_SPACE:
    case FS_STATUS_TOO_MANY_OPEN:
    case FS_STATUS_STALE:
    case FS_STATUS_IO:
    case FS_STATUS_NOT_MOUNTED:
    case FS_STATUS_UNREACHABLE:
    case FS_STATUS_SERVER_WAS_RESET: return CACHE_UNREACHABLE;
    }
    return CACHE_UNREACHABLE; /* a number that the protocol does not have */
}

static bool is_same(const struct entry *entry, enum cache_kind kind, const struct fs_stat *attributes)
{
    return entry->known && entry->content.seen.kind == kind &&
           (kind != CACHE_FILE ||
            (entry->inode == attributes->inode && entry->content.seen.size == attributes->size &&
             entry->content.seen.mtime_ns == attributes->mtime_ns && entry->mode == attributes->mode &&
             entry->uid == attributes->uid && entry->gid == attributes->gid));
}

static void refresh(struct entry *entry)
{
    self.away = entry->overdue = false;
    entry->content.seen.confirmed_s = now_s();
    entry->content.seen.fresh_until_ns = pd_now_ns() + self.fresh_ns;
}

/* An fd of a file that has none, or that nobody wants. */
static void take_fd(struct entry *entry, const uint64_t *fd)
{
    if (!fd) {
        return;
    }
    if (entry && entry->content.seen.kind == CACHE_FILE && entry->content.here < entry->content.blocks &&
        !entry->content.file.has_fd) {
        cache_files_opened(&entry->content.file, *fd);
    } else {
        cache_files_close_unowned(*fd);
    }
}

static void learn(struct entry *entry, enum cache_kind kind, const struct fs_stat *attributes, const uint64_t *fd)
{
    bool file = kind == CACHE_FILE;

    entry->known = true;
    entry->content.seen = (struct cache_entry){.kind = kind};
    if (file) {
        entry->content.seen.size = attributes->size;
        entry->content.seen.mtime_ns = attributes->mtime_ns;
        entry->inode = attributes->inode;
        entry->mode = attributes->mode;
        entry->uid = attributes->uid;
        entry->gid = attributes->gid;
    }
    entry->content.blocks = (uint32_t)((entry->content.seen.size + CACHE_BLOCK_SIZE - 1) / CACHE_BLOCK_SIZE);
    if (entry->content.doubts >= CACHE_TRIES) {
        entry->content.read_failed_until_ns = pd_now_ns() + CACHE_RETRY_NS;
    }
    refresh(entry);
    take_fd(entry, fd);
}

/* Another entry takes the place of one that is still held. NULL: there is none left; who waits will ask again. */
static struct entry *successor(struct entry *entry)
{
    cache_entries_unlink(entry);
    const struct cache_file *file = &entry->content.file;
    struct entry *next = cache_entries_new(file->path, file->path_length, entry->hash);
    if (next) {
        waiters_move(&entry->waiters, &next->waiters);
    }
    return next;
}

static void change(struct entry *entry, enum cache_kind kind, const struct fs_stat *attributes, const uint64_t *fd)
{
    if (!entry->known || entry->content.uses == 1) { /* the question's own */
        entry->content.doubts = entry->known ? 0 : entry->content.doubts;
        cache_blocks_drop(&entry->content);
        cache_files_close(&entry->content.file);
        learn(entry, kind, attributes, fd);
        return;
    }
    struct entry *next = successor(entry);
    if (next) {
        learn(next, kind, attributes, fd);
        waiters_wake(&next->waiters);
        cache_entries_unuse(next);
    } else {
        take_fd(NULL, fd);
    }
}

static void no_answer(struct entry *entry)
{
    if (is_something(entry)) {
        self.away = entry->overdue = true;
    } else {
        entry->known = true;
        entry->content.seen = (struct cache_entry){.kind = CACHE_UNREACHABLE};
    }
    entry->content.seen.fresh_until_ns = pd_now_ns() + CACHE_RETRY_NS;
}

/* False: there is one more question. */
static bool revalidated(struct entry *entry, enum cache_question question, enum cache_kind kind,
                        const struct fs_stat *attributes, const uint64_t *fd)
{
    if (!entry->linked) {
        take_fd(NULL, fd);
    } else if (kind == CACHE_UNREACHABLE) {
        no_answer(entry);
    } else if (is_same(entry, kind, attributes)) {
        refresh(entry);
        take_fd(entry, fd);
    } else if (question == CACHE_QUESTION_STAT && kind == CACHE_FILE) {
        entry->question = CACHE_QUESTION_OPEN;
        ask(entry);
        return false;
    } else {
        change(entry, kind, attributes, fd);
    }
    return true;
}

static void reopened(struct entry *entry, enum cache_kind kind, const struct fs_stat *attributes, const uint64_t *fd)
{
    if (kind == CACHE_UNREACHABLE) {
        self.away = true;
        cache_reads_unpark(&entry->content, false);
    } else if (is_same(entry, kind, attributes) && !entry->content.file.failed) {
        if (entry->linked) {
            refresh(entry);
        }
        take_fd(entry, fd);
        cache_reads_unpark(&entry->content, true);
    } else {
        take_fd(NULL, fd);
        cache_entries_fail(entry);
    }
}

static bool again(struct entry *entry, enum fs_status status)
{
    bool no_fds = status == FS_STATUS_TOO_MANY_OPEN && !entry->retried && cache_files_close_idle(0);
    bool waits = status == FS_STATUS_UNREACHABLE && (entry->content.parked || (entry->waiters && !may_be_old(entry)));

    entry->retried = no_fds;
    if (no_fds || ((status == FS_STATUS_SERVER_WAS_RESET || waits) && ++entry->resets < CACHE_TRIES)) {
        ask(entry);
        return true;
    }
    entry->resets = 0;
    return false;
}

void cache_revalidate_answered(struct cache_file *file, enum fs_status status, const struct fs_stat *attributes,
                               const uint64_t *fd)
{
    struct entry *entry = LIST_ITEM(struct entry, content.file, file);
    enum cache_question question = (enum cache_question)entry->question;
    enum cache_kind kind = kind_of(status, attributes);

    if (again(entry, status)) {
        return;
    }
    self.slow = pd_now_ns() >= entry->asked_ns + QUICK_NS;
    if (question == CACHE_QUESTION_REOPEN) {
        reopened(entry, kind, attributes, fd);
    } else if (!revalidated(entry, question, kind, attributes, fd)) {
        return;
    }
    entry->question = CACHE_QUESTION_NONE;
    list_remove(&entry->asked);
    if (entry->content.parked) {
        begin(entry, CACHE_QUESTION_REOPEN);
    }
    waiters_wake(&entry->waiters);
    cache_entries_unuse(entry);
}

/* -- for those who ask -- */

void cache_revalidate(struct entry *entry)
{
    if (entry->question == CACHE_QUESTION_NONE) {
        begin(entry, entry->known && cache_entry_exists(entry) ? CACHE_QUESTION_STAT : CACHE_QUESTION_OPEN);
    }
}

bool cache_revalidate_gives_old(const struct entry *entry)
{
    return may_be_old(entry) && (entry->overdue || self.away || (self.slow && was_right_lately(entry)));
}

bool cache_is_away(void)
{
    return self.away;
}

bool cache_is_too_old(const struct cache_entry *seen)
{
    return now_s() - seen->confirmed_s > self.stale_s;
}

void cache_revalidate_init(uint32_t fresh_ms, uint32_t stale_s)
{
    uint64_t fresh_ns = fresh_ms * 1000000ull;

    self.fresh_ns = fresh_ns > FRESH_MIN_NS ? fresh_ns : FRESH_MIN_NS;
    self.fresh_s = (uint32_t)((self.fresh_ns + S - 1) / S);
    self.stale_s = stale_s;
    list_init(&self.asked);
    list_init(&self.late);
}
