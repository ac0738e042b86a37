/* tests/unit/http_cache_soak.c: many who ask at random, files that change, a server that is late, fails, starts anew;
 * little memory.
 *
 * Each modification time is given to one version of one file alone, so that an entry's time tells what its bytes must
 * be, whenever it was got. Checked: bytes when they come and when they are let go; who waits is called once; memory,
 * commands and fds stay within bounds; in the end everybody has been served and all memory can be used.
 */
#include <string.h>

#include "http/cache/cache.h"
#include "tests/unit/fake_files.h"
#include "tests/unit/in_turn.h"

#define MS 1000000ull
#define SEEDS 12
#define STEPS 30000
#define BLOCKS 12
#define FILES 60
#define ACTORS 50
#define PINS 4
#define VERSIONS_MAX 20000

enum state { RESTING, WANTS_ENTRY, HAS_ENTRY, WANTS_BYTES };

static struct actor {
    struct cache_waiter waiter; /* first */
    enum state state;
    bool waiting;
    char path[32];
    struct cache_entry *entry;
    uint64_t offset;
    struct {
        struct cache_bytes bytes;
        uint64_t offset, mtime_ns;
    } pins[PINS];
    uint32_t pin_count, served;
} actors[ACTORS];

static uint64_t inode_of[VERSIONS_MAX], size_of[VERSIONS_MAX], versions, random_state;

static uint32_t noise(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 16);
}

static bool one_in(uint32_t n)
{
    return noise() % n == 0;
}

/* -- files -- */

static void new_version(struct fake_file *file)
{
    CHECK(++versions < VERSIONS_MAX);
    file->mtime_ns = versions;
    inode_of[versions] = file->inode;
    size_of[versions] = file->size;
}

static uint64_t random_size(void)
{
    return one_in(3) ? noise() % 400000 : noise() % 20000;
}

static void put(const char *path)
{
    new_version(fake_put(path, random_size()));
}

static void name_of(char path[32], uint32_t i)
{
    snprintf(path, 32, "/%u", i);
}

static void change_a_file(void)
{
    char path[32];
    name_of(path, noise() % FILES);
    struct fake_file *file = fake_find(path);
    if (one_in(3) || !file->there) {
        put(path);
    } else if (one_in(3)) {
        file->there = false;
    } else {
        file->size = one_in(2) ? file->size : random_size();
        new_version(file);
    }
}

/* -- those who ask -- */

static void check(const struct actor *actor, uint32_t pin)
{
    const struct cache_bytes *bytes = &actor->pins[pin].bytes;
    uint64_t offset = actor->pins[pin].offset, mtime_ns = actor->pins[pin].mtime_ns;
    for (uint32_t i = 0; i < bytes->length; i += 1 + i % 61) {
        CHECK_EQUAL(bytes->at[i], fake_byte(inode_of[mtime_ns], mtime_ns, offset + i));
    }
}

static void ready(struct cache_waiter *waiter)
{
    struct actor *actor = (struct actor *)waiter;
    CHECK(actor->waiting);
    actor->waiting = false;
}

static void let_go(struct actor *actor)
{
    uint32_t pin = noise() % actor->pin_count;
    check(actor, pin);
    cache_unpin(actor->pins[pin].bytes.block);
    actor->pins[pin] = actor->pins[--actor->pin_count];
}

static void leave(struct actor *actor)
{
    cache_release(actor->entry);
    actor->state = RESTING;
}

static void take_entry(struct actor *actor)
{
    actor->entry = cache_get(actor->path, (uint32_t)strlen(actor->path), &actor->waiter);
    actor->waiting = !actor->entry;
    if (!actor->entry) {
        return;
    }
    actor->state = HAS_ENTRY;
    actor->served++;
    if (actor->entry->kind != CACHE_FILE) {
        leave(actor);
    } else {
        CHECK(actor->entry->mtime_ns <= versions && size_of[actor->entry->mtime_ns] == actor->entry->size);
    }
}

static void take_bytes(struct actor *actor)
{
    struct cache_bytes *bytes = &actor->pins[actor->pin_count].bytes;
    enum cache_outcome outcome = cache_read(actor->entry, actor->offset, noise() % 4, bytes, &actor->waiter);
    actor->waiting = outcome == CACHE_WAIT;
    if (outcome == CACHE_FAILED) {
        leave(actor);
    } else if (outcome == CACHE_READY) {
        actor->pins[actor->pin_count].offset = actor->offset;
        actor->pins[actor->pin_count].mtime_ns = actor->entry->mtime_ns;
        check(actor, actor->pin_count++);
        actor->state = HAS_ENTRY;
        actor->served++;
    }
}

static void give_up(struct actor *actor)
{
    cache_cancel(&actor->waiter);
    actor->waiting = false;
    if (actor->state == WANTS_BYTES) {
        leave(actor);
    }
    actor->state = RESTING;
}

static void act(struct actor *actor)
{
    if (actor->waiting) {
        if (one_in(200)) {
            give_up(actor);
        }
    } else if (actor->pin_count > 0 && one_in(2)) {
        let_go(actor);
    } else if (actor->state == RESTING && one_in(3)) {
        name_of(actor->path, one_in(10) ? noise() : noise() % FILES);
        actor->state = WANTS_ENTRY;
    } else if (actor->state == WANTS_ENTRY) {
        take_entry(actor);
    } else if (actor->state == HAS_ENTRY) {
        if (one_in(6) || actor->entry->size == 0) {
            leave(actor);
        } else if (actor->pin_count < PINS) {
            actor->offset = one_in(3) ? 0 : noise() % actor->entry->size;
            actor->state = WANTS_BYTES;
        }
    } else if (actor->state == WANTS_BYTES) {
        take_bytes(actor);
    }
}

/* -- the surroundings -- */

static void answer_one(void)
{
    static const enum fs_status failures[] = {FS_STATUS_UNREACHABLE,   FS_STATUS_IO,
                                              FS_STATUS_NOT_MOUNTED,   FS_STATUS_STALE,
                                              FS_STATUS_TOO_MANY_OPEN, FS_STATUS_ACCESS};
    uint32_t index = noise() % fake_world.pending_count;
    bool fails = one_in(30) && fake_world.pending[index].command.type != FS_CLOSE;
    fake_answer(index, fails ? failures[noise() % 6] : FS_STATUS_OK);
}

static void name_something(void)
{
    const struct actor *actor = &actors[noise() % ACTORS];
    if (fake_world.named) {
        fake_unname();
    } else if (actor->pin_count > 0) {
        fake_world.named = actor->pins[0].bytes.at;
        fake_world.named_size = actor->pins[0].bytes.length;
    }
}

static void surroundings(void)
{
    if (fake_world.pending_count > 0 && !one_in(4)) {
        answer_one();
    }
    if (one_in(40)) {
        fake_pass(noise() % 100 * MS);
    }
    if (one_in(30)) {
        name_something();
    }
    if (one_in(60)) {
        change_a_file();
    }
    if (one_in(2000)) {
        fake_pass(5000 * MS);
    }
    if (one_in(1500)) {
        fake_world.mount_asked = one_in(2);
        fake_restart();
    }
    if (fake_world.mount_asked && one_in(50)) {
        fake_mounted();
    }
}

static void check_bounds(void)
{
    struct cache_counters counters;
    cache_counters(&counters);
    CHECK(counters.memory <= counters.memory_max);
    CHECK(counters.entries <= FAKE_ENTRIES && fake_world.open_now <= 160);
}

/* -- the course of it -- */

static void calm_down(void)
{
    fake_mounted();
    fake_unname();
    for (int round = 0; round < 100; round++) {
        fake_answer_all();
        fake_pass(100 * MS);
        for (uint32_t i = 0; i < ACTORS; i++) {
            while (actors[i].pin_count > 0) {
                let_go(&actors[i]);
            }
            if (!actors[i].waiting && actors[i].state == WANTS_ENTRY) {
                take_entry(&actors[i]);
            } else if (!actors[i].waiting && actors[i].state == WANTS_BYTES) {
                take_bytes(&actors[i]);
            } else if (!actors[i].waiting && actors[i].state == HAS_ENTRY) {
                leave(&actors[i]);
            }
        }
    }
    for (uint32_t i = 0; i < ACTORS; i++) {
        CHECK_EQUAL(actors[i].state, RESTING);
        CHECK(actors[i].served > 100);
    }
}

/* A file that takes all memory. */
static void use_all(void)
{
    struct cache_counters counters;
    struct actor *actor = &actors[0];
    struct fake_file *file = fake_put("/all", BLOCKS * CACHE_BLOCK_SIZE);
    new_version(file);
    snprintf(actor->path, sizeof(actor->path), "/all");
    take_entry(actor);
    fake_answer_all();
    take_entry(actor);
    for (actor->offset = 0; actor->offset < file->size; actor->offset += CACHE_BLOCK_SIZE) {
        for (int tries = 0; actor->pin_count == 0; tries++) {
            CHECK(tries < 2);
            take_bytes(actor);
            fake_answer_all();
        }
        let_go(actor);
    }
    cache_counters(&counters);
    CHECK_EQUAL(counters.blocks, BLOCKS);
    CHECK_EQUAL(counters.memory, counters.memory_max);
}

/* All entries: none is in use without a holder, no fd is left behind. */
static void hold_all(void)
{
    struct cache_counters counters;
    leave(&actors[0]);
    for (uint32_t i = 0; i < FAKE_ENTRIES; i++) {
        struct actor *actor = &actors[0];
        snprintf(actor->path, sizeof(actor->path), "/hold/%u", i);
        take_entry(actor);
        fake_answer_all();
        CHECK(!actor->waiting);
        actor->entry = cache_get(actor->path, (uint32_t)strlen(actor->path), &actor->waiter);
        CHECK(actor->entry);
    }
    cache_counters(&counters);
    CHECK_EQUAL(counters.entries, FAKE_ENTRIES);
    CHECK_EQUAL(counters.blocks, 0);
    CHECK_EQUAL(counters.memory, 0);
    CHECK_EQUAL(fake_world.open_now, 0);
}

static void run(uint64_t seed)
{
    char path[32];
    random_state = seed * 0x9e3779b97f4a7c15;
    fake_reset();
    fake_world_init(BLOCKS + 1);
    fake_world.ring = one_in(2) ? FAKE_RING : 5;
    cache_init(2000, CACHE_NEVER_STALE, 0, &fake_index);
    for (uint32_t i = 0; i < FILES; i++) {
        name_of(path, i);
        put(path);
    }
    for (uint32_t i = 0; i < ACTORS; i++) {
        actors[i].waiter.ready = ready;
    }
    for (uint32_t step = 0; step < STEPS; step++) {
        act(&actors[noise() % ACTORS]);
        surroundings();
        if (step % 100 == 0) {
            check_bounds();
        }
    }
    calm_down();
    use_all();
    hold_all();
    CHECK_EQUAL(fake_world.invalid_fds, 0);
}

int main(int argc, char **argv)
{
    return in_turn(argc, argv, 1, SEEDS, NULL, run);
}
