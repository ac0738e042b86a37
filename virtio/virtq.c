/* virtq.c: one split virtqueue of indirect chains; see virtq.h.
 *   consumes  used    from the device, not believed: ids and index are checked
 *   produces  avail   for the device
 *   invariant a slot is in exactly one of: free[], its owner's hands, offered (busy)
 *   ends      an event hears as many lies as the queue has entries
 * The device shares memory coherently with us and was not offered VIRTIO_F_ORDER_PLATFORM, so the barriers are those
 * between CPUs (2.7.13): release before an index is published, acquire after one is read, and a full fence between
 * publishing ours and reading the other's wish, which is the same store-then-load on both sides.
 */
#include "virtio/virtq.h"

#include <assert.h>
#include <stdatomic.h>

/* 2.7: alignments. Each part starts a cache line of its own, so that no line has two writers. */
#define PART_ALIGNMENT 64u

static size_t part(size_t bytes)
{
    return (bytes + PART_ALIGNMENT - 1) & ~(size_t)(PART_ALIGNMENT - 1);
}

static size_t avail_bytes(uint16_t size)
{
    return part(sizeof(struct virtq_avail) + sizeof(uint16_t) * (size + 1u));
}

static size_t used_bytes(uint16_t size)
{
    return part(sizeof(struct virtq_used) + sizeof(struct virtq_used_element) * size + sizeof(uint16_t));
}

static size_t entries_bytes(uint16_t size)
{
    return part(sizeof(struct virtq_desc) * size);
}

size_t virtq_bytes(uint16_t size, uint16_t chain_max)
{
    return entries_bytes(size) + avail_bytes(size) + used_bytes(size) + entries_bytes(size) * chain_max;
}

void virtq_init(struct virtq *q, uint16_t size, uint16_t chain_max, void *memory, uint64_t bus, bool event_idx)
{
    uint8_t *at = memory;
    assert(size <= VIRTQ_SIZE_MAX && (size & (size - 1)) == 0);
    *q = (struct virtq){.size = size, .chain_max = chain_max, .event_idx = event_idx, .entries_bus = bus};
    q->entries = (struct virtq_desc *)at;
    q->avail_bus = bus + entries_bytes(size);
    q->avail = (struct virtq_avail *)(at + entries_bytes(size));
    q->used_bus = q->avail_bus + avail_bytes(size);
    q->used = (struct virtq_used *)((uint8_t *)q->avail + avail_bytes(size));
    q->tables = (struct virtq_desc *)((uint8_t *)q->used + used_bytes(size));
    uint64_t tables_bus = q->used_bus + used_bytes(size);
    for (uint16_t i = 0; i < size; i++) {
        q->entries[i].address = tables_bus + sizeof(struct virtq_desc) * chain_max * i;
        q->entries[i].flags = VIRTQ_DESC_F_INDIRECT;
        q->free[i] = (uint16_t)(size - 1 - i);
    }
    q->free_count = size;
    virtq_woken(q);
}

void virtq_woken(struct virtq *q)
{
    q->patience = q->size;
}

bool virtq_slot(struct virtq *q, uint16_t *slot)
{
    if (q->free_count == 0) {
        return false;
    }
    *slot = q->free[--q->free_count];
    return true;
}

struct virtq_desc *virtq_table(struct virtq *q, uint16_t slot)
{
    return &q->tables[(size_t)slot * q->chain_max];
}

void virtq_offer(struct virtq *q, uint16_t slot, uint16_t count)
{
    struct virtq_desc *table = virtq_table(q, slot);
    assert(count > 0 && count <= q->chain_max && !q->busy[slot]);
    for (uint16_t i = 0; i + 1 < count; i++) {
        table[i].flags |= VIRTQ_DESC_F_NEXT;
        table[i].next = (uint16_t)(i + 1);
    }
    q->entries[slot].length = count * (uint32_t)sizeof(struct virtq_desc);
    q->avail->ring[q->offered++ & (q->size - 1)] = slot;
    q->busy[slot] = true;
    q->in_flight++;
}

/* 2.7.10.1: has the step from `old` to `new` passed the event index? */
static bool passed(uint16_t event, uint16_t new, uint16_t old)
{
    return (uint16_t)(new - event - 1) < (uint16_t)(new - old);
}

/* Each ring is followed by the index at which its reader wants to hear of it: no element, though it lies like one. */
static volatile uint16_t *event_behind(volatile void *ring_end)
{
    return ring_end;
}

bool virtq_publish(struct virtq *q)
{
    if (q->told == q->offered) {
        return false;
    }
    atomic_store_explicit(&q->avail->index, q->offered, memory_order_release);
    atomic_thread_fence(memory_order_seq_cst);
    uint16_t old = q->told;
    q->told = q->offered;
    if (!q->event_idx) {
        return (*(volatile uint16_t *)&q->used->flags & VIRTQ_USED_F_NO_NOTIFY) == 0;
    }
    return passed(*event_behind(&q->used->ring[q->size]), q->offered, old);
}

static void note_lie(struct virtq *q)
{
    q->lies++;
    q->patience--;
}

static uint16_t used_index(const struct virtq *q)
{
    return atomic_load_explicit(&q->used->index, memory_order_acquire);
}

/* How many elements of used wait for us; an impossible index counts as none, and so does what comes behind lies. */
static uint16_t waiting(struct virtq *q)
{
    if (q->patience == 0) {
        return 0;
    }
    uint16_t count = (uint16_t)(used_index(q) - q->taken);
    if (count > q->in_flight) {
        note_lie(q);
        return 0;
    }
    return count;
}

bool virtq_collect(struct virtq *q, uint16_t *slot, uint32_t *written)
{
    while (waiting(q) > 0) {
        volatile struct virtq_used_element *element = &q->used->ring[q->taken & (q->size - 1)];
        uint32_t id = element->id;
        *written = element->length;
        q->taken++;
        if (id < q->size && q->busy[id]) {
            q->busy[id] = false;
            q->in_flight--;
            q->free[q->free_count++] = (uint16_t)id;
            *slot = (uint16_t)id;
            return true;
        }
        note_lie(q);
    }
    return false;
}

bool virtq_interrupt_after(struct virtq *q, uint16_t count)
{
    if (q->event_idx) {
        uint16_t next = q->patience > 0 ? (uint16_t)(q->taken + count - 1) : used_index(q);
        *event_behind(&q->avail->ring[q->size]) = next;
    } else {
        *(volatile uint16_t *)&q->avail->flags = 0;
    }
    atomic_thread_fence(memory_order_seq_cst);
    return waiting(q) < count;
}

void virtq_interrupt_never(struct virtq *q)
{
    if (q->event_idx) {
        /* the element before the next one has passed already: an interrupt comes only after 65535 more */
        *event_behind(&q->avail->ring[q->size]) = (uint16_t)(q->taken - 1);
    } else {
        *(volatile uint16_t *)&q->avail->flags = VIRTQ_AVAIL_F_NO_INTERRUPT;
    }
}
