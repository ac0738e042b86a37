/* sdk_kernel_callers.c: the way up a stack that a program left behind: whatever lies there, the kernel reads RAM that the
 * program can read, and nothing else, and comes to an end.
 */
#include "sdk/kernel/callers.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/check.h"

#define RAM_PA 0x40000000ul
#define RAM_SIZE 0x3000ul
#define STACK_VA 0x7fffff0000ul /* two pages of RAM, mapped one after the other */
#define STACK_END (STACK_VA + 0x2000)
#define HOLE_VA 0x500000ul   /* mapped, but to no RAM: behind its end */
#define DEVICE_VA 0x600000ul /* and before its beginning */

static struct {
    uint64_t words[0x2000 / 8];
    unsigned loads;
    struct pd pd;
    struct pd *loaded;
} self;

uint64_t fake_read_ticks;
uint64_t fake_cntvct_el0, fake_cntfrq_el0, fake_cntv_ctl_el0, fake_cntv_cval_el0, fake_cntkctl_el1;
uint64_t fake_tpidr_el0, fake_ttbr0_el1, fake_cpacr_el1;
struct pd *pd_loaded;

void pd_load_other(struct pd *pd)
{
    self.loaded = pd;
}

uint64_t fake_translate(uint64_t address)
{
    uint64_t low = address & 0xfff;

    CHECK(self.loaded == &self.pd);
    if (address >= STACK_VA && address < STACK_END) {
        return ((RAM_PA + 0x1000 + (address - STACK_VA)) & PAR_ADDRESS_MASK) | 0xff00000000000b80ul;
    }
    if (address - low == HOLE_VA) {
        return RAM_PA + RAM_SIZE;
    }
    return address - low == DEVICE_VA ? RAM_PA - 0x1000 : PAR_FAULT;
}

uint64_t fake_load(uint64_t address)
{
    CHECK(address >= STACK_VA && address < STACK_END && address % 8 == 0);
    self.loads++;
    return self.words[(address - STACK_VA) / 8];
}

static void put(uint64_t record, uint64_t above, uint64_t address)
{
    self.words[(record - STACK_VA) / 8] = above;
    if (record + 8 < STACK_END) {
        self.words[(record - STACK_VA) / 8 + 1] = address;
    }
}

/* How many there are from x29 on; the last one is left in *last. */
static unsigned follow(uint64_t x29, uint64_t *last)
{
    unsigned count = 0;
    uint64_t address;

    self.loads = 0;
    self.pd.context.x[29] = x29;
    for (struct callers callers = callers_of(&self.pd); callers_next(&callers, &address); count++) {
        *last = address;
    }
    CHECK(self.loads <= 2 * (count + 1));
    return count;
}

static void a_chain_is_followed_to_its_end(void)
{
    uint64_t last = 0;

    put(STACK_VA + 0x100, STACK_VA + 0xff8, 0x201000);
    put(STACK_VA + 0xff8, STACK_VA + 0x1010, 0x202000); /* its two words lie on two pages */
    put(STACK_VA + 0x1010, 0, 0x203000);
    CHECK(follow(STACK_VA + 0x100, &last) == 3 && last == 0x203000);
    put(STACK_VA + 0x1010, STACK_VA + 0x1800, 0x203000);
    put(STACK_VA + 0x1800, 0, 0); /* as a PD's first function finds it */
    CHECK(follow(STACK_VA + 0x100, &last) == 3 && last == 0x203000);
}

static void nonsense_ends_it(void)
{
    static const uint64_t nonsense[] = {
        0,       8,         0x200000,          STACK_VA - 8,         STACK_VA + 0x104, STACK_END,
        HOLE_VA, DEVICE_VA, DEVICE_VA + 0xff8, 0xffffff8000000000ul, UINT64_MAX,       UINT64_MAX - 7};
    uint64_t last = 0;

    for (unsigned n = 0; n < sizeof(nonsense) / sizeof(nonsense[0]); n++) {
        CHECK(follow(nonsense[n], &last) == 0 && self.loads == 0);
        put(STACK_VA + 0x100, nonsense[n], 0x201000);
        CHECK(follow(STACK_VA + 0x100, &last) == 1 && last == 0x201000);
    }
    put(STACK_END - 8, STACK_VA, 0);
    CHECK(follow(STACK_END - 8, &last) == 0 && self.loads == 1); /* a record that reaches out of the stack */
}

static void a_ring_ends(void)
{
    uint64_t last;

    put(STACK_VA + 0x100, STACK_VA + 0x100, 0x201000);
    CHECK(follow(STACK_VA + 0x100, &last) == 1);
    put(STACK_VA + 0x100, STACK_VA + 0x200, 0x201000);
    put(STACK_VA + 0x200, STACK_VA + 0x100, 0x202000);
    CHECK(follow(STACK_VA + 0x100, &last) == 2);
}

static void a_deep_stack_is_cut(void)
{
    uint64_t last = 0;

    for (unsigned n = 0; n < 100; n++) {
        put(STACK_VA + 16 * n, STACK_VA + 16 * (n + 1), 0x200000 + 4 * n);
    }
    CHECK(follow(STACK_VA, &last) == 24 && last == 0x200000 + 4 * 23);
}

static void random_stacks(void)
{
    uint64_t last;

    for (unsigned round = 0; round < 20000; round++) {
        for (unsigned n = 0; n < 64; n++) {
            put(STACK_VA + 16 * ((unsigned)rand() % 512), STACK_VA + 8 * ((unsigned)rand() % 1030), (uint64_t)rand());
        }
        CHECK(follow(STACK_VA + 8 * ((unsigned)rand() % 1030), &last) <= 24);
    }
}

int main(void)
{
    struct abi_system system = {.ram_pa = RAM_PA, .ram_size = RAM_SIZE};

    callers_init(&system);
    a_chain_is_followed_to_its_end();
    nonsense_ends_it();
    a_ring_ends();
    a_deep_stack_is_cut();
    random_stacks();
    return 0;
}
