/* print.c: the kernel's words on the console. */
#include "sdk/kernel/print.h"

#include "sdk/kernel/uart.h"

void print_char(char c)
{
    if (c == '\n') {
        uart_putc('\r');
    }
    uart_putc(c);
}

void print(const char *text)
{
    for (; *text != '\0'; text++) {
        print_char(*text);
    }
}

void print_hex(uint64_t value, unsigned digits)
{
    print("0x");
    while (digits-- > 0) {
        print_char("0123456789abcdef"[(value >> (4 * digits)) & 0xf]);
    }
}

void print_decimal(uint64_t value)
{
    char digits[20];
    unsigned count = 0;

    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    while (count > 0) {
        print_char(digits[--count]);
    }
}
