/* supervisor/load_none.c: load.h for official SDKs, whose kernels tell nobody how long a PD has run: whoever asks the
 * supervisor hears that it is not known. */
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
