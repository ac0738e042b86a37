/* parts.c: what the supervisor has noted of each part of the system.
 *   consumes  the supervisor's notes, which nobody else can write; numbers alone are copied. A child that the description
 *             does not name is nobody's
 *   when full notes that came while nobody looked are lost but for the last SUPERVISOR_RECORDS; each holds the count of
 *             its part's deaths, so that what is told of a part whose record is there is right
 */
#include "http/status/parts.h"

#include "supervisor/notes.h"

#define MS 1000000ull

static struct {
    struct supervisor_record last[STATUS_PARTS_MAX];
    uint64_t seen;
} self;

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
}

const struct supervisor_record *status_parts_last(uint32_t part)
{
    return &self.last[part];
}

bool status_parts_dead(uint32_t part, uint64_t now_ns)
{
    const struct supervisor_record *last = &self.last[part];
    return last->deaths > 0 && now_ns < last->time_ns + last->pause_ms * MS;
}
