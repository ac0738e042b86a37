/* lib/heap.h: where malloc takes its memory. By default the PD's own heap: `pd_heap_size` bytes, given at link time
 * (--defsym=pd_heap_size=..., default 0). A PD that wants it elsewhere names a region before the first malloc.
 */
#ifndef LIB_HEAP_H
#define LIB_HEAP_H

#include <stddef.h>
#include "lib/region.h"

void heap_use(const struct region *region);

/* Bytes ever taken: malloc does not give back. */
size_t heap_used(void);

#endif
