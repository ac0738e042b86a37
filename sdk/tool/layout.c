/* layout.c: give every page a physical address, then build the tables that map them.
 *
 * The stored part must be one block, and the tables in it must be counted before what lies behind them has an address.
 * Their number hardly depends on where that is: zeroed memory that can hold a 2 MiB leaf gets a physical address
 * congruent to its virtual one, and what is smaller holds none. So everything is placed once to count and once to
 * stay; only 2 MiB of stored content, congruent by chance, can ask for one more pass.
 */
#include <stdlib.h>
#include <string.h>

#include "sdk/abi/mmu.h"
#include "sdk/abi/system.h"
#include "sdk/tool/layout.h"
#include "sdk/tool/stacks.h"

#define PASSES_MOST 8

struct range {
    uint64_t pa;
    uint64_t end;
};

static uint64_t align_up(uint64_t value, uint64_t alignment)
{
    return (value + alignment - 1) & ~(alignment - 1);
}

uint64_t layout_system_size(const struct description *d)
{
    return align_up(sizeof(struct abi_system) + d->pd_count * sizeof(struct abi_pd), MMU_PAGE_SIZE);
}

/* -- physical memory -- */

static void place(struct layout *l, uint64_t pa, uint64_t size, enum placement_kind kind, const char *owner,
                  const uint8_t *bytes)
{
    *PUSH(l->placements, l->placement_count) = (struct placement){
        .pa = pa, .size = size, .kind = kind, .owner = owner, .bytes = bytes};
}

/* The next `size` bytes of the stored part. */
static uint64_t place_stored(struct layout *l, uint64_t size, const char *owner, const uint8_t *bytes)
{
    uint64_t pa = l->stored_end;
    size = align_up(size, MMU_PAGE_SIZE);
    if (size > l->board->ram_pa + l->board->ram_size - pa) {
        diag_refuse((struct place){.file = l->description->file},
                    "the image does not fit in RAM; it needs 0x%lx bytes "
                    "for %s at 0x%lx, RAM ends at 0x%lx",
                    size, owner, pa, l->board->ram_pa + l->board->ram_size);
    }
    place(l, pa, size, PLACED_STORED, owner, bytes);
    l->stored_end += size;
    return pa;
}

static void add_free(struct layout *l, uint64_t pa, uint64_t end)
{
    if (pa < end) {
        *PUSH(l->free, l->free_count) = (struct range){.pa = pa, .end = end};
    }
}

/* Takes [pa, end) out of the free memory, all of which it must be. */
static void take_free(struct layout *l, size_t index, uint64_t pa, uint64_t end)
{
    struct range old = l->free[index];
    struct range *rest = NULL;
    size_t count = 0;
    for (size_t i = 0; i < l->free_count; i++) {
        struct range r = l->free[i];
        if (i == index) {
            if (old.pa < pa) {
                *PUSH(rest, count) = (struct range){.pa = old.pa, .end = pa};
            }
            r = (struct range){.pa = end, .end = old.end};
        }
        if (r.pa < r.end) {
            *PUSH(rest, count) = r;
        }
    }
    l->free = rest;
    l->free_count = count;
}

/* Zeroed memory for a mapping at `va`: congruent to it modulo 2 MiB where a 2 MiB leaf fits. */
static uint64_t place_zeroed(struct layout *l, uint64_t size, uint64_t va, struct place place_of, const char *owner)
{
    uint64_t alignment = size >= MMU_LARGE_PAGE_SIZE ? MMU_LARGE_PAGE_SIZE : MMU_PAGE_SIZE;
    uint64_t offset = va & (alignment - 1);
    for (size_t i = 0; i < l->free_count; i++) {
        struct range r = l->free[i];
        uint64_t pa = align_up(r.pa - offset, alignment) + offset;
        if (pa >= r.pa && pa < r.end && size <= r.end - pa) {
            take_free(l, i, pa, pa + size);
            place(l, pa, size, PLACED_ZEROED, owner, NULL);
            return pa;
        }
    }
    diag_refuse(place_of, "no memory left for %s (0x%lx bytes); RAM is 0x%lx to 0x%lx", owner, size, l->board->ram_pa,
                l->board->ram_pa + l->board->ram_size);
}

static int compare_regions(const void *a, const void *b)
{
    const struct region *const *x = a;
    const struct region *const *y = b;
    return ((*x)->pa > (*y)->pa) - ((*x)->pa < (*y)->pa);
}

/* Regions with a phys_addr, by rising address; `count` of them. */
static struct region **fixed_regions(const struct description *d, size_t *count)
{
    struct region **regions = diag_alloc((d->region_count + 1) * sizeof(*regions));
    *count = 0;
    for (size_t i = 0; i < d->region_count; i++) {
        if (d->regions[i].fixed) {
            regions[(*count)++] = &d->regions[i];
        }
    }
    qsort(regions, *count, sizeof(*regions), compare_regions);
    return regions;
}

/* Free is what lies in RAM behind the stored part, then what lies before it, without the fixed regions. */
static void find_free(struct layout *l)
{
    const struct board *b = l->board;
    size_t count;
    struct region **fixed = fixed_regions(l->description, &count);
    uint64_t parts[2][2] = {{l->stored_end, b->ram_pa + b->ram_size}, {b->ram_pa, b->load_pa}};
    l->free = NULL;
    l->free_count = 0;
    for (int i = 0; i < 2; i++) {
        uint64_t at = parts[i][0];
        for (size_t k = 0; k < count; k++) {
            if (fixed[k]->pa >= at && fixed[k]->pa < parts[i][1]) {
                add_free(l, at, fixed[k]->pa);
                at = fixed[k]->pa + fixed[k]->size;
            }
        }
        add_free(l, at, parts[i][1]);
    }
}

static const char *region_owner(const struct region *region)
{
    return diag_printf("memory region '%s'", region->name);
}

static void place_fixed(struct layout *l)
{
    size_t count;
    struct region **fixed = fixed_regions(l->description, &count);
    for (size_t i = 0; i < count; i++) {
        const struct region *r = fixed[i];
        if (r->pa < l->stored_end && r->pa + r->size > l->board->load_pa) {
            diag_refuse(r->place, "region '%s' (0x%lx to 0x%lx) overlaps the image (0x%lx to 0x%lx)", r->name, r->pa,
                        r->pa + r->size, l->board->load_pa, l->stored_end);
        }
        if (r->prefill != NULL) {
            diag_refuse(r->prefill_place,
                        "prefill_path on region '%s', which has a phys_addr; the image stores only "
                        "what follows its load address",
                        r->name);
        }
        place(l, r->pa, r->size, r->device ? PLACED_DEVICE : PLACED_ZEROED, region_owner(r), NULL);
    }
}

/* -- address spaces -- */

static void map(struct space *space, struct mapping mapping)
{
    *PUSH(space->mappings, space->mapping_count) = mapping;
}

static bool stored_page(const struct elf_segment *s, uint64_t offset)
{
    if (s->patched[offset / MMU_PAGE_SIZE]) {
        return true;
    }
    for (uint64_t i = 0; i < MMU_PAGE_SIZE; i++) {
        if (s->bytes[offset + i] != 0) {
            return true;
        }
    }
    return false;
}

static const char *segment_name(const struct elf_segment *s)
{
    return (s->perms & PERM_X) != 0 ? "text" : (s->perms & PERM_W) != 0 ? "data" : "rodata";
}

/* One kind of pages, stored or zeroed, of a program: runs of that kind in each segment. */
static void place_program(struct layout *l, const struct elf *elf, struct place place, const char *name, bool stored,
                          struct space *space)
{
    for (size_t i = 0; i < elf->segment_count; i++) {
        const struct elf_segment *s = &elf->segments[i];
        uint64_t size;
        for (uint64_t at = 0; at < s->size; at += size) {
            bool kind = stored_page(s, at);
            for (size = MMU_PAGE_SIZE; at + size < s->size && stored_page(s, at + size) == kind;) {
                size += MMU_PAGE_SIZE;
            }
            if (kind != stored) {
                continue;
            }
            const char *owner = diag_printf("%s %s", name, kind ? segment_name(s) : "zeros");
            uint64_t pa = kind ? place_stored(l, size, owner, s->bytes + at)
                               : place_zeroed(l, size, s->va + at, place, owner);
            map(space, (struct mapping){
                           .va = s->va + at, .pa = pa, .size = size, .perms = s->perms, .what = owner, .place = place});
        }
    }
}

static const char *pd_name(const struct pd *pd)
{
    return diag_printf("'%s'", pd->name);
}

/* No protection domain has anything at 1 GiB or above. */
static bool is_small(const struct layout *l)
{
    const struct description *d = l->description;
    uint64_t end = 0;
    for (size_t i = 0; i < d->pd_count; i++) {
        const struct pd *pd = &d->pds[i];
        const struct elf_segment *last = &l->programs[i]->segments[l->programs[i]->segment_count - 1];
        uint64_t ends[] = {last->va + last->size, stacks_place_of(pd).high};
        end = ends[0] > end ? ends[0] : end;
        end = ends[1] > end ? ends[1] : end;
        for (size_t k = 0; k < pd->map_count; k++) {
            uint64_t map_end = pd->maps[k].va + d->regions[pd->maps[k].region].size;
            end = map_end > end ? map_end : end;
        }
    }
    return end <= 1ul << MMU_VA_BITS_SMALL;
}

static void place_stored_part(struct layout *l, size_t table_count)
{
    const struct description *d = l->description;
    const struct elf_segment *last = &l->loader->segments[l->loader->segment_count - 1];
    l->stored_end = l->board->load_pa;
    place_stored(l, last->va + last->size - l->loader->segments[0].va, "loader", l->loader_bytes);
    place_program(l, l->kernel, (struct place){.file = l->kernel->path}, "kernel", true, &l->kernel_space);
    l->tables_placement = l->placement_count;
    l->paging = (struct paging){.pa = place_stored(l, table_count * MMU_PAGE_SIZE, "page tables", NULL),
                                .is_small = is_small(l)};
    l->system_pa = place_stored(l, l->system_size, "kernel's tables", l->system_bytes);
    for (size_t i = 0; i < d->pd_count; i++) {
        const struct pd *pd = &d->pds[i];
        place_program(l, l->programs[i], pd->program_place, pd_name(pd), true, &l->spaces[i]);
    }
    for (size_t i = 0; i < d->region_count; i++) {
        struct region *r = &d->regions[i];
        if (r->prefill != NULL && !r->fixed) {
            r->pa = place_stored(l, r->size, region_owner(r), r->prefill);
        }
    }
}

/* A region that nobody maps has an address all the same: a setvar may ask for it. */
static uint64_t region_va(const struct description *d, const struct region *region)
{
    for (size_t i = 0; i < d->pd_count; i++) {
        for (size_t k = 0; k < d->pds[i].map_count; k++) {
            if (&d->regions[d->pds[i].maps[k].region] == region) {
                return region->page_size == MMU_LARGE_PAGE_SIZE ? 0 : d->pds[i].maps[k].va;
            }
        }
    }
    return 0;
}

static void place_zeroed_part(struct layout *l)
{
    struct description *d = l->description;
    find_free(l);
    place_fixed(l);
    struct place whole = {.file = d->file};
    place_program(l, l->kernel, whole, "kernel", false, &l->kernel_space);
    l->ipc_pa = place_zeroed(l, d->pd_count * MMU_PAGE_SIZE, 0, whole, "IPC buffers");
    for (size_t i = 0; i < d->pd_count; i++) {
        const struct pd *pd = &d->pds[i];
        place_program(l, l->programs[i], pd->program_place, pd_name(pd), false, &l->spaces[i]);
        const char *owner = diag_printf("'%s' stack", pd->name);
        uint64_t bottom = stacks_place_of(pd).bottom;
        uint64_t pa = place_zeroed(l, pd->stack_size, bottom, pd->place, owner);
        map(&l->spaces[i],
            (struct mapping){
                .va = bottom, .pa = pa, .size = pd->stack_size, .perms = PERM_R | PERM_W, .what = "stack"});
    }
    for (size_t i = 0; i < d->region_count; i++) {
        struct region *r = &d->regions[i];
        if (!r->fixed && r->prefill == NULL) {
            r->pa = place_zeroed(l, r->size, region_va(d, r), r->place, region_owner(r));
        }
    }
}

static void map_kernel_windows(struct layout *l)
{
    const struct board *b = l->board;
    const unsigned rw = PERM_R | PERM_W;
    struct mapping windows[] = {
        {KERNEL_VA_SYSTEM, l->system_pa, l->system_size, PERM_R, false, "kernel's tables", {0}},
        {KERNEL_VA_IPC, l->ipc_pa, l->description->pd_count * MMU_PAGE_SIZE, rw, false, "IPC buffers", {0}},
        {KERNEL_VA_DEVICE, b->uart_pa, MMU_PAGE_SIZE, rw, true, "UART", {0}},
        {KERNEL_VA_DEVICE + MMU_PAGE_SIZE, b->gicd_pa, BOARD_GICD_SIZE, rw, true, "interrupt distributor", {0}},
        {KERNEL_VA_DEVICE + 2 * MMU_PAGE_SIZE, b->gicc_pa, BOARD_GICC_SIZE, rw, true, "interrupt CPU interface", {0}},
    };
    for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
        map(&l->kernel_space, windows[i]);
    }
}

static void map_regions(struct layout *l)
{
    const struct description *d = l->description;
    for (size_t i = 0; i < d->pd_count; i++) {
        for (size_t k = 0; k < d->pds[i].map_count; k++) {
            const struct map *m = &d->pds[i].maps[k];
            const struct region *r = &d->regions[m->region];
            map(&l->spaces[i], (struct mapping){.va = m->va,
                                                .pa = r->pa,
                                                .size = r->size,
                                                .perms = m->perms,
                                                .device = r->device || !m->cached,
                                                .what = region_owner(r),
                                                .place = m->place});
        }
        map(&l->spaces[i], (struct mapping){.va = stacks_place_of(&d->pds[i]).ipc,
                                            .pa = l->ipc_pa + i * MMU_PAGE_SIZE,
                                            .size = MMU_PAGE_SIZE,
                                            .perms = PERM_R | PERM_W,
                                            .what = "IPC buffer"});
    }
}

static int compare_mappings(const void *a, const void *b)
{
    const struct mapping *x = a;
    const struct mapping *y = b;
    return (x->va > y->va) - (x->va < y->va);
}

/* A program and a memory region in the same place: neither reader has seen both. */
static void refuse_overlaps(const struct layout *l, size_t pd)
{
    const struct space *s = &l->spaces[pd];
    for (size_t i = 1; i < s->mapping_count; i++) {
        const struct mapping *a = &s->mappings[i - 1];
        const struct mapping *b = &s->mappings[i];
        if (b->va < a->va + a->size) {
            /* Two maps of regions were compared before, two segments of the program, too: the later line is a map. */
            diag_refuse(a->place.line > b->place.line ? a->place : b->place,
                        "%s (0x%lx to 0x%lx) overlaps %s (0x%lx to 0x%lx) in protection domain '%s'", a->what, a->va,
                        a->va + a->size, b->what, b->va, b->va + b->size, l->description->pds[pd].name);
        }
    }
}

static void build_tables(struct layout *l)
{
    struct space *kernel = &l->kernel_space;
    kernel->root = paging_root(&l->paging);
    for (size_t i = 0; i < kernel->mapping_count; i++) {
        const struct mapping *m = &kernel->mappings[i];
        paging_map(&l->paging, kernel->root, m->va, m->pa, m->size, paging_kernel_bits(m->perms, m->device));
    }
    l->empty_ttbr0 = paging_root(&l->paging);
    for (size_t i = 0; i < l->description->pd_count; i++) {
        struct space *s = &l->spaces[i];
        qsort(s->mappings, s->mapping_count, sizeof(s->mappings[0]), compare_mappings);
        refuse_overlaps(l, i);
        s->root = paging_root(&l->paging);
        for (size_t k = 0; k < s->mapping_count; k++) {
            const struct mapping *m = &s->mappings[k];
            paging_map(&l->paging, s->root, m->va, m->pa, m->size, paging_user_bits(m->perms, m->device));
        }
    }
}

static int compare_placements(const void *a, const void *b)
{
    const struct placement *x = a;
    const struct placement *y = b;
    return (x->pa > y->pa) - (x->pa < y->pa);
}

static void build_once(struct layout *l, size_t table_count)
{
    l->placements = NULL;
    l->placement_count = 0;
    l->kernel_space = (struct space){0};
    l->spaces = diag_alloc(l->description->pd_count * sizeof(l->spaces[0]));
    place_stored_part(l, table_count);
    place_zeroed_part(l);
    map_kernel_windows(l);
    map_regions(l);
    build_tables(l);
}

void layout_build(struct layout *l)
{
    l->system_size = layout_system_size(l->description);
    size_t tables = 0;
    for (int pass = 0; pass < PASSES_MOST; pass++) {
        build_once(l, tables);
        if (l->paging.count == tables) {
            break;
        }
        tables = l->paging.count;
    }
    if (l->placements[l->tables_placement].size != l->paging.count * MMU_PAGE_SIZE) {
        diag_broken("the number of page tables does not settle (%zu)", l->paging.count);
    }
    l->placements[l->tables_placement].bytes = (const uint8_t *)l->paging.tables;
    qsort(l->placements, l->placement_count, sizeof(l->placements[0]), compare_placements);
    l->zero_end = l->stored_end;
    for (size_t i = 0; i < l->placement_count; i++) {
        const struct placement *p = &l->placements[i];
        if (p->kind == PLACED_ZEROED && p->pa == l->zero_end) {
            l->zero_end += p->size;
        }
    }
}
