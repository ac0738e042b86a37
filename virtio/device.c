/* device.c: a virtio device on MMIO, from its reset to its first queue entry; see device.h.
 *   consumes  the device's registers, NOT trusted: each value is checked, and a reset that does not end is given up
 *   produces  a device that reads and writes the region `memory` alone
 */
#include "virtio/device.h"

#include <string.h>
#include "lib/mmio.h"
#include "lib/pd.h"

#define RESET_READS \
    100000 /* some hundredths of a second at least, since a read goes to the device and back; and less
                              than a watchdog gives (compose/supervisor.py) */

static uint32_t read_register(const struct virtio_device *device, uint32_t offset)
{
    return mmio_read(device->registers, offset);
}

static void write_register(const struct virtio_device *device, uint32_t offset, uint32_t value)
{
    mmio_write(device->registers, offset, value);
}

static void write_address(const struct virtio_device *device, uint32_t offset, uint64_t value)
{
    write_register(device, offset, (uint32_t)value);
    write_register(device, offset + 4, (uint32_t)(value >> 32));
}

static bool refuse(struct virtio_device *device, const char *wrong, uint64_t value)
{
    device->wrong = wrong;
    device->value = value;
    return false;
}

static bool is_there(struct virtio_device *device, uint32_t id)
{
    uint32_t magic = read_register(device, VIRTIO_MAGIC), version = read_register(device, VIRTIO_VERSION);
    uint32_t found = read_register(device, VIRTIO_DEVICE_ID);

    if (magic != VIRTIO_MAGIC_VALUE) {
        return refuse(device, "virtio: device magic", magic);
    }
    if (found == VIRTIO_ID_NONE) {
        return refuse(device, "virtio: there is no device in its place", found);
    }
    if (version != VIRTIO_VERSION_MMIO) {
        return refuse(device, "virtio: device version", version);
    }
    return found == id || refuse(device, "virtio: device id", found);
}

/* 4.2.2.2: it is done when the register reads 0. */
static bool reset(struct virtio_device *device)
{
    uint32_t reads = 0;

    write_register(device, VIRTIO_STATUS, 0);
    while (read_register(device, VIRTIO_STATUS) != 0) {
        if (++reads == RESET_READS) {
            return refuse(device, "virtio: a device that does not end its reset; status",
                          read_register(device, VIRTIO_STATUS));
        }
    }
    return true;
}

static bool negotiate(struct virtio_device *device, uint64_t needed, uint64_t wanted)
{
    write_register(device, VIRTIO_DEVICE_FEATURES_SEL, 0);
    uint64_t offered = read_register(device, VIRTIO_DEVICE_FEATURES);
    write_register(device, VIRTIO_DEVICE_FEATURES_SEL, 1);
    offered |= (uint64_t)read_register(device, VIRTIO_DEVICE_FEATURES) << 32;
    if ((offered & needed) != needed) {
        return refuse(device, "virtio: features that the device offers", offered);
    }
    device->features = offered & (needed | wanted);
    write_register(device, VIRTIO_DRIVER_FEATURES_SEL, 0);
    write_register(device, VIRTIO_DRIVER_FEATURES, (uint32_t)device->features);
    write_register(device, VIRTIO_DRIVER_FEATURES_SEL, 1);
    write_register(device, VIRTIO_DRIVER_FEATURES, (uint32_t)(device->features >> 32));
    return true;
}

/* 3.1.1: the order of these steps is the specification's. */
bool virtio_device_begin(struct virtio_device *device, uint32_t id, uint64_t needed, uint64_t wanted)
{
    uint32_t status = VIRTIO_STATUS_ACKNOWLEDGE;

    if (!is_there(device, id) || !reset(device)) {
        return false;
    }
    if (pd_generation() > 1) { /* the image's is zero, a former life's is not */
        memset(device->memory.base, 0, device->memory.size);
    }
    write_register(device, VIRTIO_STATUS, status);
    write_register(device, VIRTIO_STATUS, status |= VIRTIO_STATUS_DRIVER);
    if (!negotiate(device, needed, wanted)) {
        return false;
    }
    write_register(device, VIRTIO_STATUS, status | VIRTIO_STATUS_FEATURES_OK);
    return (read_register(device, VIRTIO_STATUS) & VIRTIO_STATUS_FEATURES_OK) ||
           refuse(device, "virtio: features refused", device->features);
}

void *virtio_device_cut(struct virtio_device *device, uint64_t bytes, uint64_t *bus)
{
    struct bus_address address = {0};
    void *memory = region_at(&device->memory, device->used, bytes);

    if (!memory || !region_bus(&device->memory, device->used, bytes, &address)) {
        return NULL;
    }
    device->used += (bytes + 63) & ~63ull;
    *bus = address.value;
    return memory;
}

/* 4.2.3.2 */
bool virtio_device_queue(struct virtio_device *device, struct virtq *q, uint32_t index, uint16_t size_max,
                         uint16_t chain_max)
{
    uint64_t bus;

    write_register(device, VIRTIO_QUEUE_SEL, index);
    uint32_t size = read_register(device, VIRTIO_QUEUE_NUM_MAX);
    if (size == 0 || read_register(device, VIRTIO_QUEUE_READY) != 0) {
        return refuse(device, "virtio: device queue", index);
    }
    size = size > size_max ? size_max : size;
    while (size & (size - 1)) {
        size &= size - 1;
    }
    void *memory = virtio_device_cut(device, virtq_bytes((uint16_t)size, chain_max), &bus);
    if (!memory) {
        return refuse(device, "virtio: size of the memory for queues", device->memory.size);
    }
    virtq_init(q, (uint16_t)size, chain_max, memory, bus, device->features & VIRTIO_BIT(VIRTIO_F_EVENT_IDX_BIT));
    write_register(device, VIRTIO_QUEUE_NUM, size);
    write_address(device, VIRTIO_QUEUE_DESC, q->entries_bus);
    write_address(device, VIRTIO_QUEUE_DRIVER, q->avail_bus);
    write_address(device, VIRTIO_QUEUE_DEVICE, q->used_bus);
    write_register(device, VIRTIO_QUEUE_READY, 1);
    return true;
}

void virtio_device_go(const struct virtio_device *device)
{
    write_register(device, VIRTIO_STATUS,
                   VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FEATURES_OK |
                       VIRTIO_STATUS_DRIVER_OK);
}

void virtio_device_publish(const struct virtio_device *device, struct virtq *q, uint32_t index)
{
    if (virtq_publish(q)) {
        write_register(device, VIRTIO_QUEUE_NOTIFY, index);
    }
}

bool virtio_device_acknowledge(const struct virtio_device *device)
{
    uint32_t reasons = read_register(device, VIRTIO_INTERRUPT_STATUS);

    write_register(device, VIRTIO_INTERRUPT_ACK, reasons);
    return !(reasons & VIRTIO_INTERRUPT_CONFIG) || !(read_register(device, VIRTIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET);
}
