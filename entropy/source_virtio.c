/* source_virtio.c: a virtio entropy device on MMIO (VIRTIO 1.2, 5.4), for entropy/server.c.
 *   consumes  bytes that the device has written   NOT trusted: that they are random is for the service to judge, that
 *             there are as many as it says is checked here
 *   produces  one buffer at a time for the device: its only queue never has more
 *   restart   the device is reset before its memory is used anew (virtio/device.h)
 *   dies      when the device has failed and asks for a reset
 */
#include "entropy/source.h"

#include "entropy/config.h"
#include "lib/pd.h"
#include "virtio/device.h"

#define VIRTIO_ID_ENTROPY 4 /* 5.4.1 */
#define REQUESTQ 0          /* 5.4.2 */
#define NEEDED \
    (VIRTIO_BIT(VIRTIO_F_VERSION_1_BIT) | VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC_BIT)) /* 5.4.3: none of its own */
#define QUEUE_SIZE 2 /* one buffer is all that it ever has */
#define CHAIN 1

static struct {
    struct virtio_device device;
    struct virtq queue;
    uint8_t *buffer;
    uint64_t buffer_bus;
    uint32_t asked;
} self;

const char *source_start(void)
{
    struct virtio_device *device = &self.device;

    device->registers = entropy_config.registers;
    device->memory = entropy_config.memory;
    if (!virtio_device_begin(device, VIRTIO_ID_ENTROPY, NEEDED, 0) ||
        !virtio_device_queue(device, &self.queue, REQUESTQ, QUEUE_SIZE, CHAIN)) {
        return device->wrong;
    }
    self.buffer = virtio_device_cut(device, SOURCE_BYTES_MAX, &self.buffer_bus);
    require(self.buffer, "entropy: size of its memory", device->memory.size);
    virtio_device_go(device);
    return NULL;
}

/* 5.4.6.1: a buffer that the device may write. */
void source_ask(uint32_t count)
{
    uint16_t slot;

    if (!virtq_slot(&self.queue, &slot)) {
        return; /* the device keeps all that it was ever given */
    }
    self.asked = count < SOURCE_BYTES_MAX ? count : SOURCE_BYTES_MAX;
    virtq_table(&self.queue, slot)[0] = (struct virtq_desc){
        .address = self.buffer_bus, .length = self.asked, .flags = VIRTQ_DESC_F_WRITE};
    virtq_offer(&self.queue, slot, CHAIN);
    virtio_device_publish(&self.device, &self.queue, REQUESTQ);
}

/* More than it was asked for it has not written: the alleged rest is not looked at. */
bool source_take(uint8_t **bytes, uint32_t *count)
{
    uint16_t slot;
    uint32_t written;

    if (!virtq_collect(&self.queue, &slot, &written)) {
        return false;
    }
    *bytes = self.buffer;
    *count = written < self.asked ? written : self.asked;
    return true;
}

void source_interrupt(void)
{
    virtq_woken(&self.queue);
    if (!virtio_device_acknowledge(&self.device)) {
        pd_die("entropy: the device has failed and asks for a reset");
    }
}
