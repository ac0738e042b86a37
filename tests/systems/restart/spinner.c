/* spinner.c: takes an event and comes to no end, above all services; or is called, and dies of it.
 *   consumes  the killer's word to spin, and its call
 *   produces  its word that it has begun, each time
 */
#include "lib/pd.h"
#include "tests/systems/restart/config.h"

void init(void)
{
    microkit_notify(spinner_config.killer);
}

void notified(microkit_channel channel)
{
    for (;;) {
    }
}

microkit_msginfo protected(microkit_channel channel, microkit_msginfo info)
{
    pd_die("called");
}
