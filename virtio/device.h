/* virtio/device.h: how a virtio device on MMIO is brought up (VIRTIO 1.2, 3.1.1 and 4.2.3), whatever it is.
 *
 *     device.registers = ..; device.memory = ..;               // memory: zeros, for queues and what else is cut off it
 *     virtio_device_begin(&device, VIRTIO_ID_NET, needed, wanted) && virtio_device_queue(&device, &q, 0, size, chain)
 *     virtio_device_go(&device);
 *
 * What returns false has left in `wrong` and `value` what is wrong, for a person: the device is not used then.
 */
#ifndef VIRTIO_DEVICE_H
#define VIRTIO_DEVICE_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/region.h"
#include "virtio/virtq.h"

#define VIRTIO_BIT(n) (1ull << (n))

struct virtio_device {
    volatile void *registers;
    struct region memory; /* that the device reads and writes */
    uint64_t used;        /* of it */
    uint64_t features;    /* negotiated */
    const char *wrong;
    uint64_t value;
};

/* Resets the device, and takes of what it offers all that is wanted. After a restart the memory is zeroed: the device
 * has let go of it by then. False: it is another device, or none, does not end its reset, or lacks what is needed. */
bool virtio_device_begin(struct virtio_device *device, uint32_t id, uint64_t needed, uint64_t wanted);

/* Cuts zeroed memory off the region; never given back. NULL: there is not as much. */
void *virtio_device_cut(struct virtio_device *device, uint64_t bytes, uint64_t *bus);

/* As large as the device has it, size_max at most: a power of two up to VIRTQ_SIZE_MAX. */
bool virtio_device_queue(struct virtio_device *device, struct virtq *q, uint32_t index, uint16_t size_max,
                         uint16_t chain_max);

/* All queues are there: the device may begin. */
void virtio_device_go(const struct virtio_device *device);

/* Publishes what was offered to a queue, and tells the device if it wants to know. */
void virtio_device_publish(const struct virtio_device *device, struct virtq *q, uint32_t index);

/* At its interrupt, before the rings are looked at: what comes in between raises a new one (4.2.3.4). False: the device
 * has failed, and asks for a reset. */
bool virtio_device_acknowledge(const struct virtio_device *device);

#endif
