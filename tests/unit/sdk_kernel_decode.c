/* sdk_kernel_decode.c: every number that a PD can pass either names what its tables hold or is refused; and tables that
 * are out of range in one place are refused as a whole. */
#include "sdk/kernel/decode.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/abi/syscall.h"
#include "tests/unit/check.h"

#define INTIDS 288

static struct abi_system *valid(void)
{
    size_t size = sizeof(struct abi_system) + 2 * sizeof(struct abi_pd);
    struct abi_system *system = calloc(1, size);

    *system = (struct abi_system){.magic = ABI_SYSTEM_MAGIC, .size = (uint32_t)size, .pd_count = 2, .irq_count = 1};
    system->irqs[0] = (struct abi_irq){.intid = 33, .pd = 1, .channel = 61};
    for (unsigned n = 0; n < 2; n++) {
        strcpy(system->pds[n].name, "pd");
        system->pds[n].parent = ABI_NONE;
        memset(system->pds[n].children, ABI_NONE, sizeof(system->pds[n].children));
    }
    system->pds[0].children[5] = 1;
    system->pds[0].channels[61] = (struct abi_channel){.flags = ABI_CHANNEL_NOTIFY, .peer = 1, .peer_channel = 0};
    system->pds[1].channels[61] = (struct abi_channel){.flags = ABI_CHANNEL_IRQ, .irq = 0};
    system->pds[1].parent = 0;
    return system;
}

static void numbers(void)
{
    struct abi_system *system = valid();
    const struct abi_pd *pd = &system->pds[0];

    for (uint64_t number = 0; number < 300; number++) {
        CHECK((decode_channel(pd, number, ABI_CHANNEL_NOTIFY) != NULL) == (number == 61));
        CHECK(decode_channel(pd, number, ABI_CHANNEL_PPCALL) == NULL);
        CHECK(decode_channel(pd, number, ABI_CHANNEL_IRQ) == NULL);
        CHECK((decode_channel(&system->pds[1], number, ABI_CHANNEL_IRQ) != NULL) == (number == 61));
        CHECK(decode_child(pd, number) == (number == 5 ? 1 : ABI_NONE));
    }
    for (unsigned bit = 6; bit < 64; bit++) {
        CHECK(decode_channel(pd, 61 | 1ul << bit, ABI_CHANNEL_NOTIFY) == NULL);
        CHECK(decode_child(pd, 5 | 1ul << bit) == ABI_NONE);
    }
    free(system);
}

static void infos(void)
{
    for (unsigned n = 0; n < 100000; n++) {
        uint64_t info = (uint64_t)rand() << 40 ^ (uint64_t)rand() << 20 ^ (uint64_t)rand();
        uint64_t decoded = decode_info(info);
        uint64_t count = info & 0x7f;
        CHECK((decoded & 0x7f) == (count > ABI_MESSAGE_WORDS ? ABI_MESSAGE_WORDS : count));
        CHECK((decoded & 0xf80) == 0 && decoded >> 12 == info >> 12);
    }
}

#define REFUSED(change)                              \
    do {                                             \
        struct abi_system *system = valid();         \
        change;                                      \
        CHECK(!decode_system_valid(system, INTIDS)); \
        free(system);                                \
    } while (0)

static void tables_in_range(void)
{
    struct abi_system *system = valid();

    CHECK(decode_system_valid(system, INTIDS));
    free(system);
}

static void tables_out_of_range(void)
{
    REFUSED(system->magic++);
    REFUSED(system->size--);
    REFUSED(system->pd_count = 0);
    REFUSED(system->pd_count = ABI_PDS_MAX + 1);
    REFUSED(system->irq_count = ABI_IRQS_MAX + 1);
    REFUSED(system->irqs[0].intid = 15);
    REFUSED(system->irqs[0].intid = INTIDS);
    REFUSED(system->irqs[0].intid = ABI_INTID_KERNEL_TIMER);
    REFUSED(system->irqs[0].trigger = 2);
    REFUSED(system->irqs[0].pd = 2);
    REFUSED(system->irqs[0].channel = ABI_CHANNELS_MAX);
    REFUSED(system->pds[0].priority = ABI_PRIORITY_MAX + 1);
    REFUSED(memset(system->pds[0].name, 'x', ABI_PD_NAME_MAX));
    REFUSED(system->pds[0].budget_us = 1);
    REFUSED(system->pds[1].parent = 2);
    REFUSED(system->pds[1].child_id = ABI_CHANNELS_MAX);
    REFUSED(system->pds[1].parent = 1);
    REFUSED(system->pds[0].children[5] = 2);
    REFUSED(system->pds[0].children[5] = 0);
    REFUSED(system->pds[0].channels[61].peer = 0);
    REFUSED(system->pds[0].channels[61].peer = 2);
    REFUSED(system->pds[0].channels[61].peer_channel = ABI_CHANNELS_MAX);
    REFUSED(system->pds[1].channels[61].irq = 1);
    REFUSED(system->pds[1].channels[61].flags |= ABI_CHANNEL_NOTIFY);
}

int main(void)
{
    numbers();
    infos();
    tables_in_range();
    tables_out_of_range();
    return 0;
}
