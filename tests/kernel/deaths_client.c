/* deaths_client.c: calls servers that die, and goes on. */
#include "say.h"

static void call(const char *what, microkit_channel server)
{
    microkit_msginfo answer = microkit_ppcall(server, microkit_msginfo_new(0, 0));

    microkit_dbg_puts(microkit_name);
    microkit_dbg_puts(what);
    microkit_dbg_puts(microkit_msginfo_get_label(answer) == MICROKIT_NO_REPLY ? ": no reply\n" : ": A REPLY\n");
}

static void call_all(void)
{
    call(": active", 1);
    call(": active again", 1);
    call(": passive", 2);
    call(": passive again", 2);
}

void init(void)
{
    call_all();
    if (microkit_name[0] == 's') {
        microkit_dbg_puts("second: done\n");
    }
}

void notified(microkit_channel channel) {}
