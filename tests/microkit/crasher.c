/* crasher.c: crashes as libmicrokit does when the kernel refuses. */
#include "check.h"

void init(void)
{
    microkit_internal_crash(seL4_InvalidCapability);
}

void notified(microkit_channel channel) {}
