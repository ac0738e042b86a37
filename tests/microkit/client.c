/* client.c: what is patched into a program, shared memory, calls with many words, notifications there and back. */
#include "check.h"

uintptr_t region_vaddr;
uintptr_t region_paddr = 1; /* in .data; the others lie in .bss */
uintptr_t fixed_paddr;

static int is_named(const char *name)
{
    int n = 0;
    while (name[n] != '\0' && name[n] == microkit_name[n]) {
        n++;
    }
    return name[n] == microkit_name[n];
}

static void check_memory(void)
{
    volatile uint64_t *region = (volatile uint64_t *)region_vaddr;
    volatile uint64_t *large = (volatile uint64_t *)LARGE_ADDRESS;
    uint64_t all = 0;
    for (unsigned n = 0; n < REGION_SIZE / sizeof(*region); n++) {
        all |= region[n];
    }
    check(all == 0, "a memory region is zero at the start");
    check(large[0] == 0 && large[0x3fffff / sizeof(*large)] == 0, "a region of two large pages, too");
    large[0x200000 / sizeof(*large)] = 1;
    region[0] = 42;
}

static void check_call(void)
{
    uint64_t sum = 0;
    for (unsigned n = 0; n < WORDS; n++) {
        microkit_mr_set((uint8_t)n, n * n + 1);
        sum += n * n + 1;
    }
    microkit_msginfo answer = microkit_ppcall(CLIENT_SERVER, microkit_msginfo_new(LABEL_SUM, WORDS));
    check(microkit_msginfo_get_label(answer) == LABEL_SUM + 1, "the answer's label");
    check(microkit_msginfo_get_count(answer) == 2, "the answer's count");
    check(microkit_mr_get(0) == sum, "the sum of a hundred words");
    check(microkit_mr_get(1) == 2 * sum, "twice the sum, from a call within the call");
    answer = microkit_ppcall(CLIENT_SERVER, microkit_msginfo_new(0, 0));
    check(microkit_msginfo_get_count(answer) == 0 && microkit_msginfo_get_label(answer) == 0, "an empty answer");
}

void init(void)
{
    check(is_named("client"), "its name");
    check(microkit_passive == 0, "it is not passive");
    check(region_vaddr == 0x5000000, "setvar_vaddr");
    check(region_paddr != 0 && region_paddr != 1 && region_paddr % 0x1000 == 0, "setvar with region_paddr");
    check(fixed_paddr == FIXED_PADDR, "region_paddr of a region with a phys_addr");
    check_memory();
    check_call();
    say("notifies");
    microkit_notify(CLIENT_SERVER);
}

void notified(microkit_channel channel)
{
    if (channel == CLIENT_SERVER) {
        check(*(volatile uint64_t *)region_vaddr == 43, "what the server wrote before it notified");
        microkit_deferred_notify(CLIENT_PARENT);
    } else {
        check(channel == CLIENT_PARENT, "the parent's notification");
        say("done");
    }
}
