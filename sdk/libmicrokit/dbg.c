/* dbg.c: the debug console. It is there in `debug` alone: in other configurations nothing is printed. */
#include <microkit.h>

void microkit_dbg_putc(int c)
{
#ifdef CONFIG_PRINTING
    seL4_DebugPutChar((char)c);
#else
    (void)c;
#endif
}

void microkit_dbg_puts(const char *s)
{
    for (; *s != '\0'; s++) {
        microkit_dbg_putc(*s);
    }
}

void microkit_dbg_put32(seL4_Uint32 x)
{
    char digits[11];
    unsigned first = sizeof(digits) - 1;

    digits[first] = '\0';
    do {
        digits[--first] = (char)('0' + x % 10);
        x /= 10;
    } while (x != 0);
    microkit_dbg_puts(&digits[first]);
}

void microkit_dbg_put8(seL4_Uint8 x)
{
    microkit_dbg_put32(x);
}

void __assert_fail(const char *what, const char *file, int line, const char *function);

__attribute__((weak)) void __assert_fail(const char *what, const char *file, int line, const char *function)
{
    microkit_dbg_puts("assert failed: ");
    microkit_dbg_puts(what);
    microkit_dbg_puts(" ");
    microkit_dbg_puts(file);
    microkit_dbg_puts(" ");
    microkit_dbg_puts(function);
    microkit_dbg_puts("\n");
    __builtin_trap();
}
