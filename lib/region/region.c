/* lib/region/region.c: bounds first, by subtraction, so that no sum can overflow. */
#include "lib/region.h"

#include <string.h>

bool region_holds(const struct region *region, uint64_t offset, uint64_t length)
{
    return offset <= region->size && length <= region->size - offset;
}

void *region_at(const struct region *region, uint64_t offset, uint64_t length)
{
    if (!region_holds(region, offset, length)) {
        return NULL;
    }
    return (uint8_t *)region->base + offset;
}

/* A function of its own, not inline: a compiler that sees the copy might read the region again in its place. */
bool region_copy(const struct region *region, uint64_t offset, uint64_t length, void *to)
{
    const void *from = region_at(region, offset, length);

    if (from) {
        memcpy(to, from, length);
    }
    return from != NULL;
}

bool region_bus(const struct region *region, uint64_t offset, uint64_t length, struct bus_address *bus)
{
    if (region->bus == 0 || !region_holds(region, offset, length)) {
        return false;
    }
    bus->value = region->bus + offset;
    return true;
}

bool region_from_bus(const struct region *region, struct bus_address bus, uint64_t length, uint64_t *offset)
{
    uint64_t from_start = bus.value - region->bus;

    if (region->bus == 0 || bus.value < region->bus || !region_holds(region, from_start, length)) {
        return false;
    }
    *offset = from_start;
    return true;
}
