/* lib/region.h: the only way from an offset that somebody else sent to a pointer. */
#ifndef LIB_REGION_H
#define LIB_REGION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A memory region as this PD sees it; compose/ writes it. `bus` is where a device sees its first byte, for DMA
 * regions (else 0). */
struct region {
    void *base;
    uint64_t size; /* bytes */
    uint64_t bus;
};

/* [offset, offset + length) inside the region, or NULL. Never overflows. A length of 0 at offset <= size is inside. */
void *region_at(const struct region *region, uint64_t offset, uint64_t length);
bool region_holds(const struct region *region, uint64_t offset, uint64_t length);

/* Copies [offset, offset + length) out of a region that somebody else may write at any time: each byte is read once,
 * here, so that what is checked afterwards is what is used. False: it is not inside. */
bool region_copy(const struct region *region, uint64_t offset, uint64_t length, void *to);

/* An address for a device: not an offset, not a pointer, so that a forgotten translation does not compile. */
struct bus_address {
    uint64_t value;
};
bool region_bus(const struct region *region, uint64_t offset, uint64_t length, struct bus_address *bus);
bool region_from_bus(const struct region *region, struct bus_address bus, uint64_t length, uint64_t *offset);

#endif
