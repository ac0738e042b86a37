/* loader.c: from an image somewhere in memory to the kernel.
 *
 * start.S calls these in turn: loader_scratch() at the place where the image was loaded, loader_map() at the place
 * where it belongs, with translation off, loader_finish() with translation on. Position independent: only pc-relative
 * addresses, no pointers in data.
 */
#include "sdk/loader/loader.h"

#include <stdbool.h>
#include <stddef.h>

#include "sdk/abi/image.h"
#include "sdk/abi/mmu.h"

#define GIB (1ul << 30)
#define SCRATCH_SIZE MMU_PAGE_SIZE
#define MAP_TABLES 3 /* below level 1: the GiB where RAM begins, that where it ends, that of the UART */

#define NORMAL (PTE_VALID | PTE_AF | PTE_INNER_SHAREABLE | PTE_ATTR(MMU_ATTR_NORMAL_WB))
#define DEVICE (PTE_VALID | PTE_AF | PTE_PXN | PTE_UXN | PTE_ATTR(MMU_ATTR_DEVICE_nGnRnE))

/* Filled in by the image tool; in .data, so that its bytes are in the image. */
__attribute__((section(".data"), used)) struct image_header image_header = {0};

static struct {
    _Alignas(MMU_PAGE_SIZE) uint64_t level1[MMU_TABLE_ENTRIES];
    _Alignas(MMU_PAGE_SIZE) uint64_t level2[MAP_TABLES][MMU_TABLE_ENTRIES];
    unsigned level2_used;
} self;

/* The header may be what is broken: nothing is said if not even the UART's address can be one. */
static _Noreturn void die(const char *why)
{
    uint64_t uart = image_header.uart_pa;
    static const char prefix[] = "\r\nloader: ";

    if (uart != 0 && uart % MMU_PAGE_SIZE == 0 && uart >> 36 == 0) {
        for (const char *c = prefix; *c != '\0'; c++) {
            uart_putc(uart, *c);
        }
        for (const char *c = why; *c != '\0'; c++) {
            uart_putc(uart, *c);
        }
        uart_putc(uart, '\r');
        uart_putc(uart, '\n');
    }
    for (;;) {
        __asm__ volatile("wfe");
    }
}

static bool in_ram(uint64_t pa, uint64_t size)
{
    uint64_t offset = pa - image_header.ram_pa;

    return pa >= image_header.ram_pa && offset <= image_header.ram_size && size <= image_header.ram_size - offset;
}

uint64_t loader_scratch(uint64_t base)
{
    uint64_t place = image_header.link_pa;
    uint64_t size = image_header.stored_size;

    if (image_header.magic != IMAGE_MAGIC) {
        die("no image: its header is not one");
    }
    if (!in_ram(place, size) || !in_ram(base, size) || base % MMU_PAGE_SIZE != 0) {
        die("the image does not lie in memory, or not on a page");
    }
    if (base == place) {
        return 0;
    }
    uint64_t low = base < place ? base : place;
    uint64_t high = base < place ? place : base;
    if (in_ram(high + size, SCRATCH_SIZE)) {
        return high + size;
    }
    if (in_ram(low - SCRATCH_SIZE, SCRATCH_SIZE)) {
        return low - SCRATCH_SIZE;
    }
    die("no room to move the image");
}

static uint64_t *table_of(uint64_t pa)
{
    uint64_t *entry = &self.level1[pa / GIB];

    if (*entry == 0) {
        if (self.level2_used == MAP_TABLES) {
            die("memory has too many pieces");
        }
        *entry = (uint64_t)self.level2[self.level2_used++] | PTE_TABLE | PTE_VALID;
    }
    if (!(*entry & PTE_TABLE)) {
        die("the UART lies in RAM");
    }
    return (uint64_t *)(*entry & PTE_ADDRESS_MASK);
}

static void map_large_page(uint64_t pa, uint64_t attributes)
{
    table_of(pa)[pa % GIB / MMU_LARGE_PAGE_SIZE] = (pa & ~(MMU_LARGE_PAGE_SIZE - 1)) | attributes;
}

static void map_ram(uint64_t pa, uint64_t end)
{
    while (pa < end) {
        if (pa % GIB == 0 && end - pa >= GIB) {
            self.level1[pa / GIB] = pa | NORMAL;
            pa += GIB;
        } else {
            map_large_page(pa, NORMAL);
            pa += MMU_LARGE_PAGE_SIZE;
        }
    }
}

uint64_t *loader_map(void)
{
    uint64_t end = image_header.ram_pa + image_header.ram_size;

    if (end < image_header.ram_pa || end > 1ul << MMU_VA_BITS) {
        die("memory is out of reach");
    }
    map_ram(image_header.ram_pa, end);
    map_large_page(image_header.uart_pa, DEVICE);
    __asm__ volatile("msr mair_el1, %0" : : "r"(MMU_MAIR));
    __asm__ volatile("msr tcr_el1, %0" : : "r"(MMU_TCR));
    return self.level1;
}

/* The loader's own tables and stack lie between `tables_start` and `stack_top`: stored as zeros, written since. */
static bool is_whole(void)
{
    extern char tables_start[], stack_top[];
    uint64_t begin = image_header.link_pa;
    uint64_t expected = image_header.checksum;

    image_header.checksum = 0;
    uint32_t crc = crc_words(~0u, begin, (uint64_t)tables_start);
    crc = crc_zeros(crc, (uint64_t)(stack_top - tables_start) / sizeof(uint64_t));
    crc = crc_words(crc, (uint64_t)stack_top, begin + image_header.stored_size);
    return (uint32_t)~crc == expected;
}

_Noreturn void loader_finish(void)
{
    const struct image_header *header = &image_header;

    if (!is_whole()) {
        die("the image is corrupt or not all of it is here: its checksum is wrong");
    }
    if (header->zero_count > IMAGE_ZERO_MAX) {
        die("the image is corrupt: too many ranges to zero");
    }
    for (uint64_t n = 0; n < header->zero_count; n++) {
        const struct image_range *range = &header->zero[n];
        if (!in_ram(range->pa, range->size) || (range->pa | range->size) % MMU_PAGE_SIZE != 0) {
            die("the image is corrupt: a range to zero is outside of memory");
        }
        if (range->pa < header->link_pa + header->stored_size && range->pa + range->size > header->link_pa) {
            die("the image is corrupt: a range to zero lies in the image");
        }
        zero(range->pa, range->size);
    }
    enter_kernel(header->system_va, header->kernel_entry, header->kernel_ttbr1);
}
