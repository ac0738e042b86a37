/* uart_meson.c: the loader's words on Amlogic's UART (S905X3; registers as public drivers have them),
 * as the firmware set it up. */
#include "sdk/loader/loader.h"

#define UART_WFIFO 0x00
#define UART_STATUS 0x0c
#define UART_STATUS_TX_FULL (1u << 21)

void uart_putc(uint64_t uart_pa, char c)
{
    while (*(volatile uint32_t *)(uart_pa + UART_STATUS) & UART_STATUS_TX_FULL) {
    }
    *(volatile uint32_t *)(uart_pa + UART_WFIFO) = (uint8_t)c;
}
