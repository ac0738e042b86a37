/* tests/microkit/check.h: one line on the debug console for each thing that a program relies on. microkit.h only: these
 * programs must run on any SDK. */
#ifndef TESTS_MICROKIT_CHECK_H
#define TESTS_MICROKIT_CHECK_H

#include <stdint.h>
#include <microkit.h>

extern char microkit_passive; /* in the library, but in no release's header */

static inline void say(const char *what)
{
    microkit_dbg_puts(microkit_name);
    microkit_dbg_puts(": ");
    microkit_dbg_puts(what);
    microkit_dbg_putc('\n');
}

static inline void check(int good, const char *what)
{
    microkit_dbg_puts(good ? "ok " : "FAILED ");
    say(what);
}

/* The number that this PD's name ends with. */
static inline unsigned number_in_name(void)
{
    unsigned n = 0;
    for (const char *c = microkit_name; *c != '\0'; c++) {
        n = *c >= '0' && *c <= '9' ? 10 * n + (unsigned)(*c - '0') : n;
    }
    return n;
}

/* Channels, children and addresses, as in both .system files. */
#define CLIENT_SERVER 0
#define CLIENT_PARENT 61
#define SERVER_CLIENT 5
#define SERVER_DEEP 6
#define DEEP_SERVER 9
#define PARENT_CLIENT 3
#define CHILD_ID 7
#define REGION_SIZE 0x3000
#define REGION_IN_SERVER 0x6000000
#define LARGE_ADDRESS 0x40000000
#define FIXED_PADDR 0xb0000000
#define PROGRAM_ENTRY 0x200000
#define BAD_ADDRESS 0x10

#define LABEL_SUM 0x1234
#define LABEL_TWICE 77
#define WORDS 100

#endif
