/* lib/counters.h: what a protection domain counts, for the status port (http/status): 64-bit words in a page of its own.
 *
 *   #define PIPE_COUNTERS(ONE, OF)                                  a table: in a header of the program's
 *       ONE(frames, COUNTER, "Frames that came")                    pipe_counts()->frames
 *       OF(dropped, long, COUNTER, "Frames dropped, by reason")     pipe_counts()->dropped_long: one of a family, of
 *       OF(dropped, nobody, COUNTER, "")                            which the first has the help
 *   COUNTERS(pipe, PIPE_COUNTERS)
 *
 *   kind      COUNTER: it only grows; GAUGE: it goes up and down
 *   reader    compose/counters.py reads the same table, so that names and order stand here alone. The front can read the page,
 *             and believes nothing of it
 *   free      without a status port there is no page: the words are the program's own, nobody reads them, and counting costs
 *             the same. The description decides, so the address is a constant where the linker sees a program whole
 *   restart   all begins anew (counters_begin()), at the first act of init()
 */
#ifndef LIB_COUNTERS_H
#define LIB_COUNTERS_H

#include <stdint.h>
#include <string.h>

#define COUNTERS_BYTES 4096

/* Made by compose/counters.py. */
struct counters_config {
    void *page; /* NULL: nobody looks */
};
extern const struct counters_config counters_config;

static inline void counters_begin(void)
{
    if (counters_config.page) {
        memset(counters_config.page, 0, COUNTERS_BYTES);
    }
}

#define COUNTERS_ONE(name, kind, help) uint64_t name;
#define COUNTERS_OF(family, which, kind, help) uint64_t family##_##which;

#define COUNTERS(program, TABLE)                                                                 \
    struct program##_counters {                                                                  \
        TABLE(COUNTERS_ONE, COUNTERS_OF)                                                         \
    };                                                                                           \
    _Static_assert(sizeof(struct program##_counters) <= COUNTERS_BYTES, "they fit in the page"); \
    static inline struct program##_counters *program##_counts(void)                              \
    {                                                                                            \
        static struct program##_counters unseen;                                                 \
        return counters_config.page ? counters_config.page : &unseen;                            \
    }

#endif
