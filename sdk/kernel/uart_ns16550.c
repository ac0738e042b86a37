/* uart_ns16550.c: the kernel's words on a 16550 (National PC16550D) with a register each 4 bytes.
 *
 * The firmware or the serial driver sets it up; here characters are only put into it. The kernel waits until all is
 * sent that was put before, so of its own there is one character at most in the FIFO: the driver leaves room for that
 * one.
 */
#include "sdk/kernel/uart.h"

#include <stdint.h>

#include "sdk/abi/mmu.h"

#define UART_THR (*(volatile uint32_t *)(KERNEL_VA_DEVICE + 0x00))
#define UART_LSR (*(volatile uint32_t *)(KERNEL_VA_DEVICE + 0x14))
#define UART_LSR_THRE (1u << 5)

void uart_putc(char c)
{
    while (!(UART_LSR & UART_LSR_THRE)) {
    }
    UART_THR = (uint8_t)c;
}
