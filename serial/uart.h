/* serial/uart.h: what the driver (serial/driver.c) asks of a UART. driver_DEVICE.c answers: it knows registers and no
 * rings, and a new device is only that file.
 */
#ifndef SERIAL_UART_H
#define SERIAL_UART_H

#include <stdbool.h>
#include <stdint.h>

/* 8 bits, FIFOs on, both interrupts off. The baud rate is what the firmware set. */
void uart_init(void);

/* Into the transmit FIFO. False: it has no room now; the transmit interrupt, if on, comes when it has. */
bool uart_send(uint8_t byte);

/* The next byte that arrived whole; damaged ones are counted and skipped. False: the receive FIFO is empty. */
bool uart_receive(uint8_t *byte);

/* Which interrupts are on. The receive interrupt comes for a lone byte, too. */
void uart_set_interrupts(bool transmit, bool receive);

/* At an interrupt, before the FIFOs are looked at: what comes in between raises it again. */
void uart_clear_interrupts(void);

#endif
