/* supervisor/load_none.c: the same for official SDKs, whose kernels tell nobody. */
#include "supervisor/load.h"

bool load_is_known(void)
{
    return false;
}

uint64_t load_ticks(uint8_t child)
{
    (void)child;
    return 0;
}
