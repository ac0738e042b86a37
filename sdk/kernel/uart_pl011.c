/* uart_pl011.c: the kernel's words on an Arm PL011 (DDI 0183).
 *
 * The firmware or the serial driver sets it up; here characters are only put into it. The driver and the kernel
 * share the transmit FIFO: each puts whole characters, and the kernel speaks only of faults and, in debug, for
 * dbg_putc.
 */
#include "sdk/kernel/uart.h"

#include <stdint.h>

#include "sdk/abi/mmu.h"

#define UART_DR (*(volatile uint32_t *)(KERNEL_VA_DEVICE + 0x000))
#define UART_FR (*(volatile uint32_t *)(KERNEL_VA_DEVICE + 0x018))
#define UART_FR_TXFF (1u << 5)

void uart_putc(char c)
{
    while (UART_FR & UART_FR_TXFF) {
    }
    UART_DR = (uint8_t)c;
}
