/* supervisor/notes.h: reads the supervisor's notes (supervisor/proto.h), record after record. */
#ifndef SUPERVISOR_NOTES_H
#define SUPERVISOR_NOTES_H

#include <stdbool.h>
#include "supervisor/proto.h"

/* The next record that is still there, behind *seen of them. False: there is no other. The supervisor is above its
 * readers: it may make records while one is read, and the oldest is then another. */
static inline bool supervisor_notes_next(const struct supervisor_notes *notes, uint64_t *seen,
                                         struct supervisor_record *record)
{
    uint64_t count = __atomic_load_n(&notes->count, __ATOMIC_ACQUIRE);
    if (count - *seen > SUPERVISOR_RECORDS) {
        *seen = count - SUPERVISOR_RECORDS;
    }
    while (*seen < count) {
        *record = notes->records[*seen % SUPERVISOR_RECORDS];
        bool whole = __atomic_load_n(&notes->count, __ATOMIC_ACQUIRE) - *seen <= SUPERVISOR_RECORDS;
        ++*seen;
        if (whole) {
            return true;
        }
    }
    return false;
}

#endif
