/* pools.c: lwIP's control blocks, from pools of fixed size; in place of its core/memp.c, which has the same sizes for
 * every program. How many connections and segments there are is the program's configuration; the pools are cut off
 * its memory. It serves lwIP and this PD alone; an empty pool gives NULL, which lwIP answers by refusing or waiting.
 * Constant time. Each pool's free elements form a list by their first word; its head is memp_tab_NAME (bench/pools.py
 * reads it).
 */
#include "lib/pd.h"

#include "lwip/etharp.h"
#include "lwip/ip4_frag.h"
#include "lwip/memp.h"
#include "lwip/pbuf.h"
#include "lwip/priv/memp_priv.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/udp.h"
#include "net/ip/internal.h"

#define LWIP_MEMPOOL(name, number, bytes, description) static struct memp *memp_tab_##name;
#include "lwip/priv/memp_std.h"

static uint32_t left[MEMP_MAX], segments;

static const struct pool {
    struct memp **free;
    uint16_t size, count;
} pools[MEMP_MAX] = {
#define LWIP_MEMPOOL(name, number, bytes, description) \
    [MEMP_##name] = {&memp_tab_##name, LWIP_MEM_ALIGN_SIZE(bytes), number},
#include "lwip/priv/memp_std.h"
};

_Static_assert(LWIP_MEM_ALIGN_SIZE(sizeof(struct tcp_pcb)) <= IP_CONNECTION_BYTES, "what a connection takes");
_Static_assert(LWIP_MEM_ALIGN_SIZE(sizeof(struct tcp_seg)) + LWIP_MEM_ALIGN_SIZE(sizeof(struct pbuf)) <=
                   IP_SEGMENT_BYTES,
               "what a segment takes");

static uint32_t count_of(const struct ip_config *config, uint32_t type)
{
    switch (type) {
    case MEMP_TCP_PCB: return config->connections;
    case MEMP_TCP_SEG:
    case MEMP_PBUF: return config->segments;
    default: return pools[type].count;
    }
}

uint8_t *ip_pools_init(const struct ip_config *config, uint8_t *at)
{
    for (uint32_t type = 0; type < MEMP_MAX; type++) {
        for (uint32_t i = count_of(config, type); i-- > 0; at += pools[type].size) {
            memp_free((memp_t)type, at);
        }
    }
    segments = left[MEMP_TCP_SEG];
    return at;
}

bool ip_pools_have_segments(uint32_t eighths)
{
    return left[MEMP_TCP_SEG] * 8 > segments * eighths;
}

static uint32_t segments_left(void)
{
    return LWIP_MIN(left[MEMP_TCP_SEG], left[MEMP_PBUF]);
}

uint32_t ip_pools_spare(void)
{
    uint32_t both = segments_left();
    return both > segments / 2 ? both - segments / 2 : 0;
}

bool ip_pools_are_low(void)
{
    return segments_left() < segments / 8;
}

void memp_init(void) {} /* ip_pools_init() was before */

void *memp_malloc(memp_t type)
{
    struct memp *element = *pools[type].free;
    if (element) {
        *pools[type].free = element->next;
        left[type]--;
    }
    return element;
}

void memp_free(memp_t type, void *element)
{
    struct memp *freed = element;
    if (freed) {
        freed->next = *pools[type].free;
        *pools[type].free = freed;
        left[type]++;
    }
}
