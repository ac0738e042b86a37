/* spinner.c: takes an event and comes to no end, above all services.
 *   consumes  the killer's word to spin
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
