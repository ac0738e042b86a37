/* proofs/kernel_decode.c: the decode functions, for every table and every number.
 *
 *   bound   tables of at most PDS PDs and IRQS interrupts; the tables' own contents are arbitrary bytes
 */
#include <stdlib.h>

#include "proofs/cbmc.h"
#include "sdk/kernel/decode.c"

#define PDS 2
#define IRQS 2
#define INTIDS 288

/* A table is one of its numbers, or nothing: and the number's own entry, with the right asked for. */
void channel_is_the_tables_own(void)
{
    struct abi_pd pd;
    uint64_t number = nondet_u64();
    uint8_t right = nondet_u8();
    ASSUME(right == ABI_CHANNEL_NOTIFY || right == ABI_CHANNEL_PPCALL || right == ABI_CHANNEL_IRQ);

    const struct abi_channel *channel = decode_channel(&pd, number, right);

    if (channel != NULL) {
        PROVE(number < ABI_CHANNELS_MAX);
        PROVE(channel == &pd.channels[number]);
        PROVE(channel->flags & right);
        POSSIBLE(1);
    } else {
        PROVE(number >= ABI_CHANNELS_MAX || !(pd.channels[number].flags & right));
        POSSIBLE(2);
    }
}

void child_is_the_tables_own(void)
{
    struct abi_pd pd;
    uint64_t number = nondet_u64();
    uint8_t child = decode_child(&pd, number);

    if (number < ABI_CHANNELS_MAX) {
        PROVE(child == pd.children[number]);
        POSSIBLE(1);
    } else {
        PROVE(child == ABI_NONE);
        POSSIBLE(2);
    }
}

void info_is_bounded(void)
{
    uint64_t info = nondet_u64();
    uint64_t decoded = decode_info(info);
    uint64_t count = info & ABI_MESSAGE_COUNT_MASK;

    PROVE(decoded >> ABI_MESSAGE_LABEL_SHIFT == info >> ABI_MESSAGE_LABEL_SHIFT);
    PROVE((decoded & ((1ul << ABI_MESSAGE_LABEL_SHIFT) - 1)) ==
          (count < ABI_MESSAGE_WORDS ? count : ABI_MESSAGE_WORDS));
    POSSIBLE(1);
}

/* The memory behind the tables is exactly as large as their header says, so that a look past it is out of bounds. */
static struct abi_system *any_system(void)
{
    struct abi_system *system = malloc(sizeof(struct abi_system) + PDS * sizeof(struct abi_pd));

    ASSUME(system != NULL);
    ANYTHING(system);
    ASSUME(system->irq_count <= IRQS || system->irq_count > ABI_IRQS_MAX);
    ASSUME(system->pd_count <= PDS || system->pd_count > ABI_PDS_MAX);
    return system;
}

/* Tables that were found valid lead nowhere else, whatever number is asked for. */
void valid_tables_stay_in_range(void)
{
    const struct abi_system *system = any_system();

    if (!decode_system_valid(system, INTIDS)) {
        POSSIBLE(1);
        return;
    }
    POSSIBLE(2);
    uint32_t index = nondet_u32();
    ASSUME(index < system->pd_count);
    const struct abi_pd *pd = &system->pds[index];
    uint64_t number = nondet_u64();

    const struct abi_channel *notify = decode_channel(pd, number, ABI_CHANNEL_NOTIFY);
    const struct abi_channel *call = decode_channel(pd, number, ABI_CHANNEL_PPCALL);
    const struct abi_channel *irq = decode_channel(pd, number, ABI_CHANNEL_IRQ);
    uint8_t child = decode_child(pd, number);

    if (notify != NULL) {
        PROVE(notify->peer < system->pd_count && notify->peer != index && notify->peer_channel < ABI_CHANNELS_MAX);
        POSSIBLE(3);
    }
    if (call != NULL) {
        PROVE(call->peer < system->pd_count && call->peer != index && call->peer_channel < ABI_CHANNELS_MAX);
        POSSIBLE(4);
    }
    if (irq != NULL) {
        PROVE(irq->irq < system->irq_count);
        PROVE(notify == NULL && call == NULL);
        POSSIBLE(5);
    }
    PROVE(child == ABI_NONE || (child < system->pd_count && child != index));
    PROVE(pd->parent == ABI_NONE ||
          (pd->parent < system->pd_count && pd->parent != index && pd->child_id < ABI_CHANNELS_MAX));
    PROVE(pd->priority <= ABI_PRIORITY_MAX);
    PROVE(pd->budget_us <= pd->period_us);

    uint32_t n = nondet_u32();
    ASSUME(n < system->irq_count);
    const struct abi_irq *line = &system->irqs[n];
    PROVE(line->intid >= 16 && line->intid < INTIDS && line->intid != ABI_INTID_KERNEL_TIMER);
    PROVE(line->pd < system->pd_count && line->channel < ABI_CHANNELS_MAX);
    POSSIBLE(6);
}
