/* stacks.c: a stack and its IPC buffer lie behind the program, in the page table that maps the program's end: so they
 * take none of their own.
 *
 *     program .. regions    unmapped, as large as the stack    stack    unmapped page    IPC buffer    unmapped page
 *
 * Unmapped is as much as the stack is large: a frame that reaches over one page still finds nothing. What does not fit
 * between the program, the regions that are mapped behind it, and the end of that table lies in the last GiB, and so
 * does what belongs to a program that does not ask (sdk/abi/pd.h).
 */
#include "sdk/tool/stacks.h"

#include "sdk/abi/pd.h"

static uint64_t room_of(uint64_t stack_size)
{
    return 2 * stack_size + USER_VA_IPC_BEHIND + 2 * MMU_PAGE_SIZE;
}

static uint64_t top_below(uint64_t high)
{
    return high - 2 * MMU_PAGE_SIZE - USER_VA_IPC_BEHIND;
}

static bool asks(const struct elf *elf)
{
    size_t count;
    return elf_symbol(elf, ABI_PD_SYMBOL_STACK_TOP, &count) != NULL && count == 1 &&
           elf_symbol(elf, ABI_PD_SYMBOL_IPC_BUFFER, &count) != NULL && count == 1;
}

/* The first map that has a part of [low, high). */
static const struct map *map_in(const struct description *d, const struct pd *pd, uint64_t low, uint64_t high)
{
    for (size_t i = 0; i < pd->map_count; i++) {
        const struct map *m = &pd->maps[i];
        if (m->va < high && low < m->va + d->regions[m->region].size) {
            return m;
        }
    }
    return NULL;
}

static uint64_t find_top(const struct description *d, const struct pd *pd, const struct elf *elf)
{
    const struct elf_segment *last = &elf->segments[elf->segment_count - 1];
    uint64_t end = last->va + last->size, room = room_of(pd->stack_size);
    uint64_t high = (end - 1) / MMU_LARGE_PAGE_SIZE * MMU_LARGE_PAGE_SIZE + MMU_LARGE_PAGE_SIZE;
    while (asks(elf) && high >= end && high - end >= room) {
        const struct map *in_the_way = map_in(d, pd, high - room, high);
        if (in_the_way == NULL) {
            return top_below(high);
        }
        high = in_the_way->va;
    }
    return USER_VA_STACK_TOP;
}

void stacks_place(struct layout *l)
{
    struct description *d = l->description;
    for (size_t i = 0; i < d->pd_count; i++) {
        d->pds[i].stack_top = find_top(d, &d->pds[i], l->programs[i]);
    }
}
