/* tests/unit/device_index.h: included before each source of a driver's test: the index that the device writes is asked of
 * its model each time that the driver reads it, since a device may go on meanwhile. */
#ifndef UNIT_DEVICE_INDEX_H
#define UNIT_DEVICE_INDEX_H

#include <stdatomic.h>
#include <stdint.h>

void device_goes_on(const _Atomic uint16_t *index);

#undef atomic_load_explicit
#define atomic_load_explicit(at, order) (device_goes_on(at), *(at))

#endif
