/* abi/image.h: what the image tool tells the loader.
 *
 * An image is memory as it shall be, from `link_pa` on: the loader, the kernel, the page tables, the kernel's tables,
 * the IPC buffers' place, the PDs' contents. What holds only zeros comes after the stored part and is not stored: it is
 * listed in `zero`. Loaded at `link_pa` nothing has to move; loaded elsewhere (-kernel, U-Boot) the loader moves the
 * stored part as one block, overlapping or not, and goes on there.
 *
 * The loader's ELF holds this struct as the object `image_header` in its data; the tool finds it by symbol and fills
 * it in. The loader's first 64 bytes are the arm64 Linux image header (Documentation/arch/arm64/booting), whose
 * image_size and text_offset the tool fills in as well.
 */
#ifndef ABI_IMAGE_H
#define ABI_IMAGE_H

#include <stdint.h>

#define IMAGE_MAGIC 0x314c4156524553aaul
#define IMAGE_ZERO_MAX 128

struct image_range {
    uint64_t pa;
    uint64_t size; /* bytes, a multiple of the page size */
};

struct image_header {
    uint64_t magic;
    uint64_t link_pa;      /* where the first byte of the image belongs */
    uint64_t stored_size;  /* bytes of the image, the loader included */
    uint64_t kernel_ttbr1; /* physical address of the kernel's level 1 table */
    uint64_t kernel_entry; /* virtual */
    uint64_t system_va;    /* KERNEL_VA_SYSTEM, handed to the kernel in x0 */
    uint64_t uart_pa;      /* for the loader's own words */
    uint64_t ram_pa;       /* all of RAM, for the loader's identity map */
    uint64_t ram_size;
    uint64_t checksum; /* CRC-32C (RFC 3720, 12.1) of the stored image, this field taken as 0 */
    uint64_t zero_count;
    struct image_range zero[IMAGE_ZERO_MAX];
};

#endif
