/* lib/trace/trace.c: the ring of lib/trace.h, and the entry points of a PD, which the linker leads through here (--wrap,
 * mk/toolchain.mk). In a program only when TRACE asks for it.
 */
#include <string.h>

#include "lib/pd.h"

/* compose/trace.py makes room for these, mk/run/trace_events.py finds them. */
_Static_assert(sizeof(struct trace_event) == 32 && sizeof(struct trace_ring) == 64, "the ring in memory");

void trace_start(void)
{
    struct trace_ring *ring = trace_config.ring;

    if (!ring) {
        return;
    }
    if (pd_generation() == 1) { /* the memory is not zero on every kernel */
        memset(ring, 0, sizeof(*ring));
        ring->version = TRACE_VERSION;
        ring->capacity = trace_config.capacity;
        ring->ticks_per_second = pd_ticks_per_second();
        ring->magic = TRACE_MAGIC;
    }
    ring->starts = pd_generation();
}

void trace_put(enum trace_event_id event, uint64_t a, uint64_t b)
{
    struct trace_ring *ring = trace_config.ring;

    if (!ring) {
        return;
    }
    uint64_t head = ring->head;
    struct trace_event *slot = &ring->events[head & (trace_config.capacity - 1)];

    slot->ticks = pd_now_ticks();
    slot->event = event;
    slot->number = (uint32_t)head;
    slot->words[0] = a;
    slot->words[1] = b;
    __atomic_store_n(&ring->head, head + 1, __ATOMIC_RELEASE);
}

void trace_put_text(enum trace_event_id event, const char *text, size_t length)
{
    uint64_t words[2] = {0};

    memcpy(words, text, length < sizeof(words) ? length : sizeof(words));
    trace_put(event, words[0], words[1]);
}

/* The names are the linker's. */
void __real_init(void);
void __wrap_init(void);
void __real_notified(microkit_channel channel);
void __wrap_notified(microkit_channel channel);
microkit_msginfo __real_protected(microkit_channel channel, microkit_msginfo info);
microkit_msginfo __wrap_protected(microkit_channel channel, microkit_msginfo info);
bool __real_fault(microkit_child child, microkit_msginfo info, microkit_msginfo *reply);
bool __wrap_fault(microkit_child child, microkit_msginfo info, microkit_msginfo *reply);

void __wrap_init(void)
{
    trace_start();
    trace(init, pd_generation(), 0);
    __real_init();
    trace(end, 0, 0);
}

void __wrap_notified(microkit_channel channel)
{
    trace(notified, channel, 0);
    __real_notified(channel);
    trace(end, 0, 0);
}

microkit_msginfo __wrap_protected(microkit_channel channel, microkit_msginfo info)
{
    trace(protected, channel, microkit_msginfo_get_label(info));
    microkit_msginfo answer = __real_protected(channel, info);
    trace(end, microkit_msginfo_get_label(answer), 0);
    return answer;
}

bool __wrap_fault(microkit_child child, microkit_msginfo info, microkit_msginfo *reply)
{
    trace(fault, child, microkit_msginfo_get_label(info));
    bool replies = __real_fault(child, info, reply);
    trace(end, 0, 0);
    return replies;
}
