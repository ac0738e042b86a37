/* tests/unit/http_cache.c: the file cache against a file server that is played here, case by case: what lies at a
 * path, how fresh it is, what comes of a file, a server that is away. */
#include "tests/unit/http_cache_cases.h"

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
    CHECK_EQUAL(counters().revalidations, 5);
    CHECK(get_now("/f") == file);
    CHECK_EQUAL(counters().revalidations, 5);
    fake_pass((FRESH_MS - 1) * MS);
    CHECK(get_now("/f") == file);
    CHECK_EQUAL(counters().revalidations, 5);
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
        cache_unpin(bytes[i].block);
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
    cache_unpin(bytes.block);
    cache_release(old);
    CHECK_EQUAL(counters().entries, entries);
    cache_release(old);
    CHECK_EQUAL(counters().entries, entries - 1);
    CHECK_EQUAL(counters().blocks, 1);
    cache_unpin(new_bytes.block);
    cache_release(new);
}

static void changed(const char *path, bool below)
{
    struct cache_folder folder = {path, (uint32_t)strlen(path)};
    if (below) {
        cache_folders_changed(&folder, 1);
    } else {
        cache_path_changed(path, folder.length);
    }
}

/* Of a file that was written here nothing old is given, though its time and size are the same: a server's clock may be
 * coarse. */
static void test_changed_here(void)
{
    start(4);
    fake_put("/f", 100);
    struct cache_entry *old = get_now("/f");
    struct cache_bytes bytes = read_now(old, 0);
    changed("/f", false);
    CHECK(old->fresh_until_ns == 0);
    struct cache_entry *new = get_now("/f");
    CHECK(new != old &&new->kind == CACHE_FILE);
    cache_unpin(read_now(new, 0).block);
    CHECK_EQUAL(fake_world.counts[FS_READ], 2);
    cache_unpin(bytes.block);
    cache_release(old);
    cache_release(new);
    changed("/f", false); /* nobody holds it */
    CHECK_EQUAL(counters().entries, 0);
    CHECK_EQUAL(counters().blocks, 0);
    changed("/f", true);
    fake_answer_all();
    CHECK_EQUAL(fake_world.open_now, 0);
}

/* A program that writes a file again and again while it is read casts no doubt on the server. */
static void test_changed_while_read(void)
{
    struct asker asker = new_asker();
    struct cache_bytes bytes;

    start(4);
    fake_put("/f", 100);
    for (int i = 0; i < 10; i++) {
        struct cache_entry *entry = get_now("/f");
        CHECK_EQUAL(cache_read(entry, 0, 0, &bytes, &asker.waiter), CACHE_WAIT);
        changed("/f", false);
        fake_answer_all();
        cache_release(entry);
    }
    struct cache_entry *entry = get_now("/f");
    cache_unpin(read_now(entry, 0).block);
    cache_release(entry);
    CHECK_EQUAL(counters().entries, 1);
}

/* A question that was under way when the file changed is asked again. */
static void test_changed_while_asked(void)
{
    struct asker first = new_asker(), second = new_asker();

    start(4);
    CHECK(!get("/f", &first));
    fake_answer(0, FS_STATUS_NOT_FOUND);
    CHECK_EQUAL(get("/f", &first)->kind, CACHE_ABSENT);
    fake_pass((FRESH_MS + 1) * MS);
    CHECK(!get("/f", &first));
    fake_put("/f", 7);
    changed("/f", false);
    CHECK(!get("/f", &second));
    CHECK_EQUAL(fake_world.pending_count, 2);
    fake_answer(0, FS_STATUS_NOT_FOUND);
    CHECK(first.called == 2 && !get("/f", &first));
    fake_answer_all();
    CHECK(get("/f", &first)->kind == CACHE_FILE && get("/f", &second)->size == 7);
}

static void test_changed_below(void)
{
    static const char *const paths[] = {"/d", "/d/x", "/d/e/y", "/dx", "/z"};

    start(4);
    fake_put("/d", 0)->kind = FAKE_DIRECTORY;
    for (int i = 1; i < 5; i++) {
        fake_put(paths[i], 10);
    }
    for (int i = 0; i < 5; i++) {
        cache_release(get_now(paths[i]));
    }
    uint64_t before = counters().revalidations;
    changed("/d", true);
    CHECK_EQUAL(counters().entries, 2);
    for (int i = 4; i >= 0; i--) {
        cache_release(get_now(paths[i]));
        CHECK_EQUAL(counters().revalidations, before + (i < 3 ? (unsigned)(3 - i) : 0));
    }
    cache_folders_changed((struct cache_folder[]){{"/z", 2}, {"/d/e", 4}}, 2);
    CHECK_EQUAL(counters().entries, 3);
    changed("", true); /* all */
    CHECK_EQUAL(counters().entries, 0);
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
    for (uint32_t i = 0; i < 3; i++) { /* asked again for who waits */
        CHECK_EQUAL(asker.called, 0);
        fake_answer(0, FS_STATUS_UNREACHABLE);
    }
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
    cache_cancel(&asker.waiter);
    fake_answer(0, FS_STATUS_UNREACHABLE); /* nobody waits any more: who comes later asks anew */
    CHECK(fake_world.pending_count == 0 && counters().blocks == 0);
    CHECK_EQUAL(cache_read(entry, 0, 0, &bytes, &asker.waiter), CACHE_WAIT);
    for (uint32_t i = 0; i < 3; i++) {
        CHECK_EQUAL(asker.called, 0);
        fake_answer(0, FS_STATUS_UNREACHABLE);
    }
    CHECK_EQUAL(asker.called, 1);
    CHECK_EQUAL(cache_read(entry, 0, 0, &bytes, &asker.waiter), CACHE_FAILED);
    CHECK_EQUAL(counters().blocks, 0);
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
    fake_pass(20000 * MS);
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

/* What was right a moment ago is not waited for while the server is slow, and is asked for all the same. */
static void test_slow_server(void)
{
    struct asker asker = new_asker(), other = new_asker();

    start(4);
    struct fake_file *file = fake_put("/f", 100);
    fake_put("/g", 100);
    struct cache_entry *entry = get_now("/f"), *another = get_now("/g");
    fake_pass(5000 * MS);
    CHECK(!get("/f", &asker));
    fake_pass(99 * MS);
    CHECK_EQUAL(asker.called, 0);
    fake_pass(2 * MS);
    CHECK_EQUAL(asker.called, 1);
    CHECK(get("/f", &asker) == entry && get("/g", &other) == another && !cache_is_away());
    CHECK_EQUAL(fake_world.pending_count, 2);
    file->mtime_ns++;
    fake_answer_all(); /* late */
    struct cache_entry *next = get("/f", &asker);
    CHECK(next && next != entry && next->mtime_ns == file->mtime_ns);
    fake_pass(5000 * MS);
    CHECK(get("/f", &asker) == next); /* at once: it still counts as slow */
    fake_answer_all();                /* quick */
    fake_pass(5000 * MS);
    CHECK(!get("/f", &asker));
    fake_answer_all();
    CHECK_EQUAL(asker.called, 2);
    fake_pass(5000 * MS);
    CHECK(!get("/g", &other)); /* that was right long ago, so it is worth a second */
    fake_pass(101 * MS);
    CHECK(other.called == 0 && !cache_is_away());
    fake_pass(900 * MS);
    CHECK(other.called == 1 && cache_is_away());
    CHECK(get("/g", &other) == another);
}

/* Whether the answer to the only command under way can be done without. */
static bool is_spared(void)
{
    CHECK_EQUAL(fake_world.pending_count, 1);
    return fake_world.pending[0].command.flags & FS_UNLESS_AWAY;
}

/* What was right a moment ago is given as soon as it is known that there is no way to the server; what was right long
 * ago, or is not here, is worth the time that a new way takes. */
static void test_no_way_to_the_server(void)
{
    struct asker asker = new_asker();

    start(4);
    struct fake_file *file = fake_put("/f", 100);
    CHECK(!get("/f", &asker) && !is_spared());
    fake_answer_all();
    struct cache_entry *entry = get("/f", &asker);
    fake_pass(5000 * MS);
    CHECK(!get("/f", &asker) && is_spared());
    fake_answer(0, FS_STATUS_UNREACHABLE);
    CHECK_EQUAL(asker.called, 2);
    CHECK(get("/f", &asker) == entry && fake_world.pending_count == 0);
    fake_pass(1001 * MS);
    file->mtime_ns++;
    CHECK(get("/f", &asker) == entry && is_spared()); /* at once */
    fake_answer(0, FS_STATUS_OK);
    CHECK(is_spared()); /* it is another one; what was here is better than nothing */
    fake_answer_all();
    entry = get("/f", &asker);
    CHECK(entry && entry->mtime_ns == file->mtime_ns);
    fake_pass(20000 * MS);
    CHECK(!get("/f", &asker) && !is_spared());
    fake_answer_all();
}

/* Who waits for what is not here is called when the server is slow, and when it is away: it may do without. */
static void test_who_waits_is_told(void)
{
    struct asker asker = new_asker();

    start(4);
    CHECK(!get("/none", &asker));
    fake_pass(999 * MS);
    CHECK(!cache_is_away() && asker.called == 0);
    fake_pass(2 * MS);
    CHECK(cache_is_away() && asker.called == 1);
    CHECK(!get("/none", &asker));
    fake_pass(60000 * MS);
    CHECK(asker.called == 1 && fake_world.pending_count == 1);
    fake_answer_all();
    CHECK(!cache_is_away() && asker.called == 2);
}

/* With a limit: what is older is not given without the server's word, but kept. */
static void test_too_old(void)
{
    struct asker asker = new_asker();

    start_with_limit(4, 30);
    fake_put("/f", 100);
    struct cache_entry *entry = get_now("/f");
    uint64_t reads = counters().reads;
    read_now(entry, 0);
    fake_pass(29000 * MS);
    CHECK(!get("/f", &asker));
    fake_pass(1001 * MS);
    CHECK(asker.called == 1 && get("/f", &asker) == entry);
    fake_pass(1000 * MS);
    CHECK(!get("/f", &asker)); /* the question is under way */
    for (uint32_t i = 0; i < 3; i++) {
        CHECK_EQUAL(asker.called, 1);
        fake_answer(0, FS_STATUS_UNREACHABLE);
    }
    CHECK_EQUAL(asker.called, 2);
    for (uint32_t i = 0; i < 2; i++) { /* known for a second */
        struct cache_entry *refusal = get("/f", &asker);
        CHECK(refusal && refusal->kind == CACHE_UNREACHABLE && fake_world.pending_count == 0);
        cache_release(refusal);
        fake_pass(500 * MS);
    }
    fake_pass(10000 * MS);
    CHECK(get_now("/f") == entry);
    read_now(entry, 0);
    CHECK_EQUAL(counters().reads, reads + 1); /* its bytes were here all the time */
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

/* -- blocks -- */

static void test_large_file(void)
{
    struct asker asker = new_asker();
    struct cache_bytes bytes;
    uint64_t size = 40ull * CACHE_BLOCK_SIZE + 5000;

    start(8);
    struct fake_file *file = fake_put("/large", size);
    struct cache_entry *entry = get_now("/large");
    CHECK_EQUAL(cache_read(entry, 3 * CACHE_BLOCK_SIZE + 7, 2, &bytes, &asker.waiter), CACHE_WAIT);
    CHECK_EQUAL(fake_world.pending_count, 3); /* the block, and two ahead */
    fake_answer_all();
    CHECK_EQUAL(counters().blocks, 3);
    for (uint64_t offset = 0; offset < size;) { /* larger than all memory */
        bytes = read_now(entry, offset);
        check_bytes(file, offset, &bytes);
        offset += bytes.length;
        cache_unpin(bytes.block);
        CHECK(counters().memory <= counters().memory_max);
    }
    CHECK(counters().evictions > 30);
    CHECK_EQUAL(fake_world.open_now, 1); /* it is kept while blocks are missing */
    CHECK_EQUAL(fake_world.counts[FS_OPEN], 1);
    cache_release(entry);
}

static void test_file_shrinks(void)
{
    struct asker asker = new_asker(), second = new_asker();
    struct cache_bytes bytes, kept;

    start(8);
    fake_world.tells_no_times = true;
    struct fake_file *file = fake_put("/f", 2 * CACHE_BLOCK_SIZE);
    struct cache_entry *entry = get_now("/f");
    struct fake_file before = *file;
    kept = read_now(entry, 0);
    file->size = CACHE_BLOCK_SIZE + 5;
    file->mtime_ns++;
    CHECK_EQUAL(cache_read(entry, CACHE_BLOCK_SIZE, 0, &bytes, &asker.waiter), CACHE_WAIT);
    CHECK_EQUAL(cache_read(entry, CACHE_BLOCK_SIZE, 0, &bytes, &second.waiter), CACHE_WAIT);
    fake_answer_all();
    CHECK(asker.called == 1 && second.called == 1);
    CHECK_EQUAL(cache_read(entry, CACHE_BLOCK_SIZE, 0, &bytes, &asker.waiter), CACHE_FAILED);
    CHECK_EQUAL(entry->fresh_until_ns, 0);
    check_bytes(&before, 0, &kept);
    struct cache_entry *new = get_now("/f"); /* though the other was fresh */
    CHECK(new != entry &&new->size == CACHE_BLOCK_SIZE + 5);
    cache_unpin(kept.block);
    cache_release(entry);
    bytes = read_now(new, CACHE_BLOCK_SIZE);
    check_bytes(file, CACHE_BLOCK_SIZE, &bytes);
    CHECK_EQUAL(counters().entries, 1);
}

/* Of the same length, and while the entry is fresh: the time that comes with the bytes tells. */
static void test_file_is_overwritten(void)
{
    struct asker asker = new_asker();
    struct cache_bytes bytes;

    start(8);
    struct fake_file *file = fake_put("/f", 2 * CACHE_BLOCK_SIZE);
    struct cache_entry *entry = get_now("/f");
    cache_unpin(read_now(entry, 0).block);
    file->mtime_ns++;
    CHECK_EQUAL(cache_read(entry, CACHE_BLOCK_SIZE, 0, &bytes, &asker.waiter), CACHE_WAIT);
    fake_answer_all();
    CHECK_EQUAL(cache_read(entry, CACHE_BLOCK_SIZE, 0, &bytes, &asker.waiter), CACHE_FAILED);
    struct cache_entry *new = get_now("/f");
    CHECK_EQUAL(new->mtime_ns, file->mtime_ns);
    bytes = read_now(new, 0);
    check_bytes(file, 0, &bytes);
}

/* As a client's request does: the file is looked up anew as long as what is found turns out to be another one. False:
 * it cannot be read. */
static bool ask_until_known(const char *path, uint32_t most, struct cache_bytes *bytes)
{
    struct asker asker = new_asker();
    for (uint32_t i = 0; i < most; i++) {
        struct cache_entry *entry = get_now(path);
        enum cache_outcome outcome = cache_read(entry, 0, 0, bytes, &asker.waiter);
        fake_answer_all();
        cache_release(entry);
        if (outcome != CACHE_WAIT) {
            return outcome == CACHE_READY;
        }
    }
    CHECK(!"asked without end");
    return false;
}

/* What the server says of its size is not what can be read: it is asked a few times, then with pauses. */
static void test_size_is_wrong(void)
{
    struct cache_bytes bytes;

    start(8);
    struct fake_file *file = fake_put("/f", 100);
    file->wrong_size = 2000;
    CHECK(!ask_until_known("/f", 10, &bytes));
    uint32_t reads = fake_world.counts[FS_READ], looks = fake_world.counts[FS_OPEN] + fake_world.counts[FS_STAT];
    CHECK(reads > 1 && reads < 5 && looks < 6);
    for (int i = 0; i < 100; i++) {
        CHECK(!ask_until_known("/f", 1, &bytes));
        fake_pass(5 * MS);
    }
    CHECK_EQUAL(fake_world.counts[FS_READ], reads);
    for (int i = 0; i < 10; i++) {
        fake_pass(1001 * MS);
        CHECK(!ask_until_known("/f", 3, &bytes));
    }
    CHECK(fake_world.counts[FS_READ] <= reads + 10);
    CHECK(fake_world.counts[FS_OPEN] + fake_world.counts[FS_STAT] <= looks + 30);
    file->wrong_size = 0;
    file->mtime_ns++;
    fake_pass((FRESH_MS + 1) * MS);
    CHECK(ask_until_known("/f", 3, &bytes));
    CHECK_EQUAL(bytes.length, 100);
    cache_unpin(bytes.block);
    CHECK_EQUAL(fake_world.open_now, 0);
}

/* A server that says each time that it has started anew is not asked without end, either. */
static void test_server_restarts_always(void)
{
    struct asker asker = new_asker();
    struct cache_bytes bytes;

    start(8);
    fake_put("/f", 100);
    CHECK(!get("/f", &asker));
    for (int i = 0; i < 10; i++) {
        fake_fail_all(FS_STATUS_SERVER_WAS_RESET);
    }
    CHECK_EQUAL(fake_world.pending_count, 0);
    CHECK_EQUAL(get("/f", &asker)->kind, CACHE_UNREACHABLE);
    fake_pass(1001 * MS);
    struct cache_entry *entry = get_now("/f");
    CHECK_EQUAL(cache_read(entry, 0, 0, &bytes, &asker.waiter), CACHE_WAIT);
    asker.called = 0;
    for (int i = 0; i < 20 && fake_world.pending_count > 0; i++) {
        uint32_t read = 0;
        while (read < fake_world.pending_count && fake_world.pending[read].command.type != FS_READ) {
            read++;
        }
        if (read < fake_world.pending_count) {
            fake_answer(read, FS_STATUS_SERVER_WAS_RESET);
        } else {
            fake_answer(0, FS_STATUS_OK);
        }
    }
    CHECK_EQUAL(asker.called, 1);
    CHECK_EQUAL(cache_read(entry, 0, 0, &bytes, &asker.waiter), CACHE_FAILED);
}

static void test_server_restarts(void)
{
    struct asker asker = new_asker(), other = new_asker();
    struct cache_bytes bytes;

    start(8);
    struct fake_file *file = fake_put("/f", 3 * CACHE_BLOCK_SIZE), *changes = fake_put("/g", 3 * CACHE_BLOCK_SIZE);
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
    bytes = read_now(entry, 2 * CACHE_BLOCK_SIZE);
    check_bytes(file, 2 * CACHE_BLOCK_SIZE, &bytes);
    CHECK_EQUAL(fake_world.invalid_fds, 0);
}

static const struct cache_case cases[] = {
    {"kinds", test_kinds},
    {"many_ask_once", test_many_ask_once},
    {"revalidation", test_revalidation},
    {"changed_here", test_changed_here},
    {"changed_while_read", test_changed_while_read},
    {"changed_while_asked", test_changed_while_asked},
    {"changed_below", test_changed_below},
    {"changes_of_kind", test_changes_of_kind},
    {"failures", test_failures},
    {"read_fails", test_read_fails},
    {"stale_is_given", test_stale_is_given},
    {"slow_server", test_slow_server},
    {"no_way_to_the_server", test_no_way_to_the_server},
    {"who_waits_is_told", test_who_waits_is_told},
    {"too_old", test_too_old},
    {"mount_is_awaited", test_mount_is_awaited},
    {"large_file", test_large_file},
    {"file_shrinks", test_file_shrinks},
    {"file_is_overwritten", test_file_is_overwritten},
    {"server_restarts", test_server_restarts},
    {"size_is_wrong", test_size_is_wrong},
    {"server_restarts_always", test_server_restarts_always},
};

int main(int argc, char **argv)
{
    return run_cases(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
