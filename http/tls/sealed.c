/* sealed.c: memory of records that are sent.
 *   owns      a transmit region, cut into blocks of two sizes: a record that fills a segment, the largest record
 *   consumes  net/ip's word whether a descriptor still names some memory
 *   invariant a block is free, in exactly one connection's hands, or pending: nobody's, but still named by a descriptor
 *             what lies in the region is sealed: it is the network's, and no page and no request is to be read there
 *   when full NULL; freed() tells of the next one
 *   waits     for descriptors where somebody lacks a block and some are pending: else they come back in their own time
 * Where one answer follows the other some descriptor always is out, and net/ip's word that none is does not come: what is
 * pending is looked at again whenever it has doubled, so that it never is more than twice what descriptors name. That
 * word costs a wake-up: it is asked for where somebody lacks a block, or the block is one of the few large ones.
 */
#include "http/tls/sealed.h"

#include "lib/pd.h"
#include "net/ip/ip.h"

enum { SMALL, LARGE, KINDS };
#define PENDING_LEAST 8 /* before they are looked at again */

static struct {
    void (*freed)(void);
    struct sealed small[SEALED_SMALL_COUNT], large[SEALED_LARGE_COUNT];
    struct sealed *free[KINDS];
    uint32_t free_count[KINDS];
    struct sealed *pending;
    uint32_t pending_count, look_at; /* how many; with so many they are looked at */
    bool sent_awaited, lacked;
} self;

static void put_free(struct sealed *block)
{
    int kind = block->room == SEALED_LARGE;
    block->next = self.free[kind];
    self.free[kind] = block;
    self.free_count[kind]++;
    if (self.lacked) {
        self.lacked = false;
        self.freed();
    }
}

/* Too many may wait for that already: the next block that is given back asks again. */
static void on_sent(void *context);

static void await_sent(void)
{
    if (self.pending && !self.sent_awaited) {
        self.sent_awaited = true; /* it may be called at once */
        if (!ip_when_sent(on_sent, NULL)) {
            self.sent_awaited = false;
        }
    }
    if (self.lacked && self.pending) {
        ip_hurry_sent();
    }
}

/* A retransmission may be under way. */
static void settle(struct sealed *block)
{
    if (ip_sends_from(block->at, block->room + RECORD_OVERHEAD)) {
        block->next = self.pending;
        self.pending = block;
        self.pending_count++;
    } else {
        put_free(block);
    }
}

static void look_again(void)
{
    struct sealed *block = self.pending, *next;
    self.pending = NULL;
    self.pending_count = 0;
    for (; block; block = next) {
        next = block->next;
        settle(block);
    }
    self.look_at = 2 * self.pending_count > PENDING_LEAST ? 2 * self.pending_count : PENDING_LEAST;
}

static void on_sent(void *context)
{
    self.sent_awaited = false;
    look_again();
}

void sealed_give_back(struct sealed *block)
{
    bool large = block->room == SEALED_LARGE;
    settle(block);
    if (self.pending_count >= self.look_at) {
        look_again();
    }
    if (large || self.lacked) {
        await_sent();
    }
}

void sealed_await(void)
{
    self.lacked = true;
    await_sent();
}

static struct sealed *take(int kind)
{
    struct sealed *block = self.free[kind];
    self.free[kind] = block->next;
    self.free_count[kind]--;
    block->next = NULL;
    block->length = 0;
    return block;
}

static bool none_is_free(void)
{
    return !self.free[SMALL] && !self.free[LARGE];
}

struct sealed *sealed_take(bool large)
{
    if (none_is_free()) {
        look_again();
    }
    if (none_is_free()) {
        sealed_await(); /* one may come at once */
    }
    int kind = self.free[large] ? large : !large;
    return self.free[kind] ? take(kind) : NULL;
}

struct sealed *sealed_take_small(void)
{
    return self.free[SMALL] ? take(SMALL) : NULL;
}

uint32_t sealed_room(void)
{
    return self.free_count[SMALL] * SEALED_SMALL + self.free_count[LARGE] * SEALED_LARGE;
}

uint32_t sealed_share(void)
{
    return self.free_count[LARGE] / 4 * SEALED_LARGE + self.free_count[SMALL] / SEALED_SHARE * SEALED_SMALL;
}

static uint8_t *cut(struct sealed *blocks, uint32_t count, uint8_t *at, uint32_t bytes, uint16_t room)
{
    for (uint32_t i = 0; i < count; i++, at += bytes) {
        blocks[i] = (struct sealed){.at = at, .room = room};
        put_free(&blocks[i]);
    }
    return at;
}

void sealed_init(const struct region *region, void (*freed)(void))
{
    require(region->base && region->size >= SEALED_BYTES, "tls: sealed.size", region->size);
    self.freed = freed;
    self.look_at = PENDING_LEAST;
    uint8_t *at = cut(self.large, SEALED_LARGE_COUNT, region->base, SEALED_LARGE_BYTES, SEALED_LARGE);
    cut(self.small, SEALED_SMALL_COUNT, at, SEALED_SMALL_BYTES, SEALED_SMALL);
}
