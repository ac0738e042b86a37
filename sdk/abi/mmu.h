/* abi/mmu.h: how an address space looks, agreed between the image tool, which writes every page table at build
 * time, the loader, which turns translation on, and the kernel, which switches between the tables.
 *
 * 4 KiB granule, 39-bit addresses in both halves: three levels, 1 GiB / 2 MiB / 4 KiB (Arm ARM D8.2, VMSAv8-64).
 * Where no PD has an address of 1 GiB or more the lower half has 30 bits, and its trees begin at the second level.
 * A PD has its own TTBR0 tree and ASID; the kernel has the one TTBR1 tree. No page is ever both writable and
 * executable: the tool refuses it.
 */
#ifndef ABI_MMU_H
#define ABI_MMU_H

#define MMU_PAGE_BITS 12
#define MMU_PAGE_SIZE (1ul << MMU_PAGE_BITS)
#define MMU_LARGE_PAGE_BITS 21
#define MMU_LARGE_PAGE_SIZE (1ul << MMU_LARGE_PAGE_BITS)
#define MMU_VA_BITS 39
#define MMU_VA_BITS_SMALL 30
#define MMU_TABLE_ENTRIES 512

/* Descriptors: Arm ARM D8.3 (table, block and page descriptor formats). */
#define PTE_VALID (1ul << 0)
#define PTE_TABLE (1ul << 1) /* at levels 1 and 2: a table follows; at level 3: a page */
#define PTE_ATTR(index) ((unsigned long)(index) << 2)
#define PTE_EL0 (1ul << 6) /* AP[1]: unprivileged access */
#define PTE_RO (1ul << 7)  /* AP[2] */
#define PTE_INNER_SHAREABLE (3ul << 8)
#define PTE_AF (1ul << 10)
#define PTE_NG (1ul << 11) /* tagged with the ASID: every user mapping */
#define PTE_PXN (1ul << 53)
#define PTE_UXN (1ul << 54)
#define PTE_ADDRESS_MASK 0x0000fffffffff000ul

/* MAIR_EL1 attribute indices. `cached="false"` is Device-nGnRnE, as in the official SDK. */
#define MMU_ATTR_DEVICE_nGnRnE 0
#define MMU_ATTR_NORMAL_WB 1
#define MMU_MAIR ((0x00ul << (8 * MMU_ATTR_DEVICE_nGnRnE)) | (0xfful << (8 * MMU_ATTR_NORMAL_WB)))

/* TCR_EL1: T0SZ = T1SZ = 25, or T0SZ = 34; 4 KiB granules, walks inner and outer write-back, inner shareable, 16-bit ASID off,
 * 40-bit physical addresses. */
#define MMU_TCR MMU_TCR_OF(MMU_VA_BITS)
#define MMU_TCR_OF(bits)                                                                                   \
    ((64ul - (bits)) | (1ul << 8) | (1ul << 10) | (3ul << 12) | (0ul << 14) | (25ul << 16) | (1ul << 24) | \
     (1ul << 26) | (3ul << 28) | (2ul << 30) | (2ul << 32))

/* The kernel's half. Each window is mapped by 4 KiB pages, as large as needed and no larger. */
#define KERNEL_VA_BASE 0xffffff8000000000ul   /* the kernel's ELF is linked here */
#define KERNEL_VA_SYSTEM 0xffffff8010000000ul /* struct abi_system, read only */
#define KERNEL_VA_IPC 0xffffff8020000000ul    /* page n: the IPC buffer of PD n, read and write */
#define KERNEL_VA_DEVICE 0xffffff8030000000ul /* page 0: UART, page 1: GIC distributor, pages 2-3: GIC CPU interface */

/* A PD's address space. Programs and memory regions live in [MMU_PAGE_SIZE, USER_VA_MAPS_END): page 0 stays unmapped.
 * The tool puts one stack there, too, with an unmapped page on either side of it, and the IPC buffer behind it; where
 * there is no room for these (sdk/tool/stacks.c) they lie in the last GiB, which is the tool's. */
#define USER_VA_MAPS_END 0x0000007fc0000000ul
#define USER_VA_STACK_TOP 0x0000007fffffd000 /* in the last GiB; without a suffix: assembly reads it, too */
#define USER_VA_IPC_BEHIND 0x1000            /* from a stack's end to its IPC buffer: one page, read and write */

#endif
