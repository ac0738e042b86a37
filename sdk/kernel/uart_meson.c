/* uart_meson.c: the kernel's words on Amlogic's UART (S905X3; registers as public drivers have them).
 *
 * The firmware or the serial driver sets it up; here characters are only put into it. The driver and the kernel share
 * the transmit FIFO: each puts whole characters, and the kernel speaks only of faults and, in debug, for dbg_putc.
 */
#include "sdk/kernel/uart.h"

#include <stdint.h>

#include "sdk/abi/mmu.h"

#define UART_WFIFO (*(volatile uint32_t *)(KERNEL_VA_DEVICE + 0x00))
#define UART_STATUS (*(volatile uint32_t *)(KERNEL_VA_DEVICE + 0x0c))
#define UART_STATUS_TX_FULL (1u << 21)

void uart_putc(char c)
{
    while (UART_STATUS & UART_STATUS_TX_FULL) {
    }
    UART_WFIFO = (uint8_t)c;
}
