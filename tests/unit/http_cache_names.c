/* http_cache_names.c: the names in a folder, from a file server that the test plays. Each case is a process of its own. */
#include "http/cache/names.h"
#include "http_cache_cases.h"

static struct asker asker;

static struct cache_names *read_names(const char *path)
{
    asker = new_asker();
    struct cache_names *names = cache_names_read(path, (uint32_t)strlen(path), &asker.waiter);
    CHECK(names);
    return names;
}

static struct cache_names *names_of(const char *path)
{
    struct cache_names *names = read_names(path);
    CHECK(names->state == CACHE_NAMES_COMING && asker.called == 0);
    fake_answer_all();
    CHECK_EQUAL(asker.called, 1);
    return names;
}

static bool has(const struct cache_names *names, uint32_t i, const char *name, bool is_folder)
{
    const struct cache_name *one = &names->names[i];
    return one->length == strlen(name) && memcmp(names->text + one->at, name, one->length) == 0 &&
           one->is_folder == is_folder;
}

static void begin(void)
{
    start(10);
    fake_put("/d", 0)->kind = FAKE_DIRECTORY;
}

static void check_all_is_back(uint64_t memory)
{
    CHECK_EQUAL(counters().memory, memory);
    CHECK_EQUAL(fake_world.open_now, 0);
    CHECK_EQUAL(fake_world.pending_count, 0);
}

static void test_names(void)
{
    begin();
    fake_put("/d/a.txt", 1);
    fake_put("/d/folder", 0)->kind = FAKE_DIRECTORY;
    fake_put("/d/folder/b", 1);
    fake_put("/other", 1);
    fake_put("/d/\xff name", 1);
    fake_put("/d/empty", 0)->kind = FAKE_DIRECTORY;
    struct cache_names *names = names_of("/d");
    CHECK(names->state == CACHE_NAMES_HERE && names->count == 4 && !names->more);
    CHECK(has(names, 0, "a.txt", false) && has(names, 1, "folder", true) && has(names, 2, "\xff name", false));
    CHECK_EQUAL(counters().memory, CACHE_BLOCK_SIZE);
    cache_names_release(names);
    names = names_of("/d/empty");
    CHECK(names->state == CACHE_NAMES_HERE && names->count == 0 && !names->more);
    cache_names_release(names);
    names = names_of("/nowhere");
    CHECK(names->state == CACHE_NAMES_ABSENT);
    cache_names_release(names);
    names = names_of("/other");
    CHECK(names->state == CACHE_NAMES_ABSENT);
    cache_names_release(names);
    check_all_is_back(0);
}

static void check_large_folder(int length, uint32_t least, uint32_t most, bool more)
{
    begin();
    for (uint32_t i = 0; i < FAKE_FILES_MAX - 2; i++) {
        char path[300];
        sprintf(path, "/d/%0*u", length, i);
        fake_put(path, 1);
    }
    struct cache_names *names = names_of("/d");
    CHECK(names->state == CACHE_NAMES_HERE);
    CHECK(names->count >= least && names->count <= most && names->more == more);
    for (uint32_t i = 0; i < names->count; i++) {
        char name[300];
        sprintf(name, "%0*u", length, i);
        CHECK(has(names, i, name, false));
    }
    cache_names_release(names);
    check_all_is_back(0);
}

static void test_a_large_folder(void)
{
    check_large_folder(3, FAKE_FILES_MAX - 2, FAKE_FILES_MAX - 2, false);
}

/* As many as have room. */
static void test_long_names(void)
{
    check_large_folder(255, 150, 240, true);
}

static void test_failures(void)
{
    static const enum fs_status bad[] = {FS_STATUS_UNREACHABLE, FS_STATUS_IO, FS_STATUS_STALE, FS_STATUS_TOO_MANY_OPEN};
    begin();
    fake_put("/d/a", 1);
    for (uint32_t step = 0; step < 3; step++) {
        for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
            struct cache_names *names = read_names("/d");
            for (uint32_t k = 0; k < step; k++) {
                fake_answer(0, FS_STATUS_OK);
            }
            fake_fail_all(bad[i]);
            CHECK_EQUAL(names->state, CACHE_NAMES_FAILED);
            CHECK_EQUAL(asker.called, 1);
            cache_names_release(names);
            fake_answer_all();
            check_all_is_back(0);
        }
    }
    struct cache_names *names = read_names("/d");
    fake_fail_all(FS_STATUS_ACCESS);
    CHECK_EQUAL(names->state, CACHE_NAMES_FORBIDDEN);
    cache_names_release(names);
    names = read_names("/d"); /* fds mean nothing any more */
    fake_answer(0, FS_STATUS_OK);
    fake_restart();
    CHECK_EQUAL(names->state, CACHE_NAMES_FAILED);
    cache_names_release(names);
    fake_answer_all();
    CHECK_EQUAL(fake_world.invalid_fds, 0);
    check_all_is_back(0);
}

/* Records that cannot be: none is believed. */
static void test_lies(void)
{
    static const struct fs_dirent lies[] = {{.record_length = 0},
                                            {.record_length = 8},
                                            {.record_length = 16, .name_length = 1},
                                            {.record_length = 24, .name_length = 65535},
                                            {.record_length = 65535, .name_length = 1},
                                            {.record_length = 32, .name_length = 1}};
    uint8_t records[24] = {0};
    begin();
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        memcpy(records, &lies[i], sizeof(lies[i]));
        for (uint32_t length = 1; length <= sizeof(records); length += length < 16 ? 15 : 8) {
            struct cache_names *names = read_names("/d");
            fake_world.records = records;
            fake_world.records_length = length;
            fake_answer_all();
            CHECK_EQUAL(names->state, CACHE_NAMES_FAILED);
            cache_names_release(names);
            check_all_is_back(0);
        }
    }
    *(struct fs_dirent *)(void *)records = (struct fs_dirent){.record_length = 24}; /* one without a name is left out */
    fake_world.records = records;
    fake_world.records_length = sizeof(records);
    struct cache_names *names = names_of("/d");
    CHECK(names->state == CACHE_NAMES_HERE && names->count == 0 && names->more);
    cache_names_release(names);
}

/* Let go at any time; what is under way may still write there. */
static void test_let_go_early(void)
{
    begin();
    fake_put("/d/a", 1);
    for (uint32_t step = 0; step < 5; step++) {
        struct cache_names *names = read_names("/d");
        for (uint32_t k = 0; k < step && fake_world.pending_count > 0; k++) {
            fake_answer(0, FS_STATUS_OK);
        }
        cache_cancel(&asker.waiter);
        cache_names_release(names);
        CHECK(fake_world.pending_count == 0 || counters().memory == CACHE_BLOCK_SIZE);
        fake_answer_all();
        check_all_is_back(0);
    }
}

static void test_when_full(void)
{
    struct cache_names *places[3];
    begin();
    for (int i = 0; i < 3; i++) {
        places[i] = read_names("/d");
        cache_cancel(&asker.waiter);
    }
    CHECK(!cache_names_read("/d", 2, &asker.waiter));
    fake_answer_all();
    for (int i = 0; i < 3; i++) {
        cache_names_release(places[i]);
    }
    check_all_is_back(0);
    fake_world.ring = 0; /* no room for a command */
    CHECK(!cache_names_read("/d", 2, &asker.waiter));
    check_all_is_back(0);
    fake_world.ring = 1;
    struct cache_names *names = read_names("/d");
    fake_answer(0, FS_STATUS_OK);
    fake_answer(0, FS_STATUS_OK);
    CHECK_EQUAL(names->state, CACHE_NAMES_HERE);
    cache_names_release(names);
    fake_answer_all();
    check_all_is_back(0);
    names = read_names("/d");
    fake_answer(0, FS_STATUS_OK);
    fake_world.ring = 0; /* for its close: it is tried again */
    fake_answer(0, FS_STATUS_OK);
    CHECK_EQUAL(names->state, CACHE_NAMES_HERE);
    cache_names_release(names);
    CHECK_EQUAL(fake_world.open_now, 1);
    fake_world.ring = FAKE_RING;
    fake_pass(200 * MS);
    fake_answer_all();
    check_all_is_back(0);
}

static const struct cache_case cases[] = {
    {"names", test_names},
    {"a_large_folder", test_a_large_folder},
    {"long_names", test_long_names},
    {"failures", test_failures},
    {"lies", test_lies},
    {"let_go_early", test_let_go_early},
    {"when_full", test_when_full},
};

int main(int argc, char **argv)
{
    return run_cases(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
