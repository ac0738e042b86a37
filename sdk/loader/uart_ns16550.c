/* uart_ns16550.c: the loader's words on a 16550 (National PC16550D) with a register each 4 bytes,
 * as the firmware set it up. */
#include "sdk/loader/loader.h"

#define UART_THR 0x00
#define UART_LSR 0x14
#define UART_LSR_THRE (1u << 5)

void uart_putc(uint64_t uart_pa, char c)
{
    while (!(*(volatile uint32_t *)(uart_pa + UART_LSR) & UART_LSR_THRE)) {
    }
    *(volatile uint32_t *)(uart_pa + UART_THR) = (uint8_t)c;
}
