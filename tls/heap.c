/* heap.c: blocks with boundary tags, free ones in lists by size: eight lists for each power of two.
 *   trusts    its PD alone: no other one reaches this memory
 *   invariant no two free blocks lie side by side; an account's `used` is the sum of its blocks; `common` is the sum of
 *             what all have beyond their own, but for the one that is charged
 *   invariant what was given back is wiped: secrets are made here
 *   time      bounded by constants, but for wiping: a list whose blocks all suffice is found in a bitmap
 *   when full NULL: of an account's own it is there in sum, though in a heap that is all used perhaps not in one piece
 */
#include "tls/heap.h"

#include <assert.h>
#include <string.h>

#define UNIT 16u /* sizes and addresses are multiples */
#define STEPS 8  /* lists for each power of two */
#define OCTAVE_FIRST 5
#define OCTAVE_LAST 30
#define LISTS ((OCTAVE_LAST - OCTAVE_FIRST + 1) * STEPS)
#define WORDS ((LISTS + 63) / 64)
#define LEAST sizeof(struct free_block)

struct block {
    uint32_t size;   /* with this head; 0: the end of the heap */
    uint32_t before; /* size of the block in front; 0: this is the first */
    struct tls_heap_account *account;
};
_Static_assert(sizeof(struct block) % UNIT == 0, "what lies behind is aligned");

struct free_block {
    struct block head; /* account: &is_free */
    struct free_block *next, **link;
};

static struct tls_heap_account is_free, of_nobody;

static struct {
    struct free_block *lists[LISTS];
    uint64_t filled[WORDS]; /* bit n: list n has a block */
    struct tls_heap_account *account;
    size_t used, most;
    size_t common, common_most, reserve;
} self;

/* -- lists -- */

/* The list that a block of that size lies in: those in it have this size or up to an eighth more. */
static uint32_t list_of(uint32_t size)
{
    uint32_t octave = 31 - (uint32_t)__builtin_clz(size);

    return (octave - OCTAVE_FIRST) * STEPS + ((size >> (octave - 3)) & (STEPS - 1));
}

/* The first list in which every block has at least that size. */
static uint32_t list_for(uint32_t size)
{
    uint32_t octave = 31 - (uint32_t)__builtin_clz(size);

    return list_of(size + (1u << (octave - 3)) - 1);
}

static void put(struct free_block *block)
{
    uint32_t list = list_of(block->head.size);

    block->head.account = &is_free;
    block->next = self.lists[list];
    block->link = &self.lists[list];
    if (block->next) {
        block->next->link = &block->next;
    }
    self.lists[list] = block;
    self.filled[list / 64] |= 1ull << list % 64;
}

static void unlist(struct free_block *block)
{
    uint32_t list = list_of(block->head.size);

    *block->link = block->next;
    if (block->next) {
        block->next->link = block->link;
    }
    if (!self.lists[list]) {
        self.filled[list / 64] &= ~(1ull << list % 64);
    }
}

static struct free_block *find(uint32_t size)
{
    uint32_t list = list_for(size);
    uint64_t mask = ~0ull << list % 64;

    for (uint32_t word = list / 64; word < WORDS; word++) {
        uint64_t bits = self.filled[word] & mask;
        if (bits) {
            return self.lists[word * 64 + (uint32_t)__builtin_ctzll(bits)];
        }
        mask = ~0ull;
    }
    return NULL;
}

/* -- blocks -- */

static struct block *behind(const struct block *block)
{
    return (struct block *)((char *)block + block->size);
}

static struct block *in_front(const struct block *block)
{
    return block->before ? (struct block *)((char *)block - block->before) : NULL;
}

static void resize(struct block *block, uint32_t size)
{
    block->size = size;
    behind(block)->before = size;
}

/* What is not needed becomes a free block. */
static void cut(struct block *block, uint32_t size)
{
    uint32_t rest = block->size - size;

    if (rest >= LEAST) {
        struct block *more = (struct block *)((char *)block + size);
        block->size = size;
        more->before = size;
        resize(more, rest);
        put((struct free_block *)more);
    }
}

/* -- accounts -- */

static size_t beyond_own(const struct tls_heap_account *account, size_t used)
{
    return used > account->own ? used - account->own : 0;
}

/* It is the one that is charged. */
static bool may_have(const struct tls_heap_account *account, size_t used)
{
    size_t beyond = beyond_own(account, used), reserve = account->own > 0 ? self.reserve : 0;

    return (account->limit == 0 || used <= account->limit) &&
           self.common + (beyond > reserve ? beyond - reserve : 0) <= self.common_most;
}

static void charge(struct tls_heap_account *account, size_t size)
{
    account->used += size;
    account->most = account->used > account->most ? account->used : account->most;
    self.used += size;
    self.most = self.used > self.most ? self.used : self.most;
}

static void discharge(struct tls_heap_account *account, size_t size)
{
    if (account != self.account) {
        self.common -= beyond_own(account, account->used) - beyond_own(account, account->used - size);
    }
    account->used -= size;
    self.used -= size;
}

/* -- pieces -- */

void *tls_heap_take(size_t wanted)
{
    struct tls_heap_account *account = self.account;

    if (wanted > UINT32_MAX / 2) {
        return NULL;
    }
    uint32_t size = ((uint32_t)(wanted + sizeof(struct block)) + UNIT - 1) & -UNIT;
    size = size < LEAST ? LEAST : size;
    struct free_block *found = find(size);
    uint32_t whole = found && found->head.size - size < LEAST ? found->head.size : size;
    if (!found || !may_have(account, account->used + whole)) {
        return NULL;
    }
    unlist(found);
    cut(&found->head, size);
    found->head.account = account;
    charge(account, found->head.size);
    return &found->head + 1;
}

void tls_heap_give_back(void *piece)
{
    if (!piece) {
        return;
    }
    struct block *block = (struct block *)piece - 1, *front = in_front(block), *next = behind(block);
    assert(block->account != &is_free && next->before == block->size);
    memset(piece, 0, block->size - sizeof(*block));
    discharge(block->account, block->size);
    if (next->account == &is_free) {
        unlist((struct free_block *)next);
        resize(block, block->size + next->size);
    }
    if (front && front->account == &is_free) {
        unlist((struct free_block *)front);
        resize(front, front->size + block->size);
        block = front;
    }
    put((struct free_block *)block);
}

void *tls_heap_again(void *piece, size_t size)
{
    if (!piece) {
        return tls_heap_take(size);
    }
    size_t old = ((struct block *)piece - 1)->size - sizeof(struct block);
    void *fresh = size <= old ? piece : tls_heap_take(size);
    if (fresh && fresh != piece) {
        memcpy(fresh, piece, old);
        tls_heap_give_back(piece);
    }
    return fresh;
}

/* -- start -- */

/* One free block, and a head without a size behind it. What an earlier life has left there is wiped. */
void tls_heap_init(const struct region *region, size_t own, size_t reserve)
{
    struct block *first = region->base, *end;
    uint32_t size = (uint32_t)(region->size - sizeof(struct block)) & -UNIT;

    memset(region->base, 0, region->size);
    memset(&self, 0, sizeof(self));
    of_nobody = (struct tls_heap_account){.used = 0};
    self.account = &of_nobody;
    self.common_most = size - own - reserve;
    self.reserve = reserve;
    first->size = size;
    end = behind(first);
    end->before = size;
    put((struct free_block *)first);
}

bool tls_heap_charge(struct tls_heap_account *account)
{
    self.common += beyond_own(self.account, self.account->used);
    bool good = self.common <= self.common_most;
    self.account = account ? account : &of_nobody;
    self.common -= beyond_own(self.account, self.account->used);
    return good;
}

size_t tls_heap_used(void)
{
    return self.used;
}

size_t tls_heap_most(void)
{
    return self.most;
}

size_t tls_heap_common_left(void)
{
    return self.common < self.common_most ? self.common_most - self.common : 0;
}
