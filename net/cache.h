/* net/cache.h: cache maintenance by address, for boards whose devices do not see the CPU's cache. A board says so in
 * its configuration (`coherent`); on the others none of this is called.
 */
#ifndef NET_CACHE_H
#define NET_CACHE_H

#include <stddef.h>

/* Before a device reads [start, start + length). */
void cache_clean(const void *start, size_t length);

/* Before the CPU reads what a device wrote there. User level has no plain invalidate (Arm ARM D7.2, DC IVAC is EL1's):
 * it is clean and invalidate, which is right only as long as nobody has written these lines since the device was given
 * them. */
void cache_invalidate(const void *start, size_t length);

#endif
