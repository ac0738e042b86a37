/* tests/unit/http_cache_memory.c: the file cache's bounds, case by case: memory, entries, commands, open files. */
#include "tests/unit/http_cache_cases.h"

/* -- memory -- */

static void test_pinned_stays(void)
{
    struct asker asker = new_asker(), small = new_asker(), third = new_asker();
    struct cache_bytes bytes[4], more;

    start(4);
    struct fake_file *file = fake_put("/f", 8 * CACHE_BLOCK_SIZE);
    fake_put("/small", 10);
    struct cache_entry *entry = get_now("/f"), *little = get_now("/small");
    for (uint32_t i = 0; i < 4; i++) {
        bytes[i] = read_now(entry, i * CACHE_BLOCK_SIZE);
    }
    CHECK_EQUAL(cache_read(entry, 4 * CACHE_BLOCK_SIZE, 3, &more, &asker.waiter), CACHE_WAIT);
    CHECK_EQUAL(cache_read(little, 0, 0, &more, &small.waiter), CACHE_WAIT);
    CHECK_EQUAL(cache_read(entry, 5 * CACHE_BLOCK_SIZE, 3, &more, &third.waiter), CACHE_WAIT);
    CHECK_EQUAL(fake_world.pending_count, 0);
    fake_pass(10000 * MS);
    CHECK(asker.called == 0 && small.called == 0);
    for (uint32_t i = 0; i < 4; i++) {
        check_bytes(file, i * CACHE_BLOCK_SIZE, &bytes[i]);
    }
    fake_world.named = bytes[1].at + 100; /* unpinned, but still on its way out */
    fake_world.named_size = 1;
    cache_unpin(bytes[1].block);
    fake_pass(10000 * MS);
    CHECK_EQUAL(asker.called, 0);
    fake_unname();
    fake_pass(1);
    CHECK_EQUAL(asker.called + third.called + small.called, 3); /* each could be served */
    CHECK_EQUAL(cache_read(entry, 4 * CACHE_BLOCK_SIZE, 0, &more, &asker.waiter), CACHE_WAIT);
    CHECK_EQUAL(fake_world.pending_count, 1);
    CHECK_EQUAL(cache_read(little, 0, 0, &more, &small.waiter), CACHE_WAIT);
    CHECK_EQUAL(fake_world.pending_count, 1);
    cache_unpin(bytes[2].block);
    fake_pass(1);
    CHECK_EQUAL(small.called, 2);
    for (uint32_t i = 0; i < 4; i += 3) {
        check_bytes(file, i * CACHE_BLOCK_SIZE, &bytes[i]);
    }
}

/* Memory of a file that has changed is named by a descriptor: not used before that is back. */
static void test_dma_pending(void)
{
    struct asker asker = new_asker();
    struct cache_bytes bytes;

    start(1);
    struct fake_file *file = fake_put("/f", CACHE_BLOCK_SIZE);
    struct cache_entry *entry = get_now("/f");
    bytes = read_now(entry, 0);
    fake_world.named = bytes.at;
    fake_world.named_size = 5000;
    cache_unpin(bytes.block);
    cache_release(entry);
    file->mtime_ns++;
    fake_pass((FRESH_MS + 1) * MS);
    entry = get_now("/f");
    CHECK_EQUAL(counters().blocks, 0);
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
        snprintf(path, sizeof(path), "/%d", i);
        fake_put(path, 3000);
    }
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 40; i++) {
            snprintf(path, sizeof(path), "/%d", i);
            struct cache_entry *entry = get_now(path), *used = get_now("/0");
            struct cache_bytes bytes = read_now(entry, 0), first = read_now(used, 0);
            check_bytes(fake_find(path), 0, &bytes);
            check_bytes(fake_find("/0"), 0, &first);
            cache_unpin(bytes.block);
            cache_unpin(first.block);
            cache_release(entry);
            cache_release(used);
        }
    }
    CHECK_EQUAL(counters().blocks, 32);
    CHECK_EQUAL(counters().memory, 32 * 4096);
    CHECK_EQUAL(fake_world.counts[FS_READ], 1 + 3 * 39); /* the one in use once */
    CHECK_EQUAL(fake_world.open_now, 0);
}

/* Pages that are free are used before anything is evicted. */
static void test_free_pages_first(void)
{
    char path[32];

    start(1);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 17 - (round > 0); i++) { /* the first is pushed out by one too many */
            snprintf(path, sizeof(path), "/%d", round > 0 ? i + 1 : i);
            fake_put(path, 10);
            fake_pass((FRESH_MS + 1) * MS);
            struct cache_entry *entry = get_now(path); /* another file: the old one's page is free */
            cache_unpin(read_now(entry, 0).block);
            cache_release(entry);
        }
    }
    CHECK_EQUAL(counters().blocks, 16);
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
    CHECK(counters().entries < FAKE_ENTRIES / 6);
    fake_pass(1);
    uint64_t before = counters().revalidations;
    CHECK(get_now("/f") == file);
    CHECK_EQUAL(counters().revalidations, before);
}

/* More entries held than there are: who comes waits. */
static void test_all_entries_held(void)
{
    static struct cache_entry *held[FAKE_ENTRIES];
    struct asker asker = new_asker(), longer = new_asker();
    char path[200];

    start(4);
    for (int i = 0; i < FAKE_ENTRIES; i++) {
        snprintf(path, sizeof(path), "/%d", i);
        held[i] = get_now(path);
    }
    CHECK(!get("/more", &asker));
    memset(path, 'y', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
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
        snprintf(path, sizeof(path), "/%d", i);
        fake_put(path, 10);
        askers[i] = new_asker();
        CHECK(!get(path, &askers[i]));
    }
    CHECK_EQUAL(fake_world.pending_count, 10);
    fake_answer_all();
    for (int i = 0; i < 300; i++) {
        snprintf(path, sizeof(path), "/%d", i);
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
        snprintf(path, sizeof(path), "/%d", i);
        fake_put(path, 2 * CACHE_BLOCK_SIZE);
        struct cache_entry *entry = get_now(path);
        struct cache_bytes bytes = read_now(entry, 0); /* one block remains missing */
        cache_unpin(bytes.block);
        CHECK_EQUAL(entry->kind, CACHE_FILE);
    }
    CHECK(fake_world.open_now > 0 && fake_world.open_now <= 50);
    fake_world.open_max = FAKE_OPEN_MAX;
    for (int i = 120; i < 400; i++) {
        snprintf(path, sizeof(path), "/%d", i);
        fake_put(path, 2 * CACHE_BLOCK_SIZE);
        CHECK_EQUAL(get_now(path)->kind, CACHE_FILE);
    }
    CHECK(fake_world.open_now > 50 && fake_world.open_now <= 100);
}

static const struct cache_case cases[] = {
    {"pinned_stays", test_pinned_stays},
    {"dma_pending", test_dma_pending},
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
    return run_cases(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
