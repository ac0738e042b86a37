/* tool/layout.h: where everything lies in physical memory, and what each address space maps.
 *
 * From the load address on, what is stored: loader, kernel, page tables, the kernel's tables, programs, filled memory
 * regions. Then what holds only zeros and is not stored: stacks, IPC buffers, .bss, memory regions. A page of a
 * program is stored when it has a byte other than zero. Regions with a phys_addr lie where they say.
 */
#ifndef TOOL_LAYOUT_H
#define TOOL_LAYOUT_H

#include "sdk/tool/board.h"
#include "sdk/tool/description.h"
#include "sdk/tool/elf.h"
#include "sdk/tool/paging.h"

enum placement_kind { PLACED_STORED, PLACED_ZEROED, PLACED_DEVICE };

struct placement {
    uint64_t pa;
    uint64_t size;
    enum placement_kind kind;
    const char *owner;
    const uint8_t *bytes; /* PLACED_STORED: what goes there */
};

struct mapping {
    uint64_t va;
    uint64_t pa;
    uint64_t size;
    unsigned perms;
    bool device;
    const char *what;
    struct place place; /* of what asks for it, in the description */
};

struct space {
    uint64_t root; /* physical address of the first table */
    struct mapping *mappings;
    size_t mapping_count;
};

struct layout {
    const struct board *board;
    struct description *description;
    struct elf *loader;
    struct elf *kernel;
    struct elf **programs; /* one per protection domain */

    struct placement *placements; /* by rising address, once laid out */
    size_t placement_count;
    uint64_t stored_end; /* physical address after the last stored byte */
    uint64_t zero_end;   /* end of what follows the stored part without a gap */
    uint64_t ipc_pa;
    uint64_t system_pa;
    uint64_t system_size;
    uint8_t *system_bytes; /* filled in by image.c */
    uint8_t *loader_bytes;
    struct space kernel_space;
    struct space *spaces; /* one per protection domain */
    uint64_t empty_ttbr0;
    struct paging paging;
    size_t tables_placement; /* index of the page tables' placement until the placements are sorted */
    struct range *free;      /* layout.c's own: memory not given away yet, by rising address */
    size_t free_count;
};

/* Places everything and builds all page tables. Twice with the same input gives the same layout. */
void layout_build(struct layout *l);

/* Size of struct abi_system for this description, in whole pages. */
uint64_t layout_system_size(const struct description *d);

#endif
