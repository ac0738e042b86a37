/* paging.c: three levels of tables, 1 GiB / 2 MiB / 4 KiB (Arm ARM D8.2, D8.3). */
#include <string.h>

#include "sdk/abi/mmu.h"
#include "sdk/tool/description.h"
#include "sdk/tool/diag.h"
#include "sdk/tool/paging.h"

#define LEVEL_LAST 3

static unsigned first_level(const struct paging *p, uint64_t va)
{
    return p->is_small && va < KERNEL_VA_BASE ? 2 : 1;
}

static unsigned shift_of(unsigned level)
{
    return MMU_PAGE_BITS + 9 * (LEVEL_LAST - level);
}

static size_t entry_of(uint64_t va, unsigned level)
{
    return (va >> shift_of(level)) % MMU_TABLE_ENTRIES;
}

uint64_t paging_root(struct paging *p)
{
    (void)PUSH(p->tables, p->count);
    return p->pa + (p->count - 1) * MMU_PAGE_SIZE;
}

static size_t table_at(const struct paging *p, uint64_t pa)
{
    size_t index = (pa - p->pa) / MMU_PAGE_SIZE;
    if (pa < p->pa || index >= p->count) {
        diag_broken("page table at 0x%lx is not one of ours", pa);
    }
    return index;
}

/* The table that entry `entry` of table `index` leads to, made if need be. */
static size_t next_table(struct paging *p, size_t index, size_t entry)
{
    if (p->tables[index][entry] == 0) {
        uint64_t made = paging_root(p); /* may move p->tables */
        p->tables[index][entry] = made | PTE_VALID | PTE_TABLE;
    }
    if ((p->tables[index][entry] & PTE_TABLE) == 0) {
        diag_broken("a page inside a mapped block");
    }
    return table_at(p, p->tables[index][entry] & PTE_ADDRESS_MASK);
}

static void map_leaf(struct paging *p, uint64_t root, uint64_t va, unsigned level, uint64_t descriptor)
{
    size_t table = table_at(p, root);
    for (unsigned at = first_level(p, va); at < level; at++) {
        table = next_table(p, table, entry_of(va, at));
    }
    uint64_t *entry = &p->tables[table][entry_of(va, level)];
    if (*entry != 0) {
        diag_broken("0x%lx is mapped twice", va);
    }
    *entry = descriptor;
}

void paging_map(struct paging *p, uint64_t root, uint64_t va, uint64_t pa, uint64_t size, uint64_t bits)
{
    if (((va | pa | size) & (MMU_PAGE_SIZE - 1)) != 0) {
        diag_broken("mapping of 0x%lx to 0x%lx is not made of pages", va, pa);
    }
    while (size != 0) {
        bool large = ((va | pa) & (MMU_LARGE_PAGE_SIZE - 1)) == 0 && size >= MMU_LARGE_PAGE_SIZE;
        uint64_t step = large ? MMU_LARGE_PAGE_SIZE : MMU_PAGE_SIZE;
        map_leaf(p, root, va, large ? LEVEL_LAST - 1 : LEVEL_LAST, pa | bits | (large ? 0 : PTE_TABLE));
        va += step;
        pa += step;
        size -= step;
    }
}

static uint64_t common_bits(unsigned perms, bool device)
{
    uint64_t bits = PTE_VALID | PTE_AF | PTE_INNER_SHAREABLE;
    bits |= PTE_ATTR(device ? MMU_ATTR_DEVICE_nGnRnE : MMU_ATTR_NORMAL_WB);
    bits |= (perms & PERM_W) != 0 ? 0 : PTE_RO;
    return bits;
}

uint64_t paging_user_bits(unsigned perms, bool device)
{
    bool execute = (perms & PERM_X) != 0 && !device;
    return common_bits(perms, device) | PTE_EL0 | PTE_NG | PTE_PXN | (execute ? 0 : PTE_UXN);
}

uint64_t paging_kernel_bits(unsigned perms, bool device)
{
    bool execute = (perms & PERM_X) != 0 && !device;
    return common_bits(perms, device) | PTE_UXN | (execute ? 0 : PTE_PXN);
}

struct walk {
    const uint8_t *image;
    uint64_t image_pa;
    uint64_t image_size;
    void (*leaf)(void *user, const struct paging_leaf *leaf);
    void *user;
};

static void walk_table(const struct walk *w, uint64_t table_pa, uint64_t va, unsigned level)
{
    if (table_pa < w->image_pa || table_pa - w->image_pa > w->image_size - MMU_PAGE_SIZE) {
        diag_broken("page table at 0x%lx is outside the image", table_pa);
    }
    for (size_t i = 0; i < MMU_TABLE_ENTRIES; i++) {
        uint64_t entry;
        memcpy(&entry, w->image + (table_pa - w->image_pa) + i * sizeof(entry), sizeof(entry));
        uint64_t at = va + (i << shift_of(level));
        if ((entry & PTE_VALID) == 0) {
            continue;
        }
        if (level < LEVEL_LAST && (entry & PTE_TABLE) != 0) {
            walk_table(w, entry & PTE_ADDRESS_MASK, at, level + 1);
            continue;
        }
        struct paging_leaf leaf = {
            .va = at,
            .pa = entry & PTE_ADDRESS_MASK,
            .size = 1ul << shift_of(level),
            .bits = entry & ~PTE_ADDRESS_MASK,
        };
        w->leaf(w->user, &leaf);
    }
}

void paging_walk(const struct paging *p, const uint8_t *image, uint64_t image_pa, uint64_t image_size, uint64_t root,
                 uint64_t half, void (*leaf)(void *user, const struct paging_leaf *leaf), void *user)
{
    struct walk w = {.image = image, .image_pa = image_pa, .image_size = image_size, .leaf = leaf, .user = user};
    walk_table(&w, root, half, first_level(p, half));
}
