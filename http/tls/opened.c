/* opened.c: memory of records that come, of two sizes: what fits into a frame, the largest record.
 *   consumes  lwIP's pbuf_free(), which hands them back
 *   invariant no device and no other domain reads it: what is opened here stays as it was checked
 *   when full NULL; freed() tells of the next one
 */
#include "http/tls/opened.h"

#include "lib/pd.h"

#define SMALL_BYTES 1536
#define LARGE_BYTES RECORD_BYTES_MAX
#define SMALL_COUNT 64
#define LARGE_COUNT 8

struct opened {
    struct pbuf_custom packet; /* first: lwIP hands back a pointer to it */
    struct opened *next;
    uint8_t *at;
    bool large;
};

static struct {
    void (*freed)(void);
    struct opened packets[SMALL_COUNT + LARGE_COUNT], *free[2];
    uint8_t small[SMALL_COUNT][SMALL_BYTES], large[LARGE_COUNT][LARGE_BYTES];
    bool lacked;
} self;

static void put_free(struct opened *packet)
{
    packet->next = self.free[packet->large];
    self.free[packet->large] = packet;
}

static void on_free(struct pbuf *p)
{
    put_free((struct opened *)(void *)p);
    if (self.lacked) {
        self.lacked = false;
        self.freed();
    }
}

struct pbuf *opened_take(uint32_t bytes)
{
    bool large = bytes > SMALL_BYTES || !self.free[0];
    struct opened *packet = self.free[large];
    if (!packet) {
        self.lacked = true;
        return NULL;
    }
    self.free[large] = packet->next;
    packet->packet.custom_free_function = on_free;
    return pbuf_alloced_custom(PBUF_RAW, (u16_t)bytes, PBUF_REF, &packet->packet, packet->at, (u16_t)bytes);
}

void opened_await(void)
{
    self.lacked = true;
}

void opened_init(void (*freed)(void))
{
    self.freed = freed;
    for (uint32_t i = 0; i < SMALL_COUNT + LARGE_COUNT; i++) {
        bool large = i >= SMALL_COUNT;
        self.packets[i] = (struct opened){.at = large ? self.large[i - SMALL_COUNT] : self.small[i], .large = large};
        put_free(&self.packets[i]);
    }
}
