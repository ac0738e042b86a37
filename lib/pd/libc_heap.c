/* lib/pd/libc_heap.c: the memory behind malloc: [__heap_start, __heap_end) of mk/pd.ld, or a region given at init.
 *   trusts    its PD alone: no other one reaches this memory
 *   when full sbrk() fails with ENOMEM, and so malloc() returns NULL; nothing has changed
 */
#include <unistd.h>

#include "lib/heap.h"
#include "lib/pd.h"

extern char __heap_start[], __heap_end[]; /* mk/pd.ld; their distance is pd_heap_size, 0 if not given */

static struct {
    char *start, *next, *end;
} self;

void heap_use(const struct region *region)
{
    require(!self.start, "heap: used before heap_use", (uintptr_t)self.next);
    self.start = self.next = region->base;
    self.end = self.start + region->size;
}

size_t heap_used(void)
{
    return (size_t)(self.next - self.start);
}

void *sbrk(ptrdiff_t increment)
{
    if (!self.start) {
        self.start = self.next = __heap_start;
        self.end = __heap_end;
    }
    if (increment > self.end - self.next || increment < self.start - self.next) {
        errno = ENOMEM;
        return (void *)-1;
    }
    void *before = self.next;

    self.next += increment;
    return before;
}
