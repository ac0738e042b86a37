/* sums.c: see sums.h. A direct-mapped table by place; an entry counts while its blocks are of the same generation.
 * Segments of one file lie further apart than a place is large, so that they do not push each other out.
 *   trusts    this PD: whoever changes memory of the region says so (ip_memory_changed)
 *   when full two segments with one entry: the later one's sum is kept, the other is computed anew
 */
#include "net/ip/sums.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "net/ip/checksum.h"
#include "net/ip/ip.h"

#define BLOCK_BITS 16   /* memory changes in blocks of 64 KiB; one change forgets all sums in its blocks */
#define BLOCKS_MAX 1024 /* beyond these nothing is kept */
#define PLACE_BITS 10   /* less than a segment */
#define WORTH 256       /* bytes; a smaller piece is summed as fast as looked up */

static struct {
    uintptr_t base;
    uint64_t size;
    uint32_t generations[BLOCKS_MAX]; /* 0: not known to stay */
    struct sum {
        uint32_t offset;
        uint32_t generation; /* of its first and last block, added */
        uint16_t length;
        uint16_t sum;
    } * sums; /* NULL: nothing is kept */
    uint32_t sum_mask;
} self;

_Static_assert(sizeof(struct sum) == IP_SUM_BYTES, "what a sum takes");

void ip_sums_init(const struct region *region)
{
    uint64_t most = (uint64_t)BLOCKS_MAX << BLOCK_BITS;
    self.base = (uintptr_t)region->base;
    self.size = region->size < most ? region->size : most;
}

void ip_keep_sums(void *table, uint32_t count)
{
    self.sums = table;
    self.sum_mask = count - 1;
    memset(table, 0, (size_t)count * IP_SUM_BYTES);
}

void ip_memory_changed(const void *at, uint64_t size)
{
    uint64_t offset = (uintptr_t)at - self.base;
    if (size == 0 || offset >= self.size || size > self.size - offset) {
        return;
    }
    for (uint64_t block = offset >> BLOCK_BITS; block <= (offset + size - 1) >> BLOCK_BITS; block++) {
        self.generations[block]++;
    }
}

/* At most two blocks, since a piece is at most 64 KiB. Generations only grow, so their sum changes when one of them
 * does. */
static uint32_t generation_of(uint64_t offset, uint32_t length)
{
    uint64_t first = offset >> BLOCK_BITS, last = (offset + length - 1) >> BLOCK_BITS;
    uint32_t a = self.generations[first], b = self.generations[last];
    return a == 0 || b == 0 ? 0 : first == last ? a : a + b;
}

unsigned short ip_sums_checksum(const void *data, int length)
{
    uint64_t offset = (uintptr_t)data - self.base;
    if (length < WORTH || !self.sums || offset >= self.size || (uint64_t)length > self.size - offset) {
        return ip_checksum(data, length);
    }
    uint32_t generation = generation_of(offset, (uint32_t)length);
    struct sum *sum = &self.sums[offset >> PLACE_BITS & self.sum_mask];
    if (sum->offset == offset && sum->length == length && sum->generation == generation && generation != 0) {
        return sum->sum;
    }
    uint16_t computed = ip_checksum(data, length);
    *sum = (struct sum){(uint32_t)offset, generation, (uint16_t)length, computed};
    return computed;
}
