/* tests/isolation/uart.h: lines on the PL011 from a protection domain that has it to itself, in every configuration. */
#ifndef TESTS_ISOLATION_UART_H
#define TESTS_ISOLATION_UART_H

#include <stdint.h>

/* PL011 (Arm DDI 0183): data, and the flag register with "transmit FIFO full". */
#define UARTDR 0
#define UARTFR (0x18 / 4)
#define UARTFR_TXFF (1u << 5)

static inline void uart_print(volatile uint32_t *uart, const char *text)
{
    for (; *text != '\0'; text++) {
        while ((uart[UARTFR] & UARTFR_TXFF) != 0) {
        }
        uart[UARTDR] = (uint8_t)*text;
    }
}

#endif
