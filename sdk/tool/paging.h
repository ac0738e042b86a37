/* tool/paging.h: page tables as abi/mmu.h has them, built in memory of the tool for a place in the target's. */
#ifndef TOOL_PAGING_H
#define TOOL_PAGING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct paging {
    uint64_t pa; /* where the first table will be */
    uint64_t (*tables)[512];
    size_t count;
    bool is_small; /* the lower half has MMU_VA_BITS_SMALL: its first tables are of level 2 */
};

struct paging_leaf {
    uint64_t va;
    uint64_t pa;
    uint64_t size;
    uint64_t bits; /* the descriptor without its address */
};

/* An empty table, the first of a tree; gives its physical address. */
uint64_t paging_root(struct paging *p);

/* Maps [va, va + size) to pa with leaves of the given bits: 2 MiB where both addresses allow it, 4 KiB elsewhere.
 * `va` in either half; nothing may be mapped there yet. */
void paging_map(struct paging *p, uint64_t root, uint64_t va, uint64_t pa, uint64_t size, uint64_t bits);

/* Descriptor bits for EL0, and for the kernel, from enum perms. */
uint64_t paging_user_bits(unsigned perms, bool device);
uint64_t paging_kernel_bits(unsigned perms, bool device);

/* Calls back for each leaf by rising address. `image` holds physical memory from `image_pa` on, `image_size` bytes:
 * what is read here is what the hardware will read. */
void paging_walk(const struct paging *p, const uint8_t *image, uint64_t image_pa, uint64_t image_size, uint64_t root,
                 uint64_t half, void (*leaf)(void *user, const struct paging_leaf *leaf), void *user);

#endif
