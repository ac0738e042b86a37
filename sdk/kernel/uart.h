/* uart.h: one character to the console, waiting until the device takes it. A board's UART is another file. */
#ifndef KERNEL_UART_H
#define KERNEL_UART_H

void uart_putc(char c);

#endif
