/* supervisor/proto.h: what the supervisor leaves for others to see, and what two of them may ask of it.
 *
 * Notes: a region that only the supervisor writes. It is a ring of records which survives every restart, also the
 * supervisor's: `count` is that of all records ever made, the last one lies at (count - 1) modulo SUPERVISOR_RECORDS. A
 * reader that finds `count` changed by more than SUPERVISOR_RECORDS - 1 while it read reads again.
 *
 * Label SUPERVISOR_KILL, message register 0: a child's number. It is restarted at an address that faults, so that it
 * dies as by a mistake of its own. Only the PD that the description names may ask. The answer's label is 0, or
 * SUPERVISOR_REFUSED: no such child, one that is dead already, or another question; then nothing has happened.
 *
 * Label SUPERVISOR_TELL: the answer's message registers have for how many ticks of the system counter each child has had
 * the CPU, in the order of their numbers; there are none on an SDK whose kernel does not count. Nothing changes by it.
 * Only the PD that the description names may ask; the others get SUPERVISOR_REFUSED.
 */
#ifndef SUPERVISOR_PROTO_H
#define SUPERVISOR_PROTO_H

#include <stdint.h>

#define SUPERVISOR_KILL 1
#define SUPERVISOR_TELL 2
#define SUPERVISOR_REFUSED 1
#define SUPERVISOR_KILL_PC 0x10 /* in page 0, which no PD has */

#define SUPERVISOR_CHILDREN_MAX 62 /* of one PD, on both SDKs */
#define SUPERVISOR_RECORDS 31
#define SUPERVISOR_CALLERS 8

struct supervisor_record {
    uint64_t time_ns;  /* since reset */
    uint32_t child;    /* its number */
    uint32_t deaths;   /* of this child since the supervisor began, with this one: its generation */
    uint64_t label;    /* of the fault's message */
    uint64_t pc;       /* 0: not told */
    uint64_t address;  /* of an abort */
    uint32_t esr;      /* 0: not told */
    uint32_t pause_ms; /* then it is restarted */
    uint64_t caller_count;
    uint64_t callers[SUPERVISOR_CALLERS]; /* return addresses, the innermost first */
    uint64_t reserved;
};
_Static_assert(sizeof(struct supervisor_record) == 128, "so many in a page");

struct supervisor_notes {
    uint64_t count;
    uint64_t until_ns; /* for the pause PD: when to end */
    uint8_t reserved[112];
    struct supervisor_record records[SUPERVISOR_RECORDS];
};
_Static_assert(sizeof(struct supervisor_notes) == 4096, "compose/supervisor.py gives it a page");

#endif
