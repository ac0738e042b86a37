/* print.h: the kernel's words on the console. */
#ifndef KERNEL_PRINT_H
#define KERNEL_PRINT_H

#include <stdint.h>

void print_char(char c);
void print(const char *text);
void print_hex(uint64_t value, unsigned digits); /* 0x and that many digits */
void print_decimal(uint64_t value);

#endif
