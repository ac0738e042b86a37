/* parts.c: what the supervisor has noted of each part of the system, how busy it says that each is, and what they count.
 *   consumes  the supervisor's notes, which nobody else can write, and its answers; numbers alone are copied. A child that
 *             the description does not name is nobody's
 *   consumes  each part's page of counters, NOT trusted: words of it are copied and shown, and mean nothing here
 *   when full notes that came while nobody looked are lost but for the last SUPERVISOR_RECORDS; each holds the count of
 *             its part's deaths, so that what is told of a part whose record is there is right
 */
#include "http/status/parts.h"

#include "lib/pd.h"
#include "supervisor/notes.h"

#define MS 1000000ull

static struct {
    struct supervisor_record last[STATUS_PARTS_MAX];
    uint64_t seen;
    uint64_t ticks[SUPERVISOR_CHILDREN_MAX]; /* of each child */
    uint32_t told;                           /* how many it has told */
} self;

/* It runs above us, and answers at once. */
static void ask_how_busy(void)
{
    microkit_msginfo answer = microkit_ppcall(status_config.supervisor, microkit_msginfo_new(SUPERVISOR_TELL, 0));
    uint64_t count = microkit_msginfo_get_label(answer) == 0 ? microkit_msginfo_get_count(answer) : 0;

    self.told = count < SUPERVISOR_CHILDREN_MAX ? (uint32_t)count : SUPERVISOR_CHILDREN_MAX;
    for (uint32_t i = 0; i < self.told; i++) {
        self.ticks[i] = microkit_mr_get((uint8_t)i);
    }
}

void status_parts_read(void)
{
    struct supervisor_record record;
    while (supervisor_notes_next(status_config.notes, &self.seen, &record)) {
        for (uint32_t i = 0; i < status_config.part_count; i++) {
            if (status_config.parts[i].child == record.child) {
                self.last[i] = record;
            }
        }
    }
    ask_how_busy();
}

bool status_parts_cpu_is_known(uint32_t part)
{
    return status_config.parts[part].child < self.told;
}

uint64_t status_parts_cpu_us(uint32_t part)
{
    return pd_us_from_ticks(self.ticks[status_config.parts[part].child]);
}

const struct supervisor_record *status_parts_last(uint32_t part)
{
    return &self.last[part];
}

bool status_parts_has(uint32_t part, uint32_t counter)
{
    uint32_t first = status_config.parts[part].first;
    return status_config.parts[part].page && counter >= first && counter - first < status_config.parts[part].count;
}

uint64_t status_parts_count(uint32_t part, uint32_t counter)
{
    return __atomic_load_n(&status_config.parts[part].page[counter - status_config.parts[part].first],
                           __ATOMIC_RELAXED);
}

bool status_parts_dead(uint32_t part, uint64_t now_ns)
{
    const struct supervisor_record *last = &self.last[part];
    return last->deaths > 0 && now_ns < last->time_ns + last->pause_ms * MS;
}
