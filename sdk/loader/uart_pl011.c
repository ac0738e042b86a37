/* uart_pl011.c: the loader's words on an Arm PL011 (DDI 0183), as the firmware set it up. */
#include "sdk/loader/loader.h"

#define UART_DR 0x000
#define UART_FR 0x018
#define UART_FR_TXFF (1u << 5)

void uart_putc(uint64_t uart_pa, char c)
{
    while (*(volatile uint32_t *)(uart_pa + UART_FR) & UART_FR_TXFF) {
    }
    *(volatile uint32_t *)(uart_pa + UART_DR) = (uint8_t)c;
}
