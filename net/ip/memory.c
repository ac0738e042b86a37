/* memory.c: packet memory for lwIP, from one region cut into blocks of three sizes. Constant time, no fragmentation.
 *
 * Small blocks are for headers of their own (acknowledgements, and each segment whose data is only referenced), so that
 * answers still leave when data has used up the rest; full ones hold a segment; a few large ones hold a datagram to be fragmented.
 */
#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "lib/pd.h"
#include "lwip/tcp.h"
#include "net/ip/internal.h"

#define SMALL 256
#define FULL 1664 /* pbuf, headers, a segment of 1460 bytes */
#define LARGE 66048 /* pbuf, headers, the largest datagram */
#define LARGE_COUNT 3
#define KEPT_BACK 640       /* full blocks: two segments for each of 320 connections that send at a time; with more, a write may have to wait */
#define KEPT_BACK_SMALL 512 /* for acknowledgements, while segments by reference take one each */

struct block {
    struct block *next;
};

static struct {
    struct kind {
        uint8_t *start, *end;
        size_t size;
        struct block *free;
        size_t free_count;
    } kinds[3];
    uint64_t failures;
} self;

static uint8_t *cut(struct kind *kind, uint8_t *at, size_t size, size_t count)
{
    *kind = (struct kind){.start = at, .end = at + size * count, .size = size, .free_count = count};
    for (size_t i = count; i-- > 0;) {
        struct block *block = (struct block *)(at + i * size);
        block->next = kind->free;
        kind->free = block;
    }
    return kind->end;
}

void memory_init(const struct region *region)
{
    require(region->base && region->size >= IP_MEMORY_MIN, "ip: memory.size", region->size);
    uint8_t *at = region->base;
    uint64_t left = region->size;
    at = cut(&self.kinds[2], at, LARGE, LARGE_COUNT);
    left -= LARGE * LARGE_COUNT;
    uint64_t small = left / 8 / SMALL;
    at = cut(&self.kinds[0], at, SMALL, small);
    cut(&self.kinds[1], at, FULL, (left - small * SMALL) / FULL);
}

uint64_t memory_failures(void)
{
    return self.failures;
}

uint32_t ip_send_share(void)
{
    size_t full = self.kinds[1].free_count > KEPT_BACK ? self.kinds[1].free_count - KEPT_BACK : 0;
    size_t small = self.kinds[0].free_count > KEPT_BACK_SMALL ? self.kinds[0].free_count - KEPT_BACK_SMALL : 0;
    size_t spare = (full < small ? full : small) / 4 * TCP_MSS;
    return spare > TCP_SND_BUF ? TCP_SND_BUF : spare < 2 * TCP_MSS ? 2 * TCP_MSS : (uint32_t)spare;
}

void *ip_memory_take(size_t size)
{
    for (int i = 0; i < 3; i++) {
        struct kind *kind = &self.kinds[i];
        if (size <= kind->size) {
            struct block *block = kind->free;
            if (block) {
                kind->free = block->next;
                kind->free_count--;
                return block;
            }
            break;
        }
    }
    self.failures++;
    return NULL;
}

void *ip_memory_take_zeroed(size_t count, size_t size)
{
    void *memory = ip_memory_take(count * size);
    return memory ? memset(memory, 0, count * size) : NULL;
}

void ip_memory_give(void *memory)
{
    for (int i = 0; i < 3; i++) {
        struct kind *kind = &self.kinds[i];
        if ((uint8_t *)memory >= kind->start && (uint8_t *)memory < kind->end) {
            struct block *block = memory;
            block->next = kind->free;
            kind->free = block;
            kind->free_count++;
            return;
        }
    }
    assert(!"memory that is not ours is given back");
}
