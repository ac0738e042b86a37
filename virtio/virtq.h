/* virtio/virtq.h: one split virtqueue (VIRTIO 1.2, 2.7) whose every entry is an indirect chain (2.7.5.3).
 *
 * Slot i is entry i of the descriptor table for ever and owns the indirect table i, so that a frame of any number of
 * pieces takes one entry and nothing has to be linked or unlinked. The owner fills the slot's table, offers the slot,
 * and gets it back when the device has used it. What the device writes is an allegation: an entry that was not offered,
 * or an index that ran too far, is counted in `lies` and changes nothing. A device that lies as fast as its driver reads
 * does not keep it: of one event the driver hears as many lies as the queue has entries, then nothing until the next.
 */
#ifndef VIRTIO_VIRTQ_H
#define VIRTIO_VIRTQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "virtio/virtio.h"

#define VIRTQ_SIZE_MAX 256

struct virtq {
    struct virtq_desc *entries;
    struct virtq_avail *avail;
    struct virtq_used *used;
    struct virtq_desc *tables;
    uint64_t entries_bus, avail_bus, used_bus; /* where the device sees them */
    uint16_t size;
    uint16_t chain_max;
    bool event_idx;   /* VIRTIO_F_EVENT_IDX was negotiated */
    uint16_t offered; /* index of the next place in avail */
    uint16_t told;    /* what of it the device has been told about: avail.index at the last kick or the last refusal
                         to */
    uint16_t taken;   /* index of the next element of used */
    uint16_t in_flight;
    uint16_t free_count;
    uint16_t free[VIRTQ_SIZE_MAX];
    bool busy[VIRTQ_SIZE_MAX];
    uint32_t lies;
    uint16_t patience; /* so many lies more are heard in this event */
};

/* An event begins. */
void virtq_woken(struct virtq *q);

/* Bytes of zeroed DMA memory that a queue needs; size is a power of two. */
size_t virtq_bytes(uint16_t size, uint16_t chain_max);
void virtq_init(struct virtq *q, uint16_t size, uint16_t chain_max, void *memory, uint64_t bus, bool event_idx);

/* A free slot, or false. Its table has chain_max descriptors; the flags NEXT and the links are set by virtq_offer. */
bool virtq_slot(struct virtq *q, uint16_t *slot);
struct virtq_desc *virtq_table(struct virtq *q, uint16_t slot);
void virtq_offer(struct virtq *q, uint16_t slot, uint16_t count);

/* Publishes what was offered. True: the device wants to be notified. */
bool virtq_publish(struct virtq *q);

/* The next slot that the device has used, and how many bytes it wrote; the slot is free again. */
bool virtq_collect(struct virtq *q, uint16_t *slot, uint32_t *written);

/* Before sleep: ask for an interrupt when `count` more slots are used. False: they are already, collect again. Of a device
 * that was heard long enough: when it uses one more. */
bool virtq_interrupt_after(struct virtq *q, uint16_t count);
/* No interrupt is wanted. A hint: one may come all the same. */
void virtq_interrupt_never(struct virtq *q);

#endif
