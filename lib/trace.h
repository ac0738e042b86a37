/* lib/trace.h: what a protection domain did, and when: a ring of events that is read from outside.
 *
 *   trace(nic_received, length, slot);                     an event of lib/trace/events.h and two words
 *   trace_text(http_target, path.at, path.length);         the same with the first 16 characters in place of the words
 *
 *   free      without TRACED both are nothing: their arguments are not evaluated, lib/trace is in no image, no region is
 *             mapped. With it a PD that is not to be traced has a ring at NULL, a constant: the same there
 *   memory    a region of the PD's own (compose/trace.py), not .bss: it survives a restart, which is an event in it.
 *             Nobody else maps it. Whoever reads it stops the machine first (mk/run/trace.py), or reads what a dead PD
 *             left
 *   time      CNTPCT_EL0, one counter for all PDs of a machine, which both SDKs open to EL0 (the virtual one: neither)
 *   order     an event is written, then `head` with release: a reader who stops the machine in between sees the ring
 *             without that event. So the place that `head` names may be half written: with a full ring the oldest
 *             event that counts is number head - capacity + 1
 *   when full the newest event takes the place of the oldest
 *   trust     the reader believes nothing in a ring: what wrote it may be what is wrong with the system
 *
 * Beside these, without a line in a component: init(), notified(), protected() and fault() of each PD from begin to end
 * (the linker leads them through lib/trace/trace.c), and each notify and protected call that it makes.
 */
#ifndef LIB_TRACE_H
#define LIB_TRACE_H

#ifndef TRACED

#define trace(event, a, b) ((void)0)
#define trace_text(event, text, length) ((void)0)

#else

#include "lib/trace/events.h"

#define TRACE_MAGIC 0x43525453u /* "STRC" */
#define TRACE_VERSION 1

struct trace_event {
    uint64_t ticks;
    uint32_t event;  /* enum trace_event_id */
    uint32_t number; /* of all since the first start, its low bits: in its right place it is in order */
    uint64_t words[2];
};

struct trace_ring {
    uint32_t magic, version;
    uint32_t capacity; /* events; a power of two */
    uint32_t starts;   /* of the PD */
    uint64_t ticks_per_second;
    uint64_t head; /* number of the next event */
    uint8_t unused[32];
    struct trace_event events[];
};

/* Made by compose/trace.py. */
struct trace_config {
    struct trace_ring *ring; /* NULL: this PD is not traced */
    uint32_t capacity;
};
extern const struct trace_config trace_config;

enum trace_event_id {
#define X(name, kind, family, a, b) TRACE_##name,
    TRACE_EVENTS(X)
#undef X
};

#define trace(event, a, b) trace_put(TRACE_##event, (uint64_t)(a), (uint64_t)(b))
#define trace_text(event, text, length) trace_put_text(TRACE_##event, (text), (length))

void trace_put(enum trace_event_id event, uint64_t a, uint64_t b);
void trace_put_text(enum trace_event_id event, const char *text, size_t length);

/* At the first start the ring begins; at a restart it goes on. Before the first event. */
void trace_start(void);

static inline void trace_notify(microkit_channel channel)
{
    trace(notify, channel, 0);
    microkit_notify(channel);
}

static inline void trace_deferred_notify(microkit_channel channel)
{
    trace(notify, channel, 1);
    microkit_deferred_notify(channel);
}

static inline microkit_msginfo trace_ppcall(microkit_channel channel, microkit_msginfo info)
{
    trace(call, channel, microkit_msginfo_get_label(info));
    microkit_msginfo answer = microkit_ppcall(channel, info);
    trace(end, microkit_msginfo_get_label(answer), 0);
    return answer;
}

#define microkit_notify trace_notify
#define microkit_deferred_notify trace_deferred_notify
#define microkit_ppcall trace_ppcall

#endif

#endif
