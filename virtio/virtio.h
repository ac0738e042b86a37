/* virtio/virtio.h: what drivers know of any virtio device on MMIO: names and numbers only.
 * Source: "Virtual I/O Device (VIRTIO) Version 1.2" (OASIS); sections are named at each group.
 */
#ifndef VIRTIO_VIRTIO_H
#define VIRTIO_VIRTIO_H

#include <stdint.h>

/* 4.2.2: the registers of a device on MMIO, version 2. Byte offsets, 32 bits each. */
enum virtio_register {
    VIRTIO_MAGIC = 0x000,
    VIRTIO_VERSION = 0x004,
    VIRTIO_DEVICE_ID = 0x008,
    VIRTIO_DEVICE_FEATURES = 0x010,
    VIRTIO_DEVICE_FEATURES_SEL = 0x014,
    VIRTIO_DRIVER_FEATURES = 0x020,
    VIRTIO_DRIVER_FEATURES_SEL = 0x024,
    VIRTIO_QUEUE_SEL = 0x030,
    VIRTIO_QUEUE_NUM_MAX = 0x034,
    VIRTIO_QUEUE_NUM = 0x038,
    VIRTIO_QUEUE_READY = 0x044,
    VIRTIO_QUEUE_NOTIFY = 0x050,
    VIRTIO_INTERRUPT_STATUS = 0x060,
    VIRTIO_INTERRUPT_ACK = 0x064,
    VIRTIO_STATUS = 0x070,
    VIRTIO_QUEUE_DESC = 0x080, /* low word; the high word follows */
    VIRTIO_QUEUE_DRIVER = 0x090,
    VIRTIO_QUEUE_DEVICE = 0x0a0,
};

#define VIRTIO_MAGIC_VALUE 0x74726976u
#define VIRTIO_VERSION_MMIO 2
#define VIRTIO_ID_NONE 0 /* 4.2.3.1.1: an empty slot */

/* 2.1: the device status field */
#define VIRTIO_STATUS_ACKNOWLEDGE 1u
#define VIRTIO_STATUS_DRIVER 2u
#define VIRTIO_STATUS_DRIVER_OK 4u
#define VIRTIO_STATUS_FEATURES_OK 8u
#define VIRTIO_STATUS_NEEDS_RESET 64u

/* 4.2.2: InterruptStatus */
#define VIRTIO_INTERRUPT_USED 1u
#define VIRTIO_INTERRUPT_CONFIG 2u

/* 6: feature bits of any device */
#define VIRTIO_F_INDIRECT_DESC_BIT 28
#define VIRTIO_F_EVENT_IDX_BIT 29
#define VIRTIO_F_VERSION_1_BIT 32

/* 2.7.5: a descriptor */
#define VIRTQ_DESC_F_NEXT 1u
#define VIRTQ_DESC_F_WRITE 2u
#define VIRTQ_DESC_F_INDIRECT 4u
struct virtq_desc {
    uint64_t address;
    uint32_t length;
    uint16_t flags;
    uint16_t next;
};

/* 2.7.6: what the driver offers; after ring[size] one more: used_event */
#define VIRTQ_AVAIL_F_NO_INTERRUPT 1u
struct virtq_avail {
    uint16_t flags;
    _Atomic uint16_t index;
    uint16_t ring[];
};

/* 2.7.8: what the device has used; after ring[size] one more 16-bit word: avail_event */
#define VIRTQ_USED_F_NO_NOTIFY 1u
struct virtq_used_element {
    uint32_t id;
    uint32_t length;
};
struct virtq_used {
    uint16_t flags;
    _Atomic uint16_t index;
    struct virtq_used_element ring[];
};

#endif
