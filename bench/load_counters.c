/* load_counters.c: the guest's instructions before a window and after it.
 *   consumes  the counters of bench/insncount.c, in a file that QEMU writes all the time
 */
#include "bench/load_counters.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench/load_options.h"

#define COUNTERS_MAX (2 + 32768 + 1) /* magic, count, RANGES_MAX of insncount.c, elsewhere */
#define COUNTERS_MAGIC 0x544e435353564553ull

static struct {
    const uint64_t *counters; /* NULL: none */
    uint64_t before[COUNTERS_MAX], after[COUNTERS_MAX];
} self;

static const uint64_t *map_counters(const char *path)
{
    int fd = open(path, O_RDONLY);
    void *at = fd < 0 ? MAP_FAILED : mmap(NULL, COUNTERS_MAX * 8, PROT_READ, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) {
        load_die(path);
    }
    const uint64_t *counters = at;
    if (counters[0] != COUNTERS_MAGIC || counters[1] > COUNTERS_MAX - 3) {
        errno = EINVAL;
        load_die(path);
    }
    return counters;
}

void load_counters_open(void)
{
    self.counters = load_options.counters_path ? map_counters(load_options.counters_path) : NULL;
}

static void look(uint64_t *copy)
{
    if (self.counters != NULL) {
        memcpy(copy, self.counters, (size_t)self.counters[1] * 8 + 24);
    }
}

void load_counters_begin(void)
{
    look(self.before);
}

void load_counters_end(void)
{
    look(self.after);
}

void load_counters_print(void)
{
    printf("[");
    for (uint64_t i = 0; i <= self.before[1]; i++) {
        printf("%s%" PRIu64, i ? ", " : "", self.after[2 + i] - self.before[2 + i]);
    }
    printf("]");
}
