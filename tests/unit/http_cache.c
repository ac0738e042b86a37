/* tests/unit/http_cache.c: the file cache against a file server that is played here, case by case. Each case is a process of its own. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "http/cache.h"
#include "tests/unit/fake_files.h"

#define MS 1000000ull
#define FRESH_MS 2000

struct asker {
    struct cache_waiter waiter; /* first */
    unsigned called;
};

static void called(struct cache_waiter *waiter)
{
    ((struct asker *)waiter)->called++;
}

static struct asker new_asker(void)
{
    return (struct asker){.waiter = {.ready = called}};
}

static struct cache_entry *get(const char *path, struct asker *asker)
{
    return cache_get(path, (uint32_t)strlen(path), &asker->waiter);
}

/* Asks, lets the server answer, asks again. */
static struct cache_entry *get_now(const char *path)
{
    struct asker asker = new_asker();
    struct cache_entry *entry = get(path, &asker);

    if (!entry) {
        fake_answer_all();
        CHECK_EQUAL(asker.called, 1);
        entry = get(path, &asker);
    }
    CHECK(entry);
    return entry;
}

static void check_bytes(const struct fake_file *file, uint64_t offset, const struct cache_bytes *bytes)
{
    CHECK(bytes->length > 0 && offset + bytes->length <= file->size);
    for (uint32_t i = 0; i < bytes->length; i++) {
        CHECK_EQUAL(bytes->at[i], fake_byte(file->inode, file->mtime_ns, offset + i));
    }
}

static struct cache_bytes read_now(struct cache_entry *entry, uint64_t offset)
{
    struct asker asker = new_asker();
    struct cache_bytes bytes;
    enum cache_outcome outcome = cache_read(entry, offset, 0, &bytes, &asker.waiter);

    if (outcome == CACHE_WAIT) {
        fake_answer_all();
        CHECK_EQUAL(asker.called, 1);
        outcome = cache_read(entry, offset, 0, &bytes, &asker.waiter);
    }
    CHECK_EQUAL(outcome, CACHE_READY);
    return bytes;
}

static struct cache_counters counters(void)
{
    struct cache_counters result;
    cache_counters(&result);
    return result;
}

static void start(uint32_t blocks)
{
    fake_reset();
    fake_world_init(blocks + 1);
    cache_init(FRESH_MS, 0);
    CHECK_EQUAL(counters().memory_max, (uint64_t)blocks * FS_CLIENT_BLOCK_SIZE);
}

/* -- what lies at a path -- */

static void test_kinds(void)
{
    start(4);
    fake_put("/f", 100);
    fake_put("/d", 0)->kind = FAKE_DIRECTORY;
    fake_put("/dev", 0)->kind = FAKE_DEVICE;
    fake_put("/secret", 10)->mode = 0600;
    struct cache_entry *file = get_now("/f");
    CHECK(file->kind == CACHE_FILE && file->size == 100 && file->mtime_ns == 1000);
    CHECK_EQUAL(file->fresh_until_ns, fake_world.now + FRESH_MS * MS);
    CHECK_EQUAL(get_now("/d")->kind, CACHE_DIRECTORY);
    CHECK_EQUAL(get_now("/dev")->kind, CACHE_FORBIDDEN);
    CHECK_EQUAL(get_now("/secret")->kind, CACHE_FORBIDDEN);
    CHECK_EQUAL(get_now("/none")->kind, CACHE_ABSENT);
    CHECK_EQUAL(counters().looks, 5);
    CHECK(get_now("/f") == file);
    CHECK_EQUAL(counters().looks, 5);
    fake_pass((FRESH_MS - 1) * MS);
    CHECK(get_now("/f") == file);
    CHECK_EQUAL(counters().looks, 5);
}

static void test_many_ask_once(void)
{
    struct asker askers[50];
    struct cache_bytes bytes[50];

    start(4);
    struct fake_file *file = fake_put("/f", 5000);
    for (int i = 0; i < 50; i++) {
        askers[i] = new_asker();
        CHECK(!get("/f", &askers[i]));
    }
    cache_cancel(&askers[7].waiter);
    cache_cancel(&askers[7].waiter);
    CHECK_EQUAL(fake_world.pending_count, 1);
    fake_answer_all();
    struct cache_entry *entry = NULL;
    for (int i = 0; i < 50; i++) {
        CHECK_EQUAL(askers[i].called, i != 7);
        entry = get("/f", &askers[i]);
        CHECK(entry);
        CHECK_EQUAL(cache_read(entry, 0, 3, &bytes[i], &askers[i].waiter), CACHE_WAIT);
    }
    CHECK_EQUAL(fake_world.counts[FS_READ], 1);
    fake_answer_all();
    for (int i = 0; i < 50; i++) {
        CHECK_EQUAL(askers[i].called, 1 + (i != 7));
        CHECK_EQUAL(cache_read(entry, 10, 0, &bytes[i], &askers[i].waiter), CACHE_READY);
        CHECK_EQUAL(bytes[i].length, 4990);
        check_bytes(file, 10, &bytes[i]);
    }
    CHECK_EQUAL(fake_world.counts[FS_OPEN], 1);
    CHECK_EQUAL(fake_world.counts[FS_CLOSE], 1); /* all of it is here */
    CHECK_EQUAL(fake_world.open_now, 0);
    for (int i = 0; i < 50; i++) {
        cache_unpin(bytes[i].piece);
        cache_release(entry);
    }
}

static void test_revalidation(void)
{
    start(4);
    struct fake_file *file = fake_put("/f", 100);
    struct cache_entry *old = get_now("/f");
    struct cache_bytes bytes = read_now(old, 0);

    fake_pass((FRESH_MS + 1) * MS);
    CHECK(get_now("/f") == old); /* asked, unchanged: the same entry, fresh again */
    CHECK_EQUAL(fake_world.counts[FS_STAT], 1);
    CHECK_EQUAL(fake_world.counts[FS_OPEN], 1);
    CHECK(old->fresh_until_ns > fake_world.now);

    struct fake_file before = *file;
    file->mtime_ns = 2000;
    file->size = 200;
    fake_pass((FRESH_MS + 1) * MS);
    struct cache_entry *new = get_now("/f");
    CHECK(new != old);
    CHECK(new->size == 200 && new->mtime_ns == 2000);
    CHECK(old->size == 100 && old->kind == CACHE_FILE && old->fresh_until_ns == 0);
    check_bytes(&before, 0, &bytes); /* who holds the old one has it */
    struct cache_bytes new_bytes = read_now(new, 0);
    check_bytes(file, 0, &new_bytes);
    CHECK_EQUAL(new_bytes.length, 200);
    uint32_t entries = counters().entries;
    cache_unpin(bytes.piece);
    cache_release(old);
    CHECK_EQUAL(counters().entries, entries);
    cache_release(old);
    CHECK_EQUAL(counters().entries, entries - 1);
    CHECK_EQUAL(counters().pieces, 1);
    cache_unpin(new_bytes.piece);
    cache_release(new);
}

/* A file appears, goes, is a directory; is forbidden by its mode alone. */
static void test_changes_of_kind(void)
{
    start(4);
    cache_release(get_now("/f"));
    struct fake_file *file = fake_put("/f", 10);
    fake_pass((FRESH_MS + 1) * MS);
    struct cache_entry *entry = get_now("/f");
    CHECK_EQUAL(entry->kind, CACHE_FILE);
    cache_release(entry);
    file->mode = 0600;
    fake_pass((FRESH_MS + 1) * MS);
    CHECK_EQUAL(get_now("/f")->kind, CACHE_FORBIDDEN);
    file->kind = FAKE_DIRECTORY;
    fake_pass((FRESH_MS + 1) * MS);
    CHECK_EQUAL(get_now("/f")->kind, CACHE_DIRECTORY);
    file->there = false;
    fake_pass((FRESH_MS + 1) * MS);
    CHECK_EQUAL(get_now("/f")->kind, CACHE_ABSENT);
    CHECK_EQUAL(fake_world.open_now, 0);
}

/* -- the server is away -- */

static void test_failures(void)
{
    struct asker asker = new_asker();

    start(4);
    fake_put("/f", 100);
    CHECK(!get("/f", &asker));
    fake_fail_all(FS_STATUS_UNREACHABLE);
    CHECK_EQUAL(asker.called, 1);
    struct cache_entry *entry = get("/f", &asker);
    CHECK(entry && entry->kind == CACHE_UNREACHABLE);
    cache_release(entry);
    fake_pass(500 * MS);
    entry = get("/f", &asker);
    CHECK(entry && entry->kind == CACHE_UNREACHABLE);
    cache_release(entry);
    fake_pass(600 * MS); /* asked again */
    CHECK_EQUAL(get_now("/f")->kind, CACHE_FILE);
}

static void test_read_fails(void)
{
    struct asker asker = new_asker();
    struct cache_bytes bytes;

    start(4);
    struct fake_file *file = fake_put("/f", 100);
    struct cache_entry *entry = get_now("/f");
    CHECK_EQUAL(cache_read(entry, 0, 0, &bytes, &asker.waiter), CACHE_WAIT);
    fake_answer(0, FS_STATUS_UNREACHABLE);
    CHECK_EQUAL(asker.called, 1);
    CHECK_EQUAL(cache_read(entry, 0, 0, &bytes, &asker.waiter), CACHE_FAILED);
    CHECK_EQUAL(counters().pieces, 0);
    CHECK_EQUAL(counters().memory, 0);
    fake_pass(1001 * MS);
    bytes = read_now(entry, 0);
    check_bytes(file, 0, &bytes);
}

static void test_stale_is_given(void)
{
    struct asker asker = new_asker(), other = new_asker();

    start(4);
    struct fake_file *file = fake_put("/f", 100);
    fake_put("/g", 100);
    struct cache_entry *entry = get_now("/f");
    struct cache_entry *another = get_now("/g");
    struct cache_bytes bytes = read_now(entry, 0);
    fake_pass(5000 * MS);
    CHECK(!get("/f", &asker));
    fake_pass(999 * MS);
    CHECK_EQUAL(asker.called, 0);
    fake_pass(2 * MS);
    CHECK_EQUAL(asker.called, 1);
    CHECK(get("/f", &asker) == entry);
    CHECK_EQUAL(counters().stale, 1);
    CHECK(get("/g", &other) == another); /* at once: it is known that nobody answers */
    CHECK_EQUAL(other.called, 0);
    CHECK_EQUAL(counters().stale, 2);
    bytes = read_now(entry, 0);
    check_bytes(file, 0, &bytes);
    CHECK_EQUAL(fake_world.pending_count, 2);
    fake_fail_all(FS_STATUS_UNREACHABLE);
    CHECK(get("/f", &asker) == entry);
    CHECK_EQUAL(fake_world.pending_count, 0); /* not asked again at once */
    fake_pass(1001 * MS);
    CHECK(get("/f", &asker) == entry);
    CHECK_EQUAL(fake_world.pending_count, 1);
    file->mtime_ns++;
    fake_answer_all();
    CHECK(get("/f", &asker) != entry);
    CHECK_EQUAL(asker.called, 1);
}

static void test_mount_is_awaited(void)
{
    struct asker asker = new_asker();

    start(4);
    fake_put("/f", 100);
    fake_world.mount_asked = true;
    CHECK(!get("/f", &asker));
    CHECK_EQUAL(fake_world.pending_count, 0);
    fake_mounted();
    CHECK_EQUAL(fake_world.pending_count, 1);
    fake_answer_all();
    CHECK_EQUAL(asker.called, 1);
}

/* -- pieces -- */

static void test_large_file(void)
{
    struct asker asker = new_asker();
    struct cache_bytes bytes;
    uint64_t size = 40ull * CACHE_PIECE + 5000;

    start(8);
    struct fake_file *file = fake_put("/large", size);
    struct cache_entry *entry = get_now("/large");
    CHECK_EQUAL(cache_read(entry, 3 * CACHE_PIECE + 7, 2, &bytes, &asker.waiter), CACHE_WAIT);
    CHECK_EQUAL(fake_world.pending_count, 3); /* the piece, and two ahead */
    fake_answer_all();
    CHECK_EQUAL(counters().pieces, 3);
    for (uint64_t offset = 0; offset < size;) { /* larger than all memory */
        bytes = read_now(entry, offset);
        check_bytes(file, offset, &bytes);
        offset += bytes.length;
        cache_unpin(bytes.piece);
        CHECK(counters().memory <= counters().memory_max);
    }
    CHECK(counters().evictions > 30);
    CHECK_EQUAL(fake_world.open_now, 1); /* it is kept while pieces are missing */
    CHECK_EQUAL(fake_world.counts[FS_OPEN], 1);
    cache_release(entry);
}

static void test_file_shrinks(void)
{
    struct asker asker = new_asker(), second = new_asker();
    struct cache_bytes bytes, kept;

    start(8);
    fake_world.tells_no_times = true;
    struct fake_file *file = fake_put("/f", 2 * CACHE_PIECE);
    struct cache_entry *entry = get_now("/f");
    struct fake_file before = *file;
    kept = read_now(entry, 0);
    file->size = CACHE_PIECE + 5;
    file->mtime_ns++;
    CHECK_EQUAL(cache_read(entry, CACHE_PIECE, 0, &bytes, &asker.waiter), CACHE_WAIT);
    CHECK_EQUAL(cache_read(entry, CACHE_PIECE, 0, &bytes, &second.waiter), CACHE_WAIT);
    fake_answer_all();
    CHECK(asker.called == 1 && second.called == 1);
    CHECK_EQUAL(cache_read(entry, CACHE_PIECE, 0, &bytes, &asker.waiter), CACHE_FAILED);
    CHECK_EQUAL(entry->fresh_until_ns, 0);
    check_bytes(&before, 0, &kept);
    struct cache_entry *new = get_now("/f"); /* though the other was fresh */
    CHECK(new != entry && new->size == CACHE_PIECE + 5);
    cache_unpin(kept.piece);
    cache_release(entry);
    bytes = read_now(new, CACHE_PIECE);
    check_bytes(file, CACHE_PIECE, &bytes);
    CHECK_EQUAL(counters().entries, 1);
}

/* Of the same length, and while the entry is fresh: the time that comes with the bytes tells. */
static void test_file_is_overwritten(void)
{
    struct asker asker = new_asker();
    struct cache_bytes bytes;

    start(8);
    struct fake_file *file = fake_put("/f", 2 * CACHE_PIECE);
    struct cache_entry *entry = get_now("/f");
    cache_unpin(read_now(entry, 0).piece);
    file->mtime_ns++;
    CHECK_EQUAL(cache_read(entry, CACHE_PIECE, 0, &bytes, &asker.waiter), CACHE_WAIT);
    fake_answer_all();
    CHECK_EQUAL(cache_read(entry, CACHE_PIECE, 0, &bytes, &asker.waiter), CACHE_FAILED);
    struct cache_entry *new = get_now("/f");
    CHECK_EQUAL(new->mtime_ns, file->mtime_ns);
    bytes = read_now(new, 0);
    check_bytes(file, 0, &bytes);
}

static void test_server_restarts(void)
{
    struct asker asker = new_asker(), other = new_asker();
    struct cache_bytes bytes;

    start(8);
    struct fake_file *file = fake_put("/f", 3 * CACHE_PIECE), *changes = fake_put("/g", 3 * CACHE_PIECE);
    struct cache_entry *entry = get_now("/f"), *changed = get_now("/g");
    CHECK_EQUAL(cache_read(entry, 0, 1, &bytes, &asker.waiter), CACHE_WAIT);
    CHECK_EQUAL(cache_read(changed, 0, 0, &bytes, &other.waiter), CACHE_WAIT);
    changes->mtime_ns++;
    fake_restart();
    fake_answer_all();
    CHECK(asker.called == 1 && other.called == 1);
    CHECK_EQUAL(cache_read(entry, 0, 0, &bytes, &asker.waiter), CACHE_READY);
    check_bytes(file, 0, &bytes);
    CHECK_EQUAL(cache_read(changed, 0, 0, &bytes, &other.waiter), CACHE_FAILED);
    fake_restart(); /* with nothing under way: fds are numbered anew */
    cache_release(get_now("/h"));
    bytes = read_now(entry, 2 * CACHE_PIECE);
    check_bytes(file, 2 * CACHE_PIECE, &bytes);
    CHECK_EQUAL(fake_world.invalid_fds, 0);
}

/* -- memory -- */

static void test_pinned_stays(void)
{
    struct asker asker = new_asker(), small = new_asker(), third = new_asker();
    struct cache_bytes bytes[4], more;

    start(4);
    struct fake_file *file = fake_put("/f", 8 * CACHE_PIECE);
    fake_put("/small", 10);
    struct cache_entry *entry = get_now("/f"), *little = get_now("/small");
    for (uint32_t i = 0; i < 4; i++) {
        bytes[i] = read_now(entry, i * CACHE_PIECE);
    }
    CHECK_EQUAL(cache_read(entry, 4 * CACHE_PIECE, 3, &more, &asker.waiter), CACHE_WAIT);
    CHECK_EQUAL(cache_read(little, 0, 0, &more, &small.waiter), CACHE_WAIT);
    CHECK_EQUAL(cache_read(entry, 5 * CACHE_PIECE, 3, &more, &third.waiter), CACHE_WAIT);
    CHECK_EQUAL(fake_world.pending_count, 0);
    fake_pass(10000 * MS);
    CHECK(asker.called == 0 && small.called == 0);
    for (uint32_t i = 0; i < 4; i++) {
        check_bytes(file, i * CACHE_PIECE, &bytes[i]);
    }
    fake_world.named = bytes[1].at + 100; /* unpinned, but still on its way out */
    fake_world.named_size = 1;
    cache_unpin(bytes[1].piece);
    fake_pass(10000 * MS);
    CHECK_EQUAL(asker.called, 0);
    fake_unname();
    fake_pass(1);
    CHECK_EQUAL(asker.called + third.called + small.called, 3); /* each could be served */
    CHECK_EQUAL(cache_read(entry, 4 * CACHE_PIECE, 0, &more, &asker.waiter), CACHE_WAIT);
    CHECK_EQUAL(fake_world.pending_count, 1);
    CHECK_EQUAL(cache_read(little, 0, 0, &more, &small.waiter), CACHE_WAIT);
    CHECK_EQUAL(fake_world.pending_count, 1);
    cache_unpin(bytes[2].piece);
    fake_pass(1);
    CHECK_EQUAL(small.called, 2);
    for (uint32_t i = 0; i < 4; i += 3) {
        check_bytes(file, i * CACHE_PIECE, &bytes[i]);
    }
}

/* Memory of a file that has changed is named by a descriptor: not used before that is back. */
static void test_cooling(void)
{
    struct asker asker = new_asker();
    struct cache_bytes bytes;

    start(1);
    struct fake_file *file = fake_put("/f", CACHE_PIECE);
    struct cache_entry *entry = get_now("/f");
    bytes = read_now(entry, 0);
    fake_world.named = bytes.at;
    fake_world.named_size = 5000;
    cache_unpin(bytes.piece);
    cache_release(entry);
    file->mtime_ns++;
    fake_pass((FRESH_MS + 1) * MS);
    entry = get_now("/f");
    CHECK_EQUAL(counters().pieces, 0);
    CHECK_EQUAL(cache_read(entry, 0, 0, &bytes, &asker.waiter), CACHE_WAIT);
    CHECK_EQUAL(fake_world.pending_count, 0);
    fake_pass(1);
    CHECK_EQUAL(asker.called, 0);
    fake_unname();
    fake_pass(1);
    CHECK_EQUAL(asker.called, 1);
    bytes = read_now(entry, 0);
    check_bytes(file, 0, &bytes);
}

/* Small files share blocks; what is used stays, what is not goes. */
static void test_small_files(void)
{
    char path[32];

    start(2);
    for (int i = 0; i < 40; i++) {
        snprintf(path, sizeof path, "/%d", i);
        fake_put(path, 3000);
    }
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 40; i++) {
            snprintf(path, sizeof path, "/%d", i);
            struct cache_entry *entry = get_now(path), *used = get_now("/0");
            struct cache_bytes bytes = read_now(entry, 0), first = read_now(used, 0);
            check_bytes(fake_find(path), 0, &bytes);
            check_bytes(fake_find("/0"), 0, &first);
            cache_unpin(bytes.piece);
            cache_unpin(first.piece);
            cache_release(entry);
            cache_release(used);
        }
    }
    CHECK_EQUAL(counters().pieces, 32);
    CHECK_EQUAL(counters().memory, 32 * 4096);
    CHECK_EQUAL(fake_world.counts[FS_READ], 1 + 3 * 39); /* the one in use once */
    CHECK_EQUAL(fake_world.open_now, 0);
}

/* Pages that are free are used before anything gives way. */
static void test_free_pages_first(void)
{
    char path[32];

    start(1);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 17 - (round > 0); i++) { /* the first is pushed out by one too many */
            snprintf(path, sizeof path, "/%d", round > 0 ? i + 1 : i);
            fake_put(path, 10);
            fake_pass((FRESH_MS + 1) * MS);
            struct cache_entry *entry = get_now(path); /* another file: the old one's page is free */
            cache_unpin(read_now(entry, 0).piece);
            cache_release(entry);
        }
    }
    CHECK_EQUAL(counters().pieces, 16);
    CHECK_EQUAL(counters().evictions, 1);
}

/* Names that somebody makes up push out no file; nor do long ones. */
static void test_made_up_names(void)
{
    static char path[1100];

    start(4);
    fake_put("/f", 100);
    struct cache_entry *file = get_now("/f");
    cache_release(file);
    memset(path, 'x', 1024);
    for (int i = 0; i < 9000; i++) {
        path[0] = '/';
        snprintf(path + 1, 9, "%08d", i);
        path[9] = i % 3 == 0 ? '\0' : 'x';
        struct cache_entry *entry = get_now(path);
        CHECK_EQUAL(entry->kind, CACHE_ABSENT);
        cache_release(entry);
        path[9] = 'x';
    }
    CHECK(counters().entries < 600);
    fake_pass(1);
    uint64_t looks = counters().looks;
    CHECK(get_now("/f") == file);
    CHECK_EQUAL(counters().looks, looks);
}

/* More entries held than there are: who comes waits. */
static void test_all_entries_held(void)
{
    static struct cache_entry *held[4096];
    struct asker asker = new_asker(), longer = new_asker();
    char path[200];

    start(4);
    for (int i = 0; i < 4096; i++) {
        snprintf(path, sizeof path, "/%d", i);
        held[i] = get_now(path);
    }
    CHECK(!get("/more", &asker));
    memset(path, 'y', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    CHECK(!get(path, &longer));
    CHECK_EQUAL(fake_world.pending_count, 0);
    fake_pass(5000 * MS);
    CHECK_EQUAL(asker.called, 0);
    cache_release(held[9]);
    fake_pass(1);
    CHECK(asker.called == 1 && longer.called == 1);
    CHECK_EQUAL(get_now("/more")->kind, CACHE_ABSENT);
}

/* -- commands -- */

static void test_more_than_the_ring_holds(void)
{
    static struct asker askers[300];
    char path[32];

    start(40);
    fake_world.ring = 10;
    for (int i = 0; i < 300; i++) {
        snprintf(path, sizeof path, "/%d", i);
        fake_put(path, 10);
        askers[i] = new_asker();
        CHECK(!get(path, &askers[i]));
    }
    CHECK_EQUAL(fake_world.pending_count, 10);
    fake_answer_all();
    for (int i = 0; i < 300; i++) {
        snprintf(path, sizeof path, "/%d", i);
        CHECK_EQUAL(askers[i].called, 1);
        struct cache_entry *entry = get(path, &askers[i]);
        struct cache_bytes bytes = read_now(entry, 0);
        check_bytes(fake_find(path), 0, &bytes);
    }
    CHECK_EQUAL(fake_world.open_now, 0);
}

/* Others have filled the ring. */
static void test_no_room_in_the_ring(void)
{
    struct asker asker = new_asker();

    start(4);
    fake_put("/f", 100);
    fake_world.ring = 0;
    CHECK(!get("/f", &asker));
    fake_world.ring = 10;
    fake_event();
    CHECK_EQUAL(fake_world.pending_count, 1);
}

static void test_files_open_are_bounded(void)
{
    char path[32];

    start(40);
    fake_world.open_max = 50;
    for (int i = 0; i < 120; i++) {
        snprintf(path, sizeof path, "/%d", i);
        fake_put(path, 2 * CACHE_PIECE);
        struct cache_entry *entry = get_now(path);
        struct cache_bytes bytes = read_now(entry, 0); /* one piece remains missing */
        cache_unpin(bytes.piece);
        CHECK_EQUAL(entry->kind, CACHE_FILE);
    }
    CHECK(fake_world.open_now > 0 && fake_world.open_now <= 50);
    fake_world.open_max = FAKE_OPEN_MAX;
    for (int i = 120; i < 400; i++) {
        snprintf(path, sizeof path, "/%d", i);
        fake_put(path, 2 * CACHE_PIECE);
        CHECK_EQUAL(get_now(path)->kind, CACHE_FILE);
    }
    CHECK(fake_world.open_now > 50 && fake_world.open_now <= 100);
}

static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
    {"kinds", test_kinds},
    {"many_ask_once", test_many_ask_once},
    {"revalidation", test_revalidation},
    {"changes_of_kind", test_changes_of_kind},
    {"failures", test_failures},
    {"read_fails", test_read_fails},
    {"stale_is_given", test_stale_is_given},
    {"mount_is_awaited", test_mount_is_awaited},
    {"large_file", test_large_file},
    {"file_shrinks", test_file_shrinks},
    {"file_is_overwritten", test_file_is_overwritten},
    {"server_restarts", test_server_restarts},
    {"pinned_stays", test_pinned_stays},
    {"cooling", test_cooling},
    {"small_files", test_small_files},
    {"free_pages_first", test_free_pages_first},
    {"made_up_names", test_made_up_names},
    {"all_entries_held", test_all_entries_held},
    {"more_than_the_ring_holds", test_more_than_the_ring_holds},
    {"no_room_in_the_ring", test_no_room_in_the_ring},
    {"files_open_are_bounded", test_files_open_are_bounded},
};

int main(int argc, char **argv)
{
    int failed = 0;

    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        int status = 0;
        if (argc > 1 && strcmp(argv[1], tests[i].name) != 0) {
            continue;
        }
        pid_t child = fork();
        if (child == 0) {
            tests[i].run();
            exit(0);
        }
        if (waitpid(child, &status, 0) != child || status != 0) {
            fprintf(stderr, "%s failed\n", tests[i].name);
            failed++;
        }
    }
    return failed > 0;
}
