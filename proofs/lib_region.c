/* proofs/lib_region.c: the way from an offset that somebody sent to a pointer, for every region, offset and length. */
#include "proofs/cbmc.h"
#include "lib/region/region.c"

static struct region region;
static uint64_t offset, length;

static void anything(void)
{
    ANYTHING(&region);
    offset = nondet_u64();
    length = nondet_u64();
}

/* In numbers that cannot overflow. */
static bool fits(uint64_t from)
{
    return (unsigned __int128)from + length <= region.size;
}

void holds_is_exact(void)
{
    anything();
    PROVE(region_holds(&region, offset, length) == fits(offset));
    POSSIBLE(1);
}

/* A real piece of memory; offset and length are still any numbers. */
void pointer_is_the_offsets(void)
{
    static uint8_t memory[16];

    anything();
    region.base = memory;
    ASSUME(region.size <= sizeof(memory));
    uint8_t *at = region_at(&region, offset, length);

    PROVE((at != NULL) == fits(offset));
    if (at != NULL) {
        PROVE(at == memory + offset);
        PROVE(__CPROVER_rw_ok(at, length));
        POSSIBLE(1);
    }
}

void bus_address_comes_back(void)
{
    struct bus_address bus;
    uint64_t back;

    anything();
    ASSUME(region.bus + region.size >= region.bus);
    bool there = region_bus(&region, offset, length, &bus);
    PROVE(there == (region.bus != 0 && fits(offset)));
    if (there) {
        PROVE(region_from_bus(&region, bus, length, &back) && back == offset);
        POSSIBLE(1);
    }
}

void bus_address_is_within(void)
{
    struct bus_address bus = {.value = nondet_u64()};
    uint64_t from;

    anything();
    if (region_from_bus(&region, bus, length, &from)) {
        PROVE(fits(from) && region.bus + from == bus.value && bus.value >= region.bus);
        POSSIBLE(1);
    }
}
