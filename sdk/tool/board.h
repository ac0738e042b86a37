/* tool/board.h: the facts of a board that the tool needs, from board.conf in the SDK's folder for board and
 * configuration. One fact a line, a word and its numbers:
 *
 *     ram 0x40000000 0x80000000   base and size
 *     load 0x70000000             the image's first byte
 *     uart 0x09000000             for the kernel's and the loader's words
 *     gicd 0x08000000             interrupt controller: distributor
 *     gicc 0x08010000             and CPU interface
 *     irqs 288                    interrupt numbers below this exist
 *     smc 1                       firmware takes SMC calls; a board without this line has none
 *
 * `#` begins a comment.
 */
#ifndef TOOL_BOARD_H
#define TOOL_BOARD_H

#include <stdint.h>

struct board {
    const char *file;
    uint64_t ram_pa;
    uint64_t ram_size;
    uint64_t load_pa;
    uint64_t uart_pa;
    uint64_t gicd_pa;
    uint64_t gicc_pa;
    uint64_t irqs;
    uint64_t smc; /* 0: there is nobody to call */
};

#define BOARD_GICD_SIZE 0x1000ul
#define BOARD_GICC_SIZE 0x2000ul

struct board *board_read(const char *path);

#endif
