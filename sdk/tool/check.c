/* check.c: what only the whole description shows.
 *   resolves  names of protection domains and memory regions to indices; the page size where none was given
 *   refuses   duplicates, unknown names, overlaps, calls that are not to a higher priority, memory that is not there
 */
#include <string.h>

#include "sdk/abi/mmu.h"
#include "sdk/abi/system.h"
#include "sdk/tool/board.h"
#include "sdk/tool/description.h"

#define INTID_PPI_FIRST 16 /* below are software generated interrupts */
#define INTID_END 1020     /* GICv2: from here on they have special meanings */

static bool overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    return a < b + b_size && b < a + a_size;
}

static void check_names(const struct description *d)
{
    for (size_t i = 0; i < d->pd_count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(d->pds[i].name, d->pds[k].name) == 0) {
                diag_refuse(d->pds[i].place, "protection domain name is used twice (%s); line %u has it already",
                            d->pds[i].name, d->pds[k].place.line);
            }
        }
    }
    for (size_t i = 0; i < d->region_count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(d->regions[i].name, d->regions[k].name) == 0) {
                diag_refuse(d->regions[i].place, "memory region name is used twice (%s); line %u has it already",
                            d->regions[i].name, d->regions[k].place.line);
            }
        }
    }
}

static int find_region(const struct description *d, struct place place, const char *name)
{
    for (size_t i = 0; i < d->region_count; i++) {
        if (strcmp(d->regions[i].name, name) == 0) {
            return (int)i;
        }
    }
    diag_refuse(place, "unknown memory region (%s); no memory_region has that name", name);
}

static int find_pd(const struct description *d, struct place place, const char *name)
{
    for (size_t i = 0; i < d->pd_count; i++) {
        if (strcmp(d->pds[i].name, name) == 0) {
            return (int)i;
        }
    }
    diag_refuse(place, "unknown protection domain (%s); no protection_domain has that name", name);
}

static void resolve_regions(struct description *d)
{
    for (size_t i = 0; i < d->pd_count; i++) {
        struct pd *pd = &d->pds[i];
        for (size_t k = 0; k < pd->map_count; k++) {
            pd->maps[k].region = find_region(d, pd->maps[k].place, pd->maps[k].region_name);
        }
        for (size_t k = 0; k < pd->setvar_count; k++) {
            if (pd->setvars[k].kind != SETVAR_VALUE) {
                pd->setvars[k].region = find_region(d, pd->setvars[k].place, pd->setvars[k].region_name);
            }
        }
    }
}

/* -- channels and interrupts: one space of channel numbers per protection domain -- */

struct numbers {
    unsigned line[ABI_PDS_MAX][ABI_CHANNELS_MAX]; /* where the number was taken, 0: free */
    const char *irq_owner[INTID_END];
};

static void take_number(const struct description *d, struct numbers *numbers, int pd, unsigned id, struct place place)
{
    if (numbers->line[pd][id] != 0) {
        diag_refuse(place, "channel id is used twice (%u) in protection domain '%s'; line %u has it already", id,
                    d->pds[pd].name, numbers->line[pd][id]);
    }
    numbers->line[pd][id] = place.line;
}

static void check_call(const struct description *d, const struct end *caller, const struct end *callee)
{
    const struct pd *from = &d->pds[caller->pd];
    const struct pd *to = &d->pds[callee->pd];
    if (caller->pp && from->priority >= to->priority) {
        diag_refuse(caller->place,
                    "protected call from '%s' (priority %u) to '%s' (priority %u); the callee's must be higher",
                    from->name, from->priority, to->name, to->priority);
    }
}

static void check_channel(struct description *d, struct channel *channel, struct numbers *numbers)
{
    struct end *a = &channel->ends[0];
    struct end *b = &channel->ends[1];
    for (int i = 0; i < 2; i++) {
        struct end *end = &channel->ends[i];
        end->pd = find_pd(d, end->place, end->pd_name);
        take_number(d, numbers, end->pd, end->id, end->place);
        if (end->setvar_id != NULL) {
            description_add_setvar(&d->pds[end->pd], end->setvar_place, end->setvar_id)->value = end->id;
        }
    }
    if (a->pd == b->pd) {
        diag_refuse(channel->place, "channel from protection domain '%s' to itself; a channel joins two", a->pd_name);
    }
    if (a->pp && b->pp) {
        diag_refuse(channel->place,
                    "protected calls both ways between '%s' and '%s'; allowed: one end with pp=\"true\"", a->pd_name,
                    b->pd_name);
    }
    check_call(d, a, b);
    check_call(d, b, a);
}

static void check_irq(const struct irq *irq, const struct board *board)
{
    if (irq->intid < INTID_PPI_FIRST) {
        diag_refuse(irq->place, "irq is software generated (%u); allowed: %d to %lu", irq->intid, INTID_PPI_FIRST,
                    board->irqs - 1);
    }
    if (irq->intid >= board->irqs) {
        diag_refuse(irq->place, "irq does not exist on this board (%u); allowed: %d to %lu", irq->intid,
                    INTID_PPI_FIRST, board->irqs - 1);
    }
    if (irq->intid == ABI_INTID_KERNEL_TIMER) {
        diag_refuse(irq->place, "irq is the kernel's own timer (%u); a timer driver takes %d", irq->intid,
                    ABI_INTID_PHYS_TIMER);
    }
}

static void check_irqs(const struct description *d, struct numbers *numbers, const struct board *board)
{
    size_t total = 0;
    for (size_t i = 0; i < d->pd_count; i++) {
        for (size_t k = 0; k < d->pds[i].irq_count; k++) {
            const struct irq *irq = &d->pds[i].irqs[k];
            check_irq(irq, board);
            const char **owner = &numbers->irq_owner[irq->intid];
            if (*owner != NULL) {
                diag_refuse(irq->place, "irq is used twice (%u); protection domain '%s' has it already", irq->intid,
                            *owner);
            }
            *owner = d->pds[i].name;
            take_number(d, numbers, (int)i, irq->id, irq->place);
            if (++total > ABI_IRQS_MAX) {
                diag_refuse(irq->place, "too many interrupts; allowed: %d", ABI_IRQS_MAX);
            }
        }
    }
}

/* -- memory -- */

static void check_maps(const struct description *d, const struct pd *pd)
{
    for (size_t i = 0; i < pd->map_count; i++) {
        const struct map *map = &pd->maps[i];
        const struct region *region = &d->regions[map->region];
        if (region->page_size != 0 && map->va % region->page_size != 0) {
            diag_refuse(map->place, "vaddr is not a multiple of the page size of '%s' (0x%lx, 0x%lx)", region->name,
                        map->va, region->page_size);
        }
        if (region->size > USER_VA_MAPS_END - map->va) {
            diag_refuse(map->place, "map of '%s' ends too high (0x%lx); allowed: up to 0x%lx", region->name,
                        map->va + region->size, USER_VA_MAPS_END);
        }
        for (size_t k = 0; k < i; k++) {
            const struct map *other = &pd->maps[k];
            uint64_t other_size = d->regions[other->region].size;
            if (overlap(map->va, region->size, other->va, other_size)) {
                diag_refuse(map->place, "map of '%s' (0x%lx to 0x%lx) overlaps map of '%s' (0x%lx to 0x%lx) in '%s'",
                            region->name, map->va, map->va + region->size, other->region_name, other->va,
                            other->va + other_size, pd->name);
            }
            if (map->region == other->region && ((map->perms ^ other->perms) & PERM_W) != 0 &&
                ((map->perms | other->perms) & PERM_X) != 0) {
                diag_refuse(map->place, "region '%s' is writable and executable in '%s'; line %u maps it otherwise",
                            region->name, pd->name, other->place.line);
            }
        }
    }
}

static void check_fixed_region(const struct description *d, struct region *region, const struct board *board)
{
    if (region->pa + region->size > 1ul << 40) {
        diag_refuse(region->place, "region '%s' ends beyond 40 bits (0x%lx)", region->name, region->pa + region->size);
    }
    for (const struct region *other = d->regions; other < region; other++) {
        if (other->fixed && overlap(region->pa, region->size, other->pa, other->size)) {
            diag_refuse(region->place, "region '%s' (0x%lx to 0x%lx) overlaps region '%s' (0x%lx to 0x%lx)",
                        region->name, region->pa, region->pa + region->size, other->name, other->pa,
                        other->pa + other->size);
        }
    }
    uint64_t ram_end = board->ram_pa + board->ram_size;
    region->device = !overlap(region->pa, region->size, board->ram_pa, board->ram_size);
    if (!region->device && (region->pa < board->ram_pa || region->pa + region->size > ram_end)) {
        diag_refuse(region->place, "region '%s' (0x%lx to 0x%lx) is partly in RAM; RAM is 0x%lx to 0x%lx", region->name,
                    region->pa, region->pa + region->size, board->ram_pa, ram_end);
    }
    if (overlap(region->pa, region->size, board->gicd_pa, BOARD_GICD_SIZE) ||
        overlap(region->pa, region->size, board->gicc_pa, BOARD_GICC_SIZE)) {
        diag_refuse(region->place, "region '%s' (0x%lx to 0x%lx) holds the interrupt controller; it is the kernel's",
                    region->name, region->pa, region->pa + region->size);
    }
    if (region->device && region->prefill_path != NULL) {
        diag_refuse(region->prefill_place, "prefill_path on region '%s', which is a device", region->name);
    }
}

/* The largest page size that the size and every address of the region allow. */
static void choose_page_size(const struct description *d, struct region *region, int index)
{
    if (region->page_size != 0) {
        return;
    }
    uint64_t all = region->size | (region->fixed ? region->pa : 0);
    for (size_t i = 0; i < d->pd_count; i++) {
        for (size_t k = 0; k < d->pds[i].map_count; k++) {
            all |= d->pds[i].maps[k].region == index ? d->pds[i].maps[k].va : 0;
        }
    }
    region->page_size = all % MMU_LARGE_PAGE_SIZE == 0 ? MMU_LARGE_PAGE_SIZE : MMU_PAGE_SIZE;
}

/* Mapped, or its address asked for: a device may be the only one that uses it. */
static bool is_used(const struct pd *pd, int region)
{
    for (size_t k = 0; k < pd->map_count; k++) {
        if (pd->maps[k].region == region) {
            return true;
        }
    }
    for (size_t k = 0; k < pd->setvar_count; k++) {
        if (pd->setvars[k].kind == SETVAR_REGION_PADDR && pd->setvars[k].region == region) {
            return true;
        }
    }
    return false;
}

static void warn_unused(const struct description *d, int index)
{
    for (size_t i = 0; i < d->pd_count; i++) {
        if (is_used(&d->pds[i], index)) {
            return;
        }
    }
    diag_warn(d->regions[index].place, "memory region '%s' is mapped nowhere", d->regions[index].name);
}

/* Executable memory that is a device, whatever `cached` says. */
static void check_device_maps(const struct description *d)
{
    for (size_t i = 0; i < d->pd_count; i++) {
        for (size_t k = 0; k < d->pds[i].map_count; k++) {
            const struct map *map = &d->pds[i].maps[k];
            if (d->regions[map->region].device && (map->perms & PERM_X) != 0) {
                diag_refuse(map->place, "perms are executable on device '%s' (rx); allowed: r, rw", map->region_name);
            }
        }
    }
}

void check_description(struct description *d, const struct board *board)
{
    if (d->pd_count == 0) {
        diag_refuse((struct place){.file = d->file}, "no protection domain; a system has at least one");
    }
    check_names(d);
    resolve_regions(d);
    struct numbers *numbers = diag_alloc(sizeof(*numbers));
    check_irqs(d, numbers, board);
    for (size_t i = 0; i < d->channel_count; i++) {
        check_channel(d, &d->channels[i], numbers);
    }
    for (size_t i = 0; i < d->pd_count; i++) {
        check_maps(d, &d->pds[i]);
        if (d->pds[i].smc && !board->smc) {
            diag_refuse(d->pds[i].smc_place,
                        "smc is not supported (true); this board has no firmware that takes calls");
        }
    }
    for (size_t i = 0; i < d->region_count; i++) {
        if (d->regions[i].fixed) {
            check_fixed_region(d, &d->regions[i], board);
        }
        warn_unused(d, (int)i);
        choose_page_size(d, &d->regions[i], (int)i);
    }
    check_device_maps(d);
}
