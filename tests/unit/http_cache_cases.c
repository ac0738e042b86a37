/* tests/unit/http_cache_cases.c: see the header. */
#include "tests/unit/http_cache_cases.h"
#include "tests/unit/in_turn.h"

static void called(struct cache_waiter *waiter)
{
    ((struct asker *)waiter)->called++;
}

struct asker new_asker(void)
{
    return (struct asker){.waiter = {.ready = called}};
}

struct cache_entry *get(const char *path, struct asker *asker)
{
    return cache_get(path, (uint32_t)strlen(path), &asker->waiter);
}

struct cache_entry *get_now(const char *path)
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

void check_bytes(const struct fake_file *file, uint64_t offset, const struct cache_bytes *bytes)
{
    CHECK(bytes->length > 0 && offset + bytes->length <= file->size);
    for (uint32_t i = 0; i < bytes->length; i++) {
        CHECK_EQUAL(bytes->at[i], fake_byte(file->inode, file->mtime_ns, offset + i));
    }
}

struct cache_bytes read_now(struct cache_entry *entry, uint64_t offset)
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

struct cache_counters counters(void)
{
    struct cache_counters result;
    cache_counters(&result);
    return result;
}

void start(uint32_t blocks)
{
    start_with_limit(blocks, CACHE_NEVER_STALE);
}

void start_with_limit(uint32_t blocks, uint32_t stale_s)
{
    fake_reset();
    fake_world_init(blocks + 1);
    cache_init(FRESH_MS, stale_s, 0, &fake_index);
    CHECK_EQUAL(counters().memory_max, (uint64_t)blocks * FS_CLIENT_BLOCK_SIZE);
}

static const struct cache_case *all;

static const char *name_of(uint64_t n)
{
    return all[n].name;
}

static void run(uint64_t n)
{
    all[n].run();
}

int run_cases(int argc, char **argv, const struct cache_case *cases, size_t count)
{
    all = cases;
    return in_turn(argc, argv, 0, count - 1, name_of, run);
}
