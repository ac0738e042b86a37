/* net/dma.h: frames on their way to a device and back. Nowhere else does an offset become a device's address, or a
 * device's address a pointer, and both maintain the caches where the device does not see them: whoever has an address
 * has clean memory. (A driver's own descriptors are apart: uncached where devices do not see caches.)
 */
#ifndef NET_DMA_H
#define NET_DMA_H

#include <stdbool.h>
#include "lib/region.h"
#include "net/cache.h"

/* What the device is to read. Mapped here where it is not coherent. False: it lies outside the region. */
static inline bool dma_to_device(const struct region *region, uint64_t offset, uint64_t length, bool coherent,
                                 struct bus_address *bus)
{
    if (!region_bus(region, offset, length, bus)) {
        return false;
    }
    if (!coherent) {
        cache_clean((const uint8_t *)region->base + offset, length);
    }
    return true;
}

/* What the device is to write, in memory that no CPU writes, so no dirty line can come over it. */
static inline bool dma_for_device(const struct region *region, uint64_t offset, uint64_t length,
                                  struct bus_address *bus)
{
    return region_bus(region, offset, length, bus);
}

/* What the device has written, to be read. NULL: it lies outside the region. */
static inline const uint8_t *dma_from_device(const struct region *region, struct bus_address bus, uint64_t length,
                                             bool coherent)
{
    uint64_t offset;

    if (!region_from_bus(region, bus, length, &offset)) {
        return NULL;
    }
    const uint8_t *start = region_at(region, offset, length);
    if (!coherent) {
        cache_invalidate(start, length);
    }
    return start;
}

#endif
