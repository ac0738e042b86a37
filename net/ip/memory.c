/* memory.c: packet memory for lwIP, from one region cut into blocks of four sizes. Constant time, no fragmentation.
 *
 * Small blocks are for headers of their own (acknowledgements, and each segment whose data is only referenced), so
 * that answers still leave when data has used up the rest; middle ones for frames that are copied out of receive
 * buffers, mostly a request's head; full ones hold a segment; a large one, where the program asks for it, a datagram
 * while it is cut into fragments.
 *   when full NULL. A third of small and of full blocks is not for received frames. Nor are as many full ones, and two
 *             thirds of the small ones, for what a connection queues beyond what its peer takes at once
 */
#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "lib/pd.h"
#include "lwip/tcp.h"
#include "net/ip/internal.h"

#define SHARE_MAX 44  /* segments, of one connection */
#define SMALL_PART 4  /* of what is left, for small blocks, */
#define MIDDLE_PART 5 /* and for middle ones */

enum { SMALL, MIDDLE, FULL, LARGEST, KINDS };

static const size_t sizes[KINDS] = {
    [SMALL] = MEMORY_SMALL,
    [MIDDLE] = 640,
    [FULL] = 1664,                 /* pbuf, headers, a segment of 1460 bytes */
    [LARGEST] = IP_DATAGRAM_BYTES, /* pbuf, headers, the largest datagram */
};

struct block {
    struct block *next;
};

static struct {
    struct kind {
        uint8_t *end; /* where the next one's blocks begin */
        struct block *free;
        size_t free_count, count;
    } kinds[KINDS];
    uint8_t *start;
    uint64_t failures;
} self;

static uint8_t *cut(int number, uint8_t *at, size_t count)
{
    struct kind *kind = &self.kinds[number];
    size_t size = sizes[number];
    *kind = (struct kind){.end = at + size * count, .free_count = count, .count = count};
    for (size_t i = count; i-- > 0;) {
        struct block *block = (struct block *)(at + i * size);
        block->next = kind->free;
        kind->free = block;
    }
    return kind->end;
}

void *ip_memory_init(const struct ip_config *config, size_t tables)
{
    const struct region *region = &config->memory;
    uint64_t pools = tables + IP_POOLS_BYTES + (uint64_t)config->connections * IP_CONNECTION_BYTES +
                     (uint64_t)config->segments * IP_SEGMENT_BYTES;
    size_t large = config->large_datagrams ? sizes[LARGEST] : 0;
    require(region->base && region->size >= pools + large + IP_MEMORY_MIN, "ip: memory.size", region->size);
    uint8_t *at = ip_pools_init(config, (uint8_t *)region->base + tables),
            *end = (uint8_t *)region->base + region->size;
    require(at <= end - large - IP_MEMORY_MIN, "ip: the pools' bytes", (uint64_t)(at - (uint8_t *)region->base));
    size_t left = (size_t)(end - at) - large;
    self.start = at;
    at = cut(SMALL, at, left / SMALL_PART / sizes[SMALL]);
    at = cut(MIDDLE, at, left / MIDDLE_PART / sizes[MIDDLE]);
    at = cut(FULL, at, ((size_t)(end - at) - large) / sizes[FULL]);
    cut(LARGEST, at, config->large_datagrams);
    return memset(region->base, 0, tables);
}

uint64_t ip_memory_failures(void)
{
    return self.failures;
}

/* Of a block for so many bytes; KINDS: none is as large. */
static int kind_of(size_t size)
{
    int number = SMALL;
    while (number < KINDS && size > sizes[number]) {
        number++;
    }
    return number;
}

/* What is free beyond so many thirds of all. */
static uint32_t spare_of(int number, uint32_t thirds)
{
    const struct kind *kind = &self.kinds[number];
    size_t kept = kind->count * thirds / 3;
    return kind->free_count > kept ? (uint32_t)(kind->free_count - kept) : 0;
}

/* Copied data lies in full blocks, of referenced data there are headers in small ones and references. */
uint32_t ip_memory_send_share(bool by_reference)
{
    uint32_t small = spare_of(SMALL, 2), others = by_reference ? ip_pools_spare() : spare_of(FULL, 1);
    uint32_t half = LWIP_MIN(small, others) / 2;
    return LWIP_MIN(half, SHARE_MAX);
}

static bool is_low(const struct kind *kind)
{
    return kind->free_count < kind->count / 8;
}

bool ip_memory_is_low(void)
{
    return is_low(&self.kinds[SMALL]) || ip_pools_are_low();
}

bool ip_memory_lacks_full(void)
{
    return is_low(&self.kinds[FULL]);
}

bool ip_memory_for_received(uint32_t length)
{
    int number = kind_of(sizeof(struct pbuf) + length);
    uint32_t thirds = number == MIDDLE ? 0 : 1;
    return number < KINDS && (spare_of(number, thirds) > 0 || (number == MIDDLE && spare_of(FULL, 1) > 0));
}

uint32_t ip_memory_receive_room(void)
{
    return spare_of(FULL, 1);
}

uint32_t ip_memory_receive_capacity(void)
{
    return (uint32_t)(self.kinds[FULL].count - self.kinds[FULL].count / 3);
}

static void *take(struct kind *kind)
{
    struct block *block = kind->free;
    if (block) {
        kind->free = block->next;
        kind->free_count--;
    }
    return block;
}

void *ip_memory_take(size_t size)
{
    int number = kind_of(size);
    void *memory = number < KINDS ? take(&self.kinds[number]) : NULL;
    if (!memory && number == MIDDLE) {
        memory = take(&self.kinds[FULL]);
    }
    self.failures += !memory;
    return memory;
}

void *ip_memory_take_zeroed(size_t count, size_t size)
{
    void *memory = ip_memory_take(count * size);
    return memory ? memset(memory, 0, count * size) : NULL;
}

void ip_memory_give(void *memory)
{
    struct block *block = memory;
    int number = SMALL;
    while (number < KINDS && (uint8_t *)memory >= self.kinds[number].end) {
        number++;
    }
    assert((uint8_t *)memory >= self.start && number < KINDS);
    block->next = self.kinds[number].free;
    self.kinds[number].free = block;
    self.kinds[number].free_count++;
}
