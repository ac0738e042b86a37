/* tests/unit/http_cache_cases.h: what the cases of the file cache share: one who asks and asks again, and each case in
 * a process of its own.
 */
#ifndef CACHE_CASES_H
#define CACHE_CASES_H

#include <string.h>

#include "http/cache/cache.h"
#include "tests/unit/fake_files.h"

#define MS 1000000ull
#define FRESH_MS 2000

struct asker {
    struct cache_waiter waiter; /* first */
    unsigned called;
};

struct asker new_asker(void);
struct cache_entry *get(const char *path, struct asker *asker);
struct cache_entry *get_now(const char *path); /* asks, lets the server answer, asks again */
struct cache_bytes read_now(struct cache_entry *entry, uint64_t offset);
void check_bytes(const struct fake_file *file, uint64_t offset, const struct cache_bytes *bytes);
struct cache_counters counters(void);
void start(uint32_t blocks); /* of memory for blocks */
void start_with_limit(uint32_t blocks, uint32_t stale_s);

struct cache_case {
    const char *name;
    void (*run)(void);
};
int run_cases(int argc, char **argv, const struct cache_case *cases, size_t count); /* what main() returns */

#endif
