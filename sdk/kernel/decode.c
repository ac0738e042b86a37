/* decode.c: from the numbers that a PD passes, NOT trusted, to what they mean, or to a refusal. Reads the tables of the
 * image tool, changes nothing. */
#include "sdk/kernel/decode.h"

#include <stddef.h>

#include "sdk/abi/syscall.h"

const struct abi_channel *decode_channel(const struct abi_pd *pd, uint64_t number, enum abi_channel_flags right)
{
    if (number >= ABI_CHANNELS_MAX || !(pd->channels[number].flags & right)) {
        return NULL;
    }
    return &pd->channels[number];
}

uint8_t decode_child(const struct abi_pd *pd, uint64_t number)
{
    return number < ABI_CHANNELS_MAX ? pd->children[number] : ABI_NONE;
}

uint64_t decode_info(uint64_t info)
{
    uint64_t count = info & ABI_MESSAGE_COUNT_MASK;
    uint64_t label = info >> ABI_MESSAGE_LABEL_SHIFT << ABI_MESSAGE_LABEL_SHIFT;

    return label | (count < ABI_MESSAGE_WORDS ? count : ABI_MESSAGE_WORDS);
}

/* Nobody is its own peer, parent or child. */
static bool channel_valid(const struct abi_system *system, const struct abi_channel *channel, unsigned index)
{
    if (channel->flags & ABI_CHANNEL_IRQ) {
        return channel->flags == ABI_CHANNEL_IRQ && channel->irq < system->irq_count;
    }
    return channel->flags == 0 ||
           (channel->peer < system->pd_count && channel->peer != index && channel->peer_channel < ABI_CHANNELS_MAX);
}

static bool pd_valid(const struct abi_system *system, unsigned index)
{
    const struct abi_pd *pd = &system->pds[index];

    if (pd->priority > ABI_PRIORITY_MAX || pd->name[ABI_PD_NAME_MAX - 1] != '\0' || pd->budget_us > pd->period_us) {
        return false;
    }
    if (pd->parent != ABI_NONE &&
        (pd->parent >= system->pd_count || pd->parent == index || pd->child_id >= ABI_CHANNELS_MAX)) {
        return false;
    }
    for (unsigned number = 0; number < ABI_CHANNELS_MAX; number++) {
        uint8_t child = pd->children[number];
        if (!channel_valid(system, &pd->channels[number], index) ||
            (child != ABI_NONE && (child >= system->pd_count || child == index))) {
            return false;
        }
    }
    return true;
}

static bool irq_valid(const struct abi_system *system, const struct abi_irq *irq, unsigned intids)
{
    return irq->intid >= 16 && irq->intid < intids && irq->intid != ABI_INTID_KERNEL_TIMER &&
           irq->trigger <= ABI_IRQ_EDGE && irq->pd < system->pd_count && irq->channel < ABI_CHANNELS_MAX;
}

bool decode_system_valid(const struct abi_system *system, unsigned intids)
{
    if (system->magic != ABI_SYSTEM_MAGIC || system->pd_count == 0 || system->pd_count > ABI_PDS_MAX ||
        system->irq_count > ABI_IRQS_MAX ||
        system->size != sizeof(struct abi_system) + system->pd_count * sizeof(struct abi_pd)) {
        return false;
    }
    for (unsigned index = 0; index < system->pd_count; index++) {
        if (!pd_valid(system, index)) {
            return false;
        }
    }
    for (unsigned index = 0; index < system->irq_count; index++) {
        if (!irq_valid(system, &system->irqs[index], intids)) {
            return false;
        }
    }
    return true;
}
