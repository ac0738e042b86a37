/* phoenix.c: dies in a different way each time, and must find its memory as new at each start: only what is kept is
 * kept.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/pd.h"
#include "serial/client.h"

static volatile uint32_t initialised = 0x12345678;
static volatile char zeros[5000];
static _Thread_local int with_value = 7;
PD_KEPT static uint32_t kept;

/* Where a start finds the top of the stack: first of what lib/pd/start.c keeps, and two copies (mk/pd.ld). */
extern uint64_t pd_kept[], pd_stack_top_too[], pd_stack_top_third[];

static volatile bool never;
static volatile int *volatile nowhere = (volatile int *)8;
static unsigned depth;

static unsigned overflow(unsigned n)
{
    volatile char page[1024];

    page[0] = (char)n;
    depth++;
    return never ? 0 : overflow(n + 1) + (unsigned)page[0];
}

static void die(uint32_t generation)
{
    uint64_t *const tops[] = {pd_kept, pd_stack_top_too, pd_stack_top_third};

    *tops[generation % 3] = generation % 2 ? 0x0a0a0a0a0a0a0a0a : 0; /* one is written over in each life */
    switch (generation) {
    case 1: *nowhere = 1; break;
    case 2: overflow(0); break;
    case 3: abort();
    default: ((void (*)(void))(uintptr_t)zeros)();
    }
}

void init(void)
{
    serial_client_init(&serial_client_config);
    log_to(serial_client_log_sink);
    bool fresh = initialised == 0x12345678 && with_value == 7 && errno == 0 && depth == 0;

    for (size_t i = 0; i < sizeof(zeros); i++) {
        fresh &= zeros[i] == 0;
    }
    kept++;
    log_line("start %u, kept %u, memory %s, name %s", pd_generation(), kept, fresh ? "as new" : "STALE", microkit_name);
    initialised = 1;
    with_value = 2;
    errno = 3;
    memset((void *)zeros, 4, sizeof(zeros));
    pd_flush();
    die(pd_generation());
}
